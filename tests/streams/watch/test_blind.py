"""While nobody watched: ticks far apart, a backlog between them, and one alert for each brand at the end."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from schemas.events import Alert, encode
from schemas.times import HOUR, MINUTE, SECOND, from_ms
from streams.settings import Settings
from streams.watch.core import WatchCore
from tests.streams import cores
from tests.streams.angry import angry_text
from tests.streams.cores import T0, Log, mention
from tests.streams.watch.test_core import recover, save

STOP = T0 + 26 * HOUR
"""When the worker goes; nobody ticks until START."""
START = STOP + 3 * HOUR + 20 * SECOND


class Talk:
    """What is said to one brand, at its own times; ticks only while a worker runs."""

    def __init__(self) -> None:
        self.log = Log()
        self.number = 0
        self.now = T0

    def say(self, at: int, text: str = "") -> None:
        self.number += 1
        self.log.say(mention(self.number, at, text=text or f"what a day {self.number}"), at=at)

    def quiet(self, until: int, *, ticks: bool, every: int = 3 * MINUTE) -> Talk:
        while self.now < until:
            if ticks:
                self.log.tick(self.now)
            if self.now % every == 0:
                self.say(self.now + SECOND)
            self.now += MINUTE
        self.now = until
        return self

    def angry(self, minutes: int, *, ticks: bool, each: int = 12) -> Talk:
        for _ in range(minutes):
            if ticks:
                self.log.tick(self.now)
            for k in range(each):
                self.say(self.now + k * SECOND, angry_text(self.number))
            self.now += MINUTE
        return self

    def back(self) -> Talk:
        """A worker runs again, at START."""
        assert self.now <= START
        self.now = START
        self.log.tick(self.now)
        self.now += MINUTE - START % MINUTE
        return self


def made(partitions: int = 1, clock: str = "live") -> Settings:
    settings = cores.settings(partitions=1, clock=clock)
    settings.partitions.mentions = partitions
    return settings


def told(log: Log, clock: str = "live") -> list[Alert]:
    settings = made(clock=clock)
    values = [v for _, v in cores.scored_log(cores.score(settings), log, cut=list(range(0, len(log.records), 211)))]
    return [e for e in cores.apply(cores.watch(settings), values) if isinstance(e, Alert)]


def lived() -> Talk:
    talk = Talk().quiet(STOP, ticks=True)
    talk.log.tick(STOP)
    return talk


def going_on() -> Talk:
    """A crisis that begins while nobody watches and goes on when somebody does again."""
    talk = lived().quiet(STOP + HOUR, ticks=False).angry(115, ticks=False)
    return talk.back().angry(30, ticks=True).quiet(START + 3 * HOUR, ticks=True)


def came_and_went() -> Talk:
    """A crisis and its end while nobody watches."""
    talk = lived().quiet(STOP + 30 * MINUTE, ticks=False).angry(25, ticks=False)
    return talk.quiet(STOP + 3 * HOUR, ticks=False).back().quiet(START + 2 * HOUR, ticks=True)


def began_before() -> Talk:
    """A crisis that people had heard of when the worker went; its end comes while nobody watches."""
    talk = Talk().quiet(STOP - 15 * MINUTE, ticks=True).angry(15, ticks=True)
    talk.log.tick(STOP)
    return talk.quiet(STOP + 3 * HOUR, ticks=False).back().quiet(START + HOUR, ticks=True)


def after(alerts: Iterable[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.detected_at > from_ms(STOP)]


def test_what_still_goes_on_is_told_in_one_alert_with_the_severity_of_the_worst():
    alerts = after(told(going_on().log))
    first, *rest = alerts
    assert first.blind is not None
    assert (first.blind.since, first.blind.until) == (from_ms(STOP), from_ms(START))
    assert first.detected_at == from_ms(START), "nothing could be known before"
    assert (first.status, first.severity >= "L3") == ("firing", True)
    assert 0 <= (first.starts_at - from_ms(STOP + HOUR)).total_seconds() < 5 * 60, "the onset is the crisis's own"
    assert first.reason.startswith("Nobody watched from 02:00 to 05:00 UTC on 3 March 2026. Since 03:0")
    assert all(alert.blind is None for alert in rest)
    pages = [a for a in alerts if a.status in ("firing", "updated") and a.severity >= "L2"]
    assert len({a.alert_id for a in pages}) == 1
    assert sum(a.detected_at <= from_ms(START) for a in pages) == 1
    end = next(a for a in rest if a.alert_id == first.alert_id and a.status == "resolved")
    assert end.sequence > first.sequence


def test_without_that_bound_there_would_be_many_stale_ones():
    """Given the same log and a core that takes no gap for an outage, then it tells each step late."""
    settings = made()
    settings.blind_after_seconds = 86_400
    values = [v for _, v in cores.scored_log(cores.score(settings), going_on().log)]
    stale = [
        e for e in cores.apply(cores.watch(settings), values)
        if isinstance(e, Alert) and from_ms(STOP) < e.detected_at < from_ms(START)
    ]  # fmt: skip
    assert len(stale) >= 2


def test_what_came_and_went_pages_nobody_and_is_told():
    first, end = after(told(came_and_went().log))
    assert first.blind is not None
    assert (first.status, first.severity, end.status, end.alert_id) == ("firing", "L1", "resolved", first.alert_id)
    (passed,) = [one for one in first.blind.missed if one.severity >= "L2"]
    assert passed.ended_at is not None
    assert from_ms(STOP + 28 * MINUTE) <= passed.starts_at < passed.ended_at < from_ms(START)
    assert "Nothing goes on now" in first.reason
    assert end.sequence > first.sequence


def test_people_who_had_heard_of_it_hear_that_it_is_over():
    alerts = told(began_before().log)
    before = [a for a in alerts if a.detected_at <= from_ms(STOP)]
    assert any(a.status == "firing" and a.severity >= "L2" for a in before)
    ids = {a.alert_id for a in before if a.status in ("firing", "updated")}
    ended = [a for a in after(alerts) if a.status == "resolved"]
    assert ids <= {a.alert_id for a in ended}
    assert not [a for a in after(alerts) if a.status in ("firing", "updated") and a.severity >= "L2"]


def test_a_backlog_of_ordinary_talk_is_no_crowd_of_one_minute():
    """All of it has the label of the last tick: it must not look like hundreds who speak within a minute."""
    talk = lived().quiet(STOP + 3 * HOUR, ticks=False, every=MINUTE).back().quiet(START + HOUR, ticks=True)
    assert [a for a in after(told(talk.log)) if a.severity >= "L2"] == []


def test_a_short_restart_is_no_outage():
    talk = lived()
    talk.now = STOP + 5 * MINUTE
    talk.angry(20, ticks=True).quiet(STOP + 2 * HOUR, ticks=True)
    alerts = after(told(talk.log))
    assert any(a.severity >= "L2" for a in alerts)
    assert all(a.blind is None for a in alerts)


def test_in_a_replay_nobody_is_blind():
    """There ticks are the data's own time, far apart where nobody speaks."""
    alerts = told(going_on().log, clock="replay")
    assert any(a.severity >= "L3" for a in alerts)
    assert all(a.blind is None for a in alerts)


