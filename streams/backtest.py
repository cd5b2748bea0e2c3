"""The same cores over files, without Kafka: one partition of each topic, in memory.

What the live worker would have said of the same mentions: alert ids, final severities and resolutions are the same,
since every core is a function of rows and ticks, and the replay's plan gives both.
"""

from __future__ import annotations

import copy
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from detectors.hindsight import Watched
from detectors.look import Usual
from schemas import scored, topics
from schemas.events import Alert, AlertTick, Incident, Notification, Signal, Window
from schemas.journal import Delivered, JournalEntry, Leader, Took
from schemas.mention import Tick, tick_record
from streams import wiring
from streams.engine.records import Read, Write
from streams.incidents.effects import Deliver, Publish, Record
from streams.incidents.fold import fold
from streams.incidents.state import NotifyState
from streams.policy.model import Policy
from streams.replay_plan import Item
from streams.settings import Settings
from streams.watch.core import WatchCore
from streams.watch.state import Tally
from streams.watch.verdicts import Effect

SLICE = 2_000
"""Records scored together."""


@dataclass(slots=True)
class Outcome:
    """What a backtest found."""

    alerts: list[Alert] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    notifications: list[Notification] = field(default_factory=list)
    dead: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)
    usual: dict[str, list[Usual]] = field(default_factory=dict)
    """What was expected of each brand, minute by minute."""


def run(
    items: Iterable[Item], settings: Settings, *, progress: Callable[[int], None] | None = None
) -> tuple[Outcome, list[Alert | AlertTick]]:
    """Score and watch `items` (a replay's plan); return the outcome so far and what `notify` would have read."""
    settings.clock = "replay"
    model = wiring.load_model(settings)
    core = wiring.score_core(settings, model, scored_partitions=1)
    watch = wiring.watch_core(settings, 0, model.version, sources=1, monitor=Watched)
    outcome = Outcome()
    feed: list[Alert | AlertTick] = []
    last = 0
    for number, records in enumerate(_slices(items)):
        result = core.slice("backtest", 0, last, records)
        last = result.progress
        for write in result.dead:
            outcome.dead[dict(write.headers)["reason"].decode()] += 1
        for write in result.writes:
            for effect in _apply(watch, number, write):
                _take(effect, outcome, feed)
        if progress:
            progress(len(records))
    outcome.tally = watch.tally()
    monitors = ((name, brand.monitor) for name, brand in watch.brands.items())
    outcome.usual = {name: monitor.usual for name, monitor in monitors if isinstance(monitor, Watched)}
    return outcome, feed


def _apply(watch: WatchCore, number: int, write: Write) -> list[Effect]:
    return watch.apply(number, scored.decode(write.value or b""))


def _take(effect: Effect, outcome: Outcome, feed: list[Alert | AlertTick]) -> None:
    if isinstance(effect, Window):
        outcome.windows.append(effect)
    elif isinstance(effect, Signal):
        outcome.signals.append(effect)
    else:
        feed.append(effect)
        if isinstance(effect, Alert):
            effect.emitted_at = effect.detected_at
            outcome.alerts.append(effect)


def _slices(items: Iterable[Item]) -> Iterator[list[Read]]:
    waiting: list[Read] = []
    for offset, item in enumerate(items):
        if isinstance(item, Tick):
            waiting.append(Read(offset, item.at, *tick_record(item.at)))
        else:
            waiting.append(Read(offset, item.time, item.key, item.value))
        if len(waiting) >= SLICE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def notify(feed: Iterable[Alert | AlertTick], policy: Policy, outcome: Outcome, partitions: int = 1) -> None:
    """Page by `policy` what `watch` found: every delivery arrives at once, and nobody ever acknowledges."""
    state = NotifyState(replay=True, partitions=partitions)
    me = "backtest"
    entries: deque[JournalEntry] = deque([Leader(me)])
    for offset, item in enumerate(feed):
        tick = item if isinstance(item, AlertTick) else None
        alert = item if isinstance(item, Alert) else None
        entries.append(Took(me, topics.ALERTS.name, offset, alert=alert, tick=tick))
        while entries:
            for effect in fold(state, entries.popleft(), 0, policy):
                if isinstance(effect, Publish):
                    outcome.incidents[effect.incident.incident_id] = copy.deepcopy(effect.incident)
                elif isinstance(effect, Record):
                    outcome.notifications.append(effect.notification)
                elif isinstance(effect, Deliver):
                    sent = msgspec.structs.replace(
                        effect.notification, outcome="sent", reason="backtest: taken as delivered"
                    )
                    outcome.notifications.append(sent)
                    entries.append(Delivered(me, sent))
