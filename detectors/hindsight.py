"""Looking back: the minutes of a brand told to its monitor once more, and what each verdict would have needed.

The monitor is the one that ran live, fed with the windows that it wrote. Two things it cannot know again: who spoke
(windows hold no authors, so somebody who speaks in two minutes counts twice) and the early trigger's open minutes.
What it finds explains what the log of alerts says; the log is what happened.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from detectors import onset, severity
from detectors.book import Live
from detectors.look import BAND, Held, Look, Needed, Tried, Usual, Warmth
from detectors.monitor import BrandMonitor
from detectors.onset import Gate, gates
from detectors.picture import ENOUGH
from detectors.settings import MonitorSettings
from detectors.sums import HORIZONS, SlidingSums
from detectors.tails import upper
from detectors.telling import Event
from schemas.events import Window
from schemas.times import MINUTE, to_ms

MOST_TIMES: Final = 1_024.0
"""Times the mentions beyond which "more of the same would have done" is no help."""
STEPS: Final = 40
"""Halvings of a search for the least that would have done."""
HOUR: Final = 3
"""Number of the horizon of an hour."""
PAGE: Final = 2
"""The level from which somebody is woken."""


class Watched(BrandMonitor):
    """A monitor that keeps what it expected of each minute: its verdicts are those of any other."""

    def __init__(
        self, brand: str, settings: MonitorSettings, model_version: str = "", config_version: str = ""
    ) -> None:
        super().__init__(brand, settings, model_version, config_version)
        self.usual: list[Usual] = []

    def _tests(self, minute: int, *, campaign: bool = True) -> list[Gate]:
        if campaign:
            pace = self._picture.pace
            self.usual.append(Usual(minute * MINUTE, pace.rate, pace.share.usual, tuple(pace.dispersion)))
        return super()._tests(minute, campaign=campaign)


class Hindsight(Watched):
    """A monitor that keeps what it sees between two times (epoch ms)."""

    def __init__(self, brand: str, settings: MonitorSettings, since: int, until: int) -> None:
        super().__init__(brand, settings)
        self.looks: list[Look] = []
        self._since, self._until = since // MINUTE, until // MINUTE

    def _tests(self, minute: int, *, campaign: bool = True) -> list[Gate]:
        found = super()._tests(minute, campaign=campaign)
        if campaign and self._since <= minute < self._until:
            self.looks.append(self._look(minute, found))
        return found

    def _look(self, minute: int, found: list[Gate]) -> Look:
        picture, book = self._picture, self._book
        ranked = sorted(found, key=lambda gate: (-gate.strength, gate.name))
        lead = ranked[0]
        if lead.strength <= 0.0:  # nothing stands out: the last hour says best how little
            lead = Gate("volume_spike", HOUR, 0.0, onset.threshold(HOUR, self.settings.sensitivity))
        k, pace = lead.k, picture.pace
        on, factor = book.campaign(minute), book.factors(minute)[k]
        if lead.grave:
            judged = picture.judge_grave(k, minute, factor)
        else:
            judged = picture.judge(k, minute, lasting=lead.slow, factor=factor)
        expected = pace.expected(k)
        asks = _Asks(self, minute, lead)
        return Look(
            minute=minute * MINUTE,
            horizon=HORIZONS[k],
            mentions=picture.sums.totals(k).mentions,
            crowd=picture.sums.crowd[k] / 100,
            negative=picture.sums.mass[k] / 10_000,
            expected=expected,
            no_surprise=upper(expected * factor, pace.dispersion[k], BAND),
            usual_share=pace.share.usual,
            people=judged.people,
            people_needed=picture.least_people(k),
            level=judged.level,
            points={name: round(value, 3) for name, value in judged.points.items()},
            tests=[Tried(g.name, g.signal, HORIZONS[g.k], round(g.score, 3), round(g.threshold, 3)) for g in ranked],
            warmth=self._warmth(),
            campaign=(on.name or "campaign") if on else None,
            campaign_factor=on.factor if on else 1.0,
            live=[_held(live) for live in book.live.values()],
            pages=book.pages(minute),
            budget=self.settings.pages_per_week,
            to_fire=asks.needed(page=False),
            to_page=asks.needed(page=True),
            tellers=judged.tellers,
            tellers_needed=picture.least_tellers(k) if lead.grave else 0,
        )

    def _warmth(self) -> Warmth:
        pace, settings = self._picture.pace, self.settings
        heard = 0 if pace.minutes >= ENOUGH else settings.warm_up_hours_heard
        return Warmth(
            self.warm, pace.minutes / 60, settings.warm_up_hours, int(pace.mentions), settings.warm_up_mentions,
            pace.hours_heard, heard,
        )  # fmt: skip

    def what_if(self, minute: int, lead: Gate, crowd: float, mass: float) -> int:
        """Return the level, 0 for none, had there been `crowd` more mentions with `mass` more P(negative) in the
        horizon of `lead`, and so in all longer ones.
        """
        picture, sums = self._picture, self._picture.sums
        other = SlidingSums()
        for k in range(len(HORIZONS)):
            more = k >= lead.k
            other.crowd[k] = sums.crowd[k] + (round(100 * crowd) if more else 0)
            other.mass[k] = sums.mass[k] + (round(10_000 * mass) if more else 0)
        factors = self._book.factors(minute)
        tests = gates(picture.pace, other, picture.slow, self.settings.sensitivity, factors)
        fired = sorted({g.k for g in tests if g.k >= lead.k and not g.slow and g.strength >= 1.0})
        found = {k: self._level(k, minute, crowd, other) for k in fired}
        mild = {k: level for k, (level, anger) in found.items() if anger <= severity.MILD}
        levels = (
            severity.tempered(level, anger, [mild[longer] for longer in mild if longer > k])
            for k, (level, anger) in found.items()
        )
        return max(levels, default=0)

    def _level(self, k: int, minute: int, more: float, other: SlidingSums) -> tuple[int, float]:
        """Return how bad the sums `other` of horizon `k` would be, with `more` mentions of as many people a mention, and its
        points for negativity.
        """
        picture = self._picture
        judged = picture.judge(k, minute)
        crowd, had = other.crowd[k] / 100, picture.sums.crowd[k] / 100
        people = judged.people + round(more * (judged.people / had if had else 1.0))
        points = severity.terms(
            severity.Facts(
                crowd=crowd,
                expected=picture.pace.expected(k) * self._book.factors(minute)[k],
                people=people,
                share=other.mass[k] / 10_000 / crowd if crowd else 0.0,
                usual_share=picture.pace.share.usual,
                beyond=picture.habits.beyond(k, minute, other.crowd[k], other.mass[k]),
            )
        )
        points["velocity"], points["authenticity"] = judged.points["velocity"], judged.points["authenticity"]
        return severity.level(points, people, picture.least_people(k)), points["negativity"]


class _Asks:
    """Searches the least that would have fired, or paged, on the horizon of one test and the longer ones."""

    def __init__(self, eye: Hindsight, minute: int, lead: Gate) -> None:
        self._eye, self._minute, self._lead = eye, minute, lead
        sums = eye._picture.sums  # noqa: SLF001 - the other half of the class above
        self._crowd, self._mass = sums.crowd[lead.k] / 100, sums.mass[lead.k] / 10_000

    def needed(self, *, page: bool) -> Needed:
        if self._crowd <= 0.0:
            return Needed()
        level = PAGE if page else 1

        def enough(times: float, mass: float) -> bool:
            more, angrier = self._crowd * (times - 1.0), mass - self._mass
            return self._eye.what_if(self._minute, self._lead, more, angrier) >= level

        times = _least(lambda f: enough(f, self._mass * f), 1.0, MOST_TIMES)
        mass = _least(lambda m: enough(1.0, m), self._mass, self._crowd)
        return Needed(
            None if times is None else math.ceil(self._crowd * times),
            None if mass is None else math.ceil(10 * mass) / 10,
        )


def _least(enough: Callable[[float], bool], low: float, high: float) -> float | None:
    """Return about the least value from `low` to `high` that is enough; None where none is. Monotone up to noise."""
    if enough(low):
        return low
    step = low
    if low >= 1.0:  # a factor: double it first, a huge one may be too much of something
        while step < high and not enough(step):
            step *= 2.0
        high = min(step, high)
    if not enough(high):
        return None
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if enough(middle) else (middle, high)
        if high - low < 0.01:
            break
    return high


def _held(live: Live) -> Held:
    return Held(live.alert_id, live.signal, live.level, live.starts_at, live.suppressed_by)


def tell(monitor: BrandMonitor, windows: Iterable[Window], until: int, lateness: int) -> Iterator[Event]:
    """Tell `windows` (in order of time) that ended by `until` (epoch ms) to `monitor`, as the worker did."""
    for window in windows:
        end = to_ms(window.start) + MINUTE
        if end > until:
            break
        yield from monitor.close(window, end + lateness, list)
    yield from monitor.pass_time(until // MINUTE * MINUTE, until // MINUTE * MINUTE + lateness)
