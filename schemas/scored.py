"""A batch on `scored`: the rows that one slice of one `mentions` partition has for one partition of brands.

Columns, because a hot brand is the normal case in a crisis: they are read as numpy arrays without a copy and without
one Python object per row. MessagePack, because columns are bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from schemas.terms import Terms
from schemas.times import to_ms

SCHEMA: Final = 1

KINDS: Final = ("unknown", "customer", "employee", "influencer", "media", "official", "bot")
CREATE, UPDATE, DELETE = 0, 1, 2
NO_BRAND: Final = 65_535
"""The `brand` of a DELETE row: it tells every partition that a mention is gone, or has a newer revision."""

# What became of an input offset, one byte each in `outcomes`.
HOLE, SCORED, UNMATCHED, DEAD_LETTER, CONTROL = range(5)

VERIFIED, REPOST, YOUNG, LATE = 1, 2, 4, 8  # bits of `flags`
OFFICIAL, REPLY, QUESTION = 16, 32, 64  # also bits: by an account of the brand itself; to another post; asks something
GRAVE = 128  # also a bit: it speaks of a grave matter

LAST_OFFSET: Final = 2**62
"""No topic comes so far; what is computed with offsets stays within 64 bits."""
LEAST_FIELDS: Final = 10
"""Of an array that is taken for a batch of another schema."""
FIRST_MS: Final = to_ms(datetime.min.replace(tzinfo=UTC))
LAST_MS: Final = to_ms(datetime.max.replace(tzinfo=UTC)) - 1_000
"""The first and the last moment that a calendar has, epoch ms."""

ROW: Final = np.dtype(
    [
        ("offset", "<i8"),  # in the source partition
        ("time", "<i8"),  # when it was said, epoch ms
        ("label", "<i8"),  # largest tick before it in its partition: when it arrived, epoch ms; 0 before the first
        ("mention", "<u8"),  # schemas.ids.mention_hash
        ("author", "<u8"),  # keyed hash; 0 when unknown
        ("signature", "<u8"),  # of the normalised text
        ("followers", "<u4"),  # cut at 2^32 - 1
        ("rev", "<i4"),
        ("brand", "<u2"),  # index into `brands`
        ("negative", "<u2"),  # P(negative) in 1/10,000
        ("positive", "<u2"),
        ("op", "u1"),
        ("kind", "u1"),  # index into KINDS
        ("flags", "u1"),
        ("lang", "u1"),  # index into `langs`
        ("platform", "u1"),  # index into `platforms`
    ]
)

Rows = NDArray[np.void]


class ScoredBatch(Struct, array_like=True):
    """See the module. `ids` and `term_counts` run parallel to `rows`."""

    schema: int
    source: str
    """Which `mentions` topic this is (its id, so that a recreated topic is another source)."""
    partition: int
    """Source partition."""
    first: int
    last: int
    """Source offsets that the slice covers."""
    ticks: list[tuple[int, int]]
    """(offset, time) of each tick of the slice that moved its partition's time on, in order."""
    brands: list[str]
    langs: list[str]
    platforms: list[str]
    rows: bytes
    ids: list[str]
    terms: list[str]
    """The words that `term_index` points into."""
    term_counts: bytes
    """One byte a row: how many terms it has."""
    term_index: bytes
    """The rows' terms one after another, as little-endian u4."""
    outcomes: bytes = b""
    """One byte per source offset from `first` on; only in the source partition's home partition of `scored`."""

    @property
    def table(self) -> Rows:
        """The rows as a structured array (a view, read only)."""
        return np.frombuffer(self.rows, ROW)

    @property
    def said(self) -> Terms:
        """The rows' terms (a view, read only)."""
        return Terms(self.terms, np.frombuffer(self.term_counts, np.uint8), np.frombuffer(self.term_index, "<u4"))

    def segments(self) -> Iterator[tuple[int, int, int | None]]:
        """Yield (first row, row after the last, tick or None): the rows before each tick, then those after the last."""
        begin, offsets = 0, self.table["offset"]
        for at_offset, time in self.ticks:
            end = int(np.searchsorted(offsets, at_offset))
            yield begin, end, time
            begin = end
        yield begin, len(offsets), None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ScoredBatch)


def encode(batch: ScoredBatch) -> bytes:
    """Return `batch` as bytes."""
    return _encoder.encode(batch)


