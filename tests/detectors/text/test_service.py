"""JSON lines in, JSON lines out, one for one."""

from __future__ import annotations

import json

import pytest

from detectors.text.model import TextModel
from detectors.text.service import run_sentiment


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


def test_each_line_gets_its_answer_in_order(model):
    lines = [json.dumps({"text": t}).encode() for t in ("I hate this", "merci beaucoup !", "")] * 400
    answers = [json.loads(a) for a in run_sentiment(lines, model)]
    assert len(answers) == 1200
    assert answers[:3] == answers[1197:]
    assert [a["lang"] for a in answers[:3]] == ["en", "fr", "und"]
    for a in answers[:3]:
        assert a["label"] in ("negative", "neutral", "positive")
        assert abs(a["negative"] + a["neutral"] + a["positive"] - 1) < 1e-9


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "not JSON"),
        (b"[1]", 'no "text"'),
        (b'{"txt": "x"}', 'no "text"'),
        (b'{"text": 3}', '"text" is no string'),
        (b'{"text": null}', '"text" is no string'),
        (b"\xff", "not JSON"),
    ],
)
def test_a_bad_line_says_what_is_wrong_and_spoils_no_other(model, line, says):
    good = b'{"text": "fine"}'
    answers = [json.loads(a) for a in run_sentiment([good, line, b"\n", good], model)]
    assert len(answers) == 3
    assert answers[0] == answers[2]
    assert answers[1]["error"].startswith(f"line 2: {says}")
