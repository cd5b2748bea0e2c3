"""Learning from people: a fold over the `feedback` topic, the same on every worker, that no labeller can wreck.

    state = fold(state, feedback, base)

Every worker reads the whole one-partition topic, so equal prefixes give equal states; `digest` proves it. A brand's
labels teach a correction of its own, added to the shared model's log-odds; the shared model itself stays as shipped:
what "sick" means to a skate shop is not news to a clinic. What keeps a correction sound:

- **share**: one labeller gives at most `ALONE` labels, or as many as all others together;
- **latest**: of a person's labels of a post the latest counts, as if it had been the first; one can be withdrawn;
- **hold-back**: every fifth label is not learnt but kept to judge with;
- **plain sentences**: forty that no brand's habits turn round ("worst service ever") must keep their sign;
- **labellers**: whose labels say nothing about the posts, or the opposite, is not listened to for that brand again
  (`detectors.text.labellers`); an analyst should confirm some right answers too, not only mend wrong ones;
- **trust**: one person moves the share of a class a little, two people who agree as far as both go (`detectors.text.trust`);
- **roll-back**: what such a labeller taught is taken out again; a correction that fails a check starts afresh.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.text import trigger_learning
from detectors.text.correction import Base, Columns, Correction
from detectors.text.features import PLACES
from detectors.text.feedback_state import (
    RULES,
    WITHDRAWN_LABEL,
    BrandState,
    Feedback,
    FeedbackState,
    Lesson,
    Score,
    Taken,
    TriggerLesson,
    unpacked,
)
from detectors.text.labellers import Said, cell, contrary, unfit
from detectors.text.plain import turned
from detectors.text.softmax import CLASSES
from detectors.text.trust import tilt, witnessed

ALONE: Final = 300
"""Labels of a brand that one person may give whatever others do: a team of one is normal."""
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
LESSONS: Final = 400
"""Labels of a brand that are kept (about 700 bytes each), the latest, so that one can be taken out again."""
OWED: Final = 0.2
"""Of a brand with more labels, the part from a barred labeller from which also what the older ones taught is forgotten."""
BOUND_EVERY: Final = 20
"""Labels of a brand after which the classes' shares are held within bounds again,"""
BOUND_BY: Final = 100
"""judged by the posts of so many of its latest labels, whatever these say,"""
COMMON: Final = 0.25
"""and without the words and pairs of words that more than this part of them has."""
REMEMBERED: Final = 20_000
"""(post, labeller) pairs remembered to tell repeats and corrections."""
MAX_FEATURES: Final = 2_000
"""Features that one label may carry: a post of 400 tokens has fewer."""
MOST_VALUE: Final = 64.0
"""How far from nought a feature's value may lie."""
LEAST: Final = 1e-9
"""The least probability of a class."""
MAX_NAME: Final = 256
"""Characters of a brand, a labeller or a language; a mention's id may have eight times as many."""
MAX_LABELLERS: Final = 1_000
"""Labellers of a brand, and brands: the state of a topic that anybody may write to stays bounded."""


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


def said_by(state: FeedbackState, brand: str, mention: str, labeller: str) -> str:
    """Return what a person's label of a post says now; empty where there is none, or one long ago."""
    found = state.known.get(identity(brand, mention, labeller))
    return CLASSES[found[0]] if found else ""


