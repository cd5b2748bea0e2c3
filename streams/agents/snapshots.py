"""Where the notifier's snapshots come from and go to: the topic `journal-snapshots`."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from schemas import topics
from streams import metrics
from streams.agents.context import Context
from streams.engine.reader import read_to_end
from streams.engine.records import Write
from streams.incidents import snapshots
from streams.incidents.state import NotifyState
from streams.topics_admin import source_id

log = logging.getLogger(__name__)

EVERY: Final = 5_000
"""Records of the journal from one snapshot to the next: about a second of folding for who comes after."""
ON_STOP: Final = 500
"""Records that make a snapshot worth while when the notifier stops."""
STOP_WITHIN: Final = 3.0
"""Seconds that it then may take."""


class Snapshots:
    """Finds the furthest snapshot and writes the next ones, beside the fold and never in its way."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: set[bytes] = set()
        self._journal = ""
        self._number = 0
        self._size = 0
        self._position = 0
        self._read = 0
        """Bytes of the journal since the last snapshot."""
        self._writing: asyncio.Task[None] | None = None

    async def find(self, end: int) -> snapshots.Found | None:
        """Return the furthest snapshot of a journal that ends at `end`, or None: read all of the journal then."""
        settings = self._context.settings
        self._journal = await source_id(settings, topics.JOURNAL)
        records: dict[bytes, bytes] = {}
        async for batch in read_to_end(settings, topics.SNAPSHOTS.name, 0):
            for record in batch:
                if record.value is None:
                    records.pop(record.key, None)
                else:
                    records[record.key] = record.value
        self._known = set(records)
        found = snapshots.choose(
            records, self._journal, end, replay=settings.replay, partitions=settings.partitions.scored
        )
        if found is not None:
            self._position, self._size, self._read = found.position, found.size, 0
            metrics.SNAPSHOT.set(found.position)
        return found

    def passed(self, size: int) -> None:
        """Count a record of the journal that was folded."""
        self._read += size

    def due(self, position: int) -> bool:
        """Tell whether the next one is due: by count, and no larger than what it saves reading."""
        return position - self._position >= EVERY and self._read >= self._size and self._writing is None

    def begin(self, state: NotifyState, position: int, owner: str) -> None:
        """Take the state as it is now, and write it beside what goes on."""
        began = time.perf_counter()
        try:
            packed = snapshots.pack(state)
        except (OverflowError, ValueError, TypeError):  # it is a short cut: the journal holds all of it
            log.exception("notify: the state at %d cannot be packed; no snapshot of it", position)
            self._position, self._read = position, 0
            return
        log.debug("notify: state of %d bytes taken in %.3f s", len(packed), time.perf_counter() - began)
        self._number += 1
        self._position, self._read = position, 0
        self._writing = asyncio.create_task(self._write(packed, position, owner, self._number))

    async def _write(self, packed: bytes, position: int, owner: str, number: int) -> None:
        try:
            records = await asyncio.to_thread(snapshots.parts, packed, self._journal, position, owner, number)
            # In one after the other: the last part makes it whole, and only then what it replaces is removed.
            for key, value in records:
                await self._context.producer.send([Write(topics.SNAPSHOTS.name, key, value, 0)])
            old = snapshots.tombstones(self._known, (key for key, _ in records))
            await self._context.producer.send([Write(topics.SNAPSHOTS.name, key, None, 0) for key in old])
            self._known = {key for key, _ in records}
            self._size = sum(len(value) for _, value in records)
            metrics.SNAPSHOT.set(position)
            log.info("notify: snapshot of the journal at %d, %d kB", position, self._size // 1_000)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - what cannot be written stops the worker
            self._context.fail(error)
        finally:
            self._writing = None

    async def stop(self, state: NotifyState, position: int, owner: str) -> None:
        """Finish what is under way, and leave a last one to the next notifier where it is worth while."""
        if self._writing is None and owner and position - self._position >= ON_STOP:
            self.begin(state, position, owner)
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=STOP_WITHIN)
        if self._writing is not None:
            self._writing.cancel()
