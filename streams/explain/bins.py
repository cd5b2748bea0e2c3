"""Minutes gathered into the bars of a plot, with what was usual beside them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from msgspec import Struct

from detectors.look import Usual
from schemas.events import Window
from schemas.times import MINUTE, to_ms

WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440)
"""Minutes that a bar may stand for."""


class Bin(Struct, frozen=True):
    """One bar."""

    start: int
    """Epoch ms."""
    mentions: int
    negative: float
    expected: float | None = None
    """Mentions that would be usual; None before anything was expected."""
    high: float | None = None
    """Mentions that would not have surprised."""
    usual_negative: float | None = None


def width_of(span: int, most: int) -> int:
    """Return the least width (ms) with which `span` (ms) has at most `most` bars."""
    fits = (width for width in WIDTHS if span <= width * MINUTE * most)
    return next(fits, -(-span // most // (WIDTHS[-1] * MINUTE) + 1) * WIDTHS[-1]) * MINUTE


def gather(windows: Sequence[Window], usual: Sequence[Usual], start: int, end: int, width: int) -> list[Bin]:
    """Return the bars from `start` to `end` (epoch ms), each `width` ms wide."""
    start -= start % width
    count = max(1, -(-(end - start) // width))
    mentions, negative = [0] * count, [0.0] * count
    for window in windows:
        at = (to_ms(window.start) - start) // width
        if 0 <= at < count:
            mentions[at] += window.count
            negative[at] += window.negative / 10_000
    minutes = [one.minute for one in usual]
    bins = []
    for i in range(count):
        left = start + i * width
        # The last forecast made in the bar; where nobody spoke in it, the last one before.
        place = bisect_right(minutes, left + width - MINUTE)
        known = usual[place - 1] if place else None
        span = width / MINUTE
        if known is None:
            bins.append(Bin(left, mentions[i], round(negative[i], 3)))
            continue
        expected = known.rate * span
        bins.append(
            Bin(left, mentions[i], round(negative[i], 3), round(expected, 3), round(known.high(span), 2),
                round(expected * known.share, 3))
        )  # fmt: skip
    return bins
