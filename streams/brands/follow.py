"""Reading the topic `brands`: wholly before a worker takes its first record, then as it grows.

A worker that was frozen, or recovers slowly, may be handed records from a time of which it has not read the entries. So
each slice waits until a look at the topic has come to its end that began less than `FRESH` ago: an entry counts only
`GRACE` after it was stored, so that look has seen all that count for the slice. Only differences of this machine's own
clock are compared.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas import topics
from schemas.events import BrandEntry
from schemas.mention import MALFORMED
from streams import metrics
from streams.brands.registry import GRACE, Registry
from streams.engine.reader import read_to_end, reading
from streams.settings import Settings

log = logging.getLogger(__name__)

_decode: Final = msgspec.json.Decoder(BrandEntry).decode
LONGEST_NAME: Final = 128
"""Characters of a name or a watch word, as in the configuration."""
MOST_NAMES: Final = 1_000
"""Names and watch words of an entry."""
LOOK_EVERY: Final = 0.5
"""Seconds between two looks."""
LOOK_MS: Final = 100
FRESH: Final = GRACE / 2_000
"""Seconds that a look may be old when a slice is taken."""


class BrandsFollower:
    """Keeps a registry up to date."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings = settings
        self._registry = registry
        self._next = 0
        self._looked = 0.0
        """When the last look that came to its end began, on the monotonic clock."""
        self._look_ended = asyncio.Event()

    async def read(self, patience: float = math.inf) -> None:
        """Read what is there; waits `patience` seconds for a broker that is away."""
        began = time.monotonic()
        async for batch in read_to_end(self._settings, topics.BRANDS.name, 0, patience=patience):
            for record in batch:
                self._take(record)
        self._looked = began

    async def fresh(self) -> None:
        """Return when all that was stored until `FRESH` seconds ago is known."""
        while time.monotonic() - self._looked > FRESH:
            self._look_ended.clear()
            await self._look_ended.wait()

    async def follow(self) -> None:
        """Look for what comes, for ever; while the broker is away, again and again."""
        async with reading(self._settings) as reader:
            tp = TopicPartition(self._settings.topic_prefix + topics.BRANDS.name, 0)
            reader.assign([tp])
            reader.seek(tp, self._next)
            while True:
                try:
                    await self._look(reader, tp)
                except (KafkaError, OSError) as error:
                    log.info("brands cannot be looked at (%r)", error)
                await asyncio.sleep(LOOK_EVERY)

    async def _look(self, reader: AIOKafkaConsumer, tp: TopicPartition) -> None:
        """Read to where the topic ends now."""
        began = time.monotonic()
        # The embedded broker answers this question wrongly; the end it tells with a fetch has to do there.
        end = None if self._settings.broker.embedded else (await reader.end_offsets([tp]))[tp]
        while True:
            for record in (await reader.getmany(tp, timeout_ms=LOOK_MS, max_records=500)).get(tp, []):
                self._take(record)
            if await reader.position(tp) >= (reader.highwater(tp) or 0 if end is None else end):
                break
        self._looked = began
        self._look_ended.set()

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
    except MALFORMED:
        return None
    names = (entry.brand, *entry.words, *entry.exclude)
    fits = len(names) <= MOST_NAMES and all(0 < len(name) <= LONGEST_NAME for name in names)
    return entry if fits and entry.brand.strip() else None
