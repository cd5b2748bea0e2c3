"""Messages that ask for nothing: updates, the all-clear, word to stakeholders, digests."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from schemas.events import Severity
from schemas.times import iso
from streams.incidents.effects import MessageContext
from streams.incidents.gates import Hold
from streams.incidents.state import LIVE, Case
from streams.incidents.turn import Turn, heaviest, snapshot
from streams.policy.hours import instant, local
from streams.policy.labels import fits, rank
from streams.policy.model import Digest, Stakeholder
from streams.policy.people import contacts, first_choice, language_of, resolve

ALL_CLEAR, STAKEHOLDER, DIGEST = "all_clear", "stakeholder ", "digest"


def update(
    turn: Turn, case: Case, step: str, note: str, *, but: tuple[str, ...] = (), previous: Severity | None = None
) -> None:
    """Tell everybody who was paged, over the channel that reached them, what has changed."""
    case.told[step] = case.told.get(step, 0) + 1
    for person in case.incident.paged:
        if person in but:
            continue
        channel = _channel(turn, case, person)
        if channel is None:
            continue
        turn.deliver(
            case, person, channel, step=step, round_=case.told[step] - 1, purpose="update",
            context=MessageContext(
                case.incident, heaviest(case.incident), "en", why_you="you were paged",
                previous_severity=previous, note=note,
            ),
            reason=note,
        )  # fmt: skip


def _channel(turn: Turn, case: Case, person: str) -> str | None:
    if person in case.reached:
        return case.reached[person]
    planned = [one.notification.channel for one in case.planned.values() if one.notification.person == person]
    if planned:
        return planned[-1]
    ways = contacts(turn.policy, person, case.incident.severity, turn.at)
    return ways[0].called() if ways else None


def all_clear(turn: Turn, case: Case, note: str) -> None:
    """Tell everybody whom a page has reached that it is over."""
    case.end_note = note
    case.told[ALL_CLEAR] = case.told.get(ALL_CLEAR, 0) + 1
    for person, channel in case.reached.items():
        clear_one(turn, case, person, channel)


def clear_one(turn: Turn, case: Case, person: str, channel: str) -> None:
    """Give one person the all-clear of the present end; a second one is recognised by its key."""
    turn.deliver(
        case, person, channel, step=ALL_CLEAR, round_=case.told.get(ALL_CLEAR, 1) - 1, purpose="all_clear",
        context=MessageContext(
            case.incident, heaviest(case.incident), "en", why_you="you were paged", note=case.end_note
        ),
        reason=case.end_note,
    )  # fmt: skip


def tell_stakeholders(turn: Turn, case: Case, what: str) -> None:
    """Tell those who want to know about `what` (opened, acknowledged, worsened, stable, resolved)."""
    labels = turn.labels(case)
    for index, one in enumerate(turn.policy.stakeholders):
        if fits(one.match, labels) or what not in one.on:
            continue
        if what == "opened" and one.after:
            turn.arm(case.incident.incident_id, f"{STAKEHOLDER}{index}", 0, turn.at + one.after)
        elif what != "resolved" or case.told.get(f"{STAKEHOLDER}{one.name}"):
            told_one(turn, case, index, what)


def told_one(turn: Turn, case: Case, index: int, what: str) -> None:
    """Tell one group of stakeholders, and arm its next word while the incident lives."""
    if index >= len(turn.policy.stakeholders):
        return
    one: Stakeholder = turn.policy.stakeholders[index]
    step = f"{STAKEHOLDER}{one.name}"
    round_ = case.told[step] = case.told.get(step, 0) + 1
    for person in resolve(turn.policy, one.notify, turn.at).people:
        said = one.say.get(language_of(turn.policy, person), "")
        ways = contacts(turn.policy, person, case.incident.severity, turn.at)
        for way in first_choice(ways, one.channels, everything=False):
            turn.deliver(
                case, person, way.called(), step=step, round_=round_, purpose="stakeholder",
                context=MessageContext(
                    case.incident, heaviest(case.incident), "en", why_you=f"{one.name} is told", note=what, say=said
                ),
                reason=f"{one.name}: {what}",
            )  # fmt: skip
    if one.every and case.incident.state in LIVE:
        turn.arm(case.incident.incident_id, f"{STAKEHOLDER}{index}", 0, turn.at + one.every)


def digested(turn: Turn, case: Case) -> Hold | None:
    """Keep an incident for the digest that asks for it; it is not paged unless it worsens."""
    labels = turn.labels(case)
    for index, digest in enumerate(turn.policy.digests):
        if rank(case.incident.severity) > rank(digest.up_to) or fits(digest.match, labels):
            continue
        queue = turn.state.digests.setdefault(index, [])
        due = next_time(digest, turn.policy.defaults.timezone, turn.at)
        if case.incident.incident_id not in queue:
            queue.append(case.incident.incident_id)
        if (DIGEST, str(index), 0) not in turn.state.timers:
            turn.arm(DIGEST, str(index), 0, due)
        return Hold(f"kept for the digest of {iso(due)}")
    return None


def next_time(digest: Digest, timezone: str, at: int) -> int:
    """Return when `digest` is sent next after `at` (epoch ms)."""
    name = digest.timezone or timezone
    today = local(at, name).date()
    times = [
        instant(datetime.combine(day, time()) + timedelta(minutes=clock), name)
        for day in (today + timedelta(days=ahead) for ahead in range(9))
        if day.weekday() in digest.days
        for clock in digest.at
    ]
    return min(when for when in times if when > at)


def send_digest(turn: Turn, index: int) -> None:
    """Tell, in one message each, what was kept."""
    queue = turn.state.digests.pop(index, [])
    if index >= len(turn.policy.digests):
        return
    digest = turn.policy.digests[index]
    known = [turn.state.cases[key] for key in queue if key in turn.state.cases]
    cases = [case for case in known if rank(case.incident.severity) <= rank(digest.up_to)]
    for kind in dict.fromkeys(case.incident.kind for case in cases):  # an exercise is never told among real ones
        _one_digest(turn, index, [case for case in cases if case.incident.kind == kind])


def _one_digest(turn: Turn, index: int, cases: list[Case]) -> None:
    digest, first = turn.policy.digests[index], cases[0]
    step = f"{DIGEST} {index}"
    first.told[step] = first.told.get(step, 0) + 1
    for person in resolve(turn.policy, digest.notify, turn.at).people:
        for way in contacts(turn.policy, person, digest.up_to, turn.at)[:1]:
            turn.deliver(
                first, person, way.called(), step=step, round_=first.told[step] - 1, purpose="digest",
                context=MessageContext(
                    first.incident, heaviest(first.incident), "en", why_you="digest",
                    others=[snapshot(case.incident) for case in cases[1:]],
                ),
                reason=f"digest of {len(cases)} incidents",
            )  # fmt: skip
