"""What people say incidents were about: what it changes, and what it cannot wreck."""

from __future__ import annotations

import random

import pytest

from detectors.text.feedback import WITHDRAWN_LABEL, FeedbackState, Taken, TriggerLesson, fold_trigger
from detectors.text.trigger_learning import ALONE, LESSONS, TriggerLearner
from detectors.text.triggers import TRIGGERS, trigger_of

JAM = {"krogat": 20.0, "jar": 12.0, "delayed": 4.0}
GATE = {"gate": 30.0, "delayed": 18.0, "hold": 7.0}


FIRE = {"incendie": 30.0, "evacuation": 9.0, "magasin": 12.0}
UNSAFE = {"unsafe": 30.0, "jar": 12.0, "krogat": 9.0}


def said(number: int, trigger: str, terms: dict[str, float], who: str = "alice", brand: str = "Acme") -> TriggerLesson:
    return TriggerLesson(f"i{number}", brand, trigger, who, terms)


def verdict(state: FeedbackState, terms: dict[str, float], brand: str = "Acme", *, grave: bool = False):
    return TriggerLearner(state.triggers.lessons).verdict(trigger_of(terms), terms, brand, grave=grave)


def test_one_label_changes_alerts_like_its_own_and_no_others():
    state = fold_trigger(FeedbackState(), said(1, "product", JAM))
    assert state.last == Taken.LEARNT
    assert trigger_of(JAM).trigger == "service"
    like = verdict(state, {"Krogat": 8.0, "#jar": 9.0, "delayed": 3.0})
    assert (like.trigger, like.labels) == ("product", 1)
    assert like.terms[:1] == ("jar",) or like.terms[:1] == ("krogat",)
    assert like.reason.startswith("people said so of 1 similar incident: ")
    assert verdict(state, {"strike": 9.0, "crew": 4.0}) == trigger_of({"strike": 9.0, "crew": 4.0})


def test_one_person_changes_the_brand_that_they_spoke_of_and_two_change_others():
    state = FeedbackState()
    for n in range(8):
        fold_trigger(state, said(n, "campaign", GATE))
    words = trigger_of(GATE)
    assert verdict(state, GATE).trigger == "campaign"
    assert verdict(state, GATE, "Other") == words
    fold_trigger(state, said(20, "product", GATE, "bob"))
    assert verdict(state, GATE, "Other") == words, "two people who say different things are no two people"
    for n in range(30, 33):
        fold_trigger(state, said(n, "campaign", GATE, "bob"))
    assert verdict(state, GATE, "Other").trigger == "campaign"


def test_labels_take_safety_from_no_grave_talk():
    state = FeedbackState()
    for n in range(20):
        for who in ("alice", "bob"):
            fold_trigger(state, said(n, "campaign", FIRE, who))
            fold_trigger(state, said(100 + n, "product", UNSAFE, who))
    for brand in ("Acme", "Other"):
        assert verdict(state, FIRE, brand) == trigger_of(FIRE)
        assert verdict(state, {f"#{term.upper()}": n for term, n in FIRE.items()}, brand).trigger == "safety"
        assert verdict(state, UNSAFE, brand, grave=True) == trigger_of(UNSAFE)
        assert verdict(state, UNSAFE, brand).trigger == "product", "an opinion, which people may know better"


def test_saying_it_anew_takes_none_of_a_person_s_share():
    state = FeedbackState()
    for n in range(ALONE):
        fold_trigger(state, said(n, "legal", {f"word{n}": 2.0}))
    fold_trigger(state, said(ALONE - 1, "product", {f"word{ALONE - 1}": 2.0}))
    assert state.last == Taken.LEARNT and state.triggers.lessons[-1].trigger == "product"


def test_labels_of_the_kind_that_the_words_say_make_it_surer_and_more_labels_weigh_more():
    state = FeedbackState()
    seen = [trigger_of(GATE).confidence]
    for n in range(5):
        fold_trigger(state, said(n, "service", GATE))
        seen.append(verdict(state, GATE).confidence)
    assert seen == sorted(seen) and seen[-1] > seen[0]
    assert verdict(state, GATE).trigger == "service"


def test_a_person_has_one_say_on_an_incident_the_latest():
    state = FeedbackState()
    fold_trigger(state, said(1, "legal", JAM))
    fold_trigger(state, said(1, "product", JAM))
    assert [one.trigger for one in state.triggers.lessons] == ["product"]
    assert state.triggers.judged == 1
    fold_trigger(state, said(1, "product", JAM, "bob"))
    assert len(state.triggers.lessons) == 2


