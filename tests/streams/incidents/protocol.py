"""The journal's protocol, played with every step of the shell apart: what `streams.agents.notify` does between awaits.

The fold, the state, the snapshots and the plans are the real ones; Kafka's three logs are lists, and a notifier is a set
of small steps that the history puts in any order: read, append, look at the clock, begin a delivery, send, record, tell.
Between any two it may die or freeze while others lead. Each rule of docs/architecture.md, In `notify`, can be left out.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import msgspec

from schemas.events import Alert, Command, Notification
from schemas.ids import alert_id, fingerprint
from schemas.journal import Delivered, JournalEntry, Leader, TimerDue, Took
from schemas.times import MINUTE, from_ms, parse_iso, to_ms
from streams.incidents import snapshots
from streams.incidents.effects import Deliver, Effect
from streams.incidents.fold import fold
from streams.incidents.state import NotifyState
from tests.streams.incidents.language import policy_of

T0: Final = parse_iso("2026-03-03T10:00:00Z")
WAIT: Final = 5 * MINUTE
POLICY = policy_of(
    """
people:
  alice: {channels: [{type: webhook, name: hook, url: "http://localhost/a"}]}
  bob: {channels: [{type: webhook, name: hook, url: "http://localhost/b"}]}
  carol: {channels: [{type: webhook, name: hook, url: "http://localhost/c"}]}
