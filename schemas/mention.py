"""A mention: one post about a brand, and the control records that travel between mentions.

`decode` turns the bytes of a record into one of four things in a single pass: a mention, a tick, a deletion, or a
`Rejection` that says field and reason. It never raises for bad input.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.times import FIRST_TWEET, parse_iso, to_ms

SCHEMA: Final = 1
MAX_TEXT: Final = 65_536
"""Characters; the longest post of a platform listened to is a 25,000-character tweet."""
MAX_KEY: Final = 32 + 1 + 4 * 512
"""Bytes of the longest key: a platform, a colon, and an id of characters of four bytes each."""
SHOWN: Final = 80
"""Characters of a wrong value that its rejection repeats."""
MAX_UNPACKED: Final = 1_048_576
"""Bytes of one record's value after decompression (Kafka's own default limit for a batch)."""
TICK_KEY: Final = b"#tick"
LAST_TICK: Final = parse_iso("2100-01-01T00:00:00Z")
"""No tick is later: one slip of a unit (microseconds, say) would make all that follows late for ever."""

Op = Literal["create", "update", "delete"]
Id = Annotated[str, Meta(min_length=1, max_length=512)]
# In Python `$` also matches before a line break at the end, elsewhere it does not: the look-ahead makes them agree.
Platform = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[a-z0-9_.-]+(?!\n)$")]
Count = Annotated[int, Meta(ge=0, le=2**53)]


class Author(Struct, omit_defaults=True, gc=False):
    """Who wrote it, as far as the platform says."""

    id: Id
    followers: Count | None = None
    verified: bool | None = None
    created_at: datetime | None = None
    kind: Literal["customer", "employee", "influencer", "media", "official", "bot", "unknown"] | None = None
    name: Annotated[str, Meta(max_length=512)] | None = None


class Engagement(Struct, omit_defaults=True, gc=False):
    """How far it went when it was fetched."""

    likes: Count | None = None
    reposts: Count | None = None
    replies: Count | None = None
    quotes: Count | None = None
    views: Count | None = None


class Mention(Struct, omit_defaults=True, gc=False):
    """One post. Times are ISO 8601; without `brand` or `brands` the watch list decides whom it concerns."""

    platform: Platform
    id: Id
    created_at: datetime
    text: Annotated[str, Meta(max_length=MAX_TEXT)] | None = None
    schema: int = SCHEMA
    op: Op = "create"
    rev: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    ingested_at: datetime | None = None
    lang: Annotated[str, Meta(max_length=16)] | None = None
    author: Author | None = None
    brand: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    brands: Annotated[list[Annotated[str, Meta(min_length=1, max_length=128)]], Meta(max_length=64)] | None = None
    url: Annotated[str, Meta(max_length=4096)] | None = None
    repost_of: Id | None = None
    reply_to: Id | None = None
    engagement: Engagement | None = None

    @property
    def key(self) -> bytes:
        """The record key that a mention must have: `platform:id`."""
        return f"{self.platform}:{self.id}".encode()

    @property
    def time(self) -> int:
        """When it was said, in epoch milliseconds."""
        return to_ms(self.created_at)


class Tick(Struct, omit_defaults=True):
    """Time as a record: everything that the source said up to `at` stands before it. `at` is epoch milliseconds."""

    at: int


class Deletion(Struct):
    """A tombstone: the mention under `key` is gone from the platform."""

    platform: str
    id: str


class Rejection(Struct, frozen=True):
    """Why a record is not a mention: `reason` is one of a small closed set (a metric label), `detail` for people."""

    reason: str
    detail: str


Decoded = Mention | Tick | Deletion | Rejection


class _Version(Struct):
    schema: int = SCHEMA


_mention = msgspec.json.Decoder(Mention)
_tick = msgspec.json.Decoder(Tick)
_version = msgspec.json.Decoder(_Version)

MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises; the last for JSON nested a thousand deep, also in fields that are ignored."""


def mention_key(platform: str, native_id: str) -> bytes:
    """Return the key of a mention's record."""
    return f"{platform}:{native_id}".encode()


