"""The lines of an incident's story and of who was told, in the visitor's language: the records are in English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.events import Alert, Notification, TimelineEntry, Vote
from streams.incidents.state import shortened
from streams.messages.phrases import clean
from streams.web.stories import Ringing, figures_of
from streams.web.words import Words

_OF_ALERTS: Final = frozenset({"opened", "alert joined", "alert resolved", "alert held back", "worse"})
"""Lines whose detail is an alert's reason."""
_OF_PEOPLE: Final = frozenset({"note", "escalated by hand"})
"""Lines whose detail somebody has written."""
_SAID_BY_PURPOSE: Final = frozenset(
    {"all_clear", "nobody_reached", "acknowledged", "reopened", "merged", "first_response"}
)
"""Steps that repeat the purpose or the reason beside them."""


@dataclass(frozen=True, slots=True)
class Why:
    """What stands behind a line."""

    text: str
    english: bool = False
    """It is the record's own English and must be marked as such."""


def detail_of(entry: TimelineEntry, ringing: Sequence[Ringing], words: Words, now: int) -> Why:
    """Return the detail of a line of the story; a reason whose alert is not known is left out on a page not in English."""
    detail, what = entry.detail, entry.what.partition(":")[0]
    if not detail or what in _OF_PEOPLE:
        return Why(detail)
    found = words.told(f"about: {detail}" if what == "about" else detail, now)
    if found is not None:
        return Why(found)
    if what not in _OF_ALERTS:
        return Why(detail, english=words.language != "en" and what not in {"acknowledged", "not delivered"})
    if what == "alert held back" and (held := words.word("held_by", detail)) != detail.replace("_", " "):
        return Why(held)
    if words.language == "en":
        return Why(detail)
    alert = _alert_of(detail, entry.who, ringing)
    if alert is not None and alert.kind == "exercise":
        return Why(detail)  # the scenario, as somebody has typed it
    return Why("" if alert is None else figures_of(alert, words))


def _alert_of(reason: str, signal: str, ringing: Sequence[Ringing]) -> Alert | None:
    """Return the event whose reason `reason` is; a record that was too large holds a shorter one."""
    for one in ringing:
        for event in one.events:
            if event.signal == signal and reason == shortened(event.reason, len(reason)):
                return event
    return None


def step_of(one: Notification, words: Words, now: int) -> str:
    """Return which step of which chain somebody was told by, in words; nothing where the purpose says it already."""
    head = one.step.partition(" ")[0]
    if one.step in _SAID_BY_PURPOSE or head in {"worse", "digest"}:
        return ""
    found = words.told(one.step, now)
    return clean(one.step) if found is None else found


def why_of(one: Notification, words: Words, now: int) -> Why:
    """Return why somebody was told, or was not, in the visitor's words; nothing where the step says it already."""
    reason = one.reason
    if one.purpose == "stakeholder" and one.step.startswith("stakeholder "):
        reason = reason.removeprefix(f"{one.step.removeprefix('stakeholder ')}: ")
    if not reason:
        return Why("")
    found = words.held_by(reason, now)
    if found in {reason, reason.replace("_", " ")}:
        return Why(reason, english=words.language != "en")
    return Why("" if found == words.told(one.step, now) else found)


def vote_of(vote: Vote, words: Words, now: int) -> Why:
    """Return a detector's own reason in the visitor's words."""
    found = words.told(vote.reason, now)
    return Why(vote.reason, english=words.language != "en") if found is None else Why(found)
