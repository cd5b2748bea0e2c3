"""What is new is told, once: onsets, what worsens, a large account's post, what the public waits for, and what came close.

Held back or not is decided here, with `detectors.book`; when it is over, `detectors.ending` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from detectors import severity, wording
from detectors.book import NO_CAMPAIGN, REPEAT, AlertBook, Live
from detectors.early import PLAINLY
from detectors.onset import CROWD_SIGNALS, Gate
from detectors.picture import Judgement, Picture
from detectors.reach import counted_of
from detectors.sums import HORIZONS
from schemas.events import Alert, AlertStatus, Signal, SignalName, Window
from schemas.times import MINUTE

Event = Alert | Signal
Evidence = Callable[[], list[str]]

CLOSE: Final = 0.8
"""A test came close from this part of its threshold on: it goes to `signals`."""
EARLY_WARM: Final = 180
"""Minutes of a new brand's baseline from which an L4 is believed in spite of the warm-up."""
MANY_OPEN: Final = 10
"""Questions without an answer from which on they are news."""
LARGER: Final = 1.25
"""Times the largest account known by which another one is news."""


def _tempered(known: dict[tuple[int, bool], Judgement]) -> dict[tuple[int, bool], Judgement]:
    """Return `known`, each tempered by the longer horizons (see `severity.tempered`)."""
    mild = [(k, j.level) for (k, slow), j in known.items() if not slow and j.points["negativity"] <= severity.MILD]
    found = {}
    for (k, slow), judgement in known.items():
        longer = [level for other, level in mild if other > k]
        level = severity.tempered(judgement.level, judgement.points["negativity"], longer)
        found[k, slow] = replace(judgement, level=level)
    return found


