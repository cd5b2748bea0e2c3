"""What the three agents share in one process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NoReturn

from streams.engine.guard import StalledError
from streams.engine.hooks import GivenUpError
from streams.engine.producer import Producer
from streams.engine.watchdog import Doings
from streams.errors import UserError
from streams.settings import Settings

log = logging.getLogger(__name__)

Known = Callable[[], Awaitable[None]]
"""Returns when what is needed from a topic that is followed beside the agents has been read."""


async def nothing_to_know() -> None:
    """Return at once: where the watch list is the configuration's alone."""


@dataclass(slots=True)
class Context:
    """Settings, the producer, and the way out when something unexpected happens."""

    settings: Settings
    producer: Producer
    doings: Doings = field(default_factory=Doings)
    """What is under way and must end, for the watchdog."""
    failed: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def fail(self, error: BaseException) -> None:
        """Stop the whole worker: what cannot be decided safely is not skipped."""
        if isinstance(error, StalledError):
            log.critical("the worker stops: %s", error)
        elif not isinstance(error, UserError):  # which the command line tells, in one line
            log.critical("the worker stops: %r", error, exc_info=error)
        if not self.failed.done():
            self.failed.set_exception(error)

    def give_up(self, error: UserError) -> NoReturn:
        """Stop the whole worker from inside Faust, which would add a traceback to what is told in one line."""
        self.fail(error)
        raise GivenUpError
