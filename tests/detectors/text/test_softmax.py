"""The classifier keeps River's contract and learns."""

from __future__ import annotations

import pytest
from river import checks, datasets, metrics

from detectors.text.softmax import HashedSoftmax


def test_it_is_a_river_estimator():
    pytest.importorskip("sklearn", reason="River draws its check data from scikit-learn")
    checks.check_estimator(HashedSoftmax(size=1 << 10))


def test_it_learns_phishing_like_river_s_own_regression():
    from river import linear_model, optim

    scores = []
    for model in (HashedSoftmax(size=1 << 10, lr=0.1), linear_model.SoftmaxRegression(optim.AdaGrad(0.1))):
        metric = metrics.Accuracy()
        for x, y in datasets.Phishing():
            predicted = model.predict_one(x)
            if predicted is not None:
                metric.update(y, predicted)
            model.learn_one(x, y)
        scores.append(metric.get())
    print(scores)
    assert scores[0] > scores[1] - 0.02


def test_one_step_is_adagrad_s():
    model = HashedSoftmax(size=8, lr=0.5, classes=["a", "b"])
    model.learn_one({3: 2.0}, "a")
    # p = ½ each; the gradient of "a" is (½ - 1)·2 = -1, of "b" +1; AdaGrad's first step is lr·g/|g|.
    assert model.weights[3].round(6).tolist() == [0.5, -0.5]
    assert model.weights[2].tolist() == [0.0, 0.0]


def test_probabilities_sum_to_one_and_nothing_is_claimed_before_the_first_label():
    model = HashedSoftmax(size=64)
    assert model.predict_proba_one({"x": 1.0}) == {}
    model.learn_one({"x": 1.0}, "yes")
    model.learn_one({"x": -1.0}, "no")
    assert abs(sum(model.predict_proba_one({"x": 5.0}).values()) - 1) < 1e-12
