"""Closing a client without being taken along by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

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
