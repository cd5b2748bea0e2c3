"""The alerts of one brand: which are live, which have just ended, which may page and which are held back, and why."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from detectors.onset import CROWD_SIGNALS
from detectors.settings import Campaign, MonitorSettings
from detectors.sums import HORIZONS
from schemas import ids
from schemas.events import AlertStatus, SignalName
from schemas.times import MINUTE, WEEK

WEEK_MINUTES: Final = WEEK // MINUTE
MOST_PAGES: Final = 50
STORY_WEEKS: Final = 4
"""Weeks of the brand's own history by which the budget ranks a story."""
MOST_STORIES: Final = 64
NO_CAMPAIGN: Final = (1.0,) * len(HORIZONS)
REPEAT: Final = "repeat"
"""Why it may not page: the like of it was told within two weeks."""
SLOW_REOPEN: Final = 12 * 60
"""Minutes after its end in which a slow burn is the same story."""


class Live(Struct, array_like=True):
    """An alert that has not ended, or that has ended a short while ago."""

    signal: SignalName
    alert_id: str
    starts_at: int
    """Epoch ms."""
    sequence: int
    level: int
    """The highest so far."""
    k: int
    """The longest horizon that fired."""
    opened: int
    """Minute in which it was opened or opened again."""
    suppressed_by: str | None = None
    calm: int = 0
    """Minutes in a row that were calm."""
    ended: int = 0
    """Minute of its end; 0 while it goes on."""
    paged: bool = False
    """Whether it has paged: it counts once in the budget."""
    replied_at: int = 0
    """Minute of the first reply by the brand's own account since it rang; 0: none."""
    questions: int = 0
    replies: int = 0
    """Both since it rang."""
    told_open: int = 0
    """Questions without an answer that people have been told of."""
    points: float = 0.0
    """The worst it came to, in points of severity."""
    story: int = -1
    """Its number among the stories that the budget remembers; -1 for none."""


