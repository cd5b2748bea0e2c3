"""What detection costs: processor time of the monitor and of all that the worker does for it, and bytes of state.

    python -m tests.benchmarks.monitor_cost [--brands 500] [--minutes 40] [--json FILE] [--profile]

The monitor alone: microseconds for a closed minute, an early look, a dump. The worker's fold: `scored` records in,
windows and alerts out, all that `watch` does save Kafka; scoring is done beforehand and not counted. Processor time, so
that a busy machine does not matter much; a brand-minute may cost 1.2 ms if 10,000 brands are to fit into a fifth of a core.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from detectors.early import SoFar
from detectors.monitor import BrandMonitor
from detectors.settings import MonitorSettings
from schemas import scored
from schemas.mention import Tick, tick_record
from schemas.scored import ScoredBatch
from schemas.times import MINUTE
from streams import wiring
from streams.engine.records import Read
from streams.replay_plan import plan
from streams.settings import BrandSettings, Settings
from tests.benchmarks import generated_talk as gen
from tests.benchmarks.engine.talk import Talk

START = 1_767_225_600_000
BRANDS = 10_000
ALLOWED_US = 0.2 * 60e6 / BRANDS
"""Microseconds for a brand-minute: a fifth of a core for ten thousand brands."""
ALLOWED_BYTES = 64_000
Figures = dict[str, float]


def alone(rate: float) -> Figures:
    """Return what a brand with `rate` mentions a minute costs and holds after three weeks."""
    rng = np.random.default_rng(1)
    monitor = BrandMonitor("Nimbrook", MonitorSettings())
    gen.listen(monitor, gen.ordinary(rng, gen.KINDS["bursty"], gen.START, 21 * gen.DAY, rate), rng)
    first = gen.START + 21 * gen.DAY + gen.LATENESS + 1
    said = gen.ordinary(rng, gen.KINDS["bursty"], first, gen.DAY, rate)
    terms = [{f"term-{random.Random(i * 32 + j).randrange(400)}": 3 for j in range(32)} for i in range(50)]
    minutes = [
        (msgspec.structs.replace(gen.window("Nimbrook", said, i), terms=terms[i % 50] if rate >= 10 else {}),
         (first + i + 3) * MINUTE, gen.authors(said, i, rng))
        for i in np.flatnonzero(said.count).tolist()
    ]  # fmt: skip
    begun = time.process_time()
    for window, at, hashes in minutes:
        monitor.close(window, at, list, hashes)
    closing = time.process_time() - begun
    begun = time.process_time()
    for _ in range(200):
        state = monitor.dump()
    dumping = time.process_time() - begun
    now = (first + gen.DAY) * MINUTE
    begun = time.process_time()
    for i in range(500):
        monitor.early(now, now + i, SoFar(max(monitor.early_bound()[0], 3), 100, 3, 3), list)
    looking = time.process_time() - begun
    return {
        "mentions_a_minute": rate,
        "us_a_closed_minute": 1e6 * closing / max(1, len(minutes)),
        "us_an_early_look": 1e6 * looking / 500,
        "us_a_dump": 1e6 * dumping / 200,
        "bytes": len(state),
    }


def batches(settings: Settings, brands: int, minutes: int, rate: float) -> Iterator[ScoredBatch]:
    """Yield what `score` writes for `rate` mentions a minute of each of `brands` brands, a record every ten seconds."""
    core = wiring.score_core(settings, wiring.load_model(settings), scored_partitions=1)
    talk = Talk([b.name for b in settings.brands])
    items = list(plan(talk.records(round(brands * minutes * rate), START, brands * rate / 60), tail=5 * MINUTE))
    progress, waiting, until = 0, list[Read](), START + 10_000
    for offset, item in enumerate(items):
        at = item.at if isinstance(item, Tick) else item.time
        if at >= until and waiting:
            result = core.slice("bench", 0, progress, waiting)
            progress = result.progress
            yield from (scored.decode(write.value or b"") for write in result.writes)
            waiting, until = [], at + 10_000
        key, value = tick_record(item.at) if isinstance(item, Tick) else (item.key, item.value)
        waiting.append(Read(offset, at, key, value))


def fold(brands: int, minutes: int, rate: float, profile: cProfile.Profile | None = None) -> Figures:
    """Return what the worker's fold costs for each brand and minute, the first quarter of an hour left out."""
    settings = Settings(clock="replay", brands=[BrandSettings(f"Brand {i}") for i in range(brands)])
    settings.partitions.mentions = settings.partitions.scored = 1
    core = wiring.watch_core(settings, 0, "bench", sources=1)
    spent, counted, mentions = 0.0, 0, 0
    warm = START + 15 * MINUTE
    for number, batch in enumerate(batches(settings, brands, minutes, rate)):
        before = core.clock
        if profile and before >= warm:
            profile.enable()
        begun = time.process_time()
        core.apply(number, batch)
        took = time.process_time() - begun
        if profile:
            profile.disable()
        if before >= warm:
            spent += took
            counted = core.clock - warm
            mentions += len(batch.ids)
    brand_minutes = brands * counted / MINUTE
    us = 1e6 * spent / brand_minutes
    return {
        "mentions_a_brand_minute": mentions / brand_minutes,
        "us_a_brand_minute": us,
        "percent_of_a_core_for_10000_brands": 100 * us * BRANDS / 60e6,
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brands", type=int, default=500)
    parser.add_argument("--minutes", type=int, default=40)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    parser.add_argument("--profile", action="store_true", help="show where the fold spends its time")
    options = parser.parse_args()
    monitors = [alone(rate) for rate in (0.1, 1.0, 10.0, 100.0)]
    print("| monitor: mentions a minute | µs a closed minute | µs an early look | µs a dump | bytes of state |")
    print("|---|---|---|---|---|")
    for m in monitors:
        print(
            f"| {m['mentions_a_minute']:g} | {m['us_a_closed_minute']:.0f} | {m['us_an_early_look']:.0f} "
            f"| {m['us_a_dump']:.0f} | {m['bytes']:.0f} |"
        )
    profile = cProfile.Profile() if options.profile else None
    folds = [fold(options.brands, options.minutes, rate, profile) for rate in (0.1, 1.0, 5.0)]
    print("\n| worker: mentions a brand-minute | µs a brand-minute | of a core for 10,000 brands |\n|---|---|---|")
    for f in folds:
        print(
            f"| {f['mentions_a_brand_minute']:.2f} | {f['us_a_brand_minute']:.0f} "
            f"| {f['percent_of_a_core_for_10000_brands']:.1f} % |"
        )
    print(f"\nallowed: {ALLOWED_US:.0f} µs a brand-minute, {ALLOWED_BYTES} bytes")
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    if options.json:
        options.json.write_text(json.dumps({"monitor": monitors, "worker": folds}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
