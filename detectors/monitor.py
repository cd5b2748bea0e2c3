"""One brand's watchman: closed minutes in, alerts out.

Pure and deterministic: time is an argument, and what it decides depends only on the minutes it was given. It judges
before it learns, keeps one alert per onset and signal, tells when that worsens and when it is over, and says openly
what it holds back. What it knows is in `detectors.picture`, what it has said in `detectors.book`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from detectors import severity, wording
from detectors.book import NO_CAMPAIGN, AlertBook, Live
from detectors.early import PLAINLY, EarlyTrigger
from detectors.onset import CROWD_SIGNALS, Gate, gates
from detectors.pace import BLOCK
from detectors.picture import Picture
from detectors.settings import MonitorSettings
from detectors.silence import Silence
from detectors.sums import HORIZONS
from schemas.events import Alert, AlertStatus, Signal, SignalName, Window
from schemas.times import MINUTE, to_ms

Event = Alert | Signal
Evidence = Callable[[], list[str]]

VERSION: Final = 1
CALM: Final = 0.6
"""An alert is calm while every test is below this part of its threshold."""
CLOSE: Final = 0.8
"""A test came close from this part of its threshold on: it goes to `signals`."""
HOUR: Final = 3
"""Number of the horizon of an hour."""
EARLY_WARM: Final = 180
"""Minutes of a new brand's baseline from which an L4 is believed in spite of the warm-up."""
MANY_OPEN: Final = 10
"""Questions without an answer from which on they are news."""
LARGER: Final = 1.25
"""Times the largest account known by which another one is news."""


