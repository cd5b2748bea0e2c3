"""Asking and closing a client without being taken along by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


async def close_within(seconds: float, stop: Coroutine[Any, Any, None], what: str) -> None:
    """Run `stop` for at most `seconds`; what it raises is logged.

    In a task of its own: with the broker away aiokafka's `stop` may let a CancelledError out that nobody asked for, and
    the caller's task would end by it without a word.
    """
    task = asyncio.ensure_future(stop)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        log.info("%s: not closed within %g s", what, seconds)
    elif task.cancelled():
        log.info("%s: cancelled while closing", what)
    elif task.exception() is not None:
        log.info("%s: not closed cleanly: %r", what, task.exception())


async def within(seconds: float, call: Coroutine[Any, Any, T]) -> T:
    """Return what `call` returns; raises TimeoutError where it does not end within `seconds`, or ends as cancelled.

    With the broker away aiokafka awaits tasks that it has cancelled itself, and their CancelledError comes out of its
    methods: awaited directly, it would end the caller's task without a word.
    """
    task = asyncio.ensure_future(call)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        finished = task.done()
        task.cancel()
    if not finished or task.cancelled():
        raise TimeoutError("no answer")
    return task.result()


def asked_to_end() -> bool:
    """Return whether somebody has cancelled the current task: a CancelledError in it is else a client's (see `within`)."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
