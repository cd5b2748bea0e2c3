"""Learning from people: brands learn their own words, nobody wrecks them, every worker ends up the same."""

from __future__ import annotations

import csv
import random

import pytest

from detectors.text.feedback import ALONE, SURE, Feedback, FeedbackState, Taken, fold, layout_of
from detectors.text.model import TextModel
from detectors.text.plain import PLAIN


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


@pytest.fixture(scope="module")
def airline(shared_data):
    with (shared_data / "mentions" / "airline_2015_dev.csv").open(newline="", encoding="utf-8") as f:
        return [(r["text"], r["sentiment"]) for r in csv.DictReader(f)]


def label(model, text, value, *, who="ana", mention=None, brand="Acme", lang="en"):
    return Feedback(mention or text, brand, value, who, model.features(text, lang), lang)


def taught(model, labels):
    state = FeedbackState()
    for one in labels:
        state = fold(state, one, model)
    return state


def auc(gold, score):
    order = sorted(range(len(score)), key=lambda i: score[i])
    n = sum(gold)
    ranks = sum(rank for rank, i in enumerate(order, 1) if gold[i])
    return (ranks - n * (n + 1) / 2) / (n * (len(gold) - n))


def judged(model, state, posts, brand="Acme"):
    model.use_corrections(state.corrections())
    scored = model.score([t for t, _ in posts], ["en"] * len(posts), brands=[brand] * len(posts))
    model.use_corrections({})
    return auc([g == "negative" for _, g in posts], scored.negative.tolist())


def test_the_model_reads_the_plain_sentences_before_anybody_teaches_it(model):
    for sign, sentences in PLAIN.items():
        scored = model.score(sentences, ["en"] * 13 + ["fr"] * 7)
        right = [(n > p) == (sign == "negative") for n, p in zip(scored.negative, scored.positive, strict=True)]
        assert sum(right) >= 18, [s for s, ok in zip(sentences, right, strict=True) if not ok]


def test_given_fifteen_labels_the_brand_s_word_is_learnt_and_other_brands_do_not_notice(model):
    posts = [f"the new krogat number {chr(97 + i)} krogat arrived in town" for i in range(20)]
    state = taught(model, [label(model, p, "negative") for p in posts])
    assert state.outcomes == {Taken.LEARNT.value: 16, Taken.KEPT.value: 4}
    model.use_corrections(state.corrections())
    text = "my krogat arrived"
    mine, other = (model.score([text], ["en"], brands=[b]).negative[0] for b in ("Acme", "Other"))
    plain = model.score([text], ["en"]).negative[0]
    model.use_corrections({})
    assert other == plain
    assert mine > plain + 1_000


def test_a_correction_scores_the_same_in_batch_and_alone(model):
    posts = [f"krogat {w} again" for w in "abcdefghijklmnop"]
    model.use_corrections(taught(model, [label(model, p, "negative") for p in posts]).corrections())
    batch = model.score([*posts, "hello"], ["en"] * 17, brands=["Acme", "Other"] * 8 + ["Acme"])
    alone = [
        model.score([p], ["en"], brands=[b]).negative[0] for p, b in zip(posts, ["Acme", "Other"] * 8, strict=True)
    ]
    model.use_corrections({})
    assert batch.negative[:16].tolist() == alone


def test_labels_of_the_brand_make_it_better_on_real_posts(model, airline):
    teach, judge = airline[:1500:3], airline[3000:5000]
    before = judged(model, FeedbackState(), judge)
    state = taught(model, [label(model, t, g, who=f"p{i % 3}", mention=str(i)) for i, (t, g) in enumerate(teach)])
    after = judged(model, state, judge)
    print(f"negative AUC on 2,000 airline tweets: {before:.3f} before, {after:.3f} after {len(teach)} labels")
    assert after > before
    assert state.brands["Acme"].rolled_back == 0


def test_a_tenth_of_wrong_labels_costs_little(model, airline):
    rnd = random.Random(5)
    teach, judge = airline[:1500:3], airline[3000:5000]
    other = {g: [o for o in ("negative", "neutral", "positive") if o != g] for g in ("negative", "neutral", "positive")}
    wrong = [(t, rnd.choice(other[g]) if rnd.random() < 0.1 else g) for t, g in teach]
    before = judged(model, FeedbackState(), judge)
    clean, noisy = (
        judged(
            model,
            taught(model, [label(model, t, g, who=f"p{i % 3}", mention=str(i)) for i, (t, g) in enumerate(x)]),
            judge,
        )
        for x in (teach, wrong)
    )
    print(f"negative AUC {before:.3f} untaught, {clean:.3f} with right labels, {noisy:.3f} with a tenth wrong")
    assert clean - 0.01 < noisy
    assert noisy > before


