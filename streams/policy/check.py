"""Is the chain of command complete? What `tocsin policy check` says beyond errors: holes, expiries, the unreachable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from schemas.events import Severity
from schemas.times import DAY, HOUR, MINUTE, from_ms, iso
from streams.policy.hours import local
from streams.policy.labels import Labels, rank
from streams.policy.model import Policy, Route, Step, Voice
from streams.policy.people import contacts, has_role, language_of, resolve
from streams.policy.problems import Problem
from streams.policy.routes import route_labels
from streams.policy.schedules import Hole, changes, holes
from streams.policy.statements import lint

HORIZON = 90 * DAY
"""How far ahead schedules have to be filled (issue of a quarter's duty rota)."""

SOON = 14
"""Days before its end at which a statement is asked to be approved again."""


def check(policy: Policy, now: int, horizon: int = HORIZON) -> list[Problem]:
    """Return everything that is legal but leaves somebody untold between `now` and `now + horizon` (epoch ms)."""
    found: list[Problem] = []
    for rule in (_schedules, _chains, _roles, _caps, _unused, _silences, _statements, _said, _loudness):
        found += rule(policy, now, horizon)
    return found


def _warn(path: str, message: str) -> Problem:
    return Problem(path, message, "warning")


def _schedules(policy: Policy, now: int, horizon: int) -> Iterator[Problem]:
    for name in policy.schedules:
        for hole in holes(policy, name, now, now + horizon):
            yield _warn(
                f"schedules.{name}", f"nobody is on duty {_span(hole)}: {hole.reason}; add a rotation or override"
            )


def _span(hole: Hole) -> str:
    return f"from {iso(hole.start)} to {iso(hole.end)}"


def role_holes(policy: Policy, name: str, role: str, now: int, horizon: int = HORIZON) -> list[Hole]:
    """Return when the chain `name` pages nobody with `role` between `now` and `now + horizon` (epoch ms)."""
    steps = policy.chains[name].steps

    def pages(at: int) -> bool:
        return any(
            has_role(policy, person, role) for step in steps for person in resolve(policy, step.notify, at).people
        )

    return _uncovered(policy, name, now, horizon, pages, f"no step pages the role {role}")


def chain_holes(policy: Policy, name: str, now: int, horizon: int = HORIZON) -> list[Hole]:
    """Return when no step of the chain `name` reaches anybody between `now` and `now + horizon` (epoch ms)."""
    steps = policy.chains[name].steps
    return _uncovered(
        policy, name, now, horizon, lambda at: any(_reaches(policy, step, at) for step in steps), "every step is empty"
    )


def _uncovered(
    policy: Policy, name: str, now: int, horizon: int, covered: Callable[[int], bool], reason: str
) -> list[Hole]:
    """Return when `covered` does not hold; it can change only where a schedule of the chain does."""
    times = {now}
    for step in policy.chains[name].steps:
        for target in step.notify:
            kind, _, schedule = target.partition(":")
            if kind == "schedule" and schedule in policy.schedules:
                times.update(changes(policy, schedule, now, now + horizon))
    ordered, found = sorted(times), list[Hole]()
    for start, end in zip(ordered, [*ordered[1:], now + horizon], strict=True):
        if start >= end or covered(start):
            continue
        if found and found[-1].end == start:
            found[-1] = Hole(found[-1].start, end, reason)
        else:
            found.append(Hole(start, end, reason))
    return found


def _reaches(policy: Policy, step: Step, at: int) -> bool:
    people = resolve(policy, step.notify, at).people
    return any(contacts(policy, person, "L4", at) for person in people)


def _chains(policy: Policy, now: int, horizon: int) -> Iterator[Problem]:
    for name, chain in policy.chains.items():
        for hole in chain_holes(policy, name, now, horizon):
            yield Problem(f"chains.{name}", f"reaches nobody {_span(hole)}: add somebody who is always there")
        if not (chain.last_resort or policy.defaults.last_resort):
            yield _warn(
                f"chains.{name}.last_resort", "is not set (nor defaults.last_resort): the chain itself is told again"
            )
        for index, step in enumerate(chain.steps):
            yield from _step(policy, step, f"chains.{name}.steps[{index}]", now)


def _step(policy: Policy, step: Step, path: str, now: int) -> Iterator[Problem]:
    if step.wait < MINUTE:
        yield _warn(f"{path}.wait", "is under a minute: nobody answers as fast")
    for person in resolve(policy, step.notify, now).people:
        known = policy.people.get(person)
        if step.channels and known and not any(one.called() in step.channels for one in known.channels):
            yield _warn(
                f"{path}.channels", f'"{person}" has none of {", ".join(step.channels)}: the first of theirs is used'
            )


def _roles(policy: Policy, now: int, horizon: int) -> Iterator[Problem]:
    """Each role that has to acknowledge is paged by the chain at every minute, or the time is named."""
    for severity, band in policy.severities.items():
        for chain in _chains_for(policy, severity):
            for role in band.ack_roles:
                path = f"severities.{severity}.ack_roles"
                found = role_holes(policy, chain, role, now, horizon)
                if [(hole.start, hole.end) for hole in found] == [(now, now + horizon)]:
                    yield _warn(path, f'chain "{chain}" pages nobody with the role "{role}": add role:{role} to a step')
                    continue
                for hole in found:
                    yield _warn(
                        path,
                        f'chain "{chain}" pages nobody with the role "{role}" {_span(hole)}: add role:{role} to a step',
                    )


def _caps(policy: Policy, now: int, _: int) -> Iterator[Problem]:
    """A cap that is reached before the chain is through leaves the rest of it to others: it is named."""
    for name, chain in policy.chains.items():
        at, paged = 0, dict[str, list[int]]()
        for _lap in range(chain.repeat + 1):
            for step in chain.steps:
                for person in resolve(policy, step.notify, now + at).people:
                    paged.setdefault(person, []).append(at)
                at += step.wait
        for person, times in paged.items():
            known = policy.people.get(person)
            if known is None:
                continue
            own, general = known.pages_per_hour, policy.defaults.pages_per_hour
            most = general if own is None else own
            busiest = max(sum(start <= time < start + HOUR for time in times) for start in times)
            if most is not None and busiest > most:
                yield _warn(
                    f"chains.{name}",
                    f'pages "{person}" {busiest} times within an hour when nobody answers, pages_per_hour is {most}: the rest is held back',
                )


def _chains_for(policy: Policy, severity: Severity) -> list[str]:
    """Return the chains that an incident of this severity may go through, for every brand and none."""
    found: dict[str, None] = {}
    for brand, known in [("", None), *policy.brands.items()]:
        labels: Labels = {"severity": frozenset({severity}), "brand": frozenset({brand} if brand else set())}
        if known:
            labels |= {name: frozenset({value}) for name, value in known.labels.items()}
        found.update(dict.fromkeys(route_labels(policy, labels).chains))
    return [name for name in found if name in policy.chains]


def _unused(policy: Policy, now: int, _: int) -> Iterator[Problem]:
    used = {policy.defaults.chain} | {node.chain for node in _nodes(policy.routes)}
    for name in policy.chains:
        if name not in used:
            yield _warn(f"chains.{name}", "is used by no route: route to it or remove it")
    targets = [*policy.defaults.last_resort]
    for chain in policy.chains.values():
        targets += [*chain.last_resort, *(name for step in chain.steps for name in step.notify)]
    targets += [name for stakeholder in policy.stakeholders for name in stakeholder.notify]
    targets += [name for digest in policy.digests for name in digest.notify]
    told = {name for name in targets if ":" not in name} | _on_rota(policy)
    told.update(*(resolve(policy, [name], now).people for name in targets if name.startswith("role:")))
    for person in policy.people:
        if person not in told:
            yield _warn(f"people.{person}", "is never told anything: add them to a step or remove them")
    for name in policy.schedules:
        if f"schedule:{name}" not in targets:
            yield _warn(f"schedules.{name}", "is used by no step: notify schedule:" + name)


def _nodes(routes: list[Route]) -> Iterator[Route]:
    for node in routes:
        yield node
        yield from _nodes(node.routes)


def _on_rota(policy: Policy) -> set[str]:
    found: set[str] = set()
    for schedule in policy.schedules.values():
        found.update(name for rotation in schedule.rotations for name in rotation.people)
        found.update(name for holiday in schedule.holidays for name in holiday.people)
        found.update(override.person for override in schedule.overrides)
    return found


def _silences(policy: Policy, now: int, _: int) -> Iterator[Problem]:
    for index, silence in enumerate(policy.silences):
        if silence.to <= now:
            yield _warn(f"silences[{index}].to", f"{iso(silence.to)} is past: remove it")
        elif silence.to - max(now, silence.from_) > 14 * DAY:
            yield _warn(f"silences[{index}].to", "is more than two weeks ahead: silences are meant to be short")
    for index, window in enumerate(policy.maintenance):
        if window.to is not None and window.to <= now:
            yield _warn(f"maintenance[{index}].to", f"{iso(window.to)} is past: remove it")
    for name, schedule in policy.schedules.items():
        for index, override in enumerate(schedule.overrides):
            if override.to <= now:
                yield _warn(f"schedules.{name}.overrides[{index}].to", f"{iso(override.to)} is past: remove it")


def _statements(policy: Policy, now: int, _: int) -> Iterator[Problem]:
    today = local(now, policy.defaults.timezone).date()
    for index, statement in enumerate(policy.statements):
        path = f"statements[{index}]"
        until = date.fromisoformat(statement.valid_until)
        if until < today:
            yield _warn(f"{path}.valid_until", f"{statement.valid_until} is past: have it approved again")
        elif until < today + timedelta(days=SOON):
            yield _warn(f"{path}.valid_until", f"{statement.valid_until} is near: have it approved again in good time")
        voices: list[Voice | None] = [policy.brands[statement.brand].voice] if statement.brand in policy.brands else []
        if not statement.brand:  # it may go out in the name of any
            voices = [brand.voice for brand in policy.brands.values()]
        said: dict[str, None] = {}
        for voice in voices or [None]:
            said.update(dict.fromkeys(lint(statement, voice)))
        for message in said:
            yield _warn(f"{path}.text", message)
    yield from _languages(policy, today)
    for name, brand in policy.brands.items():
        if brand.voice.values and not brand.voice.use:
            yield _warn(
                f"brands.{name}.voice.use",
                "is empty: write the words in which its values show, and statements are checked for them",
            )


def _languages(policy: Policy, today: date) -> Iterator[Problem]:
    """A statement that some who are paged cannot read in their language is named."""
    spoken = {language_of(policy, person) for person in policy.people}
    kinds = dict.fromkeys((one.trigger, one.brand, one.phase) for one in policy.statements)
    for trigger, brand, phase in kinds:
        there = {
            one.language
            for one in policy.statements
            if (one.trigger, one.phase) == (trigger, phase)
            and one.brand in {"", brand}
            and one.valid_until >= today.isoformat()
        }
        for language in sorted(spoken - there) if there else ():
            whose = f' of "{brand}"' if brand else ""
            yield _warn(
                "statements",
                f'no valid {phase} statement on "{trigger}"{whose} in "{language}", which some people read',
            )


def _said(policy: Policy, now: int, _: int) -> Iterator[Problem]:
    """What is said to stakeholders is there in the language of each of them."""
    for index, one in enumerate(policy.stakeholders):
        people = resolve(policy, one.notify, now).people
        for language in sorted({language_of(policy, person) for person in people} - one.say.keys()) if one.say else ():
            yield _warn(
                f"stakeholders[{index}].say", f'has nothing in "{language}", which some of them read: add {language}: …'
            )


def _loudness(policy: Policy, *_: int) -> Iterator[Problem]:
    """A person whose every channel is only used from some severity on, or only at some hours, is named."""
    for key, person in policy.people.items():
        if person.channels and all(rank(one.from_) > 0 for one in person.channels):
            lowest = min((one.from_ for one in person.channels), key=rank)
            yield _warn(
                f"people.{key}.channels", f"are all for {lowest} and worse: below it they are used all the same"
            )
        for when, instead in (("working", "off"), ("off", "working")):
            if person.channels and all(one.when == when for one in person.channels):
                message = f'are all for "{when}" hours: in "{instead}" hours they are used all the same'
                yield _warn(f"people.{key}.channels", message)


def summary(policy: Policy, now: int) -> str:
    """Return one line that says what was checked, for the end of a report without findings."""
    chains = len(policy.chains)
    nodes = len(list(_nodes(policy.routes)))
    return (
        f"{len(policy.people)} people, {chains} chain{'s' if chains != 1 else ''}, {nodes} routes, "
        f"{len(policy.schedules)} schedules filled until {from_ms(now + HORIZON):%Y-%m-%d}"
    )
