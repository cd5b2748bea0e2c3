"""Learning from people: brands learn their own words, nobody wrecks them, every worker ends up the same."""

from __future__ import annotations

import csv
import math
import random

import msgspec
import pytest

from detectors.text.feedback import ALONE, WITHDRAWN_LABEL, Feedback, FeedbackState, Taken, fold, layout_of
from detectors.text.labellers import SURE, Said, cell, unfit
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


def shares(model, state, posts, brand="Acme"):
    """Return (macro-F1, the sum of P(negative)) on posts."""
    model.use_corrections(state.corrections())
    scored = model.score([t for t, _ in posts], ["en"] * len(posts), brands=[brand] * len(posts))
    model.use_corrections({})
    found, out = [scored.label(i) for i in range(len(posts))], []
    for kind in ("negative", "neutral", "positive"):
        hit = sum(f == g == kind for f, (_, g) in zip(found, posts, strict=True))
        out.append(2 * hit / max(1, found.count(kind) + sum(g == kind for _, g in posts)))
    return sum(out) / 3, float(scored.negative.sum()) / 1e4


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
KINDS = ("negative", "neutral", "positive")
HOSTILE = {
    "turned round": lambda gold, rnd: TURNED[gold],
    "at random": lambda gold, rnd: rnd.choice(KINDS),
    "half of neutral called negative": lambda gold, rnd: (
        "negative" if gold == "neutral" and rnd.random() < 0.5 else gold
    ),
}


def all_of(kind):
    return lambda gold, rnd: kind


def only(one, other):
    return lambda gold, rnd: other if gold == one else gold


HOSTILE |= {f"all {kind}": all_of(kind) for kind in KINDS}
HOSTILE |= {f"{one} called {other}": only(one, other) for one in KINDS for other in KINDS if one != other}
FOUND_OUT = set(HOSTILE) - {"half of neutral called negative"}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_thousand_hostile_labels_of_one_person_cost_nothing(model, airline, how):
    """Alone they make nothing worse and the sum of P(negative) little different; after others' nothing is lost where found out."""
    rnd = random.Random(7)
    judge = airline[3000:5000]
    honest = [label(model, t, g, who=f"p{i % 3}", mention=str(i)) for i, (t, g) in enumerate(airline[:600:3])]
    hostile = [
        label(model, t, HOSTILE[how](g, rnd), who="mallory", mention=f"m{i}")
        for i, (t, g) in enumerate(airline[600:1600])
    ]
    alone, after = taught(model, hostile), taught(model, honest + hostile)
    without, good = judged(model, FeedbackState(), judge), judged(model, taught(model, honest), judge)
    (f1, total), (f1_alone, total_alone) = (shares(model, state, judge) for state in (FeedbackState(), alone))
    print(f"AUC untaught {without:.4f}, hostile alone {judged(model, alone, judge):.4f}; honest {good:.4f}, ", end="")
    print(
        f"after them {judged(model, after, judge):.4f}; F1 {f1:.3f}, alone {f1_alone:.3f}; ΣP {total:.0f}, {total_alone:.0f}"
    )
    assert judged(model, alone, judge) >= without - 0.0005
    assert f1_alone >= f1 - 0.0005
    assert total / 1.35 < total_alone < total * 1.35
    assert judged(model, after, judge) >= good - 0.0005 or how not in FOUND_OUT
    assert (after.brands["Acme"].barred == ["mallory"]) == (how in FOUND_OUT)


def test_what_labels_do_to_one_brand_stays_there(model, airline):
    """Given somebody honest about one brand and hostile to another, then the first learns and the second is as it was."""
    labels = []
    for i, (text, gold) in enumerate(airline[:300]):
        labels.append(label(model, text, gold, who="mallory", mention=f"a{i}"))
        labels.append(label(model, text, TURNED[gold], who="mallory", mention=f"b{i}", brand="Other"))
    state = taught(model, labels)
    assert state.brands["Other"].barred == ["mallory"] and state.brands["Acme"].barred == []
    assert list(state.corrections()) == ["Acme"]


def test_who_was_honest_for_long_and_is_hostile_then_is_found_out_by_the_latest_labels(model, airline):
    """Whoever is not, for there are few labels left to one person, has made nothing worse than it was untaught."""
    judge, found = airline[3000:5000], 0
    f1, total = shares(model, FeedbackState(), judge)
    for how, hostile in HOSTILE.items():
        rnd = random.Random(7)
        said = [g if i < 200 else hostile(g, rnd) for i, (_, g) in enumerate(airline[:500])]
        labels = [
            label(model, t, k, mention=str(i)) for i, ((t, _), k) in enumerate(zip(airline[:500], said, strict=True))
        ]
        state = taught(model, labels)
        found += state.brands["Acme"].barred == ["ana"]
        after, total_after = shares(model, state, judge)
        assert after >= f1 - 0.0005 and total / 1.35 < total_after < total * 1.35, how
    assert found >= 8


def test_one_person_who_is_honest_teaches_and_a_second_who_agrees_lets_the_sums_follow(model, airline):
    judge = airline[3000:5000]
    f1, total = shares(model, FeedbackState(), judge)
    alone, both = (
        taught(
            model, [label(model, t, g, who=f"p{i % people}", mention=str(i)) for i, (t, g) in enumerate(airline[:300])]
        )
        for people in (1, 2)
    )
    untaught = judged(model, FeedbackState(), judge)
    assert judged(model, alone, judge) > untaught + 0.008
    assert shares(model, alone, judge)[0] > f1 + 0.02
    true = sum(gold == "negative" for _, gold in judge)
    assert total < shares(model, alone, judge)[1] < total * 1.35 < shares(model, both, judge)[1] < true * 1.1


