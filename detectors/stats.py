"""Tails of counts: how surprising a count is, said in standard deviations of a normal variable."""

from __future__ import annotations

import math

from scipy.special import betainc, gammainc, ndtri

SURE = 37.0
"""Where a float's normal tail ends: `ndtri(1e-300)` is -37.05."""
POISSON_BELOW = 1.001
"""A variance of at most this many means is taken as Poisson: the negative binomial's form degenerates there."""


def tail_z(count: float, mean: float, variance: float) -> float:
    """Return the normal quantile that is as unlikely as `count` or more of a negative binomial.

    With r = mean² / (variance - mean) and p = mean / (mean + r) the tail is P(X >= k) = I_p(k, r), the regularised
    incomplete beta function (NIST DLMF 8.17.5); with no over-dispersion it is Poisson's, P(k, mean) (DLMF 8.4.10). The
    result rises with `count`, lies in ±37, and is meant for counts as small as one as well as for sums of millions.

    Args:
        count: what was seen, at least 0; need not be whole.
        mean: what is expected in the same span, above 0.
        variance: of that count; below `mean` it is taken as `mean`.
    """
    if count <= 0:
        return -SURE
    if variance <= mean * POISSON_BELOW:
        tail = float(gammainc(count, mean))
    else:
        dispersion = mean * mean / (variance - mean)
        tail = float(betainc(count, dispersion, mean / (mean + dispersion)))
    if tail >= 1.0:
        return -SURE
    if tail <= 0.0 or math.isnan(tail):
        return SURE
    return min(SURE, max(-SURE, -float(ndtri(tail))))
