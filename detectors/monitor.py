"""One brand's watchman: closed minutes in, alerts out.

Pure and deterministic: time is an argument, and what it decides depends only on the minutes it was given. It judges
before it learns, keeps one alert per onset and signal, tells when that worsens and when it is over, and says openly
what it holds back. What it knows is in `detectors.picture`, what it has said in `detectors.book`, what is news in
`detectors.telling`, and when that is over in `detectors.ending`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from detectors import wording
from detectors.book import NO_CAMPAIGN, AlertBook
from detectors.early import EarlyTrigger, SoFar
from detectors.ending import ends, resolve, silence_begins, silence_ends
from detectors.grave import SPANS
from detectors.onset import Gate, gates
from detectors.pace import BLOCK
from detectors.picture import Picture
from detectors.settings import MonitorSettings
from detectors.silence import Silence
from detectors.telling import Event, Evidence, Teller
from schemas.events import Alert, SignalName, Window
from schemas.times import MINUTE, to_ms

VERSION: Final = 1


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
        self._teller = Teller(self._picture, self._book)
        self._early = EarlyTrigger()
        self._silence = Silence(settings)
        self._next = 0  # first minute not yet passed; 0 before the first mention
        self._bound: tuple[int, int] | None = None

    # ------------------------------------------------------------------------------------------------------ the input

    def close(
        self,
        window: Window,
        at: int,
        evidence: Evidence,
        authors: Iterable[int] | None = None,
        said: Iterable[tuple[int, int]] = (),
        speaker: int = 0,
    ) -> list[Event]:
        """Judge, then learn, the closed minute `window`, which has mentions. Minutes since the last one were empty.

        Args:
            window: the minute.
            at: event time at which its close was known, epoch ms.
            evidence: asked for example mentions only when an alert is sent.
            authors: keyed hashes of the minute's known authors, which tell one who speaks in many minutes from many who
                speak once; only a sketch of them is kept.
            said: (keyed hash of the author, hash of the wording) of the minute's posts of a grave matter, where they are
                known; a few bits of them are kept for an hour.
            speaker: keyed hash of the account of `window.top_reach`, 0 where it is not known; a few bits of it are kept for
                two weeks where it is a large one with a negative post.

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
        self._picture.see(window, minute, authors, said, frozen=self._book.frozen)
        out += silence_ends(self._picture, self._book, minute, delay)
        tests = self._tests(minute)
        slow = next(gate.score for gate in tests if gate.slow)
        self._picture.habits.note(minute, self._picture.sums, slow, self._picture.told(SPANS - 1))
        out += self._teller.judge(tests, lambda: self._tests(minute, campaign=False), minute, delay, evidence)
        out += self._teller.reach(window, minute, delay, evidence, speaker)
        out += self._teller.public(window, tests, minute, delay, evidence)
        out += ends(self._picture, self._book, tests, minute, delay)
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
                out += silence_begins(self._picture, self._book, self._silence, delay)
            elif self._book.restless:
                self._picture.begin(minute)
                self._picture.sums.expire(minute)
                out += ends(self._picture, self._book, self._tests(minute), minute, delay)
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
            out += silence_begins(self._picture, self._book, self._silence, delay)
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
    def names(self) -> tuple[str, ...]:
        """What the brand is called."""
        return self._picture.names

    @property
    def warm(self) -> bool:
        """Whether there is enough to compare with, so that it may page."""
        return self._picture.warm

    def _tests(self, minute: int, *, campaign: bool = True) -> list[Gate]:
        picture = self._picture
        factors = self._book.factors(minute) if campaign else NO_CAMPAIGN
        known = picture.habits.slow(minute)
        tellers = picture.tests_of_grave()
        return gates(picture.pace, picture.sums, picture.slow, self.settings.sensitivity, factors, known, tellers)

    # ------------------------------------------------------------------------------------------------ beginning and end

    def begin_anew(self, *, share_known: bool = True) -> None:
        """Forget what was said and which silence is on, and keep what is usual: past talk has been learnt.

        Args:
            share_known: whether its mentions had a sentiment; otherwise the usual share is still to be learnt.
        """
        self._book = AlertBook(self.brand, self.settings)
        self._teller = Teller(self._picture, self._book)
        self._early = EarlyTrigger()
        self._picture.begin_anew(share_known=share_known)
        self._silence.due = 0
        self._bound = None
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

    def unheard(self, since: int, until: int, told: Iterable[Alert]) -> None:
        """Tell that nobody heard what was said from `since` to `until` (epoch ms) but, at its end, the events `told`."""
        paged = any(alert.severity >= "L2" and alert.status in {"firing", "updated"} for alert in told)
        self._book.unheard(since // MINUTE, until // MINUTE, paged=paged)

    def let_go(self, closed_up_to: int, at: int) -> list[Event]:
        """Return the ends of what is live: the brand is watched no longer, or begins anew; known at `at` (epoch ms)."""
        minute = closed_up_to // MINUTE - 1
        why = f"{self.brand} is no longer watched."
        return [
            resolve(self._picture, self._book, live, minute, at - closed_up_to, why)
            for live in list(self._book.live.values())
        ]

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
        so_far: SoFar,
        evidence: Evidence,
        said: Iterable[tuple[int, int]] = (),
    ) -> list[Event]:
        """Judge an open arrival minute on figures that only grow; its last call must have the final ones.

        Args:
            minute: its start, epoch ms.
            at: event time, epoch ms.
            so_far: what has arrived in it.
            evidence: asked for example mentions only when an alert is sent.
            said: as in `close`, of what has arrived; looked at when the minute is over.
        """
        said = said if at >= minute + MINUTE else ()
        if not self.warm or (so_far.mentions < self.early_bound()[0] and not said):
            return []
        now = minute // MINUTE
        verdict = self._early.look(self._picture, now, so_far, self._book.factors(now), said)
        if verdict is None:
            return []
        judged = verdict.judgement
        points = sum(judged.points.values())
        told = judged.tellers > 0
        signal: SignalName = "volume_spike" if told else "negative_spike"
        news = self._teller.raise_(signal, judged.level, judged.k, verdict.starts_at, now, points=points, grave=told)
        if news is None:
            return []
        self._set_wake()
        return [wording.early_alert(self._picture, *news, verdict, at, evidence())]

    # ------------------------------------------------------------------------------------------------------- the state

    def dump(self) -> bytes:
        """Return the whole state: versioned MessagePack, at most 16 kB."""
        parts = (self._picture, self._book, self._early, self._silence)
        return msgspec.msgpack.encode(
            [
                VERSION,
                *(part.dump() for part in parts),
                self._next,
                self._teller.close,
                self._bound,
                self._early.tellers.dump(),
            ]
        )

    @classmethod
    def load(
        cls, brand: str, settings: MonitorSettings, data: bytes, model_version: str = "", config_version: str = ""
    ) -> BrandMonitor:
        """Return the monitor that `dump` wrote. Raises ValueError when it is none or of another version."""
        monitor = cls(brand, settings, model_version, config_version)
        try:
            version, *state = msgspec.msgpack.decode(data)
            if version == VERSION:
                picture, book, early, silence, monitor._next, monitor._teller.close, bound, *later = state
                monitor._bound = None if bound is None else (bound[0], bound[1])
                monitor._picture.load(picture)
                monitor._book.load(book)
                monitor._early.load(early)
                monitor._silence.load(silence)
                for tellers in later:  # older states have none
                    monitor._early.tellers.load(tellers)
        except (msgspec.DecodeError, msgspec.ValidationError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"monitor of {brand}: not a state: {error}") from error
        if version != VERSION:
            raise ValueError(f"monitor of {brand}: state of version {version}, this program reads {VERSION}")
        monitor._set_wake()
        return monitor
