"""The backtest's page: for each brand what was said, how negative it was, what was usual, and where it was alerted.

One file with nothing to load: it may be mailed. Everything from outside is escaped.
"""

from __future__ import annotations

import html
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from detectors.look import Usual
from schemas.events import SEVERITIES, Alert, Window
from schemas.times import HOUR, MINUTE, iso, to_ms
from streams.explain.bins import gather, width_of
from streams.messages.phrases import clean
from streams.report.plot import Mark, draw

BINS: Final = 450
"""Points of an overview at the most: two pixels each."""
CLOSE_BINS: Final = 240
CLOSE_UPS: Final = 6
"""Alerts of a brand that are also drawn from near; the severest, when there are more."""
BEFORE: Final = 2 * HOUR
AFTER: Final = HOUR
LONGEST: Final = 12 * HOUR
TOLD: Final = frozenset({"firing", "updated"})

_STYLE: Final = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
_KEY: Final = (
    ("background: var(--blue)", "mentions"),
    ("background: var(--red)", "negative mass (sum of the probabilities of being negative)"),
    ("background: var(--grey); opacity: .35", "no surprise up to here"),
    ("border-top: 2px dashed var(--grey); height: 0; margin-bottom: .3em", "usual"),
    *((f"background: var(--{level})", f"{level} alert, from its onset to its end") for level in SEVERITIES),
)


def report_html(
    windows: Sequence[Window], alerts: Sequence[Alert], usual: Mapping[str, Sequence[Usual]] | None = None
) -> str:
    """Return the page; `usual` is what was expected of each brand, minute by minute."""
    by_brand: dict[str, list[Window]] = defaultdict(list)
    for window in windows:
        by_brand[window.brand].append(window)
    key = "".join(f'<li><span style="{style}"></span>{text}</li>' for style, text in _KEY)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Tocsin backtest</title><style>{_STYLE}</style></head><body><h1>Backtest</h1>",
        "<p>What Tocsin would have said of these mentions. Times are UTC. A vertical line is when it was noticed; ",
        "dashed ones were held back.</p>",
        f'<ul class="key">{key}</ul>',
    ]
    if not by_brand:
        parts.append("<p>No mention of a watched brand was in the files.</p>")
    for brand in sorted(by_brand, key=lambda b: (-sum(w.count for w in by_brand[b]), b)):
        mine = [alert for alert in alerts if alert.brand == brand]
        ordered = sorted(by_brand[brand], key=lambda window: window.start)
        parts.append(_brand(brand, ordered, mine, (usual or {}).get(brand, ())))
    return "\n".join(parts) + "\n</body></html>\n"


def _brand(brand: str, windows: Sequence[Window], alerts: Sequence[Alert], usual: Sequence[Usual]) -> str:
    first, last = to_ms(windows[0].start), to_ms(windows[-1].start) + MINUTE
    name = html.escape(clean(brand, 120))
    told, held = _stories(alerts)
    worst = Counter(mark.severity for mark in told.values())
    counted = ", ".join(f"{n} × {level}" for level, n in sorted(worst.items(), reverse=True)) or "none"
    width = width_of(last - first, BINS)
    bins = gather(windows, usual, first, last, width)
    marks = [*told.values(), *held.values()]
    mentions = sum(window.count for window in windows)
    parts = [
        f"<h2>{name}</h2><p class=muted>{mentions:,} mentions, {iso(first)} to {iso(last)} · alerts: {counted} · ",
        f"held back: {len(held)} · {_length(width)} a point</p>",
        draw(bins, marks, f"mentions of {clean(brand, 120)} over time"),
    ]
    near = sorted(told, key=lambda one: (told[one].severity, -told[one].start), reverse=True)[:CLOSE_UPS]
    close = [name for name in sorted(near, key=lambda one: told[one].start) if told[name].severity >= "L2"]
    parts += (_close_up(alert_id, told[alert_id], marks, windows, usual) for alert_id in close)
    return "".join([*parts, _table(alerts)])


def _stories(alerts: Sequence[Alert]) -> tuple[dict[str, Mark], dict[str, Mark]]:
    """Return a mark for each alert that was told, and for each that was only held back."""
    told: dict[str, Mark] = {}
    held: dict[str, Mark] = {}
    for alert in alerts:
        where = told if alert.alert_id in told or alert.status in TOLD else held
        before = where.get(alert.alert_id)
        end = to_ms(alert.ends_at) if alert.status == "resolved" and alert.ends_at is not None else None
        if before is None:
            if alert.status == "resolved":
                continue
            title = (
                f"{alert.severity} {alert.signal}, noticed {iso(to_ms(alert.detected_at))}: {clean(alert.reason, 300)}"
            )
            where[alert.alert_id] = Mark(
                to_ms(alert.starts_at), to_ms(alert.detected_at), end, alert.severity, where is held, title
            )
        else:
            severity = max(before.severity, alert.severity)
            where[alert.alert_id] = Mark(before.start, before.detected, end, severity, before.held, before.title)
    return told, {name: mark for name, mark in held.items() if name not in told}


def _close_up(
    alert_id: str, mark: Mark, marks: Sequence[Mark], windows: Sequence[Window], usual: Sequence[Usual]
) -> str:
    start = mark.start - BEFORE
    end = min((mark.end or mark.start + AFTER) + AFTER, start + LONGEST)
    starts = [to_ms(window.start) for window in windows]
    near = windows[bisect_left(starts, start) : bisect_left(starts, end)]
    width = width_of(end - start, CLOSE_BINS)
    bins = gather(near, usual, start, end, width)
    inside = [one for one in marks if one.start < end and (one.end or end) > start]
    title = f"{mark.severity} at {iso(mark.detected)}"
    return (
        f"<h3>{html.escape(title)}</h3><p class=muted>onset {iso(mark.start)}, noticed {_length(mark.detected - mark.start)} later · "
        f"{_length(width)} a point · <code>tocsin explain {html.escape(alert_id[:8])} --dir …</code></p>"
        + draw(bins, inside, title)
    )


def _table(alerts: Sequence[Alert]) -> str:
    if not alerts:
        return "<p>Nothing was alerted.</p>"
    rows = "".join(
        f"<tr{'' if a.status in TOLD else ' class=held'}><td>{iso(to_ms(a.detected_at))}<td>{a.severity}<td>{a.signal}"
        f"<td>{a.status}{_held(a)}<td>{html.escape(clean(a.reason, 600))}</tr>"
        for a in alerts
    )
    return (
        f"<details{' open' if len(alerts) <= 20 else ''}><summary>{len(alerts)} event(s)</summary>"
        f"<table><tr><th>detected<th>severity<th>signal<th>status<th>why</tr>{rows}</table></details>"
    )


def _held(alert: Alert) -> str:
    return f" ({html.escape(clean(alert.suppressed_by, 60))})" if alert.suppressed_by else ""


def _length(ms: int) -> str:
    minutes = ms / MINUTE
    if minutes < 1:
        return f"{ms // 1_000} s"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h".replace(".0", "")
