"""Runs the agents in one process until a signal or a failure ends it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from streams import wiring
from streams.agents import AGENTS
from streams.app import Assembly, assemble
from streams.engine.closing import close_within
from streams.engine.guard import EXIT_STALLED, StalledError
from streams.engine.transport import check_versions
from streams.errors import UserError
from streams.settings import Settings
from streams.topics_admin import wait_for_topics
from streams.web.guard import check_access
from streams.web.server import WebServer, check_address

log = logging.getLogger(__name__)

STOP_WITHIN: Final = 9.0
"""Seconds from SIGTERM to the end, with slices in flight."""
LEAVE_WITHIN: Final = 0.5
"""Seconds from there to the end of the process."""
EXIT_FAILED: Final = 70
"""Exit status after something unexpected (EX_SOFTWARE of sysexits.h)."""


async def run(
    settings: Settings,
    agents: Sequence[str] = AGENTS,
    *,
    accept_gap: bool = False,
    handle_signals: bool = True,
    leave_for_sure: bool = False,
) -> int:
    """Run `agents` until SIGTERM or SIGINT (returns 0) or a failure (EXIT_FAILED, EXIT_STALLED); raises UserError.

    With `leave_for_sure` the process ends a moment after the return, whatever may still run in it.
    """
    check_versions()  # what no broker is needed for is told before one is waited for
    check_access(settings.web)
    check_address(settings.web)
    judge = wiring.load_judge(settings)
    stop = asyncio.Event()
    if handle_signals:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
    await _until(stop, wait_for_topics(settings))
    if stop.is_set():
        return 0
    assembly = await assemble(settings, agents, accept_gap=accept_gap, judge=judge)
    calm_collector()
    status = await serve(assembly, stop)
    if leave_for_sure:  # a task that takes no cancelling, or a thread, must not keep the process
        leaving = threading.Timer(LEAVE_WITHIN, os._exit, (status,))
        leaving.daemon = True
        leaving.start()
    return status


def calm_collector() -> None:
    """Have the cyclic garbage collector look rarely, and never again at what is there now (models, code, tables).

    A slice is thousands of objects that live as long as the slice; the default of one look every 700 new objects cost an
    eighth of all CPU time in `score` and half of it in `watch`.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    ended = asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if task.done():
        task.result()
    else:
        task.cancel()


async def serve(assembly: Assembly, stop: asyncio.Event) -> int:
    """Run an assembly until `stop` is set or it fails."""
    web = WebServer(assembly)
    if assembly.notify is not None:
        assembly.notify.minutes = web.minutes
    failed: asyncio.Future[Any] = assembly.context.failed
    stopped: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
    starting: asyncio.Future[Any] = asyncio.ensure_future(_start(assembly, web))
    try:
        await asyncio.wait({starting, stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
        error = failed.exception() if failed.done() else None
        if isinstance(error, UserError):
            raise error
        if isinstance(error, StalledError):
            return EXIT_STALLED
        return EXIT_FAILED if error is not None else 0
    finally:
        stopped.cancel()
        starting.cancel()
        await close_within(STOP_WITHIN, _stop(assembly, web), "worker")


async def _start(assembly: Assembly, web: WebServer) -> None:
    await assembly.start()
    await web.start()
    print(f"tocsin worker: {', '.join(assembly.names)} · page and metrics at {web.url}", flush=True)  # noqa: T201


async def _stop(assembly: Assembly, web: WebServer) -> None:
    await assembly.stop()
    await web.stop()
