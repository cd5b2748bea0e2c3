"""What a backtest leaves behind: JSON lines, a table of windows, a page with a plot per brand, and the summary."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from schemas.events import Alert, Window, encode
from streams.backtest import Outcome
from streams.errors import UserError
from streams.explain.log import SETTINGS_FILE, judged
from streams.files import Report
from streams.policy import load as policy_file
from streams.policy.model import Policy
from streams.report.page import report_html
from streams.settings import Settings
from streams.structured import load_yaml

WINDOW_COLUMNS: Final = tuple(name for name in Window.__struct_fields__ if name != "schema")
"""The fields of a window; what is a mapping is JSON."""


class Summary(Struct):
    """The figures of a backtest."""

    mentions: int
    brands: int
    applied: int
    late: int
    duplicate: int
    unmatched: int
    dead_letters: dict[str, int]
    alerts: dict[str, int]
    """Onsets by highest severity."""
    incidents: int
    pages: int
    out: str


def policy_of(path: Path | None, settings: Settings, config: Path | None) -> Policy | None:
    """Return the policy to page by: the one named by `path`, else that of the configuration file `config`, where there is
    one, else none; raises UserError for one that is named and cannot be read.
    """
    if path is not None:
        return policy_file.load_policy(path)
    if config is not None and ("policy" in load_yaml(config) or Path(settings.policy).exists()):
        return policy_file.load_policy(settings.policy)
    return None


def write(out: Path, outcome: Outcome, settings: Settings) -> None:
    """Write everything to the folder `out`; raises UserError where it cannot."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        _lines(out / "alerts.jsonl", outcome.alerts)
        _lines(out / "signals.jsonl", outcome.signals)
        _lines(out / "incidents.jsonl", outcome.incidents.values())
        _lines(out / "notifications.jsonl", outcome.notifications)
        _windows(out / "windows.csv", outcome.windows)
        (out / SETTINGS_FILE).write_bytes(encode(judged(settings)) + b"\n")
        (out / "report.html").write_text(report_html(outcome.windows, outcome.alerts, outcome.usual), encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out: {out}: {error.strerror}; choose a folder that can be written to") from None


def _lines(path: Path, values: Any) -> None:
    with path.open("wb") as file:
        for value in values:
            file.write(encode(value) + b"\n")


def _windows(path: Path, windows: list[Window]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(WINDOW_COLUMNS)
        for w in windows:
            start = w.start.isoformat().replace("+00:00", "Z")
            writer.writerow([w.brand, start, *(_cell(getattr(w, name)) for name in WINDOW_COLUMNS[2:])])


def _cell(value: Any) -> Any:
    return encode(value).decode() if isinstance(value, dict) else value


def summary(outcome: Outcome, report: Report, out: Path) -> Summary:
    """Return the figures."""
    highest: dict[str, str] = {}
    for alert in outcome.alerts:
        if alert.status in ("firing", "updated"):
            highest[alert.alert_id] = max(highest.get(alert.alert_id, ""), alert.severity)
    tally = outcome.tally
    return Summary(
        mentions=report.good, brands=len({w.brand for w in outcome.windows}), applied=tally.applied, late=tally.late,
        duplicate=tally.duplicate, unmatched=tally.unmatched, dead_letters=dict(outcome.dead),
        alerts=dict(sorted(Counter(highest.values()).items())), incidents=len(outcome.incidents),
        pages=sum(n.purpose == "page" and n.outcome in ("sent", "pending") for n in outcome.notifications), out=str(out),
    )  # fmt: skip


def told_once(alerts: Sequence[Alert]) -> Iterator[tuple[Alert, list[Alert]]]:
    """Yield what is printed, and what each line stands for besides: all that the warm-up held back of a brand is one line."""
    warming: dict[str, list[Alert]] = {}
    for alert in alerts:
        if alert.suppressed_by == "warm_up":
            warming.setdefault(alert.brand, []).append(alert)
    for alert in alerts:
        if alert.suppressed_by != "warm_up":
            yield alert, []
        elif alert is warming[alert.brand][0]:
            yield alert, warming[alert.brand][1:]


def _dead(letters: Mapping[str, int]) -> str:
    why = ", ".join(f"{reason} {count:,}" for reason, count in letters.items())
    return f"{sum(letters.values()):,} dead letters" + (f" ({why})" if why else "")


def show(figures: Summary, outcome: Outcome, *, paged: bool) -> None:
    """Print the summary for people; `paged` says whether there was a policy to page by."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    console.print(
        f"{figures.mentions:,} mentions of {figures.brands} brand(s): {figures.applied:,} applied, {figures.late:,} late, "
        f"{figures.duplicate:,} repeated, {figures.unmatched:,} of no brand, {_dead(figures.dead_letters)}",
        soft_wrap=not console.is_terminal,
    )
    colours = {"L1": "dim", "L2": "yellow", "L3": "bold yellow", "L4": "bold red"}
    widest = max((len(alert.brand) for alert in outcome.alerts), default=0)
    for alert, more in told_once(outcome.alerts):
        style = colours[alert.severity] if alert.status in ("firing", "updated") else "dim"
        status = alert.status + (f" ({alert.suppressed_by})" if alert.suppressed_by else "")
        when = f"{alert.detected_at:%Y-%m-%d %H:%M:%SZ}"
        head = f"{when}  {alert.brand:{widest}}  {alert.severity}  {alert.signal}  {status}"
        if more:
            last = f"{more[-1].detected_at:%Y-%m-%d %H:%M:%SZ}"
            worst = max(one.severity for one in more)
            head += f", and {len(more)} more of it until {last} (up to {worst})"
        console.print(head, style=style, markup=False, soft_wrap=True)
        if console.is_terminal:  # the sentence wraps under its line
            console.print(Padding(Text(alert.reason), (0, 0, 0, 4)), style=style)
        else:  # in a pipe it stays one line
            console.print(f"    {alert.reason}", markup=False, soft_wrap=True)
    alarms = sum(n for level, n in figures.alerts.items() if level >= "L2")
    people = (
        f"{figures.incidents} incident(s), {figures.pages} page(s)"
        if paged
        else f"{alarms} alert(s) of L2 and more; --policy FILE says who would have been paged"
    )
    console.print(f"{people}; all of it in {figures.out}/ (open report.html)", soft_wrap=not console.is_terminal)
