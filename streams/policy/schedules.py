"""Who is on duty: rotations, holidays, swaps and overrides, on the local clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from msgspec import Struct

from streams.policy.hours import instant, local, spans, until
from streams.policy.model import Policy, Rotation, Schedule

_DAY = timedelta(days=1)


class Duty(Struct, frozen=True):
    """The people on duty (none: a hole) and by which rule."""

    people: tuple[str, ...]
    reason: str


class Hole(Struct, frozen=True):
    """Nobody is on duty from `start` to `end` (epoch ms)."""

    start: int
    end: int
    reason: str


def on_duty(policy: Policy, name: str, at: int) -> Duty:
    """Return who is on duty in the schedule `name` at `at` (epoch ms): rotation, then holiday, swap and override."""
    schedule = policy.schedules[name]
    timezone = schedule.timezone or policy.defaults.timezone
    duty = _by_rotation(schedule, timezone, at)
    today = local(at, timezone).date().isoformat()
    for holiday in schedule.holidays:
        if today in policy.calendars[holiday.calendar].days:
            duty = Duty(tuple(holiday.people), f"holiday ({holiday.calendar})")
    for override in schedule.overrides:
        if not override.from_ <= at < override.to:
            continue
        why = f" ({override.reason})" if override.reason else ""
        if override.instead_of:
            pair = {override.person: override.instead_of, override.instead_of: override.person}
            if pair.keys() & set(duty.people):
                duty = Duty(tuple(pair.get(one, one) for one in duty.people), f"swap{why}")
        else:
            duty = Duty((override.person,), f"override{why}")
    return duty


def _by_rotation(schedule: Schedule, timezone: str, at: int) -> Duty:
    for index, rotation in reversed(list(enumerate(schedule.rotations))):
        if rotation.hours and until(rotation.hours, timezone, at) is None:
            continue
        turn = _turn(rotation, local(at, timezone))
        if turn is not None and rotation.people:
            return Duty((rotation.people[turn % len(rotation.people)],), f"rotation {index + 1}, turn {turn + 1}")
    return Duty((), "no rotation covers this time")


def _begin(rotation: Rotation) -> datetime:
    return datetime.combine(date.fromisoformat(rotation.start), time()) + timedelta(minutes=rotation.handoff)


def _turn(rotation: Rotation, wall: datetime) -> int | None:
    gone = wall - _begin(rotation)
    return gone // timedelta(milliseconds=rotation.every) if gone >= timedelta(0) else None


def changes(policy: Policy, name: str, first: int, last: int) -> list[int]:
    """Return every time from `first` (it too) to `last` at which the answer of `on_duty` may change, in order."""
    schedule = policy.schedules[name]
    timezone = schedule.timezone or policy.defaults.timezone
    found = {first}
    for rotation in schedule.rotations:
        found.update(
            instant(wall, timezone) for wall in _handoffs(rotation, local(first, timezone), local(last, timezone))
        )
        for hours in rotation.hours:
            for span in spans(hours, timezone, first, last):
                found.update(span)
    if schedule.holidays:
        wall = datetime.combine(local(first, timezone).date(), time())
        while wall <= local(last, timezone) + _DAY:
            found.add(instant(wall, timezone))
            wall += _DAY
    for override in schedule.overrides:
        found.update((override.from_, override.to))
    return sorted(time_ for time_ in found if first <= time_ <= last)


def _handoffs(rotation: Rotation, first: datetime, last: datetime) -> Iterator[datetime]:
    begin, every = _begin(rotation), timedelta(milliseconds=rotation.every)
    wall = begin + max(0, (first - begin) // every) * every
    while wall <= last + _DAY:
        yield wall
        wall += every


def holes(policy: Policy, name: str, first: int, last: int) -> list[Hole]:
    """Return when nobody is on duty in the schedule `name` between `first` and `last` (epoch ms)."""
    times = changes(policy, name, first, last)
    found: list[Hole] = []
    for start, end in zip(times, [*times[1:], last], strict=True):
        duty = on_duty(policy, name, start)
        if duty.people or start >= end:
            continue
        if found and found[-1].end == start:
            found[-1] = Hole(found[-1].start, end, found[-1].reason)
        else:
            found.append(Hole(start, end, duty.reason))
    return found
