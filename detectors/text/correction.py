"""A brand's own correction: sparse weights added to the shared model's log-odds, learnt by River's AdaGrad."""

from __future__ import annotations

import math
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.text.features import BLOCKS, DENSE, PLACES
from detectors.text.softmax import SCALE, RowAdaGrad

RATE: Final = 0.1
"""AdaGrad's rate, chosen on airline tweets in order of time: about a dozen labels move a word."""
MIN_LABELS: Final = 10
"""Labels learnt before a correction is used."""
DENSE_RATE: Final = 0.03
"""Part of the rate for lexicon and shape features, which every post has: they must not swing with each label."""
BOUND: Final = 4.0
"""A correction's weight stays within ±4."""
MOST_PLACES: Final = 60_000
"""Places that one brand's correction may have (about 30 MB): some thousands of labels; words met later teach no more."""

BIASES: Final = tuple(PLACES + block * len(DENSE) + DENSE.index("bias") for block in range(BLOCKS))
"""Places of the feature that every post of a language block has."""


Array = TypeVar("Array", bound=npt.NDArray[Any])


class Base(Protocol):
    """What the fold needs of the shared model."""

    size: int
    warm: str

    def log_odds(self, x: Mapping[int, float]) -> list[float]:
        """Return the shared model's log-odds of the three classes for hashed features."""

    def features(self, text: str, lang: str | None) -> dict[int, float]:
        """Return the hashed features of a text."""


class Columns(NamedTuple):
    """The features of one post, as two columns."""

    places: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


Posts = Sequence[tuple[Sequence[float], Columns]]
"""The shared log-odds and the features of posts."""


def columns(x: Mapping[int, float]) -> Columns:
    """Return hashed features as columns, in their order."""
    return Columns(np.fromiter(x, np.int64, len(x)), np.fromiter(x.values(), np.float64, len(x)))


class Stored(msgspec.Struct):
    """A correction as snapshots hold it: the same numbers by place."""

    weights: dict[int, list[float]] = {}
    squares: dict[int, list[float]] = {}
    """Sums of squared gradients: AdaGrad's memory."""
    learnt: int = 0
    tilt: list[float] = msgspec.field(default_factory=lambda: [0.0, 0.0, 0.0])


