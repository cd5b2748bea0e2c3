"""Records that outlive the program that wrote them: what was written long ago is read, what is damaged is refused."""

from __future__ import annotations

import pytest
from msgspec import Struct

from streams.sealed import Seal


class Note(Struct, array_like=True):
    text: str
    later: int = 0


class BrokenNoteError(Exception):
    pass


SEAL = Seal(b"TX", "note", (1, 2), BrokenNoteError)
WRITTEN = bytes.fromhex("545802e45d7d1292a568656c6c6f07")
"""As every version has written it: letters, schema, CRC-32, MessagePack."""


def test_what_is_written_is_what_always_was_and_is_read_again() -> None:
    assert SEAL.close(Note("hello", 7)) == WRITTEN
    assert SEAL.open(Note, WRITTEN) == Note("hello", 7)


def test_an_older_schema_is_read_with_defaults() -> None:
    old = Seal(b"TX", "note", (1,), BrokenNoteError)
    assert SEAL.open(Note, old.close(Note("hello"))) == Note("hello")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"", "it is no note"),
        (b"TC" + WRITTEN[2:], "it is no note"),
        (WRITTEN[:6], "it is no note"),
        (WRITTEN[:2] + b"\x03" + WRITTEN[3:], "schema 3 is not known here, 1 to 2 are"),
        (WRITTEN[:-1] + b"\x08", "its checksum does not fit"),
        (WRITTEN[:-1], "its checksum does not fit"),
    ],
)
def test_anything_else_is_refused_with_the_reason(value: bytes, told: str) -> None:
    with pytest.raises(BrokenNoteError, match=told):
        SEAL.open(Note, value)


def test_a_right_checksum_over_something_else_is_refused_too() -> None:
    class Other(Struct, array_like=True):
        number: int

    with pytest.raises(BrokenNoteError, match="it cannot be read"):
        SEAL.open(Note, SEAL.close(Other(5)))
