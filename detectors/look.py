"""What a monitor saw when one minute closed, and what was usual then: facts for reports and explanations."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from detectors.sums import HORIZONS
from detectors.tails import upper

BAND: Final = 2.0
"""Standard deviations of what is called no surprise."""


class Tried(Struct, frozen=True):
    """One test of one minute."""

    name: str
    signal: str
    minutes: int
    """Its horizon."""
    score: float
    threshold: float

    @property
    def strength(self) -> float:
        """The score in thresholds: it fires at 1."""
        return self.score / self.threshold


class Warmth(Struct, frozen=True):
    """How far the warm-up is: what has been learnt, and what it takes."""

    warm: bool
    hours: float
    hours_needed: float
    mentions: int
    mentions_needed: int
    hours_heard: int
    hours_heard_needed: int


class Needed(Struct, frozen=True):
    """The least that would have fired, or paged, other things being equal; None where nothing would."""

    mentions: float | None = None
    """So many of the same tone (and from as many more people)."""
    negative: float | None = None
    """Or so much negative mass in the same mentions."""


class Held(Struct, frozen=True):
    """An alert that was live."""

    alert_id: str
    signal: str
    level: int
    since: int
    """Onset, epoch ms."""
    suppressed_by: str | None


class Look(Struct, frozen=True):
    """What the monitor saw when one minute closed."""

    minute: int
    """Its start, epoch ms."""
    horizon: int
    """Minutes of the strongest test."""
    mentions: int
    """In this horizon, as all that follows."""
    crowd: float
    """The same, copies and repeats counting little."""
    negative: float
    """Sum of P(negative) over the crowd."""
    expected: float
    no_surprise: float
    """Mentions that would not have surprised."""
    usual_share: float
    people: int
    people_needed: int
    """Different people without whom it is no page."""
    level: int
    """Severity, 1 to 4, of what was there."""
    points: dict[str, float]
    tests: list[Tried]
    """The strongest first; the first one is what the figures above are about."""
    warmth: Warmth
    campaign: str | None
    campaign_factor: float
    live: list[Held]
    """Alerts that were live before this minute was judged."""
    pages: int
    """In the seven days before."""
    budget: int
    to_fire: Needed
    to_page: Needed
    tellers: int = 0
    """People who speak of a grave matter, where the strongest test counts those …"""
    tellers_needed: int = 0
    """… without whom it is no page."""

    @property
    def strength(self) -> float:
        """Of its strongest test: 1 fires."""
        return self.tests[0].strength if self.tests else 0.0


class Usual(Struct, frozen=True):
    """What was expected when one minute closed."""

    minute: int
    """Its start, epoch ms."""
    rate: float
    """Mentions a minute."""
    share: float
    """The usual negative share."""
    dispersion: tuple[float, ...]
    """Of each horizon."""

    def high(self, minutes: float) -> float:
        """Return how many mentions in `minutes` would not have surprised."""
        k = max((i for i, horizon in enumerate(HORIZONS) if horizon <= minutes), default=0)
        return upper(self.rate * minutes, self.dispersion[k], BAND)


def settled(look: Look) -> Look:
    """Return `look` with its figures rounded, for people and for JSON."""
    return replace(
        look, crowd=round(look.crowd, 2), negative=round(look.negative, 2), expected=round(look.expected, 2),
        no_surprise=round(look.no_surprise, 1), usual_share=round(look.usual_share, 4),
    )  # fmt: skip
