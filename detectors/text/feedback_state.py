"""What labels did to each brand, as data: `detectors.text.feedback` folds the topic into it, snapshots hold its bytes."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Final

import msgspec

from detectors.text.correction import Correction

RULES: Final = 3
"""Grows with each change after which the same labels give another state: a snapshot by other rules is not taken up."""


class Taken(StrEnum):
    """What became of a label; a metric label and a line on the page."""

    LEARNT = "learnt"
    KEPT = "kept to judge"
    OVER_SHARE = "over the labeller's share"
    REPEATED = "labelled by this person before"
    BARRED = "labeller no longer listened to for this brand"
    INVALID = "unknown label or features"
    OTHER_MODEL = "features of another version of the model"
    CROWDED = "too many brands or labellers"
    UNREADABLE = "unreadable"
    OTHER_FIELD = "other field"


class Feedback(msgspec.Struct, frozen=True):
    """A label: `mention` of `brand` is `label`, says `labeller`; `features` are those of `TextModel.features`."""

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


class BrandState(msgspec.Struct):
    """What one brand's labels did."""

    correction: Correction = msgspec.field(default_factory=Correction)
    seen: int = 0
    by_labeller: dict[str, int] = msgspec.field(default_factory=dict)
    sure: dict[str, list[int]] = msgspec.field(default_factory=dict)
    """Labeller → [posts the shared model was sure of, labels that said the opposite]."""
    unsure: dict[str, list[int]] = msgspec.field(default_factory=dict)
    """The same where it was a little less sure."""
    muted: dict[str, int] = msgspec.field(default_factory=dict)
    """Labeller → posts the shared model was sure of that were called neutral."""
    judges: list[tuple[str, int, dict[int, float], list[float]]] = msgspec.field(default_factory=list)
    """(labeller, class, features, the shared model's log-odds), the latest last."""
    lessons: list[tuple[str, int, bytes]] = msgspec.field(default_factory=list)
    """(labeller, class, features) of what the correction learnt, the latest last."""
    barred: list[str] = msgspec.field(default_factory=list)
    rolled_back: int = 0
    languages: dict[str, Score] = msgspec.field(default_factory=dict)
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    """What became of the brand's labels."""

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
    """A label: `incident` of `brand`, whose alerts had `terms`, is about `trigger`, says `labeller`."""

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
    recent: list[tuple[bool, bool]] = msgspec.field(default_factory=list)
    """(right by words alone, right with what other people had taught) of the last labels."""
    rolled_back: int = 0


class FeedbackState(msgspec.Struct):
    """All that the feedback topic taught, up to an offset that the caller keeps beside it."""

    brands: dict[str, BrandState] = msgspec.field(default_factory=dict)
    known: dict[str, None] = msgspec.field(default_factory=dict)
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
        return {name: brand.correction for name, brand in self.brands.items() if brand.correction.active}

    def to_bytes(self) -> bytes:
        """Return the state for a snapshot; equal states give equal bytes."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> FeedbackState:
        """Return the state that `to_bytes` wrote. Raises `ValueError`."""
        try:
            return msgspec.msgpack.decode(data, type=cls)
        except msgspec.MsgspecError as e:
            raise ValueError(f"feedback snapshot cannot be read ({e}); the topic is read anew") from None

    @property
    def digest(self) -> str:
        """A short digest: equal on workers that read the same labels; a difference is an alert."""
        return hashlib.sha256(self.to_bytes()).hexdigest()[:12]
