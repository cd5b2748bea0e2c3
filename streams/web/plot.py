"""Drawings as inline SVG: an incident's minutes with the alerts' expectations, and the small lines of lists.

Only numbers of ours go in unescaped; colours and fonts come from the style sheet by class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from schemas.times import MINUTE, from_ms
from streams.web.history import Point

WIDTH: Final = 480
HEIGHT: Final = 200
LEFT: Final = 32
BOTTOM: Final = 22
TOP: Final = 14
BINS: Final = 240
"""Points a plot has at most: two of its units each."""
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 240)
"""Widths of a bin in minutes."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An onset or a detection: a line across the plot."""

    at: int
    label: str
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """Mentions per minute that would not have surprised, over a stretch of time."""

    start: int
    end: int
    expected: float
    high: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A plot and what its caption needs."""

    svg: Markup
    bin_seconds: int
    highest: float


def bin_width(span: int) -> int:
    """Return the width of a bin (ms) with which `span` ms fit into a plot."""
    minutes = span / MINUTE / BINS
    return next((step for step in _STEPS if step >= minutes), math.ceil(minutes / 1_440) * 1_440) * MINUTE


def story(points: Sequence[Point], width: int, bands: Sequence[Band], marks: Sequence[Mark], label: str) -> Drawing:
    """Draw bins of `width` ms: mentions as an area, negative ones in it, the expectation as a band, marks as lines."""
    first, last = points[0].start, points[-1].start + width
    per_bin = width / MINUTE
    highest = max((float(point.mentions) for point in points), default=0.0)
    # A band far above the data (a crisis long past its peak) must not flatten it.
    scale = max(highest, min(max((band.high * per_bin for band in bands), default=0.0), highest * 1.5), 4.0)
    scale = _nice(scale)

    def x(time: float) -> float:
        return round(LEFT + (min(max(time, first), last) - first) / (last - first) * (WIDTH - LEFT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - min(value / scale, 1.0) * (HEIGHT - BOTTOM - TOP), 1)

    parts = [Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, HEIGHT, label)]
    for part in (0.0, 0.5, 1.0):
        level = y(scale * part)
        parts += [
            Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(LEFT, WIDTH, level, level),
            Markup('<text class="axis" x="{}" y="{}" text-anchor="end">{:g}</text>').format(
                LEFT - 5, level + 4, scale * part
            ),
        ]
    for band in bands:
        left, right, top = x(band.start), x(band.end), y(band.high * per_bin)
        parts.append(
            Markup('<rect class="band" x="{}" y="{}" width="{}" height="{}"/>').format(
                left, top, round(right - left, 1), round(y(0) - top, 1)
            )
        )
        middle = y(band.expected * per_bin)
        parts.append(
            Markup('<line class="expected" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(left, right, middle, middle)
        )
    middles = [x(point.start + width / 2) for point in points]
    parts.append(_area("mentions", middles, [y(point.mentions) for point in points], y(0)))
    parts.append(_area("negative", middles, [y(point.negative) for point in points], y(0)))
    for mark in marks:
        at = x(mark.at)
        parts.append(
            Markup('<line class="mark {}" x1="{}" x2="{}" y1="{}" y2="{}"><title>{}</title></line>').format(
                mark.severity, at, at, TOP - 8, HEIGHT - BOTTOM, mark.label
            )
        )
    for i in range(5):
        at = first + (last - first) * i / 4
        anchor = ("start", "middle", "middle", "middle", "end")[i]
        parts.append(
            Markup('<text class="axis" x="{}" y="{}" text-anchor="{}">{:%H:%M}</text>').format(
                x(at), HEIGHT - 6, anchor, from_ms(int(at))
            )
        )
    parts.append(Markup("</svg>"))
    return Drawing(Markup("").join(parts), width // 1_000, highest)


def spark(points: Sequence[Point], label: str) -> Markup:
    """Draw a line the size of a word: mentions as an area and the negative ones in it."""
    top = max(2.0, *(float(point.mentions) for point in points)) if points else 2.0
    step = 100 / max(1, len(points) - 1)
    xs = [round(i * step, 1) for i in range(len(points))]
    return (
        Markup('<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label="{}">').format(
            label
        )
        + _area("mentions", xs, [round(23 - 21 * point.mentions / top, 1) for point in points], 23)
        + _area("negative", xs, [round(23 - 21 * point.negative / top, 1) for point in points], 23)
        + Markup("</svg>")
    )


def _area(name: str, xs: Sequence[float], ys: Sequence[float], floor: float) -> Markup:
    if not xs:
        return Markup("")
    line = " ".join(f"{x:g},{y:g}" for x, y in zip(xs, ys, strict=True))
    corners = f"{xs[0]:g},{floor:g} {line} {xs[-1]:g},{floor:g}"
    return Markup('<polygon class="area {}" points="{}"/><polyline class="line {}" points="{}"/>').format(
        name, corners, name, line
    )


def _nice(value: float) -> float:
    """Return the next of 1, 2, 4, 5, 6, 8, 10 times a power of ten: half of it is a short number as well."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 6, 8, 10) if step * power >= value)
