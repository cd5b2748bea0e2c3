"""What a brand's monitor can be told; every field with its default and its unit, once.

The defaults are what is measured and shipped: no setting per file or brand is needed.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Positive = Annotated[float, Meta(gt=0.0)]


class Campaign(Struct, frozen=True):
    """A time in which more talk than usual is expected: volume is judged against `factor` times the baseline."""

    start: int
    """Epoch ms."""
    end: int
    """Epoch ms."""
    factor: Positive = 3.0
    name: str = ""


class MonitorSettings(Struct, frozen=True, kw_only=True):
    """Settings of one brand's monitor."""

    sensitivity: Annotated[float, Meta(ge=0.25, le=4.0)] = 1.0
    """Divides every threshold of the detectors: 1.2 alerts earlier and more often, 0.8 later and less often."""
    warm_up_hours: Annotated[float, Meta(ge=0.0, le=14 * 24.0)] = 20.0
    """Hours of live data before anything may page; until then alerts are suppressed by `warm_up`."""
    warm_up_mentions: Annotated[int, Meta(ge=0)] = 30
    """Mentions before anything may page."""
    warm_up_hours_heard: Annotated[int, Meta(ge=0, le=24)] = 12
    """Different hours of the day in which it must have been mentioned before anything may page, for five days at
    most: a baseline of a few
    hours, or of a source that delivers one hour a day, knows no day."""
    pages_per_week: Annotated[int, Meta(ge=0)] = 5
    """Alert budget. What is held back: L2 beyond so many pages in seven days, and whatever is no worse than as many
    stories of the brand's own last four weeks as the budget pays for; L3 has twice as much, L4 no limit."""
    min_people: Annotated[int, Meta(ge=1)] = 12
    """Fewer different people than this are never a page (L2), save for a post by a large account."""
    calm_minutes: Annotated[int, Meta(ge=1, le=24 * 60)] = 30
    """An alert ends after this many minutes in a row below the lower threshold."""
    reopen_minutes: Annotated[int, Meta(ge=0, le=24 * 60)] = 120
    """A new onset this soon after the end is the same story: the old alert goes on."""
    accept_hours: Annotated[float, Meta(ge=1.0)] = 24.0
    """A level that has held for so long is accepted as the brand's new normal."""
    reach_followers: Annotated[int, Meta(ge=1)] = 500_000
    """A negative post by an account that counts for at least this many followers (`detectors.reach`) is enough for L2."""
    silence_hours: Annotated[float, Meta(ge=0.25)] = 3.0
    """No silence shorter than this is reported."""
    official: bool = False
    """Whether the brand's own accounts are known: then its replies and the questions put to it are counted."""
    names: tuple[str, ...] = ()
    """What else the brand is called (watch words, accounts): no driver and no sign of what an alert is about."""
    campaigns: tuple[Campaign, ...] = ()
    runbook_base: str = ""
    """Where the runbooks are; `<base><signal>` is printed with each alert."""
