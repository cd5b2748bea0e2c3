"""The detector as a River estimator: River's own checks, and the way its other anomaly detectors are used."""

from __future__ import annotations

import doctest
import pickle
import random
from collections.abc import Iterator
from typing import Any

import pytest
from river import anomaly, base, checks
from river.checks import common

import detectors.volume
from detectors.volume import VolumeDetector


class Counts:
    """A dataset as River's checks take it: features with the time, and the count."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[tuple[dict[str, Any], float]]:
        rng = random.Random(3)
        for i in range(self.n):
            yield {"time": i * 300_000}, float(rng.randint(0, 9))


def test_it_is_of_the_kind_of_river_s_gaussian_scorer():
    assert isinstance(VolumeDetector(), base.SupervisedAnomalyDetector)
    assert isinstance(anomaly.GaussianScorer(), base.SupervisedAnomalyDetector)


def test_it_passes_river_s_estimator_checks(monkeypatch: pytest.MonkeyPatch):
    # River has no dataset for this kind of estimator; asking it for one imports scikit-learn, not needed otherwise.
    monkeypatch.setattr(checks, "_yield_datasets", lambda model, scale=1: [])
    checks.check_estimator(VolumeDetector())


@pytest.mark.parametrize(
    "check",
    [
        common.check_learn_one,
        common.check_predict_one_pure,
        common.check_predict_one_before_any_learn,
        common.check_no_state_aliasing_with_input,
        common.check_clone_is_independent,
        common.check_bounded_memory_growth,
    ],
    ids=lambda check: check.__name__,
)
def test_it_passes_river_s_checks_on_counts(check):
    check(VolumeDetector(), Counts(3_000 if check is common.check_bounded_memory_growth else 400))


def test_scoring_learns_nothing_and_says_what_a_step_would():
    detector = VolumeDetector()
    for x, y in Counts(600):
        detector.learn_one(x, y)
    state = detector.dump()
    score = detector.score_one({"time": 600 * 300_000}, 120.0)
    assert detector.dump() == state
    assert score == detector.step(600 * 300_000, 120.0).score > 1


def test_without_times_bins_follow_one_another():
    timed, untimed = VolumeDetector(), VolumeDetector()
    for x, y in Counts(300):
        timed.learn_one(x, y)
        untimed.learn_one(None, y)
    assert timed.dump() == untimed.dump()


def test_it_survives_pickling():
    detector = VolumeDetector()
    for x, y in Counts(300):
        detector.learn_one(x, y)
    assert pickle.loads(pickle.dumps(detector)).dump() == detector.dump()


def test_the_example_of_its_docstring_runs():
    assert doctest.testmod(detectors.volume).failed == 0


@pytest.mark.parametrize(
    ("settings", "said"), [({"bin_seconds": 0}, "bin_seconds"), ({"sensitivity": 0}, "sensitivity")]
)
def test_settings_without_sense_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        VolumeDetector(**settings)
