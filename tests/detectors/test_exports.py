"""What `from detectors import …` gives: River estimators that pass River's own checks, loaded only when asked for."""

from __future__ import annotations

import doctest
import inspect
import math
import pickle
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from river import base, checks, datasets
from river.checks import common

import detectors
import detectors.crisis
from detectors import BrandMonitor, CrisisDetector, HashedSoftmax, MonitorSettings, VolumeDetector
from schemas.events import Alert, Window
from schemas.times import MINUTE, from_ms

START = 1_772_409_600_000  # 2 March 2026
DATA_CHECKS = (
    common.check_learn_one,
    common.check_predict_one_pure,
    common.check_predict_one_before_any_learn,
    common.check_no_state_aliasing_with_input,
    common.check_clone_is_independent,
    common.check_bounded_memory_growth,
)


class Minutes:
    """A dataset as River's checks take it: what else is known of a minute, and its count."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[tuple[dict[str, Any], float]]:
        rng = random.Random(3)
        for i in range(self.n):
            count = rng.randint(0, 9)
            yield {"time": START + 5 * i * MINUTE, "negative": 0.3 * count, "people": count}, float(count)


def river_s_data(model: base.Estimator, scale: int = 1) -> Iterator[Any]:
    """River's own choice of data for its checks, without scikit-learn, which it imports for others' sake."""
    if isinstance(model, base.Classifier):
        yield datasets.Phishing().take(200 * scale)
        yield ((x, np.bool_(y)) for x, y in datasets.Phishing().take(200 * scale))
        yield datasets.ImageSegments().take(200 * scale)


ESTIMATORS = [
    name
    for name in detectors.__all__
    if inspect.isclass(getattr(detectors, name)) and issubclass(getattr(detectors, name), base.Estimator)
]


def test_the_estimators_are_these():
    assert ESTIMATORS == ["CrisisDetector", "HashedSoftmax", "VolumeDetector"]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_each_exported_estimator_passes_river_s_own_checks(name, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks, "_yield_datasets", river_s_data)
    checks.check_estimator(getattr(detectors, name)())


@pytest.mark.parametrize("check", DATA_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("model", [CrisisDetector, VolumeDetector])
def test_the_detectors_pass_river_s_checks_on_counts(model, check):
    # River chooses no data for supervised anomaly detectors, so its checks on data are asked for by name.
    check(model(), Minutes(3_000 if check is common.check_bounded_memory_growth else 300))


def test_every_name_is_there_and_no_other():
    for name in detectors.__all__:
        assert getattr(detectors, name).__name__ == name
        assert name in dir(detectors)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        detectors.Nothing  # noqa: B018


def test_settings_load_neither_river_nor_faust_nor_kafka():
    program = "import sys, detectors.settings; print(sorted({'river', 'faust', 'kafka', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_detectors_load_neither_faust_nor_kafka():
    program = (
        "import sys, detectors; [getattr(detectors, name) for name in detectors.__all__];"
        "print(sorted({'faust', 'kafka', 'aiokafka', 'streams'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ------------------------------------------------------------------------------------------------- the crisis detector


def lived(hours: float, **settings: Any) -> CrisisDetector:
    detector, rng = CrisisDetector("Nimbrook", **settings), random.Random(1)
    for minute in range(round(60 * hours)):
        said = rng.choice([0, 0, 1, 1, 2])
        detector.learn_one({"time": START + minute * MINUTE, "negative": 0.33 * said}, said)
    return detector


def test_the_example_of_its_docstring_runs():
    found = doctest.testmod(detectors.crisis)
    assert (found.failed, found.attempted > 0) == (0, True)


def test_the_example_of_the_documentation_says_what_it_says(capsys):
    text = (Path(__file__).resolve().parents[2] / "docs" / "detection.md").read_text(encoding="utf-8")
    section = text.split("## From Python, as River does it")[1]
    program, printed = re.findall(r"^```(?:python|text)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[:2]
    exec(compile(program, "docs/detection.md", "exec"), {})
    assert capsys.readouterr().out == printed


def test_it_is_the_worker_s_monitor():
    detector, monitor, rng = CrisisDetector("Nimbrook"), BrandMonitor("Nimbrook", MonitorSettings()), random.Random(2)
    told, expected = [], []
    for i in range(40 * 60):
        count = rng.choice([1, 1, 2]) if i < 39 * 60 else 25
        at = START + i * MINUTE
        detector.learn_one({"time": at, "negative": 0.8 * count if count > 2 else 0.3 * count, "people": count}, count)
        told += detector.alerts
        negative = 8_000 * count if count > 2 else 3_000 * count
        window = Window("Nimbrook", from_ms(at), count=count, negative=negative, authors=count, loudest=1)
        expected += [e for e in monitor.close(window, at + 3 * MINUTE, list) if isinstance(e, Alert)]
    assert told == expected
    assert {"L3", "L4"} <= {alert.severity for alert in told}


def test_scoring_learns_nothing_rises_with_the_count_and_fires_at_one():
    detector = lived(30)
    state = detector.dump()
    scores = [detector.score_one(None, n) for n in (1, 3, 6, 12, 40, 1_000, 10**9)]
    assert detector.dump() == state
    assert scores == sorted(scores) and scores[0] < 1 < scores[-1]
    least = next(n for n in range(1, 100) if detector.score_one(None, n) >= 1)
    detector.learn_one(None, least)
    assert len(detector.alerts) == 1


def test_while_it_warms_up_the_score_is_nothing():
    assert lived(10).score_one(None, 500) == 0.0


def test_anger_counts_for_more_than_volume_and_joy_for_less():
    detector = lived(30)
    plain, angry = detector.score_one(None, 8), detector.score_one({"negative": 7.0}, 8)
    assert angry > plain >= detector.score_one({"negative": 0.5}, 8)


@pytest.mark.parametrize("value", [math.nan, -1.0, math.inf, 1e10])
def test_what_is_no_count_is_unknown(value):
    detector = lived(30)
    before = detector.dump()
    assert detector.score_one(None, value) == 0.0
    detector.learn_one(None, value)
    assert detector.alerts == []
    assert detector.dump() == before


@pytest.mark.parametrize("negative", [math.nan, "many", None, -5.0, 1e9])
def test_a_sum_that_is_none_is_the_usual_one_and_bounds_hold(negative):
    assert math.isfinite(lived(21).score_one({"negative": negative}, 3))


def test_time_goes_forwards():
    detector = lived(1)
    with pytest.raises(ValueError, match="sort the minutes"):
        detector.learn_one({"time": START}, 1)


def test_years_of_silence_pass():
    detector = lived(30)
    detector.learn_one({"time": START + 5 * 365 * 24 * 60 * MINUTE}, 1)
    assert [alert.signal for alert in detector.alerts] == ["silence", "silence"]


def test_restored_it_goes_on():
    one, two = lived(30), CrisisDetector("Nimbrook")
    two.load(one.dump())
    for detector in (one, two, pickle.loads(pickle.dumps(one))):
        detector.learn_one({"negative": 20.0}, 25)
        assert [alert.severity for alert in detector.alerts] == ["L3"]
    assert one.dump() == two.dump()
    with pytest.raises(ValueError, match="not a state"):
        two.load(b"\xc1")


def test_sensitivity_divides_the_thresholds():
    assert lived(30, sensitivity=2.0).score_one(None, 9) == pytest.approx(2 * lived(30).score_one(None, 9))
    with pytest.raises(ValueError, match="sensitivity"):
        CrisisDetector(sensitivity=0)


def test_the_text_classifier_is_there_too():
    assert HashedSoftmax().predict_one({"good": 1.0}) is None