def test_pages_that_nobody_got_do_not_use_up_the_budget():
    settings = made()
    values = [v for _, v in cores.scored_log(cores.score(settings), came_and_went().log)]
    core = cores.watch(settings)
    cores.apply(core, values)
    assert core.brands["Acme"].monitor._book.pages(START // MINUTE + 60) == 0


@pytest.mark.parametrize("story", [going_on, came_and_went, began_before])
def test_how_three_partitions_interleave_changes_nothing(story: Callable[[], Talk]):
    """Given the story over three partitions, one of which had a worker for a while, then every reading says the same."""
    whole = story().log
    chance = random.Random(7)
    parts = [Log(), Log(), Log()]
    alive = iter(range(STOP + 20 * MINUTE, STOP + 80 * MINUTE, MINUTE))
    upcoming = next(alive)
    for record in whole.records:
        while upcoming is not None and record.timestamp > upcoming:
            parts[2].tick(upcoming)
            upcoming = next(alive, None)  # type: ignore[assignment]
        tick = record.key is not None and record.key.startswith(b"#tick")
        for part in parts if tick else [chance.choice(parts)]:
            part.raw(record.key, record.value, record.timestamp)
    settings = made(3)
    found = set()
    for seed in range(3):
        chance = random.Random(seed)
        queues = [
            [v for _, v in cores.scored_log(cores.score(settings), part, cut=sorted(chance.sample(range(len(part.records)), 40)),
                                            partition=p)]
            for p, part in enumerate(parts)
        ]  # fmt: skip
        order: list[bytes] = []
        while any(queues):
            waiting = [q for q in queues if q]
            order.append((waiting[0] if seed == 0 else chance.choice(waiting)).pop(0))
        alerts = [e for e in cores.apply(cores.watch(settings), order) if isinstance(e, Alert)]
        found.add(tuple(encode(a) for a in alerts if a.blind is not None))
    assert len(found) == 1
    if story is not began_before:
        assert len(next(iter(found))) >= 1


@pytest.mark.parametrize("story", [going_on, came_and_went])
@pytest.mark.parametrize("seed", range(2))
def test_a_crash_and_a_recovery_anywhere_change_nothing(story: Callable[[], Talk], seed: int):
    settings = made()
    log = story().log
    values = [v for _, v in cores.scored_log(cores.score(settings), log, cut=list(range(0, len(log.records), 29)))]
    expected = {
        (a.alert_id, a.sequence): encode(a) for a in cores.apply(cores.watch(settings), values) if isinstance(a, Alert)
    }
    chance = random.Random(seed)
    found: dict[tuple[str, int], bytes] = {}
    core: WatchCore = cores.watch(settings)
    store: dict[bytes, bytes] = {}
    late = len(values) * 9 // 10
    crashes = sorted(chance.sample(range(late, len(values)), 4))
    for crash in [*crashes, len(values)]:
        while core.applied + 1 < crash:
            offset = core.applied + 1
            for effect in cores.apply(core, [values[offset]]):
                if isinstance(effect, Alert):
                    assert found.setdefault((effect.alert_id, effect.sequence), encode(effect)) == encode(effect)
            if chance.random() < 0.1:
                save(core, store, torn=chance.random() < 0.3)
        if crash < len(values):
            core = recover_with(settings, store, values)
    assert found == expected


def recover_with(settings: Settings, store: dict[bytes, bytes], values: list[bytes]) -> WatchCore:
    original = cores.settings
    cores.settings = lambda *_, **__: settings
    try:
        return recover(store, values)
    finally:
        cores.settings = original
