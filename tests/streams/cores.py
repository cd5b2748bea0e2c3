"""Small cores for tests: the project's own, with a monitor that is one or two lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from detectors.text.model import TextModel
from schemas import scored
from schemas.mention import tick_record
from schemas.times import MINUTE, iso, parse_iso
from streams import wiring
from streams.engine.records import Read
from streams.score.core import ScoreCore, Scored
from streams.settings import BrandSettings, Settings
from streams.watch.core import WatchCore
from streams.watch.verdicts import Effect

T0 = parse_iso("2026-03-02T00:00:00Z")
_model: list[TextModel] = []


def model() -> TextModel:
    """The shipped model, loaded once."""
    if not _model:
        _model.append(TextModel.load())
    return _model[0]


def settings(*brands: str, partitions: int = 1, clock: str = "replay") -> Settings:
    made = Settings(clock=clock, brands=[BrandSettings(name) for name in brands])  # type: ignore[arg-type]
    made.partitions.mentions = made.partitions.scored = partitions
    return made


def score(made: Settings) -> ScoreCore:
    return wiring.score_core(made, model())


def watch(made: Settings, partition: int = 0) -> WatchCore:
    return wiring.watch_core(made, partition, "test")


def mention(number: int, at: int, text: str = "I hate this, it is broken", **more: Any) -> dict[str, Any]:
    return {
        "platform": "x", "id": str(number), "created_at": iso(at), "text": text, "brand": "Acme",
        "author": {"id": f"a{number}"}, **more,
    }  # fmt: skip


class Log:
    """A partition of `mentions` in memory."""

    def __init__(self) -> None:
        self.records: list[Read] = []

    def raw(self, key: bytes | None, value: bytes | None, at: int = T0) -> None:
        self.records.append(Read(len(self.records), at, key, value))

    def say(self, *mentions: dict[str, Any], at: int = T0) -> None:
        for one in mentions:
            self.raw(f"{one['platform']}:{one['id']}".encode(), json.dumps(one).encode(), at)

    def tick(self, at: int) -> None:
        self.raw(*tick_record(at), at)


def scored_log(
    core: ScoreCore, log: Log, cut: Sequence[int] = (), partition: int = 0, source: str = "topic"
) -> list[tuple[int, bytes]]:
    """Return the records of `scored` as (partition, value), with slices cut after the offsets in `cut`."""
    out: list[tuple[int, bytes]] = []
    progress = 0
    for part in _cut(log.records, cut):
        result: Scored = core.slice(source, partition, progress, part)
        progress = result.progress
        out += ((write.partition or 0, write.value or b"") for write in result.writes)
    return out


def _cut(records: Sequence[Read], cut: Sequence[int]) -> Iterable[Sequence[Read]]:
    begin = 0
    for end in [*sorted({c for c in cut if 0 < c < len(records)}), len(records)]:
        yield records[begin:end]
        begin = end


def apply(core: WatchCore, values: Iterable[bytes]) -> list[Effect]:
    effects: list[Effect] = []
    for offset, value in enumerate(values, core.applied + 1):
        effects += core.apply(offset, scored.decode(value))
    return effects


def day(log: Log, minutes: int, start: int = T0, each: int = 1, first: int = 0) -> int:
    """Say `each` ordinary things a minute for `minutes`, with a tick before each minute; return the next number."""
    number = first
    for minute in range(minutes):
        at = start + minute * MINUTE
        log.tick(at)
        for k in range(each):
            log.say(mention(number, at + 10_000 + k, text=f"what a day {number}"), at=at)
            number += 1
    return number