def tick_record(at: int) -> tuple[bytes, bytes]:
    """Return key and value of a tick at `at`; the time is in the key, or compaction would eat all but the last."""
    return b"%s|%d" % (TICK_KEY, at), b'{"at":%d}' % at


def decode(key: bytes | None, value: bytes | None) -> Decoded:
    """Return what a record of `mentions` is; bad input is a `Rejection`, never an exception."""
    if key is not None and key.startswith(TICK_KEY):
        return _decode_tick(value)
    if value is None:
        return _decode_tombstone(key)
    if len(value) > MAX_UNPACKED:
        return Rejection("too_large", f"value: {len(value)} bytes, at most {MAX_UNPACKED} are read")
    try:
        mention = _mention.decode(value)
    except msgspec.ValidationError as error:
        return _explain(value, str(error))
    except MALFORMED as error:
        return Rejection("invalid_utf8" if _is_utf8_fault(value) else "malformed_json", f"value: {error}")
    return _check(key, mention)


def _check(key: bytes | None, mention: Mention) -> Mention | Rejection:
    if mention.schema != SCHEMA:
        return Rejection("unknown_schema", f"schema: {mention.schema} is not known here, {SCHEMA} is")
    if mention.text is None and mention.op != "delete":
        return Rejection("missing_field", f"text: required unless op is delete (op is {mention.op})")
    expected = mention.key
    if key != expected:
        shown = "none" if key is None else repr(key[:80].decode("utf-8", "replace"))
        return Rejection(
            "wrong_key", f"key: {shown}, must be {expected[:80].decode('utf-8', 'replace')!r} (platform:id)"
        )
    if mention.created_at.year < 2007 and mention.time < FIRST_TWEET:  # the year alone settles nearly all
        return Rejection(
            "too_old", f"created_at: {mention.created_at.isoformat()} is before 2006-03-21, the first tweet"
        )
    return mention


def _decode_tick(value: bytes | None) -> Tick | Rejection:
    try:
        tick = _tick.decode(value or b"")
    except MALFORMED as error:
        return Rejection("bad_tick", f"tick: {error}")
    if not FIRST_TWEET <= tick.at <= LAST_TICK:
        return Rejection("bad_tick", f"tick.at: {tick.at} is not between 2006-03-21 and 2100 in epoch milliseconds")
    return tick


def _decode_tombstone(key: bytes | None) -> Deletion | Rejection:
    if key is not None and len(key) > MAX_KEY:
        return Rejection("wrong_key", f"key: {len(key)} bytes, at most {MAX_KEY} are those of platform:id")
    text = (key or b"").decode("utf-8", "replace")
    platform, separator, native_id = text.partition(":")
    if not separator or not platform or not native_id:
        return Rejection("wrong_key", f"key: {text[:80]!r} of a tombstone must be platform:id")
    return Deletion(platform, native_id)


def _is_utf8_fault(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return True
    return False


def _explain(value: bytes, message: str) -> Rejection:
    try:
        version = _version.decode(value).schema
    except MALFORMED:
        version = SCHEMA
    if version != SCHEMA:
        return Rejection("unknown_schema", f"schema: {version} is not known here, {SCHEMA} is")
    what, _, where = message.partition(" - at `$")
    path = where.rstrip("`").lstrip(".")
    if "missing required field" in message:
        return Rejection(
            "missing_field", f"{what.replace('Object missing', 'object is missing')}{f' in {path}' * bool(path)}"
        )
    if "RFC3339" in what:
        what = "no time; write it as 2026-03-04T05:06:07Z"
    return Rejection("invalid_field", f"{path or 'value'}: {_shown(value, path)}: {what}")


def _shown(value: bytes, path: str) -> str:
    """Return what stands at `path` (`author.followers`, `langs[...]`) of a JSON object, cut short."""
    try:
        found: object = msgspec.json.decode(value)
    except MALFORMED:
        return "what stands there"
    for name in path.split(".") if path else ():
        found = found.get(name.partition("[")[0]) if isinstance(found, dict) else found
    shown = repr(found)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
