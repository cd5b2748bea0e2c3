"""One brand's watchman: closed minutes in, alerts out.

Pure and deterministic: time is an argument, and what it decides depends only on the minutes it was given. It judges before
it learns, keeps one alert per onset and signal, tells when that worsens and when it is over, and says openly what it holds back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct
from schemas import ids
from schemas.events import Alert, AlertStatus, Baseline, Interval, Signal, SignalName, Vote, Window
from schemas.times import MINUTE, WEEK, from_ms, to_ms

from detectors import authenticity, severity
from detectors.drivers import Drivers
from detectors.negativity import NegativeShare
from detectors.onset import CROWD_SIGNALS, Gate, began, gates, threshold
from detectors.pace import BLOCK, Pace, plausible_gap, silent_after
from detectors.settings import Campaign, MonitorSettings
from detectors.sums import HORIZONS, Minute, SlidingSums
from detectors.tails import excess, reaching, upper

Event = Alert | Signal
Evidence = Callable[[], list[str]]

VERSION: Final = 1
NEVER: Final = 1 << 50
"""A count that no minute has."""
CALM: Final = 0.6
"""An alert is calm while every test is below this part of its threshold."""
CLOSE: Final = 0.8
"""A test came close from this part of its threshold on; it goes to `signals`."""
EARLY_MARGIN: Final = 1.0
"""Standard deviations that the early trigger asks for beyond the threshold of a closed minute."""
EARLY_SPAN: Final = 5
"""Arrival minutes that the early trigger adds up."""
EARLY_TOP: Final = 3
"""Severity that the early trigger gives at most: for L4 the closed minutes must have told copies from people."""
EARLY_WARM_MINUTES: Final = 180
"""A new brand's baseline after which an L4 is believed in spite of the warm-up."""
HABIT_DAYS: Final = 14
MISSING: Final = 20.0
"""Mentions that should have come before a silence is reported."""


class Live(Struct, array_like=True):
    """An alert that has not ended, or that has ended a short while ago."""

    signal: SignalName
    alert_id: str
    starts_at: int
    sequence: int
    level: int
    k: int
    opened: int
    """Minute in which it was opened."""
    suppressed_by: str | None = None
    calm: int = 0
    """Minutes in a row that were calm."""
    ended: int = 0
    """Minute of its end; 0 while it goes on."""


class Day(Struct, array_like=True):
    """The strongest ordinary things of one day, which a later burst must exceed to be news."""

    day: int
    scores: list[float]
    gap: int = 0
    reach: int = 0


class Early(Struct, array_like=True):
    """What one arrival minute had when last looked at."""

    minute: int
    people: int
    negative: int


