"""Brands come and go while two workers run: no restart, and both decide the same."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from deploy.broker import KafkaBroker
from schemas import scored, topics
from schemas.scored import home_of
from schemas.times import SECOND, iso
from streams.brands.follow import BrandsFollower
from streams.brands.registry import GRACE, Registry
from streams.cli import main
from tests.system.harness import System

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


@pytest.fixture
def live(kafka: KafkaBroker, tmp_path: Path) -> Iterator[System]:
    made = System(kafka.bootstrap, tmp_path, name=f"w{random.getrandbits(32):x}", brands=["Acme"], clock="live")
    yield made
    made.close()


def say(system: System, numbers: range) -> None:
    producer = KafkaProducer(bootstrap_servers=system.settings.broker.bootstrap)
    for number in numbers:
        value = {
            "platform": "x", "id": str(number), "created_at": iso(int(time.time()) * SECOND), "text": f"a tart, please {number}",
            "author": {"id": f"a{number}"},
        }  # fmt: skip
        producer.send(f"{system.settings.topic_prefix}mentions", json.dumps(value).encode(), f"x:{number}".encode())
    producer.flush()
    producer.close()


def outcomes(system: System) -> dict[str, int]:
    """What became of the input offsets that hold mentions, and the ids of the rows of Tart."""
    found = {"scored": 0, "unmatched": 0}
    for record in system.read(topics.SCORED):
        batch = scored.decode(record.value)
        if record.partition == home_of(batch.partition, system.settings.partitions.scored):
            found["scored"] += batch.outcomes.count(scored.SCORED)
            found["unmatched"] += batch.outcomes.count(scored.UNMATCHED)
    return found


def test_a_brand_joins_and_leaves_without_a_restart(live: System):
    """Given workers that watch Acme alone, when Tart is added, then its mentions count within seconds; removed, no longer."""
    live.worker().wait_ready()
    live.worker("--agents", "score").wait_ready()
    time.sleep(3)
    say(live, range(10))
    live.wait(lambda: outcomes(live) == {"scored": 0, "unmatched": 10})
    assert main(["brands", "add", "Tart", "--words", "tart", "--config", str(live.config)]) == 0
    time.sleep(GRACE / SECOND + 3)
    say(live, range(10, 30))
    live.wait(lambda: outcomes(live) == {"scored": 20, "unmatched": 10})
    assert main(["brands", "remove", "Tart", "--config", str(live.config)]) == 0
    time.sleep(GRACE / SECOND + 3)
    say(live, range(30, 40))
    live.wait(lambda: outcomes(live) == {"scored": 20, "unmatched": 20})
    assert all(worker.running for worker in live.workers)


def test_a_slice_waits_until_entries_are_read_that_were_stored_while_the_worker_was_frozen(
    live: System, monkeypatch: pytest.MonkeyPatch
):
    """Given a follower that has not looked for longer than it may, when a slice comes, then it waits for a whole look."""
    monkeypatch.setattr("streams.brands.follow.FRESH", 1.0)
    known = Registry(live.settings.brands)
    follower = BrandsFollower(live.settings, known)

    async def story() -> None:
        await follower.read()
        await asyncio.wait_for(follower.fresh(), 0.5)
        assert await asyncio.to_thread(main, ["brands", "add", "Tart", "--config", str(live.config)]) == 0
        await asyncio.sleep(1.2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(follower.fresh(), 0.5)
        assert not known.taken(0)
        following = asyncio.create_task(follower.follow())
        await asyncio.wait_for(follower.fresh(), 10)
        assert [name for _, name in known.taken(0)] == ["Tart"]
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following

    asyncio.run(story())
