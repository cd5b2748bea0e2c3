"""The text model: what it says of posts, whatever the batch, whatever the input."""

from __future__ import annotations

import hashlib
import random
import re
import string
import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.text.model import TextModel
from detectors.text.modelfile import ModelError, pack, unpack
from detectors.text.scored import UNITS

POSTS = [
    ("@user my flight is delayed again, worst airline ever", "en"),
    ("Thank you so much, the crew was amazing!", "en"),
    ("@user what time does the lounge open?", "en"),
    ("Encore un retard de 3h, c'est honteux, plus jamais", "fr"),
    ("Merci beaucoup, le service était parfait", "fr"),
    ("La réunion aura lieu mardi à Lyon https://t.co/x", "fr"),
    ("", None),
    ("😡😡", None),
    ("not happy at all", "en"),
    ("pas content du tout", "fr"),
]


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


def score(model, *posts):
    return model.score([t for t, _ in posts], [lang for _, lang in posts])


def test_anger_is_negative_and_thanks_are_positive_in_both_languages(model):
    scored = score(model, *POSTS)
    assert [scored.label(i) for i in range(6)] == [
        "negative", "positive", "neutral", "negative", "positive", "neutral",
    ]  # fmt: skip
    assert scored.label(8) == scored.label(9) == "negative"


def test_probabilities_are_ten_thousandths_that_add_up(model):
    scored = score(model, *POSTS)
    assert scored.negative.dtype == scored.positive.dtype == np.uint16
    assert (scored.negative.astype(int) + scored.neutral + scored.positive == UNITS).all()


texts = st.lists(st.text(max_size=120), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(others=texts, text=st.text(max_size=200), at=st.integers(0, 12))
def test_a_post_scores_the_same_whatever_its_neighbours(model, others, text, at):
    alone = model.score([text], [None])
    at = min(at, len(others))
    batch = model.score([*others[:at], text, *others[at:]], [None] * (len(others) + 1))
    assert batch.negative[at] == alone.negative[0]
    assert batch.positive[at] == alone.positive[0]
    assert batch.lang[at] == alone.lang[0]
    assert batch.terms[at] == alone.terms[0]
    assert batch.signature[at] == alone.signature[0]


def test_real_posts_score_the_same_in_any_batch(model, shared_data):
    import csv

    with (shared_data / "mentions" / "sanders_2011_brands.csv").open(newline="", encoding="utf-8") as f:
        posts = [row["text"] for row in csv.DictReader(f)][:1500]
    whole = model.score(posts, [None] * len(posts))
    order = list(range(len(posts)))
    random.Random(1).shuffle(order)
    for size in (1, 7, 400):
        for i in range(0, 400, size):
            part = order[i : i + size]
            scored = model.score([posts[k] for k in part], [None] * len(part))
            assert scored.negative.tolist() == whole.negative[part].tolist()
            assert scored.positive.tolist() == whole.positive[part].tolist()


def test_a_full_token_table_starts_afresh_without_changing_a_score(model, monkeypatch):
    before = score(model, *POSTS)
    monkeypatch.setattr("detectors.text.table.MAX_ROWS", 5)
    model.score([" ".join(random.Random(2).choices(string.ascii_lowercase, k=3))], [None])
    after = score(model, *POSTS)
    assert before.negative.tolist() == after.negative.tolist()
    assert list(before.terms) == list(after.terms)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "🤬", "\x00", "x" * 100_000, "a b " * 50_000, "\u202e\u200fשלום עולם", "p\u200bour\u200bri", "<b>bad</b>",
     "\ud800", "\\u00", "&#0;", "#", "@", "http://", "日本語のテキスト", "!!!???", "a,b," * 100, "ﷺ" * 200],
)  # fmt: skip
def test_any_text_gets_an_answer(model, text):
    scored = model.score([text], [None])
    assert 0 <= scored.negative[0] + scored.positive[0] <= UNITS
    assert len(scored.terms[0]) <= 8


