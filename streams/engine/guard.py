"""The watchdog's shell: looks every second, asks the broker whether it is there, and ends a worker that stands still.

A task in the event loop looks. A thread looks at the loop, which may be what stands still, and makes sure that the end
comes: a stop that hangs is cut off.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams import metrics
from streams.engine.closing import close_within, within
from streams.engine.reader import consumer
from streams.engine.watchdog import Sight, Watchdog
from streams.settings import Settings

log = logging.getLogger(__name__)

EXIT_STALLED: Final = 75
"""Exit status of a worker that stood still (EX_TEMPFAIL of sysexits.h): a new one may fare better."""
LOOK_EVERY: Final = 1.0
"""Seconds."""
PROBES_WITHIN_LIMIT: Final = 4
"""So many questions to the broker fit into the time that something may stand still: one is answered before the end."""
LONGEST_PROBE: Final = 10.0
"""Seconds."""
STOP_WITHIN: Final = 12.0
"""Seconds from the verdict to the end, whatever hangs."""

Ends = Mapping[TopicPartition, int]


class StalledError(RuntimeError):
    """Something has work and does not get on."""


class Guard:
    """Watches one worker."""

    def __init__(
        self,
        settings: Settings,
        sights: Callable[[Ends], Iterable[Sight]],
        partitions: Callable[[], Iterable[TopicPartition]],
        refused: Callable[[], bool],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._settings = settings
        self._limit = settings.engine.watchdog_timeout
        self._sights, self._partitions, self._refused, self._fail = sights, partitions, refused, fail
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ends: Ends | None = {}
        """Ends of the partitions as the broker told them last; None while it does not answer."""
        self._beat = 0
        self._judged = threading.Event()
        """Set with the verdict."""
        self._over = threading.Event()
        """Set when the worker stops by itself, or has stopped."""

    async def watch(self) -> None:
        """Look until something stands still for too long; then stop the worker."""
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._watch_loop, name="watchdog", daemon=True).start()
        probe = asyncio.ensure_future(self._probe_forever())
        try:
            await self._look_forever()
        except asyncio.CancelledError:
            self.release()
            raise
        finally:
            probe.cancel()

    def release(self) -> None:
        """Watch no longer: the worker stops by itself."""
        self._over.set()

    async def _look_forever(self) -> None:
        dog = Watchdog()
        while True:
            before = time.monotonic()
            await asyncio.sleep(LOOK_EVERY)
            now = time.monotonic()
            self._beat += 1
            away = self._ends is None or self._refused()
            frozen = now - before > LOOK_EVERY + self._limit / PROBES_WITHIN_LIMIT
            stall = dog.look(now, self._sights(self._ends or {}), excused=away or frozen)
            metrics.BROKER_AWAY.set(away)
            metrics.STALLED.set(stall.seconds if stall else 0)
            if stall is not None and stall.seconds >= self._limit * stall.leash:
                self._judged.set()
                self._fail(StalledError(f"watchdog: {stall.what} for {stall.seconds:.0f} s though the broker answers"))
                return

    async def _probe_forever(self) -> None:
        every = self._limit / PROBES_WITHIN_LIMIT
        while True:
            await asyncio.sleep(every)
            self._ends = await self._probe(min(every, LONGEST_PROBE))

    async def _probe(self, seconds: float) -> Ends | None:
        client = consumer(self._settings)
        try:
            return await within(seconds, self._ask(client))
        except (KafkaError, OSError, TimeoutError) as error:
            log.info("watchdog: the broker does not answer (%r); waiting for it", error)
            return None
        except Exception:  # what nobody has foreseen excuses nothing, and must not end the looking
            log.exception("watchdog: the broker could not be asked")
            return {}
        finally:
            await close_within(1, client.stop(), "watchdog")

    async def _ask(self, client: AIOKafkaConsumer) -> Ends:
        await client.start()
        return dict(await client.end_offsets(list(self._partitions())))

    # --- the thread ------------------------------------------------------------------------------------------------

    def _watch_loop(self) -> None:
        dog = Watchdog()
        while not self._judged.is_set():
            before = time.monotonic()
            if self._over.wait(LOOK_EVERY):
                return
            now = time.monotonic()
            frozen = now - before > LOOK_EVERY + self._limit / PROBES_WITHIN_LIMIT
            sight = Sight("the event loop does not turn", True, self._beat)
            stall = dog.look(now, [sight], excused=frozen)
            if stall is not None and stall.seconds >= self._limit and self._loop is not None:
                log.critical("the worker stops: watchdog: %s for %.0f s", stall.what, stall.seconds)
                os._exit(EXIT_STALLED)
        if not self._over.wait(STOP_WITHIN):
            log.critical("watchdog: the worker does not stop; it is cut off")
            os._exit(EXIT_STALLED)