class OtherVersionError(ValueError):
    """A batch of another schema: whoever passes it over loses what it holds."""


def decode(value: bytes | None) -> ScoredBatch:
    """Return the batch in `value`.

    Raises:
        OtherVersionError: It is one of another schema.
        ValueError: It is none, or one that does not fit together.
    """
    try:
        batch: ScoredBatch = _decoder.decode(value or b"")
    except msgspec.DecodeError as error:
        _refuse_other(_begin(value or b""))
        raise ValueError(f"scored: not a batch: {error}") from error
    _refuse_other(batch.schema)
    count, rest = divmod(len(batch.rows), ROW.itemsize)
    if rest or len(batch.ids) != count or len(batch.term_counts) != count:
        raise ValueError("scored: columns of different lengths")
    if len(batch.term_index) != 4 * sum(batch.term_counts):
        raise ValueError("scored: terms do not add up")
    _check_place(batch)
    if count:
        _check_rows(batch)
    return batch


def _begin(value: bytes) -> int:
    """Return the schema that `value` begins with; ours where it is no batch of any."""
    try:
        found = msgspec.msgpack.decode(value)
    except msgspec.DecodeError:
        return SCHEMA
    is_batch = isinstance(found, list) and len(found) >= LEAST_FIELDS and isinstance(found[0], int)
    return found[0] if is_batch else SCHEMA


def _refuse_other(schema: int) -> None:
    if schema != SCHEMA:
        raise OtherVersionError(f"scored: schema {schema} is not known here, {SCHEMA} is")


def _check_place(batch: ScoredBatch) -> None:
    """Raise ValueError where its offsets or times are none, or do not rise."""
    if not 0 <= batch.first <= batch.last <= LAST_OFFSET or batch.partition < 0:
        raise ValueError(f"scored: offsets {batch.first} to {batch.last} of partition {batch.partition}")
    if batch.outcomes and len(batch.outcomes) != batch.last - batch.first + 1:
        raise ValueError(f"scored: {len(batch.outcomes)} outcomes of {batch.last - batch.first + 1} offsets")
    offset, time = batch.first - 1, -1
    for at, tick in batch.ticks:
        if not (offset < at <= batch.last and time < tick <= LAST_MS):
            raise ValueError(f"scored: a tick of {tick} ms at offset {at}")
        offset, time = at, tick


def _check_rows(batch: ScoredBatch) -> None:
    """Raise ValueError where a row points beyond what the batch has, or says a time that no calendar has."""
    rows, terms = batch.table, np.frombuffer(batch.term_index, "<u4")
    if len(terms) and int(terms.max()) >= len(batch.terms):
        raise ValueError(f"scored: term {int(terms.max())} of {len(batch.terms)}")
    offsets = rows["offset"]
    if not batch.first <= int(offsets[0]) <= int(offsets[-1]) <= batch.last or (offsets[1:] < offsets[:-1]).any():
        raise ValueError("scored: rows out of order")
    said = rows[rows["op"] != DELETE]
    for column, table in (
        ("brand", batch.brands),
        ("lang", batch.langs),
        ("platform", batch.platforms),
        ("kind", KINDS),
    ):
        if len(said) and (most := int(said[column].max())) >= len(table):
            raise ValueError(f"scored: {column} {most} of {len(table)}")
    if int(rows["op"].max()) > DELETE:
        raise ValueError(f"scored: op {int(rows['op'].max())}, {DELETE} is the last")
    for column in ("time", "label"):
        least, most = int(rows[column].min()), int(rows[column].max())
        if not FIRST_MS <= least <= most <= LAST_MS:
            raise ValueError(f"scored: {column} {least} to {most} ms is in no calendar")


def partition_of_brand(brand: str, partitions: int) -> int:
    """Return the partition of `scored` that `brand` lives in (CRC-32 modulo)."""
    return zlib.crc32(brand.encode()) % partitions


def home_of(source_partition: int, partitions: int) -> int:
    """Return the partition of `scored` that keeps the account of `source_partition`."""
    return source_partition % partitions


def table_of(rows: list[tuple[Any, ...]]) -> Rows:
    """Return `rows` (tuples in the order of ROW) as a structured array."""
    return np.array(rows, ROW)
