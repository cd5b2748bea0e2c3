"""Emoji speak, alone and beside words, in both languages; and nothing else changes for them."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.text.emoji import EMOJI, with_emoji
from detectors.text.model import TextModel
from detectors.text.tokens import pieces


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


@pytest.mark.parametrize("lang", ["en", "fr", None])
@pytest.mark.parametrize("more", ["{}", "{}{}{}", "{} @acme", "Acme {}"])
def test_anger_is_more_negative_than_joy(model: TextModel, lang: str | None, more: str):
    angry, glad = (more.replace("{}", one) for one in "😡🎉")
    found = model.score([angry, glad], [lang, lang])
    assert found.negative[0] > found.negative[1] and found.positive[0] < found.positive[1]


def test_skin_tones_and_variation_marks_change_nothing_of_it(model: TextModel):
    found = model.score(["❤️", "❤", "👎🏿", "👎"], ["en"] * 4)
    assert found.negative[0] == found.negative[1]
    assert found.negative[2] > 3_000 and found.negative[3] > 3_000


def test_the_shipped_model_has_them_and_taking_them_again_changes_nothing(model: TextModel):
    assert with_emoji(model).warm == model.warm
    for one in EMOJI:
        assert np.any(model.vocabulary.known(pieces(one)).values), one


def test_each_is_there_once_and_on_the_scale_of_the_lexica():
    assert len(EMOJI) == 83
    assert all(-4 <= valence <= 4 and valence for valence in EMOJI.values())
