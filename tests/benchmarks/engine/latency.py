"""From the append of the mention that crosses the line to the append of the alert, on a live clock.

Thirty brands have two quiet days behind them, imported by a replay. Then ten other brands talk at the wanted rate while
the thirty are hit, one after another, by a burst of angry posts in many words. Which mention crosses the line is told by
the same cores, fed with one record after the other in order of append: the mention after which the brand's alert comes
out (where a minute's close decides: the brand's last mention before it). Both times are the broker's append times.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

import msgspec
from confluent_kafka import Producer

from schemas import scored, topics
from schemas.events import Alert
from schemas.mention import Author, Mention, decode
from schemas.times import HOUR, from_ms
from streams import wiring
from streams.replay_plan import Record, plan
from tests.benchmarks.engine.pipelines import system
from tests.benchmarks.engine.talk import Talk
from tests.streams.angry import angry_text
from tests.system.harness import System

HIT = [f"Hit {i}" for i in range(30)]
LOUD = [f"Loud {i}" for i in range(10)]
BURST = 60
"""Angry posts of one burst, within about four seconds."""
_ENCODE = msgspec.json.Encoder().encode


def measure(bootstrap: str, rate: float, seconds: float = 90.0) -> dict[str, Any]:
    """Return p50 and p99 in seconds at `rate` mentions a second, and how many bursts were answered."""
    with system(bootstrap, "latency", brands=HIT + LOUD, clock="replay", partitions=2) as made:
        _import(made)
        _set_clock(made, "live")
        went_live = int(time.time() * 1_000)
        worker = made.worker()
        worker.wait_ready(60)
        time.sleep(5)
        _talk(made, rate, seconds)
        time.sleep(10)
        assert worker.term() == 0
        found = _latencies(made, went_live)
    return {
        "mentions_per_second": rate,
        "bursts": len(HIT),
        "answered": len(found),
        "p50_seconds": round(statistics.median(found), 3),
        "p99_seconds": round(sorted(found)[min(len(found) - 1, int(0.99 * len(found)))], 3),
    }


def _import(made: System) -> None:
    now = int(time.time() * 1_000)
    chance = random.Random(3)
    past = sorted(
        (Mention("x", f"past{b}-{i}", from_ms(now - 90_000 - chance.randrange(44 * HOUR)), f"what a day with {brand} {i}",
                 brand=brand, author=Author(f"p{b}-{i}")) for b, brand in enumerate(HIT) for i in range(880)),
        key=lambda m: m.time,
    )  # fmt: skip
    items = list(plan((Record(m.key, _ENCODE(m), m.time) for m in past), tail=0))
    worker = made.worker()
    worker.wait_ready(60)
    made.publish(items)
    made.wait_done(items)
    assert worker.term() == 0


def _set_clock(made: System, clock: str) -> None:
    made.config.write_text(_ENCODE(msgspec.json.decode(made.config.read_bytes()) | {"clock": clock}).decode())


def _talk(made: System, rate: float, seconds: float) -> None:
    producer = Producer({"bootstrap.servers": made.settings.broker.bootstrap, "linger.ms": 5, "log_level": 0})
    topic = made.settings.topic_prefix + topics.MENTIONS.name
    talk, chance = Talk(LOUD), random.Random(4)
    bursts = sorted((5 + (seconds - 15) * b / len(HIT) + chance.random(), b) for b in range(len(HIT)))
    angry = sorted((at + i * 4 / BURST, b, i) for at, b in bursts for i in range(BURST))
    began, sent = time.monotonic(), 0
    while (now := time.monotonic() - began) < seconds:
        due = []
        while angry and angry[0][0] <= now:
            _, b, i = angry.pop(0)
            due.append(Mention("x", f"burst{b}-{i}", from_ms(int(time.time() * 1_000)), angry_text(b * 61 + i, HIT[b]),
                               brand=HIT[b], author=Author(f"angry{b}-{i}", followers=900)))  # fmt: skip
        for _ in range(int(now * rate) - sent):
            sent += 1
            due.append(talk.mention(int(time.time() * 1_000)))
        for mention in due:
            producer.produce(topic, _ENCODE(mention), mention.key)
        producer.poll(0)
        time.sleep(0.004)
    producer.flush()


def _latencies(made: System, went_live: int) -> list[float]:
    appended: dict[str, int] = {}
    for record in made.read(topics.ALERTS):
        if not record.key.startswith(b"#tick"):
            alert = msgspec.json.decode(record.value, type=Alert)
            appended.setdefault(alert.brand, record.timestamp)
    crossed = dict(_crossings(made, went_live))
    return [(appended[brand] - at) / 1_000 for brand, at in crossed.items() if brand in appended]


def _crossings(made: System, went_live: int) -> Iterator[tuple[str, int]]:
    """Yield each hit brand's name and the append time (epoch ms) of the mention that crossed its line."""
    # What others talk about decides nothing for the brands that are hit: only their mentions, and the ticks.
    records = sorted(
        filter(_concerns, made.read(topics.MENTIONS, 120)), key=lambda r: (r.timestamp, r.partition, r.offset)
    )
    begin = next(i for i, r in enumerate(records) if r.timestamp >= went_live)
    wanted, last = set(HIT), dict.fromkeys(HIT, 0)
    told: set[str] = set()
    made.settings.clock = "replay"
    model = wiring.load_model(made.settings)
    core = wiring.score_core(made.settings, model)
    watches = [wiring.watch_core(made.settings, q, model.version) for q in range(made.settings.partitions.scored)]
    progress, offsets = dict.fromkeys(range(made.settings.partitions.mentions), 0), [0] * len(watches)
    past: dict[int, list[Any]] = {p: [] for p in progress}
    for record in records[:begin]:
        past[record.partition].append(record)
    steps: list[tuple[int, list[Any]]] = [(p, part) for p, part in past.items() if part]
    steps += [(r.partition, [r]) for r in records[begin:]]
    for p, part in steps:
        made.settings.clock = "live" if part[0].timestamp >= went_live else "replay"
        what = decode(part[-1].key, part[-1].value)
        if isinstance(what, Mention) and what.brand in last:
            last[what.brand] = part[-1].timestamp
        for result in core.parts("latency", p, progress[p], part):
            progress[p] = result.progress
            for write in result.writes:
                q = write.partition or 0
                for effect in watches[q].apply(offsets[q], scored.decode(write.value or b"")):
                    if isinstance(effect, Alert) and effect.brand in wanted - told and last[effect.brand]:
                        told.add(effect.brand)
                        yield effect.brand, last[effect.brand]
                offsets[q] += 1


def _concerns(record: Any) -> bool:
    what = decode(record.key, record.value)
    return not isinstance(what, Mention) or what.brand in HIT
