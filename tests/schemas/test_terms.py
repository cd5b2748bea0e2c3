"""Terms as columns behave as a list of tuples would."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.terms import Terms, renumbered

WORDS = ["delay", "#fail", "refund", "vol", "annulé"]
POSTS = st.lists(st.lists(st.integers(0, len(WORDS) - 1), max_size=4), max_size=6)


def terms(posts: list[list[int]]) -> Terms:
    flat = [i for post in posts for i in post]
    return Terms(WORDS, np.array([len(post) for post in posts], np.uint8), np.array(flat, np.uint32))


@given(POSTS, st.data())
def test_columns_say_what_lists_would(posts: list[list[int]], data: st.DataObject):
    plain = [tuple(WORDS[i] for i in post) for post in posts]
    made = terms(posts)
    assert list(made) == plain
    assert [made[i] for i in range(len(made))] == plain
    where = data.draw(st.lists(st.integers(0, len(posts) - 1), max_size=8)) if posts else []
    taken = made.take(np.array(where, np.int64)).compact()
    assert list(taken) == [plain[i] for i in where]
    assert set(taken.words) == {word for i in where for word in plain[i]}


@given(st.lists(st.integers(0, 50)))
def test_renumbering_is_numpy_s_unique(values: list[int]):
    used, index = renumbered(np.array(values, np.int64))
    expected, inverse = np.unique(np.array(values, np.int64), return_inverse=True)
    assert (used, index.tolist()) == (expected.tolist(), inverse.tolist())
