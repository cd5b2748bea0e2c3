"""All that is known of one brand: what is usual, what was said lately, and how bad that is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from detectors import authenticity, grave, severity
from detectors.crowd import Crowd
from detectors.drivers import Drivers
from detectors.grave import SPANS, GraveShare, Tellers
from detectors.habits import Habits
from detectors.negativity import NegativeShare
from detectors.onset import began, beside
from detectors.pace import BLOCK, Pace
from detectors.settings import MonitorSettings
from detectors.slowburn import SlowBurn
from detectors.sums import HORIZONS, SlidingSums, Totals
from detectors.text.triggers import Verdict, safety_of, trigger_of
from schemas.events import Window

ENOUGH: Final = 5 * 24 * 60
"""Minutes after which a brand that speaks only at some hours is known all the same."""
GROWING: Final = 1.1
"""The later half of a horizon must have so many times the earlier one before a doubling time is told."""
PEOPLE: Final = (1.0, 1.0, 1.25, 2.0, 4.0)
"""Times `min_people` that a page needs on each horizon at most …"""
BESIDE: Final = 2.0
"""… and for each person who is usual on it, so many more than `min_people`: where hardly anybody speaks, a dozen are a crowd."""
ANGRY_Z: Final = 2.5
ANGRY_RISE: Final = 0.1
"""Standard deviations, and share, above the usual from which talk in a campaign is not the campaign's."""
LEAST_LATE: Final = 5
"""Mentions in the later half without which it is not told."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How bad the minutes of one horizon are."""

    k: int
    level: int
    points: dict[str, float]
    people: int
    tellers: int = 0
    """How many of them speak of a grave matter, where that is what it is about …"""
    tellers_expected: float = 0.0
    """… and how many usually would."""


