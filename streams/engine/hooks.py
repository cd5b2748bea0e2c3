"""What an agent and the transport agree on: where partitions begin, what may be handed out, how far it has come.

Nothing here overrides anything of Faust's: that is `streams.engine.transport`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from faust.types import TP

Positions = Mapping[TP, int]


class PositionError(RuntimeError):
    """A slice does not begin where the last one ended: records would be lost."""


class GivenUpError(asyncio.CancelledError):
    """The application stops and has said why: nobody need say it again."""


class Pulse:
    """Counts the slices of a Faust app, for the watchdog: those handed out, and those that the agent is done with."""

    def __init__(self) -> None:
        self.handed = 0
        self.done = 0
        self.seeks = 0
        """Seeks so far: what was fetched or handed out before the last one comes again."""
        self.idle = asyncio.Event()
        """Set while the agent has no slice in its hands."""
        self.idle.set()


class Hooks:
    """What the application decides; one object a Faust app, handed to the transport by `create_app`."""

    def __init__(self) -> None:
        self.assigned: Callable[[set[TP]], Awaitable[Positions]] | None = None
        """Prepares the assigned partitions and says where to begin; a partition left out begins as committed."""
        self.revoked: Callable[[set[TP]], Awaitable[None]] | None = None
        """Lets go of all partitions; called after the flow has stopped."""
        self.committable: Callable[[TP], int | None] | None = None
        """The offset to commit for a partition, or None for nothing new; without it, what was handed out."""
        self.allowed: Callable[[TP, Sequence[Any]], bool] | None = None
        """Whether these records, the next ones of a partition, may be handed out now; asked again until they may."""
        self.anew = False
        """Set to have `assigned` asked again, as after a rebalance."""
        self.steps = 0
        """Goes up while `assigned` gets on: the watchdog lets a long recovery take its time."""


def slices(stream: Any) -> AsyncIterator[tuple[TP, list[Any]]]:
    """Yield (partition, records) from an agent's stream."""
    pulse: Pulse = stream.app.tocsin_pulse

    async def iterate() -> AsyncIterator[tuple[TP, list[Any]]]:
        async for event in stream.events():
            seeks, records = event.message.value
            if seeks != pulse.seeks:
                continue  # it comes again from the new position, if it is still ours
            pulse.idle.clear()
            yield TP(event.message.topic, event.message.partition), records
            pulse.idle.set()
            pulse.done = min(pulse.done + 1, pulse.handed)  # one taken before a rebalance is counted no more
            await asyncio.sleep(0)

    return iterate()