class AlertBook:
    """Keeps one alert per onset and signal. Minutes are since the epoch."""

    def __init__(self, brand: str, settings: MonitorSettings) -> None:
        self.brand = brand
        self.settings = settings
        self.live: dict[str, Live] = {}
        self._ended: dict[str, Live] = {}
        self._pages: list[int] = []  # minutes in which an alert first paged
        self._stories: list[list[Any]] = []  # number (about its minute) and points of each that paged or would have

    @property
    def frozen(self) -> bool:
        """Whether an incident is going on from which the baseline must not learn."""
        return any(live.level >= 2 and live.suppressed_by not in {"warm_up", REPEAT} for live in self.live.values())

    @property
    def restless(self) -> bool:
        """Whether an alert has to be looked at each minute."""
        return any(live.signal != "silence" for live in self.live.values())

    def loudest(self) -> int:
        """Return the highest level of the live alerts that people have heard of; 0 when there is none."""
        heard = (live for live in self.live.values() if live.suppressed_by is None and live.signal != "silence")
        return max((live.level for live in heard), default=0)

    def told_until(self) -> int:
        """Return the minute at which the last alert about a crowd ended: what was said before is told."""
        return max((live.ended for live in self._ended.values() if live.signal in CROWD_SIGNALS), default=0)

    def campaign(self, minute: int) -> Campaign | None:
        """Return the campaign that is on."""
        now = minute * MINUTE
        return next((c for c in self.settings.campaigns if c.start <= now < c.end), None)

    def factors(self, minute: int) -> tuple[float, ...]:
        """Return by how much more talk than usual campaigns explain on each horizon that ends with `minute`.

        A campaign explains its own minutes: a horizon of which it was an hour of four is judged so.
        """
        if not self.settings.campaigns:
            return NO_CAMPAIGN
        found = []
        end = (minute + 1) * MINUTE
        for horizon in HORIZONS:
            start = end - horizon * MINUTE
            shares = [
                (c.factor - 1.0) * (min(c.end, end) - max(c.start, start)) / (end - start)
                for c in self.settings.campaigns
                if c.start < end and c.end > start
            ]
            found.append(1.0 + max(shares, default=0.0))
        return tuple(found)

    def raise_(
        self,
        signal: SignalName,
        level: int,
        k: int,
        starts_at: int,
        minute: int,
        held_back: str | None,
        *,
        points: float = 0.0,
        slow: bool = False,
    ) -> tuple[Live, AlertStatus] | None:
        """Open the alert of `signal`, or let it worsen; None when there is nothing new to say.

        Nothing is new when a live alert of the brand, this or another, has been heard at this level: one story, one
        page.

        Args:
            signal: whose alert.
            level: severity, 1 to 4.
            k: the horizon that fired.
            starts_at: onset, epoch ms.
            minute: now.
            held_back: why it may not page: warm_up, campaign or repeat; the budget is looked at here.
            points: how bad it is (the sum of the severity terms), by which the budget ranks it.
            slow: whether it adds up over hours, so that it also reopens an alert that ended hours ago.
        """
        live = self.live.get(signal)
        if level <= self.loudest():
            return None
        if live is not None:
            released = live.suppressed_by in {"warm_up", "campaign", REPEAT} and held_back is None and level >= 2
            if live.suppressed_by == "budget" and held_back is None and points > live.points:
                released = self._over_budget(level, minute, points, live) is None
            if level <= live.level and not released:
                return None
        if live is None:
            live = self._reopen(signal, minute, slow=slow)
            if live is None:
                live = self._new(signal, level, k, starts_at, minute)
            status: AlertStatus = "firing"
        else:
            status = "updated" if live.suppressed_by is None else "firing"
        live.sequence += 1
        live.level, live.k, live.calm = max(live.level, level), max(live.k, k), 0
        live.points = max(live.points, points)
        if held_back is None:
            if not live.paged:
                held_back = self._over_budget(level, minute, points, live)
            if level >= 2:
                self._remember(live, minute)
        live.suppressed_by = held_back
        if held_back is not None:
            return live, "suppressed"
        if level >= 2 and not live.paged:
            live.paged = True
            self._pages = [when for when in self._pages if minute - when < WEEK_MINUTES][-MOST_PAGES:]
            self._pages.append(minute)
        return live, status

    def _reopen(self, signal: SignalName, minute: int, *, slow: bool) -> Live | None:
        old = self._ended.get(signal)
        within = SLOW_REOPEN if slow else self.settings.reopen_minutes
        if old is None or minute - old.ended > within:
            return None
        live = msgspec.structs.replace(
            self._ended.pop(signal),
            level=0,
            k=0,
            opened=minute,
            calm=0,
            ended=0,
            replied_at=0,
            questions=0,
            replies=0,
            told_open=0,
        )
        self.live[signal] = live
        return live

    def _new(self, signal: SignalName, level: int, k: int, starts_at: int, minute: int) -> Live:
        old = self._ended.pop(signal, None)
        if old is not None:
            starts_at = max(starts_at, old.ended * MINUTE)
        name = ids.alert_id(ids.fingerprint(self.brand, signal), starts_at)
        live = self.live[signal] = Live(signal, name, starts_at, 0, level, k, minute)
        return live

    def _remember(self, live: Live, minute: int) -> None:
        """Note a story that would page, once, with the worst it came to."""
        for story in self._stories:
            if story[0] == live.story:
                story[1] = max(story[1], live.points)
                return
        live.story = max(minute, self._stories[-1][0] + 1) if self._stories else minute  # two of a minute are two
        kept = [story for story in self._stories if minute - story[0] < STORY_WEEKS * WEEK_MINUTES]
        self._stories = [*kept[1 - MOST_STORIES :], [live.story, live.points]]

    def _over_budget(self, level: int, minute: int, points: float, live: Live) -> str | None:
        """Return "budget" where the brand's own history has as many stories of this size as the budget pays for.

        So a noisy brand's bar rises to what the worst of its stories come to, and a quiet brand's stays where it is.
        """
        if not 2 <= level < 4:
            return None
        budget = self.settings.pages_per_week * (2 if level == 3 else 1)
        if sum(minute - when < WEEK_MINUTES for when in self._pages) >= budget:
            return "budget"
        others = [s for s in self._stories if s[0] != live.story and minute - s[0] < STORY_WEEKS * WEEK_MINUTES]
        weeks = min(STORY_WEEKS, 1.0 + (minute - others[0][0]) / WEEK_MINUTES) if others else 1.0
        return "budget" if sum(s[1] >= points for s in others) >= budget * weeks else None

    def pages(self, minute: int) -> int:
        """Return how many pages there were in the last seven days."""
        return sum(minute - when < WEEK_MINUTES for when in self._pages)

    def unheard(self, since: int, until: int, *, paged: bool) -> None:
        """Take pages of the minutes `since` to `until` out of the budget: nobody got them; one, if they came as one."""
        kept = [when for when in self._pages if not since <= when <= until]
        if paged and len(kept) < len(self._pages):
            kept.append(until)
        self._pages = kept

    def end(self, live: Live, minute: int) -> None:
        """Let `live` end with `minute`."""
        del self.live[live.signal]
        live.ended = minute + 1
        live.sequence += 1
        self._ended[live.signal] = live

    def dump(self) -> list[Any]:
        """Return the state as plain lists."""
        return [list(self.live.values()), list(self._ended.values()), self._pages, self._stories]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        live, ended, pages, *stories = data
        self.live = {v.signal: v for v in msgspec.convert(live, list[Live])}
        self._ended = {v.signal: v for v in msgspec.convert(ended, list[Live])}
        self._pages = list(pages)
        self._stories = stories[0] if stories else []  # older states had none
