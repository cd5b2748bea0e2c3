"""Volume: is this many mentions more than this brand is used to?"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, Final

from river.base import SupervisedAnomalyDetector
from river.base.typing import Target

from detectors.baseline import Baseline, Held, Moments
from detectors.highwater import HighWater
from detectors.volume_votes import Vote, band, judge

# Chosen on five labelled brands; docs/volume.md says how, and how the score moves with each.
SMOOTHING_MINUTES: Final = 45
"""Counts are summed over this long before they are judged."""
HORIZON_DAYS: Final = (4.0, 7.0, 14.0)
"""How far back each baseline remembers (time constant); a horizon's votes count as much as another's."""
NOVELTY_DAYS: Final = 14.0
NOVELTY_LAG_DAYS: Final = 1.0
EVENT_GAP_HOURS: Final = 24.0
"""After an alert the same story stays quiet for this long, and until it has calmed down."""
REARM: Final = 3.0
"""Within the gap once it has calmed down, or after the gap though it has not, so many times the last peak are another
story."""
CALM: Final = 0.5
"""Score below which an excursion is over."""
FREEZE_HOURS: Final = 6.0
"""What an excursion brings is held back this long, or until it is over, and learnt then."""
MOST_TIMES: Final = 100.0
MOST_PRIOR: Final = 10.0
"""A sum beyond so many times the usual (and ten) is judged but not learnt, unless it lasts: one bin of a thousand million
would else be what is usual for weeks."""
WARM_UP_HOURS: Final = 24.0
WARM_UP_BINS: Final = 24

MOST: Final = 1e15
"""No count: sums beyond it would not be exact in a float, their squares not finite."""

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
STATE_VERSION: Final = 1


@dataclass(slots=True)
class VolumeVerdict:
    """What the detector thinks of one bin; all counts are mentions in the smoothing window that ends with it."""

    score: float
    """At 1 it fires; 0 while warming up. Rises with the count."""
    observed: float
    expected: float
    low: float
    high: float
    """From `low` to `high` would not have surprised (two standard deviations on the logarithmic scale)."""
    fired: bool
    """An onset: the score reached 1, the brand was warm, and no alert was given within the event gap."""
    warm: bool
    """False while there is less than a day to compare with."""
    votes: list[Vote]


class VolumeDetector(SupervisedAnomalyDetector):
    """Detects surges in a series of counts, strictly online, for any bin width and any rate.

    Counts are summed over 45 minutes, s. Each of three baselines (4, 7 and 14 days) gives two votes, on the linear and
    on the logarithmic scale, so that neither heavy nor light tails decide alone:

        z = clip((s - mean) / spread, ±8), spread² = max(variance, Poisson's) + (0.1 mean)²

    Their mean, plus novelty = log((1 + s) / (1 + highest moment of the two weeks before yesterday)), twice, is the
    strength; the score is strength x sensitivity / 4. It is held below 1 where a negative binomial tail finds the count
    ordinary, and where half the days of the last two weeks saw the like. It fires at 1, once in a day for one story.
    While an excursion lasts nothing is learnt, so that it is judged by what was usual before it; when it is over, or
    after six hours, it is accepted.

    River's `EWMean` (baselines) and `RollingMax` (novelty) do the work; the detector itself is a
    `SupervisedAnomalyDetector` as `GaussianScorer` is: `y` is the count, `x` may carry its time (`{"time": epoch ms}`),
    else bins follow one another.

    Args:
        bin_seconds: width of a bin.
        sensitivity: 2 fires at half the strength, 0.5 at twice.

    Example:
        >>> detector = VolumeDetector(bin_seconds=3600)
        >>> for hour in range(24 * 7):
        ...     verdict = detector.step(hour * 3_600_000, 20 + hour % 5)
        >>> verdict.fired, verdict.warm
        (False, True)
        >>> detector.step(24 * 7 * 3_600_000, 400).fired
        True
    """

    def __init__(self, bin_seconds: int = 300, sensitivity: float = 1.0) -> None:
        if bin_seconds < 1:
            raise ValueError(f"bin_seconds: {bin_seconds} is not a width; give at least 1")
        if not sensitivity > 0:
            raise ValueError(
                f"sensitivity: {sensitivity} must be above 0; 1 is the default, 2 fires at half the strength"
            )
        self.bin_seconds = bin_seconds
        self.sensitivity = sensitivity
        self._bin_ms = bin_seconds * 1_000
        self._width = max(1, round(SMOOTHING_MINUTES * 60 / bin_seconds))
        self._baselines = [Baseline(max(2.0, days * DAY_MS / self._bin_ms)) for days in HORIZON_DAYS]
        self._highest = HighWater(round(NOVELTY_DAYS * DAY_MS), round(NOVELTY_LAG_DAYS * DAY_MS))
        self._names = [f"{days:g}d" for days in HORIZON_DAYS]
        self._window: deque[float] = deque(maxlen=self._width)
        self._sum = 0.0
        self._quiet = 0  # bins since the last mention, at most the window's width
        self._idle = 0  # zeros at the end of a silence, not learnt yet
        self._bins = 0  # bins known, silent ones included
        self._time: int | None = None  # of the last bin
        self._alert: int | None = None  # time of the last alert
        self._peak = 0.0  # highest sum since the last alert until it calmed down
        self._calmed = True
        self._excursion = 0  # bins since the score first reached 1 without calming down
        self._absurd = 0  # bins since sums are beyond what is learnt
        self._held = Held()

    # River's interface ------------------------------------------------------------------------------------------

    def learn_one(self, x: Mapping[Any, Any] | None, y: Target) -> None:
        """Learn the count `y` of the bin at `x["time"]` (epoch ms), of the next bin when there is none."""
        self.step(self._time_of(x), float(y))

    def score_one(self, x: Mapping[Any, Any] | None, y: Target) -> float:
        """Return the score that `y` would have; nothing is learnt."""
        copy = self.clone()
        copy.load(self.dump())
        return float(copy.step(self._time_of(x), float(y)).score)

    def _time_of(self, x: Mapping[Any, Any] | None) -> int:
        time = x.get("time") if x else None
        if time is not None:
            return int(time)
        return 0 if self._time is None else self._time + self._bin_ms

    # Step by step ------------------------------------------------------------------------------------------------

    def step(self, time_ms: int, value: float) -> VolumeVerdict:
        """Judge the bin that starts at `time_ms` from what came before it, then learn it.

        Bins left out since the last step were empty. A `value` that is no count (NaN, infinite, below zero) is unknown:
        it is neither judged nor learnt. Raises ValueError when `time_ms` does not come after the last bin.
        """
        if self._time is not None:
            missing = round((time_ms - self._time) / self._bin_ms) - 1
            if missing < 0:
                raise ValueError(
                    f"time {time_ms} does not come a bin ({self.bin_seconds} s) after the last, {self._time}"
                )
            if missing:
                self._pass_empty(missing)
        self._time = time_ms
        if not _known(value):
            return self._nothing(self._sum)
        return self._step(float(value))

    def blind(self, until_ms: int) -> None:
        """Say that nothing is known of the bins between the last one and `until_ms`: no source, not no mentions."""
        if self._time is None or until_ms - self._bin_ms <= self._time:
            return
        bins = round((until_ms - self._time) / self._bin_ms) - 1
        for _ in range(min(bins, self._width)):
            self._push(0.0)  # what was said before is old news by now; nothing of this is judged or learnt
        if bins >= self._width:
            self._accept()
            self._calmed = True  # nobody knows how it went on
        self._time = until_ms - self._bin_ms

    def _pass_empty(self, missing: int) -> None:
        """Step through `missing` empty bins: one by one while the window still holds mentions, the rest at once."""
        time = self._time or 0
        while missing and not self._silent():
            time += self._bin_ms
            self._time = time
            self._step(0.0)
            missing -= 1
        self._idle += missing
        self._bins += missing

    def _silent(self) -> bool:
        return self._quiet >= self._width and len(self._window) == self._width

    def _step(self, value: float) -> VolumeVerdict:
        if value == 0.0 and self._silent():
            self._idle += 1
            self._bins += 1
            return self._nothing(0.0)
        time = self._time or 0
        self._highest.advance(time)
        self._push(value)
        observed = self._sum * self._width / len(self._window)
        usual, warm = self._usual(), self._warm()
        score, votes = 0.0, list[Vote]()
        if warm:
            score, votes = judge(observed, usual, self._names, self._highest, self.sensitivity)
        fired = value > 0.0 and score >= 1.0 and self._onset(time, observed)
        verdict = VolumeVerdict(score, observed, *band(usual), fired=fired, warm=warm, votes=votes)
        self._follow(time, observed, score, fired=fired)
        self._bins += 1
        if len(self._window) == self._width:
            self._learn(observed, score)
        return verdict

    def _push(self, value: float) -> None:
        if len(self._window) == self._width:
            self._sum -= self._window[0]
        self._window.append(value)
        self._quiet = self._quiet + 1 if value == 0.0 else 0
        # Rounding leaves no rest behind in a silence.
        self._sum = 0.0 if self._quiet >= len(self._window) else self._sum + value

    def _onset(self, time: int, observed: float) -> bool:
        if self._alert is None:
            return True
        rested = time - self._alert >= EVENT_GAP_HOURS * HOUR_MS
        if rested and self._calmed:
            return True  # what has not calmed down is the same story after days too
        return (rested or self._calmed) and observed >= REARM * self._peak

    def _follow(self, time: int, observed: float, score: float, *, fired: bool) -> None:
        """Keep track of the story that was last alerted: how high it went and whether it has calmed down."""
        if fired:
            self._alert, self._peak, self._calmed = time, observed, False
        elif not self._calmed:
            self._peak = max(self._peak, observed)
            self._calmed = score < CALM

    def _learn(self, observed: float, score: float) -> None:
        """Learn, or in the first hours of an excursion hold back what is to be learnt when it is over."""
        if self._bins >= 2 * self._width:  # before, next to nothing is known
            most = MOST_TIMES * (self._usual()[-1].mean + MOST_PRIOR)
            self._absurd = self._absurd + 1 if observed > most else 0
            if 0 < self._absurd * self._bin_ms <= FREEZE_HOURS * HOUR_MS:
                return
            observed = min(observed, most)
        self._highest.learn(observed)
        log = math.log1p(observed)
        self._excursion = self._excursion + 1 if score >= (CALM if self._excursion else 1.0) else 0
        if self._excursion and self._excursion * self._bin_ms <= FREEZE_HOURS * HOUR_MS:
            self._held.add(observed, log)
            return
        if self._idle or self._held.n:
            self._accept()
        for baseline in self._baselines:
            baseline.learn(observed, log)

    def _accept(self) -> None:
        """Learn the silence and the excursion that are over."""
        for baseline in self._baselines:
            if self._idle:
                baseline.learn_zeros(self._idle)
            if self._held.n:
                baseline.learn_held(self._held)
        self._idle, self._held = 0, Held()

    def _warm(self) -> bool:
        return self._bins >= WARM_UP_BINS and self._bins * self._bin_ms >= WARM_UP_HOURS * HOUR_MS

    def _usual(self) -> list[Moments]:
        return [baseline.moments(self._idle) for baseline in self._baselines]

    def _nothing(self, observed: float) -> VolumeVerdict:
        """Return the verdict of a bin that was not judged."""
        return VolumeVerdict(0.0, observed, *band(self._usual()), fired=False, warm=self._warm(), votes=[])

    # State ------------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Return all that the next verdicts depend on, in plain numbers and lists (about 2 kB as msgpack)."""
        return {
            "version": STATE_VERSION,
            "bin_seconds": self.bin_seconds,
            "time": self._time,
            "window": list(self._window),
            "sum": self._sum,
            "quiet": self._quiet,
            "idle": self._idle,
            "bins": self._bins,
            "alert": self._alert,
            "peak": self._peak,
            "calmed": self._calmed,
            "excursion": self._excursion,
            "held": list(astuple(self._held)),
            "absurd": self._absurd,
            "baselines": [baseline.dump() for baseline in self._baselines],
            "highest": self._highest.dump(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take the state that `dump` returned; raises ValueError when it is of another version or bin width."""
        for key, mine in (("version", STATE_VERSION), ("bin_seconds", self.bin_seconds)):
            if state.get(key) != mine:
                raise ValueError(
                    f"volume state: {key} is {state.get(key)!r}, this detector has {mine!r}; start it afresh"
                )
        self._time = state["time"]
        self._window = deque(state["window"], maxlen=self._width)
        self._sum = float(state["sum"])
        self._quiet, self._idle, self._bins = state["quiet"], state["idle"], state["bins"]
        self._alert, self._peak, self._calmed = state["alert"], state["peak"], state["calmed"]
        self._excursion, self._held = state["excursion"], Held(*state["held"])
        self._absurd = state.get("absurd", 0)  # older states have none
        for baseline, part in zip(self._baselines, state["baselines"], strict=True):
            baseline.load(part)
        self._highest.load(state["highest"])


def _known(value: float) -> bool:
    return 0.0 <= value <= MOST  # False for NaN