class Correction:
    """Weights of the three classes by place. Equal labels in equal order give equal weights.

    The weights stand in one array, a row for each place in the order in which places were met; row 0 is that of all
    other places and stays zero. Sums run over a post's features in their order, so that they are the same wherever a post
    is added up, alone or among others.

    Args:
        stored: what a snapshot holds; None for one that has learnt nothing.
    """

    def __init__(self, stored: Stored | None = None) -> None:
        stored = stored or Stored()
        self.learnt = stored.learnt
        self.tilt = list(stored.tilt)
        """Added to the log-odds of each class, so that the classes' shares stay within bounds (`detectors.text.trust`). It is
        no part of what is learnt: the next label would undo it."""
        n = len(stored.weights)
        self._row = {place: row for row, place in enumerate(stored.weights, 1)}
        self._places = np.zeros(2 * n + _ROWS, dtype=np.int64)
        self._weights = np.zeros((2 * n + _ROWS, 3))
        self._optimizer = RowAdaGrad(RATE)
        self._optimizer.squares = np.zeros((2 * n + _ROWS, 3))
        if n:
            self._places[1 : n + 1] = list(stored.weights)
            self._weights[1 : n + 1] = list(stored.weights.values())
            self._optimizer.squares[1 : n + 1] = [stored.squares.get(place, _ZERO) for place in stored.weights]

    @property
    def active(self) -> bool:
        """Whether it learnt enough to be used."""
        return self.learnt >= MIN_LABELS

    @property
    def weights(self) -> dict[int, list[float]]:
        """Place → the weights of the three classes."""
        return dict(zip(self._row, self._weights[1 : len(self._row) + 1].tolist(), strict=True))

    def stored(self) -> Stored:
        """Return it as snapshots hold it."""
        squares = self._optimizer.squares[1 : len(self._row) + 1].tolist()
        return Stored(self.weights, dict(zip(self._row, squares, strict=True)), self.learnt, list(self.tilt))

    def add(self, z: Sequence[float], x: Mapping[int, float]) -> list[float]:
        """Return the log-odds `z` with the correction for the features `x`."""
        return [v + more for v, more in zip(self.untilted([(z, columns(x))])[0], self.tilt, strict=True)]

    def add_each(self, posts: Posts) -> list[list[float]]:
        """Return the same for each of many posts."""
        a, b, c = self.tilt
        return [[x + a, y + b, z + c] for x, y, z in self.untilted(posts)]

    def untilted(self, posts: Posts, common: npt.NDArray[np.int64] | None = None) -> list[list[float]]:
        """Return the log-odds of each post with the correction, without the tilt and without the places `common`."""
        n = len(posts)
        places = np.concatenate([x.places for _, x in posts])
        rows = _FINDER.rows(self._places[: len(self._row) + 1], places, self)
        if common is not None:
            rows[np.isin(places, common)] = 0
        more = self._weights[rows] * np.concatenate([x.values for _, x in posts])[:, None]
        post = np.concatenate([np.arange(n), np.repeat(np.arange(n), [len(x.places) for _, x in posts])])
        first = np.array([z for z, _ in posts], dtype=np.float64)
        # bincount adds one after the other, as a loop would: first a post's log-odds, then its features in their order.
        sums = [np.bincount(post, np.concatenate([first[:, k], more[:, k]]), n) for k in range(3)]
        out: list[list[float]] = np.stack(sums, axis=1).tolist()
        return out

    def learn(self, z: Sequence[float], x: Columns, label: int) -> None:
        """Take one step towards class `label` for a post whose shared log-odds are `z`."""
        row = self._row
        if len(row) >= MOST_PLACES:
            known = np.array([place in row for place in x.places.tolist()], dtype=bool)
            x = Columns(x.places[known], x.values[known])
        places, values = x
        rows = np.array([row.setdefault(place, len(row) + 1) for place in places.tolist()], dtype=np.intp)
        if len(row) >= len(self._places):
            self._places, self._weights = _longer(self._places), _longer(self._weights)
            self._optimizer.squares = _longer(self._optimizer.squares)
        self._places[rows] = places
        before = self._weights[rows]
        terms = np.empty((len(rows) + 1, 3))
        terms[0] = z
        np.multiply(before, values[:, None], out=terms[1:])
        full: list[float] = np.add.accumulate(terms)[-1].tolist()  # one after the other, as `untilted` does
        top = max(full)
        e = [math.exp(v - top) for v in full]
        total = sum(e)
        error = np.array([v / total for v in e])
        error[label] -= 1.0
        self._optimizer.rows = rows
        stepped: npt.NDArray[np.float64] = self._optimizer.step(before, values[:, None] * error)  # type: ignore[assignment]
        shape = places >= PLACES
        stepped[shape] = before[shape] + DENSE_RATE * (stepped[shape] - before[shape])
        self._weights[rows] = np.minimum(np.maximum(stepped, -BOUND), BOUND)
        self.learnt += 1

    def copy(self) -> Correction:
        """Return one that learns on by itself."""
        return Correction(self.stored())

    def compiled(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return (places sorted, weights in 1/1024) for scoring batches."""
        weights = self.weights
        for place in BIASES:
            row = weights.get(place, _ZERO)
            weights[place] = [v + more for v, more in zip(row, self.tilt, strict=True)]
        places = np.array(sorted(weights), dtype=np.int64)
        rows = np.array([weights[int(p)] for p in places], dtype=np.float64).reshape(-1, 3)
        return places, np.rint(rows * SCALE).astype(np.int64)


class _Finder:
    """Place → row as one array, for whichever correction asked last: thousands of look-ups at once."""

    def __init__(self) -> None:
        self._rows = np.zeros(0, dtype=np.int32)
        self._of: weakref.ref[Correction] | None = None
        self._places = np.zeros(0, dtype=np.int64)

    def rows(
        self, known: npt.NDArray[np.int64], places: npt.NDArray[np.int64], whose: Correction
    ) -> npt.NDArray[np.int32]:
        """Return the row of each place, 0 where there is none. `known` are the places of the rows of `whose`, in their order."""
        same = self._of is not None and self._of() is whose
        begun = len(self._places) if same else 1
        if not same:
            self._rows[self._places] = 0
            self._of = weakref.ref(whose)
        most = int(max(known.max(), places.max(initial=0)))
        if most >= len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros(most + 1 - len(self._rows), dtype=np.int32)])
        self._rows[known[begun:]] = np.arange(begun, len(known), dtype=np.int32)
        self._places = known.copy()
        return self._rows[places]


_FINDER: Final = _Finder()


def _longer(array: Array) -> Array:
    """Return `array` with room for as many rows again, and for those of one more post."""
    out = np.zeros((2 * len(array) + _ROWS, *array.shape[1:]), dtype=array.dtype)
    out[: len(array)] = array
    return out  # type: ignore[return-value]


_ZERO: Final = (0.0, 0.0, 0.0)
_ROWS: Final = 4_096
"""Rows to begin with: more than one post has features."""
