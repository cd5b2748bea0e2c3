"""What people talk about is a series too: how many of them speak of a grave matter, against the brand's own usual rate.

An engine fire told by the media in a neutral voice is neither much talk nor anger, yet a dozen people who speak of a fire
within a quarter of an hour, where hardly anybody ever does, are urgent. What a post says is found in
`detectors.text.grave`; here is what is usual of it. The expected number rests on the share of grave talk in the brand's
talk of four days, so a seller of fire extinguishers, or an airline still talked about for its past incident, has its own
normal; and on the talk there is, so a joke that goes viral brings no more of it than its size explains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from detectors.fading import FadingMean
from detectors.sums import HORIZONS

SPANS: Final = 4
"""The horizons that are looked at: the first four, up to an hour. What takes longer to be told is not urgent."""
PEOPLE: Final = (5 / 6, 5 / 6, 5 / 6, 5 / 3)
"""Times `min_people` that a page needs on each horizon: ten people, twenty in an hour …"""
NOTICE: Final = 0.5
"""… and the part of that from which it is looked at (L1)."""
WORDINGS: Final = 3
"""People that one wording counts for at most: headlines are copied by some, one text alone is no crowd."""
PRIOR_SHARE: Final = 0.01
"""Grave posts among ordinary ones before anything is known …"""
PRIOR_MENTIONS: Final = 100.0
"""… and the mentions that counts for."""
PRIOR_DISPERSION: Final = (1.0, 1.0, 0.8, 0.5)
"""Alpha on each horizon before it is known: as for mentions, a step more, since news comes in clumps."""
PRIOR_WEIGHT: Final = 12.0
MIN_DISPERSION: Final = 0.01
EDGE: Final = 4.0
"""Standard deviations at which a learnt error is cut."""
DAY_BLOCKS: Final = 288
BLOCK: Final = 5  # minutes
SLOW: Final = 1.0 / (4 * DAY_BLOCKS)
_STEPS: Final = tuple(max(1, h // BLOCK) for h in HORIZONS[:SPANS])

KEPT: Final = 64
"""People who are remembered: more than that are counted minute by minute."""
BITS: Final = 12
"""Bits kept of a hash: enough to tell a few dozen apart, and nobody can be read off them."""


def people(said: Iterable[tuple[int, int]]) -> int:
    """Return how many people (author, wording) pairs are: each author once, and no wording more than `WORDINGS` times."""
    return len(_different(said))


def _different(said: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    alike: Counter[int] = Counter()
    for author, wording in dict(sorted(said)).items():
        alike[wording] += 1
        if alike[wording] <= WORDINGS:
            found.append((author, wording))
    return found


class GraveShare:
    """The usual share of grave posts, from blocks of five minutes, and how far their number strays from it."""

    def __init__(self) -> None:
        self._count = FadingMean(SLOW)
        self._grave = FadingMean(SLOW)
        self._error = [FadingMean(SLOW * step) for step in _STEPS]
        self._square = [FadingMean(SLOW * step) for step in _STEPS]
        self._box = [[0.0, 0.0] for _ in _STEPS]  # got and expected of the open sum of each horizon
        self.usual = PRIOR_SHARE
        self.dispersion = list(PRIOR_DISPERSION)

    @property
    def minutes(self) -> int:
        """How much time it has learnt from."""
        return self._count.n * BLOCK

    def expected(self, mentions: float) -> float:
        """Return how many people of so many mentions would usually speak of a grave matter."""
        return self.usual * mentions

    def learn_one(self, end: int, count: float, grave: float) -> None:
        """Learn the block of `count` mentions, `grave` of them, that ends before the minute `end`."""
        for k, horizon in enumerate(HORIZONS[1:SPANS], 1):
            box = self._box[k]
            box[0] += grave
            box[1] += count * self.usual
            if end % horizon == 0:
                self._learn_error(k, *box)
                self._box[k] = [0.0, 0.0]
        self.dispersion[0] = max(PRIOR_DISPERSION[0], self.dispersion[1])
        self._count.update(count)
        self._grave.update(grave)
        self._settle()

    def _learn_error(self, k: int, got: float, mean: float) -> None:
        cut = EDGE * EDGE * (mean + self.dispersion[k] * mean * mean)
        self._error[k].update(min((got - mean) ** 2, cut) - mean)
        self._square[k].update(mean * mean)
        n = min(self._square[k].n, int(1 / (SLOW * _STEPS[k])))
        square = self._square[k].get()
        total = self._error[k].get() * n + PRIOR_WEIGHT * PRIOR_DISPERSION[k] * square
        self.dispersion[k] = max(MIN_DISPERSION, total / ((n + PRIOR_WEIGHT) * max(square, 1e-12)))

    def pause(self) -> None:
        """Drop open sums: what follows is not learnt."""
        self._box = [[0.0, 0.0] for _ in _STEPS]

    def _settle(self) -> None:
        blocks = min(self._count.n, 4 * DAY_BLOCKS)
        count, grave = self._count.get() * blocks, self._grave.get() * blocks
        self.usual = (grave + PRIOR_SHARE * PRIOR_MENTIONS) / (count + PRIOR_MENTIONS)

    def reset(self, count: float, grave: float, blocks: int) -> None:
        """Accept `count` and `grave` a block as the new normal."""
        self._count.reset(count, blocks)
        self._grave.reset(grave, blocks)
        self.pause()
        self._settle()

    def dump(self) -> list[Any]:
        """Return the state as plain numbers."""
        return [[mean.dump() for mean in self._means()], self._box, self.dispersion]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        means, self._box, self.dispersion = data
        for mean, (n, value) in zip(self._means(), means, strict=True):
            mean.reset(value, int(n))
        self._settle()

    def _means(self) -> list[FadingMean]:
        return [self._count, self._grave, *self._error, *self._square]


class Tellers:
    """When each of the last people was heard, and in which wording. Minutes are since the epoch."""

    def __init__(self) -> None:
        self._heard: dict[int, tuple[int, int]] = {}  # bits of an author's hash -> minute, bits of a wording's

    def note(self, minute: int, said: Iterable[tuple[int, int]]) -> None:
        """Take in (hash of the author, hash of the wording) of the grave posts of a minute."""
        heard = self._heard
        for author, wording in _different(said)[-KEPT:]:
            author, wording = author % (1 << BITS), wording % (1 << BITS)
            heard.pop(author, None)
            alike = [other for other, (_, same) in heard.items() if same == wording]
            if len(alike) >= WORDINGS:  # one text by many accounts must not push out what others say
                del heard[alike[0]]
            heard[author] = (minute, wording)
            if len(heard) > KEPT:
                del heard[next(iter(heard))]

    def people(self, counted: int, horizon: int, minute: int) -> int:
        """Return how many of the people `counted` minute by minute in the `horizon` minutes up to `minute` were different
        ones; all of them where it is not known.
        """
        found = sum(when > minute - horizon for when, _ in self._heard.values())
        return counted if not 0 < found < KEPT else min(counted, found)

    def dump(self) -> list[Any]:
        """Return the state as a plain list, the oldest first."""
        return [[author, *rest] for author, rest in self._heard.items()]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        self._heard = {int(author): (int(minute), int(wording)) for author, minute, wording in data}
