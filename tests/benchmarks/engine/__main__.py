"""`make bench`: the engine beside others, on one machine, on real Kafka. Writes `build/bench.json` and prints a table.

    python -m tests.benchmarks.engine                      everything but the soak, about a quarter of an hour
    python -m tests.benchmarks.engine --only transport --repeat 1
    python -m tests.benchmarks.engine --only soak --minutes 15

Contenders run one after the other, each in a process of its own, in `--repeat` rounds; the medians are told. Machines
are noisy: read ratios, not seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.broker import KafkaBroker
from schemas import topics
from schemas.mention import Tick
from tests.benchmarks.engine import latency, pipelines, scale
from tests.benchmarks.engine.transports import CONTENDERS

PARTS = ("transport", "pipeline", "latency", "brands", "workers", "takeover")
ROOT = Path(__file__).resolve().parents[3]
SLOW = {"faust": 10, "quixstreams": 20}
"""Contenders that get so many times fewer records: `faust` in transport, `quixstreams` in pipeline."""
console = Console(stderr=True)


def main() -> None:
    """Parse the command line, run, write and print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, by comma: {', '.join((*PARTS, 'soak'))}")
    parser.add_argument("--count", type=int, default=400_000, help="mentions of a run (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="rounds of transport and pipeline (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=15, help="length of the soak (default: %(default)s)")
    parser.add_argument(
        "--rate", type=float, default=0, help="mentions a second of the soak (default: half of capacity)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    args = parser.parse_args()
    wanted = args.only.split(",")
    unknown = set(wanted) - {*PARTS, "soak"}
    if unknown:
        parser.error(f"--only: {', '.join(sorted(unknown))} is no part; parts are {', '.join((*PARTS, 'soak'))}")
    found: dict[str, Any] = json.loads(args.out.read_text()) if args.out.exists() else {}
    with KafkaBroker() as broker:
        for part in wanted:
            console.print(f"[bold]{part}[/] …")
            found[part] = _run(part, broker.bootstrap, args, found)
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(json.dumps(found, indent=2) + "\n")
    _show(found)


def _run(part: str, bootstrap: str, args: argparse.Namespace, found: dict[str, Any]) -> dict[str, Any]:
    if part == "transport":
        return _transport(bootstrap, args.count, args.repeat)
    if part == "pipeline":
        figures, found["ratios"] = _pipeline(bootstrap, args.count // 2, args.repeat)
        return figures
    if part == "latency":
        capacity = _capacity(bootstrap, args.count // 2, found)
        return {f"{rate:.0f}/s": latency.measure(bootstrap, rate) for rate in (1_000, round(0.8 * capacity, -2))}
    if part == "brands":
        return scale.brands(bootstrap, args.count // 2)
    if part == "workers":
        return scale.workers(bootstrap, args.count // 2)
    if part == "takeover":
        return scale.take_over(bootstrap)
    return scale.soak(bootstrap, args.minutes, args.rate or _capacity(bootstrap, args.count // 2, found) / 2)


def _capacity(bootstrap: str, count: int, found: dict[str, Any]) -> float:
    """Return how many mentions a second one worker takes: as found before, else measured once."""
    if "pipeline" in found:
        return float(found["pipeline"]["live"]["mentions_per_second"])
    with pipelines.system(bootstrap, "capacity", brands=[f"Brand {i}" for i in range(20)], partitions=2) as made:
        made.publish(pipelines.items(20, count, 200))
        return pipelines.live(made, count)["mentions_per_second"]


def _transport(bootstrap: str, count: int, repeat: int) -> dict[str, Any]:
    with pipelines.system(bootstrap, "transport", brands=["Brand 0"], partitions=2) as made:
        made.publish([item for item in pipelines.items(20, count, 200) if not isinstance(item, Tick)])
        topic = made.settings.topic_prefix + topics.MENTIONS.name
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
        for _ in range(repeat):
            for name, figures in runs.items():
                records = count // SLOW["faust"] if name == "faust" else count
                figures.append(_child("transports", name, bootstrap, topic, str(records)))
    return {name: _median(figures) for name, figures in runs.items()}


def _pipeline(bootstrap: str, count: int, repeat: int) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Return the figures, and the ratios of each round.

    What is told as a ratio was measured within a minute: a machine that slows down slows both. So stock Faust, which only
    decodes, has its turn in every round again.
    """
    names = [f"Brand {i}" for i in range(20)]
    recorded = pipelines.items(20, count, 200)
    runs: dict[str, list[dict[str, float]]] = {"live": [], "core": [], "quixstreams": []}
    ratios: dict[str, list[float]] = {"faust_decoding_to_live": [], "core_to_live": []}
    with pipelines.system(bootstrap, "decoded", brands=["Brand 0"], partitions=2) as decoded:
        few = count // SLOW["faust"]
        decoded.publish([item for item in pipelines.items(20, few, 200) if not isinstance(item, Tick)])
        topic = decoded.settings.topic_prefix + topics.MENTIONS.name
        for round_ in range(repeat):
            with pipelines.system(bootstrap, "pipeline", brands=names, partitions=2) as made:
                made.publish(recorded)
                core = _child("core", str(made.config), str(count))
                faust = _child("transports", "faust", bootstrap, topic, str(few))
                live = pipelines.live(made, count)
                console.print(f"  live: {live}")
                runs["core"].append(core)
                runs["live"].append(live)
                ratios["faust_decoding_to_live"].append(_ratio(faust, live))
                ratios["core_to_live"].append(_ratio(core, live))
                if round_ == 0:
                    runs["quixstreams"].append(_child("pipelines", str(made.config), str(count // SLOW["quixstreams"])))
    return {name: _median(figures) for name, figures in runs.items()}, ratios


def _ratio(one: dict[str, float], other: dict[str, float]) -> float:
    return round(one["cpu_seconds_per_million"] / other["cpu_seconds_per_million"], 3)


def _child(module: str, *words: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(
        prefix="tocsin-bench-"
    ) as folder:  # Faust and Quix leave directories where they run
        done = subprocess.run([sys.executable, "-m", f"tests.benchmarks.engine.{module}", *words], cwd=folder, text=True,
                              env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=180,
                              check=False)  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise SystemExit(f"{module} {words[0]}: no figures\n{done.stderr[-2_000:]}")
    figures: dict[str, float] = json.loads(lines[-1])
    console.print(f"  {module} {words[0] if module == 'transports' else ''}: {figures}")
    return figures


def _median(runs: list[dict[str, float]]) -> dict[str, Any]:
    cpu = [run["cpu_seconds_per_million"] for run in runs]
    middle = {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}
    return middle | {"rounds": len(runs), "cpu_spread": [min(cpu), max(cpu)]}


def _show(found: dict[str, Any]) -> None:
    out = Console()
    for part in ("transport", "pipeline", "brands", "workers"):
        if part not in found:
            continue
        table = Table("", "mentions/s", "CPU s per million", "times", "peak MB", title=part, title_justify="left")
        first = next(iter(found[part].values()))["cpu_seconds_per_million"]
        for name, row in found[part].items():
            cost = row["cpu_seconds_per_million"]
            table.add_row(name, f"{row['mentions_per_second']:,.0f}", f"{cost:.1f}", f"{cost / first:.2f}",
                          f"{row['peak_mb']:,.0f}")  # fmt: skip
        out.print(table)
    for part in ("latency", "takeover", "soak"):
        if part in found:
            out.print(f"{part}: {json.dumps(found[part])}")
    if "ratios" in found:
        faust, core = (found["ratios"][name] for name in ("faust_decoding_to_live", "core_to_live"))
        out.print(f"The whole pipeline costs {statistics.median(faust):.1f} times less than stock Faust that only decodes "
                  f"(rounds: {', '.join(f'{one:.1f}' for one in faust)}); it runs at {statistics.median(core):.0%} of its "
                  f"cores' rate ({', '.join(f'{one:.0%}' for one in core)}).")  # fmt: skip


if __name__ == "__main__":
    main()