chains: {day: {steps: [{notify: [alice], wait: 5m}, {notify: [bob], wait: 5m}, {notify: [carol], wait: 5m}], repeat: 1}}
severities: {L3: {ack_expiry: 8m}}
defaults: {chain: day, last_resort: [carol]}
"""
)
RULES: Final = {
    "leader": "entries of anyone but the latest leader change nothing, and who reads another's leader record stops",
    "read back": "fold only what is read back from the journal",
    "step and round": "a timer's record names incident, step and round",
    "armed": "a timer counts only if it is armed",
    "due": "a timer counts only if it is due by the journal's append time",
    "sequence": "an alert's event not above its last sequence is a repeat",
    "plan again": "a new leader plans again what has no outcome",
    "look up": "and first looks on notifications for an outcome that the journal was not told",
    "check": "whether it still leads is asked right before each send",
    "attempt": "and only once the attempt's own record has been read back from the journal",
}


@dataclass
class Job:
    """A delivery and how far it has come."""

    notification: Notification
    stage: str = "queued"
    offset: int = -1
    landed: int | None = None
    """Where the record of the attempt stands on the journal."""


@dataclass
class World:
    """The logs, and what was seen to happen."""

    chance: random.Random
    without: str = ""
    now: int = T0
    alerts: list[Alert] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    journal: list[tuple[int, JournalEntry]] = field(default_factory=list)
    notes: list[Notification] = field(default_factory=list)
    kept: list[tuple[int, bytes]] = field(default_factory=list)
    sends: list[tuple[str, str]] = field(default_factory=list)
    """Key and sender, in order."""
    lost: set[tuple[str, str]] = field(default_factory=set)
    """Key and sender of deliveries that a death cut between check and record, or a successor overtook there."""
    wrong: Counter[str] = field(default_factory=Counter)

    def append(self, entry: JournalEntry) -> None:
        self.journal.append((self.now, msgspec.json.decode(msgspec.json.encode(entry), type=JournalEntry)))


class Notifier:
    """The shell, step by step."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.state, self.position = NotifyState(), 0
        self.leading = self.started = False
        self.knows_other = False
        self.issued: list[JournalEntry] = []
        self.jobs: dict[str, Job] = {}
        self.skew = world.chance.randrange(-2 * MINUTE, 2 * MINUTE)
        self.told: set[tuple[object, ...]] = set()
        self.taken = {"alerts": -1, "commands": -1}
        if world.kept:
            self.position, packed = max(world.kept, key=lambda one: one[0])
            self.state = snapshots.unpack(packed)

    # one step each; a history calls them in any order

    def start(self) -> None:
        """Read the journal, then claim the lead; settling comes with the own record."""
        while self.position < len(self.world.journal):
            self.fold_next()
        self.world.append(Leader(self.name))
        self.started = True

    def fold_next(self) -> list[Effect]:
        at, entry = self.world.journal[self.position]
        self.position += 1
        without = self.world.without
        if without == "read back" and not isinstance(entry, Leader) and entry.leader == self.name:
            return []  # it was folded when it was issued
        return self.folded(entry, at)

    def folded(self, entry: JournalEntry, at: int) -> list[Effect]:
        state, without = self.state, self.world.without
        if without == "leader" and not isinstance(entry, Leader) and state.leader is not None:
            entry = msgspec.structs.replace(entry, leader=state.leader)
        if without == "sequence":
            state.sequences.clear()
        if isinstance(entry, TimerDue) and entry.leader == state.leader:
            mine = [key for key in state.timers if key[0] == entry.incident_id]
            key = (entry.incident_id, entry.step, entry.round)
            if without == "step and round" and mine and entry.due <= at:
                entry = msgspec.structs.replace(entry, step=mine[0][1], round=mine[0][2])
                state.timers[mine[0]] = entry.due
            elif without == "armed" and entry.due <= at:
                state.timers[key] = entry.due
            elif without == "due" and key in state.timers:
                entry = msgspec.structs.replace(entry, due=at)
                state.timers[key] = at
        return fold(state, entry, at, POLICY)

    def read(self) -> None:
        if self.position >= len(self.world.journal):
            return
        effects = self.fold_next()
        if not self.started:
            return
        other = self.state.leader != self.name
        if not self.leading and not other and not self.knows_other:
            self.leading = True
            self.settle()
        elif other and self.leading:
            self.knows_other = True
            if self.world.without != "leader":
                self.leading = False
        if self.leading:
            self.submit(effects)

    def settle(self) -> None:
        world = self.world
        self.taken = {topic: self.state.offsets.get(topic, -1) for topic in self.taken}
        floor = self.state.floor()
        ends = {}
        if floor is not None and world.without != "look up":
            ends = {
                note.notification_id: (note, floor + 1 + n)
                for n, note in enumerate(world.notes[floor + 1 :])
                if note.outcome != "pending"
            }
        for deliver in self.state.undelivered():
            known = ends.get(deliver.notification.notification_id)
            if known is not None:
                self.issued.append(Delivered(self.name, *known))
            elif world.without != "plan again":
                self.submit([deliver])

    def submit(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Deliver):
                self.jobs.setdefault(effect.notification.notification_id, Job(effect.notification))

    def take(self) -> None:
        """Take the next record of an input; it is on its way to the journal, not there yet."""
        if not self.leading:
            return
        topic = self.world.chance.choice(["alerts", "commands"])
        inputs = self.world.alerts if topic == "alerts" else self.world.commands
        if self.taken[topic] + 1 < len(inputs):
            self.taken[topic] += 1
            offset = self.taken[topic]
            self.issue(Took(self.name, topic, offset, **{topic.removesuffix("s"): inputs[offset]}))  # type: ignore[arg-type]

    def issue(self, entry: JournalEntry) -> None:
        self.issued.append(entry)
        if self.world.without == "read back":
            self.submit(self.folded(entry, self.world.now))

    def land(self) -> None:
        """One of what is on its way arrives: takes in their order, the others in any."""
        if self.issued:
            first = next((n for n, one in enumerate(self.issued) if isinstance(one, Took)), None)
            others = [n for n, one in enumerate(self.issued) if not isinstance(one, Took)]
            index = self.world.chance.choice([*others, *([first] if first is not None else [])])
            entry = self.issued.pop(index)
            self.world.append(entry)
            if isinstance(entry, Delivered) and entry.notification.outcome == "pending":
                job = self.jobs.get(entry.notification.notification_id)
                if job is not None:
                    job.landed = len(self.world.journal) - 1

    def look_at_clock(self) -> None:
        if not self.leading:
            return
        for key, due in sorted(self.state.timers.items()):
            # Sent again after a while; now and then the record of one that was disarmed meanwhile is late.
            if due <= self.world.now + self.skew and (*key, due, self.world.now // MINUTE) not in self.told:
                self.told.add((*key, due, self.world.now // MINUTE))
                self.issue(TimerDue(self.name, *key, due))

    def deliver(self) -> None:
        """Take one delivery one step on."""
        world = self.world
        waiting = [key for key, job in self.jobs.items() if job.stage != "done"]
        if not waiting:
            return
        key = world.chance.choice(waiting)
        job = self.jobs[key]
        if job.stage == "queued":
            if not self.allowed():
                del self.jobs[key]
            elif (reason := self.state.why_not(job.notification)) is not None:
                job.notification = msgspec.structs.replace(job.notification, outcome="held_back", reason=reason)
                job.stage = "ended"
            else:
                world.notes.append(msgspec.structs.replace(job.notification, outcome="pending"))
                self.issue(Delivered(self.name, world.notes[-1]))
                job.stage = "begun"
        elif job.stage == "begun":
            if job.landed is None or (job.landed >= self.position and world.without != "attempt"):
                return
            if not self.allowed() and world.without != "check":
                del self.jobs[key]
                return
            self.send(key)
            job.notification = msgspec.structs.replace(job.notification, outcome="sent")
            job.stage = "ended"
        elif job.stage == "ended":
            world.notes.append(job.notification)
            job.offset, job.stage = len(world.notes) - 1, "noted"
        else:
            self.issue(Delivered(self.name, job.notification, job.offset))
            job.stage = "done"

    def allowed(self) -> bool:
        return self.leading and (self.state.leader == self.name or self.world.without == "leader")

    def send(self, key: str) -> None:
        world = self.world
        if self.knows_other:
            world.wrong["sent by one that knows that another leads"] += 1
        for one, sender in world.sends:
            if one == key and (sender == self.name or not {(key, sender), (key, self.name)} & world.lost):
                world.wrong["sent again without a crash between check and record"] += 1
        world.sends.append((key, self.name))

    def keep(self) -> None:
        if self.leading:
            self.world.kept.append((self.position, snapshots.pack(self.state)))

    def cut(self) -> None:
        """It dies, or another takes over: what is between check and record may come once more."""
        for key, job in self.jobs.items():
            if (job.stage == "begun" and job.landed is not None) or (
                job.stage == "ended" and job.notification.outcome == "sent"
            ):
                self.world.lost.add((key, self.name))


def inputs(world: World) -> None:
    """Put the next event on `alerts`, a repeat of an old one, or a decision on `commands`."""
    chance = world.chance
    brand = chance.choice(["acme", "zenith"])
    if chance.random() < 0.3:
        action = chance.choice(["ack", "ack", "note", "resolve"])
        number = len(world.commands)
        minutes = chance.choice([None, 3, 20]) if action == "ack" else None
        who = chance.choice(["alice", "bob"])
        world.commands.append(Command(f"c{number}", action, who, brand=brand, minutes=minutes))  # type: ignore[arg-type]
        return
    mine = [one for one in world.alerts if one.brand == brand]
    if mine and chance.random() < 0.3:
        world.alerts.append(chance.choice(mine))  # `watch` was restarted and says again what it said
        return
    last = mine[-1] if mine else None
    newest = max(mine, key=lambda one: (one.starts_at, one.sequence), default=None)
    name = fingerprint(brand, "reach")
    if newest is None or newest.status == "resolved" or last is None:
        at = from_ms(world.now + len(world.alerts))
        world.alerts.append(Alert(alert_id(name, to_ms(at)), name, 0, "firing", "reach", "L3", brand, at, at))
    else:
        status = chance.choice(["updated", "resolved"])
        world.alerts.append(msgspec.structs.replace(newest, sequence=newest.sequence + 1, status=status))


def history(seed: int, without: str = "", steps: int = 260) -> Counter[str]:
    """Play one history and return what was wrong in it; nothing, with all rules in force."""
    world = World(random.Random(seed), without)
    chance, count = world.chance, 0
    notifiers: list[Notifier] = []
    frozen: list[Notifier] = []

    def begin() -> Notifier:
        nonlocal count
        count += 1
        made = Notifier(world, f"w{count}")
        for one in (*notifiers, *frozen):
            one.cut()
        made.start()
        notifiers.append(made)
        return made

    begin()
    for _ in range(steps):
        dice = chance.random()
        if dice < 0.06:
            inputs(world)
        elif dice < 0.12:
            world.now += chance.choice([1_000, MINUTE, 3 * MINUTE, 6 * MINUTE])
        elif dice < 0.13 and notifiers:
            notifiers.pop(chance.randrange(len(notifiers))).cut()
        elif dice < 0.14 and notifiers:
            frozen.append(notifiers.pop(chance.randrange(len(notifiers))))
        elif dice < 0.16 and frozen:
            notifiers.append(frozen.pop())
        elif (dice < 0.20 and not notifiers) or (dice < 0.165 and len(notifiers) < 3):
            begin()
        elif notifiers:
            one = chance.choice(notifiers)
            names = ["read", "read", "read", "take", "land", "land", "look_at_clock", "deliver", "deliver", "deliver"]
            getattr(one, "keep" if chance.random() < 0.02 else chance.choice(names))()
    for one in notifiers:
        one.cut()
    notifiers, last = [], begin()
    for _ in range(12):  # the last one works everything off
        for _ in range(120):
            for step in (last.read, last.take, last.land, last.deliver):
                step()
        last.look_at_clock()
        world.now += MINUTE // 2
    examine(world, last)
    return world.wrong


def examine(world: World, last: Notifier) -> None:
    """Hold what happened against the journal, folded once with all rules in force."""
    truth, planned = NotifyState(), list[tuple[int, Notification]]()
    events: dict[str, int] = {}
    heard: dict[str, str] = {}
    for at, entry in world.journal:
        for effect in fold(truth, entry, at, POLICY):
            if isinstance(effect, Deliver):
                planned.append((at, effect.notification))
        alert = entry.alert if isinstance(entry, Took) and entry.leader == truth.leader else None
        if alert is not None and alert.sequence > events.get(alert.alert_id, -1):
            events[alert.alert_id], heard[alert.alert_id] = alert.sequence, alert.status
    keys = {note.notification_id for _, note in planned}
    ends = {note.notification_id for note in world.notes if note.outcome != "pending"}
    world.wrong["sent, and the journal knows nothing of it"] += len({key for key, _ in world.sends} - keys)
    world.wrong["decided, and never sent nor held back"] += len(keys - ends)
    firing = {name for case in last.state.cases.values() for name in case.firing}
    over = {name for name, status in heard.items() if status == "resolved"}
    world.wrong["fires although its last event says that it is over"] += len(firing & over)
    world.wrong["another state than the journal's"] += last.state != truth
    world.wrong["an input was not taken"] += len(world.alerts) - 1 != last.state.offsets.get("alerts", -1)
    _too_early(world)
    world.wrong = +world.wrong


def _too_early(world: World) -> None:
    """Nobody is paged before the person of the step before has had the time to answer."""
    begun: dict[str, tuple[int, int]] = {}
    seen: set[str] = set()
    for note in world.notes:
        if note.purpose != "page" or note.notification_id in seen:
            continue
        seen.add(note.notification_id)
        step, at = int(note.step[4:-1]), to_ms(note.at)
        before = begun.get(note.incident_id)
        if before is not None and before[0] + 1 == step and 0 < at - before[1] < WAIT:
            world.wrong["paged before the wait was over"] += 1
        if before is None or at >= before[1]:
            begun[note.incident_id] = step, at
