"""Learning from people: a fold over the `feedback` topic, the same on every worker, that no labeller can wreck.

    state = fold(state, feedback, base)

Every worker reads the whole one-partition topic, so equal prefixes give equal states; `digest` proves it. A brand's
labels teach a correction of its own, added to the shared model's log-odds; the shared model itself stays as shipped:
what "sick" means to a skate shop is not news to a clinic. What keeps a correction sound:

- **share**: one labeller gives at most `ALONE` labels, or half of a brand's labels once others label too;
- **once**: a person labels a post once; a repeat is refused;
- **hold-back**: every fifth label is not learnt but kept to judge with;
- **plain sentences**: forty that no brand's habits turn round ("worst service ever") must keep their sign;
- **contradiction**: who labels the opposite of what the shared model is sure of, most of the time, is not listened to
  for that brand again (so an analyst should confirm some right answers too, not only mend wrong ones);
- **roll-back**: a correction that fails a check, or owes much to such a labeller, starts afresh.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from detectors.text.correction import RATE, Correction
from detectors.text.softmax import CLASSES

ALONE: Final = 300
"""Labels of a brand that one person may give while nobody else does: a team of one is normal."""
SHARE: Final = 0.5
"""Of a brand's labels, what one person may give once others label too."""
HOLD_BACK: Final = 5
JUDGES: Final = 60
"""Labels kept to judge with, the latest; at most half from one person."""
MIN_JUDGES: Final = 12
WORSE: Final = 0.03
"""Mean log loss (nats) by which a correction may do worse than none on the kept labels."""
TURNED: Final = 3
"""Plain sentences of forty that may change sign: more is no dialect but a mistake."""
SURE: Final = 0.6
"""P(negative) or P(positive) of the shared model from which the opposite label counts as a contradiction; on airline
tweets, never seen, it then errs to the opposite side in 8 of 100."""
SURE_POSTS: Final = 8
"""Posts the model was sure of before a labeller is judged by them."""
CONTRARY: Final = 0.6
"""Share of contradictions from which a labeller is not listened to."""
OWED: Final = 0.2
"""Part of a brand's labels from such a labeller from which what was learnt is dropped."""
REMEMBERED: Final = 20_000
"""(post, labeller) pairs remembered to refuse repeats."""
MAX_FEATURES: Final = 2_000
"""Features that one label may carry: a post of 400 tokens has fewer."""

PLAIN: Final[Mapping[str, Sequence[str]]] = {
    "negative": (
        "worst service ever", "I hate this company", "terrible experience, never again", "this is awful and disgusting",
        "so angry and disappointed", "what a horrible joke of a company", "this is a scam, avoid", "broken and useless",
        "rude staff, bad service", "they are liars and thieves", "pathetic customer service", "shame on you",
        "I am sick of this crap", "c'est nul", "service catastrophique", "je déteste cette entreprise", "plus jamais",
        "honteux et scandaleux", "très déçu, c'est mauvais", "une arnaque, à éviter",
    ),
    "positive": (
        "I love this", "best service ever", "thank you so much, great job", "awesome, really happy with it",
        "amazing experience", "excellent and friendly staff", "you are the best", "so good, I love it", "perfect, thanks",
        "great flight, wonderful crew", "beautiful and brilliant", "very happy customer", "fantastic work, congratulations",
        "j'adore", "merci beaucoup, c'est parfait", "excellent service, bravo", "je suis très content", "c'est génial",
        "super expérience, merci", "une belle réussite",
    ),
}  # fmt: skip
"""Sentences written for this check; their sign is plain in any trade."""


ENGLISH: Final = 13
"""So many of each sign are English, the rest French."""


class Taken(StrEnum):
    """What became of a label; a metric label and a line on the page."""

    LEARNT = "learnt"
    KEPT = "kept to judge"
    OVER_SHARE = "over the labeller's share"
    REPEATED = "labelled by this person before"
    BARRED = "labeller no longer listened to for this brand"
    INVALID = "unknown label or features"


class Base(Protocol):
    """What the fold needs of the shared model."""

    size: int
    warm: str

    def log_odds(self, x: Mapping[int, float]) -> list[float]:
        """Return the shared model's log-odds of the three classes for hashed features."""

    def features(self, text: str, lang: str | None) -> dict[int, float]:
        """Return the hashed features of a text."""


class Feedback(msgspec.Struct, frozen=True):
    """A label: `mention` of `brand` is `label`, says `labeller`; `features` are those of `TextModel.features`."""

    mention: str
    brand: str
    label: str
    labeller: str
    features: dict[int, float]
    lang: str = "und"


class Score(msgspec.Struct):
    """Prequential accuracy: each label foretold before it was learnt, without and with the brand's correction."""

    n: int = 0
    shared_right: int = 0
    right: int = 0