class BrandMonitor:
    """See the module. One per brand; `dump` and `load` restore it exactly, at any point.

    Args:
        brand: its name.
        settings: what it may be told; the defaults are what is measured.
        model_version: printed in alerts.
        config_version: printed in alerts.
    """

    def __init__(
        self, brand: str, settings: MonitorSettings, model_version: str = "", config_version: str = ""
    ) -> None:
        self.brand = brand
        self.settings = settings
        self.wake_at: int | None = None
        """The `closed_up_to` (epoch ms) at which `pass_time` should be called at the latest; None: never."""
        self._picture = Picture(brand, settings, model_version, config_version)
        self._book = AlertBook(brand, settings)
        self._early = EarlyTrigger()
        self._silence = Silence(settings)
        self._next = 0  # first minute not yet passed; 0 before the first mention
        self._close: list[str] = []  # tests that were close at the last judged minute
        self._bound: tuple[int, int] | None = None

    # ------------------------------------------------------------------------------------------------------ the input

    def close(self, window: Window, at: int, evidence: Evidence, authors: Iterable[int] | None = None) -> list[Event]:
        """Judge, then learn, the closed minute `window`, which has mentions. Minutes since the last one were empty.

        Args:
            window: the minute.
            at: event time at which its close was known, epoch ms.
            evidence: asked for example mentions only when an alert is sent.
            authors: keyed hashes of the minute's known authors, which tell one who speaks in many minutes from many who
                speak once; only a sketch of them is kept.

        Raises:
            ValueError: the minute was closed before, or is empty.
        """
        minute = to_ms(window.start) // MINUTE
        if minute < self._next or window.count < 1:
            fault = "is closed already" if window.count else "is empty"
            raise ValueError(f"{self.brand}: minute {window.start:%Y-%m-%dT%H:%MZ} {fault}")
        delay = at - (minute + 1) * MINUTE
        out = self._pass_empty(minute, delay)
        self._next = minute
        self._picture.begin(minute)
        self._picture.see(window, minute, authors, frozen=self._book.frozen)
        out += self._end_silence(minute, delay)
        tests = self._tests(minute)
        self._picture.habits.note(minute, self._picture.sums, next(gate.score for gate in tests if gate.slow))
        out += self._judge(tests, minute, delay, evidence)
        out += self._reach(window, minute, delay, evidence)
        out += self._public(window, tests, minute, delay, evidence)
        out += self._ends(tests, minute, delay)
        self._silence.heard(minute, self._picture.pace, self._picture.habits, warm=self._picture.warm)
        self._finish(minute)
        self._set_wake()
        return out

    def pass_time(self, closed_up_to: int, at: int) -> list[Event]:
        """Tell that no minute before `closed_up_to` (epoch ms) had mentions since the last one; known at `at`."""
        out = self._pass_empty(closed_up_to // MINUTE, at - closed_up_to) if self._next else []
        self._set_wake()
        return out

    def _pass_empty(self, to: int, delay: int) -> list[Event]:
        """Pass empty minutes before `to`: one by one while an alert is live, else block by block, else at once.

        The result does not depend on how a stretch is divided into calls.
        """
        out: list[Event] = []
        while self._next and self._next < to:
            minute = self._next
            due = self._silence.due
            if due and minute >= due:
                out += self._start_silence(delay)
            elif self._book.restless:
                self._picture.begin(minute)
                self._picture.sums.expire(minute)
                out += self._ends(self._tests(minute), minute, delay)
                self._finish(minute)
            elif self._silence.believes(minute) or minute % BLOCK:
                self._picture.begin(minute)
                last = min(to, (minute // BLOCK + 1) * BLOCK, due or to) - 1
                self._finish(last)
            else:  # the source has died: the silence so far was no fact about the brand either
                self._picture.pace.drop_since(self._silence.last + 1)
                self._next = min(to, due or to)
                self._bound = None
        if self._silence.due and self._next >= self._silence.due:
            out += self._start_silence(delay)
        return out

    def _finish(self, minute: int) -> None:
        self._picture.finish(
            minute,
            frozen=self._book.frozen,
            believable=self._silence.believes(minute),
            campaign=self._book.campaign(minute) is not None,
        )
        self._next = minute + 1
        self._bound = None

    def _set_wake(self) -> None:
        if self._book.restless:
            self.wake_at = (self._next + 1) * MINUTE
        else:
            self.wake_at = self._silence.due * MINUTE or None

    # ------------------------------------------------------------------------------------------------------ the verdict

    @property
    def warm(self) -> bool:
        """Whether there is enough to compare with, so that it may page."""
        return self._picture.warm

    def _tests(self, minute: int, *, campaign: bool = True) -> list[Gate]:
        picture = self._picture
        factors = self._book.factors(minute) if campaign else NO_CAMPAIGN
        known = picture.habits.slow(minute)
        return gates(picture.pace, picture.sums, picture.slow, self.settings.sensitivity, factors, known)

    def _judge(self, tests: list[Gate], minute: int, delay: int, evidence: Evidence) -> list[Event]:
        fired = [gate for gate in tests if gate.strength >= 1.0]
        factors = self._book.factors(minute)
        explained = not fired and factors != NO_CAMPAIGN
        if explained:  # what a campaign explains is told all the same, as held back
            plain = self._tests(minute, campaign=False)
            fired = [gate for gate in plain if gate.signal == "volume_spike" and gate.strength >= 1.0]
            factors = NO_CAMPAIGN
        out = self._tell_close(tests, minute, delay)
        if not self._book.loudest():  # the long sums still hold the story that has just ended
            told = self._book.told_until()
            fired = [gate for gate in fired if gate.slow or minute - HORIZONS[gate.k] >= told]
        if not fired:
            return out
        known = {
            (k, slow): self._picture.judge(k, minute, lasting=slow, factor=factors[k])
            for k, slow in sorted({(gate.k, gate.slow) for gate in fired})
        }
        lead = max(fired, key=lambda g: (known[g.k, g.slow].level, -CROWD_SIGNALS.index(g.signal), g.strength, g.k))
        starts = (self._picture.slow.since if lead.slow else self._picture.began(lead.k)) * MINUTE
        judgement = known[lead.k, lead.slow]
        said = self._raise(
            lead.signal,
            judgement.level,
            lead.k,
            starts,
            minute,
            points=sum(judgement.points.values()),
            slow=lead.slow,
            explained=explained,
        )
        if said is not None:
            live, status = said
            votes = wording.votes(tests)
            out.append(
                wording.alert(self._picture, live, status, judgement, lead.score, votes, minute, delay, evidence())
            )
        return out

    def _raise(
        self,
        signal: SignalName,
        level: int,
        k: int,
        starts: int,
        minute: int,
        *,
        points: float = 0.0,
        slow: bool = False,
        explained: bool = False,
    ) -> tuple[Live, AlertStatus] | None:
        held = None
        if not self.warm and not (level >= 4 and self._picture.pace.minutes >= EARLY_WARM):
            held = "warm_up"
        elif explained or (signal == "volume_spike" and self._book.campaign(minute)):
            held = "campaign"
        said = self._book.raise_(signal, level, k, starts, minute, held, points=points, slow=slow)
        if said is not None and self._book.frozen:
            self._picture.pace.drop_since(starts // MINUTE)
            self._picture.slow.restart()
        return said

    def _tell_close(self, tests: list[Gate], minute: int, delay: int) -> list[Event]:
        close = [gate for gate in tests if gate.strength >= CLOSE]
        news = [gate for gate in close if gate.name not in self._close]
        self._close = sorted(gate.name for gate in close)
        out: list[Event] = []
        for signal in CROWD_SIGNALS:
            best = max((g for g in news if g.signal == signal), key=lambda g: (g.strength, g.k), default=None)
            if best is not None:
                told = best.strength < 1.0 or signal in self._book.live or not self._book.loudest()
                held = None if told else "a live alert of the brand says it"
                out.append(wording.signal(self._picture, best, tests, minute, delay, held))
        return out

    def _reach(self, window: Window, minute: int, delay: int, evidence: Evidence) -> list[Event]:
        limit = self.settings.reach_followers / self.settings.sensitivity
        if window.top_negative < PLAINLY or window.top_reach < limit / 5:
            return []
        known = self._picture.habits.reach
        today = self._picture.habits.today(minute)
        today.reach = max(today.reach, window.top_reach)
        live = self._book.live.get("reach")
        if live is not None:
            live.calm = 0
        if window.top_reach <= LARGER * known:
            return []
        level = 2 if window.top_reach >= limit else 1
        said = self._raise("reach", level, 0, minute * MINUTE, minute, points=severity.LEVELS[level - 1])
        if said is None:
            return []
        return [wording.reach_alert(self._picture, *said, window, known, limit, minute, delay, evidence())]

    def unheard(self, since: int, until: int, told: Iterable[Alert]) -> None:
        """Tell that nobody heard what was said from `since` to `until` (epoch ms) but, at its end, the events `told`."""
        paged = any(alert.severity >= "L2" and alert.status in {"firing", "updated"} for alert in told)
        self._book.unheard(since // MINUTE, until // MINUTE, paged=paged)

    def _public(self, window: Window, tests: list[Gate], minute: int, delay: int, evidence: Evidence) -> list[Event]:
        """Count questions and the brand's own replies since each alert rang; tell its first reply, and each time that twice
        as many wait for an answer.
        """
        if not self.settings.official:
            return []
        out: list[Event] = []
        for live in self._book.live.values():
            if live.signal == "silence" or minute <= live.opened:
                continue
            live.questions += window.questions
            live.replies += window.replies
            waiting, news = live.questions - live.replies, ""
            if waiting >= max(MANY_OPEN, 2 * live.told_open):
                live.told_open, news = waiting, f"{waiting} questions wait for an answer."
            if window.replies and not live.replied_at:
                live.replied_at, news = minute, f"{self.brand} has replied itself."
            if news and live.suppressed_by is None:
                live.sequence += 1
                judgement, votes = self._picture.judge(live.k, minute), wording.votes(tests)
                out.append(wording.public_alert(self._picture, live, judgement, votes, minute, delay, evidence(), news))
        return out

    # -------------------------------------------------------------------------------------------------------- the end

    def _ends(self, tests: list[Gate], minute: int, delay: int) -> list[Event]:
        out: list[Event] = []
        for live in [live for live in self._book.live.values() if live.signal != "silence"]:
            if live.signal == "reach":
                live.calm += 1
            else:
                strength = max((g.strength for g in tests if g.k <= max(live.k, HOUR)), default=0.0)
                live.calm = live.calm + 1 if strength < CALM else 0
            lasted = minute - live.opened
            if live.signal != "reach" and live.level >= 2 and lasted >= self.settings.accept_hours * 60:
                self._picture.pace.accept(minute)
                hours = f"{self.settings.accept_hours:g} hours"
                why = f"The level has held for {hours} and is taken as the new normal of {self.brand}."
            elif live.calm >= self.settings.calm_minutes:
                lasted = minute + 1 - live.starts_at // MINUTE
                why = f"Calm for {wording.length(live.calm)}, {wording.length(lasted)} after it began."
            else:
                continue
            out.append(self._resolve(live, minute, delay, why))
        return out

    def _resolve(self, live: Live, minute: int, delay: int, why: str) -> Alert:
        self._book.end(live, minute)
        return wording.end_alert(self._picture, live, minute, delay, why)

    def begin_anew(self, *, share_known: bool = True) -> None:
        """Forget what was said and which silence is on, and keep what is usual: past talk has been learnt.

        Args:
            share_known: whether its mentions had a sentiment; otherwise the usual share is still to be learnt.
        """
        self._book = AlertBook(self.brand, self.settings)
        self._early = EarlyTrigger()
        self._picture.begin_anew(share_known=share_known)
        self._silence.due = 0
        self._close, self._bound = [], None
        self._set_wake()

    @property
    def next_at(self) -> int:
        """The first minute (epoch ms) that it can still be told of; 0 before the first mention."""
        return self._next * MINUTE

    @property
    def learnt(self) -> tuple[float, float, int]:
        """How many hours, mentions and different hours of the day the baseline rests on."""
        pace = self._picture.pace
        return pace.minutes / 60, pace.mentions, pace.hours_heard

    def let_go(self, closed_up_to: int, at: int) -> list[Event]:
        """Return the ends of what is live: the brand is watched no longer, or begins anew; known at `at` (epoch ms)."""
        minute = closed_up_to // MINUTE - 1
        why = f"{self.brand} is no longer watched."
        return [self._resolve(live, minute, at - closed_up_to, why) for live in list(self._book.live.values())]

    # ------------------------------------------------------------------------------------------------------ silence

    def _start_silence(self, delay: int) -> list[Event]:
        last, due = self._silence.last, self._silence.due
        self._silence.due = 0
        said = self._book.raise_("silence", 1, HOUR, (last + 1) * MINUTE, due - 1, None)
        if said is None:
            return []
        return [wording.silence_alert(self._picture, *said, due - 1, delay, last)]

    def _end_silence(self, minute: int, delay: int) -> list[Event]:
        live = self._book.live.get("silence")
        if live is None:
            return []
        return [self._resolve(live, minute, delay, f"{self.brand} is talked about again.")]

    # ------------------------------------------------------------------------------------------------ the early trigger

    def early_bound(self) -> tuple[int, int]:
        """Return (count, negative mass in 1/10,000) below both of which an arrival minute need not be shown to `early`.

        It changes with closed minutes only.
        """
        if self._bound is None:
            self._bound = self._early.bound(self._picture)
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
            negative: the sum of P(negative), in 1/10,000, of those that have at least `early.PLAINLY`.
            authors: different authors.
            evidence: asked for example mentions only when an alert is sent.
            texts: different texts; without it authors alone bound the crowd.
        """
        if not self.warm or count < self.early_bound()[0]:
            return []
        now = minute // MINUTE
        people = min(count, authors, count if texts is None else texts)
        verdict = self._early.look(self._picture, now, people, negative, self._book.factors(now))
        if verdict is None:
            return []
        judged = verdict.judgement
        points = sum(judged.points.values())
        said = self._raise("negative_spike", judged.level, judged.k, verdict.starts_at, now, points=points)
        if said is None:
            return []
        self._set_wake()
        return [wording.early_alert(self._picture, *said, verdict, at, evidence())]

    # ------------------------------------------------------------------------------------------------------- the state

    def dump(self) -> bytes:
        """Return the whole state: versioned MessagePack, at most 16 kB."""
        parts = (self._picture, self._book, self._early, self._silence)
        return msgspec.msgpack.encode([VERSION, *(part.dump() for part in parts), self._next, self._close, self._bound])

    @classmethod
    def load(
        cls, brand: str, settings: MonitorSettings, data: bytes, model_version: str = "", config_version: str = ""
    ) -> BrandMonitor:
        """Return the monitor that `dump` wrote. Raises ValueError when it is none or of another version."""
        monitor = cls(brand, settings, model_version, config_version)
        try:
            version, *state = msgspec.msgpack.decode(data)
            if version == VERSION:
                picture, book, early, silence, monitor._next, monitor._close, bound = state
                monitor._bound = None if bound is None else (bound[0], bound[1])
                monitor._picture.load(picture)
                monitor._book.load(book)
                monitor._early.load(early)
                monitor._silence.load(silence)
        except (msgspec.DecodeError, msgspec.ValidationError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"monitor of {brand}: not a state: {error}") from error
        if version != VERSION:
            raise ValueError(f"monitor of {brand}: state of version {version}, this program reads {VERSION}")
        monitor._set_wake()
        return monitor
