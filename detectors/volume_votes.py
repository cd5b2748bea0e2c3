"""How many mentions are too many: the votes behind the volume detector's score, and the band it calls usual."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from detectors.baseline import Moments
from detectors.highwater import HighWater
from detectors.stats import tail_z

Vote = tuple[str, float, bool]
"""Name, strength in standard deviations (days for `habit`), whether it alone would do."""

# Chosen on five labelled brands; docs/volume.md says how, and how the score moves with each.
CLIP: Final = 8.0
"""No single vote counts for more than this many standard deviations."""
THRESHOLD: Final = 4.0
"""Strength (standard deviations, mean of the votes plus novelty) at which the score is 1."""
NOVELTY_WEIGHT: Final = 2.0
"""Standard deviations for each factor e above (or below) the highest moment remembered."""
NOVELTY_CLIP: Final = 2.0
"""Factors e at which novelty stops counting."""
HABIT_DAYS: Final = 7
"""What so many days of the remembered fortnight have seen is a habit and no news."""
HABIT_LIKE: Final = 1.1
"""A day has seen the like when its highest moment times this reaches the present."""
RELATIVE_SPREAD: Final = 0.1
"""The spread is at least this share of the mean: a change of a few percent is no news, however steady a brand is."""
TAIL_Z: Final = 2.0
"""A full score also needs a negative binomial tail as unlikely as this many standard deviations (P = 0.02)."""
MARGIN: Final = 0.2
"""Tail and habit are looked at from this much below a score of 1; they can hold a score down to there, no further."""
TINY: Final = 1e-6
"""An expectation of zero would make any count impossible."""


def judge(
    observed: float, usual: Sequence[Moments], names: Sequence[str], highest: HighWater, sensitivity: float
) -> tuple[float, list[Vote]]:
    """Return the score of `observed` mentions in the smoothing window, at least 0, and the votes behind it.

    It rises with `observed`, whatever the baselines are: every part of it does.

    Args:
        observed: mentions in the window.
        usual: what each baseline expects there.
        names: of the baselines, as votes are called after them.
        highest: moments of the last two weeks.
        sensitivity: what the strength is multiplied by.
    """
    log = math.log1p(observed)
    votes: list[Vote] = []
    total = mean = variance = 0.0
    for name, moments in zip(names, usual, strict=True):
        spread = max(moments.variance, moments.mean, 1.0) + (RELATIVE_SPREAD * moments.mean) ** 2
        linear = _clip((observed - moments.mean) / math.sqrt(spread), CLIP)
        log_spread = math.sqrt(_log_variance(moments) + RELATIVE_SPREAD**2)
        logarithmic = _clip((log - moments.log_mean) / log_spread, CLIP)
        votes.append((f"linear_{name}", linear, linear >= THRESHOLD))
        votes.append((f"log_{name}", logarithmic, logarithmic >= THRESHOLD))
        total += linear + logarithmic
        mean += moments.mean
        variance += spread
    strength = total / len(votes)
    top = highest.get()
    if top is not None:
        novelty = NOVELTY_WEIGHT * _clip(log - math.log1p(top), NOVELTY_CLIP)
        votes.append(("novelty", novelty, novelty > 0.0))
        strength += novelty
    score = strength / THRESHOLD * sensitivity
    held = 1.0 - MARGIN
    if score >= held:
        tail = tail_z(observed, max(mean / len(usual), TINY), variance / len(usual))
        votes.append(("tail", tail, tail >= TAIL_Z))
        score = max(held, min(score, tail / TAIL_Z))
        days = highest.days_at(observed / HABIT_LIKE)
        if days >= HABIT_DAYS:
            votes.append(("habit", float(days), False))
            score = held
    return max(score, 0.0), votes


def band(usual: Sequence[Moments]) -> tuple[float, float, float]:
    """Return what is expected in the window, and from where to where it would not surprise: two deviations of the logarithm."""
    n = len(usual)
    expected = sum(moments.mean for moments in usual) / n
    middle = sum(moments.log_mean for moments in usual) / n
    reach = 2.0 * math.sqrt(sum(map(_log_variance, usual)) / n)
    return expected, min(expected, max(0.0, math.expm1(middle - reach))), max(expected, math.expm1(middle + reach))


def _log_variance(moments: Moments) -> float:
    """Counts scatter at least as Poisson's do: on the logarithmic scale by 1 / (1 + mean)."""
    return max(moments.log_variance, 1.0 / (1.0 + moments.mean))


def _clip(value: float, limit: float) -> float:
    return min(limit, max(-limit, value))
