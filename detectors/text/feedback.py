"""Learning from people: a fold over the `feedback` topic, the same on every worker, that no labeller can wreck.

    state = fold(state, feedback, base)

Every worker reads the whole one-partition topic, so equal prefixes give equal states; `digest` proves it. A brand's
labels teach a correction of its own, added to the shared model's log-odds; the shared model itself stays as shipped:
what "sick" means to a skate shop is not news to a clinic. What keeps a correction sound:

- **share**: one labeller gives at most `ALONE` labels, or half of a brand's labels once others label too;
- **once**: a person labels a post once; a repeat is refused;
- **hold-back**: every fifth label is not learnt but kept to judge with;
- **plain sentences**: forty that no brand's habits turn round ("worst service ever") must keep their sign;
- **contradiction**: who labels the opposite of what the shared model is sure of, or fairly sure of, most of the time, is
  not listened to for that brand again (so an analyst should confirm some right answers too, not only mend wrong ones);
  the same for who calls most of what it is sure of neutral;
- **roll-back**: what such a labeller taught is taken out again; a correction that fails a check starts afresh.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Final

import msgspec

from detectors.text import trigger_learning
from detectors.text.correction import Base, Correction
from detectors.text.feedback_state import RULES, BrandState, Feedback, FeedbackState, Score, Taken, TriggerLesson
from detectors.text.plain import turned
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
CERTAIN: Final = 2.0
"""Standard errors by which that mean must lie below nought: a dozen honest labels often look worse by chance."""
TURNED: Final = 3
"""Plain sentences of forty that may change sign: more is no dialect but a mistake."""
SURE: Final = 0.6
"""P(negative) or P(positive) of the shared model from which the opposite label counts as a contradiction; on airline
tweets, never seen, it then errs to the opposite side in 8 of 100."""
SURE_POSTS: Final = 12
"""Posts the model was sure of before a labeller is judged by them."""
CONTRARY: Final = 0.45
"""Share of contradictions from which a labeller is not listened to: who labels at random has half, honest people have had
3 to 11 of 100 on five sets."""
MUTED_POSTS: Final = 20
"""Posts the model was sure of before a labeller is judged by what was called neutral among them, too."""
MUTED: Final = 0.6
"""Share of such posts called neutral or the opposite from which a labeller is not listened to: a thousand labels "neutral" would
take a brand's negative sum away. On airline tweets honest people call 6 to 16 of 100 posts neutral that the model is sure of."""
UNSURE: Final = 0.45
"""The same below SURE: there honest people have had 17 to 36 of 100, who turns labels round only there 65 to 77."""
UNSURE_POSTS: Final = 30
UNSURE_CONTRARY: Final = 0.6
LESSONS: Final = 400
"""Labels of a brand that are kept (about 700 bytes each), the latest, so that one labeller's can be taken out again."""
OWED: Final = 0.2
"""Of a brand with more labels, the part from such a labeller from which only what is kept is learnt anew."""
REMEMBERED: Final = 20_000
"""(post, labeller) pairs remembered to refuse repeats."""
MAX_FEATURES: Final = 2_000
"""Features that one label may carry: a post of 400 tokens has fewer."""
MAX_NAME: Final = 256
"""Characters of a brand, a labeller or a language; a mention's id may have eight times as many."""
MAX_LABELLERS: Final = 1_000
"""Labellers of a brand, and brands: the state of a topic that anybody may write to stays bounded."""

_unpack: Final = msgspec.msgpack.Decoder(dict[int, float]).decode


def fold(state: FeedbackState, feedback: Feedback, base: Base) -> FeedbackState:
    """Return `state` after one label (the same object, changed). Never raises for a bad label: it is counted."""
    state.base = state.base or base.warm
    taken = _take(state, feedback, base)
    brand = state.brands.get(feedback.brand)
    if brand is not None:
        brand.outcomes[taken.value] = brand.outcomes.get(taken.value, 0) + 1
    return refuse(state, taken)


def fold_trigger(state: FeedbackState, lesson: TriggerLesson) -> FeedbackState:
    """Return `state` after one label of what an incident is about (the same object, changed). Never raises."""
    return refuse(state, trigger_learning.take(state.triggers, lesson))


def refuse(state: FeedbackState, taken: Taken) -> FeedbackState:
    """Return `state` after a record of which `taken` is all there is to say."""
    state.read += 1
    state.last = taken.value
    state.outcomes[taken.value] = state.outcomes.get(taken.value, 0) + 1
    return state


def layout_of(base: Base) -> str:
    """Return a digest of where a model's features lie: labels fit any model that has the same, and no other."""
    found = _LAYOUT_OF.get(base.warm)
    if found is None:
        places = [sorted(base.features(text, lang)) for lang, text in _PROBES]
        found = _LAYOUT_OF[base.warm] = hashlib.sha256(repr((base.size, places)).encode()).hexdigest()[:12]
    return found


_LAYOUT_OF: dict[str, str] = {}
_PROBES: Final = (
    ("en", "@Acme I don't LOVE the sooo late #parcel :( http://a.example!!"),
    ("fr", "Je n'aime pas l'été, c'est trop chaud… 😡"),
    ("es", "no me gusta nada"),
)


