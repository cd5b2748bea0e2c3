"""Labels as they travel: made from the text as it is scored, taken back, and read again."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from detectors.text.feedback import WITHDRAWN_LABEL, FeedbackState, Taken, fold
from detectors.text.feedback import Feedback as Lesson
from schemas.mention import Mention
from streams.feedback.labels import NoLessonError, lesson, record, withdrawal
from streams.feedback.offer import Sample
from streams.score.brands import BrandMatcher
from tests.streams import cores

NOW = datetime(2026, 3, 6, tzinfo=UTC)
WORDS = {"War Zone": 0.0, "grounded": -2.0}


def test_a_post_is_learnt_from_as_it_is_scored():
    """Given a brand's own words, then features and language are those of the text with them replaced."""
    model = cores.model()
    write = record(model, "x:1", "Acme", "neutral", "ana", "the #WarZone tour is grounded", "en", NOW, WORDS)
    taught = lesson(write.value)
    assert isinstance(taught, Lesson)
    assert (
        taught.features
        == model.features("the Ⓟ tour is 🙁", "en")
        != model.features("the #WarZone tour is grounded", "en")
    )
    plain = lesson(record(model, "x:1", "Acme", "neutral", "ana", "the tour is late", "en", NOW, WORDS).value)
    assert isinstance(plain, Lesson) and plain.features == model.features("the tour is late", "en")


def test_a_suggestion_shows_what_the_brand_s_words_make_of_it():
    model, sample = cores.model(), Sample(BrandMatcher([]), None)
    text = "the War Zone booth, a killer disaster"
    sample.take(Mention(platform="x", id="1", created_at=NOW, text=text, brand="Acme", lang="en"))
    (plain,), (own,) = sample.choose(model, 1), sample.choose(model, 1, {"Acme": {"killer disaster": 4}})
    assert own.text == plain.text == text and own.positive > plain.positive


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_post_without_text_teaches_nothing(text: str):
    with pytest.raises(ValueError, match="no text"):
        record(cores.model(), "x:1", "Acme", "neutral", "ana", text, "en", NOW)


def test_a_withdrawal_travels_without_features_and_takes_the_label_back():
    model, state = cores.model(), FeedbackState()
    for write in (
        record(model, "x:1", "Acme", "neutral", "ana", "so so", "en", NOW),
        withdrawal("x:1", "Acme", "ana", NOW),
    ):
        taught = lesson(write.value)
        assert isinstance(taught, Lesson) and write.key == b"x:1"
        fold(state, taught, model)
    assert isinstance(taught, Lesson) and taught.label == WITHDRAWN_LABEL and state.last == Taken.WITHDRAWN
    body = json.loads(withdrawal("x:1", "Acme", "ana", NOW).value or b"")
    with pytest.raises(NoLessonError, match="withdrawn"):
        lesson(json.dumps(body | {"value": "gone"}).encode())
