"""The classifier that learns in the worker: multinomial logistic regression over hashed features, a River estimator.

Unlike `river.linear_model.SoftmaxRegression` it keeps its weights in one array, so that a batch of posts is scored by
gathering rows; the steps are those of River's AdaGrad, on the touched rows only.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from river import base, optim

from detectors.text.tokens import word_hash

CLASSES: Final = ("negative", "neutral", "positive")
SCALE: Final = 1024
"""Weights are rounded to 1/1024 for scoring, so that sums are exact integers in any order."""
CLIP: Final = 16.0
"""Weights stay within ±16: beyond it a probability is 0 or 1 at 1/10,000 anyway, and 32-bit sums stay safe."""


class RowAdaGrad(optim.AdaGrad):
    """River's AdaGrad for some rows of a matrix: its dictionary step, one array operation a row.

    w ← w - lr · g / √(Σ g² + eps)  (Duchi, Hazan & Singer 2011).
    """

    def __init__(self, lr: float = 0.1, eps: float = 1e-8) -> None:
        super().__init__(lr, eps)
        self.rows: npt.NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self.squares: npt.NDArray[np.float64] = np.zeros((0, 0))

    def _step_with_vector(self, w: Any, g: Any) -> Any:
        squares = self.squares[self.rows] + g * g
        self.squares[self.rows] = squares
        return w - self.learning_rate / np.sqrt(squares + self.eps) * g


class HashedSoftmax(base.Classifier):
    """Softmax regression on hashed features, learning one example at a time.

    p(c|x) = exp(w_c·x) / Σ_k exp(w_k·x); one gradient step of the log loss per example, scaled by AdaGrad
    (Duchi, Hazan & Singer 2011).

    Args:
        size: places that features hash to. Integer features below `size` are places already.
        lr: AdaGrad's learning rate.
        classes: the labels known in advance; others are added as they are met, as River's contract asks.
    """

    def __init__(self, size: int = 1 << 12, lr: float = 0.1, classes: list[str] | None = None) -> None:
        self.size = size
        self.lr = lr
        self.classes = classes
        self.labels: list[Any] = list(classes or [])
        self.weights: npt.NDArray[np.float64] = np.zeros((size, len(self.labels)))
        self.optimizer = RowAdaGrad(lr)
        self.learnt = 0

    @property
    def _multiclass(self) -> bool:
        return True

    def place(self, feature: Hashable) -> int:
        """Return the place of a feature: itself where it is one already, its hash otherwise."""
        if isinstance(feature, int) and 0 <= feature < self.size:
            return feature
        return word_hash(str(feature)) % self.size

    def _sparse(self, x: Mapping[Any, Any]) -> dict[int, float]:
        out: dict[int, float] = {}
        for feature, value in x.items():
            if isinstance(value, str):  # a category is a feature of its own
                feature, value = f"{feature}={value}", 1.0
            if math.isfinite(value):
                place = self.place(feature)
                out[place] = out.get(place, 0.0) + float(value)
        return out

    def _arrays(self, x: Mapping[Any, Any]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        sparse = self._sparse(x)
        return np.fromiter(sparse, np.intp, len(sparse)), np.fromiter(sparse.values(), np.float64, len(sparse))

    @staticmethod
    def _proba(rows: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        z = (rows * values[:, None]).sum(axis=0)
        e = np.exp(z - z.max())
        out: npt.NDArray[np.float64] = e / e.sum()
        return out

    def learn_one(self, x: Mapping[Any, Any], y: Any, w: float = 1.0) -> None:
        """Take one step towards `y`; `w` is the weight of the example."""
        if y not in self.labels:
            self.labels.append(y)
            self.weights = np.concatenate([self.weights, np.zeros((self.size, 1))], axis=1)
        if self.optimizer.squares.shape != self.weights.shape:  # memory is taken by the first lesson, not by scoring
            squares = np.zeros(self.weights.shape)
            squares[:, : self.optimizer.squares.shape[1]] = self.optimizer.squares if self.optimizer.squares.size else 0
            self.optimizer.squares = squares
        places, values = self._arrays(x)
        rows = self.weights[places]
        error = self._proba(rows, values)
        error[self.labels.index(y)] -= 1.0
        self.optimizer.rows = places
        stepped: Any = self.optimizer.step(rows, values[:, None] * error[None, :] * w)
        self.weights[places] = np.clip(stepped, -CLIP, CLIP)
        self.learnt += 1

    def predict_proba_one(self, x: Mapping[Any, Any], **kwargs: Any) -> dict[Any, float]:
        """Return the probability of each label met so far; empty before the first."""
        if not self.labels:
            return {}
        places, values = self._arrays(x)
        return dict(zip(self.labels, self._proba(self.weights[places], values).tolist(), strict=True))
