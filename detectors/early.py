"""The early trigger: a crisis does not wait for the minute to end.

It looks at minutes of *arrival*, whose figures only grow: people so far, and the P(negative) of the posts that are
plainly negative. What fires on them stays true whatever comes later, and the threshold rests on closed minutes alone,
so every run of the same log agrees. A share could fall again, so it may not ask for one; that is why mild posts do not
count at all here: fifteen times the talk, all of it delighted, is no more plain anger than usual. It asks for more
surprise than a closed minute does; copies cannot be told from people yet, so different texts bound the crowd and L3 is
its limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from detectors import grave, severity
from detectors.onset import CLUMPS, threshold
from detectors.picture import Judgement, Picture
from detectors.sums import HORIZONS, Totals
from detectors.tails import excess, reaching
from schemas.times import MINUTE

PLAINLY: Final = 5_000
"""P(negative) in 1/10,000 from which one post is called negative."""
NEVER: Final = 1 << 50
"""A count that no minute has."""
MARGIN: Final = 1.0
"""Standard deviations asked for beyond the threshold of closed minutes."""
TOP: Final = 3
"""The highest level that it gives."""
TIMES: Final = 6.0
"""Times the usual that plain anger must be: mild talk has some of it too, a fifth of what ordinary talk has."""
SPANS: Final = (0, 1)
"""Numbers of the horizons it looks at: one minute and five."""
WORTH: Final = 1.5
"""Standard deviations of a minute's count from which it is looked at."""
LEAST: Final = 3
TOLD: Final = (1, 2)
"""Numbers of the horizons on which it looks for a grave matter: five minutes and a quarter of an hour."""
KEPT: Final = HORIZONS[TOLD[-1]]
"""Minutes of arrival that are kept."""


class SoFar(NamedTuple):
    """What has arrived in an open minute, for the first time and not late; the first four decide, and only grow."""

    mentions: int
    negative: int
    """Sum of P(negative), in 1/10,000, of the posts that have at least `PLAINLY`."""
    authors: int
    """People who may be a crowd."""
    texts: int | None = None
    """Different things said; without it authors alone bound the crowd."""
    copies: int = 0
    """Posts that repeat another's text and are no reposts."""
    loudest: int = 0
    """Posts of the loudest author; 0 where nobody spoke twice."""
    young: int = 0
    """Posts of accounts younger than thirty days."""

    @property
    def people(self) -> int:
        """The crowd: no more than mentions, authors and different texts."""
        return min(self.mentions, self.authors, self.mentions if self.texts is None else self.texts)


class Arrived(Struct, array_like=True):
    """What one arrival minute had when last looked at."""

    minute: int
    people: int
    negative: int
    tellers: int = 0
    """People who speak of a grave matter, once the minute is over."""
    count: int = 0
    copies: int = 0
    loudest: int = 0
    young: int = 0

    @property
    def totals(self) -> Totals:
        """The same as of a closed minute; a state of before did not have all of them."""
        count = max(self.count, self.people)
        return Totals(
            100 * self.people, self.negative, count, self.people, self.copies, self.loudest, 0, self.young, self.tellers
        )


def _summed(minutes: Iterable[Totals]) -> Totals:
    return Totals(*map(sum, zip(*minutes, strict=True)))


@dataclass(frozen=True, slots=True)
class EarlyVerdict:
    """It has begun, and this is what is known so far."""

    judgement: Judgement
    score: float
    starts_at: int
    angry: float
    """Sum of P(negative) over plainly negative posts."""
    expected: float
    """Mentions expected in the horizon."""
    seen: Totals
    """What has been counted in it at least: minutes of arrival that gave no cause to look are counted once they are closed."""


