"""Do the verdicts on real crises hold when the data are a little different? Not a test.

    python -m tests.benchmarks.crisis_robustness [--seeds 8] [--truth crises_dev.json] [--data DIR] [--json FILE]

Plays the files of mentions of the truth file again and again: a tenth of the mentions dropped, times shaken, P(negative)
a tenth lower and higher; then each constant of the monitor a fifth lower and higher (`--constants`). Counts the runs in
which every event is as it should be.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from detectors.text.model import TextModel
from schemas.events import Alert
from schemas.times import from_ms, parse_iso
from tests.benchmarks.real_talk import CRISIS_FILES, Talk, minutes_between, pages, play, read

ROOT = Path(__file__).resolve().parents[2]
Change = Callable[[Talk, np.random.Generator], Talk]
CONSTANTS = (
    "onset.THRESHOLDS",
    "onset.ANGRIER",
    "onset.CLUMPS",
    "onset.SHIFT_MENTIONS",
    "slowburn.THRESHOLD",
    "slowburn.DRIFT",
    "slowburn.MOST",
    "slowburn.ANGRIER",
    "slowburn.RISE",
    "slowburn.BITTER",
    "severity.LEVELS",
    "severity.PERSISTENCE",
    "severity.SIZE_PRIOR",
    "severity.SHARE_PRIOR",
    "severity.SHARE_WEIGHT",
    "pace.SLOW",
    "pace.RECENT",
    "pace.RECENT_POWER",
    "pace.HOUR_PRIOR",
    "pace.PRIOR_WEIGHT",
    "negativity.PRIOR_DRIFT",
    "ending.CALM",
    "early.MARGIN",
    "grave.PEOPLE",
    "grave.NOTICE",
    "grave.WORDINGS",
    "grave.PRIOR_SHARE",
    "grave.PRIOR_MENTIONS",
    "grave.PRIOR_DISPERSION",
    "grave.SLOW",
    "severity.SAFETY",
    "picture.BESIDE",
)


@dataclass
class Result:
    """How one run went."""

    label: str
    good: int = 0
    of: int = 0
    false: int = 0
    weeks: float = 0.0
    delays: list[float | None] = field(default_factory=list)
    """Minutes to the page of each crisis; None when it was missed."""
    wrong: list[str] = field(default_factory=list)


def judge(label: str, alerts: list[Alert], truth: dict[str, Any]) -> Result:
    """Hold alerts against the truth, by the rules of the scorer of crises (docs/detection.md)."""
    result = Result(label)
    told = pages(alerts)
    explained: set[int] = set()
    for event in truth["events"]:
        first, last = (from_ms(parse_iso(event[key])) for key in ("from", "to"))
        mine = [i for i, a in enumerate(told) if a.brand == event["brand"] and first <= a.detected_at <= last]
        good = True
        if "at_least" in event:
            seen = [told[i].detected_at for i in mine if told[i].severity >= event["at_least"]]
            good = bool(seen)
            result.delays.append(round(minutes_between(first, min(seen)), 1) if seen else None)
        if "at_most" in event:
            good = good and all(told[i].severity <= event["at_most"] for i in mine)
        result.good += good
        result.of += 1
        if not good:
            result.wrong.append(f"{event['kind']} {event['brand']} {event['from'][:10]}")
        paging = [i for i in mine if told[i].severity >= "L2"]
        explained |= set({"crisis": mine, "news": paging[:1]}.get(event["kind"], []))
    for brand, spans in truth["spans"].items():
        for begin, end in spans:
            first, last = from_ms(parse_iso(begin)), from_ms(parse_iso(end))
            result.weeks += minutes_between(first, last) / (7 * 24 * 60)
            result.false += sum(
                i not in explained and a.brand == brand and a.severity >= "L2" and first <= a.detected_at <= last
                for i, a in enumerate(told)
            )
    return result


def changes(seeds: int) -> Iterator[tuple[str, int, Change]]:
    """Yield (label, seed, change) of each run."""
    yield "as it is", 0, lambda talk, rng: talk
    for seed in range(seeds):
        yield "a tenth dropped", seed, lambda talk, rng: talk.without(0.1, rng)
    for seed in range(seeds):
        yield "times shaken by a minute", seed, lambda talk, rng: talk.shaken(60.0, rng)
    for factor in (0.9, 0.95, 1.05, 1.1):
        yield f"P(negative) x {factor}", 0, lambda talk, rng, f=factor: talk.leaning(f)  # type: ignore[misc]


def moved() -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield each constant a fifth lower and higher, set while the consumer holds it."""
    for name in CONSTANTS:
        module = importlib.import_module(f"detectors.{name.split('.')[0]}")
        constant = name.split(".")[1]
        value = getattr(module, constant)
        for factor in (0.8, 1.2):
            if isinstance(value, int):  # a fifth, and one at least
                new: Any = value + (1 if factor > 1.0 else -1) * max(1, round(0.2 * value))
            else:
                new = tuple(v * factor for v in value) if isinstance(value, tuple) else value * factor
            setattr(module, constant, new)
            yield f"{name} {factor - 1:+.0%}", lambda m=module, c=constant, v=value: setattr(m, c, v)  # type: ignore[misc]


def main() -> None:
    """Print the tables."""
    data = Path(os.environ.get("TOCSIN_TEST_DATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--constants", action="store_true", help="each constant of the monitor ±20 %% as well")
    parser.add_argument("--json", type=Path, help="write the results there too")
    options = parser.parse_args()
    truth_file = options.truth or options.data.parent / "bench" / "crises_dev.json"
    if not truth_file.exists():
        sys.exit(f"{truth_file}: no such file; name the file of events with --truth")
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    model = TextModel.load()
    talks = [t for names in CRISIS_FILES for t in read([options.data / "mentions" / n for n in names], model)]
    results = []
    for label, seed, change in changes(options.seeds):
        rng = np.random.default_rng(seed)
        alerts = [a for talk in talks for a in play(change(talk, rng))]
        results.append(_print(judge(label, alerts, truth)))
    if options.constants:
        for label, back in moved():
            try:
                results.append(_print(judge(label, [a for talk in talks for a in play(talk)], truth)))
            finally:
                back()
    print(f"\n{sum(r.good == r.of for r in results)} of {len(results)} runs have every event as it should be")
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in results], indent=1) + "\n", encoding="utf-8")


def _print(result: Result) -> Result:
    delays = " ".join("missed" if d is None else f"{d:.1f}" for d in result.delays)
    rate = result.false / result.weeks
    wrong = "; ".join(result.wrong)
    print(
        f"{result.label:32s}{result.good} of {result.of}  false a week {rate:4.2f}  delays {delays}  {wrong}",
        flush=True,
    )
    return result


if __name__ == "__main__":
    main()
