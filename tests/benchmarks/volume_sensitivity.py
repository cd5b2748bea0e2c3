"""How the volume detector scores on labelled counts, when each constant moves by a fifth, and beside River's own
detectors.

    python tests/benchmarks/volume_sensitivity.py [--data DIR] [--scorer DIR] [--only constants|brands|baselines]

Prints Markdown tables (docs/volume.md shows them). DIR of the data holds `volume/data/realTweets` and `volume/labels`,
DIR of the scorer `nab_score.py`. About five minutes on one core. River's detectors get the same event gap and the
threshold that suits them best on these very files, which flatters them; ours has the one it ships with.
"""

from __future__ import annotations

import argparse
import calendar
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river import anomaly, drift, preprocessing, time_series

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from detectors import volume, volume_votes  # noqa: E402

Series = NDArray[np.float64]
DAY_ROWS = 288
WEEK_ROWS = 7 * DAY_ROWS
Result = tuple[float, float, float, int, float]
"""Standard, low-FP and low-FN score, windows hit, false alarms a brand-week."""
MOVED = (
    *("SMOOTHING_MINUTES", "HORIZON_DAYS", "CLIP", "THRESHOLD", "RELATIVE_SPREAD", "TAIL_Z", "MARGIN"),
    *("NOVELTY_WEIGHT", "NOVELTY_CLIP", "NOVELTY_DAYS", "NOVELTY_LAG_DAYS", "HABIT_DAYS", "HABIT_LIKE"),
    *("EVENT_GAP_HOURS", "REARM", "CALM", "FREEZE_HOURS", "WARM_UP_HOURS"),
)


class Bench:
    """The labelled files and the scorer."""

    def __init__(self, data: Path, scorer: Path) -> None:
        self.nab = _load(scorer / "nab_score.py")
        self.truth, self.values, times = self.nab.load_truth(
            data / "volume" / "data", data / "volume" / "labels" / "combined_windows.json"
        )
        self.names = sorted(self.truth)
        self.times = {name: [calendar.timegm(t.timetuple()) * 1_000 for t in times[name]] for name in self.names}

    def score(self, alerts: dict[str, Series], names: list[str] | None = None) -> Result:
        """Return how these alerts (0 or 1 for each row) fare on some or all brands."""
        names = names or self.names
        truths, fired = [self.truth[n] for n in names], [alerts[n] for n in names]
        three = [float(self.nab.score_at(truths, fired, 0.5, profile)) for profile in self.nab.PROFILES]
        hit = sum(t.counts(x, 0.5)[1] for t, x in zip(truths, fired, strict=True))
        false, weeks = 0, 0.0
        for t, x in zip(truths, fired, strict=True):
            weeks += t.live.sum() / WEEK_ROWS
            rows = np.flatnonzero((x > 0) & t.live & (t.win < 0))
            false += sum(1 for i, j in zip([-WEEK_ROWS, *rows], rows, strict=False) if j - i >= DAY_ROWS)
        return three[0], three[1], three[2], hit, false / weeks

    def ours(self) -> dict[str, Series]:
        """Return the alerts of the detector as it ships (or as its constants stand now)."""
        alerts = {}
        for name in self.names:
            detector = volume.VolumeDetector(bin_seconds=300)
            pairs = zip(self.times[name], self.values[name].tolist(), strict=True)
            alerts[name] = np.array([float(detector.step(t, v).fired) for t, v in pairs])
        return alerts

    def best(self, scores: dict[str, Series]) -> tuple[Result, float, float]:
        """Return the result at the threshold that suits these scores best, and the standard score a fifth below and
        above it."""
        every = np.concatenate(list(scores.values()))
        candidates = np.unique(np.quantile(every, 1 - np.geomspace(1e-4, 0.2, 40)))
        candidates = candidates[candidates > 0]

        def at(threshold: float) -> Result:
            return self.score({n: spaced(s >= threshold) for n, s in scores.items()})

        result, best = max((at(c), c) for c in candidates)
        return result, at(best * 0.8)[0], at(best * 1.2)[0]


def spaced(fires: NDArray[np.bool_]) -> Series:
    """Return `fires` with at most one alert in a day."""
    out = np.zeros(len(fires))
    last = -DAY_ROWS
    for i in np.flatnonzero(fires):
        if i - last >= DAY_ROWS:
            out[i], last = 1.0, int(i)
    return out


def gaussian(values: list[float]) -> Iterator[float]:
    """River's GaussianScorer over two weeks, where the count is above its mean."""
    model: Any = anomaly.GaussianScorer(window_size=14 * DAY_ROWS, grace_period=DAY_ROWS)
    for v in values:
        yield float(model.score_one(None, v)) if v > model.gaussian.mu else 0.0
        model.learn_one(None, v)


def gaussian_distance(values: list[float]) -> Iterator[float]:
    """The distance behind it in standard deviations, which ranks on where its score has long reached 1."""
    model: Any = anomaly.GaussianScorer(window_size=14 * DAY_ROWS, grace_period=DAY_ROWS)
    for v in values:
        spread = model.gaussian.sigma
        yield (v - model.gaussian.mu) / spread if spread and model.gaussian.n_samples >= DAY_ROWS else 0.0
        model.learn_one(None, v)


