"""A worker that is told to stop while it writes a checkpoint: the last one holds what that one did not bring home."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any

import pytest

from schemas import topics
from streams.engine.records import Write
from tests.model.world import P, Worker, World, run
from tests.streams.cores import mention


def say_for(world: World, minutes: int, first: int) -> None:
    for minute in range(minutes):
        for k in range(4):
            number = first + 4 * minute + k
            key = f"x:{number}".encode()
            value = json.dumps(mention(number, world.now, brand="Acme")).encode()
            world.memory.append(Write(topics.MENTIONS.name, key, value, zlib.crc32(key) % P))
        world.tick(60)


def take_all(worker: Worker) -> None:
    async def polls() -> None:
        for _ in range(50):
            for tp in sorted(worker.positions):
                await worker.poll(tp, 50)

    run(polls())


def state_of(worker: Worker) -> dict[Any, Any]:
    return {
        (owned.partition, name): (brand.tally.applied, brand.closed, brand.monitor.dump())
        for owned in worker.watch._owned.values()
        for name, brand in owned.core.brands.items()
    }


async def checkpoint_cancelled(worker: Worker) -> None:
    """Begin a checkpoint while the broker is away, and cancel it as a stop does."""
    began, real = asyncio.Event(), worker.producer.send

    async def never(_writes: Any) -> None:
        began.set()
        await asyncio.Event().wait()

    worker.producer.send = never  # type: ignore[method-assign,assignment]
    task = asyncio.ensure_future(worker.checkpoint())
    await began.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    worker.producer.send = real  # type: ignore[method-assign]


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_stop_in_the_middle_of_a_checkpoint_loses_nothing(cancelled: bool):
    world = World()
    worker = world.workers[0]
    world.tick(1)
    say_for(world, 5, 1)
    take_all(worker)
    run(worker.checkpoint())
    say_for(world, 7, 1_001)
    take_all(worker)
    if cancelled:
        run(checkpoint_cancelled(worker))
    had = state_of(worker)
    run(worker.watch.stop())
    worker.commit()
    world.workers.remove(worker)
    world.workers.append(Worker(world))
    world.rebalance()
    take_all(world.workers[0])
    assert state_of(world.workers[0]) == had
    assert sum(applied for applied, _, _ in had.values()) == 48
