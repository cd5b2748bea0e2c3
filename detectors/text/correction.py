"""A brand's own correction: sparse weights added to the shared model's log-odds, learnt by AdaGrad steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec
import numpy as np
import numpy.typing as npt
from river import optim

from detectors.text.features import PLACES
from detectors.text.softmax import SCALE

RATE: Final = 0.15
"""AdaGrad's rate: about a dozen labels move a word."""
MIN_LABELS: Final = 10
"""Labels learnt before a correction is used."""
DENSE_RATE: Final = 0.1
"""Part of the rate for lexicon and shape features, which every post has: they must not swing with each label."""
BOUND: Final = 4.0
"""A correction's weight stays within ±4."""


class Correction(msgspec.Struct):
    """Weights by key `3 · place + class`. Equal labels in equal order give equal weights."""

    weights: dict[int, float] = msgspec.field(default_factory=dict)
    squares: dict[int, float] = msgspec.field(default_factory=dict)
    """Sums of squared gradients: River's AdaGrad keeps its memory here (Duchi, Hazan & Singer 2011)."""
    learnt: int = 0

    @property
    def active(self) -> bool:
        """Whether it learnt enough to be used."""
        return self.learnt >= MIN_LABELS

    def add(self, z: Sequence[float], x: Mapping[int, float]) -> list[float]:
        """Return the log-odds `z` with the correction for the features `x`."""
        out = list(z)
        weights = self.weights
        for place, value in x.items():
            key = 3 * place
            if key in weights:
                for k in range(3):
                    out[k] += value * weights[key + k]
        return out

    def learn(self, z: Sequence[float], x: Mapping[int, float], label: int) -> None:
        """Take one step towards class `label` for a post whose shared log-odds are `z`."""
        full = self.add(z, x)
        top = max(full)
        e = [math.exp(v - top) for v in full]
        total = sum(e)
        errors = [e[k] / total - (k == label) for k in range(3)]
        words: dict[int, float] = {}
        shapes: dict[int, float] = {}
        for place, value in x.items():
            gradient = words if place < PLACES else shapes
            for k in range(3):
                gradient[3 * place + k] = errors[k] * value
        for gradient, optimizer in ((words, _WORDS), (shapes, _SHAPES)):
            for key in gradient:
                self.weights.setdefault(key, 0.0)
                self.squares.setdefault(key, 0.0)
            optimizer.g2 = cast("Any", self.squares)
            optimizer.step(cast("Any", self.weights), cast("Any", gradient))
            for key in gradient:
                self.weights[key] = min(max(self.weights[key], -BOUND), BOUND)
        self.learnt += 1

    def compiled(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return (places sorted, weights in 1/1024) for scoring batches."""
        places = np.array(sorted({key // 3 for key in self.weights}), dtype=np.int64)
        rows: list[Any] = [[self.weights[3 * int(p) + k] for k in range(3)] for p in places]
        return places, np.rint(np.array(rows, dtype=np.float64).reshape(-1, 3) * SCALE).astype(np.int64)


_WORDS: Final = optim.AdaGrad(RATE)
_SHAPES: Final = optim.AdaGrad(RATE * DENSE_RATE)