class BrandState(msgspec.Struct):
    """What one brand's labels did."""

    correction: Correction = msgspec.field(default_factory=Correction)
    seen: int = 0
    by_labeller: dict[str, int] = msgspec.field(default_factory=dict)
    sure: dict[str, list[int]] = msgspec.field(default_factory=dict)
    """Labeller → [posts the shared model was sure of, labels that said the opposite]."""
    judges: list[tuple[str, int, dict[int, float], list[float]]] = msgspec.field(default_factory=list)
    """(labeller, class, features, the shared model's log-odds), the latest last."""
    barred: list[str] = msgspec.field(default_factory=list)
    rolled_back: int = 0
    score: Score = msgspec.field(default_factory=Score)


class FeedbackState(msgspec.Struct):
    """All that the feedback topic taught, up to an offset that the caller keeps beside it."""

    brands: dict[str, BrandState] = msgspec.field(default_factory=dict)
    languages: dict[str, Score] = msgspec.field(default_factory=dict)
    known: dict[str, None] = msgspec.field(default_factory=dict)
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    last: str = ""
    base: str = ""
    """Digest of the shared model as shipped, which the features belong to."""

    def corrections(self) -> dict[str, Correction]:
        """Return the corrections that have learnt enough to be used."""
        return {name: brand.correction for name, brand in self.brands.items() if brand.correction.active}

    def to_bytes(self) -> bytes:
        """Return the state for a snapshot; equal states give equal bytes."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes, base: str | None = None) -> FeedbackState:
        """Return the state that `to_bytes` wrote; `base` is `TextModel.warm` where it must match. Raises `ValueError`."""
        try:
            state = msgspec.msgpack.decode(data, type=cls)
        except msgspec.MsgspecError as e:
            raise ValueError(f"feedback snapshot cannot be read ({e}); delete it and the topic is read anew") from None
        if base is not None and state.base not in ("", base):
            raise ValueError(
                f"feedback snapshot is of model {state.base}, not {base}; delete it, the topic is read anew"
            )
        return state

    @property
    def digest(self) -> str:
        """A short digest: equal on workers that read the same labels; a difference is an alert."""
        return hashlib.sha256(self.to_bytes()).hexdigest()[:12]


def fold(state: FeedbackState, feedback: Feedback, base: Base) -> FeedbackState:
    """Return `state` after one label (the same object, changed). Never raises for a bad label: it is counted."""
    state.base = state.base or base.warm
    taken = _take(state, feedback, base)
    state.last = taken.value
    state.outcomes[taken.value] = state.outcomes.get(taken.value, 0) + 1
    return state


def _take(state: FeedbackState, f: Feedback, base: Base) -> Taken:
    if f.label not in CLASSES or not f.features or len(f.features) > MAX_FEATURES:
        return Taken.INVALID
    if not all(0 <= place < base.size and math.isfinite(v) and abs(v) <= 64 for place, v in f.features.items()):
        return Taken.INVALID
    who = hashlib.sha256(f"{f.brand}\0{f.mention}\0{f.labeller}".encode()).hexdigest()[:16]
    if who in state.known:
        return Taken.REPEATED
    brand = state.brands.setdefault(f.brand, BrandState())
    if f.labeller in brand.barred:
        return Taken.BARRED
    given = brand.by_labeller.get(f.labeller, 0)
    others = sum(brand.by_labeller.values()) - given
    if given >= max(ALONE if not others else 0, SHARE * 2 * max(others, ALONE / 4)):
        return Taken.OVER_SHARE
    state.known[who] = None
    if len(state.known) > REMEMBERED:
        del state.known[next(iter(state.known))]
    brand.by_labeller[f.labeller] = given + 1
    brand.seen += 1

    z = base.log_odds(f.features)
    k = CLASSES.index(f.label)
    p = _softmax(z)
    corrected = brand.correction.add(z, f.features) if brand.correction.active else z
    for score in (brand.score, state.languages.setdefault(f.lang, Score())):
        score.n += 1
        score.shared_right += z.index(max(z)) == k
        score.right += corrected.index(max(corrected)) == k
    sure = brand.sure.setdefault(f.labeller, [0, 0])
    if max(p[0], p[2]) >= SURE and k != 1:
        sure[0] += 1
        sure[1] += (p[0] > p[2]) != (k == 0)
        if sure[0] >= SURE_POSTS and sure[1] > CONTRARY * sure[0]:
            _bar(brand, f.labeller)
            return Taken.BARRED

    if brand.seen % HOLD_BACK == 0:
        _keep(brand, f, k, z)
        _check(brand, base)
        return Taken.KEPT
    brand.correction.learn(z, f.features, k)
    return Taken.LEARNT


def _keep(brand: BrandState, f: Feedback, k: int, z: list[float]) -> None:
    """Keep a label to judge with; the oldest goes first, one person's own oldest where they fill half the bench."""
    mine = [i for i, (labeller, *_) in enumerate(brand.judges) if labeller == f.labeller]
    if len(brand.by_labeller) > 1 and len(mine) >= JUDGES // 2:
        del brand.judges[mine[0]]
    brand.judges.append((f.labeller, k, f.features, z))
    del brand.judges[:-JUDGES]


