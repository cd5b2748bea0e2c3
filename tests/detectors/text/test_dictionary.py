"""A brand's own words: how they are found in a text, and what they do to what is said of it."""

from __future__ import annotations

import pytest

from detectors.text.dictionary import dictionary
from detectors.text.model import TextModel


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


@pytest.mark.parametrize(
    ("words", "text", "becomes"),
    [
        ({"War Zone": 0}, "WAR ZONE opens", "Ⓟ opens"),
        ({"War Zone": 0}, "the War\u00a0 Zone, the War-Zone and the war\nzone", "the Ⓟ, the Ⓟ and the Ⓟ"),
        ({"War Zone": 0}, "#WarZone, @warzone, #War Zone", "Ⓟ, Ⓟ, Ⓟ"),
        ({"War Zone": 0}, "warzone, war zones, prewar zone", "warzone, war zones, prewar zone"),
        ({"#WarZone": 0}, "#warzone and warzone", "Ⓟ and Ⓟ"),
        ({"L'Enfer": 0}, "l’enfer ou l'ENFER", "Ⓟ ou Ⓟ"),
        ({"Don’t Panic": 0}, "don't  panic", "Ⓟ"),
        (
            {"sick": 3, "sick bag": -1, "bag": 0},
            "a sick bag, a sick booth, a bag",
            "a :/, a 😊 😊 booth, a Ⓟ",
        ),
        ({"bag": 0, "sick bag": -1}, "a sick bag", "a :/"),
        ({"été": 0, "C++": 0}, "ÉTÉ, c++!", "Ⓟ, Ⓟ!"),
        ({"": 1, "  ": 1, "#": 2}, "nothing # here", "nothing # here"),
    ],
)
def test_phrases_are_found_however_they_are_written_the_longest_first(words, text, becomes):
    assert dictionary(words).replaced(text) == becomes


def test_a_text_without_a_phrase_is_the_same_object():
    text = "a war in some zone"
    assert dictionary({"War Zone": 0}).replaced(text) is text


@pytest.mark.parametrize(
    ("text", "lang"), [("we saw the krogat again today", "en"), ("on a revu le krogat aujourd'hui", "fr")]
)
def test_a_stronger_word_says_more(model, text, lang):
    scored = [model.score([text], [lang], [{"krogat": v}]) for v in (-4, -3, -2, -1, 0, 1, 2, 3, 4)]
    negative, positive = ([int(getattr(one, side)[0]) for one in scored] for side in ("negative", "positive"))
    assert negative == sorted(negative, reverse=True) and negative[0] > negative[2] > negative[3] > negative[4]
    assert positive[4:] == sorted(positive[4:]) and positive[8] > positive[6] > positive[5] > positive[4]


def test_own_words_stay_among_the_terms_and_a_batch_is_as_its_posts_alone(model):
    texts = ["War Zone queue was awful", "nothing of the kind", "the #WarZone is sick", "War Zone"]
    own = [{"War Zone": 0.0, "sick": 3.0}, None, {"War Zone": 0.0, "sick": 3.0}, None]
    batch = model.score(texts, ["en"] * 4, own, ["Acme"] * 4)
    plain = model.score(texts, ["en"] * 4)
    assert len(batch.terms) == len(batch.lang) == len(batch.signature) == len(batch.cues) == len(batch.grave) == 4
    assert [batch.terms[i] for i in range(4)] == [plain.terms[i] for i in range(4)]
    assert batch.signature.tolist() == plain.signature.tolist()
    assert batch.positive[2] > plain.positive[2] and batch.negative[1] == plain.negative[1]
    for i in range(4):
        one = model.score([texts[i]], ["en"], [own[i]], ["Acme"])
        assert (one.negative[0], one.positive[0], one.lang) == (batch.negative[i], batch.positive[i], [batch.lang[i]])
        assert one.terms[0] == batch.terms[i]
