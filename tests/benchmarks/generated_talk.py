"""Generated talk about a brand whose truth is known: minute by minute, seeded, any rate. See `monitor_streams`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.early import PLAINLY, SoFar
from detectors.grave import KEPT, WORDINGS
from detectors.monitor import BrandMonitor
from detectors.volume import VolumeDetector
from schemas.events import Alert, Signal, Window
from schemas.times import MINUTE, from_ms, parse_iso

Figures = NDArray[np.float64]
Counts = NDArray[np.int64]
HOUR: Final = 60
DAY: Final = 24 * HOUR
START: Final = parse_iso("2026-03-02T00:00:00Z") // MINUTE  # a Monday
LATENESS: Final = 2
PLAIN: Final = 0.35
"""Mean P(negative) of an ordinary post under the shipped model."""
SPREAD: Final = 0.25
"""Standard deviation of one post's P(negative): what the shipped model shows on posts about an airline."""
GRAVE: Final = 0.01
"""Part of ordinary posts that speak of a grave matter: three to ten in a thousand on real brands."""
ONE_WORDING: Final = 7
EXACT: Final = 60
"""Posts of a minute above which their sum of P(negative) is drawn as a normal."""
HASHES: Final = 1_500
"""Authors beyond which the monitor's sketch is full."""


@dataclass(frozen=True)
class Talk:
    """Some minutes of a brand, a column each; `first` is the number of the first one since the epoch."""

    first: int
    count: Counts
    mass: Counts
    """Sum of P(negative) in 1/10,000."""
    plain: Counts
    """The same over posts that are plainly negative."""
    people: Counts
    copies: Counts
    one: Counts
    """Posts by one and the same author."""
    own: Counts
    """That author's sum of P(negative)."""
    copied: Counts
    """Sum of P(negative) of the copies."""
    grave: Counts
    """People who speak of a grave matter, each in words of their own; copies and the one author: if any does, all do."""
    same: bool = False
    """Whether the copies, or the one author, speak of a grave matter."""

    def __add__(self, other: Talk) -> Talk:
        """Return both, `other` being of the same minutes or of the first of them."""

        def both(a: Counts, b: Counts) -> Counts:
            out = a.copy()
            out[: len(b)] += b[: len(a)]
            return out

        columns: dict[str, Any] = {name: both(getattr(self, name), getattr(other, name)) for name in COLUMNS}
        return replace(self, **columns, same=self.same or other.same)


COLUMNS: Final = ("count", "mass", "plain", "people", "copies", "one", "own", "copied", "grave")


def talk(
    rng: np.random.Generator, first: int, rate: Figures, share: Figures | float = PLAIN, grave: Figures | float = GRAVE
) -> Talk:
    """Return independent posts of different people at `rate` a minute with a mean P(negative) of `share`, a part `grave` of
    which speak of a grave matter.
    """
    count = rng.poisson(rate).astype(np.int64)
    none = np.zeros_like(count)
    mass, plain = _masses(rng, count, np.broadcast_to(share, count.shape))
    apart = np.random.default_rng([first, len(count), int(count.sum())])  # what else is drawn does not change by it
    return Talk(first, count, mass, plain, count, none, none, none, none, apart.binomial(count, grave).astype(np.int64))


def _masses(rng: np.random.Generator, count: Counts, share: Figures) -> tuple[Counts, Counts]:
    """Each post's P(negative) is drawn from a beta distribution; above `EXACT` posts a minute, their sums as normals."""
    share = np.clip(np.round(share, 2), 0.05, 0.95)
    mass, plain = np.zeros(len(count)), np.zeros(len(count))
    few = (count > 0) & (count <= EXACT)
    a, b = _beta(share)
    posts = rng.beta(np.repeat(a[few], count[few]), np.repeat(b[few], count[few]))
    if len(posts):
        ends = np.r_[0, np.cumsum(count[few])[:-1]]
        mass[few] = np.add.reduceat(posts, ends)
        plain[few] = np.add.reduceat(posts * (posts >= PLAINLY / 10_000), ends)
    many = count > EXACT
    for value in np.unique(share[many]):
        here = many & (share == value)
        sample = np.random.default_rng(0).beta(*_beta(value), 20_000)  # what one post is like at this share
        for out, one in ((mass, sample), (plain, sample * (sample >= PLAINLY / 10_000))):
            out[here] = count[here] * one.mean() + np.sqrt(count[here]) * one.std() * rng.standard_normal(here.sum())
    whole = np.clip(np.rint(10_000 * mass), 0, 10_000 * count).astype(np.int64)
    return whole, np.clip(np.rint(10_000 * plain), 0, whole).astype(np.int64)


