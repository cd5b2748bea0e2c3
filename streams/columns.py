"""Tables of mentions: which column is which field, and what a row says as a mention.

Pure. A table (CSV, TSV) names its columns in its first line; `--columns id=tweet_id,text=text` says which is which, and
without it well-known names are recognised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, Final

from schemas.printable import listed
from schemas.times import to_ms
from streams.errors import UserError, did_you_mean

REQUIRED: Final = ("id", "created_at", "text")
KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "tweet_id", "status_id", "post_id", "mention_id", "id_str"),
    "created_at": (
        "created_at", "created_utc", "timestamp", "datetime", "date", "time", "published_at", "tweet_created",
    ),
    "text": ("text", "full_text", "content", "tweet", "body", "message"),
    "author": ("author", "author_id", "user_id", "user", "username", "user_name", "screen_name"),
    "brand": ("brand",),
    "lang": ("lang", "lang_detected", "language"),
    "platform": ("platform", "network"),
    "followers": ("followers", "followers_count", "user_followers"),
    "verified": ("verified", "user_verified"),
    "author_name": ("author_name", "display_name"),
    "author_created_at": ("author_created_at", "user_created_at"),
    "url": ("url", "permalink"),
    "repost_of": ("repost_of", "retweeted_status_id"),
    "reply_to": ("reply_to", "in_reply_to_status_id"),
}  # fmt: skip
"""The fields a column can stand for, each with the column names that are recognised without being told."""

_ABSENT: Final = frozenset({"", "null", "none", "nan", "n/a", "na"})
_DAMAGED: Final = re.compile(r"\d[.,]?\d*[eE]\+\d+")
"""A spreadsheet's idea of a long number, as in 5.67591E+17: many ids became one."""
_TRUE: Final = frozenset({"true", "1", "yes", "t"})
_FALSE: Final = frozenset({"false", "0", "no", "f"})


def resolve(header: Sequence[str], columns: Mapping[str, str] | None, path: str) -> dict[str, str]:
    """Return which column each field is read from.

    What `columns` (field to column) names is taken from there; required fields that it leaves out are recognised by
    name, and where it is None all fields are. Raises UserError for a field or column that does not exist and for a
    required field without a column.
    """
    chosen: dict[str, str] = {}
    for field, column in (columns or {}).items():
        if field not in KNOWN:
            raise UserError(f"--columns: no field {field!r}{did_you_mean(field, KNOWN)}; fields are {', '.join(KNOWN)}")
        chosen[field] = _exact(column, header, field, path)
    by_name = {_normal(name): name for name in reversed(header)}
    for field in REQUIRED if columns else KNOWN:
        taken = set(chosen.values())
        found = (by_name[name] for name in KNOWN[field] if name in by_name and by_name[name] not in taken)
        if field not in chosen and (column := next(found, "")):
            chosen[field] = column
    missing = [field for field in REQUIRED if field not in chosen]
    if missing:
        raise UserError(
            f"{path}: no column for {', '.join(missing)}; name it with --columns "
            f"{','.join(f'{field}=COLUMN' for field in missing)} (columns are {listed(header)})"
        )
    return chosen


def parse_columns(text: str) -> dict[str, str]:
    """Return what `--columns id=tweet_id,text=text` says, field to column; raises UserError where it says nothing."""
    columns: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        field, equals, column = (piece.strip() for piece in part.partition("="))
        if not (field and equals and column):
            raise UserError(f"--columns: {part!r} must be FIELD=COLUMN, as in id=tweet_id")
        if field in columns:
            raise UserError(f"--columns: {field} is named twice; name one column for it")
        columns[field] = column
    if not columns:
        raise UserError("--columns: empty; write FIELD=COLUMN,…, as in id=tweet_id,text=text")
    return columns


def mention_of(cells: Mapping[str, str], brand: str | None) -> dict[str, Any]:
    """Return the mention (as JSON would have it) that a row says, its cells given by field.

    A cell that cannot be read stays as it stands, so that the check of the mention names it. `brand` is for rows that
    name none.
    """
    mention: dict[str, Any] = {"platform": _platform(cells.get("platform", ""))}
    author: dict[str, Any] = {}
    for field, cell in cells.items():
        if field == "text":
            mention["text"] = cell
        elif field != "platform" and cell.strip().lower() not in _ABSENT:
            target, name, read = _READERS.get(field, (None, field, str.strip))
            (author if target == "author" else mention)[name] = read(cell)
    if author:
        mention["author"] = author
    if brand is not None:
        mention.setdefault("brand", brand)
    return mention


def parse_time(text: str) -> datetime:
    """Return the time that a table's cell says: ISO 8601, epoch seconds or milliseconds, or the classic API's and
    mail's forms (`Thu Apr 06 15:24:15 +0000 2017`, `Thu, 06 Apr 2017 15:24:15 GMT`); UTC where no zone is said.

    Raises ValueError where it says none.
    """
    text = text.strip()
    number = re.fullmatch(r"(\d{9,10}|\d{12,13})(\.\d+)?", text)
    if number:
        seconds = float(text) / (1_000 if len(number[1]) > 10 else 1)
        return datetime.fromtimestamp(seconds, UTC)
    for read in (datetime.fromisoformat, _classic, parsedate_to_datetime):
        try:
            time = read(text)
            to_ms(time)
        except (ValueError, TypeError, OverflowError, OSError, IndexError):
            continue
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time
    raise ValueError(f"not a time: {text[:40]!r}")


def _classic(text: str) -> datetime:
    return datetime.strptime(text, "%a %b %d %H:%M:%S %z %Y")


def _time(cell: str) -> datetime | str:
    try:
        return parse_time(cell)
    except ValueError:
        return cell


def _count(cell: str) -> float | str:
    try:
        number = float(cell)
    except ValueError:
        return cell
    if not isfinite(number):
        return cell
    return int(number) if number.is_integer() else number


def _flag(cell: str) -> bool | str:
    word = cell.strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else cell


def _id(cell: str) -> str | float:
    # A number is refused as an id further on, which is right for one that lost its digits.
    return float(cell.replace(",", ".")) if _DAMAGED.fullmatch(cell.strip()) else cell.strip()


def _platform(cell: str) -> str:
    name = cell.strip().lower()
    return "x" if name in _ABSENT or name == "twitter" else name


_READERS: Final[Mapping[str, tuple[str | None, str, Callable[[str], Any]]]] = {
    "id": (None, "id", _id),
    "created_at": (None, "created_at", _time),
    "author": ("author", "id", str.strip),
    "author_name": ("author", "name", str.strip),
    "author_created_at": ("author", "created_at", _time),
    "followers": ("author", "followers", _count),
    "verified": ("author", "verified", _flag),
}


def _normal(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _exact(column: str, header: Sequence[str], field: str, path: str) -> str:
    if column in header:
        return column
    same = [name for name in header if _normal(name) == _normal(column)]
    if len(same) == 1:
        return same[0]
    hint = did_you_mean(column, header)
    brand = "; where no column names the brand use --brand NAME" if field == "brand" else ""
    raise UserError(f"{path}: --columns {field}={column}: no such column{hint}; columns are {listed(header)}{brand}")
