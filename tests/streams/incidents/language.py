"""A test language on a fake clock, in the manner of Alertmanager's acceptance tests.

    with Story(POLICY) as story:
        story.at(1).alert("acme", "L3")
        story.expect(between(1, 1.5), page("alice"))
        story.never(between(0, 60), page("carol"))

Actions are gathered and played at the end of the block, minute by minute on a clock that nobody waits for; then all
expectations are checked, and always that the same journal, folded again, gives the same effects.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import msgspec

from schemas.events import Alert, AlertTick, Command, Incident, Notification
from schemas.ids import alert_id, fingerprint
from schemas.journal import Delivered, JournalEntry, Leader, PolicyRead, TimerDue, Took
from schemas.times import from_ms, parse_iso, to_ms
from streams.incidents.effects import Deliver, Effect, MessageContext, Publish, Record, Refused
from streams.incidents.fold import fold
from streams.incidents.state import NotifyState
from streams.policy.load import digest, read_policy, without_addresses
from streams.policy.model import Policy

MINUTE = 60_000


def policy_of(text: str) -> Policy:
    """Return the policy in `text`; the test fails with its errors where it has some."""
    policy, problems = read_policy(text)
    errors = [problem.line("policy.yaml") for problem in problems if problem.level == "error"]
    assert not errors, "\n".join(errors)
    assert policy is not None
    return policy


@dataclass(frozen=True)
class Between:
    """From minute `first` to minute `last`, both included."""

    first: float
    last: float


def between(first: float, last: float) -> Between:
    return Between(first, last)


def at(minute: float) -> Between:
    return Between(minute, minute)


@dataclass(frozen=True)
class Seen:
    """Something that left the fold at `minute`."""

    minute: float
    what: Literal["deliver", "record"]
    notification: Notification
    context: MessageContext | None = None

    def __str__(self) -> str:
        note = self.notification
        return f"{self.minute:g} {note.purpose} {note.person} {note.channel} {note.step}#{note.round} {note.reason}"


@dataclass(frozen=True)
class Wanted:
    """What an expectation looks for; None is anything."""

    what: Literal["deliver", "record"] = "deliver"
    purpose: str | None = None
    person: str | None = None
    channel: str | None = None
    brand: str | None = None
    reason: str | None = None

    def fits(self, seen: Seen) -> bool:
        note = seen.notification
        return (
            seen.what == self.what
            and self.purpose in {None, note.purpose}
            and self.person in {None, note.person}
            and self.channel in {None, note.channel}
            and self.brand in {None, note.brand}
            and (self.reason is None or self.reason in note.reason)
        )


def page(person: str | None = None, channel: str | None = None, brand: str | None = None) -> Wanted:
    return Wanted("deliver", "page", person, channel, brand)


def all_clear(person: str | None = None, channel: str | None = None) -> Wanted:
    return Wanted("deliver", "all_clear", person, channel)


def update(person: str | None = None, reason: str | None = None) -> Wanted:
    return Wanted("deliver", "update", person, reason=reason)


def loudest(person: str | None = None, channel: str | None = None) -> Wanted:
    return Wanted("deliver", "nobody_reached", person, channel)


def told(person: str | None = None, reason: str | None = None) -> Wanted:
    return Wanted("deliver", "stakeholder", person, reason=reason)


def in_digest(person: str | None = None) -> Wanted:
    return Wanted("deliver", "digest", person)


def held(person: str | None = None, reason: str | None = None) -> Wanted:
    return Wanted("record", None, person, reason=reason)


anything = Wanted()


@dataclass
class At:
    """The verbs that can happen at a minute."""

    story: Story
    minute: float

    def alert(
        self,
        brand: str = "acme",
        severity: str = "L3",
        *,
        signal: str = "negative_spike",
        status: str = "firing",
        onset: float | None = None,
        kind: str = "actual",
        sequence: int | None = None,
        **fields: Any,
    ) -> At:
        """An alert event; one with the same brand, signal and onset (the first event's minute) is the same alert."""
        story = self.story
        key = (brand, signal, kind)
        if onset is None:
            onset = story.onsets.get(key, self.minute) if status != "firing" else self.minute
        story.onsets[key] = onset
        starts = story.ms(onset)
        name = alert_id(fingerprint(brand, signal + kind), starts)
        number = story.sequences.get(name, -1) + 1 if sequence is None else sequence
        story.sequences[name] = number
        alert = Alert(
            name, fingerprint(brand, signal), number, status, signal, severity, brand,  # type: ignore[arg-type]
            from_ms(starts), from_ms(story.ms(self.minute)), kind=kind, reason=f"{brand} {severity}", **fields,  # type: ignore[arg-type]
        )  # fmt: skip
        story.later(self.minute, "took", ("alerts", alert))
        return self

    def resolved(self, brand: str = "acme", **more: Any) -> At:
        return self.alert(brand, more.pop("severity", "L3"), status="resolved", **more)

    def worse(self, brand: str = "acme", severity: str = "L4", **more: Any) -> At:
        return self.alert(brand, severity, status="updated", **more)

    def command(self, action: Any, author: str = "alice", *, brand: str | None = "acme", **fields: Any) -> At:
        number = next(self.story.numbers)
        fields.setdefault("command_id", f"c{number}")
        self.story.later(
            self.minute, "took", ("commands", Command(action=action, author=author, brand=brand, **fields))
        )
        return self

    def ack(self, author: str = "alice", minutes: int | None = None, brand: str = "acme") -> At:
        return self.command("ack", author, brand=brand, minutes=minutes)

    def policy(self, text: str) -> At:
        """The policy file is changed and read again."""
        self.story.later(self.minute, "policy", policy_of(text))
        return self

    def restart(self) -> At:
        """The notifier is killed; the next one starts from the journal."""
        self.story.later(self.minute, "restart", None)
        return self


@dataclass
class Story:
    """A policy, what happens, and what is expected of it."""

    policy_text: str
    start: str = "2026-03-03T10:00:00+00:00"
    until: float = 0
    replay: bool = False
    restart_always: bool = False
    onsets: dict[Any, float] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    journal: list[tuple[int, JournalEntry]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    incidents: list[tuple[float, Incident]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    effects: list[list[Effect]] = field(default_factory=list)
    checks: list[tuple[str, Between, Wanted, int | None]] = field(default_factory=list)
    broken: list[tuple[str, str, Between]] = field(default_factory=list)
    slow: list[tuple[str, str, float]] = field(default_factory=list)
    queue: list[tuple[int, int, str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.policy = policy_of(self.policy_text)
        self.zero = parse_iso(self.start)
        self.numbers = itertools.count()
        self.offsets = {"alerts": itertools.count(), "commands": itertools.count()}
        self.leaders = itertools.count()
        self.state = self.fresh()

    # the words of a story

    def at(self, minute: float) -> At:
        return At(self, minute)

    def down(self, person: str, channel: str, when: Between) -> None:
        """Deliveries to this person over this channel fail in this time (`*` is any)."""
        self.broken.append((person, channel, when))

    def takes(self, person: str, channel: str, minutes: float) -> None:
        """A delivery to this person over this channel is in flight for so long."""
        self.slow.append((person, channel, minutes))

    def begins(self, minute: float) -> None:
        """The dispatcher records that it begins with what was planned."""
        self.later(minute, "begin", None)

    def expect(self, when: Between, wanted: Wanted, times: int | None = None) -> None:
        self.checks.append(("expect", when, wanted, times))

    def never(self, when: Between, wanted: Wanted) -> None:
        self.checks.append(("never", when, wanted, None))

    # the stage

    def ms(self, minute: float) -> int:
        return self.zero + round(minute * MINUTE)

    def minute(self, ms: int) -> float:
        return round((ms - self.zero) / MINUTE, 4)

    def noted(self, effect: Deliver | Record) -> float:
        return self.minute(to_ms(effect.notification.at))

    def fresh(self) -> NotifyState:
        return NotifyState(replay=self.replay)

    def later(self, minute: float, what: str, data: Any) -> None:
        heapq.heappush(self.queue, (self.ms(minute), next(self.numbers), what, data))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self.play()
            self.check()

    def play(self) -> None:
        """Play everything up to `until`, or an hour beyond the last action."""
        end = self.ms(self.until or max((self.minute(item[0]) for item in self.queue), default=0) + 60)
        self.leader = f"worker-{next(self.leaders)}"
        self.append(self.ms(0), Leader(self.leader))
        self.append(self.ms(0), self.policy_entry(self.policy))
        if self.replay:
            for minute in range(int(self.minute(end)) + 1):
                self.later(minute + 0.0001, "tick", minute)
        while True:
            due, key = self.state.next_due() or (1 << 62, ("", "", 0))
            if self.replay:
                due = 1 << 62
            time = self.queue[0][0] if self.queue else 1 << 62
            if min(due, time) > end:
                break
            if due < time:
                self.append(due, TimerDue(self.leader, *key, due))
            else:
                _, _, what, data = heapq.heappop(self.queue)
                self.happen(time, what, data)

    def happen(self, time: int, what: str, data: Any) -> None:
        if what == "took":
            topic, record = data
            offset = next(self.offsets[topic])
            self.append(time, Took(self.leader, topic, offset, **{topic.removesuffix("s"): record}))
        elif what == "tick":
            self.append(
                time, Took(self.leader, "alerts", next(self.offsets["alerts"]), tick=AlertTick(0, self.ms(data)))
            )
        elif what == "outcome":
            self.append(time, Delivered(self.leader, data))
        elif what == "begin":
            for effect in self.state.undelivered():
                self.append(time, Delivered(self.leader, effect.notification))
        elif what == "policy":
            self.policy = data
            self.append(time, self.policy_entry(data))
        elif what == "restart":
            self.restart(time)

    def policy_entry(self, policy: Policy) -> PolicyRead:
        return PolicyRead(self.leader, digest(policy), without_addresses(policy))

    def restart(self, time: int) -> None:
        """Forget everything but the journal; go on as the next leader does."""
        self.state = self.fresh()
        for when, entry in self.journal:
            fold(self.state, entry, when, self.policy)
        self.queue = [item for item in self.queue if item[2] != "outcome"]
        heapq.heapify(self.queue)
        self.leader = f"worker-{next(self.leaders)}"
        self.append(time, Leader(self.leader))
        for effect in self.state.undelivered():
            self.send(time, effect)

    def append(self, time: int, entry: JournalEntry) -> None:
        entry = msgspec.json.decode(msgspec.json.encode(entry), type=JournalEntry)  # as the topic would bring it back
        self.journal.append((time, entry))
        effects = fold(self.state, entry, time, self.policy)
        self.effects.append(effects)
        for effect in effects:
            now = self.minute(self.state.now or time)
            if isinstance(effect, Deliver):
                assert effect.context.incident.version > 0 and effect.notification.outcome == "pending"
                self.seen.append(Seen(self.noted(effect), "deliver", effect.notification, effect.context))
                self.send(time, effect)
            elif isinstance(effect, Record):
                self.seen.append(Seen(self.noted(effect), "record", effect.notification))
            elif isinstance(effect, Publish):
                self.incidents.append((now, effect.incident))
            elif isinstance(effect, Refused):
                self.refused.append(effect)
        if self.restart_always and not isinstance(entry, Leader):
            self.restart(time)

    def send(self, time: int, effect: Deliver) -> None:
        """Deliver as the dispatcher would: ask whether it may still be sent, then say how it ended."""
        note = effect.notification
        reason = self.state.why_not(note)
        outcome = "held_back" if reason else "sent"
        minute = self.minute(time)
        for person, channel, when in self.broken:
            if person in {"*", note.person} and channel in {"*", note.channel} and when.first <= minute <= when.last:
                outcome, reason = "failed", "connection refused"
        wait = (
            0.0
            if outcome == "held_back"
            else next((one[2] for one in self.slow if one[0] == note.person and one[1] == note.channel), 0.0)
        )
        done = msgspec.structs.replace(note, outcome=outcome, reason=reason or "", attempt=1)
        self.later(minute + wait, "outcome", done)

    def check(self) -> None:
        story = "\n".join(map(str, self.seen)) or "(nothing left the fold)"
        for kind, when, wanted, times in self.checks:
            found = [one for one in self.seen if when.first <= one.minute <= when.last and wanted.fits(one)]
            if kind == "never":
                assert not found, f"not wanted: {found[0]}\n\n{story}"
            else:
                assert found, f"missing between {when.first} and {when.last}: {wanted}\n\n{story}"
                assert times in {None, len(found)}, f"{len(found)} times, not {times}: {wanted}\n\n{story}"
        keys = [one.notification.notification_id for one in self.seen if one.what == "deliver"]
        assert len(keys) == len(set(keys)), f"somebody was told the same step twice\n\n{story}"
        if not self.restart_always:
            again = self.fresh()
            effects = [fold(again, entry, when, self.policy) for when, entry in self.journal]
            assert msgspec.to_builtins(effects) == msgspec.to_builtins(self.effects), "the same journal, other effects"

    # what a story ended with

    def pages(self, purpose: str = "page") -> list[str]:
        """Return who was paged when, in order: `5 bob`."""
        return [
            f"{one.minute:g} {one.notification.person}"
            for one in self.seen
            if one.what == "deliver" and one.notification.purpose == purpose
        ]

    def outcomes(self) -> list[Notification]:
        """Return how deliveries ended, in the order of the journal."""
        return [entry.notification for _, entry in self.journal if isinstance(entry, Delivered)]

    def incident(self, brand: str = "acme") -> Incident:
        """Return the last published version of the brand's incident."""
        return next(incident for _, incident in reversed(self.incidents) if incident.brand == brand)