def test_nobody_honest_is_barred(model, airline):
    posts = [(cell(softmax(model.log_odds(model.features(t, "en"))), 0), KINDS.index(g)) for t, g in airline[:2000]]
    for seed in range(100):
        said = Said()
        for at, k in random.Random(seed).sample(posts, 300):
            said.add(at + k)
            assert not unfit(said), seed


def softmax(z):
    e = [math.exp(v - max(z)) for v in z]
    return [v / sum(e) for v in e]


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


def test_a_second_labeller_does_not_stop_the_first(model, airline):
    first = [label(model, t, g, mention=str(i)) for i, (t, g) in enumerate(airline[:121])]
    state = taught(model, first[:120])
    fold(state, label(model, "one more", "neutral", who="bob"), model)
    assert fold(state, first[120], model).last == Taken.LEARNT


@pytest.fixture(scope="module")
def many(model, airline):
    return [label(model, t, g, who=f"p{i % 3}", mention=str(i)) for i, (t, g) in enumerate(airline[:700])]


@pytest.mark.parametrize("count", [90, 700])
@pytest.mark.parametrize("back", [3, 4, 30])
def test_a_corrected_label_counts_as_if_it_had_been_given_so(model, many, count, back):
    """Also where older labels are no longer kept one by one, and where it is one to judge with."""
    labels, at = many[:count], count - back - 1
    wrong = msgspec.structs.replace(labels[at], label=TURNED[labels[at].label])
    straight, mended = taught(model, labels), taught(model, [*labels[:at], wrong, *labels[at + 1 :]])
    assert mended.digest != straight.digest
    fold(mended, labels[at], model)
    assert mended.last == Taken.CORRECTED
    one, other = straight.brands["Acme"], mended.brands["Acme"]
    assert other.relearnt().weights == one.correction.weights
    assert [j.label for j in other.judges] == [j.label for j in one.judges]
    assert {who: said.counts for who, said in other.said.items()} == {
        who: said.counts for who, said in one.said.items()
    }
    assert other.by_labeller == one.by_labeller
    for who, errors in one.errors.items():
        assert other.errors[who] == pytest.approx(errors)
    assert fold(mended, labels[at], model).last == Taken.REPEATED


@pytest.mark.parametrize("count", [89, 700])
def test_a_withdrawn_label_is_as_if_never_given_and_can_be_given_again(model, many, count):
    state, last = taught(model, many[: count - 1]), many[count - 1]
    weights, counts, known = (
        dict(state.brands["Acme"].relearnt().weights),
        dict(state.brands["Acme"].by_labeller),
        set(state.known),
    )
    taken = Feedback(last.mention, "Acme", WITHDRAWN_LABEL, last.labeller, {})
    assert fold(state, taken, model).last == Taken.NOTHING
    fold(state, last, model)
    assert fold(state, taken, model).last == Taken.WITHDRAWN
    brand = state.brands["Acme"]
    assert (brand.by_labeller, set(state.known)) == (counts, known)
    after = brand.relearnt().weights
    # Where the oldest that was kept had to give way, it has been learnt for good.
    assert after == weights or (count == 700 and after.keys() == weights.keys())
    assert fold(state, taken, model).last == Taken.NOTHING
    assert fold(state, last, model).last in {Taken.LEARNT, Taken.KEPT}


def test_a_label_that_is_no_longer_kept_cannot_be_taken_back_and_says_so(model, many):
    state = taught(model, many)
    gone = many[1]
    taken = Feedback(gone.mention, "Acme", WITHDRAWN_LABEL, gone.labeller, {})
    assert fold(state, taken, model).last == Taken.TOO_OLD
    assert state.brands["Acme"].by_labeller == {"p0": 234, "p1": 233, "p2": 233}


def test_who_corrects_honest_labels_to_hostile_ones_is_found_out(model, airline):
    honest = [label(model, t, g, mention=str(i)) for i, (t, g) in enumerate(airline[:250])]
    turned = [msgspec.structs.replace(one, label=TURNED[one.label]) for one in honest]
    state = taught(model, honest + turned)
    assert state.brands["Acme"].barred == ["ana"] and state.corrections() == {}


def test_changed_labels_give_the_same_state_wherever_it_is_cut(model, many):
    labels = list(many[:120])
    for i in range(0, 100, 7):
        labels.insert(i + 20, msgspec.structs.replace(many[i], label="neutral"))
        labels.append(Feedback(many[i + 3].mention, "Acme", WITHDRAWN_LABEL, many[i + 3].labeller, {}))
    steady, cut = FeedbackState(), FeedbackState()
    for n, one in enumerate(labels):
        fold(steady, one, model)
        fold(cut, one, model)
        if n % 9 == 0:
            cut.corrections()
            cut = FeedbackState.from_bytes(cut.to_bytes())
    assert steady.digest == cut.digest
    assert {Taken.CORRECTED, Taken.WITHDRAWN} <= steady.outcomes.keys()


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
