"""A worker in a thread of the test's own process: for tests that need no process of its own, which takes seconds."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

from streams.app import assemble
from streams.worker import serve
from tests.system.harness import System


class Inside:
    """Runs `agents` of `system` until `term`, or until it ends by itself; `end` holds its status or its error."""

    def __init__(self, system: System, agents: list[str], *, accept_gap: bool = False) -> None:
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self.end: Future[int] = Future()
        self._work = (system.settings, agents, accept_gap)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        async def work() -> int:
            settings, agents, accept_gap = self._work
            assembly = await assemble(settings, agents, accept_gap=accept_gap)
            try:
                return await serve(assembly, self._stop)
            finally:
                assembly.guard.release()

        asyncio.set_event_loop(self._loop)
        try:
            self.end.set_result(self._loop.run_until_complete(work()))
        except BaseException as error:  # noqa: BLE001 - it is the outcome
            self.end.set_exception(error)

    @property
    def running(self) -> bool:
        return not self.end.done()

    def term(self) -> int:
        """Stop it; return its status, or raise what ended it before."""
        if self.running:
            self._loop.call_soon_threadsafe(self._stop.set)
        return self.end.result(20)

    def close(self) -> None:
        """Stop it, whatever the outcome."""
        if self.running:
            self._loop.call_soon_threadsafe(self._stop.set)
        self.end.exception(20)
