"""Terms of many batches are put together by number; the numbers mean nothing outside."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.terms import Terms
from streams.watch import lexicon
from streams.watch.lexicon import Lexicon, together

POSTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=4), max_size=6)


def terms(posts: list[list[str]]) -> Terms:
    words = sorted({word for post in posts for word in post})
    index = [words.index(word) for post in posts for word in post]
    return Terms(words, np.array([len(post) for post in posts], np.uint8), np.array(index, np.uint32))


@given(st.lists(st.tuples(POSTS, st.booleans()), max_size=5))
def test_what_posts_say_is_the_same_however_many_lexica_number_it(batches: list[tuple[list[list[str]], bool]]):
    book, parts = Lexicon(), []
    for posts, another in batches:
        book = Lexicon() if another else book
        parts.append(book.numbered(terms(posts)))
    found = together(parts)
    assert list(found) == [tuple(post) for posts, _ in batches for post in posts]
    assert sorted(found.words) == sorted({word for posts, _ in batches for post in posts for word in post})


def test_a_full_lexicon_is_followed_by_an_empty_one(monkeypatch):
    monkeypatch.setattr(lexicon, "MOST", 2)
    first = Lexicon()
    first.numbered(terms([["a"]]))
    assert first.next() is first
    first.numbered(terms([["b", "c"]]))
    assert first.next() is not first
    assert not first.next().words


def test_a_few_words_of_a_long_table_are_put_together_as_many_are():
    book = Lexicon()
    book.numbered(terms([[f"w{i}" for i in range(4)]]))
    for i in range(10_000):
        book[f"x{i}"]
    few = book.numbered(terms([["w3", "new"], ["w1"]]))
    assert list(together([few])) == [("w3", "new"), ("w1",)]
