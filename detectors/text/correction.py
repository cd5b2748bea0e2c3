"""A brand's own correction: sparse weights added to the shared model's log-odds, learnt by River's AdaGrad."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

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


class Base(Protocol):
    """What the fold needs of the shared model."""

    size: int
    warm: str

    def log_odds(self, x: Mapping[int, float]) -> list[float]:
        """Return the shared model's log-odds of the three classes for hashed features."""

    def features(self, text: str, lang: str | None) -> dict[int, float]:
        """Return the hashed features of a text."""


class Correction(msgspec.Struct):
    """Weights of the three classes by place. Equal labels in equal order give equal weights."""

    weights: dict[int, list[float]] = msgspec.field(default_factory=dict)
    squares: dict[int, list[float]] = msgspec.field(default_factory=dict)
    """Sums of squared gradients: AdaGrad's memory."""
    learnt: int = 0
    tilt: list[float] = msgspec.field(default_factory=lambda: [0.0, 0.0, 0.0])
    """Added to the log-odds of each class, so that the classes' shares stay within bounds (`detectors.text.trust`). It is
    no part of what is learnt: the next label would undo it."""

    @property
    def active(self) -> bool:
        """Whether it learnt enough to be used."""
        return self.learnt >= MIN_LABELS

    def add(self, z: Sequence[float], x: Mapping[int, float]) -> list[float]:
        """Return the log-odds `z` with the correction for the features `x`."""
        return [v + more for v, more in zip(self.untilted(z, x), self.tilt, strict=True)]

    def untilted(self, z: Sequence[float], x: Mapping[int, float]) -> list[float]:
        """Return the same without the tilt."""
        a, b, c = z
        weights = self.weights
        for place, value in x.items():
            row = weights.get(place)
            if row is not None:
                a += value * row[0]
                b += value * row[1]
                c += value * row[2]
        return [a, b, c]

    def learn(self, z: Sequence[float], x: Mapping[int, float], label: int) -> None:
        """Take one step towards class `label` for a post whose shared log-odds are `z`."""
        if len(self.weights) >= MOST_PLACES:
            x = {place: value for place, value in x.items() if place in self.weights}
        full = self.untilted(z, x)
        top = max(full)
        e = [math.exp(v - top) for v in full]
        total = sum(e)
        error = np.array([v / total for v in e])
        error[label] -= 1.0
        values = np.fromiter(x.values(), np.float64, len(x))
        before = np.array([self.weights.get(place, _ZERO) for place in x])
        optimizer = RowAdaGrad(RATE)
        optimizer.rows = np.arange(len(x))
        optimizer.squares = np.array([self.squares.get(place, _ZERO) for place in x])
        stepped: npt.NDArray[np.float64] = optimizer.step(before, values[:, None] * error)  # type: ignore[assignment]
        shape = np.fromiter(x, np.int64, len(x)) >= PLACES
        stepped[shape] = before[shape] + DENSE_RATE * (stepped[shape] - before[shape])
        after = np.clip(stepped, -BOUND, BOUND).tolist()
        squares = optimizer.squares.tolist()
        for i, place in enumerate(x):
            self.weights[place] = after[i]
            self.squares[place] = squares[i]
        self.learnt += 1

    def copy(self) -> Correction:
        """Return one that learns on by itself."""
        return Correction(dict(self.weights), dict(self.squares), self.learnt, list(self.tilt))

    def compiled(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return (places sorted, weights in 1/1024) for scoring batches."""
        weights = dict(self.weights)
        for place in BIASES:
            row = weights.get(place, _ZERO)
            weights[place] = [v + more for v, more in zip(row, self.tilt, strict=True)]
        places = np.array(sorted(weights), dtype=np.int64)
        rows = np.array([weights[int(p)] for p in places], dtype=np.float64).reshape(-1, 3)
        return places, np.rint(rows * SCALE).astype(np.int64)


_ZERO: Final = [0.0, 0.0, 0.0]