def test_hidden_characters_entities_and_escapes_change_nothing(model):
    plain = score(model, ("I don't like this, awful service & rude staff", "en"))
    hidden = score(model, (r"I don\u2019t like th" + "\u200b" + "is, aw\u00adful service &amp; rude staff", "en"))
    assert hidden.negative[0] == plain.negative[0]
    assert hidden.signature[0] == plain.signature[0]


def test_a_foreign_language_is_said_and_never_claimed_with_certainty(model):
    scored = model.score(["Das ist wirklich eine Katastrophe, ich bin sehr enttäuscht von euch"], [None])
    assert scored.lang == ["de"]
    assert max(scored.negative[0], scored.positive[0]) < 9_000


def test_the_brand_s_own_words_are_not_anger(model):
    text = "War Zone opens tomorrow"
    own = model.score([text], ["en"], [{"War Zone": 0}])
    assert own.negative[0] < model.score([text], ["en"]).negative[0]
    liked = model.score(["this phone is a beast"], ["en"], [{"beast": 3}])
    assert liked.positive[0] > model.score(["this phone is a beast"], ["en"]).positive[0]


def test_terms_leave_out_stop_words_names_links_and_numbers(model):
    text = "RT @united: The #United411 crew dragged a doctor off flight 3411!! https://t.co/abc le vol est annulé"
    assert model.score([text], ["en"]).terms[0] == (
        "#united411",
        "crew",
        "dragged",
        "doctor",
        "flight",
        "vol",
        "annulé",
    )


def test_reposts_have_the_signature_of_what_they_repeat(model):
    first = "Passenger dragged off United flight because it was overbooked, watch the video http://t.co/a1"
    again = "RT @news: PASSENGER dragged off United flight because it was overbooked - watch the video! https://t.co/zz"
    other = "Passenger dragged on United flight because it was overbooked, watch the video"
    a, b, c = model.score([first, again, other], ["en"] * 3).signature.tolist()
    assert a == b != c


def test_a_repost_cut_short_keeps_the_signature(model):
    words = " ".join(f"word{chr(97 + i)}" for i in range(24))
    a, b = model.score([words, "RT @user: " + words[:130] + "…"], ["en", "en"]).signature.tolist()
    assert a == b


def test_nothing_said_has_no_signature(model):
    assert model.score(["", "@user http://t.co/x 123"], [None, None]).signature.tolist() == [0, 0]


def test_learning_moves_the_post_and_survives_bytes(model):
    learner = TextModel.load()
    text = "the zorblax arrived today"
    before = learner.score([text], ["en"])
    version = learner.version
    for _ in range(20):
        learner.learn(text, "en", "negative")
    after = learner.score([text], ["en"])
    assert after.negative[0] > before.negative[0] + 2_000
    assert learner.version != version
    copy = TextModel.from_bytes(learner.to_bytes())
    assert copy.version == learner.version
    assert copy.score([text], ["en"]).negative[0] == after.negative[0]
    copy.learn(text, "en", "positive")
    learner.learn(text, "en", "positive")
    assert copy.version == learner.version


def test_learning_from_hashed_features_is_learning_from_the_text():
    a, b = TextModel.load(), TextModel.load()
    text = "Encore en retard, merci pour rien"
    a.learn(text, "fr", "negative")
    b.learn_hashed(b.features(text, "fr"), "negative")
    assert a.version == b.version


def test_an_unknown_label_is_refused(model):
    with pytest.raises(ValueError, match="must be one of negative, neutral, positive"):
        model.learn("x", "en", "angry")


