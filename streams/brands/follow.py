"""Reading the topic `brands`: wholly before a worker takes its first record, then as it grows."""

from __future__ import annotations

import logging
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition

from schemas import topics
from schemas.events import BrandEntry
from streams import metrics
from streams.brands.registry import Registry
from streams.engine.reader import consumer, read_to_end
from streams.settings import Settings

log = logging.getLogger(__name__)

_decode: Final = msgspec.json.Decoder(BrandEntry).decode
LOOK_MS: Final = 500


class BrandsFollower:
    """Keeps a registry up to date."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings = settings
        self._registry = registry
        self._next = 0

    async def read(self) -> None:
        """Read what is there."""
        async for batch in read_to_end(self._settings, topics.BRANDS.name, 0):
            for record in batch:
                self._take(record)

    async def follow(self) -> None:
        """Read what comes, for ever."""
        async with consumer(self._settings) as reader:
            tp = TopicPartition(self._settings.topic_prefix + topics.BRANDS.name, 0)
            reader.assign([tp])
            reader.seek(tp, self._next)
            while True:
                for record in (await reader.getmany(tp, timeout_ms=LOOK_MS, max_records=500)).get(tp, []):
                    self._take(record)

    def _take(self, record: Any) -> None:
        self._next = record.offset + 1
        entry = read_entry(record)
        if entry is None:
            metrics.BRAND_ENTRIES.labels("unreadable").inc()
            log.warning("brands: offset %d is no entry and is passed over", record.offset)
            return
        metrics.BRAND_ENTRIES.labels("removed" if entry.removed else "added").inc()
        log.info("brands: %s %s", entry.brand, "is no longer watched" if entry.removed else "is watched")
        self._registry.take(entry, record.timestamp)


def read_entry(record: Any) -> BrandEntry | None:
    """Return the entry of a record of `brands`; None for what is none."""
    try:
        entry = _decode(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return entry if entry.brand.strip() else None
