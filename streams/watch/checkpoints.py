"""Checkpoints: how a partition's state is written down, and which of what is found is taken up again.

A checkpoint is a cut (see `WatchCore.brand_records`). Its records have the key `brand|id`, with an id new at each
assignment, so that nobody overwrites another's; the partition's own record (`|id`, written last) makes it whole.
Only brands that changed are written: an older record of the same id stands for the others.

A new schema must be able to read the one before it (`READABLE`), and appends fields only; a program that is older than
what it finds refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from msgspec import Struct

from streams.sealed import Seal
from streams.watch.state import READABLE, BrandRecord, PartitionRecord

MOST_BYTES: Final = 64 * 1_024
"""Bytes of a brand's record. The monitor's state is bounded well below; one above is a fault to be told, but it is
written all the same as long as the topic takes it: a large record is better than none."""
_SEPARATOR: Final = "|"

T = TypeVar("T", bound=Struct)


class CorruptCheckpointError(Exception):
    """A record is not what was written."""


_SEAL: Final = Seal(b"TC", "checkpoint", READABLE, CorruptCheckpointError)


class NoWholeCheckpointError(Exception):
    """There are records, but no set of them is complete: to go on would lose what they stand for."""


def encode(record: BrandRecord | PartitionRecord) -> bytes:
    """Return `record` as bytes (see `streams.sealed`)."""
    return _SEAL.close(record)


def decode(type_: type[T], value: bytes) -> T:
    """Return the record in `value`; raises CorruptCheckpointError."""
    return _SEAL.open(type_, value)


def key(brand: str, owner: str) -> bytes:
    """Return the key of a brand's record; of the partition's own with an empty `brand`."""
    return f"{brand}{_SEPARATOR}{owner}".encode()


def split_key(raw: bytes) -> tuple[str, str]:
    """Return (brand, owner) of a key; a brand may hold the separator, an owner may not."""
    brand, _, owner = raw.decode().rpartition(_SEPARATOR)
    return brand, owner


def _is_ours(raw: bytes | None) -> bool:
    """Return whether `raw` is the form of our keys: who else writes here, by mistake, does not end us."""
    try:
        return raw is not None and _SEPARATOR in raw.decode()
    except UnicodeDecodeError:
        return False


class Found(Struct):
    """The checkpoint to take up."""

    owner: str
    partition: PartitionRecord
    brands: list[BrandRecord]


def choose(records: Mapping[bytes, bytes]) -> Found | None:
    """Return the furthest whole checkpoint among `records` (key -> last value); None when there are none of ours.

    Raises NoWholeCheckpointError, CorruptCheckpointError.
    """
    owners: dict[str, dict[str, bytes]] = {}
    for raw, value in records.items():
        if not _is_ours(raw):
            continue
        brand, owner = split_key(raw)
        owners.setdefault(owner, {})[brand] = value
    whole: list[Found] = []
    for owner, mine in sorted(owners.items()):
        own = mine.get("")
        if own is None:
            continue
        partition = _read(PartitionRecord, "", own)
        if all(brand in mine for brand in partition.brands):
            # Brands beyond the partition's list are of a checkpoint that was not finished: they come again.
            whole.append(
                Found(owner, partition, [_read(BrandRecord, brand, mine[brand]) for brand in partition.brands])
            )
    if whole:
        return max(whole, key=lambda found: (found.partition.applied, found.owner))
    # Brands' records without any partition's record: the very first checkpoint was not finished. All of `scored` is
    # still to be read from its beginning, so nothing is lost; but only as long as it is all there.
    if any("" in mine for mine in owners.values()):
        raise NoWholeCheckpointError("no checkpoint has all its records")
    return None


def _read(type_: type[T], brand: str, value: bytes) -> T:
    try:
        return decode(type_, value)
    except CorruptCheckpointError as error:
        whose = f"the record of the brand {brand}" if brand else "the partition's record"
        raise CorruptCheckpointError(f"{whose}: {error}") from error


def tombstones(records: Iterable[bytes], owner: str) -> list[bytes]:
    """Return the keys to remove once `owner` has written a whole checkpoint: brands first, partitions' records last."""
    others = [raw for raw in records if _is_ours(raw) and split_key(raw)[1] != owner]
    return sorted(others, key=lambda raw: (split_key(raw)[0] == "", raw))