def test_a_label_that_is_taken_back_teaches_no_more_and_frees_its_share():
    state = fold_trigger(FeedbackState(), said(1, "product", JAM))
    back = said(1, WITHDRAWN_LABEL, {})
    assert fold_trigger(state, said(1, WITHDRAWN_LABEL, {}, "bob")).last == Taken.NOTHING, "another person's stays"
    assert fold_trigger(state, said(1, WITHDRAWN_LABEL, {}, brand="Other")).last == Taken.NOTHING
    assert verdict(state, JAM).trigger == "product"
    assert fold_trigger(state, back).last == Taken.WITHDRAWN
    assert (state.triggers.lessons, state.triggers.by_labeller) == ([], {"alice": 0})
    assert verdict(state, JAM) == trigger_of(JAM)
    assert fold_trigger(state, back).last == Taken.NOTHING
    for n in range(ALONE):
        fold_trigger(state, said(n, "legal", {f"word{n}": 2.0}))
    assert state.last == Taken.LEARNT
    again = FeedbackState.from_bytes(state.to_bytes())
    for one in (state, again):
        fold_trigger(one, said(3, WITHDRAWN_LABEL, {}))
        assert fold_trigger(one, said(900, "legal", JAM)).last == Taken.LEARNT
        assert fold_trigger(one, said(901, "legal", JAM)).last == Taken.OVER_SHARE
    assert again.digest == state.digest


def test_one_person_gives_no_more_than_a_share():
    state = FeedbackState()
    for n in range(ALONE + 5):
        fold_trigger(state, said(n, "legal", {f"word{n}": 2.0}))
    assert state.outcomes == {Taken.LEARNT: ALONE, Taken.OVER_SHARE: 5}
    fold_trigger(state, said(999, "product", JAM, "bob"))
    assert state.last == Taken.LEARNT
    fold_trigger(state, said(1_000, "legal", JAM))
    assert state.last == Taken.OVER_SHARE


def test_labels_that_do_harm_are_begun_afresh():
    """Given one person's labels that are wrong, when another's show it, then they are gone."""
    state = FeedbackState()
    for n in range(12):
        fold_trigger(state, said(n, "campaign", GATE, "mallory"))
    assert verdict(state, GATE).trigger == "campaign" and state.triggers.rolled_back == 0
    for n in range(100, 105):
        fold_trigger(state, said(n, "service", GATE, "bob"))
    assert state.triggers.rolled_back == 1
    assert verdict(state, GATE).trigger == "service"


def test_one_person_undoes_nothing_that_two_others_taught_and_a_second_who_says_so_does():
    """Given two people's labels, when one other calls all their like by the words' name, then they stay; until a second does."""
    state = FeedbackState()
    for n in range(8):
        fold_trigger(state, said(n, "campaign", GATE, ("alice", "ana")[n % 2]))
    for n in range(100, 112):
        fold_trigger(state, said(n, "service", {**GATE, f"word{n}": 2.0}, "mallory"))
    assert state.triggers.rolled_back == 0 and len(state.triggers.lessons) == 20
    for n in range(200, 206):
        fold_trigger(state, said(n, "service", {**JAM, **GATE, f"word{n}": 2.0}, "bob"))
    assert state.triggers.rolled_back >= 1


@pytest.mark.parametrize(
    "lesson",
    [
        said(1, "weather", JAM),
        said(1, "product", {}),
        said(1, "product", {"x": float("nan")}),
        said(1, "product", {"x": float("inf")}),
        said(1, "product", {"x": -1.0}),
        said(1, "product", {"x" * 300: 1.0}),
        said(1, "product", {f"w{n}": 1.0 for n in range(101)}),
        said(1, "product", JAM, "a" * 300),
    ],
)
def test_what_is_no_label_is_counted_and_changes_nothing(lesson: TriggerLesson):
    state = fold_trigger(FeedbackState(), lesson)
    assert state.last == Taken.INVALID and state.triggers == FeedbackState().triggers


def test_the_same_labels_give_the_same_state_wherever_it_is_cut_and_it_stays_small():
    chance = random.Random(7)
    labels = [
        said(chance.randrange(300), chance.choice(TRIGGERS), {f"w{chance.randrange(40)}": 1.0 + n % 7 for _ in range(5)},
             f"p{chance.randrange(9)}")
        for n in range(250)
    ]  # fmt: skip
    whole, resumed = FeedbackState(), FeedbackState()
    for n, one in enumerate(labels):
        fold_trigger(whole, one)
        if n % 60 == 0:
            resumed = FeedbackState.from_bytes(resumed.to_bytes())
        fold_trigger(resumed, one)
    assert whole.digest == resumed.digest
    assert len(whole.triggers.lessons) <= LESSONS
    other = FeedbackState()
    for one in [*labels[1:], labels[0]]:
        fold_trigger(other, one)
    assert other.digest != whole.digest


@pytest.mark.parametrize("n", [5e-324, 1e-200, 0.5, 0.0, -1.0, 1e10])
def test_a_count_that_is_none_is_no_lesson_and_breaks_nothing(n: float):
    state = fold_trigger(FeedbackState(), said(1, "product", {"krogat": 20.0}))
    after = fold_trigger(state, said(2, "safety", {"krogat": n}))
    assert after.last == Taken.INVALID
    assert verdict(after, {"krogat": n}) == verdict(state, {"krogat": n})