TURNED = {"negative": "positive", "positive": "negative", "neutral": "negative"}
HOSTILE = {
    "turned round": lambda gold, rnd: TURNED[gold],
    "at random": lambda gold, rnd: rnd.choice(("negative", "neutral", "positive")),
    "neutral, all of it": lambda gold, rnd: "neutral",
    "negative ones played down": lambda gold, rnd: "neutral" if gold == "negative" else gold,
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_thousand_hostile_labels_of_one_person_cost_nothing(model, airline, how):
    rnd = random.Random(7)
    judge = airline[3000:5000]
    honest = [label(model, t, g, who=f"p{i % 3}", mention=str(i)) for i, (t, g) in enumerate(airline[:600:3])]
    hostile = [
        label(model, t, HOSTILE[how](g, rnd), who="mallory", mention=f"m{i}")
        for i, (t, g) in enumerate(airline[600:1600])
    ]
    without = judged(model, FeedbackState(), judge)
    good = judged(model, taught(model, honest), judge)
    alone, after = taught(model, hostile), taught(model, honest + hostile)
    print(f"AUC untaught {without:.4f}, hostile alone {judged(model, alone, judge):.4f}; honest {good:.4f}, ", end="")
    print(f"hostile after them {judged(model, after, judge):.4f}; {after.outcomes}")
    assert after.brands["Acme"].barred == alone.brands["Acme"].barred == ["mallory"]
    assert judged(model, alone, judge) >= without - 0.0005
    assert judged(model, after, judge) >= good - 0.0005
    assert alone.corrections() == {}, "the negative sum stays, too"


def test_who_is_right_only_where_the_model_is_sure_is_found_out(model, airline):
    """Given one who turns round only what the model is not sure of, when alone with a brand, then nothing of it is left."""
    judge, labels = airline[3000:5000], []
    for i, (text, gold) in enumerate(airline[600:1600]):
        said = model.score([text], ["en"])
        told = gold if max(said.negative[0], said.positive[0]) >= SURE * 1e4 else TURNED[gold]
        labels.append(label(model, text, told, who="mallory", mention=f"m{i}"))
    without, state = judged(model, FeedbackState(), judge), taught(model, labels)
    assert state.brands["Acme"].barred == ["mallory"]
    assert judged(model, state, judge) >= without - 0.0005


def test_a_dozen_honest_labels_that_look_bad_by_chance_are_not_rolled_back(model, airline):
    rolled = 0
    for seed in range(6):
        some = random.Random(seed).sample(airline, 120)
        labels = [label(model, t, g, who=f"p{i % 3}", mention=str(i)) for i, (t, g) in enumerate(some)]
        state = taught(model, labels)
        rolled += state.brands["Acme"].rolled_back
        assert state.brands["Acme"].barred == []
    assert rolled == 0


def test_one_person_has_a_share(model):
    state = taught(
        model, [label(model, f"nothing special {i} here today", "neutral", mention=str(i)) for i in range(ALONE + 50)]
    )
    assert state.outcomes[Taken.OVER_SHARE.value] == 50


def test_a_repeat_and_an_unknown_label_are_counted_and_change_nothing(model):
    one = label(model, "meh", "neutral")
    state = taught(model, [one])
    digest_before = state.brands["Acme"].correction
    state = fold(state, one, model)
    assert state.last == Taken.REPEATED
    for bad in ("angry", ""):
        assert fold(state, label(model, "x", bad), model).last == Taken.INVALID
    for features in ({}, {-1: 1.0}, {10**9: 1.0}, {3: float("nan")}, {3: 1e9}, dict.fromkeys(range(3000), 1.0)):
        assert fold(state, Feedback("m", "Acme", "negative", "ana", features), model).last == Taken.INVALID
    assert fold(state, Feedback("m", "A" * 300, "neutral", "ana", one.features), model).last == Taken.INVALID
    assert state.brands["Acme"].correction is digest_before


def test_features_of_another_model_are_refused_and_those_of_ours_are_not(model):
    one = label(model, "meh", "neutral")
    state = FeedbackState()
    told = Feedback(one.mention, one.brand, one.label, one.labeller, one.features, "en", "0123456789ab")
    assert fold(state, told, model).last == Taken.OTHER_MODEL
    told = Feedback(one.mention, one.brand, one.label, one.labeller, one.features, "en", layout_of(model))
    assert fold(state, told, model).last == Taken.LEARNT
    assert state.read == 2


def test_accuracy_is_kept_by_brand_and_language(model):
    labels = [label(model, "worst service ever", "negative"), label(model, "j'adore", "positive", lang="fr")]
    state = taught(model, [*labels, label(model, "j'adore ça", "negative", lang="fr", brand="Other")])
    acme = state.brands["Acme"]
    assert {lang: (s.n, s.shared_right) for lang, s in acme.languages.items()} == {"en": (1, 1), "fr": (1, 1)}
    assert (acme.score.n, acme.score.right) == (2, 2)
    assert state.brands["Other"].languages["fr"].shared_right == 0


def test_a_worker_that_dies_half_way_ends_up_like_one_that_did_not(model, airline):
    labels = [label(model, t, g, who=f"p{i % 4}", mention=str(i)) for i, (t, g) in enumerate(airline[:300])]
    steady = taught(model, labels)
    revived = FeedbackState.from_bytes(taught(model, labels[:137]).to_bytes())
    for one in labels[137:]:
        revived = fold(revived, one, model)
    assert revived.digest == steady.digest
    assert taught(model, labels[:-1]).digest != steady.digest


def test_a_damaged_snapshot_says_what_to_do():
    with pytest.raises(ValueError, match="read anew"):
        FeedbackState.from_bytes(b"\x81")
