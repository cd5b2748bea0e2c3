"""Identifiers: the same for the same thing for ever, different for different things."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schemas import ids

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1f"), min_size=1, max_size=30)


def test_ids_never_change_between_releases():
    """Written down once: who stored an id must find it again."""
    mark = ids.fingerprint("Acme", "negative_spike")
    alert = ids.alert_id(mark, 1_772_443_800_000)
    assert mark == "494a44ea-0ace-5f63-a9d2-9f9ea85eb41b"
    assert alert == "bafda0c2-9a88-5927-9a8a-7cafc39e34aa"
    assert ids.incident_id("Acme", alert) == "543e2fc4-e10a-5dad-b543-709af470375e"
    assert ids.notification_id("i", "night/1", 0, "alice", "mail") == "135c734a-0737-5bf7-be6e-66f10d9c8ca9"
    assert ids.mention_hash("x", "1") == 14_610_143_294_620_371_275


@given(NAMES, NAMES, NAMES)
def test_parts_do_not_run_into_each_other(a: str, b: str, c: str):
    assert UUID(ids.fingerprint(a, b)).version == 5
    if (a + b, c) != (a, b + c):
        assert ids.fingerprint(a + b, c) != ids.fingerprint(a, b + c)
    assert ids.incident_id(a, b) != ids.fingerprint(a, b)


@given(st.integers(0, 2**42), st.integers(0, 2**42))
def test_another_onset_is_another_alert(one: int, other: int):
    assert (ids.alert_id("f", one) == ids.alert_id("f", other)) == (one == other)


@given(NAMES, NAMES)
def test_hashes_fit_64_bits_and_depend_on_the_key(platform: str, name: str):
    assert 0 <= ids.mention_hash(platform, name) < 2**64
    first, again = ids.author_hashes([(platform, name)] * 2, b"k" * 32).tolist()
    assert ids.author_hashes([(platform, name)], b"l" * 32).tolist() != [first]
    assert 0 <= first < 2**64
    assert again == first
