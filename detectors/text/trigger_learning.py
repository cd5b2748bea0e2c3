"""What people said incidents were about, and what that says of the next alert.

A fold over the labels, the same on every worker: `take(state, lesson)`. Labels of all brands teach together, for they
are few. River's `MultinomialNB` on log(1 + count) of the terms (Rennie et al. 2003) tells the triggers of earlier incidents
apart; how much it weighs against the taxonomy follows from how alike those incidents are (cosine of their terms), so
that a label changes alerts like the one it was given for, at once, and no others. What keeps it sound:

- **share**: one person gives at most `ALONE` labels, or as many as all others together;
- **once**: a person has one say on an incident, the latest, and may take it back;
- **two people**: one person's labels change the alerts of the brand they are about; those of another brand change where
  two people said the same of incidents like it;
- **safety stays**: what the words say is about safety, and speaks of a grave matter, labels do not call something else;
- **roll-back**: each label judges what the others had taught before it (nobody judges themselves); where that was right
  less often than the words alone, by `WORSE` of the last `RECENT`, all is begun afresh. What several people taught it
  takes two people's labels to show wrong, so that one person cannot undo what the others agree on.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from detectors.text.feedback_state import WITHDRAWN_LABEL, Taken, TriggerLesson, TriggerState
from detectors.text.grave import kind
from detectors.text.triggers import MOST_TERMS, TRIGGERS, Trigger, Verdict, plain, trigger_of

ALONE: Final = 60
"""Labels that one person may give whatever others do."""
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


class Said(NamedTuple):
    """A lesson at work."""

    bag: dict[str, float]
    trigger: Trigger
    brand: str
    labeller: str


def take(state: TriggerState, lesson: TriggerLesson) -> Taken:
    """Learn one label (`state` is changed) and return what became of it. Never raises for a bad one."""
    if lesson.trigger == WITHDRAWN_LABEL:
        return _withdraw(state, lesson)
    if not _sound(lesson):
        return Taken.INVALID
    given = state.by_labeller.get(lesson.labeller, 0)
    if not given and len(state.by_labeller) >= LABELLERS:
        return Taken.CROWDED
    known = [i for i, one in enumerate(state.lessons) if _who(one) == _who(lesson)]
    if known:
        del state.lessons[known[0]]
    else:
        if given >= max(ALONE, sum(state.by_labeller.values()) - given):
            return Taken.OVER_SHARE
        state.by_labeller[lesson.labeller] = given + 1
        _judge(state, lesson)
    state.lessons.append(lesson)
    del state.lessons[:-LESSONS]
    return Taken.LEARNT


def _withdraw(state: TriggerState, lesson: TriggerLesson) -> Taken:
    """Take a person's label of an incident back; what it judged stays judged, and counts for nobody's share."""
    kept = [one for one in state.lessons if _who(one) != _who(lesson)]
    if len(kept) == len(state.lessons):
        return Taken.NOTHING
    state.lessons = kept
    state.by_labeller[lesson.labeller] -= 1
    return Taken.WITHDRAWN


def _sound(lesson: TriggerLesson) -> bool:
    return (
        lesson.trigger in TRIGGERS
        and 0 < len(lesson.terms) <= MOST
        and max(map(len, (lesson.incident, lesson.brand, lesson.labeller, *lesson.terms))) <= LONGEST
        and all(1 <= n <= 1e9 for n in lesson.terms.values())
    )


def _who(lesson: TriggerLesson) -> tuple[str, str, str]:
    return lesson.labeller, lesson.brand, lesson.incident


def _judge(state: TriggerState, lesson: TriggerLesson) -> None:
    """Hold the label against what would have been said without it; begin afresh where labels have done harm."""
    by_words = trigger_of(lesson.terms)
    right = by_words.trigger == lesson.trigger
    state.judged += 1
    state.words_right += right
    state.learnt_right += _said(state.lessons, by_words, lesson) == lesson.trigger
    others = [one for one in state.lessons if one.labeller != lesson.labeller]
    if not others:
        return
    state.recent.append((right, _said(others, by_words, lesson) == lesson.trigger, lesson.labeller))
    del state.recent[:-RECENT]
    harm: Counter[str] = Counter()
    for words, learnt, judge in state.recent:
        harm[judge] += words - learnt
    witnesses = sum(n > 0 for n in harm.values())
    if harm.total() >= WORSE and witnesses >= min(2, len({one.labeller for one in others})):
        state.lessons, state.recent = [], []
        state.rolled_back += 1


def _said(lessons: Sequence[TriggerLesson], by_words: Verdict, lesson: TriggerLesson) -> str:
    return TriggerLearner(lessons).verdict(by_words, lesson.terms, lesson.brand).trigger


class TriggerLearner:
    """The lessons at work: corrects the taxonomy's verdict on an alert."""

    def __init__(self, lessons: Sequence[TriggerLesson] = ()) -> None:
        self._lessons = [
            Said(_bag(one.terms), cast("Trigger", one.trigger), one.brand, one.labeller) for one in lessons
        ]
        self._model: Any = None
        if self._lessons:
            from river.naive_bayes import MultinomialNB  # brings scipy.stats along: over a second that few need

            self._model = cast("Any", MultinomialNB)(alpha=1.0)
            for one in self._lessons:
                self._model.learn_one(one.bag, one.trigger)

    def verdict(self, found: Verdict, terms: Mapping[str, float], brand: str, *, grave: bool = False) -> Verdict:
        """Return `found`, the taxonomy's verdict on an alert with these terms, as people's labels change it.

        Args:
            found: what the words alone say.
            terms: of the alert.
            brand: whose alert it is.
            grave: whether its posts are known to speak of a grave matter; a grave word among the terms says so, too.
        """
        if found.trigger == "safety" and (grave or any(kind(term.lower().lstrip("#")) for term in terms)):
            return found
        bag = _bag(terms)
        alike = [(closeness, one) for one in self._lessons if (closeness := _cosine(bag, one.bag)) >= LIKE]
        alike = _believed(alike, brand)
        if not alike:
            return found
        near = math.fsum(closeness for closeness, _ in alike)
        trust = near / (near + TRUSTED)
        told: dict[Trigger, float] = self._model.predict_proba_one(bag)
        told = {trigger: told.get(trigger, 0.0) for trigger in {one.trigger for _, one in alike}}
        whole = sum(told.values()) or 1.0
        share = {trigger: trust * told.get(trigger, 0.0) / whole for trigger in TRIGGERS}
        share[found.trigger] += (1 - trust) * found.confidence
        best = max(TRIGGERS, key=lambda trigger: share[trigger])
        said = [one.bag for _, one in alike if one.trigger == best]
        if not said:
            return found._replace(confidence=round(share[best], 2))
        shared = sorted(((-weight, term) for term, weight in bag.items() if any(term in one for one in said)))
        return Verdict(best, round(share[best], 2), tuple(term for _, term in shared[:MOST_TERMS]), len(said))


def _believed(alike: Sequence[tuple[float, Said]], brand: str) -> list[tuple[float, Said]]:
    """Return the lessons that count for `brand`: its own, and those of which two people say the same."""
    people: dict[str, set[str]] = {}
    for _, one in alike:
        people.setdefault(one.trigger, set()).add(one.labeller)
    return [(near, one) for near, one in alike if one.brand == brand or len(people[one.trigger]) > 1]


def _bag(terms: Mapping[str, float]) -> dict[str, float]:
    bag: dict[str, float] = {}
    for term, n in terms.items():
        if n > 0:
            bag[plain(term)] = bag.get(plain(term), 0.0) + n
    return {term: math.log1p(n) for term, n in sorted(bag.items())}


def _cosine(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    dot = math.fsum(weight * b[term] for term, weight in a.items() if term in b)
    size = _norm(a) * _norm(b)
    return dot / size if size else 0.0


def _norm(bag: Mapping[str, float]) -> float:
    return math.sqrt(math.fsum(weight * weight for weight in bag.values()))
