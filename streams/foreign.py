"""Files that are no text at all: what one looks like by its first bytes, so that an error can say so."""

from __future__ import annotations

from typing import Final

_BEGINNINGS: Final = (
    (b"PK\x03\x04", "a spreadsheet (xlsx, ods) or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet (xls)"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet table"),
    (b"Obj\x01", "an Avro file"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x7fELF", "a program"),
)
"""As the file utility knows them (file(1), magic(5))."""
UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of a spreadsheet's "Unicode text"."""
_TEXT: Final = b"\t\n\r\f\x1b"
LOOKED_AT: Final = 512
"""Bytes."""


def looks_like(start: bytes) -> str | None:
    """Return what a file that begins with `start` seems to be, None where it may be text in UTF-8 or UTF-16."""
    for beginning, kind in _BEGINNINGS:
        if start.startswith(beginning):
            return kind
    if start.startswith(UTF16):
        return None
    controls = sum(byte < 32 and byte not in _TEXT for byte in start[:LOOKED_AT])
    return "binary data" if controls > len(start[:LOOKED_AT]) / 20 else None
