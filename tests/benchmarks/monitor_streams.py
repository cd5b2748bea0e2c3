"""The worker's monitor and the volume detector on generated talk whose truth is known. Not a test.

    python -m tests.benchmarks.monitor_streams [--seeds 12] [--days 28] [--rates 0.01,0.1,1,10,100,1000] [--json FILE]

Each story begins with a fortnight of ordinary days (of each kind in turn), then one thing happens. What is counted are
pages: L2 and more that nothing holds back. Ordinary talk is counted over whole weeks, the first one left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from detectors.monitor import BrandMonitor
from detectors.settings import Campaign, MonitorSettings
from detectors.volume import VolumeDetector
from schemas.events import Alert
from schemas.times import MINUTE, to_ms
from tests.benchmarks import generated_talk as gen
from tests.benchmarks.generated_talk import DAY, HOUR, KINDS, Talk
from tests.benchmarks.real_talk import pages

RATES = (0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0)
"""Mentions a minute."""
BRAND = "Nimbrook"
SETTLED = 14
"""Days of ordinary talk before a story."""
AFTER = 3 * HOUR
"""What is told after a story, before it is counted."""
LOOKS = 12
"""Looks at an open minute: every five seconds."""

OFTEN_GRAVE = "often grave"
ALL = KINDS | {OFTEN_GRAVE: gen.GRAVE_BRAND}

CRISES: dict[str, gen.Happening] = {
    "flash": gen.flash,
    "angry crowd": gen.crowd,
    "slow burn": gen.slow_burn,
    "plain surge x10": gen.surge,
    "hazard, told calmly": gen.hazard,
}
DECOYS: dict[str, gen.Happening] = {
    "viral joke x4": gen.joke,
    "much of an old hazard": gen.old_hazard,
    "viral joy x15": gen.joy,
    "bot burst": gen.bots,
    "one loud author": gen.loud,
    "level shift x3": gen.level,
    "campaign x3, not told": gen.campaign,
    "campaign x3, told": gen.campaign,
}
OTHERS = ("crowd in a campaign", "silence, then back")


@dataclass
class Cell:
    """What was seen of one kind at one rate."""

    kind: str
    rate: float
    runs: int = 0
    paged: int = 0
    l3: int = 0
    l4: int = 0
    told: int = 0
    """Runs with an alert of any level that nothing holds back."""
    delays: list[float] = field(default_factory=list)
    """Minutes from the beginning to the first page."""
    gains: list[float] = field(default_factory=list)
    """Seconds by which a page came before the first minute of the story closed."""
    further: int = 0
    """Alerts that paged more than three hours after the first one."""
    days: float = 0.0
    volume: int = 0
    """Runs in which the volume detector fired."""
    volume_delays: list[int] = field(default_factory=list)


@dataclass
class Quiet:
    """Pages and alerts of ordinary talk."""

    kind: str
    rate: float
    days: float
    pages: int
    l3: int
    l1: int
    volume: int
    """Alerts of the volume detector."""
    mondays: int
    """Pages on Mondays, of all."""


def settle(kind: str, rate: float, seed: int) -> tuple[bytes, dict[str, Any], int]:
    """Return the states of both detectors after a fortnight of ordinary days, and the minute then."""
    rng = np.random.default_rng([seed, round(rate * 100)])
    said = gen.ordinary(rng, ALL[kind], gen.START, SETTLED * DAY + 9 * HOUR + seed * 97 % (10 * HOUR), rate)
    monitor, detector = BrandMonitor(BRAND, MonitorSettings()), VolumeDetector(60)
    gen.listen(monitor, said, rng)
    gen.count_alerts(detector, said)
    return monitor.dump(), detector.dump(), gen.START + len(said.count)


def story(name: str, rate: float, seed: int, state: tuple[bytes, dict[str, Any], int], kind: str, cell: Cell) -> None:
    """Let `name` happen and count what was said."""
    rng = np.random.default_rng([seed, round(rate * 100), sum(map(ord, name))])
    first = state[2] + gen.LATENESS + 1
    on_top = (CRISES | DECOYS).get(name)
    extra = on_top(rng, first, rate) if on_top else gen.talk(rng, first, np.zeros(14 * HOUR))
    settings = MonitorSettings()
    if name == "crowd in a campaign":
        extra = gen.campaign(rng, first, rate)
        angry = gen.crowd(rng, first, 3 * rate)
        extra = extra + _later(angry, HOUR)
    if name in {"campaign x3, told", "crowd in a campaign"}:
        settings = MonitorSettings(campaigns=(Campaign(first * MINUTE, (first + 8 * HOUR) * MINUTE, 3.0),))
    said = gen.ordinary(rng, ALL[kind], first, len(extra.count) + AFTER, rate)
    if name == "silence, then back":
        for column in (said.count, said.mass, said.plain, said.people, said.grave):
            column[: len(extra.count)] = 0
    said = said + extra
    monitor = BrandMonitor.load(BRAND, settings, state[0])
    alerts = gen.listen(monitor, said, rng, LOOKS)
    start = first + HOUR if name == "crowd in a campaign" else first
    _count(cell, alerts, start, len(said.count))
    detector = VolumeDetector(60)
    detector.load(msgspec.msgpack.decode(msgspec.msgpack.encode(state[1])))
    fired = gen.count_alerts(detector, said)
    cell.volume += bool(fired)
    cell.volume_delays += fired[:1]


def _later(said: Talk, minutes: int) -> Talk:
    def pad(column: gen.Counts) -> gen.Counts:
        return np.concatenate([np.zeros(minutes, np.int64), column])

    columns: dict[str, Any] = {name: pad(getattr(said, name)) for name in gen.COLUMNS}
    return replace(said, **columns)


def _count(cell: Cell, alerts: list[Alert], start: int, minutes: int) -> None:
    heard = [a for a in pages(alerts) if to_ms(a.detected_at) >= start * MINUTE]
    paging = [a for a in heard if a.severity >= "L2"]
    worst = max((a.severity for a in heard), default="L0")
    cell.runs += 1
    cell.days += minutes / DAY
    cell.told += bool(heard)
    cell.paged += bool(paging)
    cell.l3 += worst >= "L3"
    cell.l4 += worst >= "L4"
    if paging:
        delay = to_ms(paging[0].detected_at) / MINUTE - start
        cell.delays.append(round(delay, 2))
        cell.gains.append(max(0.0, 60.0 * (1 + gen.LATENESS - delay)))
        story = {a.alert_id for a in paging if a.detected_at < paging[0].detected_at + timedelta(minutes=AFTER)}
        cell.further += len({a.alert_id for a in paging} - story)


def ordinary(kind: str, rate: float, days: int, seed: int) -> Quiet:
    """Count the pages of `days` days of ordinary talk, after a first week."""
    rng = np.random.default_rng([seed, round(rate * 100), 7])
    monitor, detector = BrandMonitor(BRAND, MonitorSettings()), VolumeDetector(60)
    said = gen.ordinary(rng, ALL[kind], gen.START, (7 + days) * DAY, rate)
    counted = (gen.START + 7 * DAY) * MINUTE
    heard = [a for a in pages(gen.listen(monitor, said, rng)) if to_ms(a.detected_at) >= counted]
    paging = [a for a in heard if a.severity >= "L2"]
    fired = [i for i in gen.count_alerts(detector, said) if i >= 7 * DAY]
    return Quiet(
        kind,
        rate,
        days,
        len({a.alert_id for a in paging}),
        sum(a.severity >= "L3" for a in heard),
        len({a.alert_id for a in heard if a.severity == "L1" and a.signal != "silence"}),
        len(fired),
        sum(a.detected_at.weekday() == 0 for a in paging),
    )


def stories(rates: Sequence[float], seeds: int) -> list[Cell]:
    """Return a cell for each kind of story and each rate."""
    cells = []
    names = [*CRISES, *DECOYS, *OTHERS]
    for rate in rates:
        kinds = [list(KINDS)[seed % len(KINDS)] for seed in range(seeds)]
        states = {(kind, seed % 8): settle(kind, rate, seed % 8) for seed, kind in enumerate(kinds)}
        states |= {(OFTEN_GRAVE, seed % 8): settle(OFTEN_GRAVE, rate, seed % 8) for seed in range(seeds)}
        for name in names:
            cell = Cell(name, rate)
            for seed, usual in enumerate(kinds):
                kind = OFTEN_GRAVE if name == "much of an old hazard" else usual
                story(name, rate, seed, states[kind, seed % 8], kind, cell)
            cells.append(cell)
    return cells


def _delays(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f}, {max(values):.1f}" if values else "–"


def show(cells: Sequence[Cell], quiet: Sequence[Quiet]) -> None:
    """Print the tables as Markdown."""
    print(
        "| what happens | a minute | told | paged | L3+ | L4 | delay, min: median, worst | early by, s "
        "| further pages a week | volume detector, delay |"
    )
    print("|" + "---|" * 10)
    for c in sorted(cells, key=lambda c: [*CRISES, *DECOYS, *OTHERS].index(c.kind)):
        gain = f"{statistics.median(c.gains):.0f}" if c.gains and max(c.gains) > 0 else "–"
        volume = f"{c.volume / c.runs:.0%}" + (f", {statistics.median(c.volume_delays):.0f}" if c.volume_delays else "")
        print(
            f"| {c.kind} | {c.rate:g} | {c.told / c.runs:.0%} | {c.paged / c.runs:.0%} | {c.l3 / c.runs:.0%} "
            f"| {c.l4 / c.runs:.0%} | {_delays(c.delays)} | {gain} | {7 * c.further / c.days:.2f} | {volume} |"
        )
    print(
        "\n| ordinary talk | a minute | brand-days | pages a week | on Mondays | L3 | L1 a week | volume detector a week |"
    )
    print("|" + "---|" * 8)
    for q in quiet:
        weeks = q.days / 7
        print(
            f"| {q.kind} | {q.rate:g} | {q.days:g} | {q.pages / weeks:.2f} | {q.mondays} | {q.l3} | {q.l1 / weeks:.2f} "
            f"| {q.volume / weeks:.2f} |"
        )
    days = sum(c.days for c in cells) + sum(q.days for q in quiet)
    total = sum(q.pages for q in quiet) * 7 / max(1.0, sum(q.days for q in quiet))
    print(f"\n{days:.0f} brand-days; ordinary talk: {total:.2f} pages a brand-week")


def quiet_weeks(rates: Sequence[float], days: int, brands: int) -> list[Quiet]:
    """Return what ordinary talk brought, `brands` brands of each kind and rate."""
    found = []
    for kind in ALL:
        for rate in rates:
            runs = [ordinary(kind, rate, days, seed) for seed in range(brands)]
            total = [sum(getattr(q, name) for q in runs) for name in ("days", "pages", "l3", "l1", "volume", "mondays")]
            found.append(Quiet(kind, rate, *total))
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=12, help="runs of each story")
    parser.add_argument("--brands", type=int, default=4, help="brands of each kind of ordinary talk")
    parser.add_argument("--days", type=int, default=28, help="ordinary days of each brand")
    parser.add_argument("--rates", default=",".join(f"{rate:g}" for rate in RATES), help="mentions a minute")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    rates = [float(rate) for rate in options.rates.split(",")]
    begun = time.process_time()
    cells = stories(rates, options.seeds)
    quiet = quiet_weeks(rates, options.days, options.brands)
    show(cells, quiet)
    print(f"{time.process_time() - begun:.0f} s of processor time")
    if options.json:
        figures = {"stories": cells, "ordinary": quiet}
        options.json.write_text(json.dumps(msgspec.to_builtins(figures), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
