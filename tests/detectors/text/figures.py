"""The figures of docs/sentiment.md: `python tests/detectors/text/figures.py DATA [WHAT…]`.

WHAT: folds (trains five models, minutes), unseen, hourly, online, robust, authors, triggers, languages, speed, folding
(the last a part of speed). Default: all but folds.
"""

from __future__ import annotations

import csv
import random
import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import numpy as np

from detectors.text.authors import author_kind, kind_by_cues
from detectors.text.feedback import Feedback, FeedbackState, TriggerLesson, fold
from detectors.text.feedback_state import TriggerState
from detectors.text.model import WARM_START, TextModel
from detectors.text.softmax import CLASSES
from detectors.text.suggest import Candidate, suggest
from detectors.text.training import calibration_error
from detectors.text.trigger_learning import TriggerLearner, take
from detectors.text.triggers import trigger_of

Scores = Any


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t" if path.suffix == ".tsv" else ","))


def f1(gold: Scores, found: Scores) -> float:
    out = []
    for c in range(3):
        hit = ((gold == c) & (found == c)).sum()
        wrong = ((gold == c) != (found == c)).sum()
        out.append(2 * hit / (2 * hit + wrong) if hit else 0.0)
    return float(np.mean(out))


def auc(positive: Scores, score: Scores) -> float:
    from scipy.stats import rankdata

    ranks, n = rankdata(score), int(positive.sum())
    m = len(positive) - n
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def line(name: str, gold: Scores, p: Scores) -> None:
    ece = calibration_error(p, np.eye(3)[gold])
    print(f"{name:34} {len(gold):6} {f1(gold, p.argmax(axis=1)):.3f} / {auc(gold == 0, p[:, 0]):.3f}   ECE {ece:.3f}")


def ours(model: TextModel, texts: Sequence[str], langs: Sequence[str | None]) -> Scores:
    s = model.score(texts, langs)
    return np.stack([s.negative, s.neutral, s.positive], axis=1) / 1e4


def rule(analyzer: Any, texts: Sequence[str]) -> Scores:
    """VADER's compound as three pseudo-probabilities: its own thresholds ±0.05 decide the label."""
    c = np.array([analyzer.polarity_scores(t)["compound"] for t in texts])
    return np.stack([-c, np.where(np.abs(c) < 0.05, 2.0, -2.0), c], axis=1)


def vaders() -> dict[str, Any]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer as English

    try:
        from vaderSentiment_fr.vaderSentiment import SentimentIntensityAnalyzer as French
    except ImportError:  # it wants packages that it does not name
        return {"VADER 3.3.2": English()}
    return {"VADER 3.3.2": English(), "vaderSentiment-fr 1.3.4": French()}


def label(r: dict[str, str], column: str = "label") -> int:
    return CLASSES.index(r[column])


def folds(data: Path) -> None:
    from detectors.text.train import main

    gold: list[int] = []
    langs: list[str] = []
    parts: list[Scores] = []
    build = Path("build")
    build.mkdir(exist_ok=True)
    for k in range(5):
        model, held = build / f"fold{k}.msgpack", build / f"held{k}.tsv"
        main(["--data", str(data), "--fold", str(k), "--out", str(model), "--held-out", str(held)])
        r = rows(held)
        parts.append(ours(TextModel.load(model), [x["text"] for x in r], [x["lang"] for x in r]))
        gold += [label(x) for x in r]
        langs += [x["lang"] for x in r]
    p, y, where = np.concatenate(parts), np.array(gold), np.array(langs)
    every = [x["text"] for k in range(5) for x in rows(build / f"held{k}.tsv")]
    for lang, (rival, analyzer) in zip(("en", "fr"), vaders().items(), strict=False):
        mine = where == lang
        line(f"UMSAB 5 folds, {lang}", y[mine], p[mine])
        theirs = rule(analyzer, [t for t, m in zip(every, mine, strict=True) if m])
        print(
            f"{'  ' + rival:34} {mine.sum():6} {f1(y[mine], theirs.argmax(axis=1)):.3f} / {auc(y[mine] == 0, theirs[:, 0]):.3f}"
        )


