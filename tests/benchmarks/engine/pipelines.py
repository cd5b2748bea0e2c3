"""Everything on: sentiment, windows, detectors. The live worker, the same cores in memory, and a Quix application.

Quix hands over one record at a time, so its application scores one text at a time with the same model, repartitions by
brand through a topic, adds up tumbling minutes with two minutes' grace and gives each closed one to the same monitor.
It keeps the monitors in memory (no state is written) and has neither dead letters nor an account: less than the worker does.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from schemas import scored, topics
from schemas.mention import Tick
from streams import wiring
from streams.engine.records import Read
from streams.replay_plan import Item, plan
from streams.settings import Settings, load
from streams.worker import calm_collector
from tests.benchmarks.engine import meter
from tests.benchmarks.engine.meter import Stopwatch, figures
from tests.benchmarks.engine.talk import Talk
from tests.system.harness import System, Worker

START = 1_767_225_600_000
"""2026-01-01T00:00:00Z, the data's own beginning."""
SKIPPED = 0.1
"""Part of the records that is not counted: caches fill."""


def items(brands: int, count: int, per_second: float, *, hot: float = 0.0) -> list[Item]:
    """Return `count` generated mentions of `brands` brands with ticks between them."""
    talk = Talk([f"Brand {i}" for i in range(brands)], hot=hot)
    return list(plan(talk.records(count, START, per_second), tail=5 * 60_000))


@contextlib.contextmanager
def system(bootstrap: str, name: str, **options: Any) -> Iterator[System]:
    """Give a system with topics of its own and the product's own engine settings."""
    with tempfile.TemporaryDirectory() as folder:
        made = System(bootstrap, Path(folder), name=f"{name}{random.getrandbits(32):x}",
                      extra={"engine": {"group": f"{name}{random.getrandbits(32):x}"}}, **options)  # fmt: skip
        try:
            yield made
        finally:
            made.close()


