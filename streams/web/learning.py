"""What the page says about learning: labels taken and refused, and what they did to each brand's accuracy. Pure."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from detectors.text.feedback import BrandState, FeedbackState, Score, Taken

TAKEN = (Taken.LEARNT, Taken.KEPT, Taken.CORRECTED, Taken.WITHDRAWN)
"""What counts as taken; everything else was refused."""


class Learner(Protocol):
    """What follows the topic feedback."""

    state: FeedbackState
    offset: int


class Accuracy(Struct, frozen=True):
    """How many labels were foretold rightly before they were learnt."""

    language: str
    """Empty for all of them."""
    labels: int
    shared: float | None
    """Share foretold rightly by the model as shipped; None without labels."""
    corrected: float | None
    """The same with the brand's own correction."""

    @property
    def gain(self) -> float:
        """What the labels brought, as a difference of shares."""
        return (self.corrected or 0.0) - (self.shared or 0.0)


class BrandReport(Struct, frozen=True):
    """One brand's learning."""

    brand: str
    in_use: bool
    """Whether its correction has learnt enough to be used."""
    total: Accuracy
    languages: list[Accuracy]
    outcomes: dict[str, int]
    labellers: int
    barred: list[str]
    """Who is no longer listened to."""
    rolled_back: int


class Report(Struct, frozen=True):
    """All of it."""

    model: str
    offset: int
    digest: str
    taken: int
    refused: int
    outcomes: dict[str, int]
    brands: list[BrandReport]
    triggers: Accuracy
    """Labels of what incidents are about: `shared` by their words alone, `corrected` with what labels taught."""
    triggers_rolled_back: int


def report(learner: Learner) -> Report:
    """Return what is known now; brands with the most labels first."""
    state = learner.state
    taken = sum(state.outcomes.get(one.value, 0) for one in TAKEN)
    brands = [_brand(name, brand) for name, brand in state.brands.items()]
    brands.sort(key=lambda one: (-one.total.labels, one.brand))
    outcomes = dict(sorted(state.outcomes.items(), key=lambda item: (-item[1], item[0])))
    told = state.triggers
    return Report(
        state.base, learner.offset, state.digest, taken, sum(outcomes.values()) - taken, outcomes, brands,
        _accuracy("", Score(told.judged, told.words_right, told.learnt_right)), told.rolled_back,
    )  # fmt: skip


def _brand(name: str, brand: BrandState) -> BrandReport:
    languages = [_accuracy(lang, score) for lang, score in brand.languages.items()]
    languages.sort(key=lambda one: (-one.labels, one.language))
    labellers = sum(n > 0 for n in brand.by_labeller.values())
    return BrandReport(
        name, brand.relearnt().active, _accuracy("", brand.score), languages, dict(brand.outcomes), labellers,
        sorted(brand.barred), brand.rolled_back,
    )  # fmt: skip


def _accuracy(language: str, score: Score) -> Accuracy:
    if not score.n:
        return Accuracy(language, 0, None, None)
    return Accuracy(language, score.n, score.shared_right / score.n, score.right / score.n)
