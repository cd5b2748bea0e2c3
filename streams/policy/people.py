"""From the names in a step to people, and from a person to the channels that suit the hour and the severity."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from schemas.events import Severity
from streams.policy.hours import until
from streams.policy.labels import rank
from streams.policy.model import Channel, Contact, Language, Person, Policy
from streams.policy.schedules import on_duty

ROOM = "channel:"
"""Begins the name of a shared channel that is told like a person: `channel:crisis-room`."""


class Reached(Struct, frozen=True):
    """Whom the names of a step stand for at one moment, and which names stand for nobody."""

    people: tuple[str, ...]
    nobody: tuple[str, ...]
    """`schedule:night: no rotation covers this time`."""


def resolve(policy: Policy, names: Iterable[str], at: int) -> Reached:
    """Return the people behind `names` at `at` (epoch ms), each once, in order."""
    found: dict[str, None] = {}
    nobody: list[str] = []
    for name in names:
        people, why = _one(policy, name, at)
        found.update(dict.fromkeys(people))
        if not people:
            nobody.append(f"{name}: {why}")
    return Reached(tuple(found), tuple(nobody))


def _one(policy: Policy, name: str, at: int) -> tuple[list[str], str]:
    kind, _, rest = name.partition(":")
    if kind == "role" and rest:
        return [key for key, person in policy.people.items() if rest in person.roles], "nobody has this role"
    if kind == "schedule" and rest:
        if rest not in policy.schedules:
            return [], "no such schedule"
        duty = on_duty(policy, rest, at)
        return list(duty.people), duty.reason
    if kind == "channel" and rest:
        return [name] if rest in policy.channels else [], "no such channel"
    return [name] if name in policy.people else [], "no such person"


def language_of(policy: Policy, person: str) -> Language:
    """Return the language to write to `person` in."""
    known = policy.people.get(person)
    return (known and known.language) or policy.defaults.language


def timezone_of(policy: Policy, person: str) -> str:
    """Return the time zone that `person` lives in."""
    known = policy.people.get(person)
    return (known and known.timezone) or policy.defaults.timezone


def has_role(policy: Policy, person: str, role: str) -> bool:
    """Tell whether `person` has `role`."""
    known = policy.people.get(person)
    return known is not None and role in known.roles


def contacts(policy: Policy, person: str, severity: Severity, at: int) -> list[Contact]:
    """Return the ways to reach `person` now, the preferred first; where hours leave none, all that suit."""
    if person.startswith(ROOM):
        room = person.removeprefix(ROOM)
        return [Contact(channel=room)] if room in policy.channels else []
    known = policy.people.get(person)
    if known is None:
        return []
    suited = [one for one in known.channels if rank(one.from_) <= rank(severity)] or list(known.channels)
    now = "working" if works(policy, person, known, at) else "off"
    timely = [one for one in suited if one.when in {"always", now}]
    return timely or suited


def every_contact(policy: Policy, person: str) -> list[Contact]:
    """Return all ways to reach `person`, whatever the hour and the severity."""
    if person.startswith(ROOM):
        return contacts(policy, person, "L4", 0)
    known = policy.people.get(person)
    return list(known.channels) if known else []


def works(policy: Policy, person: str, known: Person, at: int) -> bool:
    """Tell whether it is within the person's working hours; without any, always."""
    return not known.hours or until(known.hours, timezone_of(policy, person), at) is not None


def first_choice(found: list[Contact], wanted: list[str], *, everything: bool) -> list[Contact]:
    """Return the contacts to use at once: those a step asks for, else the first – or all, where severity is loud."""
    asked = [one for one in found if one.called() in wanted]
    if asked:
        return asked
    return list(found) if everything else found[:1]


def channel_of(policy: Policy, person: str, called: str) -> Channel | None:
    """Return type, address and options behind a notification's `person` and `channel`; None where there is none now."""
    candidates = [Contact(channel=called)] if person.startswith(ROOM) else []
    known = policy.people.get(person)
    candidates += known.channels if known else []
    for one in candidates:
        if one.called() != called:
            continue
        if one.channel:
            shared = policy.channels.get(one.channel)
            return shared and Channel(shared.type, one.url or shared.url, {**shared.options, **one.options})
        return Channel(one.type, one.url, one.options) if one.type else None
    return None
