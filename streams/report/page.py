"""The backtest's page: for each brand what was said, how negative it was, and where it was alerted. Inline SVG."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from schemas.events import Alert, Window
from schemas.times import MINUTE, iso, to_ms

WIDTH: Final = 960
HEIGHT: Final = 180
BINS: Final = 480
"""Points a plot has at the most: two pixels each."""
COLOURS: Final = {"L1": "#8aa", "L2": "#d90", "L3": "#e60", "L4": "#c00"}

_STYLE: Final = """
:root { color-scheme: light dark; } body { font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2rem auto; padding: 0 1rem }
svg { width: 100%; height: auto; background: color-mix(in srgb, CanvasText 4%, Canvas) } h2 { margin: 2rem 0 .3rem }
table { border-collapse: collapse; width: 100%; font-size: 14px }
td, th { text-align: left; padding: .2rem .6rem .2rem 0; vertical-align: top }
.held { opacity: .55 } .key span { display: inline-block; width: 1em; height: .7em; margin: 0 .3em 0 1em }
"""


def report_html(windows: Sequence[Window], alerts: Sequence[Alert]) -> str:
    """Return the page."""
    by_brand: dict[str, list[Window]] = defaultdict(list)
    for window in windows:
        by_brand[window.brand].append(window)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Tocsin backtest</title><style>{_STYLE}</style><h1>Backtest</h1>",
        "<p class=key>mentions<span style='background:#48a'></span>negative mass<span style='background:#c33'></span>",
        *(f"{level}<span style='background:{colour}'></span>" for level, colour in COLOURS.items()),
        "</p>",
    ]
    for brand in sorted(by_brand, key=lambda b: (-sum(w.count for w in by_brand[b]), b)):
        mine = [alert for alert in alerts if alert.brand == brand]
        parts += [f"<h2>{html.escape(brand)}</h2>", plot(by_brand[brand], mine), _table(mine)]
    return "\n".join(parts) + "\n"


def plot(windows: Sequence[Window], alerts: Sequence[Alert]) -> str:
    """Return an SVG of mentions and negative mass over time, with a line where an alert began."""
    times = [to_ms(window.start) for window in windows]
    first, last = min(times), max(times) + MINUTE
    step = max(MINUTE, -(-(last - first) // BINS // MINUTE) * MINUTE)
    count = (last - first) // step + 1
    totals, negative = [0.0] * count, [0.0] * count
    for window, time in zip(windows, times, strict=True):
        totals[(time - first) // step] += window.count
        negative[(time - first) // step] += window.negative / 10_000
    top = max(*totals, 1.0)

    def x(time: float) -> float:
        return round((time - first) / (last - first) * WIDTH, 1)

    def line(values: Sequence[float]) -> str:
        return " ".join(
            f"{x(first + i * step)},{round(HEIGHT - 20 - value / top * (HEIGHT - 40), 1)}"
            for i, value in enumerate(values)
        )

    marks = []
    for alert in alerts:
        if alert.status in ("firing", "updated"):
            at = x(to_ms(alert.detected_at))
            title = html.escape(f"{alert.severity} {alert.signal} {iso(to_ms(alert.detected_at))}: {alert.reason}")
            marks.append(
                f"<line x1='{at}' x2='{at}' y1='8' y2='{HEIGHT - 20}' stroke='{COLOURS[alert.severity]}' stroke-width='2'>"
                f"<title>{title}</title></line>"
            )
    label = f"{step // MINUTE} min a point; highest {top:.0f}"
    return (
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role=img aria-label='mentions over time'>"
        f"<polyline fill=none stroke='#48a' points='{line(totals)}'/><polyline fill=none stroke='#c33' points='{line(negative)}'/>"
        + "".join(marks)
        + f"<g font-size='11' fill='currentColor'><text x='4' y='{HEIGHT - 6}'>{iso(first)}</text>"
        f"<text x='{WIDTH - 4}' y='{HEIGHT - 6}' text-anchor='end'>{iso(last)}</text><text x='4' y='14'>{label}</text></g></svg>"
    )


def _table(alerts: Sequence[Alert]) -> str:
    if not alerts:
        return "<p>Nothing was alerted.</p>"
    rows = "".join(
        f"<tr{'' if a.status in ('firing', 'updated') else ' class=held'}><td>{iso(to_ms(a.detected_at))}<td>{a.severity}<td>{a.signal}"
        f"<td>{a.status}{f' ({html.escape(a.suppressed_by)})' if a.suppressed_by else ''}<td>{html.escape(a.reason)}</tr>"
        for a in alerts
    )
    return f"<table><tr><th>detected<th>severity<th>signal<th>status<th>why</tr>{rows}</table>"