def unseen(data: Path) -> None:
    model = TextModel.load()
    sets = {
        "airline tweets 2015": (rows(data / "mentions/airline_2015_dev.csv"), "sentiment"),
        "Sentiment140 by hand, 2009": (rows(data / "sentiment/sentiment140_manual_2009.csv"), "label"),
    }
    sxsw = {
        "Negative emotion": "negative",
        "Positive emotion": "positive",
        "No emotion toward brand or product": "neutral",
    }
    products = [
        dict(r, label=sxsw[r["emotion"]])
        for r in rows(data / "sentiment/sxsw_2011_products.csv")
        if r["emotion"] in sxsw
    ]
    sets["SXSW products, 2011"] = (products, "label")
    for name, (r, column) in sets.items():
        r = [x for x in r if x[column] in CLASSES]
        y, texts = np.array([label(x, column) for x in r]), [x["text"] for x in r]
        line(name, y, ours(model, texts, ["en"] * len(r)))
        for rival, analyzer in list(vaders().items())[:1]:
            p = rule(analyzer, texts)
            print(f"{'  ' + rival:34} {len(y):6} {f1(y, p.argmax(axis=1)):.3f} / {auc(y == 0, p[:, 0]):.3f}")
    r = rows(data / "sentiment/umsab_en_fr_trainval.tsv")
    for lang, (rival, analyzer) in zip(("en", "fr"), vaders().items(), strict=False):
        mine = [x for x in r if x["lang"] == lang]
        y, p = np.array([label(x) for x in mine]), rule(analyzer, [x["text"] for x in mine])
        print(
            f"{'UMSAB ' + lang + ' ' + rival:34} {len(y):6} {f1(y, p.argmax(axis=1)):.3f} / {auc(y == 0, p[:, 0]):.3f}"
        )
    for lang in ("es", "de", "it", "pt", "ar", "hi"):
        mine = [x for x in rows(data / "sentiment/umsab_other6_trainval.tsv") if x["lang"] == lang]
        line(
            f"UMSAB {lang} (not taught)",
            np.array([label(x) for x in mine]),
            ours(model, [x["text"] for x in mine], [lang] * len(mine)),
        )


def hourly(data: Path) -> None:
    r = rows(data / "mentions/airline_2015_dev.csv")
    model = TextModel.load()
    p = ours(model, [x["text"] for x in r], ["en"] * len(r))[:, 0]
    compound = -rule(vaders()["VADER 3.3.2"], [x["text"] for x in r])[:, 2]
    for brand in sorted({x["brand"] for x in r}):
        sums: dict[str, list[float]] = defaultdict(lambda: [0.0] * 4)
        for i, x in enumerate(r):
            if x["brand"] == brand:
                s = sums[x["created_utc"][:13]]
                s[0] += x["sentiment"] == "negative"
                s[1] += p[i]
                s[2] += compound[i] >= 0.05
                s[3] += 1
        m = np.array(list(sums.values()))
        c = [np.corrcoef(m[:, 0], m[:, k])[0, 1] for k in (1, 2, 3)]
        print(
            f"{brand:20} hourly negatives against ΣP(negative) r {c[0]:.3f}; VADER's count {c[1]:.3f}; all tweets {c[2]:.3f}"
        )


def _airline(data: Path) -> tuple[TextModel, list[dict[str, str]], list[dict[int, float]], list[list[float]], Scores]:
    r = sorted(rows(data / "mentions/airline_2015_dev.csv"), key=lambda x: (x["created_utc"], x["tweet_id"]))
    model = TextModel.load()
    features = [model.features(x["text"], "en") for x in r]
    return model, r, features, [model.log_odds(x) for x in features], np.array([label(x, "sentiment") for x in r])


BLOCK = 250
"""Posts after which an analyst labels some of them; what is learnt serves from the next block on."""
RUNS = 16


