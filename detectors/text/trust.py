"""How far labels may move a brand's predictions as a whole: one person's word a little, two people's as far as both go.

A person's labels may be one-sided in a way that nothing in them betrays: a strict analyst and an enemy who calls every neutral
post negative say the same. So the share of each class among a brand's posts, as predicted, is held within bounds whatever was
learnt: its odds may change by the factor exp(`ALONE`) on one person's word, and beyond that only as far as the labels
of two people say. The second-furthest labeller counts, in each direction: one alone moves nothing more (a trimmed mean of one, as
in Byzantine-robust aggregation, Yin et al. 2018). The means: log-odds added to each class (`tilt`), so that what words
taught stays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

ALONE: Final = 0.3
"""By how much the log-odds of a class's share may change on one person's word: the odds by a third."""
WITNESS: Final = 5
"""Labels a person must have given to be a witness."""
LEAST: Final = 0.01
STEPS: Final = 40
DIGITS: Final = 4
"""Decimals of the tilt: machines differ in the last bits of a sum."""

Row = npt.NDArray[np.float64]


def witnessed(errors: Mapping[str, Sequence[float]]) -> tuple[list[float], list[float]]:
    """Return how far down and up each class's share may move because two people say so.

    Args:
        errors: labeller → [labels, and for each class the sum of (label is the class - P(class) of the shared model)].
    """
    means = [[total / n[0] for total in n[1:]] for _, n in sorted(errors.items()) if n[0] >= WITNESS]
    if len(means) < 2:
        return [0.0] * 3, [0.0] * 3
    by_class = [sorted(one[k] for one in means) for k in range(3)]
    return [min(0.0, each[1]) for each in by_class], [max(0.0, each[-2]) for each in by_class]


def tilt(shared: Row, corrected: Row, down: Sequence[float], up: Sequence[float]) -> list[float]:
    """Return what to add to the corrected log-odds of each class so that the classes' shares stay within bounds.

    Args:
        shared: the shared model's log-odds of the posts that it is judged on (n, 3).
        corrected: those with the correction.
        down: how far each class's share may fall, and
        up: how far it may rise, by what two people say (`witnessed`).
    """
    before, after = _share(shared, np.zeros(3)), _share(corrected, np.zeros(3))
    least = [_moved(before[k] + down[k], -ALONE) for k in range(3)]
    most = [_moved(before[k] + up[k], ALONE) for k in range(3)]
    if all(least[k] <= after[k] <= most[k] for k in range(3)):
        return [0.0] * 3
    wanted = _within(after, least, most)
    found = np.zeros(3)
    for _ in range(STEPS):
        now = _share(corrected, found)
        found += [math.log(wanted[k] / max(now[k], 1e-9)) for k in range(3)]
    found -= found.mean()
    return [round(float(v), DIGITS) for v in found]


def _share(z: Row, added: Row) -> list[float]:
    """Return the mean probability of each class."""
    moved = z + added
    e = np.exp(moved - moved.max(axis=1, keepdims=True))
    out: list[float] = (e / e.sum(axis=1, keepdims=True)).mean(axis=0).tolist()
    return out


def _moved(share: float, by: float) -> float:
    share = min(max(share, LEAST), 1 - LEAST)
    return 1 / (1 + math.exp(-(math.log(share / (1 - share)) + by)))


def _within(share: Sequence[float], least: Sequence[float], most: Sequence[float]) -> list[float]:
    """Return shares within bounds that sum to one, each moved in proportion to the room it has."""
    out = [min(max(v, a), b) for v, a, b in zip(share, least, most, strict=True)]
    rest = 1.0 - sum(out)
    room = [(b - v if rest > 0 else v - a) for v, a, b in zip(out, least, most, strict=True)]
    whole = sum(room)
    if whole <= 0:
        return [v / sum(out) for v in out]
    return [v + rest * r / whole for v, r in zip(out, room, strict=True)]
