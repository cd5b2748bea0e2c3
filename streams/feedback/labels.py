"""Labels as they travel: what a record of `feedback` says, and how one is made for a post."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from detectors.text.dictionary import dictionary
from detectors.text.feedback import WITHDRAWN_LABEL, Taken, TriggerLesson, layout_of
from detectors.text.feedback import Feedback as Lesson
from detectors.text.model import TextModel
from detectors.text.triggers import TRIGGERS
from schemas import topics
from schemas.events import Feedback, encode
from schemas.mention import MALFORMED
from streams.engine.records import Write

LABELS: Final = ("negative", "neutral", "positive")
UNKNOWN: Final = "und"

_decode = msgspec.json.Decoder(Feedback).decode
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class NoLessonError(ValueError):
    """A record from which nothing can be learnt; `taken` says of which kind it is."""

    def __init__(self, taken: Taken, detail: str) -> None:
        super().__init__(detail)
        self.taken = taken


def lesson(value: bytes | None) -> Lesson | TriggerLesson | None:
    """Return what a record of `feedback` teaches about sentiment or triggers; None where it is about something else.

    Raises NoLessonError.
    """
    try:
        event = _decode(value or b"")
    except MALFORMED as error:
        raise NoLessonError(Taken.UNREADABLE, str(error)) from None
    if event.field == "trigger":
        return _about(event)
    if event.field != "sentiment":
        return None
    if event.brand is None:
        raise NoLessonError(Taken.UNREADABLE, "brand: missing; a label of sentiment teaches a brand's own correction")
    if event.value == WITHDRAWN_LABEL:
        return Lesson(event.mention_id, event.brand, event.value, event.author, {})
    if event.value not in LABELS:
        raise NoLessonError(
            Taken.INVALID, f"value: {event.value[:100]!r} must be one of {', '.join((*LABELS, WITHDRAWN_LABEL))}"
        )
    if not event.features:
        raise NoLessonError(
            Taken.INVALID, "features: missing; make them with detectors.text.model.TextModel.features, or send the label "
            "with `tocsin feedback`",
        )  # fmt: skip
    try:
        features = {int(place): value for place, value in event.features.items()}
    except ValueError as error:
        raise NoLessonError(Taken.UNREADABLE, f"features: {error}") from None
    return Lesson(
        event.mention_id, event.brand, event.value, event.author, features, language_of(event.lang), event.layout
    )


def _about(event: Feedback) -> TriggerLesson:
    if event.brand is None:
        raise NoLessonError(Taken.UNREADABLE, "brand: missing; say whose incident it is about")
    if event.value == WITHDRAWN_LABEL:
        return TriggerLesson(event.mention_id, event.brand, event.value, event.author, {})
    if event.value not in TRIGGERS:
        raise NoLessonError(
            Taken.INVALID, f"value: {event.value[:100]!r} must be one of {', '.join((*TRIGGERS, WITHDRAWN_LABEL))}"
        )
    if not event.terms:
        raise NoLessonError(
            Taken.INVALID, "terms: missing; take those of the incident's drivers, or send the label with `tocsin feedback`"
        )  # fmt: skip
    return TriggerLesson(event.mention_id, event.brand, event.value, event.author, event.terms)


def language_of(tag: str | None) -> str:
    """Return `fr` for `fr-CA`; `und` for what is no language tag: languages are counted, and few."""
    head = (tag or "").lower().partition("-")[0]
    return head if _LANGUAGE.fullmatch(head) else UNKNOWN


def record(
    model: TextModel, mention: str, brand: str, label: str, author: str, text: str, lang: str | None, at: datetime,
    words: Mapping[str, float] | None = None,
) -> Write:  # fmt: skip
    """Return the record that tells every worker that `mention` is `label`: the post's hashed features, not its text.

    Args:
        words: the brand's own dictionary. A post is learnt from as it is scored, with these phrases replaced.

    Raises ValueError for a text that has nothing to learn from.
    """
    if not text.strip():
        raise ValueError("the post has no text: there is nothing to learn from")
    if words:
        text = dictionary(words).replaced(text)
    found = lang or model.score([text], [None]).lang[0]
    features = {str(place): value for place, value in model.features(text, lang).items()}
    return _write(
        Feedback(
            str(uuid.uuid4()),
            mention,
            "sentiment",
            label,
            author,
            at,
            brand,
            language_of(found),
            features,
            layout_of(model),
        )
    )


def withdrawal(mention: str, brand: str, author: str, at: datetime) -> Write:
    """Return the record that takes a person's label of a post back."""
    return _write(Feedback(str(uuid.uuid4()), mention, "sentiment", WITHDRAWN_LABEL, author, at, brand))


def _write(event: Feedback) -> Write:
    return Write(topics.FEEDBACK.name, event.mention_id.encode(), encode(event), 0)
