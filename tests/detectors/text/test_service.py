"""JSON lines in, JSON lines out, one for one."""

from __future__ import annotations

import io
import json
import os
import threading

import pytest

from detectors.text.model import TextModel
from detectors.text.service import READ, run_sentiment, run_sentiment_on


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


def test_a_stream_is_answered_as_it_comes_and_the_same_as_lines_are(model):
    """Given a pipe that stays open, when two lines are in it, then they are answered without waiting for more."""
    lines = [json.dumps({"text": f"{t} {n}"}).encode() + b"\n" for n in range(700) for t in ("I hate this", "merci !")]
    read, write = os.pipe()
    with os.fdopen(read, "rb") as stream, os.fdopen(write, "wb", buffering=0) as pipe:
        answers = run_sentiment_on(stream, model)
        pipe.write(lines[0] + lines[1])
        assert len(next(answers)) == 2
        pipe.write(lines[2][:7])  # a line in two pieces
        threading.Timer(0.05, lambda: pipe.write(lines[2][7:] + b"\n{\n")).start()
        later = next(answers)
        assert [b"error" in one for one in later] == [False, True] and b"line 5" in later[1], "blank lines count"
    whole = b"".join(lines)[:-1]
    assert len(whole) < READ
    found = [one for some in run_sentiment_on(io.BytesIO(whole), model) for one in some]
    assert found == list(run_sentiment(lines, model))
