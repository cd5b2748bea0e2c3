"""The classifier that learns in the worker: multinomial logistic regression over hashed features, a River estimator.

Unlike `river.linear_model.SoftmaxRegression` it keeps its weights in one array, so that a batch of posts is scored by
gathering rows; the steps are River's own optimiser's (`river.optim.AdaGrad`), on the touched weights only.
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


class HashedSoftmax(base.Classifier):  # type: ignore[misc]
    """Softmax regression on hashed features, learning one example at a time.

    p(c|x) = exp(w_c·x) / Σ_k exp(w_k·x); one gradient step of the log loss per example, scaled by AdaGrad
    (Duchi, Hazan & Singer 2011).

    Args:
        size: places that features hash to. Integer features below `size` are places already.
        lr: AdaGrad's learning rate.
        classes: the labels known in advance; others are added as they are met, as River's contract asks.
    """

    def __init__(self, size: int = 1 << 12, lr: float = 0.1, classes: tuple[str, ...] = ()) -> None:
        self.size = size
        self.lr = lr
        self.classes = classes
        self.labels: list[Any] = list(classes)
        self.weights: npt.NDArray[np.float64] = np.zeros((size, len(classes)))
        self.optimizer = optim.AdaGrad(lr)
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

    def _proba(self, x: Mapping[int, float]) -> list[float]:
        z = [0.0] * len(self.labels)
        for place, value in x.items():
            for k, weight in enumerate(self.weights[place].tolist()):
                z[k] += value * weight
        top = max(z)
        e = [math.exp(v - top) for v in z]
        total = math.fsum(e)
        return [v / total for v in e]

    def learn_one(self, x: Mapping[Any, Any], y: Any, w: float = 1.0) -> None:
        """Take one step towards `y`; `w` is the weight of the example."""
        if y not in self.labels:
            self.labels.append(y)
            self.weights = np.concatenate([self.weights, np.zeros((self.size, 1))], axis=1)
        sparse = self._sparse(x)
        p = self._proba(sparse)
        errors = [(p[k] - (label == y)) * w for k, label in enumerate(self.labels)]
        rows = {place: self.weights[place].tolist() for place in sparse}
        step = {(place, k): weight for place, row in rows.items() for k, weight in enumerate(row)}
        gradient = {(place, k): error * value for place, value in sparse.items() for k, error in enumerate(errors)}
        stepped = self.optimizer.step(step, gradient)
        for (place, k), value in stepped.items():
            self.weights[place, k] = min(max(value, -CLIP), CLIP)
        self.learnt += 1

    def predict_proba_one(self, x: Mapping[Any, Any], **kwargs: Any) -> dict[Any, float]:
        """Return the probability of each label met so far; empty before the first."""
        if not self.labels:
            return {}
        return dict(zip(self.labels, self._proba(self._sparse(x)), strict=True))
