"""Do the names in a policy stand for something, and do its values make sense? All findings, none left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args
from zoneinfo import ZoneInfoNotFoundError

from schemas.events import SEVERITIES, Trigger
from schemas.times import DAY, HOUR
from streams.errors import did_you_mean
from streams.policy.hours import zone
from streams.policy.labels import KNOWN, covers
from streams.policy.model import Channel, Contact, Hours, Match, Policy, Route, Schedule
from streams.policy.problems import Problem
from streams.policy.secrets import has_password, is_reference, is_secret, unset

Found = Iterator[Problem]

_NEEDS_URL = {"smtp", "webhook", "apprise", "pagerduty", "alertmanager"}


def check_references(policy: Policy) -> list[Problem]:
    """Return every name without meaning and every value without sense."""
    rules = (_version, _people, _channels, _chains, _routes, _severities, _schedules, _defaults, _holds, _tellings)
    return [problem for rule in rules for problem in rule(policy)]


def _version(policy: Policy) -> Found:
    if policy.version != 1:
        yield Problem("version", f'"{policy.version}" is not known: this Tocsin reads version 1')


def targets(policy: Policy, names: Iterable[str], path: str) -> Found:
    """Yield what is wrong with the names of a `notify` list."""
    roles = {role for person in policy.people.values() for role in person.roles}
    known = {"role": roles, "schedule": policy.schedules.keys(), "channel": policy.channels.keys()}
    for index, name in enumerate(names):
        kind, colon, rest = name.partition(":")
        at = f"{path}[{index}]"
        if not colon:
            if name not in policy.people:
                yield Problem(at, f'no person "{name}"{did_you_mean(name, policy.people) or _known(policy.people)}')
        elif kind not in known:
            hint = did_you_mean(kind, known) or "; write a person, role:…, schedule:… or channel:…"
            yield Problem(at, f'"{kind}:" is not understood{hint}')
        elif rest not in known[kind]:
            what = "nobody has the role" if kind == "role" else f"no {kind}"
            yield Problem(at, f'{what} "{rest}"{did_you_mean(rest, known[kind]) or _known(known[kind])}')


def _known(names: Iterable[str]) -> str:
    words = sorted(names)
    return f" (known: {', '.join(words[:8])}{', …' if len(words) > 8 else ''})" if words else " (none is defined)"


def _one(name: str, known: Iterable[str], what: str, path: str) -> Found:
    names = list(known)
    if name not in names:
        yield Problem(path, f'no {what} "{name}"{did_you_mean(name, names) or _known(names)}')


def _zone(name: str, path: str) -> Found:
    try:
        zone(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Problem(path, f'no time zone "{name}": write one such as "Europe/Paris"')


def _hours(hours: Iterable[Hours], path: str) -> Found:
    for index, one in enumerate(hours):
        yield from _zone(one.timezone, f"{path}[{index}].timezone")
        if one.from_ == one.to:
            yield Problem(
                f"{path}[{index}]", 'begins and ends at the same time: write "00:00" to "24:00" for the whole day'
            )


def _people(policy: Policy) -> Found:
    if not policy.people:
        yield Problem("people", "is empty: somebody has to be told")
    for key, person in policy.people.items():
        path = f"people.{key}"
        if ":" in key:
            yield Problem(path, f'"{key}" has a colon: role:…, schedule:… and channel:… are read by it')
        if not person.channels:
            yield Problem(f"{path}.channels", "is empty: give at least one way to reach this person")
        yield from _zone(person.timezone, f"{path}.timezone")
        yield from _hours(person.hours, f"{path}.hours")
        if person.quiet not in {"", "none"}:
            yield from _one(person.quiet, policy.quiet_hours, "quiet hours", f"{path}.quiet")
        seen: set[str] = set()
        for index, contact in enumerate(person.channels):
            yield from _contact(policy, contact, f"{path}.channels[{index}]")
            if contact.called() in seen:
                yield Problem(f"{path}.channels[{index}]", f'two are called "{contact.called()}": give one a `name`')
            seen.add(contact.called())


def _contact(policy: Policy, contact: Contact, path: str) -> Found:
    if contact.channel:
        yield from _one(contact.channel, policy.channels, "channel", f"{path}.channel")
        if contact.type:
            yield Problem(path, "has a `type` and a `channel`: keep one of the two")
    elif contact.type is None:
        yield Problem(path, "needs a `type` (smtp, webhook, apprise, pagerduty, alertmanager, console) or a `channel`")
    else:
        yield from _channel(Channel(contact.type, contact.url, contact.options), path)
    if contact.when != "always":
        owner = policy.people[path.split(".")[1]]
        if not owner.hours:
            yield Problem(f"{path}.when", f'"{contact.when}" needs the working `hours` of this person')


def _channel(channel: Channel, path: str) -> Found:
    if channel.type in _NEEDS_URL and not channel.url:
        yield Problem(
            f"{path}.url", f'is missing: a {channel.type} needs one, such as "${{NAME}}" from the environment'
        )
    if channel.type == "webhook" and channel.url and not channel.url.startswith(("http://", "https://", "${", "file:")):
        yield Problem(f"{path}.url", "is no http(s) address")
    for name, value in channel.options.items():
        if is_secret(name) and not is_reference(value):
            yield Problem(
                f"{path}.options.{name}", "is a secret: put it into the environment (${NAME}) or a file (file:/path)"
            )
    if has_password(channel.url):
        yield Problem(
            f"{path}.url", "has a password in it: put it into the environment (${NAME}) or a file (file:/path)"
        )


def _channels(policy: Policy) -> Found:
    for name, channel in policy.channels.items():
        yield from _channel(channel, f"channels.{name}")


def _chains(policy: Policy) -> Found:
    names = {one.called() for person in policy.people.values() for one in person.channels} | policy.channels.keys()
    for key, chain in policy.chains.items():
        path = f"chains.{key}"
        if not chain.steps:
            yield Problem(f"{path}.steps", "is empty: a chain has at least one step")
        if not 0 <= chain.repeat <= 100:
            yield Problem(f"{path}.repeat", f'"{chain.repeat}" is not between 0 and 100')
        for index, step in enumerate(chain.steps):
            at = f"{path}.steps[{index}]"
            if not step.notify:
                yield Problem(f"{at}.notify", "is empty: name a person, role:…, schedule:… or channel:…")
            yield from targets(policy, step.notify, f"{at}.notify")
            if step.wait <= 0:
                yield Problem(f"{at}.wait", 'is nothing: give people time to answer, such as "5m"')
            for place, channel in enumerate(step.channels):
                yield from _one(channel, names, "channel", f"{at}.channels[{place}]")
        yield from targets(policy, chain.last_resort, f"{path}.last_resort")


def match(policy: Policy, wanted: Match, path: str) -> Found:
    """Yield what is wrong with matchers: labels that nothing has, severities that do not exist."""
    own = {name for brand in policy.brands.values() for name in brand.labels}
    for label, values in wanted.items():
        yield from _one(label, [*KNOWN, *own], "label", f"{path}.{label}")
        if not values:
            yield Problem(f"{path}.{label}", "is empty: nothing fits it")
        for value in values if label == "severity" else ():
            if value.lstrip("!").rstrip("+") not in SEVERITIES:
                yield Problem(f"{path}.{label}", f'"{value}" is no severity: write L1, L2, L3, L4 or L3+')


def _routes(policy: Policy) -> Found:
    yield from _branches(policy, policy.routes, "routes", inherited=bool(policy.defaults.chain))


def _branches(policy: Policy, routes: list[Route], path: str, *, inherited: bool) -> Found:
    for index, node in enumerate(routes):
        at = f"{path}[{index}]"
        if node.chain:
            yield from _one(node.chain, policy.chains, "chain", f"{at}.chain")
        yield from match(policy, node.match, f"{at}.match")
        for earlier, other in enumerate(routes[:index]):
            if not other.continue_ and covers(other.match, node.match):
                yield Problem(
                    at, f"is never reached: {path}[{earlier}] takes all; put this first, or say `continue: true` there"
                )
                break
        yield from _branches(policy, node.routes, f"{at}.routes", inherited=inherited or bool(node.chain))


def _severities(policy: Policy) -> Found:
    roles = {role for person in policy.people.values() for role in person.roles}
    for severity, band in policy.severities.items():
        for index, role in enumerate(band.ack_roles):
            yield from _one(role, roles, "person with the role", f"severities.{severity}.ack_roles[{index}]")


def _schedules(policy: Policy) -> Found:
    for key, schedule in policy.schedules.items():
        path = f"schedules.{key}"
        yield from _zone(schedule.timezone, f"{path}.timezone")
        if not schedule.rotations:
            yield Problem(f"{path}.rotations", "is empty: somebody has to be on duty")
        yield from _rotations(policy, schedule, path)
        for index, override in enumerate(schedule.overrides):
            at = f"{path}.overrides[{index}]"
            yield from _one(override.person, policy.people, "person", f"{at}.person")
            if override.instead_of:
                yield from _one(override.instead_of, policy.people, "person", f"{at}.instead_of")
            if override.to <= override.from_:
                yield Problem(f"{at}.to", "is not after `from`")
        for index, holiday in enumerate(schedule.holidays):
            yield from _one(holiday.calendar, policy.calendars, "calendar", f"{path}.holidays[{index}].calendar")
            for place, name in enumerate(holiday.people):
                yield from _one(name, policy.people, "person", f"{path}.holidays[{index}].people[{place}]")


def _rotations(policy: Policy, schedule: Schedule, path: str) -> Found:
    for index, rotation in enumerate(schedule.rotations):
        at = f"{path}.rotations[{index}]"
        if not rotation.people:
            yield Problem(f"{at}.people", "is empty: somebody has to take turns")
        for place, name in enumerate(rotation.people):
            yield from _one(name, policy.people, "person", f"{at}.people[{place}]")
        if rotation.every < HOUR or (rotation.every % DAY and DAY % rotation.every):
            yield Problem(f"{at}.every", "is no whole number of days, nor a part of a day such as 8h or 12h")
        yield from _hours(rotation.hours, f"{at}.hours")


def _defaults(policy: Policy) -> Found:
    yield from _one(policy.defaults.chain, policy.chains, "chain", "defaults.chain")
    yield from _zone(policy.defaults.timezone, "defaults.timezone")
    yield from targets(policy, policy.defaults.last_resort, "defaults.last_resort")
    if policy.defaults.quiet not in {"", "none"}:
        yield from _one(policy.defaults.quiet, policy.quiet_hours, "quiet hours", "defaults.quiet")
    if policy.defaults.last_resort_every <= 0:
        yield Problem("defaults.last_resort_every", 'is nothing: write a time such as "15m"')


def _holds(policy: Policy) -> Found:
    for name, quiet in policy.quiet_hours.items():
        yield from _hours(quiet.hours, f"quiet_hours.{name}.hours")
    for index, silence in enumerate(policy.silences):
        path = f"silences[{index}]"
        yield from match(policy, silence.match, f"{path}.match")
        if not silence.match:
            yield Problem(f"{path}.match", "is empty: it would silence everything; name a brand at least")
        if silence.to <= silence.from_:
            yield Problem(f"{path}.to", "is not after `from`")
    for index, window in enumerate(policy.maintenance):
        path = f"maintenance[{index}]"
        yield from match(policy, window.match, f"{path}.match")
        yield from _hours(window.hours, f"{path}.hours")
        if not window.hours and (window.from_ is None or window.to is None):
            yield Problem(path, "has no time: give `from` and `to`, or `hours`")
        if window.from_ is not None and window.to is not None and window.to <= window.from_:
            yield Problem(f"{path}.to", "is not after `from`")
    for index, rule in enumerate(policy.inhibit):
        path = f"inhibit[{index}]"
        yield from match(policy, rule.source, f"{path}.source")
        yield from match(policy, rule.target, f"{path}.target")
        own = {name for brand in policy.brands.values() for name in brand.labels}
        for place, label in enumerate(rule.equal):
            yield from _one(label, [*KNOWN, *own], "label", f"{path}.equal[{place}]")


def _tellings(policy: Policy) -> Found:
    for index, one in enumerate(policy.stakeholders):
        path = f"stakeholders[{index}]"
        yield from targets(policy, one.notify, f"{path}.notify")
        yield from match(policy, one.match, f"{path}.match")
    for index, digest in enumerate(policy.digests):
        path = f"digests[{index}]"
        yield from targets(policy, digest.notify, f"{path}.notify")
        yield from match(policy, digest.match, f"{path}.match")
        yield from _zone(digest.timezone, f"{path}.timezone")
        if not digest.at:
            yield Problem(f"{path}.at", 'is empty: write a time such as ["09:00"]')
    for index, statement in enumerate(policy.statements):
        path = f"statements[{index}]"
        yield from _one(statement.approver, policy.people, "person", f"{path}.approver")
        if statement.brand:
            yield from _one(statement.brand, policy.brands, "brand", f"{path}.brand")
        yield from _one(statement.trigger, get_args(Trigger), "trigger", f"{path}.trigger")
        if not statement.text.strip():
            yield Problem(f"{path}.text", "is empty: write six lines")
    for index, runbook in enumerate(policy.runbooks):
        path = f"runbooks[{index}]"
        if not runbook.url.startswith(("https://", "http://")):
            yield Problem(f"{path}.url", f'"{runbook.url}" is no web address: write https://…')
        if runbook.brand:
            yield from _one(runbook.brand, policy.brands, "brand", f"{path}.brand")


def missing_secrets(policy: Policy, env: Mapping[str, str]) -> Found:
    """Yield a note for every address or option whose secret is not there: they are needed where the worker runs only."""
    places = [(f"channels.{name}.url", channel.url) for name, channel in policy.channels.items()]
    places += [
        (f"people.{key}.channels[{index}].url", contact.url)
        for key, person in policy.people.items()
        for index, contact in enumerate(person.channels)
    ]
    options = [(f"channels.{name}", channel.options) for name, channel in policy.channels.items()]
    options += [
        (f"people.{key}.channels[{index}]", contact.options)
        for key, person in policy.people.items()
        for index, contact in enumerate(person.channels)
    ]
    places += [(f"{path}.options.{name}", value) for path, found in options for name, value in found.items()]
    for path, text in places:
        for missing in unset(text, env):
            yield Problem(path, missing, "note")


def unwatched(policy: Policy, watched: Iterable[str]) -> Found:
    """Yield a note for every brand of the policy that is not among `watched`: what is said for it applies to nobody."""
    names = list(watched)
    for brand in policy.brands:
        if brand not in names:
            told = f"is not on the watch list of the configuration{did_you_mean(brand, names)}; one that was added since is not known here"
            yield Problem(f"brands.{brand}", told, "note")
