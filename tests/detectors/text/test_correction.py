"""A correction's array gives, bit for bit, what its formula gives place by place, however posts are added up."""

from __future__ import annotations

import math
import random

import msgspec
import numpy as np
import pytest

from detectors.text import correction
from detectors.text.correction import BOUND, DENSE_RATE, RATE, Correction, Stored, columns
from detectors.text.features import PLACES
from detectors.text.feedback import FeedbackState
from detectors.text.feedback_state import BrandState


class ByPlace:
    """The formula: one place after the other."""

    def __init__(self):
        self.weights, self.squares = {}, {}

    def untilted(self, z, x, common=()):
        out = list(z)
        for place, value in x.items():
            if place in self.weights and place not in common:
                for k in range(3):
                    out[k] += value * self.weights[place][k]
        return out

    def learn(self, z, x, label):
        full = self.untilted(z, x)
        e = [math.exp(v - max(full)) for v in full]
        error = [v / sum(e) - (k == label) for k, v in enumerate(e)]
        for place, value in x.items():
            before, squares = self.weights.get(place, [0.0] * 3), self.squares.get(place, [0.0] * 3)
            slopes = [value * one for one in error]
            squares = [s + g * g for s, g in zip(squares, slopes, strict=True)]
            after = [w - RATE / math.sqrt(s + 1e-8) * g for w, s, g in zip(before, squares, slopes, strict=True)]
            if place >= PLACES:
                after = [b + DENSE_RATE * (a - b) for a, b in zip(after, before, strict=True)]
            self.weights[place] = [min(max(a, -BOUND), BOUND) for a in after]
            self.squares[place] = squares


def post(chance, size):
    places = chance.sample(range(size), 20) + chance.sample(range(PLACES, PLACES + 50), 8)
    return [chance.gauss(0, 1) for _ in range(3)], {p: round(chance.uniform(-2, 8), 5) for p in places}


@pytest.fixture
def chance():
    return random.Random(11)


def test_two_brands_that_take_turns_learn_what_the_formula_says(chance):
    ours, theirs = (Correction(), Correction()), (ByPlace(), ByPlace())
    for n in range(600):
        z, x = post(chance, 40_000)
        k, which = chance.randrange(3), chance.randrange(2)
        ours[which].learn(z, columns(x), k)
        theirs[which].learn(z, x, k)
        if n % 7 == 0:
            some = [post(chance, 40_000) for _ in range(30)]
            common = chance.sample([p for _, x in some for p in x], 20)
            for mine, other in zip(ours, theirs, strict=True):
                columned = [(z, columns(x)) for z, x in some]
                assert mine.untilted(columned) == [other.untilted(z, x) for z, x in some]
                assert mine.untilted(columned, np.array(common)) == [other.untilted(z, x, common) for z, x in some]
                assert [mine.add(z, x) for z, x in some[:3]] == mine.add_each(columned)[:3]
    for mine, other in zip(ours, theirs, strict=True):
        assert len(mine.weights) > 5_000, "the arrays had to grow"
        assert list(mine.weights.items()) == list(other.weights.items())
        assert mine.stored().squares == other.squares


def test_a_full_correction_learns_on_at_the_places_that_it_has(chance, monkeypatch):
    monkeypatch.setattr(correction, "MOST_PLACES", 100)
    mine, other = Correction(), ByPlace()
    for n in range(12):
        z, x = post(chance, 200)
        mine.learn(z, columns(x), n % 3)
        full = len(other.weights) >= 100
        other.learn(z, {p: v for p, v in x.items() if not full or p in other.weights}, n % 3)
    assert mine.weights == other.weights and 100 <= len(mine.weights) < 130


def test_the_tilt_is_added_and_is_no_part_of_what_is_learnt(chance):
    mine = Correction()
    z, x = post(chance, 100)
    mine.learn(z, columns(x), 0)
    plain = mine.untilted([(z, columns(x))])[0]
    mine.tilt = [0.5, 0.0, -0.25]
    assert mine.add(z, x) == [plain[0] + 0.5, plain[1], plain[2] - 0.25]
    assert mine.untilted([(z, columns(x))])[0] == plain


def test_a_snapshot_holds_weights_by_place_and_gives_the_same_correction(chance):
    mine = Correction()
    for n in range(30):
        z, x = post(chance, 3_000)
        mine.learn(z, columns(x), n % 3)
    mine.tilt = [0.1, 0.0, -0.1]
    state = FeedbackState(brands={"Acme": BrandState(correction=mine)})
    raw = msgspec.msgpack.decode(state.to_bytes())["brands"]["Acme"]["correction"]
    assert list(raw) == ["weights", "squares", "learnt", "tilt"]
    assert list(raw["weights"].items()) == list(mine.weights.items()) and raw["learnt"] == 30
    again = FeedbackState.from_bytes(state.to_bytes()).brands["Acme"].correction
    z, x = post(chance, 3_000)
    for one in (mine, again):
        one.learn(z, columns(x), 1)
    assert again.stored() == mine.stored()
    assert Correction(Stored()).stored() == Correction().stored()