class Teller:
    """See the module. Minutes are since the epoch.

    Args:
        picture: what is known of the brand.
        book: what has been told of it.
    """

    def __init__(self, picture: Picture, book: AlertBook) -> None:
        self._picture = picture
        self._book = book
        self.close: list[str] = []
        """Tests that were close at the last judged minute: part of the monitor's state."""

    def judge(
        self, tests: list[Gate], plain: Callable[[], list[Gate]], minute: int, delay: int, evidence: Evidence
    ) -> list[Event]:
        """Tell what the tests of a closed minute say that is new.

        Args:
            tests: of that minute.
            plain: gives the same tests as if no campaign were on.
            minute: which has closed.
            delay: after its end that was known, ms.
            evidence: asked for example mentions only when an alert is sent.
        """
        fired = [gate for gate in tests if gate.strength >= 1.0]
        factors = self._book.factors(minute)
        explained = not fired and factors != NO_CAMPAIGN
        if explained:  # what a campaign explains is told all the same, as held back
            fired = [gate for gate in plain() if gate.signal == "volume_spike" and gate.strength >= 1.0]
            factors = NO_CAMPAIGN
        out = self._tell_close(tests, minute, delay)
        if not self._book.loudest():  # the long sums still hold the story that has just ended
            told = self._book.told_until()
            fired = [gate for gate in fired if gate.slow or minute - HORIZONS[gate.k] >= told]
        if not fired:
            return out
        judged = {
            (k, slow): self._picture.judge(k, minute, lasting=slow, factor=factors[k])
            for k, slow in sorted({(gate.k, gate.slow) for gate in fired if not gate.grave})
        }
        judged = _tempered(judged)
        grave = {gate.k: self._picture.judge_grave(gate.k, minute, factors[gate.k]) for gate in fired if gate.grave}

        def judgement_of(gate: Gate) -> Judgement:
            return grave[gate.k] if gate.grave else judged[gate.k, gate.slow]

        lead = max(
            fired, key=lambda g: (judgement_of(g).level, -CROWD_SIGNALS.index(g.signal), not g.grave, g.strength, g.k)
        )
        judgement = judgement_of(lead)
        if lead.grave:
            starts = self._picture.told_since(lead.k) * MINUTE
        else:
            starts = (self._picture.slow.since if lead.slow else self._picture.began(lead.k)) * MINUTE
        said = self.raise_(
            lead.signal,
            judgement.level,
            lead.k,
            starts,
            minute,
            points=sum(judgement.points.values()),
            slow=lead.slow,
            explained=explained and not self._picture.angry(lead.k),
            grave=lead.grave,
            angry=self._picture.angry(lead.k),
        )
        if said is not None:
            live, status = said
            votes = wording.votes(tests)
            out.append(
                wording.alert(self._picture, live, status, judgement, lead.score, votes, minute, delay, evidence())
            )
        return out

    def raise_(
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
        grave: bool = False,
        angry: bool = False,
        repeat: bool = False,
    ) -> tuple[Live, AlertStatus] | None:
        """Open the alert of `signal` or let it worsen (`AlertBook.raise_`), held back where it must be; learning stops
        when an incident begins.
        """
        held = None
        if not self._picture.warm and not (level >= 4 and self._picture.pace.minutes >= EARLY_WARM):
            held = "warm_up"
        elif explained or (signal == "volume_spike" and not grave and not angry and self._book.campaign(minute)):
            held = "campaign"
        elif repeat:
            held = REPEAT
        said = self._book.raise_(signal, level, k, starts, minute, held, points=points, slow=slow)
        if said is not None and self._book.frozen:
            self._picture.pace.drop_since(starts // MINUTE)
            self._picture.slow.restart()
        return said

    def _tell_close(self, tests: list[Gate], minute: int, delay: int) -> list[Event]:
        close = [gate for gate in tests if gate.strength >= CLOSE]
        news = [gate for gate in close if gate.name not in self.close]
        self.close = sorted(gate.name for gate in close)
        out: list[Event] = []
        for signal in CROWD_SIGNALS:
            best = max((g for g in news if g.signal == signal), key=lambda g: (g.strength, g.k), default=None)
            if best is not None:
                told = best.strength < 1.0 or signal in self._book.live or not self._book.loudest()
                held = None if told else "a live alert of the brand says it"
                out.append(wording.signal(self._picture, best, tests, minute, delay, held))
        return out

    def reach(self, window: Window, minute: int, delay: int, evidence: Evidence, speaker: int = 0) -> list[Event]:
        """Tell of a negative post by an account that is news; another post of one that was told is held back.

        What is news in a page: an account larger than those of two weeks; and, where it is known who speaks, one that has
        not been heard in two weeks, unless two other days had its like: then large accounts are the brand's daily bread.
        """
        limit = self._picture.settings.reach_followers / self._picture.settings.sensitivity
        counted = counted_of(window)
        if window.top_negative < PLAINLY or counted < limit / 5:
            return []
        habits, level = self._picture.habits, 2 if counted >= limit else 1
        known = habits.reach
        if speaker and level >= 2:
            known = habits.heard(speaker, minute) or habits.usual_reach(minute)
        habits.note_reach(minute, counted, speaker)
        live = self._book.live.get("reach")
        if live is not None:
            live.calm = 0
        repeat = counted <= LARGER * known
        if repeat and level < 2:
            return []
        said = self.raise_("reach", level, 0, minute * MINUTE, minute, points=severity.LEVELS[level - 1], repeat=repeat)
        if said is None:
            return []
        return [wording.reach_alert(self._picture, *said, window, known, limit, minute, delay, evidence())]

    def public(self, window: Window, tests: list[Gate], minute: int, delay: int, evidence: Evidence) -> list[Event]:
        """Count questions and the brand's own replies since each alert rang; tell its first reply, and each time that twice
        as many wait for an answer.
        """
        if not self._picture.settings.official:
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
                live.replied_at, news = minute, f"{self._picture.brand} has replied itself."
            if news and live.suppressed_by is None:
                live.sequence += 1
                judgement, votes = self._picture.judge(live.k, minute), wording.votes(tests)
                out.append(wording.public_alert(self._picture, live, judgement, votes, minute, delay, evidence(), news))
        return out