def _take(state: FeedbackState, f: Feedback, base: Base) -> Taken:
    if max(len(f.brand), len(f.labeller), len(f.lang), len(f.mention) // 8) > MAX_NAME:
        return Taken.INVALID
    if f.label == WITHDRAWN_LABEL:
        return _withdraw(state, f)
    if f.label not in CLASSES or not f.features or len(f.features) > MAX_FEATURES:
        return Taken.INVALID
    if f.layout is not None and f.layout != layout_of(base):
        return Taken.OTHER_MODEL
    if min(f.features) < 0 or max(f.features) >= base.size:
        return Taken.INVALID
    if not all(map(math.isfinite, f.features.values())) or max(map(abs, f.features.values())) > MOST_VALUE:
        return Taken.INVALID
    who, k = identity(f.brand, f.mention, f.labeller), CLASSES.index(f.label)
    before = state.known.get(who)
    if before is not None and before[0] == k:
        return Taken.REPEATED
    brand = state.brands.get(f.brand)
    if brand is None:
        if len(state.brands) >= MAX_LABELLERS:
            return Taken.CROWDED
        brand = state.brands[f.brand] = BrandState()
    if f.labeller in brand.barred:
        return Taken.BARRED
    given = brand.by_labeller.get(f.labeller, 0)
    if not given and f.labeller not in brand.by_labeller and len(brand.by_labeller) >= MAX_LABELLERS:
        return Taken.CROWDED
    if before is None and given >= max(ALONE, sum(brand.by_labeller.values()) - given):
        return Taken.OVER_SHARE

    z = base.log_odds(f.features)
    p = _softmax(z)
    lesson = Lesson(who, f.labeller, k, z, msgspec.msgpack.encode(f.features))
    if before is not None:
        _uncount(brand, f.labeller, before, p)
    _count(state, brand, lesson, p)
    if unfit(brand.said[f.labeller]):
        _bar(brand, f.labeller)
        return Taken.BARRED
    if before is not None:
        if not _replace(brand, who, lesson):
            _learn(brand, lesson)
        return Taken.CORRECTED
    brand.seen += 1
    correction = brand.relearnt()
    corrected = correction.add(z, f.features) if correction.active else z
    score = brand.languages.setdefault(f.lang, Score())
    score.n += 1
    score.shared_right += z.index(max(z)) == k
    score.right += corrected.index(max(corrected)) == k
    if brand.seen % HOLD_BACK == 0:
        _keep(brand, lesson)
        _check(brand, base)
        taken = Taken.KEPT
    else:
        _learn(brand, lesson)
        taken = Taken.LEARNT
    if brand.seen % BOUND_EVERY == 0:
        _bound(brand)
    return taken


def _withdraw(state: FeedbackState, f: Feedback) -> Taken:
    """Take a person's label of a post back, as if it had never been given."""
    who = identity(f.brand, f.mention, f.labeller)
    before, brand = state.known.get(who), state.brands.get(f.brand)
    if before is None or brand is None:
        return Taken.NOTHING
    if f.labeller in brand.barred:
        return Taken.BARRED
    lesson = next((one for one in (*brand.lessons, *brand.judges) if one.who == who), None)
    if lesson is None:
        return Taken.TOO_OLD
    del state.known[who]
    _uncount(brand, f.labeller, before, _softmax(lesson.z))
    _replace(brand, who, None)
    return Taken.WITHDRAWN


def _count(state: FeedbackState, brand: BrandState, lesson: Lesson, p: Sequence[float]) -> None:
    labeller, k = lesson.labeller, lesson.label
    at = cell(p, k)
    state.known.pop(lesson.who, None)
    state.known[lesson.who] = [k, at]
    if len(state.known) > REMEMBERED:
        del state.known[next(iter(state.known))]
    brand.by_labeller[labeller] = brand.by_labeller.get(labeller, 0) + 1
    brand.said.setdefault(labeller, Said()).add(at)
    errors = brand.errors.setdefault(labeller, [0.0] * 4)
    errors[0] += 1
    for i in range(3):
        errors[1 + i] += (i == k) - p[i]


def _uncount(brand: BrandState, labeller: str, before: Sequence[int], p: Sequence[float]) -> None:
    k, at = before
    brand.by_labeller[labeller] -= 1
    brand.said[labeller].take_back(at)
    errors = brand.errors[labeller]
    errors[0] -= 1
    for i in range(3):
        errors[1 + i] -= (i == k) - p[i]


def _replace(brand: BrandState, who: str, lesson: Lesson | None) -> bool:
    """Put `lesson` in the place of the one called `who`, or take that out; return whether it was still there."""
    for kept in (brand.lessons, brand.judges):
        for i, one in enumerate(kept):
            if one.who == who:
                kept[i : i + 1] = [] if lesson is None else [lesson]
                brand.stale = brand.stale or kept is brand.lessons
                return True
    return False


def _learn(brand: BrandState, lesson: Lesson) -> None:
    """Learn a label; the oldest that is kept gives way, and is learnt for good."""
    brand.relearnt().learn(lesson.z, unpacked(lesson.features), lesson.label)
    brand.lessons.append(lesson)
    while len(brand.lessons) > LESSONS:
        oldest = brand.lessons.pop(0)
        brand.settled.learn(oldest.z, unpacked(oldest.features), oldest.label)


def _keep(brand: BrandState, lesson: Lesson) -> None:
    """Keep a label to judge with; the oldest goes first, one person's own oldest where they fill half the bench."""
    mine = [i for i, one in enumerate(brand.judges) if one.labeller == lesson.labeller]
    if len(brand.by_labeller) > 1 and len(mine) >= JUDGES // 2:
        del brand.judges[mine[0]]
    brand.judges.append(lesson)
    del brand.judges[:-JUDGES]


def _bound(brand: BrandState) -> None:
    """Hold the shares of the classes within what one person, or two who agree, may move.

    Words that many of the posts share do not count: they are what the posts were chosen by, and what labels of them are
    there to teach. What is measured is how the rest of a post fares, and so any post.
    """
    correction = brand.relearnt()
    posts = [(one.z, unpacked(one.features)) for one in (*brand.judges, *brand.lessons)[-BOUND_BY:]]
    if not posts or not correction.active:
        return
    rest = correction.untilted(posts, _common([x for _, x in posts]))
    correction.tilt = tilt(np.array([z for z, _ in posts]), np.array(rest), *witnessed(brand.errors))


def _common(posts: Sequence[Columns]) -> npt.NDArray[np.int64]:
    """Return the places of words, and of pairs of words, that more than `COMMON` of the posts have."""
    places = np.sort(np.concatenate([x.places for x in posts]))
    n = int(COMMON * len(posts))
    return np.unique(places[n:][(places[n:] == places[: len(places) - n]) & (places[n:] < PLACES)])


def _check(brand: BrandState, base: Base) -> None:
    """Roll the correction back where it does worse than none, on the kept labels or on the plain sentences."""
    if not brand.relearnt().active or _sound(brand, base):
        return
    suspects = {who: share for who, said in brand.said.items() if (share := contrary(said)) is not None and share > 0.5}
    if suspects:
        _bar(brand, max(sorted(suspects), key=lambda who: suspects[who]))
        if _sound(brand, base):
            return
    _begin_anew(brand)


def _begin_anew(brand: BrandState) -> None:
    brand.correction, brand.settled, brand.lessons, brand.stale = Correction(), Correction(), [], False
    brand.rolled_back += 1


def _sound(brand: BrandState, base: Base) -> bool:
    return not _worse(brand) and turned(brand.relearnt(), base) <= TURNED


def _worse(brand: BrandState) -> bool:
    """Whether the correction does worse than none on the kept labels, by more than a dozen of them do by chance."""
    n = len(brand.judges)
    if n < MIN_JUDGES:
        return False
    after = brand.relearnt().add_each([(one.z, unpacked(one.features)) for one in brand.judges])
    gains = [_log(z, one.label) - _log(one.z, one.label) for one, z in zip(brand.judges, after, strict=True)]
    mean = sum(gains) / n
    spread = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / (n - 1))
    return mean < -WORSE and mean * math.sqrt(n) < -CERTAIN * spread


def _bar(brand: BrandState, labeller: str) -> None:
    """Listen to a labeller no longer; what the brand had learnt from them is taken out again.

    What the labels taught that are no longer kept is forgotten where much of the whole is the labeller's.
    """
    brand.barred.append(labeller)
    brand.errors.pop(labeller, None)
    brand.judges = [one for one in brand.judges if one.labeller != labeller]
    if brand.settled.learnt and brand.by_labeller[labeller] > OWED * brand.seen:
        brand.settled = Correction()
    brand.lessons = [one for one in brand.lessons if one.labeller != labeller]
    brand.stale = True
    brand.rolled_back += 1
    _bound(brand)


def _log(z: Sequence[float], k: int) -> float:
    """Return the logarithm of class `k`'s probability."""
    top = max(z)
    a, b, c = math.exp(z[0] - top), math.exp(z[1] - top), math.exp(z[2] - top)
    return math.log(max((a, b, c)[k] / (a + b + c), LEAST))


def _softmax(z: Sequence[float]) -> list[float]:
    top = max(z)
    e = [math.exp(v - top) for v in z]
    total = sum(e)
    return [max(v / total, LEAST) for v in e]


__all__ = [
    "RULES",
    "WITHDRAWN_LABEL",
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
    "said_by",
]