def _beta(share: Any) -> tuple[Any, Any]:
    variance = np.minimum(SPREAD**2, 0.8 * share * (1 - share))
    both = share * (1 - share) / variance - 1
    return share * both, (1 - share) * both


# ----------------------------------------------------------------------------------------------------------- ordinary talk


@dataclass(frozen=True)
class Kind:
    """A kind of ordinary talk."""

    swing: float = 0.0
    """By how much the rate swings between night and afternoon."""
    weekend: float = 1.0
    """Times the rate on Saturday and Sunday."""
    bursts: float = 0.0
    """Sigma of the log-normal factor that is drawn for each half hour."""
    wander: float = 0.0
    """Standard deviation by which the share wanders from hour to hour."""
    grave: float = GRAVE
    """Part of the posts that speak of a grave matter."""
    clumps: float = 0.0
    """Sigma of the log-normal factor of that part, drawn for each half hour."""


KINDS: Final = {
    "constant": Kind(),
    "day and week": Kind(0.8, 0.5),
    "weekdays only": Kind(0.8, 0.1),
    "bursty": Kind(0.6, 0.7, 0.5, 0.05, 0.02, 0.7),
}
GRAVE_BRAND: Final = Kind(0.6, 0.7, 0.5, 0.05, 0.15, 0.7)
"""A brand whose talk is often of grave matters, in clumps: it sells fire extinguishers, or had an accident last month."""


