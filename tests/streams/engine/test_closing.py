"""What a client may do to its caller: take for ever, let out a CancelledError, fail."""

from __future__ import annotations

import asyncio

import pytest

from streams.engine.closing import asked_to_end, within


async def cancels_itself() -> None:
    task = asyncio.ensure_future(asyncio.sleep(10))
    asyncio.get_running_loop().call_soon(task.cancel)
    await task


async def fails() -> None:
    raise OSError("gone")


def test_an_answer_is_returned_and_a_failure_is_raised():
    async def answers() -> int:
        return 7

    assert asyncio.run(within(1, answers())) == 7
    with pytest.raises(OSError, match="gone"):
        asyncio.run(within(1, fails()))


def test_no_answer_and_a_cancellation_that_nobody_asked_for_are_no_answer_in_time():
    with pytest.raises(TimeoutError):
        asyncio.run(within(0.05, asyncio.sleep(10)))
    with pytest.raises(TimeoutError):
        asyncio.run(within(1, cancels_itself()))


def test_who_is_cancelled_ends_and_takes_the_call_along():
    ended: list[bool] = []

    async def call() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ended.append(True)

    async def run() -> None:
        task = asyncio.ensure_future(within(10, call()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    asyncio.run(run())
    assert ended == [True]


def test_a_task_knows_whether_it_was_asked_to_end():
    told: list[bool] = []

    async def notes(call: object) -> None:
        try:
            await (asyncio.sleep(10) if call is None else cancels_itself())
        except asyncio.CancelledError:
            told.append(asked_to_end())

    async def run() -> None:
        task = asyncio.ensure_future(notes(None))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await notes("its client's")

    asyncio.run(run())
    assert told == [True, False]
