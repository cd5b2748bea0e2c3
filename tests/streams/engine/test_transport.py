"""The ways in which records were lost under kills, each held by a test that fails without its override."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from aiokafka import ConsumerRecord
from faust.types import TP

from streams.engine.faust_app import create_app
from streams.engine.hooks import Hooks, Positions
from streams.engine.transport import SliceConsumer
from streams.settings import Settings

TP0 = TP("mentions", 0)


class Thread:
    """Stands for Faust's consumer thread: a fetch that ends when it is told to, and the seeks that it saw."""

    def __init__(self) -> None:
        self.fetched: asyncio.Future[dict[TP, list[Any]]] = asyncio.get_running_loop().create_future()
        self.seeks: list[Positions] = []

    async def getmany(self, active: Any, timeout: float) -> dict[TP, list[Any]]:
        return await self.fetched

    async def seek_wait(self, positions: Positions) -> None:
        self.seeks.append(positions)

    def assignment(self) -> set[TP]:
        return {TP0}

    def highwater(self, tp: TP) -> int:
        return 8


def a_consumer(thread: Thread, asked: list[set[TP]]) -> SliceConsumer:
    hooks = Hooks()

    async def assigned(tps: set[TP]) -> Positions:
        asked.append(tps)
        return {TP0: 7}

    hooks.assigned = assigned
    app = create_app(Settings(), "test", hooks)
    transport: Any = app.transport
    consumer: Any = transport.create_consumer(callback=print, on_partitions_revoked=None, on_partitions_assigned=None)
    assert isinstance(consumer, SliceConsumer)
    consumer._thread = thread  # type: ignore[assignment]
    return consumer


def test_a_seek_waits_for_the_fetch_that_a_rebalance_overtook():
    """Otherwise the fetch takes the first records after the seek, and, as the flow is stopped, drops them."""

    async def story() -> None:
        thread = Thread()
        asked: list[set[TP]] = []
        consumer = a_consumer(thread, asked)
        fetch = asyncio.ensure_future(consumer._getmany({TP0}, 1.0))
        await asyncio.sleep(0.01)
        consumer.stop_flow()
        seek = asyncio.ensure_future(consumer.seek_to_committed())
        await asyncio.sleep(0.05)
        assert asked == [] and thread.seeks == []
        thread.fetched.set_result({})
        await asyncio.wait_for(asyncio.gather(fetch, seek), 1)
        assert asked == [{TP0}] and thread.seeks == [{TP0: 7}]

    asyncio.run(story())


def test_a_stopped_flow_begins_no_fetch():
    async def story() -> None:
        thread = Thread()
        consumer = a_consumer(thread, [])
        consumer.stop_flow()
        assert await asyncio.wait_for(consumer._getmany({TP0}, 1.0), 1) == {}

    asyncio.run(story())


def test_what_is_fetched_first_after_a_rebalance_is_handed_out():
    """Its wait for records began before the rebalance: that must not make it a fetch of before."""

    async def story() -> None:
        thread = Thread()
        consumer = a_consumer(thread, [])
        consumer.stop_flow()
        record = ConsumerRecord("mentions", 0, 7, 0, 0, None, b"said", None, 0, 4, ())
        handed = asyncio.ensure_future(anext(consumer.getmany(1.0)))
        await asyncio.sleep(0.01)
        consumer.resume_partitions({TP0})
        await consumer.seek_to_committed()
        consumer.resume_flow()
        thread.fetched.set_result({TP0: [record]})
        tp, message = await asyncio.wait_for(handed, 1)
        handed_out: Any = message.value
        assert (tp, message.offset, handed_out) == (TP0, 7, (1, [record]))

    asyncio.run(story())


def test_faust_notes_no_read_offset_by_which_it_would_drop_slices_that_come_again():
    async def story() -> None:
        consumer = a_consumer(Thread(), [])
        consumer._read_offset[TP0] = 2_253
        assert consumer._read_offset[TP0] is None

    asyncio.run(story())


def test_a_slice_that_was_handed_out_is_not_handed_out_again_after_a_seek_that_a_fetch_overtook():
    async def story() -> None:
        consumer = a_consumer(Thread(), [])
        consumer._next[TP0] = 5
        records = [SimpleNamespace(offset=offset) for offset in range(3, 8)]
        assert [r.offset for r in consumer._fresh(TP0, records)] == [5, 6, 7]

    asyncio.run(story())
