"""Rows of a delimited file, read so that one bad quote costs one row and not the rest of the file."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

DELIMITERS: Final = (",", "\t", ";", "|")
MAX_LINES: Final = 500
"""Lines that one quoted cell may span; more is a quote that nobody closed."""
MAX_FIELD: Final = 2 * 1_048_576
"""Characters of one cell: more than any mention may have, so that the check of the mention judges its length."""


class Row(NamedTuple):
    """One row; `cells` is None where it cannot be read or has not as many cells as the header."""

    line: int
    """Where it starts, from 1."""
    cells: list[str] | None
    raw: str


class _Unclosed(Exception):  # noqa: N818 - it says what was seen and never leaves this module
    """A quote was opened and the file, or MAX_LINES, ended before it was closed."""


class _Lines:
    """The lines of a file, with what the current row has taken of them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._returned: deque[str] = deque()
        self._read = 0
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MAX_LINES:
            raise _Unclosed
        try:
            line = self._returned.popleft() if self._returned else next(self._lines)
        except StopIteration:
            if self.taken:
                raise _Unclosed from None
            raise
        self._read += 1
        self.taken.append(line)
        return line

    @property
    def first(self) -> int:
        """The number of the first line taken, from 1."""
        return self._read - len(self.taken) + 1

    def keep_first(self) -> str:
        """Give back all lines taken but the first, and return that."""
        first, *rest = self.taken
        self._returned.extendleft(reversed(rest))
        self._read -= len(rest)
        self.taken = [first]
        return first


def sniff(header: str) -> str:
    """Return the delimiter that cuts `header` into the most cells."""
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), [])))


def read_rows(lines: Iterable[str], delimiter: str, width: int | None = None) -> Iterator[Row]:
    """Yield the rows of `lines`; with `width` a row of any other number of cells is bad.

    Where a row that spans lines is bad, only its first line is given up: reading goes on with the second.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD))
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=delimiter)
    while True:
        source.taken = []
        cells: list[str] | None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_Unclosed, csv.Error):
            cells = None
        if cells == []:
            continue  # an empty line
        if cells is None or (width is not None and len(cells) != width):
            line = source.first
            yield Row(line, None, source.keep_first().rstrip("\r\n"))
        else:
            yield Row(source.first, cells, "".join(source.taken).rstrip("\r\n"))
