"""What is said during a run: the demo's crisis with faults in it, and how it is fed into the partitions."""

from __future__ import annotations

import asyncio
import heapq
import json
import random
import threading
import time
import zlib
from collections.abc import Sequence
from typing import Any, Final

from schemas import topics
from schemas.mention import Tick, tick_record
from schemas.times import MINUTE, SECOND, iso
from streams.demo.story import BRANDS, CRISIS, START, story
from streams.engine.producer import Producer
from streams.engine.records import Write
from streams.replay_plan import Item, Record, plan, records_of
from streams.settings import Settings

DUPLICATES, OUT_OF_ORDER, LATE, MALFORMED = 0.05, 0.10, 0.01, 0.02
BURST: Final = 50
"""Times the usual talk of a minute that one minute has."""
SILENT: Final = "Silent & Sons"
"""A brand nobody speaks of."""
_GOOD = {"platform": "x", "id": "b", "created_at": "2026-03-02T00:00:00Z", "text": "a"}


def _but(**changes: Any) -> bytes:
    return json.dumps({name: value for name, value in (_GOOD | changes).items() if value is not None}).encode()


BAD = (
    b"", b"{", b"null", b"[]", b"{}", b'"text"', b"\xff\xfe",
    _but(id=None), _but(created_at=None), _but(text=None), _but(id=1), _but(id=""), _but(platform="X X"),
    _but(created_at="yesterday"), _but(created_at="1970-01-01T00:00:00Z"), _but(created_at="2100-01-01T00:00:00Z"),
    _but(created_at=float("nan")), _but(schema=9), _but(brand="Nobody"), _but(rev=-1), _but(author={"id": "a", "followers": -5}),
)  # fmt: skip
"""Kinds of rubbish: each must become a dead letter with its reason."""


def faulty(seed: int) -> list[Item]:
    """Return the demo's story with repeats, disorder, lateness, rubbish and a burst; sorted by when it is sent."""
    chance = random.Random(seed)
    records = records_of(m for m in story(seed) if m.time >= START + CRISIS - 44 * 60 * MINUTE)
    sent: list[tuple[int, int, Record]] = []
    for number, record in enumerate(records + _burst(records, chance)):
        at = record.time
        draw = chance.random()
        if draw < LATE:
            at += chance.randrange(4 * MINUTE, 20 * MINUTE)
        elif draw < LATE + OUT_OF_ORDER:
            at += chance.randrange(SECOND, 100 * SECOND)
        sent.append((at, number, record))
        if chance.random() < DUPLICATES:
            sent.append((at + chance.randrange(0, 90 * SECOND), number, record))
        if chance.random() < MALFORMED:
            sent.append((at, number, Record(b"x:b", chance.choice(BAD), at)))
    heapq.heapify(sent)
    ordered = [heapq.heappop(sent) for _ in range(len(sent))]
    return list(plan(record._replace(time=at) for at, _, record in ordered))


def _burst(records: Sequence[Record], chance: random.Random) -> list[Record]:
    """Return one minute of talk, fifty times as much as the story has in a minute on average."""
    span = (records[-1].time - records[0].time) / MINUTE
    at = records[0].time + int(chance.uniform(0.2, 0.8) * span) * MINUTE
    brand = chance.choice(list(BRANDS))
    found = []
    for i in range(max(200, round(BURST * len(records) / span))):
        said = {"platform": "x", "id": f"burst{i}", "created_at": iso(at + i * 7 % MINUTE), "brand": brand,
                "text": f"everybody talks of {brand} today {i}", "author": {"id": f"b{i}"}}  # fmt: skip
        found.append(Record(f"x:burst{i}".encode(), json.dumps(said).encode(), at + i * 7 % MINUTE))
    return found


class Feed:
    """Publishes the story, one thread a partition: one of them slow, one idle (ticks only), each on its own producer."""

    def __init__(self, settings: Settings, items: Sequence[Item], seconds: float, *, slow: float) -> None:
        self._settings = settings
        at = [item.at if isinstance(item, Tick) else item.time for item in items]
        self._begin, self._speed = at[0], (at[-1] - at[0]) / 1_000 / seconds
        self._items = list(zip(at, items, strict=True))
        count = settings.partitions.mentions
        self._slow = slow
        """Seconds by which the slow partition lags."""
        self._spoken = count - 1  # the last partition is idle
        self._threads = [threading.Thread(target=self._run, args=(p,), daemon=True) for p in range(count)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def join(self, timeout: float) -> None:
        """Wait until all has been published."""
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            assert not thread.is_alive(), "the story could not be published in time"

    def _run(self, partition: int) -> None:
        asyncio.run(self._publish(partition))

    async def _publish(self, partition: int) -> None:
        producer = Producer(self._settings)
        await producer.start()
        began = time.monotonic() + (self._slow if partition == 0 else 0.0)
        waiting: list[Write] = []
        for at, item in self._items:
            ahead = (at - self._begin) / 1_000 / self._speed - (time.monotonic() - began)
            if waiting and (ahead > 0.02 or len(waiting) >= 500):
                await producer.send(waiting)
                waiting = []
            if ahead > 0.02:
                await asyncio.sleep(ahead)
            if isinstance(item, Tick):
                waiting.append(Write(topics.MENTIONS.name, *tick_record(item.at), partition))
            elif zlib.crc32(item.key or b"") % self._spoken == partition:
                waiting.append(Write(topics.MENTIONS.name, item.key, item.value, partition))
        await producer.send(waiting)
        await producer.stop()
