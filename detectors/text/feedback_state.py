"""What labels did to each brand, as data: `detectors.text.feedback` folds the topic into it, snapshots hold its bytes."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from detectors.text.correction import Columns, Correction, Stored, columns
from detectors.text.labellers import Said

RULES: Final = 5
"""Grows with each change after which the same labels give another state: a snapshot by other rules is not taken up."""


class Taken(StrEnum):
    """What became of a label; a metric label and a line on the page."""

    LEARNT = "learnt"
    KEPT = "kept to judge"
    OVER_SHARE = "over the labeller's share"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    NOTHING = "nothing to withdraw"
    TOO_OLD = "too old to take back"
    REPEATED = "labelled by this person before"
    BARRED = "labeller no longer listened to for this brand"
    INVALID = "unknown label or features"
    OTHER_MODEL = "features of another version of the model"
    CROWDED = "too many brands or labellers"
    UNREADABLE = "unreadable"
    OTHER_FIELD = "other field"


WITHDRAWN_LABEL: Final = "withdrawn"
"""What a label says that takes the person's earlier one back."""


class Feedback(msgspec.Struct, frozen=True):
    """A label: `mention` of `brand` is `label`, says `labeller`; `features` are those of `TextModel.features`.

    A person's latest label of a post counts; `WITHDRAWN_LABEL` (without features) takes it back.
    """

    mention: str
    brand: str
    label: str
    labeller: str
    features: dict[int, float]
    lang: str = "und"
    layout: str | None = None
    """`layout_of` the model that made the features, where the label tells it."""


class Score(msgspec.Struct):
    """Prequential accuracy: each label foretold before it was learnt, without and with the brand's correction."""

    n: int = 0
    shared_right: int = 0
    right: int = 0


class Lesson(msgspec.Struct, array_like=True, frozen=True):
    """A label that is kept so that it can be taken out again, or to judge with."""

    who: str
    """`identity` of the label."""
    labeller: str
    label: int
    z: list[float]
    """The shared model's log-odds."""
    features: bytes
    """msgpack of the hashed features."""


class BrandState(msgspec.Struct):
    """What one brand's labels did."""

    correction: Correction = msgspec.field(default_factory=Correction)
    """What `settled` and then `lessons` teach."""
    settled: Correction = msgspec.field(default_factory=Correction)
    """What the labels before `lessons` taught: they are no longer kept."""
    stale: bool = False
    """`correction` is to be learnt anew, for a lesson was changed (`relearnt`)."""
    seen: int = 0
    by_labeller: dict[str, int] = msgspec.field(default_factory=dict)
    said: dict[str, Said] = msgspec.field(default_factory=dict)
    """Labeller → what was said of posts that the shared model is sure of."""
    errors: dict[str, list[float]] = msgspec.field(default_factory=dict)
    """Labeller → [labels, and for each class the sum of (label is the class - P(class) of the shared model)]."""
    judges: list[Lesson] = msgspec.field(default_factory=list)
    """Labels kept to judge with, the latest last."""
    lessons: list[Lesson] = msgspec.field(default_factory=list)
    """What the correction learnt, the latest last."""
    barred: list[str] = msgspec.field(default_factory=list)
    rolled_back: int = 0
    languages: dict[str, Score] = msgspec.field(default_factory=dict)
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    """What became of the brand's labels."""

    def relearnt(self) -> Correction:
        """Return the correction, learnt anew from the lessons where one of them was changed since.

        Put off until it is wanted: however many labels are changed in a row, it is done once.
        """
        if self.stale:
            fresh = self.settled.copy()
            fresh.tilt = self.correction.tilt
            for lesson in self.lessons:
                fresh.learn(lesson.z, unpacked(lesson.features), lesson.label)
            self.correction, self.stale = fresh, False
        return self.correction

    @property
    def score(self) -> Score:
        """The languages' scores added up."""
        total = Score()
        for one in self.languages.values():
            total.n += one.n
            total.shared_right += one.shared_right
            total.right += one.right
        return total


class TriggerLesson(msgspec.Struct, frozen=True):
    """A label: `incident` of `brand`, whose alerts had `terms`, is about `trigger`, says `labeller`.

    `WITHDRAWN_LABEL` as `trigger` (without terms) takes an earlier one back.
    """

    incident: str
    brand: str
    trigger: str
    labeller: str
    terms: dict[str, float]


class TriggerState(msgspec.Struct):
    """What people said incidents were about (`detectors.text.trigger_learning`)."""

    lessons: list[TriggerLesson] = msgspec.field(default_factory=list)
    by_labeller: dict[str, int] = msgspec.field(default_factory=dict)
    judged: int = 0
    """Incidents that were labelled, each judged before the label was learnt."""
    words_right: int = 0
    learnt_right: int = 0
    recent: list[tuple[bool, bool, str]] = msgspec.field(default_factory=list)
    """(right by words alone, right with what other people had taught, whose label) of the last labels."""
    rolled_back: int = 0


@lru_cache(maxsize=8_192)
def unpacked(features: bytes) -> Columns:
    """Return the features of a lesson; those of lessons at work are remembered (a kilobyte each)."""
    return columns(_unpack(features))


_unpack: Final = msgspec.msgpack.Decoder(dict[int, float]).decode


class FeedbackState(msgspec.Struct):
    """All that the feedback topic taught, up to an offset that the caller keeps beside it."""

    brands: dict[str, BrandState] = msgspec.field(default_factory=dict)
    known: dict[str, list[int]] = msgspec.field(default_factory=dict)
    """`identity` of a label → [class, cell it was counted in], the latest `REMEMBERED`."""
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    read: int = 0
    """Records taken, whatever became of them."""
    last: str = ""
    rules: int = RULES
    base: str = ""
    """Digest of the shared model as shipped, which the corrections are corrections of."""
    triggers: TriggerState = msgspec.field(default_factory=TriggerState)

    def corrections(self) -> dict[str, Correction]:
        """Return the corrections that have learnt enough to be used."""
        return {name: brand.correction for name, brand in self.brands.items() if brand.relearnt().active}

    def to_bytes(self) -> bytes:
        """Return the state for a snapshot; equal states give equal bytes."""
        for brand in self.brands.values():
            brand.relearnt()
        return msgspec.msgpack.encode(self, enc_hook=_stored)

    @classmethod
    def from_bytes(cls, data: bytes) -> FeedbackState:
        """Return the state that `to_bytes` wrote. Raises `ValueError`."""
        try:
            return msgspec.msgpack.decode(data, type=cls, dec_hook=_taken_up)
        except msgspec.MsgspecError as e:
            raise ValueError(f"feedback snapshot cannot be read ({e}); the topic is read anew") from None

    @property
    def digest(self) -> str:
        """A short digest: equal on workers that read the same labels; a difference is an alert."""
        return hashlib.sha256(self.to_bytes()).hexdigest()[:12]


def _stored(what: object) -> Stored:
    if isinstance(what, Correction):
        return what.stored()
    raise TypeError(f"{type(what).__name__} has no place in a snapshot")


def _taken_up(kind: type, data: object) -> object:
    if kind is Correction:
        return Correction(msgspec.convert(data, Stored))
    raise TypeError(f"{kind.__name__} has no place in a snapshot")
