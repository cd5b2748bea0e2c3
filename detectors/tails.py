"""How surprising a count is: honest tails for sparse and for busy brands alike.

The signed root of the negative binomial deviance is close to a standard normal score in the tails from a hundredth of a
mention to thousands a minute (McCullagh & Nelder, Generalized Linear Models, 2nd ed., sections 4.4.3 and 6.2; Pierce &
Schafer 1986, JASA 81, for the quality of the root deviance as a normal score), is monotone in the count and costs two
logarithms.
"""

from __future__ import annotations

import math

_POISSON = 1e-9  # dispersion below which the negative binomial is a Poisson to machine precision


def excess(observed: float, expected: float, dispersion: float = 0.0) -> float:
    """Return by how many standard normal deviations `observed` exceeds `expected` (negative when it is below).

    Args:
        observed: a count or a sum of probabilities, >= 0; half a unit is taken off above the mean (continuity).
        expected: the mean, > 0.
        dispersion: alpha >= 0 of the variance `mean + alpha mean^2`.
    """
    mu = max(expected, 1e-9)
    y = observed - 0.5
    if y <= mu:
        y = min(max(observed, 0.0) + 0.5, mu) if observed < mu - 0.5 else mu
    if dispersion < _POISSON:
        deviance = y * math.log(y / mu) - (y - mu) if y > 0.0 else mu
    else:
        ratio = math.log((1.0 + dispersion * y) / (1.0 + dispersion * mu))
        deviance = (y * math.log(y / mu) if y > 0.0 else 0.0) - (y + 1.0 / dispersion) * ratio
    root = math.sqrt(max(0.0, 2.0 * deviance))
    return root if y >= mu else -root


def upper(expected: float, dispersion: float, z: float) -> float:
    """Return a count that lies about `z` standard deviations above `expected`: the top of "would not surprise"."""
    return expected + z * math.sqrt(expected + dispersion * expected * expected) + 0.5


def reaching(z: float, expected: float, dispersion: float) -> int:
    """Return the least whole count whose `excess` is at least `z` (by bisection: `excess` is monotone)."""
    low, high = 0, 1
    while excess(high, expected, dispersion) < z:
        low, high = high, high * 2
        if high > 1 << 50:
            return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if excess(middle, expected, dispersion) >= z else (middle, high)
    return high
