"""The volume detector on generated streams of known truth: false alarms, recall, delay, cost, size of its state.

    python tests/benchmarks/volume_streams.py [--brands 3] [--days 28]

Minute by minute, seeded; prints Markdown tables (docs/volume.md shows them). About five minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from detectors.volume import VolumeDetector  # noqa: E402

Counts = NDArray[np.float64]
MINUTE_MS = 60_000
DAY = 1_440
RATES = (0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0)
"""Mentions a minute."""


def constant(rng: np.random.Generator, rate: float, minutes: int) -> Counts:
    """A constant rate."""
    return rng.poisson(rate, minutes).astype(float)


def rhythm(rng: np.random.Generator, rate: float, minutes: int) -> Counts:
    """Day and night (1 to 9), and half at the weekend."""
    at = np.arange(minutes)
    usual = (1 - 0.8 * np.cos(2 * np.pi * at / DAY)) * np.where(at // DAY % 7 >= 5, 0.5, 1.0)
    return rng.poisson(rate * usual).astype(float)


def bursty(rng: np.random.Generator, rate: float, minutes: int) -> Counts:
    """The rate of each half hour is drawn anew (log-normal, sigma 0.7)."""
    level = np.repeat(rng.lognormal(-0.245, 0.7, minutes // 30 + 1), 30)[:minutes]
    return rng.poisson(rate * level).astype(float)


QUIET: dict[str, Callable[[np.random.Generator, float, int], Counts]] = {
    "constant": constant,
    "day and week": rhythm,
    "bursty": bursty,
}


def flash(rate: float) -> Counts:
    """Sixty times the usual, and ten mentions more, for ten minutes."""
    return np.full(10, 60 * rate + 10)


def surge(rate: float) -> Counts:
    """Eight times the usual, and a mention in two minutes more, for two hours."""
    return np.full(120, 8 * rate + 0.5)


def slow_burn(rate: float) -> Counts:
    """Up to ten times the usual, and a mention a minute more, over six hours."""
    return np.linspace(0, 9 * rate + 1, 360)


def shift(rate: float) -> Counts:
    """Five times the usual, and a mention in three minutes more, for good (five days)."""
    return np.full(5 * DAY, 4 * rate + 0.35)


EVENTS: dict[str, Callable[[float], Counts]] = {
    "flash": flash,
    "surge": surge,
    "slow burn": slow_burn,
    "level shift": shift,
}


def alerts(counts: Counts) -> list[int]:
    """Return the minutes at which the detector fires."""
    detector = VolumeDetector(bin_seconds=60)
    return [i for i, count in enumerate(counts.tolist()) if detector.step(i * MINUTE_MS, count).fired]


def false_alarms(brands: int, days: int) -> None:
    """Print alerts a brand-week where nothing happens."""
    print("| mentions a minute | " + " | ".join(QUIET) + " |\n|---|" + "---|" * len(QUIET))
    for rate in RATES:
        row = []
        for kind in QUIET.values():
            found = sum(len(alerts(kind(np.random.default_rng(seed), rate, days * DAY))) for seed in range(brands))
            row.append(f"{found * 7 / (brands * (days - 1)):.2f}")
        print(f"| {rate:g} | {' | '.join(row)} |", flush=True)


def recall(brands: int) -> None:
    """Print how many events are found, the median delay, and further alerts; each begins in a tenth day."""
    print("| event | mentions a minute | found | median delay, min | further alerts in it |\n|---|---|---|---|---|")
    for label, event in EVENTS.items():
        for rate in RATES:
            delays, further = [], 0
            for seed in range(brands):
                rng = np.random.default_rng(100 + seed)
                extra = rng.poisson(event(rate)).astype(float)
                counts = rhythm(rng, rate, 10 * DAY + len(extra))
                begin = len(counts) - len(extra) - int(rng.integers(DAY))
                counts[begin : begin + len(extra)] += extra
                inside = [i - begin for i in alerts(counts) if begin <= i < begin + len(extra)]
                delays += inside[:1]
                further += len(inside[1:])
            delay = f"{np.median(delays):.0f}" if delays else "–"
            print(f"| {label} | {rate:g} | {len(delays)} of {brands} | {delay} | {further} |", flush=True)


def cost() -> None:
    """Print microseconds a step and bytes of state."""
    print("| mentions a minute | µs a step | bytes of state |\n|---|---|---|")
    for rate in RATES:
        counts = rhythm(np.random.default_rng(0), rate, 15 * DAY).tolist()
        detector = VolumeDetector(bin_seconds=60)
        began = time.process_time()
        for i, count in enumerate(counts):
            detector.step(i * MINUTE_MS, count)
        spent = time.process_time() - began
        size = len(msgspec.msgpack.encode(detector.dump()))
        print(f"| {rate:g} | {spent / len(counts) * 1e6:.1f} | {size} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brands", type=int, default=3)
    parser.add_argument("--days", type=int, default=28)
    options = parser.parse_args()
    print("\n## cost\n")
    cost()
    print("\n## false alarms a brand-week\n")
    false_alarms(options.brands, options.days)
    print("\n## events\n")
    recall(4 * options.brands)


if __name__ == "__main__":
    main()
