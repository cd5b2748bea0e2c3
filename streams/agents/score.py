"""The agent `score`: slices of `mentions` in, batches on `scored` and dead letters out."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from faust.types import TP

from schemas import topics
from schemas.mention import tick_record
from streams import metrics
from streams.agents.context import Context
from streams.engine.records import Write
from streams.engine.transport import Hooks, Positions, slices
from streams.score.core import ScoreCore, Scored


class ScoreAgent:
    """The shell round `ScoreCore`."""

    def __init__(self, context: Context, core: ScoreCore) -> None:
        self._context = context
        self._core = core
        self._progress: dict[TP, int] = {}
        self._ticks: dict[TP, int] = {}
        self._owned: set[int] = set()
        self._epoch = 0
        """Counts assignments: what was begun before the last one must not touch what came after it."""
        self.hooks = Hooks()
        self.hooks.assigned = self._assigned
        self.hooks.revoked = self._revoked
        # Committed only at a tick: a restart then reads its partition's progress before anything else.
        self.hooks.committable = self._ticks.get

    @property
    def owns_first(self) -> bool:
        """Whether the first partition is this worker's: a duty that one worker has is theirs who has it."""
        return 0 in self._owned

    async def _assigned(self, tps: set[TP]) -> Positions:
        self._epoch += 1
        self._progress.clear()
        self._ticks.clear()
        self._owned = {tp.partition for tp in tps}
        return {}

    async def _revoked(self, _tps: set[TP]) -> None:
        self._owned = set()

    async def run(self, stream: Any) -> None:
        """Score slice after slice; a slice's records are acknowledged before the next one is taken."""
        try:
            async for tp, records in slices(stream):
                await self._slice(tp, records)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._context.fail(error)
            raise

    async def _slice(self, tp: TP, records: list[Any]) -> None:
        began, epoch = time.perf_counter(), self._epoch
        for result in self._core.parts(self._context.source, tp.partition, self._progress.get(tp, 0), records):
            metrics.SCORE_SECONDS.observe(time.perf_counter() - began)
            await self._context.producer.send(result.dead + result.forgotten + result.writes)
            if epoch != self._epoch:
                return
            self._progress[tp] = result.progress
            if result.tick_offset is not None:
                self._ticks[tp] = result.tick_offset
            self._show(result)
            began = time.perf_counter()

    def _show(self, result: Scored) -> None:
        for outcome, count in result.outcomes.items():
            metrics.SCORED_INPUTS.labels(outcome).inc(count)
        for language, count in result.languages.items():
            metrics.LANGUAGES.labels(language).inc(count)
        for write in result.dead:
            metrics.DEAD.labels(dict(write.headers)["reason"].decode()).inc()
        metrics.LATE.inc(result.late)

    async def tick(self) -> None:
        """On a live clock, put the time into every partition that is ours, every second."""
        while True:
            await asyncio.sleep(self._context.settings.engine.tick_interval)
            # The value is for people: what counts is when the broker appended it.
            key, value = tick_record(int(time.time() * 1_000))
            writes = [Write(topics.MENTIONS.name, key, value, partition) for partition in sorted(self._owned)]
            if writes:
                await self._context.producer.send(writes)