def half_space_trees(values: list[float]) -> Iterator[float]:
    """River's HalfSpaceTrees on the scaled count."""
    scaler = preprocessing.MinMaxScaler()
    model = anomaly.HalfSpaceTrees(n_trees=25, height=8, window_size=DAY_ROWS, seed=1)
    for v in values:
        scaler.learn_one({"v": v})
        x = scaler.transform_one({"v": v})
        yield float(model.score_one(x))
        model.learn_one(x)


def holt_winters(values: list[float]) -> Iterator[float]:
    """The residual of River's HoltWinters with a daily season, over its spread so far."""
    model = time_series.HoltWinters(alpha=0.1, beta=0.001, gamma=0.1, seasonality=DAY_ROWS)
    square = 0.0
    for i, v in enumerate(values):
        residual = v - float(model.forecast(horizon=1)[0]) if i > 2 * DAY_ROWS else 0.0
        yield residual / max(square, 1.0) ** 0.5
        square += (residual**2 - square) / min(i + 1, 7 * DAY_ROWS)
        model.learn_one(v)


def adwin(values: list[float]) -> Iterator[float]:
    """River's ADWIN: 1 where it finds the mean has risen."""
    model = drift.ADWIN()
    for v in values:
        before = model.estimation
        model.update(v)
        yield float(model.drift_detected and model.estimation > before)


def page_hinkley(values: list[float]) -> Iterator[float]:
    """River's PageHinkley for rises, on counts over their running spread."""
    model = drift.PageHinkley(min_instances=DAY_ROWS, threshold=50.0, mode="up")
    mean = square = 0.0
    for i, v in enumerate(values):
        mean += (v - mean) / min(i + 1, 7 * DAY_ROWS)
        square += ((v - mean) ** 2 - square) / min(i + 1, 7 * DAY_ROWS)
        model.update((v - mean) / max(square, 1.0) ** 0.5)
        yield float(model.drift_detected)


BASELINES: dict[str, Callable[[list[float]], Iterator[float]]] = {
    "GaussianScorer": gaussian,
    "GaussianScorer's distance": gaussian_distance,
    "HalfSpaceTrees": half_space_trees,
    "HoltWinters residual": holt_winters,
    "ADWIN": adwin,
    "PageHinkley": page_hinkley,
}


def moved(value: Any, factor: float) -> Any:
    """Return a constant, or each of several, times `factor`."""
    return tuple(v * factor for v in value) if isinstance(value, tuple) else value * factor


def constants(bench: Bench) -> None:
    """Print the score with each constant a fifth lower and a fifth higher."""
    print("| constant | value | standard at -20 % | standard at +20 % |\n|---|---|---|---|")
    for name in MOVED:
        module = volume if hasattr(volume, name) else volume_votes
        value = getattr(module, name)
        found = []
        for factor in (0.8, 1.2):
            setattr(module, name, moved(value, factor))
            found.append(bench.score(bench.ours())[0])
        setattr(module, name, value)
        print(f"| `{name}` | {value} | {found[0]:.1f} | {found[1]:.1f} |", flush=True)


def brands(bench: Bench) -> None:
    """Print the score as shipped: all brands, each alone, and all but each."""
    alerts = bench.ours()
    _head("brands")
    rows = [("all", bench.names)] + [(f"{_brand(n)} alone", [n]) for n in bench.names]
    rows += [(f"all but {_brand(n)}", [m for m in bench.names if m != n]) for n in bench.names]
    for label, names in rows:
        print(_row(label, bench.score(alerts, names)))


def baselines(bench: Bench) -> None:
    """Print what River's detectors reach alone."""
    _head("detector", "threshold -20 %", "threshold +20 %")
    shipped, around = bench.score(bench.ours()), []
    threshold = volume_votes.THRESHOLD
    for factor in (0.8, 1.2):
        volume_votes.THRESHOLD = threshold * factor  # type: ignore[misc]
        around.append(bench.score(bench.ours())[0])
    volume_votes.THRESHOLD = threshold  # type: ignore[misc]
    print(f"{_row('Tocsin, as shipped', shipped)} {around[0]:.1f} | {around[1]:.1f} |", flush=True)
    for label, detector in BASELINES.items():
        scores = {name: np.array(list(detector(bench.values[name].tolist()))) for name in bench.names}
        result, below, above = bench.best(scores)
        yes_no = len(np.unique(np.concatenate(list(scores.values())))) <= 2
        print(f"{_row(label, result)} {'– | –' if yes_no else f'{below:.1f} | {above:.1f}'} |", flush=True)


def _head(*columns: str) -> None:
    columns = (columns[0], "standard", "low-FP", "low-FN", "windows hit", "false alarms a brand-week", *columns[1:])
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")


def _row(label: str, found: Result) -> str:
    return f"| {label} | {found[0]:.1f} | {found[1]:.1f} | {found[2]:.1f} | {found[3]} | {found[4]:.2f} |"


def _brand(name: str) -> str:
    return Path(name).stem.rsplit("_", 1)[-1]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path}: no such scorer; give its folder with --scorer")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Print the tables asked for."""
    data = Path(os.environ.get("TOCSIN_TEST_DATA", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--scorer", type=Path, default=None)
    parser.add_argument("--only", choices=("constants", "brands", "baselines"))
    options = parser.parse_args()
    bench = Bench(options.data, options.scorer or options.data.parent / "bench")
    for name, table in (("brands", brands), ("constants", constants), ("baselines", baselines)):
        if options.only in {None, name}:
            print(f"\n## {name}\n")
            table(bench)


if __name__ == "__main__":
    main()
