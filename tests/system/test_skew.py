"""One partition with a day of backlog, the other slow: the first waits in Kafka, and the alerts are the oracle's."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY

from deploy.broker import KafkaBroker
from schemas import scored, topics
from schemas.mention import Mention, Tick, tick_record
from schemas.times import MINUTE
from streams import backtest
from streams.engine.producer import Producer
from streams.engine.records import Write
from streams.engine.skew import MOST_AHEAD
from streams.replay_plan import Item, plan, records_of
from tests.streams import cores
from tests.streams.angry import angry_text
from tests.streams.cores import T0
from tests.system.harness import System, onsets
from tests.system.inside import Inside

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

QUIET = 24 * 60
SLOW = 1
"""The partition that comes slowly."""


def story() -> list[Item]:
    """A quiet day, twenty minutes of a crisis, and two hours."""
    said: list[dict[str, object]] = []
    for minute in range(QUIET + 140):
        crisis = QUIET <= minute < QUIET + 20
        for k in range(6 * min(minute - QUIET, 8) if crisis else minute % 2):
            text = angry_text(len(said)) if crisis else f"what a day {len(said)}"
            said.append(cores.mention(len(said), T0 + minute * MINUTE + 1_000 * k, text=text))
    return list(plan(records_of(msgspec.convert(one, Mention) for one in said)))


def parted(items: Sequence[Item]) -> tuple[list[Write], list[Write]]:
    """Return what goes to the partition with the backlog, and to the slow one: all ticks and every fifth mention."""
    out: tuple[list[Write], list[Write]] = ([], [])
    for number, item in enumerate(items):
        if isinstance(item, Tick):
            for partition, log in enumerate(out):
                log.append(Write(topics.MENTIONS.name, *tick_record(item.at), partition))
        else:
            partition = SLOW if number % 5 == 0 else 1 - SLOW
            out[partition].append(Write(topics.MENTIONS.name, item.key, item.value, partition))
    return out


@contextlib.contextmanager
def feeding(system: System, fast: list[Write], slow: list[Write], seconds: float) -> Iterator[None]:
    """Append `fast` at once, and then `slow` within `seconds`."""
    ready = threading.Event()

    async def feed() -> None:
        producer = Producer(system.settings)
        await producer.start()
        try:
            await producer.send(fast)
            ready.set()
            for begin in range(0, len(slow), part := len(slow) // 40):
                await producer.send(slow[begin : begin + part])
                await asyncio.sleep(seconds / 40)
        finally:
            await producer.stop()

    thread = threading.Thread(target=lambda: asyncio.run(feed()))
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        thread.join()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_partition_far_ahead_waits_and_the_alerts_are_the_oracles(kafka: KafkaBroker, tmp_path: Path, workers: int):
    """Given one worker with both partitions, and two with one each, who tell each other by what they commit."""
    system = System(kafka.bootstrap, tmp_path, name=f"s{random.getrandbits(32):x}", brands=["Acme"],
                    extra={"web": {"port": 0}})  # fmt: skip
    items = story()
    outcome, _ = backtest.run(items, cores.settings("Acme"))
    expected = onsets(outcome.alerts)
    assert any(severity >= "L3" for *_, severity, _ in expected.values())
    running = [Inside(system, ["score", "watch"]) for _ in range(workers)]
    try:
        time.sleep(6 if workers == 2 else 0)  # until both are in the group
        with feeding(system, *parted(items), seconds=6):
            labels = {"topic": f"{system.settings.topic_prefix}mentions", "partition": str(1 - SLOW)}
            system.wait(lambda: REGISTRY.get_sample_value("tocsin_partition_waits", labels) == 1)
        tally = system.wait_done(items, 60)
        assert onsets(system.alerts()) == expected
        assert (tally.applied, tally.late, tally.duplicate) == (outcome.tally.applied, 0, 0)
        assert 0 < most_ahead(system) <= system.settings.engine.max_poll_records, "one slice"
    finally:
        for worker in running:
            worker.close()
        system.close()


def most_ahead(system: System) -> int:
    """Return how many records, at most, of the partition with the backlog stood on `scored` behind a tick that was more than
    ten minutes ahead of the slow one's progress."""
    worst = 0
    log = [record for record in system.read(topics.SCORED) if record.partition == 0]
    progress = {0: 0, 1: 0}
    ticks: list[tuple[int, int]] = []
    for record in log:
        batch = scored.decode(record.value)
        if batch.ticks:
            progress[batch.partition] = batch.ticks[-1][1]
        if batch.partition != SLOW:
            ticks += batch.ticks
        ahead = [offset for offset, at in ticks if at > progress[SLOW] + MOST_AHEAD]
        if progress[SLOW] and ahead:
            worst = max(worst, ticks[-1][0] - ahead[0])
    return worst