def online(data: Path) -> None:
    """Prequential: airline tweets in order of time; after each block some are labelled, by chance or as `suggest` says.

    Each run leaves out another 15 % of the tweets, the same for both ways; the difference is by pairs.
    """
    model, r, features, odds, y = _airline(data)
    share = [softmax(z)[0] for z in odds]
    posts = [Candidate("x:" + x["tweet_id"], x["brand"], round(share[i] * 1e4), features[i]) for i, x in enumerate(r)]

    def run(how: str, budget: int, seed: int) -> tuple[float, float, float]:
        chance = np.random.default_rng(max(seed, 0))
        ids = [i for i in range(len(r)) if seed < 0 or chance.random() < 0.85]
        state, out, n = FeedbackState(), [], 0
        for start in range(0, len(ids), BLOCK):
            block = ids[start : start + BLOCK]
            for i in block:
                brand = state.brands.get(r[i]["brand"])
                learnt = brand is not None and brand.correction.active
                out.append(softmax(brand.correction.add(odds[i], features[i]) if learnt and brand else odds[i]))
            end = start + len(block)
            k = min(len(block), round(budget * end / len(ids)) - round(budget * start / len(ids)))
            chosen = chance.permutation(block)[:k].tolist()
            if how == "suggest":
                chosen = [block[one.index] for one in suggest([posts[i] for i in block], k)]
                chance.shuffle(chosen)  # as chance does: what is learnt depends a little on the order
            for i in chosen:
                n += 1
                one = Feedback(
                    r[i]["tweet_id"], r[i]["brand"], r[i]["sentiment"], f"analyst {n % 3}", features[i], "en"
                )
                state = fold(state, one, model)
        p, gold, half = np.array(out), y[ids], len(ids) // 2
        return f1(gold, p.argmax(axis=1)), auc(gold == 0, p[:, 0]), auc(gold[half:] == 0, p[half:, 0])

    for budget in (0, len(r)):
        print(
            f"{budget:5} labels            F1 {{:.3f}}  AUC {{:.3f}}  second half {{:.3f}}".format(
                *run("chance", budget, -1)
            )
        )
    for budget in (100, 300, 1_000):
        both = {how: np.array([run(how, budget, seed) for seed in range(RUNS)]) for how in ("chance", "suggest")}
        for how, a in both.items():
            print(
                f"{budget:5} by {how:8} F1, AUC, second half",
                *(f"{m:.4f} ± {s:.4f}" for m, s in zip(a.mean(0), a.std(0), strict=True)),
            )
        d = both["suggest"] - both["chance"]
        print(
            "      difference",
            *(f"{m:+.4f} ± {s:.4f}" for m, s in zip(d.mean(0), d.std(0) / RUNS**0.5, strict=True)),
            "(standard error)",
        )


def softmax(z: Sequence[float]) -> list[float]:
    e = np.exp(np.array(z) - max(z))
    out: list[float] = (e / e.sum()).tolist()
    return out


