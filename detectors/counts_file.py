"""Files of counts: `timestamp,value` in, `timestamp,value,score,alert` out, row by row, for `tocsin detect`.

Nothing here opens a file: lines come in and rows go out, so it works on pipes and never holds more than a few rows.
What is repaired is said through `note`; what cannot be is one `CountsError` with file, line, field, value and remedy.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from detectors.volume import VolumeDetector
from schemas.printable import listed, quoted

FIRST_ROWS: Final = 12
"""Rows from whose spacing the bin width is taken."""
DEFAULT_BIN_SECONDS: Final = 300
"""Of a file with a single row."""
OUT_HEADER: Final = ("timestamp", "value", "score", "alert")
DELIMITERS: Final = (",", ";", "\t", "|")
EPOCH_SECONDS_DIGITS: Final = 11
"""A timestamp of digits only is epoch seconds up to this length, milliseconds beyond."""
NOTED: Final = 3
"""Values that are no counts which are noted one by one; of the others only their number is."""


EPOCH_MILLIS_DIGITS: Final = 14
"""Longer ones lie thousands of years ahead: no time."""


class CountsError(ValueError):
    """A file of counts that cannot be read; the text is for its owner."""


@dataclass(slots=True, frozen=True)
class CountRow:
    """One row: its line in the file, the texts as they stand there, and what they mean."""

    line: int
    timestamp: str
    text: str
    time_ms: int
    value: float
    """NaN where it is unknown."""


@dataclass(slots=True, frozen=True)
class DetectedRow:
    """One row out; `alert` is 1 at an onset."""

    timestamp: str
    value: str
    score: float
    alert: int

    def fields(self) -> tuple[str, str, str, str]:
        """Return the four fields as they are written."""
        return self.timestamp, self.value, f"{self.score:.6f}", str(self.alert)


def _silent(_: str) -> None:
    """Say nothing."""


def read_counts(
    lines: Iterable[str],
    name: str = "counts",
    *,
    time_column: str = "timestamp",
    value_column: str = "value",
    note: Callable[[str], None] = _silent,
) -> Iterator[CountRow]:
    """Yield the rows of a file of counts, in order of time.

    Times are ISO 8601 (UTC where no zone is given) or epoch seconds or milliseconds. Repaired and said: a delimiter
    other than a comma, and values that are no counts (empty, NaN, negative, infinite), which are unknown: the first few
    one by one, the others by their number.

    Args:
        lines: of the file, header first.
        name: of the file, for messages.
        time_column: its name in the header; case does not matter.
        value_column: the same for the count.
        note: is told each repair, in one line.

    Raises:
        CountsError: no header, no rows, no such column, more fields in a row than columns, text in a number, or times that
            do not rise.
    """
    source = _decoded(lines, name)
    blank, header = next(((i, line) for i, line in enumerate(source) if line.strip()), (0, ""))
    if not header:
        raise CountsError(f"{name}: empty; expected a header line {time_column},{value_column} and a row for each bin")
    header = header.lstrip("\ufeff")
    delimiter = max(DELIMITERS, key=header.count)
    if delimiter != "," and header.count(delimiter):
        note(f"{name}: fields are separated by {delimiter!r}; read as such, written with commas")
    reader = csv.reader(itertools.chain([header], source), delimiter=delimiter)
    columns = [column.strip().lower() for column in next(reader)]
    where = [_column(columns, wanted, name) for wanted in (time_column, value_column)]
    before: CountRow | None = None
    zoned: bool | None = None
    unknown = 0
    for fields in _rows(reader, name):
        line = blank + reader.line_num
        at = f"{name}:{line}"
        if len(fields) <= max(where):
            raise CountsError(f"{at}: {len(fields)} fields, the header has {len(columns)}; complete or remove it")
        if any(field.strip() for field in fields[len(columns) :]):
            raise CountsError(_surplus(at, fields, columns, delimiter))
        timestamp, text = fields[where[0]].strip(), fields[where[1]].strip()
        time_ms, has_zone = _time(timestamp, f"{at}: {time_column}")
        if zoned is not None and has_zone != zoned:
            raise CountsError(
                f"{at}: {time_column}: {quoted(timestamp)}: some times have a zone, some not; write all in UTC"
            )
        zoned = has_zone
        value = _value(text, f"{at}: {value_column}")
        if math.isnan(value):
            unknown += 1
            if unknown <= NOTED:
                note(f"{at}: {value_column}: {quoted(text)} is no count; taken as unknown (score 0, not learnt)")
        row = CountRow(line, timestamp, text, time_ms, value)
        if before is not None and time_ms <= before.time_ms:
            raise CountsError(_disorder(at, time_column, row, before))
        before = row
        yield row
    if before is None:
        raise CountsError(f"{name}: no rows after the header; expected one for each bin")
    if unknown > NOTED:
        note(f"{name}: {unknown - NOTED:,} more values are no counts; taken as unknown too")


def detect(
    rows: Iterable[CountRow],
    name: str = "counts",
    *,
    bin_seconds: int | None = None,
    sensitivity: float = 1.0,
    note: Callable[[str], None] = _silent,
) -> Iterator[DetectedRow]:
    """Yield one judged row for each row, from what came before it only.

    Bins left out were empty (the first such gap is said). The width of a bin, where it is not given, is the commonest
    distance between the first twelve rows; their values are not looked at.

    Raises:
        CountsError: a row less than half a bin after the one before it.
    """
    source = iter(rows)
    first = list(itertools.islice(source, FIRST_ROWS))
    width = _bin_seconds(first) if bin_seconds is None else bin_seconds
    detector = VolumeDetector(width, sensitivity)
    before: CountRow | None = None
    gaps = 0
    for row in itertools.chain(first, source):
        if before is not None:
            bins = (row.time_ms - before.time_ms) / (width * 1_000)
            if round(bins) < 1:
                raise CountsError(
                    f"{name}:{row.line}: timestamp: {row.timestamp!r} comes {bins * width:g} s after line"
                    f" {before.line}, bins are {width} s wide; add the counts up, or give the bin width"
                )
            missing = round(bins) - 1
            gaps += missing > 0
            if missing and gaps == 1:
                note(f"{name}:{row.line}: {missing} bins are missing before this row; gaps are taken as empty bins")
        verdict = detector.step(row.time_ms, row.value)
        before = row
        yield DetectedRow(row.timestamp, row.text, verdict.score, int(verdict.fired))


def _decoded(lines: Iterable[str], name: str) -> Iterator[str]:
    try:
        yield from lines
    except UnicodeDecodeError as error:
        raise CountsError(
            f"{name}: not UTF-8 text ({error.reason} at byte {error.start}); save it as CSV in UTF-8"
        ) from None


def _rows(reader: Iterator[list[str]], name: str) -> Iterator[list[str]]:
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield fields
    except csv.Error as error:
        raise CountsError(f"{name}: not a CSV file ({error}); save it as CSV in UTF-8") from None


def _column(columns: list[str], wanted: str, name: str) -> int:
    if columns.count(wanted.lower()) > 1:
        raise CountsError(f"{name}: column {wanted!r} stands twice in the header; keep one of them")
    if wanted.lower() not in columns:
        found = listed(columns)
        raise CountsError(f"{name}: no column {wanted!r} in the header ({found}); name the columns timestamp,value")
    return columns.index(wanted.lower())


def _time(text: str, where: str) -> tuple[int, bool]:
    if text.isascii() and text.isdigit() and 8 < len(text) <= EPOCH_MILLIS_DIGITS:
        return int(text) * (1_000 if len(text) <= EPOCH_SECONDS_DIGITS else 1), True
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise CountsError(f"{where}: {quoted(text)} is not a time; write ISO 8601 as 2015-02-26T21:45:00Z") from None
    zoned = time.tzinfo is not None
    return round((time if zoned else time.replace(tzinfo=UTC)).timestamp() * 1_000), zoned


def _surplus(at: str, fields: list[str], columns: list[str], delimiter: str) -> str:
    """Return what is wrong with a row that has more fields than the header: most often a number with a comma in it."""
    number = f"{columns[-1]}: {quoted(delimiter.join(fields[len(columns) - 1 :]))}"
    return (
        f"{at}: {number}: {len(fields)} fields, the header has {len(columns)}; put a field that holds {delimiter!r} in"
        f' quotes and write numbers as 1234.5, or use another delimiter, as in "timestamp;value"'
    )


def _value(text: str, where: str) -> float:
    if not text:
        value = math.nan
    else:
        try:
            value = float(text.replace("_", "x"))  # Python's own 1_000 is no number of a CSV file
        except ValueError:
            remedy = (
                "write 1234.5 without separators" if _separated(text) else "leave it empty where the count is unknown"
            )
            raise CountsError(f"{where}: {quoted(text)} is not a number; {remedy}") from None
    return value if math.isfinite(value) and value >= 0.0 else math.nan


def _separated(text: str) -> bool:
    """Whether it is a number as people write it: a comma for a point, blanks or commas between thousands."""
    return (
        any(mark in text for mark in ", \u00a0\u202f'") and text.translate(_SEPARATORS).replace(".", "", 1).isdecimal()
    )


_SEPARATORS: Final = {ord(mark): None for mark in ", \u00a0\u202f'"}


def _disorder(at: str, column: str, row: CountRow, before: CountRow) -> str:
    if row.time_ms == before.time_ms:
        return f"{at}: {column}: {quoted(row.timestamp)} repeats line {before.line}; add the counts up, one row a bin"
    earlier = f"{quoted(row.timestamp)} is earlier than {quoted(before.timestamp)} of line {before.line}"
    return f"{at}: {column}: {earlier}; sort the file by time"


def _bin_seconds(first: list[CountRow]) -> int:
    distances = Counter(round((b.time_ms - a.time_ms) / 1_000) for a, b in itertools.pairwise(first))
    if not distances:
        return DEFAULT_BIN_SECONDS
    commonest = max(distances.values())
    return max(1, min(distance for distance, n in distances.items() if n == commonest))