def metric(worker: Worker, name: str, **labels: str) -> float:
    """Return the sum of a metric's samples at the worker's `/metrics`."""
    with urllib.request.urlopen(f"{worker.url()}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def applied(workers: Sequence[Worker]) -> float:
    """Return the rows applied by `workers` together."""
    return sum(metric(worker, "tocsin_rows", outcome="applied") for worker in workers)


def live(made: System, count: int, workers: int = 1, agents: str = "score,watch") -> dict[str, float]:
    """Let workers read what is in `mentions`; return the figures between the first tenth and the end."""
    running = [made.worker("--agents", agents) for _ in range(workers)]
    for worker in running:
        worker.wait_ready(90)
    while applied(running) < SKIPPED * count:
        time.sleep(0.2)
    begun, first = [meter.read(w.process.pid) for w in running], applied(running)
    while (now := applied(running)) < count:
        assert all(worker.running for worker in running), made.logs()
        time.sleep(0.5)
    ended = [meter.read(w.process.pid) for w in running]
    wall = ended[0].wall - begun[0].wall
    cpu = sum(after.cpu - before.cpu for before, after in zip(begun, ended, strict=True))
    return figures(int(now - first), wall, cpu, max(reading.peak_mb for reading in ended))


def core(config: Path, recorded: Sequence[Item]) -> dict[str, float]:
    """Run the same cores over the same records in memory; figures between the first tenth and the end."""
    settings = load(config)
    model = wiring.load_model(settings)
    scores = wiring.score_core(settings, model)
    watches = [wiring.watch_core(settings, q, model.version) for q in range(settings.partitions.scored)]
    logs = _partitioned(recorded, settings.partitions.mentions)
    count = sum(1 for item in recorded if not isinstance(item, Tick))
    calm_collector()
    progress = dict.fromkeys(range(len(logs)), 0)
    offsets = [0] * len(watches)
    size, done, begun = settings.engine.max_poll_records, 0, None
    for at in range(0, max(map(len, logs)), size):
        for p, log in enumerate(logs):
            part = log[at : at + size]
            if not part:
                continue
            for result in scores.parts("bench", p, progress[p], part):
                progress[p] = result.progress
                for write in result.writes:
                    q = write.partition or 0
                    watches[q].apply(offsets[q], scored.decode(write.value or b""))
                    offsets[q] += 1
                done += result.rows
        if begun is None and done >= SKIPPED * count:
            begun, first = meter.read(), done
    ended = meter.read()
    assert begun is not None
    return figures(done - first, ended.wall - begun.wall, ended.cpu - begun.cpu, ended.peak_mb)


def _partitioned(recorded: Sequence[Item], partitions: int) -> list[list[Read]]:
    """Return the records as they lie in `mentions`, in partitions of equal length."""
    from schemas.mention import tick_record

    logs: list[list[Read]] = [[] for _ in range(partitions)]
    for number, item in enumerate(recorded):
        if isinstance(item, Tick):
            for log in logs:
                log.append(Read(len(log), item.at, *tick_record(item.at)))
        else:
            log = logs[number % partitions]
            log.append(Read(len(log), item.time, item.key, item.value))
    return logs


def quixstreams(config: Path, count: int) -> None:
    """Run the Quix application over the topic until `count` mentions are in windows; print the figures and end."""
    from quixstreams import Application

    from schemas.events import Window
    from schemas.mention import Mention, decode
    from schemas.times import MINUTE, from_ms

    settings: Settings = load(config)
    model = wiring.load_model(settings)
    monitors: dict[str, Any] = defaultdict(lambda: wiring.watch_core(settings, 0).roster._new_monitor("x", 0))
    watch = Stopwatch(count)
    app = Application(settings.broker.bootstrap, consumer_group=f"bench-{uuid.uuid4().hex[:8]}",
                      auto_offset_reset="earliest", loglevel=logging.ERROR)  # fmt: skip
    source = app.topic(
        settings.topic_prefix + topics.MENTIONS.name, value_deserializer="bytes", key_deserializer="bytes"
    )

    def score(value: bytes, key: bytes, *_: Any) -> dict[str, Any] | None:
        mention = decode(key, value)
        if not isinstance(mention, Mention):
            return None
        found = model.score([mention.text or ""], [mention.lang])
        author = mention.author
        return {"brand": mention.brand, "time": mention.time, "negative": int(found.negative[0]), "terms": found.terms[0],
                "author": author.id if author else "", "followers": (author.followers or 0) if author else 0}  # fmt: skip

    def begin(row: dict[str, Any]) -> dict[str, Any]:
        return add({"count": 0, "negative": 0, "authors": {}, "terms": {}, "reach": 0, "brand": row["brand"]}, row)

    def add(total: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
        total["count"] += 1
        total["negative"] += row["negative"]
        total["reach"] += row["followers"]
        total["authors"][row["author"]] = 1
        for term in row["terms"]:
            total["terms"][term] = total["terms"].get(term, 0) + 1
        if found := watch.took(1):
            print(json.dumps(found), flush=True)
            os._exit(0)
        return total

    def close(window: dict[str, Any]) -> None:
        total, start = window["value"], window["start"]
        closed = Window(total["brand"], from_ms(start), total["count"], total["negative"], authors=len(total["authors"]),
                        loudest=1, reach=total["reach"], terms={t: n for t, n in total["terms"].items() if n > 1})  # fmt: skip
        monitors[total["brand"]].close(closed, start + 3 * MINUTE, list)

    frame = app.dataframe(source).apply(score, metadata=True).filter(lambda row: row is not None)
    frame = frame.set_timestamp(lambda row, *_: row["time"]).group_by("brand")
    frame.tumbling_window(MINUTE, grace_ms=2 * MINUTE).reduce(add, begin).final().update(close)
    app.run()


if __name__ == "__main__":
    quixstreams(Path(sys.argv[1]), int(sys.argv[2]))
