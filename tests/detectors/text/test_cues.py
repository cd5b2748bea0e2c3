"""What a post's words tell of its writer: the same in a batch as alone, and nothing from inside an address."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.text import cues
from detectors.text.authors import author_kind, kind_by_cues
from detectors.text.model import TextModel


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


words = st.sampled_from(
    ["I", "my", "j'ai", "#a", "http://t.co/x?y=1!", "https://t.co/zz", "RT", "@united", ".@united", "why?", "no!", "DM",
     "us", "breaking:", "giveaway", "click", "here", "our", "clients", "work", "for", "i", "pic.twitter.com/a", "vol", ""]
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(posts=st.lists(st.lists(words, max_size=12).map(" ".join) | st.text(max_size=60), min_size=1, max_size=8))
def test_a_batch_tells_what_each_post_tells_alone(model, posts):
    batch = model.score(posts, [None] * len(posts)).cues.tolist()
    assert batch == [cues.of_text(post) for post in posts]
    for post, said in zip(posts, batch, strict=True):
        assert kind_by_cues(None, said) == author_kind(None, post)


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("I want my bag", cues.PERSONAL | cues.PERSONAL_TWICE),
        ("my my my", cues.PERSONAL),
        ("j'attends", cues.PERSONAL),
        ("@acme why?", cues.ADDRESSED | cues.ASKS | cues.CALLS),
        ("RT @acme hello", cues.REPOST),
        ("one two three four five six", cues.HEADLINE),
        ("#a #b #c #d #e #f #g http://x.y", cues.TAGGED | cues.LINK | cues.HEADLINE),
        ("#a #b #c #d #e #f #g", cues.HEADLINE),
        ("click here http://x.y", cues.AUTOMATIC | cues.LINK),
        ("click here", 0),
        ("I work for Acme", cues.WORK | cues.PERSONAL),
        ("press release", cues.OFFICE | cues.OFFICE_PHRASE),
        ("", 0),
    ],
)
def test_words_give_their_cues(text, there):
    assert cues.of_text(text) == there


def test_a_question_mark_inside_an_address_asks_nothing(model):
    text = "Acme closes its plant in Lyon after forty years https://news.example/a?utm_source=x!"
    assert author_kind(None, text).kind == "media"
    assert model.score([text], ["en"]).cues[0] == cues.LINK | cues.HEADLINE


def test_addresses_take_no_room_in_the_token_table():
    model = TextModel.load()
    posts = [f"my bag is lost http://t.co/{i:x}" for i in range(500)]
    model.score(posts, [None] * len(posts))
    known = len(model.table)
    model.score([p + "0" for p in posts], [None] * len(posts))
    assert len(model.table) == known < 10
    one, other = (model.score([f"bag lost {link}"], ["en"]) for link in ("http://t.co/a", "https://example.org/b?c=d"))
    assert one.negative[0] == other.negative[0]
    assert one.signature[0] == other.signature[0]
