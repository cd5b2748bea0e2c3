"""The recipe: small texts teach a model; folds stay apart; mistakes are told in a line."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.text.training import calibration_error, fit, quantise, softmax, temperature

pytest.importorskip("vaderSentiment", reason="the training extra is not installed")


def test_words_of_angry_texts_become_angry():
    from detectors.text.model import TextModel
    from detectors.text.training import Example, blank, one_hot, train

    texts = [("krogat again today", "negative"), ("zorblax again today", "positive"), ("the again today", "neutral")]
    examples = [
        Example(f"{t} {i}", lang, one_hot(label)) for i in range(30) for t, label in texts for lang in ("en", "fr")
    ]
    model = train(blank(), examples, {"recipe": "test"}).model
    copy = TextModel.from_bytes(model.to_bytes())
    for m in (model, copy):
        scored = m.score(["krogat", "zorblax", "the"], ["en", "fr", "en"])
        assert [scored.label(i) for i in range(3)] == ["negative", "positive", "neutral"]


def test_the_fit_is_the_minimum():
    from scipy import sparse

    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 5))
    y = np.eye(3)[rng.integers(0, 3, 60)]
    l2 = np.full(5, 2.0)
    w = fit(sparse.csr_matrix(x), y, np.ones(60), l2)
    gradient = x.T @ (softmax(x @ w) - y) + l2[:, None] * w
    assert np.abs(gradient).max() < 1e-2


def test_an_over_sure_model_is_cooled_down():
    rng = np.random.default_rng(4)
    z = rng.normal(size=(4000, 3))
    gold = np.eye(3)[[rng.choice(3, p=p) for p in softmax(z)]]
    assert temperature(z * 3, gold) == pytest.approx(3, rel=0.1)
    assert calibration_error(softmax(z), gold) < 0.03 < calibration_error(softmax(z * 3), gold)


def test_rounded_weights_stay_within_half_a_step():
    w = np.random.default_rng(5).normal(size=(100, 3))
    rounded, step = quantise(w)
    assert np.abs(rounded * (step / 1024) - w).max() <= step / 2048 + 1e-9


def test_missing_data_is_told_in_one_line(tmp_path, capsys):
    from detectors.text.train import main

    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "m")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "umsab_en_fr_trainval.tsv" in said and "--data DIR" in said


def test_a_fold_is_left_out_with_its_pieces(shared_data):
    from detectors.text.corpus import FOLDS, TEACHER, more_english, umsab
    from detectors.text.train import examples

    rows = umsab(shared_data)
    others = more_english(shared_data)
    taught = examples(rows, others, 2, TEACHER)
    left = {r.text for i, r in enumerate(rows) if i % FOLDS == 2}
    assert not left & {e.text for e in taught if e.domain == 0}
    everything = examples(rows, others, None, TEACHER)
    pieces = [sum(e.domain == 2 for e in x) for x in (taught, everything)]
    assert pieces[0] == pytest.approx(pieces[1] * 4 / 5, rel=0.02)
