"""One brand's talk as an SVG: mentions above, the negative part below, what would not have surprised, and the alerts."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from schemas.times import DAY, HOUR, MINUTE, from_ms
from streams.explain.bins import Bin

WIDTH: Final = 960
LEFT: Final = 46
RIGHT: Final = 8
UPPER: Final = (14, 150)
"""Top and floor of the plot of mentions …"""
LOWER: Final = (172, 238)
"""… and of negative mentions."""
HEIGHT: Final = 258
TICKS: Final = (
    MINUTE * 5,
    MINUTE * 10,
    MINUTE * 30,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    30 * DAY,
)
MOST_TICKS: Final = 9
TALL: Final = 12.0
"""Times what would not have surprised from which a plot's scale is the square root: else the usual is a line on the floor."""


class Mark(Struct, frozen=True):
    """One alert on the plot."""

    start: int
    """Onset, epoch ms."""
    detected: int
    end: int | None
    severity: str
    held: bool
    title: str


def draw(bins: Sequence[Bin], marks: Sequence[Mark], label: str) -> str:
    """Return the SVG of `bins` (at least one), with `marks`."""
    width = bins[1].start - bins[0].start if len(bins) > 1 else MINUTE
    first, last = bins[0].start, bins[-1].start + width

    def x(time: float) -> float:
        share = min(1.0, max(0.0, (time - first) / (last - first)))
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(label)}">']
    parts += (_span(mark, x, last) for mark in sorted(marks, key=lambda one: (not one.held, one.severity)))
    high = max([1.0, *(float(b.mentions) for b in bins), *(b.high or 0.0 for b in bins)])
    parts += _panel(bins, x, width, UPPER, high, "mentions", [float(b.mentions) for b in bins], band=True)
    worst = max([1.0, *(b.negative for b in bins), *(b.usual_negative or 0.0 for b in bins)])
    parts += _panel(bins, x, width, LOWER, worst, "negative", [b.negative for b in bins], band=False)
    parts += [_line(mark, x) for mark in marks if first <= mark.detected <= last]
    parts += _axis(first, last, x)
    return "".join(parts) + "</svg>"


def _panel(
    bins: Sequence[Bin], x: Callable[[float], float], width: int, box: tuple[int, int], top: float, name: str,
    values: Sequence[float], *, band: bool,
) -> list[str]:  # fmt: skip
    scale = nice(top)
    usual_top = max((one.high or 0.0 for one in bins), default=0.0) * (1.0 if band else 0.4)
    root = top > TALL * max(usual_top, 1.0)

    def y(value: float) -> float:
        share = min(1.0, max(0.0, value) / scale)
        return round(box[1] - (box[1] - box[0]) * (math.sqrt(share) if root else share), 1)

    parts = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v)}" y2="{y(v)}"/>'
        f'<text class="axis" x="{LEFT - 5}" y="{y(v) + 4}" text-anchor="end">{_number(v)}</text>'
        for v in (0.0, scale / (4 if root else 2), scale)
    ]
    if root and band:
        parts.append(
            f'<text class="axis" x="{WIDTH - RIGHT}" y="{box[0] - 3}" text-anchor="end">square-root scale</text>'
        )
    known = [one for one in bins if one.expected is not None]
    if band and known:
        edge = " ".join(
            f"{x(one.start)},{y(one.high or 0.0)} {x(one.start + width)},{y(one.high or 0.0)}" for one in known
        )
        floor = y(0.0)
        parts.append(
            f'<polygon class="band" points="{x(known[0].start)},{floor} {edge} {x(known[-1].start + width)},{floor}"/>'
        )
    middles = [x(one.start + width / 2) for one in bins]
    points = " ".join(f"{place},{y(value)}" for place, value in zip(middles, values, strict=True))
    parts.append(f'<polygon class="area {name}" points="{middles[0]},{y(0.0)} {points} {middles[-1]},{y(0.0)}"/>')
    parts.append(f'<polyline class="{name}" points="{points}"/>')
    if known:
        usual = " ".join(
            f"{x(one.start + width / 2)},{y((one.expected if band else one.usual_negative) or 0.0)}" for one in known
        )
        parts.append(f'<polyline class="usual" points="{usual}"/>')
    return parts


def _span(mark: Mark, x: Callable[[float], float], last: int) -> str:
    """The time that an alert lasted, behind everything."""
    left, right = x(mark.start), x(mark.end if mark.end is not None else last)
    held = " held" if mark.held else ""
    return (
        f'<rect class="span {mark.severity}{held}" x="{left}" y="{UPPER[0]}" width="{round(max(1.0, right - left), 1)}" '
        f'height="{LOWER[1] - UPPER[0]}"><title>{html.escape(mark.title)}</title></rect>'
    )


def _line(mark: Mark, x: Callable[[float], float]) -> str:
    """When it was noticed."""
    at, held = x(mark.detected), " held" if mark.held else ""
    name = (
        ""
        if mark.held
        else f'<text class="name {mark.severity}" x="{at + 3}" y="{UPPER[0] + 8}">{mark.severity}</text>'
    )
    return (
        f'<line class="mark {mark.severity}{held}" x1="{at}" x2="{at}" y1="{UPPER[0]}" y2="{LOWER[1]}">'
        f"<title>{html.escape(mark.title)}</title></line>{name}"
    )


def _axis(first: int, last: int, x: Callable[[float], float]) -> list[str]:
    step = next((tick for tick in TICKS if (last - first) / tick <= MOST_TICKS), None)
    if step is None:
        step = -(-(last - first) // MOST_TICKS // DAY) * DAY
    out = []
    time = -(-first // step) * step
    while time <= last:
        when = from_ms(time)
        text = f"{when:%-d %b}" if step >= DAY or (when.hour, when.minute) == (0, 0) else f"{when:%H:%M}"
        anchor = "middle" if x(time) < WIDTH - 30 else "end"
        out.append(
            f'<line class="grid" x1="{x(time)}" x2="{x(time)}" y1="{LOWER[1]}" y2="{LOWER[1] + 4}"/>'
            f'<text class="axis" x="{x(time)}" y="{HEIGHT - 5}" text-anchor="{anchor}">{text}</text>'
        )
        time += step
    return out


def nice(value: float) -> float:
    """Return the next of 1, 2, 4, 5, 6, 8, 10 times a power of ten: half of it is a short number as well."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 2, 4, 5, 6, 8) if step * power >= value), 10 * power)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"
