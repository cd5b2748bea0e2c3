"""What the notifier makes of a record of its journal: an entry, somebody else's, or one of a later version."""

from __future__ import annotations

import pytest

from schemas.events import encode
from schemas.journal import Leader, TimerDue
from streams.agents.notify_records import read_entry
from streams.engine.records import Read
from streams.errors import UserError


def read(value: bytes | None) -> object:
    return read_entry("me", Read(7, 0, b"", value))


def test_a_leader_s_record_keeps_its_form_for_ever():
    assert encode(Leader("me")) == b'{"type":"leader","leader":"me"}'
    assert read(b'{"type":"leader","leader":"other","new":[1]}') == Leader("other")


def test_what_is_no_entry_is_passed_over():
    for value in (None, b"", b"junk", b"[]", b"{}", b'{"type":"new","leader":"other"}', b'{"leader":3}'):
        assert read(value) is None


def test_what_the_leader_wrote_and_this_version_cannot_read_ends_it():
    for value in (b'{"type":"new","leader":"me"}', b'{"type":"timer","leader":"me"}'):
        with pytest.raises(UserError, match=r"journal: offset 7 cannot be read .* run the version that wrote it"):
            read(value)
    assert read(encode(TimerDue("me", "i", "s", 0, 1))) == TimerDue("me", "i", "s", 0, 1)