def robust(data: Path) -> None:
    """Wrong and hostile labels: macro-F1, negative AUC and the sum of P(negative) on 3,000 airline tweets after them.

    Each kind of hostile labels three ways: alone, after 200 labels of three analysts, and after 200 honest ones by the same person.
    """
    model, r, features, odds, y = _airline(data)
    sure, fairly = ([max(p[0], p[2]) >= least for p in map(softmax, odds)] for least in (0.6, 0.45))
    turned = [2, 0, 0]
    Kind = Callable[[int, int, np.random.Generator], int]
    kinds: dict[str, Kind] = {f"all {c}": (lambda k, i, rng, b=b: b) for b, c in enumerate(CLASSES)}  # type: ignore[misc]
    kinds |= {
        f"{CLASSES[a]} called {CLASSES[b]}": (lambda k, i, rng, a=a, b=b: b if k == a else k)  # type: ignore[misc]
        for a in range(3)
        for b in range(3)
        if a != b
    }
    kinds |= {
        "at random": lambda k, i, rng: int(rng.integers(3)),
        "turned round": lambda k, i, rng: turned[k],
        "right where the model is sure, else turned": lambda k, i, rng: k if sure[i] else turned[k],
        "right where it is fairly sure, else turned": lambda k, i, rng: k if fairly[i] else turned[k],
        "half of neutral called negative": lambda k, i, rng: 0 if k == 1 and rng.random() < 0.5 else k,
    }
    found: dict[str, list[tuple[float, float, float, int]]] = defaultdict(list)
    for seed in range(6):
        chance = np.random.default_rng(seed)
        ids = chance.permutation(len(r)).tolist()
        judges, teach, attack = ids[3000:6000], ids[:500], ids[500:1500]

        def one(i: int, k: int, who: str) -> Feedback:
            return Feedback(who[0] + r[i]["tweet_id"], "Acme", CLASSES[k], who, features[i], "en")

        def wrong(k: int, chance: np.random.Generator = chance) -> int:
            return int((k + chance.integers(1, 3)) % 3) if chance.random() < 0.1 else k

        honest = [one(i, y[i], f"analyst {n % 3}") for n, i in enumerate(teach)]
        cases = {
            "untaught": [],
            "500 labels of three": honest,
            "500 labels of three, one in ten wrong": [
                one(i, wrong(y[i]), f"analyst {n % 3}") for n, i in enumerate(teach)
            ],
            "200 labels of three": honest[:200],
            "300 labels of one": [one(i, y[i], "ana") for i in teach[:300]],
            "100 labels of one": [one(i, y[i], "ana") for i in teach[:100]],
            "1,000 of three who turn every label round": [
                one(i, turned[y[i]], f"mallory {n % 3}") for n, i in enumerate(attack)
            ],
        }
        for name, kind in kinds.items():
            labels = [one(i, kind(y[i], i, chance), "mallory") for i in attack]
            cases["alone: " + name] = labels
            cases["after 200 of three: " + name] = honest[:200] + labels
            cases["after 200 of their own: " + name] = [one(i, y[i], "mallory") for i in teach[:200]] + labels
        for name, labels in cases.items():
            state = FeedbackState()
            for each in labels:
                state = fold(state, each, model)
            brand, correction = state.brands.get("Acme"), state.corrections().get("Acme")
            p = np.array([softmax(correction.add(odds[i], features[i]) if correction else odds[i]) for i in judges])
            gold = y[judges]
            found[name].append(
                (f1(gold, p.argmax(axis=1)), auc(gold == 0, p[:, 0]), p[:, 0].sum(), len(brand.barred) if brand else 0)
            )
    base = np.array(found["untaught"])
    for name, values in found.items():
        a = np.array(values)
        m = a.mean(axis=0)
        print(f"{name:66} F1 {m[0]:.3f} (worst {(a - base)[:, 0].min():+.3f})  AUC {m[1]:.4f} (worst "
              f"{(a - base)[:, 1].min():+.4f})  sum of P(negative) {m[2]:5.0f}  barred {int(a[:, 3].sum())} of 6")  # fmt: skip


def table(name: str, counts: dict[str, Counter[str]]) -> None:
    columns = sorted({c for v in counts.values() for c in v})
    print(f"{name:26} {'n':>6} " + " ".join(f"{c[:10]:>10}" for c in columns))
    for k, v in counts.items():
        print(f"{k:26} {v.total():6} " + " ".join(f"{v[c] / v.total():10.2f}" for c in columns))


def authors(data: Path) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for part in (1, 2):
        for r in rows(data / f"context/crisislext26_sources_dev_{part}.csv"):
            counts["crisis: " + r["source"]][author_kind(None, r["text"]).kind] += 1
    for r in rows(data / "context/french_media_2022_dev.csv"):
        counts["French media"][author_kind(None, r["text"]).kind] += 1
    for r in rows(data / "context/corporate_messaging.csv"):
        counts["company: " + r["category"]][author_kind(None, r["text"]).kind] += 1
    for r in rows(data / "mentions/airline_2015_dev.csv"):
        counts["airline passengers"][author_kind(None, r["text"]).kind] += 1
    table("who wrote it", counts)