def test_damaged_or_foreign_bytes_are_refused_in_words(model):
    data = model.to_bytes()
    with pytest.raises(ModelError, match="checksum"):
        TextModel.from_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
    with pytest.raises(ModelError, match="not a Tocsin text model"):
        TextModel.from_bytes(b"\x80\x04pickle")
    meta, arrays = unpack(data)
    del arrays["dense"]
    with pytest.raises(ModelError, match="make train"):
        TextModel.from_bytes(pack(meta, arrays))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda meta, a: a.update(char=a["char"][:, :10]),
            "array 'char' is 2 × 10 × 3, this version has 2 × 65536 × 3",
        ),
        (lambda meta, a: a.update(word_values=a["word_values"][:9]), "array 'word_values' is 9 × 6"),
        (lambda meta, a: a.update(lang_rows=a["lang_rows"][:3]), "array 'lang_rows' is 3 × "),
        (lambda meta, a: a.update(lang_rows=a["lang_rows"][:, :3]), "languages are named, 3 are told apart"),
        (lambda meta, a: a.update(dense=a["dense"].ravel()), "array 'dense' is "),
        (lambda meta, a: a.update(hashed=a["hashed"] * 0.5), "array 'hashed' holds no whole numbers"),
        (lambda meta, a: a.pop("char"), "no 'char'"),
        (lambda meta, a: meta.update(char_step="x"), "'char_step' is 'x', not a number"),
        (lambda meta, a: meta.update(hashed_step=-1), "'hashed_step' is -1, not a number"),
        (lambda meta, a: meta.pop("hashed_step"), "'hashed_step' is None"),
        (lambda meta, a: meta.update(languages="en"), "'languages' is no list"),
        (lambda meta, a: meta.update(learnt="many"), "'learnt' is 'many'"),
        (
            lambda meta, a: a.update(
                learnt_place=np.array([10**9]), learnt_weight=np.zeros((1, 3)), learnt_squares=np.zeros((1, 3))
            ),
            "'learnt_place' lies beyond",
        ),
        (lambda meta, a: a.update(learnt_weight=np.zeros((2, 3))), "array 'learnt_weight' is 2 × 3"),
        (lambda meta, a: a.pop("learnt_squares"), "no 'learnt_squares'"),
    ],
)
def test_a_whole_file_with_wrong_insides_is_refused_in_words(model, change, says):
    empty = {
        "learnt_place": np.zeros(0, np.int64),
        "learnt_weight": np.zeros((0, 3)),
        "learnt_squares": np.zeros((0, 3)),
    }
    meta, arrays = dict(model.meta), model.arrays | empty
    change(meta, arrays)
    with pytest.raises(ModelError, match=re.escape(says)):
        TextModel.from_parts(meta, arrays)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.array([1.0, np.nan]), "array 'a' holds what is no number up to 1e+09"),
        (np.array([1e300]), "array 'a' holds what is no number"),
        (np.array(["x"]), "array 'a' holds no numbers"),
        (np.array([True]), "array 'a' holds no numbers"),
    ],
)
def test_an_array_of_what_is_no_number_is_refused_in_words(array, says):
    with pytest.raises(ModelError, match=re.escape(says)):
        unpack(pack({}, {"a": array}))


@pytest.mark.parametrize(
    "stored", [["<f8", [3], b"short"], ["<f8", [-2, -2], b""], ["nonsense", [1], b"x"], ["|O", [1], b"x" * 8]]
)
def test_an_array_that_is_stored_wrongly_is_refused_in_words(stored):
    inside = zlib.compress(msgspec.msgpack.encode({"meta": {}, "arrays": {"a": stored}}))
    with pytest.raises(ModelError, match="array 'a'"):
        unpack(msgspec.msgpack.encode(["tocsin-text", 1, hashlib.sha256(inside).digest(), inside]))


@pytest.mark.parametrize(
    "inside", [b"no zlib", zlib.compress(b"no msgpack"), zlib.compress(msgspec.msgpack.encode({"meta": {}}))]
)
def test_a_right_checksum_over_anything_else_is_refused_in_words(inside):
    data = msgspec.msgpack.encode(["tocsin-text", 1, hashlib.sha256(inside).digest(), inside])
    with pytest.raises(ModelError, match="no description and arrays"):
        TextModel.from_bytes(data)


def test_the_shipped_model_is_small_and_loads_without_the_training_packages(model):
    from importlib import resources

    assert len(resources.files("detectors.text").joinpath("warm.msgpack").read_bytes()) <= 3_000_000
    assert model.meta["recipe"]