def identity(brand: str, mention: str, labeller: str) -> str:
    """Return what a person's label of a post is remembered by."""
    return hashlib.sha256(f"{brand}\0{mention}\0{labeller}".encode()).hexdigest()[:16]


def _take(state: FeedbackState, f: Feedback, base: Base) -> Taken:
    if f.label not in CLASSES or not f.features or len(f.features) > MAX_FEATURES:
        return Taken.INVALID
    if max(len(f.brand), len(f.labeller), len(f.lang), len(f.mention) // 8) > MAX_NAME:
        return Taken.INVALID
    if f.layout is not None and f.layout != layout_of(base):
        return Taken.OTHER_MODEL
    if not all(0 <= place < base.size and math.isfinite(v) and abs(v) <= 64 for place, v in f.features.items()):
        return Taken.INVALID
    who = identity(f.brand, f.mention, f.labeller)
    if who in state.known:
        return Taken.REPEATED
    brand = state.brands.get(f.brand)
    if brand is None:
        if len(state.brands) >= MAX_LABELLERS:
            return Taken.CROWDED
        brand = state.brands[f.brand] = BrandState()
    if f.labeller in brand.barred:
        return Taken.BARRED
    given = brand.by_labeller.get(f.labeller, 0)
    if not given and len(brand.by_labeller) >= MAX_LABELLERS:
        return Taken.CROWDED
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
    score = brand.languages.setdefault(f.lang, Score())
    score.n += 1
    score.shared_right += z.index(max(z)) == k
    score.right += corrected.index(max(corrected)) == k
    sure, unsure = brand.sure.setdefault(f.labeller, [0, 0]), brand.unsure.setdefault(f.labeller, [0, 0])
    likely = max(p[0], p[2])
    if likely >= UNSURE and k != 1:
        tally, posts, share = (
            (sure, SURE_POSTS, CONTRARY) if likely >= SURE else (unsure, UNSURE_POSTS, UNSURE_CONTRARY)
        )
        tally[0] += 1
        tally[1] += (p[0] > p[2]) != (k == 0)
        if tally[0] >= posts and tally[1] > share * tally[0]:
            _bar(brand, f.labeller, base)
            return Taken.BARRED

    if likely >= SURE and k == 1:
        brand.muted[f.labeller] = brand.muted.get(f.labeller, 0) + 1
    muted = brand.muted.get(f.labeller, 0)
    if muted and muted + sure[0] >= MUTED_POSTS and muted + sure[1] > MUTED * (muted + sure[0]):
        _bar(brand, f.labeller, base)
        return Taken.BARRED

    if brand.seen % HOLD_BACK == 0:
        _keep(brand, f, k, z)
        _check(brand, base)
        return Taken.KEPT
    brand.correction.learn(z, f.features, k)
    brand.lessons.append((f.labeller, k, msgspec.msgpack.encode(f.features)))
    del brand.lessons[:-LESSONS]
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
    if _sound(brand, base):
        return
    suspects = {who: wrong / n for who, (n, wrong) in brand.sure.items() if n >= 5 and wrong / n > 0.5}
    if suspects:
        _bar(brand, max(sorted(suspects), key=lambda who: suspects[who]), base)
        if _sound(brand, base):
            return
    brand.correction, brand.lessons = Correction(), []
    brand.rolled_back += 1


def _sound(brand: BrandState, base: Base) -> bool:
    return not _worse(brand) and turned(brand.correction, base) <= TURNED


def _worse(brand: BrandState) -> bool:
    """Whether the correction does worse than none on the kept labels, by more than a dozen of them do by chance."""
    n = len(brand.judges)
    if n < MIN_JUDGES:
        return False
    gains = [
        math.log(_softmax(brand.correction.add(z, x))[k]) - math.log(_softmax(z)[k]) for _, k, x, z in brand.judges
    ]
    mean = sum(gains) / n
    spread = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / (n - 1))
    return mean < -WORSE and mean * math.sqrt(n) < -CERTAIN * spread


def _bar(brand: BrandState, labeller: str, base: Base) -> None:
    """Listen to a labeller no longer; learn anew from the others what the brand had learnt.

    Of a brand with more lessons than are kept, that is done only where much of it is the labeller's.
    """
    brand.barred.append(labeller)
    brand.judges = [j for j in brand.judges if j[0] != labeller]
    whole = brand.correction.learnt <= len(brand.lessons)
    if whole or brand.by_labeller[labeller] > OWED * brand.seen:
        brand.lessons = [lesson for lesson in brand.lessons if lesson[0] != labeller]
        brand.correction = Correction()
        for _, k, packed in brand.lessons:
            x = _unpack(packed)
            brand.correction.learn(base.log_odds(x), x, k)
        brand.rolled_back += 1


def _softmax(z: Sequence[float]) -> list[float]:
    top = max(z)
    e = [math.exp(v - top) for v in z]
    total = sum(e)
    return [max(v / total, 1e-9) for v in e]


__all__ = [
    "RULES",
    "BrandState",
    "Feedback",
    "FeedbackState",
    "Score",
    "Taken",
    "TriggerLesson",
    "fold",
    "fold_trigger",
    "identity",
    "layout_of",
    "refuse",
]
