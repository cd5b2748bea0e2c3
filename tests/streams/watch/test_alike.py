"""One template spun into many texts is found, whoever posts it and in whatever order; real talk and shared links are not."""

from __future__ import annotations

import itertools
import random
import re

import numpy as np
import pytest

from detectors.text.model import TextModel
from schemas import scored
from schemas.scored import ROW, Rows
from schemas.terms import Terms
from streams.score.links import with_links
from streams.watch.alike import MOST_TEXTS, near_copies
from streams.watch.minutes import Arrivals, Batch, Chunk

CREW = (
    "{Shame on|Boycott|Avoid} Nimbrook: {staff|employees|crew} {treated|handled} {customers|passengers} like "
    "{trash|garbage|animals}, {never|not ever} {flying|travelling|going} with them again"
)
REFUND = (
    "{Je suis|On est} {choqué|scandalisé|dégoûté} par Nimbrook qui {ment|triche|arnaque} ses {clients|abonnés|usagers}. "
    "{Remboursez|Rendez l'argent} {maintenant|tout de suite|immédiatement} !"
)
TALK = (
    "My lamp from Nimbrook arrived broken and the box was wet",
    "Anybody else waiting three weeks for a parcel from Nimbrook?",
    "Nimbrook support told me to wait until Monday, no reason given",
    "The new Nimbrook shop in Lyon is smaller than I thought",
    "Got charged twice by Nimbrook, bank says talk to the merchant",
    "Nimbrook app crashes whenever I open my orders",
    "Pas de nouvelles de ma commande Nimbrook depuis mardi dernier",
    "Le vendeur Nimbrook de la gare était vraiment aimable ce matin",
)


def spun(template: str, count: int, seed: int = 3) -> list[str]:
    rng = random.Random(seed)
    return [re.sub(r"\{([^{}]*)\}", lambda m: rng.choice(m[1].split("|")), template) for _ in range(count)]


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


def minute(model: TextModel, texts: list[str], *, flags: int = 0) -> tuple[Rows, Terms]:
    found = model.score(texts, [None] * len(texts))
    rows = np.zeros(len(texts), ROW)
    rows["mention"] = rows["author"] = np.arange(1, len(texts) + 1)
    rows["signature"], rows["negative"], rows["flags"] = found.signature, found.negative, flags
    return rows, with_links(found.terms, texts)


@pytest.mark.parametrize("template", [CREW, REFUND])
def test_a_spun_template_is_one_text(model: TextModel, template: str):
    texts = spun(template, 60)
    assert len(set(texts)) > 40, "hardly one is an exact copy"
    rows, said = minute(model, [*texts, *TALK])
    alike, negative = near_copies(rows, said)
    different = len(np.unique(rows["signature"][: len(texts)]))
    assert alike > 0.8 * different
    assert 0 < negative <= int(rows["negative"].sum())


def test_people_who_say_it_each_in_their_own_words_are_not_alike(model: TextModel):
    assert near_copies(*minute(model, list(TALK))) == (0, 0)


def test_two_may_be_chance(model: TextModel):
    assert near_copies(*minute(model, [*spun(CREW, 2), *TALK]))[0] == 0


def test_passing_on_a_link_or_a_post_is_no_campaign(model: TextModel):
    headline = "Nimbrook recalls forty thousand lamps after fires"
    linked = [
        f"{word} {headline} https://news.example.org/a"
        for word in ("Wow", "Ouch", "Finally", "Read", "Breaking", "Sad")
    ]
    assert near_copies(*minute(model, linked))[0] == 0
    assert near_copies(*minute(model, spun(CREW, 30), flags=scored.REPOST))[0] == 0


def test_order_does_not_matter(model: TextModel):
    rows, said = minute(model, [*spun(CREW, 20), *TALK, *spun(REFUND, 20)])
    order = np.random.default_rng(1).permutation(len(rows))
    assert near_copies(rows[order], said.take(order)) == near_copies(rows, said)


def test_a_minute_too_large_to_compare_is_sampled_and_scaled(model: TextModel):
    choices = [f"Nimbrook {a} my {b} and {c} every {d} word{i}" for a, b, c, d, i in itertools.product(
        ("stole", "kept"), ("deposit", "savings"), ("ignores", "refuses"), ("complaint", "message"), range(100))]  # fmt: skip
    rows, said = minute(model, choices)
    assert len(rows) > 2 * MOST_TEXTS
    assert near_copies(rows, said)[0] > 0.9 * len(rows)


def arrived(model: TextModel, *parts: tuple[list[str], int]) -> Arrivals:
    """Return a minute of arrival in which each part has its texts and flags; the authors are all different."""
    arrivals, number = Arrivals(0), 0
    for texts, flags in parts:
        rows, said = minute(model, texts, flags=flags)
        rows["author"] += number
        rows["mention"] += number
        number += len(rows)
        batch = Batch.__new__(Batch)
        batch.said = said
        arrivals.add(Chunk(batch, np.arange(len(rows)), rows))
    return arrivals


def test_an_open_minute_takes_a_spun_template_for_as_many_as_it_has_words(model: TextModel):
    assert arrived(model, (list(TALK), 0)).wordings() == len(TALK)
    assert len(set(spun(CREW, 200))) > 100
    campaign = arrived(model, (spun(CREW, 200), 0))
    assert campaign.wordings() < 30


def test_the_anger_of_copies_and_of_new_accounts_is_not_lent_to_calm_people(model: TextModel):
    angry = "Nimbrook is disgusting, I hate this awful company"
    calm = [f"{text} today" for text in TALK[3:4]] + ["Nimbrook opens at nine on Sunday"]
    copies = arrived(model, ([angry] * 50, 0), (calm, 0))
    once = arrived(model, ([angry], 0), (calm, 0))
    assert copies.negative > 10 * once.negative
    assert copies.anger() == once.anger()
    own_words = [
        f"{angry} {word}" for word in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    ]
    young = arrived(model, (own_words, scored.YOUNG), (calm, 0))
    grown = arrived(model, (own_words, 0), (calm, 0))
    assert grown.anger() == grown.negative
    assert young.anger() < grown.anger() / 2


def test_figures_of_an_open_minute_only_grow(model: TextModel):
    rows, said = minute(model, [*spun(CREW, 20), *TALK, *spun(REFUND, 20)])
    rows["flags"][::3] = scored.YOUNG
    batch = Batch.__new__(Batch)
    batch.said = said
    arrivals, seen = Arrivals(0), [(0, 0)]
    for at in np.random.default_rng(2).permutation(len(rows)):
        arrivals.add(Chunk(batch, np.array([at]), rows[[at]]))
        seen.append((arrivals.wordings(), arrivals.anger()))
    assert seen == sorted(seen)
    assert all(a[1] <= b[1] for a, b in itertools.pairwise(seen))
    whole = Arrivals(0)
    whole.add(Chunk(batch, np.arange(len(rows)), rows))
    assert (whole.wordings(), whole.anger()) == seen[-1]
