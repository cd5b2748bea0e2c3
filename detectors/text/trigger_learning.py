"""What people said incidents were about, and what that says of the next alert.

A fold over the labels, the same on every worker: `take(state, lesson)`. Labels of all brands teach together, for they
are few. River's `MultinomialNB` on log(1 + count) of the terms (Rennie et al. 2003) tells the triggers of earlier incidents
apart; how much it weighs against the taxonomy follows from how alike those incidents are (cosine of their terms), so
that a label changes alerts like the one it was given for, at once, and no others. What keeps it sound:

- **share**: one person gives at most `ALONE` labels, or half once others label too;
- **once**: a person has one say on an incident, the latest;
- **roll-back**: each label judges what the others had taught before it (nobody judges themselves); where that was right
  less often than the words alone, by `WORSE` of the last `RECENT`, all is begun afresh.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from detectors.text.feedback_state import Taken, TriggerLesson, TriggerState
from detectors.text.triggers import MOST_TERMS, TRIGGERS, Trigger, Verdict, plain, trigger_of

ALONE: Final = 60
"""Labels that one person may give while nobody else does."""
SHARE: Final = 0.5
"""Of all labels, what one person may give once others label too."""
LESSONS: Final = 400
"""Labels kept, the latest."""
RECENT: Final = 20
WORSE: Final = 5
LIKE: Final = 0.2
"""Cosine from which an earlier incident counts as similar."""
TRUSTED: Final = 1.0
"""Alike incidents (cosines added up) from which people weigh as much as the taxonomy."""
MOST: Final = 100
"""Terms of a label."""
LONGEST: Final = 256
"""Characters of a term, a name or an id."""
LABELLERS: Final = 1_000


def take(state: TriggerState, lesson: TriggerLesson) -> Taken:
    """Learn one label (`state` is changed) and return what became of it. Never raises for a bad one."""
    if not _sound(lesson):
        return Taken.INVALID
    given = state.by_labeller.get(lesson.labeller, 0)
    if not given and len(state.by_labeller) >= LABELLERS:
        return Taken.CROWDED
    others = sum(state.by_labeller.values()) - given
    if given >= max(ALONE if not others else 0, SHARE * 2 * max(others, ALONE / 4)):
        return Taken.OVER_SHARE
    state.by_labeller[lesson.labeller] = given + 1
    known = [i for i, one in enumerate(state.lessons) if _who(one) == _who(lesson)]
    if known:
        del state.lessons[known[0]]
    else:
        _judge(state, lesson)
    state.lessons.append(lesson)
    del state.lessons[:-LESSONS]
    return Taken.LEARNT


def _sound(lesson: TriggerLesson) -> bool:
    return (
        lesson.trigger in TRIGGERS
        and 0 < len(lesson.terms) <= MOST
        and max(map(len, (lesson.incident, lesson.brand, lesson.labeller, *lesson.terms))) <= LONGEST
        and all(0 < n <= 1e9 for n in lesson.terms.values())
    )


def _who(lesson: TriggerLesson) -> tuple[str, str, str]:
    return lesson.labeller, lesson.brand, lesson.incident


def _judge(state: TriggerState, lesson: TriggerLesson) -> None:
    """Hold the label against what would have been said without it; begin afresh where labels have done harm."""
    by_words = trigger_of(lesson.terms)
    right = by_words.trigger == lesson.trigger
    state.judged += 1
    state.words_right += right
    state.learnt_right += TriggerLearner(state.lessons).verdict(by_words, lesson.terms).trigger == lesson.trigger
    others = [one for one in state.lessons if one.labeller != lesson.labeller]
    if not others:
        return
    state.recent.append((right, TriggerLearner(others).verdict(by_words, lesson.terms).trigger == lesson.trigger))
    del state.recent[:-RECENT]
    if sum(words - learnt for words, learnt in state.recent) >= WORSE:
        state.lessons, state.recent = [], []
        state.rolled_back += 1


class TriggerLearner:
    """The lessons at work: corrects the taxonomy's verdict on an alert."""

    def __init__(self, lessons: Sequence[TriggerLesson] = ()) -> None:
        self._lessons = [(_bag(one.terms), cast("Trigger", one.trigger)) for one in lessons]
        self._model: Any = None
        if self._lessons:
            from river.naive_bayes import MultinomialNB  # brings scipy.stats along: over a second that few need

            self._model = cast("Any", MultinomialNB)(alpha=1.0)
            for bag, trigger in self._lessons:
                self._model.learn_one(bag, trigger)

    def verdict(self, found: Verdict, terms: Mapping[str, float]) -> Verdict:
        """Return `found`, the taxonomy's verdict on an alert with these terms, as people's labels change it."""
        bag = _bag(terms)
        alike = [(closeness, lesson, trigger) for lesson, trigger in self._lessons
                 if (closeness := _cosine(bag, lesson)) >= LIKE]  # fmt: skip
        if not alike:
            return found
        near = math.fsum(closeness for closeness, _, _ in alike)
        trust = near / (near + TRUSTED)
        told: dict[Trigger, float] = self._model.predict_proba_one(bag)
        told = {trigger: told.get(trigger, 0.0) for trigger in {trigger for _, _, trigger in alike}}
        whole = sum(told.values()) or 1.0
        share = {trigger: trust * told.get(trigger, 0.0) / whole for trigger in TRIGGERS}
        share[found.trigger] += (1 - trust) * found.confidence
        best = max(TRIGGERS, key=lambda trigger: share[trigger])
        said = [lesson for _, lesson, trigger in alike if trigger == best]
        if not said:
            return found._replace(confidence=round(share[best], 2))
        shared = sorted(((-weight, term) for term, weight in bag.items() if any(term in one for one in said)))
        return Verdict(best, round(share[best], 2), tuple(term for _, term in shared[:MOST_TERMS]), len(said))


def _bag(terms: Mapping[str, float]) -> dict[str, float]:
    bag: dict[str, float] = {}
    for term, n in terms.items():
        if n > 0:
            bag[plain(term)] = bag.get(plain(term), 0.0) + n
    return {term: math.log1p(n) for term, n in sorted(bag.items())}


def _cosine(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    dot = math.fsum(weight * b[term] for term, weight in a.items() if term in b)
    return dot / (_norm(a) * _norm(b)) if dot else 0.0


def _norm(bag: Mapping[str, float]) -> float:
    return math.sqrt(math.fsum(weight * weight for weight in bag.values()))
