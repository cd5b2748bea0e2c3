"""What the model says of a batch of posts, and how log-odds become its probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.text.softmax import CLASSES
from schemas.terms import Terms

UNITS: Final = 10_000
"""A probability of 1."""

# exp(-k/256) for k = 0 … 16·256, in units of 2^-40: a table makes probabilities the same on any machine.
_EXP_STEPS: Final = 256
_EXP: Final = np.array([round(math.exp(-k / _EXP_STEPS) * 2**40) for k in range(16 * _EXP_STEPS + 1)], dtype=np.int64)


@dataclass(slots=True)
class Scored:
    """What the model says of n posts. Probabilities are integers of 1/10,000; neutral is the rest."""

    negative: npt.NDArray[np.uint16]
    positive: npt.NDArray[np.uint16]
    lang: list[str]
    terms: Terms
    signature: npt.NDArray[np.uint64]
    cues: npt.NDArray[np.uint16]
    """What the words tell of the writer, for `authors.kind_by_cues`."""
    grave: npt.NDArray[np.bool_]
    """Whether it speaks of a grave matter (`detectors.text.grave`)."""

    @property
    def neutral(self) -> npt.NDArray[np.uint16]:
        """P(neutral) in 1/10,000."""
        return (UNITS - self.negative.astype(np.int32) - self.positive).astype(np.uint16)

    def head(self, n: int) -> Scored:
        """Return what is said of the first `n` posts."""
        return Scored(
            self.negative[:n], self.positive[:n], self.lang[:n], self.terms.take(np.arange(n)), self.signature[:n],
            self.cues[:n], self.grave[:n],
        )  # fmt: skip

    def label(self, i: int) -> str:
        """Return the likeliest class of post `i`; neutral where two are equal."""
        three = (int(self.negative[i]), int(self.neutral[i]), int(self.positive[i]))
        return "neutral" if three[1] == max(three) else CLASSES[three.index(max(three))]


def probabilities(z: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """Return P(negative) and P(positive) in 1/10,000 from log-odds (n, 3): softmax by table, half to even."""
    steps = np.rint((z.max(axis=1, keepdims=True) - z) * _EXP_STEPS)
    e = _EXP[np.minimum(steps, len(_EXP) - 1).astype(np.int64)]
    total = e.sum(axis=1)
    negative = np.rint(e[:, 0] / total * UNITS)
    positive = np.rint(e[:, 2] / total * UNITS)
    positive = np.minimum(positive, UNITS - negative)
    return negative.astype(np.uint16), positive.astype(np.uint16)