def triggers(data: Path) -> None:
    r = [x for x in rows(data / "mentions/airline_2015_dev.csv") if x["negativereason"]]
    terms = TextModel.load().score([x["text"] for x in r], ["en"] * len(r)).terms
    single: dict[str, Counter[str]] = defaultdict(Counter)
    alerts: dict[str, Counter[str]] = defaultdict(Counter)
    for x, t in zip(r, terms, strict=True):
        single[x["negativereason"]][trigger_of(Counter(t)).trigger] += 1
        alerts[x["negativereason"]].update(t)
    table("one tweet", single)
    for reason, counted in alerts.items():
        found = trigger_of(counted)
        print(f"all of {reason:24} {found.trigger} {found.confidence:.2f}: {found.reason}")
    labelled(r, terms)


KIND = {
    "Late Flight": "service", "Cancelled Flight": "service", "Lost Luggage": "service", "Bad Flight": "product",
    "Customer Service Issue": "service", "Flight Attendant Complaints": "employee", "Damaged Luggage": "product",
}  # fmt: skip


def labelled(r: list[dict[str, str]], terms: Iterable[Sequence[str]]) -> None:
    """Alerts of twelve complaints of one kind, their ten strongest terms: how many are told rightly after how many labels."""
    terms = list(terms)
    usual = Counter(t for found in terms for t in found)
    for n in (20, 60, 100):
        right: list[tuple[float, float]] = []
        for seed in range(8):
            chance, made = random.Random(seed), []
            for reason, trigger in KIND.items():
                mine = [t for x, t in zip(r, terms, strict=True) if x["negativereason"] == reason]
                chance.shuffle(mine)
                for i in range(0, len(mine) - 11, 12):
                    c = Counter(t for found in mine[i : i + 12] for t in found)
                    rare = {t: c[t] * np.log((c[t] + 0.5) / 12 * len(r) / (usual[t] + 0.5)) for t in sorted(c)}
                    best = sorted(rare, key=lambda t: -rare[t])[:10]
                    made.append((trigger, {t: float(c[t]) for t in best}))
            chance.shuffle(made)
            state = TriggerState()
            for i, (trigger, found) in enumerate(made[:n]):
                take(state, TriggerLesson(str(i), "b", trigger, f"p{i % 4}", found))
            learner = TriggerLearner(state.lessons)
            tells = [(t, trigger_of(c), c) for t, c in made[n:]]
            right.append((float(np.mean([w.trigger == t for t, w, _ in tells])),
                          float(np.mean([learner.verdict(w, c, "b").trigger == t for t, w, c in tells]))))  # fmt: skip
        words, learnt = np.mean(right, axis=0)
        print(f"alerts of twelve, {n:3} labelled: the others right by words {words:.3f}, with labels {learnt:.3f}")


LENGTHS = ((1, 2), (3, 4), (5, 8), (9, 15), (16, 400))
"""Words of a post, @names, addresses and hashtags not counted."""


def languages(data: Path) -> None:
    """Share of the right language, without the platform's word, by how many words there are to tell it from."""
    model = TextModel.load()
    whole: dict[str, Counter[str]] = defaultdict(Counter)
    cut: dict[str, Counter[str]] = defaultdict(Counter)
    for name in ("umsab_en_fr_trainval.tsv", "umsab_other6_trainval.tsv"):
        r = rows(data / "sentiment" / name)
        for words, counts in ((None, whole), (1, cut), (2, cut), (3, cut), (5, cut)):
            texts = [x["text"] if words is None else " ".join(plain_words(x["text"])[:words]) for x in r]
            for x, text, found in zip(r, texts, model.score(texts, [None] * len(r)).lang, strict=True):
                verdict = "right" if found == x["lang"] else found if found == "und" else "wrong"
                if words is not None:
                    counts[f"{x['lang']}, its first {words} words"][verdict] += 1
                    continue
                counts[x["lang"]][verdict] += 1
                n = len(plain_words(text))
                bucket = next((f"{a} to {b}" for a, b in LENGTHS if a <= n <= b), "none")
                counts[f"{'en, fr' if x['lang'] in ('en', 'fr') else 'others'}, {bucket} words"][verdict] += 1
    table("whole posts", dict(sorted(whole.items())))
    table("cut", dict(sorted(cut.items())))


