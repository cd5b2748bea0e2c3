"""Opening the files that people name: unpacked where they are gzipped, and in words where they cannot be read."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from streams.errors import UserError, did_you_mean
from streams.foreign import LOOKED_AT, UTF16, looks_like

UNPACKING: Final = (EOFError, zlib.error, gzip.BadGzipFile)
"""What unpacking fails with."""


@contextmanager
def open_text(path: str) -> Iterator[io.TextIOWrapper]:
    """Open a text file in UTF-8 (or a spreadsheet's UTF-16), unpacked where it is gzipped.

    Raises UserError where it cannot be read; what goes wrong elsewhere in the body is left as it is.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(opened(path))
            encoding = "utf-16" if file.peek(2)[:2] in UTF16 else "utf-8-sig"
        except UNPACKING as error:
            raise damaged(path, error) from error
        except OSError as error:
            raise unreadable(path, path, error) from error
        try:
            yield io.TextIOWrapper(file, encoding, newline="")
        except UNPACKING as error:
            raise damaged(path, error) from error


def damaged(name: str, error: Exception) -> UserError:
    """Return what is said of gzip data that cannot be unpacked."""
    return UserError(f"{name}: the gzip data is damaged or cut short ({error}); copy the file again")


def unreadable(name: str, path: str, error: OSError) -> UserError:
    """Return what is said of a file that cannot be opened or read."""
    return UserError(f"{name}: {error.strerror or error}{_nearby(path, error)}")


def _nearby(path: str, error: OSError) -> str:
    if not isinstance(error, FileNotFoundError):
        return "; name a readable file"
    folder = Path(path).parent
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return did_you_mean(Path(path).name, names) or "; check the name"


@contextmanager
def opened(path: str) -> Iterator[io.BufferedReader[Any]]:
    """Open `path`, unpacked where it is gzipped; standard input stays open."""
    with ExitStack() as stack:
        raw: io.RawIOBase = _Unclosable(sys.stdin.buffer) if path == "-" else stack.enter_context(_Raw(path))
        file: io.BufferedReader[Any] = io.BufferedReader(raw)
        if file.peek(2)[:2] == b"\x1f\x8b":
            file = io.BufferedReader(cast("io.RawIOBase", stack.enter_context(gzip.GzipFile(fileobj=file))))
        kind = looks_like(file.peek(LOOKED_AT))
        if kind is not None:
            name = "standard input" if path == "-" else path
            raise UserError(f"{name}: no text but {kind}, by its first bytes; save it as CSV or JSON lines in UTF-8")
        yield file


class _Raw(io.FileIO):
    """A file whose reading fails in the user's words: whoever reads it may be writing elsewhere, which may fail as well."""

    def readinto(self, buffer: Any) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise unreadable(str(self.name), str(self.name), error) from error


class _Unclosable(io.RawIOBase):
    """A view of a stream that belongs to somebody else."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
