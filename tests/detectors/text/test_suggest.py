"""Which posts to label: a fair share of everything, no two alike, the same list each time."""

from __future__ import annotations

import random

import pytest

from detectors.text.model import TextModel
from detectors.text.suggest import Candidate, suggest


@pytest.fixture(scope="module")
def posts() -> list[Candidate]:
    model, chance = TextModel.load(), random.Random(3)
    moods = ("I hate the krogat fee", "the krogat gate opens at nine", "I love the new krogat", "krogat staff was rude")
    texts = [f"{chance.choice(moods)} {chance.choice('abcdefgh')}{n % 17}" for n in range(200)]
    scored = model.score(texts, ["en"] * len(texts))
    return [
        Candidate(f"x:{n}", "Acme" if n % 4 else "Other", int(scored.negative[n]), model.features(text, "en"))
        for n, text in enumerate(texts)
    ]


def names(posts: list[Candidate], n: int = 20) -> list[str]:
    return [posts[one.index].name for one in suggest(posts, n)]


def test_the_list_does_not_depend_on_the_order_of_the_posts(posts: list[Candidate]) -> None:
    mixed = random.Random(1).sample(posts, len(posts))
    assert names(posts) == names(mixed)
    assert len(set(names(posts))) == 20


def test_each_brand_and_each_shade_has_its_share(posts: list[Candidate]) -> None:
    chosen = [posts[one.index] for one in suggest(posts, 20)]
    assert 4 <= sum(post.brand == "Other" for post in chosen) <= 6
    middle = sorted(post.negative for post in posts)[len(posts) // 2]
    assert 7 <= sum(post.negative <= middle for post in chosen) <= 13


def test_copies_count_once_and_posts_without_words_never(posts: list[Candidate]) -> None:
    copies = [Candidate(f"y:{n}", "Acme", 5_000, posts[1].features) for n in range(50)]
    empty = Candidate("z:1", "Acme", 5_000, {})
    assert len(suggest([*copies, empty], 20)) == 1
    assert suggest([empty], 20) == suggest([], 20) == []


def test_fewer_posts_than_wanted_are_all_offered(posts: list[Candidate]) -> None:
    distinct = {post.name: post for post in posts[:5]}
    assert set(names(list(distinct.values()))) <= set(distinct)


def test_of_equal_posts_the_one_with_more_new_words_is_taken() -> None:
    model = TextModel.load()
    texts = ["the fee", "the fee at the gate of krogat hall", "the fee", "krogat hall gate fee"]
    posts = [Candidate(f"x:{n}", "Acme", 4_000, model.features(text, "en")) for n, text in enumerate(texts)]
    (one,) = suggest(posts, 1)
    assert one.index in {1, 3} and one.stands_for == 3 and one.new_words > 0
