"""The stages a page passes: inhibit → silence → maintenance for the incident, hours → budget for each person.

Each returns the reason why it holds back and until when, or None. The reason reaches the timeline and `notifications`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from msgspec import Struct

from schemas.times import DAY, HOUR, iso
from streams.incidents.state import Case
from streams.incidents.turn import Turn
from streams.policy.hours import until
from streams.policy.labels import Labels, fits, rank
from streams.policy.model import Maintenance
from streams.policy.people import ROOM, timezone_of


class Hold(Struct, frozen=True):
    """Why something waits, and until when (epoch ms; None: until something else changes)."""

    reason: str
    until: int | None = None


Stage = Callable[[Turn, Case, Labels], Hold | None]


def inhibited(turn: Turn, case: Case, labels: Labels) -> Hold | None:
    """Hold while a live incident that a rule names says more."""
    for rule in turn.policy.inhibit:
        if fits(rule.target, labels):
            continue
        for other in turn.sources(rule):
            if other is case or other.incident.kind != case.incident.kind or other.held.startswith("inhibited"):
                continue
            theirs = turn.labels(other)
            mutual = not fits(rule.source, labels) and not fits(rule.target, theirs)
            alike = all(labels.get(name, frozenset()) & theirs.get(name, frozenset()) for name in rule.equal)
            if not mutual and alike:
                return Hold(f"inhibited by the incident of {other.incident.brand} ({other.incident.severity})")
    return None


def silenced(turn: Turn, _case: Case, labels: Labels) -> Hold | None:
    """Hold while a silence of the policy or of a command matches."""
    standing = [(f"silences[{index}]", silence) for index, silence in enumerate(turn.policy.silences)]
    standing += [(f"silence {key[:8]}", silence) for key, silence in turn.state.silences.items()]
    found = [
        (name, silence)
        for name, silence in standing
        if silence.from_ <= turn.at < silence.to and not fits(silence.match, labels)
    ]
    if not found:
        return None
    name, longest = max(found, key=lambda one: one[1].to)
    return Hold(f"silenced by {longest.author} until {iso(longest.to)}: {longest.reason} ({name})", longest.to)


def maintained(turn: Turn, case: Case, labels: Labels) -> Hold | None:
    """Hold during planned noise, up to the severity that it explains."""
    for window in turn.policy.maintenance:
        if rank(case.incident.severity) > rank(window.up_to) or fits(window.match, labels):
            continue
        end = _end(turn, window)
        if end is not None:
            return Hold(f"maintenance {window.name} until {iso(end)}", end)
    return None


def _end(turn: Turn, window: Maintenance) -> int | None:
    if window.from_ is not None and turn.at < window.from_:
        return None
    if window.to is not None and turn.at >= window.to:
        return None
    if not window.hours:
        return window.to
    end = until(window.hours, turn.policy.defaults.timezone, turn.at)
    return end if end is None or window.to is None else min(end, window.to)


STAGES: tuple[Stage, ...] = (inhibited, silenced, maintained)


def holding(turn: Turn, case: Case) -> Hold | None:
    """Return the first stage's reason to hold the whole incident back."""
    labels = turn.labels(case)
    return next((hold for stage in STAGES if (hold := stage(turn, case, labels))), None)


def resting(turn: Turn, case: Case, person: str) -> Hold | None:
    """Hold a page to `person` during quiet hours: it is delivered when they end."""
    known = turn.policy.people.get(person)
    name = (known and known.quiet) or turn.policy.defaults.quiet
    quiet = turn.policy.quiet_hours.get(name)
    if quiet is None or person.startswith(ROOM) or rank(case.incident.severity) > rank(quiet.up_to):
        return None
    end = until(quiet.hours, timezone_of(turn.policy, person), turn.at)
    return None if end is None else Hold(f"quiet hours until {iso(end)}", end)


def capped(turn: Turn, case: Case, person: str) -> Hold | None:
    """Hold a page to somebody who has had enough of them; never at L4, never for a shared channel or an exercise."""
    if case.incident.severity == "L4" or person.startswith(ROOM) or case.incident.kind != "actual":
        return None
    known, defaults = turn.policy.people.get(person), turn.policy.defaults
    pages = turn.state.pages.get(person, [])
    for span, word, own, general in (
        (HOUR, "hour", known.pages_per_hour if known else None, defaults.pages_per_hour),
        (7 * DAY, "week", known.pages_per_week if known else None, defaults.pages_per_week),
    ):
        most = general if own is None else own
        had = len(pages) - bisect_left(pages, turn.at - span + 1)
        if most is not None and had >= most:
            return Hold(f"page cap: {had} pages in the last {word}, {most} allowed")
    return None


def count_page(turn: Turn, case: Case, person: str) -> None:
    """Remember that `person` was paged now, for the caps; an exercise does not use them up."""
    if case.incident.kind != "actual":
        return
    pages = turn.state.pages.setdefault(person, [])
    del pages[: bisect_left(pages, turn.at - 7 * DAY)]
    pages.append(turn.at)