def plain_words(text: str) -> list[str]:
    return [w for w in text.split() if w[0] not in "@#" and not w.startswith("http") and any(c.isalpha() for c in w)]


def speed(data: Path) -> None:
    texts = [x["text"] for x in rows(data / "mentions/airline_2015_dev.csv")]
    before = resident()
    model, analyzer = TextModel.load(), vaders()["VADER 3.3.2"]

    def per_second(work: Callable[[], int]) -> float:
        start = time.process_time()
        return work() / (time.process_time() - start)

    def score() -> int:
        for i in range(0, len(texts), 500):
            model.score(texts[i : i + 500], [None] * len(texts[i : i + 500]))
        return len(texts)

    def with_authors() -> int:
        for i in range(0, len(texts), 500):
            for said in model.score(texts[i : i + 500], [None] * len(texts[i : i + 500])).cues.tolist():
                kind_by_cues(None, said)
        return len(texts)

    def vader() -> int:
        for t in texts[:2000]:
            analyzer.polarity_scores(t)
        return 2000

    cold = per_second(score)
    best = {"scoring": 0.0, "with author kind": 0.0, "VADER": 0.0}
    for _ in range(4):
        for name, work in zip(best, (score, with_authors, vader), strict=True):
            best[name] = max(best[name], per_second(work))
    print(f"first pass (nothing remembered) {cold:.0f}/s; " + "; ".join(f"{k} {v:.0f}/s" for k, v in best.items()))
    print(f"against VADER: {best['with author kind'] / best['VADER']:.2f} × with language and author kind")
    x = [model.features(t, "en") for t in texts[:1000]]

    def shared() -> int:
        for i, f in enumerate(x):
            model.learn_hashed(f, CLASSES[i % 3])
        return len(x)

    def from_text() -> int:
        for i, t in enumerate(texts[:1000]):
            model.learn(t, "en", CLASSES[i % 3])
        return 1000

    print(f"learning: shared {per_second(shared):.0f}/s, from text {per_second(from_text):.0f}/s")
    for post in (
        *rows(data / "mentions/united_2017_c_apr18_24_1.csv"),
        *rows(data / "mentions/sanders_2011_brands.csv"),
    ):
        model.score([post["text"]], [None])
    size = resources.files("detectors.text").joinpath(WARM_START).stat().st_size  # type: ignore[attr-defined]
    print(
        f"model file {size / 1e6:.2f} MB; memory {resident() - before:.0f} MB for model, token table ({len(model.table)} tokens)"
        f" and what learning took, beside {before:.0f} MB for Python and libraries"
    )
    folding(data)


def folding(data: Path) -> None:
    """The fold of 10,000 labels (process time) and the digest of what they taught: the same digest before and after any change."""
    model, r = TextModel.load(), rows(data / "mentions/airline_2015_dev.csv")
    made = [model.features(x["text"], "en") for x in r]
    for people in (1, 3, 50):
        for brands in (1, 20):
            chance, state, labels = random.Random(1), FeedbackState(), []
            for i in range(10_000):
                brand, who = f"b{chance.randrange(brands)}", f"p{chance.randrange(people)}"
                said = r[i % len(r)]["sentiment"]
                labels.append(Feedback(f"x:{i}", brand, said, who, made[i % len(r)], "en"))
            start = time.process_time()
            for one in labels:
                state = fold(state, one, model)
            rate = len(labels) / (time.process_time() - start)
            taken = ", ".join(f"{n:,} {what}" for what, n in sorted(state.outcomes.items()))
            print(
                f"fold: {people:2} labellers, {brands:2} brands: {rate:6.0f} labels/s, digest {state.digest} ({taken})"
            )


def resident() -> float:
    """Resident memory of this process in MB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    what = sys.argv[2:] or ["unseen", "hourly", "online", "robust", "authors", "triggers", "languages", "speed"]
    for each in what:
        print(f"--- {each}")
        globals()[each](Path(sys.argv[1]))
