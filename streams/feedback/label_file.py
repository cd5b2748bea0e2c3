"""Labels in a CSV file: what each row asks for, and what is wrong with the file, in one line each."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final, NamedTuple

from detectors.text.feedback import MAX_NAME, WITHDRAWN_LABEL
from streams.errors import UserError
from streams.feedback.labels import LABELS, UNKNOWN, language_of

COLUMNS: Final = ("id", "label", "text", "lang", "brand")
_DELIMITERS: Final = ",;\t"
_LONGEST: Final = 1_000_000
"""Characters of a cell: no post is longer."""


class Asked(NamedTuple):
    """A label to send."""

    where: str
    """`labels.csv:3`; empty for the command line."""
    mention: str
    brand: str
    text: str
    label: str
    lang: str | None


def read(path: Path, brand: str) -> tuple[list[Asked], int]:
    """Return the labels in a file, and how many of its rows have none.

    Columns are told by the first row, in any order and case, apart by commas, semicolons or tabs.

    Args:
        path: of the file.
        brand: for rows that name none.

    Raises UserError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"--file: {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"--file: {path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    csv.field_size_limit(_LONGEST)
    delimiter = _delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Asked] = []
    empty, line = 0, 1
    columns: list[str] | None = None
    try:
        for row in reader:
            where, line = f"{path}:{line}", reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if columns is None:
                columns = _header(path, row)
                continue
            if any(cell.strip() for cell in row[len(columns) :]):
                raise UserError(
                    f"--file: {where}: {len(row)} columns where the first row has {len(columns)}; put texts that hold "
                    f"{_NAMES[delimiter]} into quotes"
                )
            value = dict.fromkeys(COLUMNS, "") | {name: cell.strip() for name, cell in zip(columns, row, strict=False)}
            if not value["label"]:
                empty += 1
                continue
            rows.append(
                checked(
                    where, value["id"], value["brand"] or brand, value["text"], value["label"], value["lang"] or None
                )
            )
    except csv.Error as error:
        raise UserError(f"--file: {path}:{line}: {_fault(str(error))}") from None
    if columns is None:
        raise UserError(f"--file: {path}: is empty; the first row names the columns: id, label")
    return rows, empty


_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}


def _delimiter_of(text: str) -> str:
    """Return what stands between the columns of the first row that has any."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


def _header(path: Path, row: list[str]) -> list[str]:
    columns = [name.strip().lower() for name in row]
    while columns and not columns[-1]:
        columns.pop()
    missing = {"id", "label"} - set(columns)
    if missing:
        raise UserError(f"--file: {path}: no column {min(missing)!r}; it needs id and label")
    twice = next((name for name in COLUMNS if columns.count(name) > 1), None)
    if twice:
        raise UserError(f"--file: {path}: two columns {twice!r}; leave one")
    return columns


def _fault(error: str) -> str:
    if "unexpected end of data" in error:
        return 'a quote (") is opened here and never closed; close it, or double a quote that belongs to the text'
    if "expected after" in error:
        return 'something follows a closing quote ("), here or further down; double a quote that belongs to the text'
    if "field larger" in error:
        return f"a cell has more than {_LONGEST:,} characters; is a quote not closed?"
    return f"no CSV ({error}); save it as CSV with commas"


def field(where: str, name: str) -> str:
    """Return how an error names a field: `--id:`, or in a file `labels.csv:3: id`."""
    return f"{where}: {name}" if where else f"--{name}:"


def checked(where: str, mention: str, brand: str, text: str, label: str, lang: str | None) -> Asked:
    """Return what is asked for; raises UserError where it cannot be a label."""
    for name, value in (("id", mention), ("brand", brand), ("text", text), ("label", label)):
        readable(field(where, name), value)
    if ":" not in mention.strip(":"):
        raise UserError(f"{field(where, 'id')} {mention!r} must be platform:id, as in x:1893021938471")
    if label.lower() not in (*LABELS, WITHDRAWN_LABEL):
        raise UserError(
            f"{field(where, 'label')} {label!r} must be one of {', '.join(LABELS)}, or {WITHDRAWN_LABEL} to take one back"
        )
    if lang and language_of(lang) == UNKNOWN != lang:
        raise UserError(
            f"{field(where, 'lang')} {lang!r} is no language tag, as en, fr or fr-CA are; leave it out if unsure"
        )
    for name, value, most in (("id", mention, 8 * MAX_NAME), ("brand", brand, MAX_NAME)):
        if len(value) > most:
            raise UserError(
                f"{field(where, name)} {value[:40]!r}… has {len(value)} characters; at most {most} are taken"
            )
    return Asked(where, mention, brand, text, label.lower(), lang)


def readable(name: str, value: str) -> None:
    """Raise UserError where `value` holds what is no character: bytes that are not UTF-8, or half of an emoji."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"{name} character {error.start + 1} of {value[:40]!r} is no character; write it as UTF-8"
        ) from None