def _check(brand: BrandState, base: Base) -> None:
    """Roll the correction back where it does worse than none, on the kept labels or on the plain sentences."""
    if not brand.correction.active:
        return
    gain = 0.0
    for _, k, x, z in brand.judges:
        gain += math.log(_softmax(brand.correction.add(z, x))[k]) - math.log(_softmax(z)[k])
    worse = len(brand.judges) >= MIN_JUDGES and gain / len(brand.judges) < -WORSE
    if not worse and turned(brand.correction, base) <= TURNED:
        return
    brand.correction = Correction()
    brand.rolled_back += 1
    suspects = {who: wrong / n for who, (n, wrong) in brand.sure.items() if n >= 5 and wrong / n > 0.5}
    if suspects:
        _bar(brand, max(sorted(suspects), key=lambda who: suspects[who]))


def _bar(brand: BrandState, labeller: str) -> None:
    """Listen to a labeller no longer; forget what the brand learnt where much of it is theirs."""
    brand.barred.append(labeller)
    brand.judges = [j for j in brand.judges if j[0] != labeller]
    if brand.by_labeller[labeller] > OWED * brand.seen and brand.correction.learnt:
        brand.correction = Correction()
        brand.rolled_back += 1


def turned(correction: Correction, base: Base) -> int:
    """Return how many plain sentences a correction turns to the other sign."""
    count = 0
    for x, z, negative in _plain(base):
        after = correction.add(z, x)
        count += (z[0] > z[2]) == negative and (after[0] > after[2]) != negative
    return count


Plain = list[tuple[dict[int, float], list[float], bool]]
_PLAIN_OF: dict[str, Plain] = {}


def _plain(base: Base) -> Plain:
    """Return (features, shared log-odds, is negative) of the plain sentences, computed once per model."""
    found = _PLAIN_OF.get(base.warm)
    if found is None:
        features = [
            (base.features(text, "en" if i < ENGLISH else "fr"), sign == "negative")
            for sign, texts in PLAIN.items()
            for i, text in enumerate(texts)
        ]
        found = _PLAIN_OF[base.warm] = [(x, base.log_odds(x), negative) for x, negative in features]
    return found


def _softmax(z: Sequence[float]) -> list[float]:
    top = max(z)
    e = [math.exp(v - top) for v in z]
    total = sum(e)
    return [max(v / total, 1e-9) for v in e]


@dataclass(slots=True)
class Suggestion:
    """A post whose label would help, and why."""

    index: int
    gain: float
    parts: dict[str, float] = field(default_factory=dict)


def suggest(
    negative: Sequence[int], positive: Sequence[int], features: Sequence[Mapping[int, float]], n: int = 20
) -> list[Suggestion]:
    """Return the `n` posts whose labels would help most: the model is unsure, and they resemble many others.

    Entropy of the three probabilities (uncertainty sampling, Lewis & Gale 1994) times how common the post's words are
    among all posts offered (density, Settles & Craven 2008); each choice lowers the worth of posts that share its words.

    Args:
        negative: P(negative) per post, in 1/10,000; likewise `positive`.
        features: hashed features per post.
        n: how many to choose.
    """
    common: dict[int, int] = {}
    for x in features:
        for place in x:
            common[place] = common.get(place, 0) + 1
    taken: dict[int, int] = {}
    base: list[tuple[float, float]] = []
    for i, x in enumerate(features):
        p = [negative[i] / 1e4, 1 - (negative[i] + positive[i]) / 1e4, positive[i] / 1e4]
        entropy = -sum(v * math.log(v) for v in p if v > 0) / math.log(3)
        density = sum(math.log1p(common[place]) for place in x) / max(len(x), 1)
        base.append((entropy, density / math.log1p(len(features))))
    left = list(range(len(features)))
    out: list[Suggestion] = []
    while left and len(out) < n:

        def worth(i: int) -> float:
            x = features[i]
            seen = sum(1 for place in x if place in taken) / max(len(x), 1)
            return base[i][0] * (0.5 + base[i][1]) * (1 - 0.7 * seen)

        best = max(left, key=lambda i: (worth(i), -i))
        gain = worth(best)
        out.append(
            Suggestion(best, round(gain, 4), {"unsure": round(base[best][0], 3), "common": round(base[best][1], 3)})
        )
        left.remove(best)
        for place in features[best]:
            taken[place] = taken.get(place, 0) + 1
    return out


__all__ = ["PLAIN", "RATE", "Feedback", "FeedbackState", "Taken", "fold", "suggest", "turned"]
