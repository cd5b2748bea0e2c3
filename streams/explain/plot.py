"""Bars in a terminal: mentions, the negative part of them, and how much would not have surprised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from schemas.times import from_ms
from streams.explain.bins import Bin

HEIGHT: Final = 9
ALL, NEGATIVE, USUAL, MARK = "░", "█", "·", "▲"
STYLES: Final = {ALL: "cyan", NEGATIVE: "red", USUAL: "dim", MARK: "bold yellow"}


def draw(bins: Sequence[Bin], mark: int) -> Text:
    """Return the drawing of `bins`, one column each, with a mark under the time `mark` (epoch ms)."""
    top = max(1.0, *(float(b.mentions) for b in bins), *(b.high or 0.0 for b in bins))
    scale = HEIGHT / top
    label = max(len(_short(top)), 1)
    text = Text()
    for row in range(HEIGHT, 0, -1):
        edge = _short(top) if row == HEIGHT else "0" if row == 1 else ""
        text.append(f"{edge:>{label}} ", style="dim")
        for one in bins:
            cell = _cell(one, row, scale)
            text.append(cell, style=STYLES.get(cell, ""))
        text.append("\n")
    width = bins[1].start - bins[0].start if len(bins) > 1 else 60_000
    at = (mark - bins[0].start) // width
    if 0 <= at < len(bins):
        text.append(" " * (label + 1 + at))
        text.append(MARK, style=STYLES[MARK])
        text.append("\n")
    first, last = (f"{from_ms(b.start):%d %b %H:%M}" for b in (bins[0], bins[-1]))
    last += " UTC"
    gap = max(1, len(bins) - len(first) - len(last))
    text.append(" " * (label + 1) + first + " " * gap + last, style="dim")
    return text


def _cell(one: Bin, row: int, scale: float) -> str:
    # One mention shows: a bar of no height would say that nothing was said.
    high = max(1, round(one.mentions * scale)) if one.mentions else 0
    dark = min(high, round(one.negative * scale))
    if row <= dark:
        return NEGATIVE
    if row <= high:
        return ALL
    return USUAL if one.high is not None and row == max(1, round(one.high * scale)) else " "


def _short(value: float) -> str:
    return f"{value:,.0f}"
