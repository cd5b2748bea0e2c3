"""Files of mentions: JSON lines in the mention schema, or tables (CSV, TSV), plain or gzipped.

A bad row stops nothing. It travels on as it is, so that the pipeline puts it among the dead letters with a reason, and
`Report` counts it here. What no reading can mend (no such file, no such column) is a `UserError`.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from schemas.mention import MALFORMED, MAX_UNPACKED, Mention, Rejection, decode, mention_key
from schemas.times import MINUTE, iso, to_ms
from streams.columns import mention_of, resolve
from streams.delimited import Row, read_rows, sniff
from streams.errors import UserError
from streams.foreign import UTF16
from streams.opening import UNPACKING, damaged, opened, unreadable
from streams.replay_plan import Record

AHEAD: Final = 5 * MINUTE
"""A mention further ahead of now than this is none, as on the topic (docs/integrators.md)."""
EXAMPLES: Final = 5
"""Bad rows that a report shows."""

_JSON_NAMES: Final = (".jsonl", ".ndjson", ".json")
_encode = msgspec.json.Encoder().encode


class _Head(msgspec.Struct):
    platform: str
    id: str


_head = msgspec.json.Decoder(_Head)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class FileRecord(NamedTuple):
    """One row of a file as a record of `mentions`."""

    key: bytes | None
    value: bytes
    time: int | None
    """When it was said (an update or deletion: when it was taken in, where that is said), epoch ms; None: unknown."""
    path: str
    line: int
    problem: Rejection | None = None
    """Why it is no mention."""


NOT_UTF8: Final = "it is not in UTF-8; for what Excel or an older Windows wrote: iconv -f windows-1252 -t utf-8 FILE"


@dataclass
class Report:
    """What reading found, for people."""

    rows: Counter[str] = field(default_factory=Counter)
    """Rows by file."""
    bad: Counter[str] = field(default_factory=Counter)
    """Rows that are no mention, by reason."""
    examples: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    first: int | None = None
    last: int | None = None

    @property
    def good(self) -> int:
        """Rows that are mentions."""
        return self.rows.total() - self.bad.total()

    def take(self, record: FileRecord) -> None:
        """Count `record`."""
        self.rows[record.path] += 1
        if record.problem is not None:
            self.bad[record.problem.reason] += 1
            if len(self.examples) < EXAMPLES:
                self.examples.append(f"{record.path}:{record.line}: {record.problem.detail}")
        elif record.time is not None:
            self.first = record.time if self.first is None else min(self.first, record.time)
            self.last = record.time if self.last is None else max(self.last, record.time)

    def lines(self) -> list[str]:
        """Return the report, a line each."""
        total = self.rows.total()
        span = "" if self.first is None or self.last is None else f", {iso(self.first)} to {iso(self.last)}"
        lines = [*self.notes, f"{self.good:,} mentions in {len(self.rows)} file(s){span}; sorted by time"]
        if self.bad:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in self.bad.most_common())
            lines.append(f"{self.bad.total():,} of {total:,} rows are no mention and become dead letters: {reasons}")
            lines += [f"  {example}" for example in self.examples]
        return lines


def load(
    paths: Sequence[str | Path],
    columns: Mapping[str, str] | None = None,
    brand: str | None = None,
    now: int | None = None,
) -> tuple[list[Record], Report]:
    """Return the rows of `paths` as records sorted by time, and the report.

    Rows that are no mention get the time of the row that they followed. So do, where `now` (epoch ms) is given,
    mentions more than five minutes after it: they must not carry time into the future. Where most mentions are so, the data are
    invented, and their time is taken as it is.

    Raises UserError as `read_mentions` does, and where not one row is a mention.
    """
    report = Report()
    found: list[tuple[bytes | None, bytes, int | None]] = []
    ahead: list[tuple[int, FileRecord]] = []
    for row in read_mentions(paths, columns, brand, report):
        if row.time is not None and now is not None and row.time > now + AHEAD:
            ahead.append((len(found), row))
            found.append((row.key, row.value, None))
        else:
            report.take(row)
            found.append((row.key, row.value, row.time))
    invented = len(ahead) > report.good
    for place, row in ahead:
        if invented and row.time is not None:
            found[place] = (row.key, row.value, row.time)
            report.take(row)
        else:
            problem = Rejection("future", f"created_at: {iso(row.time or 0)} is more than 5 minutes from now")
            report.take(row._replace(time=None, problem=problem))
    time = next((when for _, _, when in found if when is not None), None)
    if time is None:
        reason = f"; the first: {report.examples[0]}" if report.examples else ""
        raise UserError(f"{', '.join(map(str, paths))}: none of {report.rows.total():,} rows is a mention{reason}")
    records: list[Record] = []
    for key, value, when in found:
        time = time if when is None else when
        records.append(Record(key, value, time))
    # Of two at one moment the key decides, so that the order of the files does not matter; those without come last.
    records.sort(key=lambda record: (record.time, record.key is None, record.key or b""))
    return records, report


def read_mentions(
    paths: Iterable[str | Path],
    columns: Mapping[str, str] | None = None,
    brand: str | None = None,
    report: Report | None = None,
) -> Iterator[FileRecord]:
    """Yield the rows of `paths` (`-` is standard input), in their order, good or bad.

    `columns` says which column of a table is which field; without it well-known names are recognised, and `report`
    says which. `brand` is the brand of rows that name none.

    Raises UserError: no such file, not readable, empty, a column that does not exist, a required field without column.
    """
    paths = list(paths)
    if not paths:
        raise UserError("no file given; name files of mentions (JSON lines or CSV), or - for standard input")
    for path in paths:
        yield from _read(str(path), columns, brand, report if report is not None else Report())


def _read(path: str, columns: Mapping[str, str] | None, brand: str | None, report: Report) -> Iterator[FileRecord]:
    name = "standard input" if path == "-" else path
    try:
        with opened(path) as file:
            start = file.peek(4)
            if not start.strip(b"\xef\xbb\xbf \t\r\n"):
                raise UserError(f"{name}: empty; it must hold mentions, JSON lines or CSV with a header line")
            if _is_json(path, start):
                yield from _json_lines(file, name, brand)
            else:
                yield from _table(file, name, columns, brand, report)
    except UNPACKING as error:
        raise damaged(name, error) from error
    except OSError as error:
        raise unreadable(name, path, error) from error


def _is_json(path: str, start: bytes) -> bool:
    name = path.lower().removesuffix(".gz")
    first = start.strip(b"\xef\xbb\xbf \t\r\n")[:1]
    if first == b"[":
        raise UserError(f"{path}: a JSON array; one mention a line is read (jq -c '.[]' FILE makes such a file)")
    if name.endswith(_JSON_NAMES) and start[:2] in UTF16:
        raise UserError(f"{path}: JSON in UTF-16; save it in UTF-8 (iconv -f utf-16 -t utf-8 FILE)")
    return name.endswith(_JSON_NAMES) or first == b"{"


def _json_lines(file: Iterable[bytes], path: str, brand: str | None) -> Iterator[FileRecord]:
    for number, line in enumerate(file, start=1):
        value = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if not value:
            continue
        if brand is not None:
            value = _with_brand(value, brand)
        yield _record(value, path, number)


def _with_brand(value: bytes, brand: str) -> bytes:
    """Return the JSON object `value` with the brand, where it is an object that names none."""
    try:
        mention = _object.decode(value)
    except MALFORMED:
        return value
    if any(name in mention and bytes(mention[name]) != b"null" for name in ("brand", "brands")):
        return value
    mention["brand"] = msgspec.Raw(_encode(brand))
    return _encode(mention)


def _table(
    file: io.BufferedReader[Any], path: str, columns: Mapping[str, str] | None, brand: str | None, report: Report
) -> Iterator[FileRecord]:
    utf16 = file.peek(2)[:2] in UTF16
    # Bytes that are no UTF-8 go through as they are: the check of the mention finds them.
    text = io.TextIOWrapper(file, "utf-16" if utf16 else "utf-8-sig", "replace" if utf16 else "surrogateescape", "")
    skipped, first = 1, text.readline()
    while first and not first.strip():
        skipped, first = skipped + 1, text.readline()
    delimiter = sniff(first)
    cells = next((row.cells for row in read_rows([first], delimiter)), None)
    if not cells:
        raise UserError(f"{path}: its first line must name the columns, as in id,created_at,text; it is {first[:60]!r}")
    header = [name.strip() for name in cells]
    chosen = resolve(header, columns, path)
    if columns is None:
        report.notes.append(
            f"{path}: columns guessed: {','.join(f'{name}={column}' for name, column in chosen.items())}"
        )
    at = {name: header.index(column) for name, column in chosen.items()}
    for row in read_rows(text, delimiter, len(header)):
        yield _row(row._replace(line=row.line + skipped), at, path, brand)


def _row(row: Row, at: Mapping[str, int], path: str, brand: str | None) -> FileRecord:
    if row.cells is None:
        record = _record(_raw(row.raw)[:MAX_UNPACKED], path, row.line)
        reason = record.problem.reason if record.problem is not None else "malformed_json"
        problem = Rejection(reason, "row: its cells do not fit the header (a stray quote or delimiter?)")
        return record._replace(key=None, time=None, problem=problem)
    mention = mention_of({name: row.cells[index] for name, index in at.items()}, brand)
    try:
        value = _encode(mention)
    except UnicodeEncodeError:  # bytes that are no UTF-8 stand in the JSON as they stood in the table
        value = _raw(json.dumps(mention, ensure_ascii=False, default=str))
    return _record(value, path, row.line)


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _record(value: bytes, path: str, line: int) -> FileRecord:
    try:
        head = _head.decode(value)
        key: bytes | None = mention_key(head.platform, head.id)
    except (*MALFORMED, UnicodeEncodeError):
        key = None
    found = decode(key, value)
    if isinstance(found, Mention):
        moved = found.op != "create" and found.ingested_at is not None
        time = to_ms(found.ingested_at) if moved and found.ingested_at is not None else found.time
        return FileRecord(key, value, time, path, line)
    problem = found if isinstance(found, Rejection) else Rejection("invalid_field", "id: not a mention")
    if problem.reason == "invalid_utf8":
        problem = Rejection(problem.reason, NOT_UTF8)
    return FileRecord(key, value, None, path, line, problem)
