"""A second opinion by an ONNX model: a tiny one made here, batched, and models that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime", reason="the extra onnx is not installed (90 MB)")
pytest.importorskip("tokenizers", reason="the extra onnx is not installed (90 MB)")

from detectors.text.onnx_model import BATCH, OnnxError, OnnxModel
from tests import tiny_onnx


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    return OnnxModel.load(tiny_onnx.folder(tmp_path_factory.mktemp("onnx") / "tiny"))


def test_it_says_what_its_weights_say(model: OnnxModel) -> None:
    negative, neutral, positive = model.probabilities(["glass in my jam, awful", "jam", "I love it, bravo"])
    assert negative[0] > 0.9 and positive[2] > 0.9 and neutral[1] == max(neutral)
    assert all(abs(sum(three) - 1) < 1e-9 for three in (negative, neutral, positive))
    assert model.name == "tiny"


def test_a_batch_says_the_same_as_each_alone_also_of_texts_of_other_lengths(model: OnnxModel) -> None:
    texts = ["glass", "I love jam " * 9, "", "😡", "x" * 100_000, "verre " * 500, "bravo"] * 5
    assert len(texts) > 2 * BATCH
    together = model.probabilities(texts)
    for text, found in zip(texts, together, strict=True):
        assert model.probabilities([text])[0] == pytest.approx(found, abs=1e-6)


def test_names_of_classes_may_come_in_any_order_and_two_will_do(tmp_path: Path) -> None:
    turned = OnnxModel.load(tiny_onnx.folder(tmp_path / "a", labels=("POSITIVE", "neu", "Negative")))
    assert turned.probabilities(["awful"])[0][2] > 0.9
    two = tiny_onnx.folder(tmp_path / "b", labels=("NEG", "negative (mild)", "POS"))
    assert OnnxModel.load(two).probabilities(["jam"])[0][1] == 0


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    folder = tiny_onnx.folder(tmp_path)
    (folder / missing).unlink()
    with pytest.raises(OnnxError, match=f"{missing}: no such file"):
        OnnxModel.load(folder)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("model.onnx", b"not a model", "model.onnx: cannot be loaded"),
        ("tokenizer.json", b"{}", "tokenizer.json: cannot be loaded"),
        ("config.json", b"[", "config.json"),
        ("config.json", b'{"id2label": {"0": "joy", "1": "neutral", "2": "positive"}}', "0 is 'joy'"),
        ("config.json", b'{"id2label": {"0": "neutral", "1": "neutral", "2": "positive"}}', "must be a negative"),
        ("config.json", b'{"id2label": {"0": "negative", "1": "positive"}}', "id2label in config.json"),
    ],
)
def test_a_model_that_cannot_be_used_says_why(tmp_path: Path, file: str, content: bytes, says: str) -> None:
    folder = tiny_onnx.folder(tmp_path)
    (folder / file).write_bytes(content)
    with pytest.raises(OnnxError, match=says) as told:
        OnnxModel.load(folder)
    assert "\n" not in str(told.value)


def test_a_model_that_wants_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OnnxError, match="input 'pixels' is not known"):
        OnnxModel.load(tiny_onnx.folder(tmp_path, first_input="pixels"))


def test_the_file_itself_may_be_named(tmp_path: Path) -> None:
    folder = tiny_onnx.folder(tmp_path)
    (folder / "model.onnx").rename(folder / "small.onnx")
    assert OnnxModel.load(folder / "small.onnx").name == "small"
    assert json.loads((folder / "config.json").read_text())["model_type"] == "tiny"