class BrandMonitor:
    """See the module. One per brand; `dump` and `load` restore it exactly, at any point.

    Args:
        brand: its name.
        settings: thresholds and windows.
        model_version: printed in alerts.
        config_version: printed in alerts.
    """

    def __init__(
        self, brand: str, settings: MonitorSettings, model_version: str = "", config_version: str = ""
    ) -> None:
        self.brand = brand
        self.settings = settings
        self.model_version = model_version
        self.config_version = config_version
        self.wake_at: int | None = None
        self._pace = Pace()
        self._share = NegativeShare()
        self._sums = SlidingSums()
        self._drivers = Drivers()
        self._next = 0  # first minute not yet passed; 0 before the first
        self._last = 0  # last minute with a mention
        self._learns_until = 0  # empty minutes from here on are no fact about the brand
        self._silence_due = 0
        self._block = [0, 0, 0]  # crowd, mass, sum of squared crowds of the open block
        self._live: dict[str, Live] = {}
        self._ended: dict[str, Live] = {}
        self._days: list[Day] = []
        self._pages: list[tuple[int, int]] = []  # minute and level of alerts of L2 and more
        self._close: set[str] = set()  # tests that already were close at the last minute
        self._early: list[Early] = []
        self._bound: tuple[int, int] | None = None

    # ------------------------------------------------------------------------------------------------------ the input

    def close(self, window: Window, at: int, evidence: Evidence) -> list[Event]:
        """Judge, then learn, the closed minute `window`, which has mentions. Minutes since the last one were empty.

        Args:
            window: the minute.
            at: event time at which its close was known, epoch ms.
            evidence: asked for example mentions only when an alert is sent.
        """
        minute = to_ms(window.start) // MINUTE
        if minute < self._next:
            raise ValueError(f"{self.brand}: minute {window.start} is closed already")
        delay = at - (minute + 1) * MINUTE
        out = self._pass_empty(minute, delay)
        if not self._next:
            self._next = minute
        self._begin(minute)
        self._note_gap(minute)
        seen = _minute_of(window, minute)
        self._sums.push(seen)
        self._drivers.observe(window, minute, frozen=self._frozen())
        self._block[0] += seen.crowd
        self._block[1] += seen.mass
        self._block[2] += seen.crowd * seen.crowd
        out += self._end_silence(minute, delay)
        out += self._judge(minute, delay, window, evidence)
        self._finish(minute)
        self._expect_silence(minute)
        self._set_wake()
        return out

    def pass_time(self, closed_up_to: int, at: int) -> list[Event]:
        """Tell that no minute before `closed_up_to` (epoch ms) had mentions since the last one; known at `at`."""
        if not self._next:
            return []
        out = self._pass_empty(closed_up_to // MINUTE, at - closed_up_to)
        self._set_wake()
        return out

    def _pass_empty(self, to: int, delay: int) -> list[Event]:
        out: list[Event] = []
        while self._next and self._next < to:
            minute = self._next
            self._begin(minute)
            if any(live.signal != "silence" for live in self._live.values()):
                self._sums.expire(minute)
                out += self._calm_minute(minute, delay)
                self._finish(minute)
            elif minute >= self._learns_until and (not self._silence_due or minute >= self._silence_due):
                self._next = to
                break
            else:
                last = min(to, (minute // BLOCK + 1) * BLOCK) - 1
                if self._silence_due:
                    last = min(last, max(minute, self._silence_due - 1))
                self._finish(last)
            if self._silence_due and self._next >= self._silence_due:
                out += self._start_silence(delay)
        return out

    def _begin(self, minute: int) -> None:
        """Set what is expected, at the first minute and after a jump or at a new block."""
        if self._rate_block != minute // BLOCK:
            self._rate_block = minute // BLOCK
            self._pace.begin(minute)

    _rate_block = -1

    def _finish(self, minute: int) -> None:
        """Learn the block that ends with `minute`, if one does, and move on."""
        if (minute + 1) % BLOCK == 0:
            crowd, mass, squares = self._block
            self._block = [0, 0, 0]
            if minute < self._learns_until or crowd:
                frozen = self._frozen()
                kept = self._pace.learn(minute, crowd / 100, mass / 10_000, squares / 10_000, frozen=frozen)
                if not frozen:
                    self._share.learn_one(crowd / 100 * kept, mass / 10_000 * kept)
        self._next = minute + 1
        self._bound = None

    # ----------------------------------------------------------------------------------------------------- what it knows

    @property
    def warm(self) -> bool:
        """Whether the baseline has seen enough to page."""
        return (
            self._pace.minutes >= self.settings.warm_up_hours * 60
            and self._pace.mentions >= self.settings.warm_up_mentions
        )

    def _frozen(self) -> bool:
        return any(live.level >= 2 and live.suppressed_by != "warm_up" for live in self._live.values())

    def _campaign(self, minute: int) -> Campaign | None:
        now = minute * MINUTE
        return next((c for c in self.settings.campaigns if c.start <= now < c.end), None)

    def _today(self, minute: int) -> Day:
        day = minute // (24 * 60)
        if not self._days or self._days[-1].day < day:
            self._days = [d for d in self._days if d.day > day - HABIT_DAYS]
            self._days.append(Day(day, [0.0] * len(HORIZONS)))
        return self._days[-1]

    def _habits(self) -> list[float]:
        if not self.warm:
            return [0.0] * len(HORIZONS)
        return [max((d.scores[k] for d in self._days), default=0.0) for k in range(len(HORIZONS))]

    # ------------------------------------------------------------------------------------------------------ the verdict

    def _judge(self, minute: int, delay: int, window: Window, evidence: Evidence) -> list[Event]:
        campaign = self._campaign(minute)
        factor = campaign.factor if campaign else 1.0
        tests, counts = gates(
            self._pace, self._share, self._sums, minute, self._habits(), self.settings.sensitivity, factor
        )
        out: list[Event] = []
        fired = [gate for gate in tests if gate.strength >= 1.0]
        if campaign and not any(gate.signal == "volume_spike" for gate in fired):
            plain, _ = gates(self._pace, self._share, self._sums, minute, self._habits(), self.settings.sensitivity)
            fired += [gate for gate in plain if gate.signal == "volume_spike" and gate.strength >= 1.0]
        lead = self._lead(fired, minute)
        if lead is not None:
            gate, level, points = lead
            out += self._raise(gate, level, points, tests, minute, delay, evidence)
        out += self._reach(window, minute, delay, evidence)
        out += self._tell_close(tests, minute, delay)
        out += self._calm_minute(minute, delay, tests)
        if not self._frozen():
            today = self._today(minute)
            today.scores = [max(old, new) for old, new in zip(today.scores, counts, strict=True)]
        return out

    def _lead(self, fired: list[Gate], minute: int) -> tuple[Gate, int, dict[str, float]] | None:
        best: tuple[int, int, float, Gate, dict[str, float]] | None = None
        for gate in fired:
            level, points = self._severity(gate.k, minute)
            rank = (level, -CROWD_SIGNALS.index(gate.signal), gate.strength)
            if best is None or rank > best[:3]:
                best = (*rank, gate, points)
        return None if best is None else (best[3], best[0], best[4])

    def _severity(self, k: int, minute: int) -> tuple[int, dict[str, float]]:
        crowd, mass = self._sums.crowd[k] / 100, self._sums.mass[k] / 10_000
        minutes = self._sums.within(k)
        people = self._people(k)
        found = authenticity.assess(minutes, people)
        facts = severity.Facts(
            crowd=crowd,
            expected=self._pace.expected(k, minute),
            people=people,
            share=mass / crowd if crowd else 0.0,
            usual_share=self._share.usual,
            doubling_minutes=self._doubling(k, minute),
            authenticity=authenticity.penalty(found, sum(m.mentions for m in minutes)),
        )
        points = severity.terms(facts)
        return severity.level(points, people, self.settings.min_people), points

    def _people(self, k: int) -> int:
        return sum(m.authors for m in self._sums.within(k))

    def _doubling(self, k: int, minute: int) -> float | None:
        """Return the minutes in which it doubles, from the two halves of the horizon; None when it does not grow."""
        horizon = HORIZONS[k]
        if horizon == 1:
            return None
        half = minute - horizon // 2
        early = sum(m.crowd for m in self._sums.within(k) if m.minute <= half) / 100
        late = self._sums.crowd[k] / 100 - early
        if late < 5 or late <= early * 1.1:
            return None
        return horizon / 2 * math.log(2) / math.log(late / max(early, 0.5))

    # ---------------------------------------------------------------------------------------------- onset and worsening

    def _raise(
        self,
        gate: Gate,
        level: int,
        points: dict[str, float],
        tests: list[Gate],
        minute: int,
        delay: int,
        evidence: Evidence,
    ) -> list[Event]:
        loudest = max(
            (live.level for live in self._live.values() if live.suppressed_by is None and live.signal in CROWD_SIGNALS),
            default=0,
        )
        live = self._live.get(gate.signal)
        if live is not None:
            live.k = max(live.k, gate.k)
            released = live.suppressed_by in {"warm_up", "campaign"} and level >= 2 and self.warm
            if level <= live.level and not released:
                return []
            if level <= loudest:
                return []
        elif level <= loudest:
            return []
        held = self._held_back(gate.signal, level, minute)
        if live is None:
            starts = began(self._sums.within(gate.k), self._pace.rate) * MINUTE
            live, status = self._open(gate.signal, starts, level, gate.k, minute, held)
        else:
            if live.suppressed_by is not None and held is not None and level <= live.level:
                return []
            status = "updated" if live.suppressed_by is None else "firing"
            live.sequence += 1
            live.level = max(live.level, level)
        if live.suppressed_by is None and status == "updated" and held == "budget":
            held = None  # it has paged already; that it worsens must be said
        live.suppressed_by = held
        if held is not None:
            status = "suppressed"
        elif live.level >= 2:
            self._count_page(minute, live.level)
        return [self._alert(live, status, gate.k, gate.score, points, tests, minute, delay, evidence())]

    def _open(
        self, signal: SignalName, starts: int, level: int, k: int, minute: int, held: str | None
    ) -> tuple[Live, AlertStatus]:
        old = self._ended.pop(signal, None)
        if old is not None and minute - old.ended <= self.settings.reopen_minutes:
            old.sequence += 1
            old.level, old.calm, old.ended, old.opened = max(level, old.level), 0, 0, minute
            self._live[signal] = old
            return old, "firing"
        if old is not None:
            starts = max(starts, old.ended * MINUTE)
        mark = ids.fingerprint(self.brand, signal)
        live = Live(signal, ids.alert_id(mark, starts), starts, 1, level, k, minute, held)
        self._live[signal] = live
        return live, "firing"

    def _held_back(self, signal: SignalName, level: int, minute: int) -> str | None:
        if not self.warm and not (level >= 4 and self._pace.minutes >= EARLY_WARM_MINUTES):
            return "warm_up"
        if signal == "volume_spike" and self._campaign(minute):
            return "campaign"
        if 2 <= level < 4:
            budget = self.settings.pages_per_week * (2 if level == 3 else 1)
            recent = sum(1 for when, _ in self._pages if (minute - when) * MINUTE < WEEK)
            if recent >= budget:
                return "budget"
        return None

    def _count_page(self, minute: int, level: int) -> None:
        self._pages = [(when, how) for when, how in self._pages if (minute - when) * MINUTE < WEEK][-49:]
        self._pages.append((minute, level))

    # ------------------------------------------------------------------------------------------------------ reach

    def _reach(self, window: Window, minute: int, delay: int, evidence: Evidence) -> list[Event]:
        limit = self.settings.reach_followers / self.settings.sensitivity
        if window.top_negative < 5_000 or window.top_reach < limit / 5:
            return []
        known = max((day.reach for day in self._days), default=0)
        self._today(minute).reach = max(self._today(minute).reach, window.top_reach)
        level = 2 if window.top_reach >= limit and window.top_reach > 1.25 * known else 1
        live = self._live.get("reach")
        if live is not None:
            live.calm = 0
            if level <= live.level:
                return []
        elif level == 1 and window.top_reach <= 1.25 * known:
            return []
        held = self._held_back("reach", level, minute)
        if live is None:
            live, status = self._open("reach", minute * MINUTE, level, 0, minute, held)
        else:
            live.sequence += 1
            live.level, status = level, "updated"
        live.suppressed_by = held
        if held:
            status = "suppressed"
        elif level >= 2:
            self._count_page(minute, level)
        points = {"reach": round(math.log10(max(window.top_reach, 1) / (limit / 5)) + 1.0, 3)}
        alert = self._alert(live, status, 0, window.top_reach / limit, points, [], minute, delay, evidence())
        return [msgspec.structs.replace(
            alert, observed=float(window.top_reach), expected=float(known), interval=None, reach=window.top_reach,
            reason=f"One negative post about {self.brand} by an account with {window.top_reach:,} followers.",
        )]  # fmt: skip

    # ---------------------------------------------------------------------------------------------------- the calm after

    def _calm_minute(self, minute: int, delay: int, tests: list[Gate] | None = None) -> list[Event]:
        crowd = [live for live in self._live.values() if live.signal != "silence"]
        if not crowd:
            return []
        if tests is None:
            campaign = self._campaign(minute)
            tests, _ = gates(
                self._pace, self._share, self._sums, minute, self._habits(), self.settings.sensitivity,
                campaign.factor if campaign else 1.0,
            )  # fmt: skip
        out: list[Event] = []
        for live in crowd:
            out += self._calm_alert(live, tests, minute, delay)
        return out

    def _calm_alert(self, live: Live, tests: list[Gate], minute: int, delay: int) -> list[Event]:
        if live.signal == "reach":
            live.calm += 1
        else:
            reach = max(live.k, 3)
            strength = max((g.strength for g in tests if g.k <= reach), default=0.0)
            live.calm = live.calm + 1 if strength < CALM else 0
        why = "calm"
        if live.signal != "reach" and live.level >= 2 and minute - live.opened >= self.settings.accept_hours * 60:
            crowd, mass, blocks = self._pace.accept()
            self._share.reset(crowd, mass, blocks)
            self._pace.begin(minute)
            why = "accepted"
        elif live.calm < self.settings.calm_minutes:
            return []
        del self._live[live.signal]
        live.ended = minute + 1
        live.sequence += 1
        self._ended[live.signal] = live
        return [self._resolved(live, minute, delay, why)]

    def _resolved(self, live: Live, minute: int, delay: int, why: str) -> Alert:
        end = (minute + 1) * MINUTE
        alert = self._alert(live, "resolved", min(live.k, 3), 0.0, {}, [], minute, delay, [])
        if why == "accepted":
            text = f"The level has held for {self.settings.accept_hours:g} hours and is taken as {self.brand}'s new normal."
        elif live.signal == "silence":
            text = f"{self.brand} is talked about again."
        else:
            text = f"Calm for {live.calm} minutes after {_span(end - live.starts_at)}."
        return msgspec.structs.replace(alert, ends_at=from_ms(end), reason=text)

    # ---------------------------------------------------------------------------------------------------------- silence

    def _note_gap(self, minute: int) -> None:
        gap = minute - self._last - 1 if self._last else 0
        if gap > 0:
            today = self._today(minute)
            today.gap = max(today.gap, min(gap, 2 * self._gap_limit()))

    def _gap_limit(self) -> int:
        longest = max((day.gap for day in self._days), default=0)
        return plausible_gap(longest, self._pace.minutes, round(self.settings.silence_hours * 60))

    def _expect_silence(self, minute: int) -> None:
        limit = self._gap_limit()
        self._last = minute
        self._learns_until = (minute + limit) // BLOCK * BLOCK
        rate = self._pace.slow.get() / BLOCK
        self._silence_due = minute + 1 + max(limit, silent_after(rate, MISSING)) if self.warm and rate > 0 else 0

    def _start_silence(self, delay: int) -> list[Event]:
        due, self._silence_due = self._silence_due, 0
        if "silence" in self._live:
            return []
        starts = (self._last + 1) * MINUTE
        live, status = self._open("silence", starts, 1, 3, due - 1, None)
        minutes = due - 1 - self._last
        missing = self._pace.slow.get() / BLOCK * minutes
        alert = self._alert(live, status, 3, 0.0, {"size": 0.0}, [], due - 1, delay, [])
        return [msgspec.structs.replace(
            alert, observed=0.0, expected=round(missing, 1), window_seconds=minutes * 60, interval=None,
            reason=f"Nobody has mentioned {self.brand} for {_span(minutes * MINUTE)}, where about {missing:.0f} mentions are usual.",
        )]  # fmt: skip

    def _end_silence(self, minute: int, delay: int) -> list[Event]:
        live = self._live.pop("silence", None)
        if live is None:
            return []
        live.sequence += 1
        live.ended = minute
        self._ended["silence"] = live
        return [self._resolved(live, minute, delay, "talk")]

    # ---------------------------------------------------------------------------------------------------- the early trigger

    def early_bound(self) -> tuple[int, int]:
        """Return (count, negative mass in 1/10,000): with less than both an arrival minute need not be shown to `early`."""
        if self._bound is None:
            if not self.warm:
                self._bound = (NEVER, NEVER)
            else:
                least = reaching(1.5, self._pace.rate, self._pace.dispersion[0])
                self._bound = (max(3, least), NEVER)
        return self._bound

    def early(
        self,
        minute: int,
        at: int,
        count: int,
        negative: int,
        authors: int,
        evidence: Evidence,
        texts: int | None = None,
    ) -> list[Event]:
        """Judge an open arrival minute on figures that only grow; its last call must have the final ones.

        Args:
            minute: its start, epoch ms.
            at: event time, epoch ms.
            count: mentions that arrived in it so far, for the first time and not late.
            negative: their sum of P(negative) in 1/10,000.
            authors: different authors.
            evidence: asked for example mentions only when an alert is sent.
            texts: different texts; without it authors alone bound the crowd.
        """
        now = minute // MINUTE
        if not self.warm or count < self.early_bound()[0]:
            return []
        people = min(count, authors, count if texts is None else texts)
        angry = min(negative, people * 10_000)
        self._early = [e for e in self._early if now - EARLY_SPAN < e.minute < now]
        self._early.append(Early(now, people, angry))
        best: tuple[int, float, int, dict[str, float]] | None = None
        for k in (0, 1):
            found = self._early_verdict(k, now)
            if found is not None and (best is None or found[:2] > best[:2]):
                best = (*found[:2], k, found[2])
        if best is None:
            return []
        level, score, k, points = best
        return self._raise_early(level, score, k, points, now, at, evidence)

    def _early_verdict(self, k: int, now: int) -> tuple[int, float, dict[str, float]] | None:
        recent = [e for e in self._early if e.minute > now - HORIZONS[k]]
        people, angry = sum(e.people for e in recent), sum(e.negative for e in recent) / 10_000
        campaign = self._campaign(now)
        expected = self._pace.rate * HORIZONS[k] * (campaign.factor if campaign else 1.0)
        usual = self._share.usual
        limit = threshold(k, self.settings.sensitivity, self._habits()[k]) + EARLY_MARGIN
        score = excess(angry, expected * usual, self._pace.dispersion[k])
        if people < self.settings.min_people or score < limit:
            return None
        # The crowd is what the anger alone would be at the usual share, so that it can only grow.
        crowd = min(float(people), angry / usual)
        points = severity.terms(severity.Facts(crowd, expected, people, usual, usual))
        level = min(EARLY_TOP, severity.level({**points, "negativity": 0.0}, people, self.settings.min_people))
        return (level, score, points) if level >= 2 else None

    def _raise_early(
        self, level: int, score: float, k: int, points: dict[str, float], now: int, at: int, evidence: Evidence
    ) -> list[Event]:
        signal: SignalName = "negative_spike"
        loudest = max((v.level for v in self._live.values() if v.suppressed_by is None), default=0)
        live = self._live.get(signal)
        if level <= loudest or (live is not None and level <= live.level):
            return []
        held = self._held_back(signal, level, now)
        if live is None:
            first = next(e.minute for e in self._early if e.minute > now - HORIZONS[k])
            live, status = self._open(signal, first * MINUTE, level, k, now, held)
        else:
            live.sequence += 1
            live.level = level
            status = "updated" if live.suppressed_by is None else "firing"
            if status == "updated" and held == "budget":
                held = None
        live.suppressed_by = held
        if held:
            status = "suppressed"
        else:
            self._count_page(now, level)
        recent = [e for e in self._early if e.minute > now - HORIZONS[k]]
        people, angry = sum(e.people for e in recent), sum(e.negative for e in recent) / 10_000
        expected = self._pace.rate * HORIZONS[k] * self._share.usual
        alert = self._alert(live, status, k, score, points, [], now, at - (now + 1) * MINUTE, evidence())
        self._set_wake()
        return [msgspec.structs.replace(
            alert, detected_at=from_ms(at), observed=round(angry, 2), expected=round(expected, 2), sample_size=people,
            interval=Interval(0.0, round(upper(expected, self._pace.dispersion[k], 2.0), 2)),
            authenticity=None, doubling_seconds=None, negative_share=round(min(1.0, angry / people), 4),
            votes=[Vote(f"early {HORIZONS[k]} min", round(score, 2), True, "the open minute is beyond what a whole one could be")],
            reason=(
                f"{people} people on {self.brand} within {_minutes(HORIZONS[k])}, still counting, where "
                f"{self._pace.rate * HORIZONS[k]:.1f} mentions are usual; the negative share is {angry / people:.0%}."
            ),
        )]  # fmt: skip

    # ------------------------------------------------------------------------------------------------------ what it says

    def _tell_close(self, tests: list[Gate], minute: int, delay: int) -> list[Event]:
        close = {gate.name: gate for gate in tests if gate.strength >= CLOSE}
        news = [gate for name, gate in close.items() if name not in self._close]
        self._close = set(close)
        out: list[Event] = []
        for signal in CROWD_SIGNALS:
            best = max((g for g in news if g.signal == signal), key=lambda g: (g.strength, g.k), default=None)
            if best is None:
                continue
            observed, expected = self._observed(best.signal, best.k, minute)
            held = None if best.strength < 1.0 or signal in self._live else "another alert of the brand says it"
            out.append(
                Signal(
                    brand=self.brand,
                    signal=signal,
                    start=from_ms((minute + 1 - HORIZONS[best.k]) * MINUTE),
                    detected_at=from_ms((minute + 1) * MINUTE + delay),
                    score=round(best.score, 3),
                    threshold=round(best.threshold, 3),
                    fired=best.strength >= 1.0,
                    observed=round(observed, 2),
                    expected=round(expected, 2),
                    votes=_votes(tests),
                    held_back_by=held,
                )
            )
        return out

    def _observed(self, signal: str, k: int, minute: int) -> tuple[float, float]:
        crowd, mass = self._sums.crowd[k] / 100, self._sums.mass[k] / 10_000
        expected = self._pace.expected(k, minute)
        if signal == "negative_spike":
            return mass, expected * self._share.usual
        if signal == "negativity_shift":
            return (mass / crowd if crowd else 0.0), self._share.usual
        return crowd, expected

    def _alert(
        self,
        live: Live,
        status: AlertStatus,
        k: int,
        score: float,
        points: dict[str, float],
        tests: list[Gate],
        minute: int,
        delay: int,
        evidence: list[str],
    ) -> Alert:
        crowd, mass = self._sums.crowd[k] / 100, self._sums.mass[k] / 10_000
        minutes, people = self._sums.within(k), self._people(k)
        observed, expected = self._observed(live.signal, k, minute)
        doubling = self._doubling(k, minute)
        alpha = self._pace.dispersion[k]
        share = min(1.0, mass / crowd) if crowd else 0.0
        return Alert(
            alert_id=live.alert_id,
            fingerprint=ids.fingerprint(self.brand, live.signal),
            sequence=live.sequence,
            status=status,
            signal=live.signal,
            severity=severity.name(live.level),
            brand=self.brand,
            starts_at=from_ms(live.starts_at),
            detected_at=from_ms((minute + 1) * MINUTE + delay),
            window_seconds=HORIZONS[k] * 60,
            observed=round(observed, 3),
            expected=round(expected, 3),
            interval=Interval(0.0, round(upper(expected, alpha, 2.0), 2))
            if live.signal != "negativity_shift"
            else None,
            score=round(score, 3),
            sample_size=sum(m.mentions for m in minutes),
            baseline=Baseline(self._pace.minutes * 60, self._pace.minutes, self.warm),
            votes=_votes(tests),
            severity_terms={name: round(value, 3) for name, value in points.items()},
            authenticity=authenticity.assess(minutes, people) if minutes else None,
            drivers=self._drivers.top() if status != "resolved" else [],
            evidence=evidence[:10],
            negative_share=round(share, 4),
            reach=sum(m.reach for m in minutes),
            doubling_seconds=round(doubling * 60, 1) if doubling else None,
            reason=self._reason(k, minute, crowd, people, share, doubling),
            suppressed_by=live.suppressed_by,
            runbook_url=self.settings.runbook_base + live.signal if self.settings.runbook_base else None,
            model_version=self.model_version,
            config_version=self.config_version,
        )

    def _reason(self, k: int, minute: int, crowd: float, people: int, share: float, doubling: float | None) -> str:
        expected = self._pace.expected(k, minute)
        high = upper(expected, self._pace.dispersion[k], 2.0)
        text = (
            f"{crowd:.0f} mentions of {self.brand} from about {people} people in {_minutes(HORIZONS[k])}, where {expected:.1f} are "
            f"usual and up to {high:.0f} would not surprise; the negative share is {share:.0%} against {self._share.usual:.0%}"
        )
        return text + (f"; it doubles in {doubling:.0f} minutes." if doubling and doubling >= 1 else ".")

    # ------------------------------------------------------------------------------------------------------------ waking

    def _set_wake(self) -> None:
        if any(live.signal != "silence" for live in self._live.values()):
            self.wake_at = (self._next + 1) * MINUTE
        elif self._silence_due:
            self.wake_at = self._silence_due * MINUTE
        else:
            self.wake_at = None

    # ------------------------------------------------------------------------------------------------------- dump and load

    def dump(self) -> bytes:
        """Return the whole state: versioned MessagePack, at most 16 kB."""
        return msgspec.msgpack.encode({
            "v": VERSION,
            "pace": self._pace.dump(),
            "share": self._share.dump(),
            "minutes": self._sums.kept(),
            "drivers": self._drivers.dump(),
            "times": [self._next, self._last, self._learns_until, self._silence_due, self._rate_block],
            "block": self._block,
            "live": list(self._live.values()),
            "ended": list(self._ended.values()),
            "days": self._days,
            "pages": self._pages,
            "close": sorted(self._close),
            "early": self._early,
            "bound": self._bound,
        })  # fmt: skip

    @classmethod
    def load(
        cls, brand: str, settings: MonitorSettings, data: bytes, model_version: str = "", config_version: str = ""
    ) -> BrandMonitor:
        """Return the monitor that `dump` wrote. Raises ValueError when it is none or of another version."""
        try:
            state = msgspec.msgpack.decode(data)
            version = state["v"]
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise ValueError(f"monitor of {brand}: not a state: {error}") from error
        if version != VERSION:
            raise ValueError(f"monitor of {brand}: state of version {version}, this program reads {VERSION}")
        monitor = cls(brand, settings, model_version, config_version)
        monitor._restore(state)
        return monitor

    def _restore(self, state: dict[str, Any]) -> None:
        self._pace.load(state["pace"])
        self._share.load(state["share"])
        self._sums = SlidingSums(Minute(*m) for m in state["minutes"])
        self._drivers.load(state["drivers"])
        self._next, self._last, self._learns_until, self._silence_due, self._rate_block = state["times"]
        self._block = state["block"]
        self._live = {v.signal: v for v in msgspec.convert(state["live"], list[Live])}
        self._ended = {v.signal: v for v in msgspec.convert(state["ended"], list[Live])}
        self._days = msgspec.convert(state["days"], list[Day])
        self._pages = [(when, level) for when, level in state["pages"]]
        self._close = set(state["close"])
        self._early = msgspec.convert(state["early"], list[Early])
        self._bound = tuple(state["bound"]) if state["bound"] else None
        if self._sums.minutes:
            self._sums.expire(max(self._sums.minutes[-1].minute, self._next - 1 if self._live else 0))
        self._set_wake()


def _minute_of(window: Window, minute: int) -> Minute:
    crowd = authenticity.crowd(window)
    mass = window.negative * crowd // (100 * window.count) if window.count else 0
    return Minute(
        minute, crowd, mass, window.count, window.authors, authenticity.copies_of(window), window.loudest, window.reach,
        window.young,
    )  # fmt: skip


def _votes(tests: list[Gate]) -> list[Vote]:
    best = sorted(tests, key=lambda g: (-g.strength, g.name))[:6]
    return [Vote(g.name, round(g.score, 2), g.strength >= 1.0, f"fires at {g.threshold:.2f}") for g in best]


def _minutes(count: int) -> str:
    return "one minute" if count == 1 else f"{count} minutes" if count < 120 else f"{count // 60} hours"


def _span(ms: int) -> str:
    minutes = ms // MINUTE
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