class Picture:
    """See the module. Minutes are since the epoch; `k` is a number into `HORIZONS`."""

    def __init__(
        self, brand: str, settings: MonitorSettings, model_version: str = "", config_version: str = ""
    ) -> None:
        self.brand = brand
        self.settings = settings
        self.model_version = model_version
        self.config_version = config_version
        self.pace = Pace()
        self.sums = SlidingSums()
        self.drivers = Drivers()
        self.habits = Habits()
        self.slow = SlowBurn()
        self.crowd = Crowd()
        self.tellers = Tellers()
        self._open = [0, 0, 0, 0]  # crowd, mass, sum of squared crowds and tellers of the open block of five minutes
        self._block = -1  # number of the block that the pace is set for
        self._loud = -authenticity.LOUD_MINUTES - 1  # last minute with a loud author

    @property
    def names(self) -> tuple[str, ...]:
        """What the brand is called: words that say nothing of what it is about."""
        return (self.brand, *self.settings.names)

    # --------------------------------------------------------------------------------------------------------- learning

    @property
    def warm(self) -> bool:
        """Whether there is enough to compare with."""
        pace, settings = self.pace, self.settings
        if pace.minutes < settings.warm_up_hours * 60 or pace.mentions < settings.warm_up_mentions:
            return False
        return pace.minutes >= ENOUGH or pace.hours_heard >= settings.warm_up_hours_heard

    def begin_anew(self, *, share_known: bool) -> None:
        """Keep what is usual and no evidence; without a sentiment in what was learnt the usual share is not known."""
        self.slow = SlowBurn()
        if not share_known:
            self.pace.share = NegativeShare()
            self.pace.grave = GraveShare()

    def begin(self, minute: int) -> None:
        """Set what is expected, when `minute` lies in another block than the last one."""
        if self._block != minute // BLOCK:
            self._block = minute // BLOCK
            self.pace.begin(minute)

    def see(
        self,
        window: Window,
        minute: int,
        authors: Iterable[int] | None,
        said: Iterable[tuple[int, int]] = (),
        *,
        frozen: bool,
    ) -> None:
        """Take in a closed minute with mentions; it is learnt at the end of its block."""
        if authors is not None:
            self.crowd.note(minute, window.authors, authors)
        crowd, mass = authenticity.weighed(window, again=minute - self._loud <= authenticity.LOUD_MINUTES)
        if window.loudest >= authenticity.LOUD:
            self._loud = minute
        copies, people = authenticity.copies_of(window), authenticity.people(window)
        loudest = window.loudest if window.loudest > 1 else 0
        told = window.grave
        self.sums.push(
            minute, Totals(crowd, mass, window.count, people, copies, loudest, window.reach, window.young, told)
        )
        self.tellers.note(minute, said)
        self.drivers.observe(window, minute, frozen=frozen)
        self._open[0] += crowd
        self._open[1] += mass
        self._open[2] += crowd * crowd
        self._open[3] += told

    def finish(self, minute: int, *, frozen: bool, believable: bool, campaign: bool = False) -> None:
        """Learn the block that ends with `minute`, if one does.

        Args:
            minute: the minute that is over.
            frozen: an incident is going on.
            believable: whether an empty block would be the brand's own silence and no dead source.
            campaign: a campaign is on; what it brings is not usual.
        """
        if (minute + 1) % BLOCK:
            return
        crowd, mass, squares, told = self._open
        self._open = [0, 0, 0, 0]
        if not crowd and not believable:
            self.slow.restart()
            return
        if self.warm and not frozen and not campaign:
            self.slow.take(minute + 1, crowd / 100, mass / 10_000, self.pace.rate * BLOCK, self.pace)
        held = frozen or campaign
        self.pace.finish(minute, crowd / 100, mass / 10_000, squares / 10_000, float(told), frozen=held)

    # ---------------------------------------------------------------------------------------------------------- judging

    def judge(self, k: int, minute: int, *, lasting: bool = False, factor: float = 1.0) -> Judgement:
        """Return how bad the minutes of horizon `k` are.

        Args:
            k: number of the horizon.
            minute: now.
            lasting: it has been adding up for hours.
            factor: how many times the usual talk a campaign explains: the anger beside it is judged as if it were not on.
        """
        crowd, mass = self.sums.crowd[k] / 100, self.sums.mass[k] / 10_000
        judged = self._judge(k, minute, crowd, mass, factor, lasting=lasting)
        if factor <= 1.0:
            return judged
        angry = self._judge(k, minute, *beside(self.pace, k, factor, crowd, mass), lasting=lasting)
        return max(judged, angry, key=lambda j: j.level)

    def _judge(
        self, k: int, minute: int, crowd: float, mass: float, factor: float = 1.0, *, lasting: bool
    ) -> Judgement:
        """Return how bad `crowd` mentions with `mass` are, of those of horizon `k`."""
        totals, people = self.sums.totals(k), self.people(k)
        if self.sums.crowd[k]:
            people = min(people, math.ceil(people * crowd / (self.sums.crowd[k] / 100)))
        found = authenticity.assess(totals, people)
        points = severity.terms(
            severity.Facts(
                crowd=crowd,
                expected=self.pace.expected(k) * factor,
                people=people,
                share=mass / crowd if crowd else 0.0,
                usual_share=self.pace.share.usual,
                beyond=self.habits.beyond(k, minute, round(100 * crowd), round(10_000 * mass)),
                lasting=lasting,
                doubling_minutes=self.doubling(k, minute),
                authenticity=authenticity.penalty(found, totals.mentions),
            )
        )
        return Judgement(k, severity.level(points, people, self.least_people(k)), points, people)

    def angry(self, k: int) -> bool:
        """Return whether the talk of horizon `k` is plainly angrier than usual, so that no campaign explains it."""
        crowd, mass = self.sums.crowd[k] / 100, self.sums.mass[k] / 10_000
        share = self.pace.share
        return share.score_one(crowd, mass) >= ANGRY_Z and mass >= crowd * (share.usual + ANGRY_RISE)

    def judge_grave(self, k: int, minute: int, factor: float = 1.0) -> Judgement:
        """Return how bad it is that many speak of a grave matter in the minutes of horizon `k`."""
        told = self.told(k)
        judged = self.judge(k, minute, factor=factor)
        beyond = self.habits.grave_beyond(minute, told)
        points, level = severity.grave(judged.points, told, self.least_tellers(k), beyond)
        return Judgement(k, level, points, judged.people, told, self.told_usually(k, factor))

    def told(self, k: int) -> int:
        """Return about how many different people speak of a grave matter in the minutes of horizon `k`."""
        counted = self.sums.grave[k]
        return self.tellers.people(counted, HORIZONS[k], self.sums.now) if counted else 0

    def told_usually(self, k: int, factor: float = 1.0) -> float:
        """Return how many people would usually speak of a grave matter among the mentions of horizon `k`."""
        return self.pace.grave.expected(max(self.pace.expected(k) * factor, self.sums.crowd[k] / 100.0))

    def tests_of_grave(self) -> list[int]:
        """Return how many people speak of a grave matter on each horizon; 0 where they are too few to look at."""
        if self.pace.grave.minutes < self.settings.warm_up_hours * 60 or not self.sums.grave[SPANS - 1]:
            return []
        found = [self.told(k) for k in range(SPANS)]
        return [n if n >= grave.NOTICE * self.least_tellers(k) else 0 for k, n in enumerate(found)]

    def least_tellers(self, k: int) -> int:
        """Return how many different people must speak of a grave matter for a page."""
        return round(self.settings.min_people * grave.PEOPLE[k])

    def least_people(self, k: int) -> int:
        """Return how many people horizon `k` needs for a page: a dozen in minutes are a crowd, in four hours they are
        not, save of a brand that a dozen do not speak of in days. At night it is not less than on the mean of the day.
        """
        least = self.settings.min_people
        usual = max(self.pace.expected(k), self.pace.usual(k))
        return round(min(least * PEOPLE[k], least + BESIDE * usual))

    def people(self, k: int) -> int:
        """Return about how many people spoke (where their hashes are not told, who speaks in two minutes counts twice)."""
        counted = self.sums.totals(k).authors
        if k == 0 or counted == 0:
            return counted
        return max(1, round(counted * self.crowd.share(k, self.sums.now)))

    def doubling(self, k: int, minute: int) -> float | None:
        """Return the minutes in which it doubles, from the two halves of the horizon; None when it does not grow."""
        horizon = HORIZONS[k]
        if horizon == 1:
            return None
        half = minute - horizon // 2
        before = self.sums.crowd_until(k, half) / 100
        after = self.sums.crowd[k] / 100 - before
        if after < LEAST_LATE or after <= before * GROWING:
            return None
        return horizon / 2 * math.log(2) / math.log(after / max(before, 0.5))

    def began(self, k: int) -> int:
        """Return the minute in which the rise that horizon `k` sees began."""
        now = max(self.sums.crowd[i] / 100 / HORIZONS[i] for i in range(1, len(HORIZONS)))
        return began(self.sums.crowds(k), self.pace.rate, now)

    def told_since(self, k: int) -> int:
        """Return the first minute of horizon `k` in which somebody spoke of a grave matter."""
        return self.sums.first_grave(k)

    def observed(self, signal: str, k: int) -> tuple[float, float]:
        """Return what was seen and what was expected, in the unit of the signal: mentions, negative mentions or a
        share.
        """
        crowd, mass = self.sums.crowd[k] / 100, self.sums.mass[k] / 10_000
        expected = self.pace.expected(k)
        if signal == "negative_spike":
            return mass, expected * self.pace.share.usual
        if signal == "negativity_shift":
            return (mass / crowd if crowd else 0.0), self.pace.share.usual
        return crowd, expected

    def trigger(self, tellers: int = 0) -> Verdict:
        """Return what it seems to be about by its words, how sure that is, and which they are; `tellers` who speak of a grave
        matter have said it.
        """
        terms = self.drivers.recent_terms(self.names)
        return safety_of(terms, tellers) if tellers else trigger_of(terms)

    def platforms(self) -> list[str]:
        """Return the platforms of the last minutes."""
        return self.drivers.platforms()

    # -------------------------------------------------------------------------------------------------------------
    # state

    def dump(self) -> list[Any]:
        """Return the state as plain lists and maps."""
        return [
            self.pace.dump(), self.sums.dump(), self.drivers.dump(), self.habits.dump(),
            self.slow.dump(),
            self.crowd.dump(), self._open,
            self._block, self._loud, self.tellers.dump(),
        ]  # fmt: skip

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        pace, sums, drivers, habits, slow, crowd, opened, self._block, *later = data
        self._open = [*opened, 0][:4]
        self._loud = later[0] if later else -authenticity.LOUD_MINUTES - 1  # older states do not know
        if later[1:]:
            self.tellers.load(later[1])
        self.pace.load(pace)
        self.sums.load(sums)
        self.drivers.load(drivers)
        self.habits.load(habits)
        self.slow.load(slow)
        self.crowd.load(crowd)