def ordinary(rng: np.random.Generator, kind: Kind, first: int, minutes: int, rate: float) -> Talk:
    """Return ordinary talk of `kind`, `rate` a minute on a mean weekday."""
    at = first + np.arange(minutes)
    mean = rate * (1 + kind.swing * np.sin(2 * np.pi * (at / DAY % 1 - 0.35)))
    mean = mean * np.where((at // DAY + 3) % 7 >= 5, kind.weekend, 1.0)  # day 0 of the epoch was a Thursday
    if kind.bursts:
        halves = rng.lognormal(-(kind.bursts**2) / 2, kind.bursts, minutes // 30 + 1)
        mean = mean * np.repeat(halves, 30)[:minutes]
    share = PLAIN + np.repeat(rng.normal(0, kind.wander, minutes // HOUR + 1), HOUR)[:minutes]
    apart = np.random.default_rng([first, minutes, round(100 * rate)])
    clumps = apart.lognormal(-(kind.clumps**2) / 2, kind.clumps, minutes // 30 + 1)
    return talk(rng, first, mean, share, np.minimum(1.0, kind.grave * np.repeat(clumps, 30)[:minutes]))


# -------------------------------------------------------------------------------------------------------- what may happen

Happening = Callable[[np.random.Generator, int, float], Talk]
"""(generator, first minute, usual rate a minute) -> what comes on top of the ordinary talk."""


def flash(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """Within a minute everybody is angry, and for four more."""
    return talk(rng, first, max(60.0, 20 * rate) * np.array([1.0, 1.0, 0.8, 0.6, 0.4]), 0.7)


def crowd(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """Six times the usual for twenty minutes, angry."""
    return talk(rng, first, np.full(20, max(2.5, 5 * rate)), 0.8)


def slow_burn(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """From 1.2 to four times the usual over six hours, ever angrier."""
    return talk(rng, first, np.linspace(0.2, 3.0, 6 * HOUR) * max(0.3, rate), np.linspace(0.45, 0.7, 6 * HOUR))


def surge(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """Ten times the usual for two hours, no angrier than ever."""
    return talk(rng, first, np.full(2 * HOUR, max(2.0, 9 * rate)), PLAIN)


def joke(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """Four times the usual for four hours, a quarter of it negative."""
    return talk(rng, first, np.full(4 * HOUR, max(0.5, 3 * rate)), 0.22)


def joy(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """Fifteen times the usual, delighted, dying away over five hours."""
    return talk(rng, first, max(1.5, 14 * rate) * np.exp(-np.arange(5 * HOUR) / 90), 0.18)


def hazard(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """A fifth more talk for an hour, told calmly: nine posts of ten speak of a grave matter."""
    return talk(rng, first, np.full(HOUR, max(1.0, 0.2 * rate)), PLAIN - 0.03, 0.9)


def old_hazard(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """Twice the usual for two hours, no angrier and no graver than the brand's talk is."""
    return talk(rng, first, np.full(2 * HOUR, max(0.05, rate)), PLAIN - 0.02, GRAVE_BRAND.grave)


def bots(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """Copies of one angry text from many accounts."""
    posts = talk(rng, first, np.full(5, max(40.0, 5 * rate)), 0.7)
    return replace(
        posts,
        copies=np.maximum(0, posts.count - 1),
        copied=posts.mass * (posts.count - 1) // np.maximum(1, posts.count),
        grave=np.zeros_like(posts.count),
        same=True,
    )


def loud(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """One angry author who posts three times a minute for twenty minutes."""
    posts = talk(rng, first, np.full(20, max(3.0, rate)), 0.8)
    none = np.zeros_like(posts.count)
    return replace(posts, people=none, one=posts.count, own=posts.mass, grave=none, same=True)


def level(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """Three times the usual for good (five days), no angrier."""
    return talk(rng, first, np.full(5 * DAY, max(0.05, 2 * rate)), PLAIN)


def campaign(rng: np.random.Generator, first: int, rate: float) -> Talk:
    """Three times the usual for a working day, a little milder."""
    return talk(rng, first, np.full(8 * HOUR, max(0.1, 2 * rate)), PLAIN - 0.03)


# ------------------------------------------------------------------------------------------------------------ the players


def listen(monitor: BrandMonitor, said: Talk, rng: np.random.Generator, looks: int = 1) -> list[Alert]:
    """Tell `said` to the monitor as the worker does, a minute closing two minutes late; open minutes of arrival are
    looked at `looks` times, posts being spread evenly over their minute.
    """
    events: list[Alert | Signal] = []
    tail = LATENESS + 1
    for i in range(len(said.count) + tail):
        minute = said.first + i
        at = minute * MINUTE
        closing = i - tail
        if closing >= 0 and said.count[closing]:
            told = tellers(said, closing)
            closed = window(monitor.brand, said, closing)
            events += monitor.close(closed, at, _evidence, authors(said, closing, rng), told)
        if monitor.wake_at is not None and monitor.wake_at <= at - LATENESS * MINUTE:
            events += monitor.pass_time(at - LATENESS * MINUTE, at)
        if i < len(said.count) and (said.count[i] >= monitor.early_bound()[0] or said.grave[i]):
            events += _early(monitor, said, i, looks)
    return [e for e in events if isinstance(e, Alert)]


def _evidence() -> list[str]:
    return ["x:1"]


def window(brand: str, said: Talk, i: int) -> Window:
    """Return minute number `i` of `said` as the worker would close it."""
    count, one = int(said.count[i]), int(said.one[i])
    return Window(
        brand=brand, start=from_ms((said.first + i) * MINUTE), count=count, negative=int(said.mass[i]),
        authors=int(said.people[i]) + (one > 0), loudest=max(1, one),
        loudest_negative=int(said.own[i]) if one > 1 else 0, duplicates=int(said.copies[i]), copied_negative=int(said.copied[i]),
        grave=int(said.grave[i]) + said.same * (min(WORDINGS, int(said.copies[i])) + (one > 0)),
    )  # fmt: skip


def authors(said: Talk, i: int, rng: np.random.Generator) -> list[int]:
    """Return hashes of the authors of that minute."""
    hashes: list[int] = rng.integers(0, 1 << 62, min(int(said.people[i]), HASHES)).tolist()
    return [*hashes, 42] if said.one[i] else hashes


def tellers(said: Talk, i: int) -> list[tuple[int, int]]:
    """Return (author, wording) of the posts of that minute that speak of a grave matter, as many as are remembered."""
    apart = np.random.default_rng([said.first, i])
    found = list(zip(*apart.integers(0, 1 << 62, (2, min(int(said.grave[i]), KEPT))).tolist(), strict=True))
    if said.same:
        copies = min(int(said.copies[i]), KEPT)
        found += [(author, ONE_WORDING) for author in apart.integers(0, 1 << 62, copies).tolist()]
        found += [(42, wording) for wording in apart.integers(0, 1 << 62, min(1, int(said.one[i]))).tolist()]
    return found


def _early(monitor: BrandMonitor, said: Talk, i: int, looks: int) -> list[Alert | Signal]:
    events: list[Alert | Signal] = []
    told = tellers(said, i)
    for look in range(1, looks + 1):
        count, plain, copies, people = (
            int(column[i]) * look // looks for column in (said.count, said.plain, said.copies, said.people)
        )
        at = (said.first + i) * MINUTE + MINUTE * look // looks
        authors = people + (said.one[i] > 0)
        so_far = SoFar(count, plain, int(authors), count - copies, copies)
        events += monitor.early((said.first + i) * MINUTE, at, so_far, _evidence, told)
    return events


def count_alerts(detector: VolumeDetector, said: Talk) -> list[int]:
    """Return the minutes (places in `said`) at which the volume detector fires."""
    times = range(said.first, said.first + len(said.count))
    pairs = zip(times, said.count.tolist(), strict=True)
    return [i for i, (minute, count) in enumerate(pairs) if detector.step(minute * MINUTE, float(count)).fired]
