"""Links as terms: what counts as one, and that they stand with their own post."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.drivers import Drivers
from schemas.events import Window
from schemas.terms import Terms
from schemas.times import MINUTE, SECOND
from streams.score.links import links_of, with_links
from tests.streams import cores
from tests.streams.cores import T0, Log, mention


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("no link here", []),
        ("see https://www.Example.org/Recall?utm=who#part now", ["example.org/Recall"]),
        ("(http://news.example.com/a/b/), and https://example.org!", ["news.example.com/a/b", "example.org/"]),
        (
            "https://a.example/1 https://a.example/1 https://b.example/2 https://c.example/3",
            ["a.example/1", "b.example/2"],
        ),
        ("http://localhost/x https://", []),
        ("« https://exemple.fr/rappel »", ["exemple.fr/rappel"]),
        (f"https://example.org/{'x' * 300}", [f"example.org/{'x' * 300}"[:80]]),
        ("t.co/abc and RT @u: https://t.co/abc…", ["t.co/abc"]),
    ],
)
def test_what_is_a_link(text: str, links: list[str]):
    assert links_of(text) == links


def made(rows: list[list[str]]) -> Terms:
    words = [*sorted({word for row in rows for word in row}), "unused"]
    index = [words.index(word) for row in rows for word in row]
    return Terms(words, np.array([len(row) for row in rows], np.uint8), np.array(index, np.uint32))


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from("abcde"), max_size=4), st.lists(st.integers(0, 3), max_size=3)), max_size=8
    )
)
def test_each_post_has_its_own_terms_and_then_its_links(posts: list[tuple[list[str], list[int]]]):
    terms = made([words for words, _ in posts])
    texts = [" ".join(f"https://e{n}.org/p" for n in numbers) or None for _, numbers in posts]
    got = list(with_links(terms, texts))
    assert got == [(*words, *list(dict.fromkeys(f"e{n}.org/p" for n in numbers))[:2]) for words, numbers in posts]


def test_a_link_that_many_pass_on_is_in_the_window_and_a_driver_and_one_mans_link_is_not():
    log = Log()
    log.tick(T0)
    for i in range(9):
        log.say(mention(i, T0 + i * SECOND, text=f"look at this {i} https://news.example.com/recall?from={i}"))
    log.say(mention(99, T0, text="mine https://private.example/me"))
    for minute in range(1, 5):
        log.tick(T0 + minute * MINUTE)
    settings = cores.settings()
    effects = cores.apply(cores.watch(settings), [v for _, v in cores.scored_log(cores.score(settings), log)])
    (window,) = [e for e in effects if isinstance(e, Window)]
    assert window.terms["news.example.com/recall"] == 9
    assert not [term for term in window.terms if "private" in term]
    drivers = Drivers()
    drivers.observe(window, T0 // MINUTE, frozen=True)
    assert ("link", "news.example.com/recall") in [(d.kind, d.value) for d in drivers.top()]