class EarlyTrigger:
    """See the module."""

    def __init__(self) -> None:
        self._recent: list[Arrived] = []
        self.tellers = grave.Tellers()

    @staticmethod
    def bound(picture: Picture) -> tuple[int, int]:
        """Return (count, negative mass in 1/10,000) below both of which an arrival minute need not be shown."""
        if not picture.warm:
            return NEVER, NEVER
        return max(LEAST, reaching(WORTH, picture.pace.rate, picture.pace.dispersion[0])), NEVER

    def look(
        self,
        picture: Picture,
        minute: int,
        so_far: SoFar,
        factors: Sequence[float],
        said: Iterable[tuple[int, int]] = (),
    ) -> EarlyVerdict | None:
        """Return the verdict on an open arrival minute, None when it says nothing yet.

        Args:
            picture: what the closed minutes say.
            minute: the open one, since the epoch.
            so_far: what has arrived in it.
            factors: how many times the usual talk is expected on each horizon (campaigns).
            said: see `BrandMonitor.early`.
        """
        told, people = list(said), so_far.people
        anger = min(so_far.negative, people * 10_000)
        self._recent = [e for e in self._recent if minute - KEPT < e.minute < minute]
        self._recent.append(
            Arrived(
                minute, people, anger, grave.people(told), so_far.mentions, so_far.copies, so_far.loudest, so_far.young
            )
        )
        found = [v for k in SPANS if (v := self._verdict(picture, k, minute, factors[k])) is not None]
        if told:
            self.tellers.note(minute, told)
            # Plain anger may have fired already, before the minute was over: what is opened must not depend on it.
            found = found or [v for k in TOLD if (v := self._grave(picture, k, minute, factors[k])) is not None]
        return max(found, key=lambda v: (v.judgement.level, v.score), default=None)

    def _onset(self, minute: int) -> int:
        """Return the first of the minutes without a break that were worth a look, epoch ms.

        It rests on minutes that are over: which horizon fires first, a matter of how slices are cut, does not move it.
        """
        looked = {e.minute for e in self._recent if e.minute > minute - HORIZONS[SPANS[-1]]}
        while minute - 1 in looked:
            minute -= 1
        return minute * MINUTE

    def _verdict(self, picture: Picture, k: int, minute: int, factor: float) -> EarlyVerdict | None:
        recent = [e for e in self._recent if e.minute > minute - HORIZONS[k]]
        people = sum(e.people for e in recent)
        angry = sum(e.negative for e in recent) / 10_000
        if people < picture.least_people(k):
            return None
        expected = picture.pace.rate * HORIZONS[k]
        usual = picture.pace.share.usual
        # A campaign explains more talk at the usual share, and no anger beyond that.
        left = max(0.0, angry - (factor - 1.0) * expected * usual)
        score = excess(left, expected * usual, picture.pace.dispersion[k])
        if score < threshold(k, picture.settings.sensitivity) + MARGIN:
            return None
        # As many mentions as would hold this anger at the usual share: like the anger, that number can only grow.
        crowd = min(float(people), left / usual)
        if crowd < TIMES * expected:
            return None
        points = severity.terms(
            severity.Facts(
                crowd,
                expected,
                people,
                usual,
                usual,
                beyond=picture.habits.beyond(k, minute, 100 * crowd, 10_000 * left),
            )
        )
        level = min(TOP, severity.level({**points, "negativity": severity.ANGER}, people, picture.least_people(k)))
        if level < 2:
            return None
        judgement = Judgement(k, level, points, people)
        return EarlyVerdict(
            judgement, score, self._onset(minute), angry, expected * factor, _summed(e.totals for e in recent)
        )

    def _grave(self, picture: Picture, k: int, minute: int, factor: float) -> EarlyVerdict | None:
        """Return the verdict on a grave matter that many tell: L2 at most, on minutes of arrival that are over.

        How much else is said in them decides as well, so an open one cannot tell yet.
        """
        if picture.pace.grave.minutes < picture.settings.warm_up_hours * 60:
            return None
        recent = [e for e in self._recent if e.minute > minute - HORIZONS[k]]
        told = self.tellers.people(sum(e.tellers for e in recent), HORIZONS[k], minute)
        if told < picture.least_tellers(k):
            return None
        sums = picture.sums
        seen = _summed([sums.after(minute - HORIZONS[k]), *(e.totals for e in recent if e.minute > sums.now)])
        people = max(sum(e.people for e in recent), seen.crowd // 100)
        mentions = picture.pace.rate * HORIZONS[k] * factor
        expected = picture.pace.grave.expected(max(mentions, people))
        score = excess(told, expected, picture.pace.grave.dispersion[k])
        if score < threshold(k, picture.settings.sensitivity) + CLUMPS:
            return None
        usual = picture.pace.share.usual
        points = severity.terms(severity.Facts(people, mentions, people, usual, usual))
        beyond = picture.habits.grave_beyond(minute, told)
        points, level = severity.grave(points, told, picture.least_tellers(k), beyond)
        if level < 2:
            return None
        starts = next(e.minute for e in recent if e.tellers) * MINUTE
        judgement = Judgement(k, level, points, people, told, expected)
        seen = seen._replace(mentions=max(people, seen.mentions))
        return EarlyVerdict(judgement, score, starts, people * usual, mentions, seen)

    def dump(self) -> list[Any]:
        """Return the state as plain lists; `tellers` has its own."""
        return list(self._recent)

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        self._recent = msgspec.convert(data, list[Arrived])
