"""Random histories with crashes, zombies, failures and repeats: what must hold whatever happens.

`TOCSIN_HISTORIES=10000 pytest tests/streams/incidents/test_histories.py` runs as many as wanted.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from schemas.events import Alert, Command, Notification
from schemas.ids import alert_id, fingerprint
from schemas.journal import Delivered, JournalEntry, Leader, TimerDue, Took
from schemas.times import from_ms, parse_iso
from streams.incidents import snapshots
from streams.incidents.effects import Deliver, Effect, Publish
from streams.incidents.fold import fold
from streams.incidents.state import IN_CHARGE, LIVE, NotifyState
from streams.policy.labels import rank
from tests.streams.incidents.language import policy_of
from tests.streams.incidents.policies import policy

HISTORIES = int(os.environ.get("TOCSIN_HISTORIES", "150"))
T0 = parse_iso("2026-03-27T20:00:00Z")  # the clocks change two nights later
POLICY = policy_of(
    policy(
        defaults="{timezone: Europe/Paris, quiet: night, group_wait: 1m, pages_per_hour: 6}",
        quiet_hours='{night: {up_to: L2, hours: [{from: "22:00", to: "07:00"}]}}',
        severities="{L1: {needs_ack: false}, L3: {ack: 8m, ack_expiry: 40m}, L4: {ack_roles: [communication, legal]}}",
        inhibit="[{source: {severity: L4}, target: {severity: L1}}]",
        stakeholders='[{name: care, notify: ["role:care"], match: {severity: L3+}, after: 10m, every: 1h}]',
        digests='[{notify: [alice], up_to: L1, match: {signal: reach}, at: ["09:00"]}]',
    )
)
BRANDS = st.sampled_from(["acme", "zenith"])
SIGNALS = st.sampled_from(["negative_spike", "reach"])
SEVERITIES = st.sampled_from(["L1", "L2", "L3", "L4"])
PEOPLE = st.sampled_from(["alice", "bob", "carol", "dora", "zoe"])


class Histories(RuleBasedStateMachine):
    """One notifier after another on one journal."""

    @initialize()
    def begin(self) -> None:
        self.journal: list[tuple[int, JournalEntry]] = []
        self.effects: list[list[Effect]] = []
        self.now, self.leaders = T0, 0
        self.offsets: Counter[str] = Counter()
        self.taken: list[Took] = []
        self.sequences: Counter[str] = Counter()
        self.firing: dict[tuple[str, str], tuple[str, int]] = {}
        self.onsets = 0
        self.sent: Counter[str] = Counter()
        self.flight: dict[str, Notification] = {}
        self.state = NotifyState()
        self.leader = "w0"
        self.append(Leader(self.leader))

    def append(self, entry: JournalEntry) -> None:
        entry = msgspec.json.decode(msgspec.json.encode(entry), type=JournalEntry)
        self.journal.append((self.now, entry))
        effects = fold(self.state, entry, self.now, POLICY)
        self.effects.append(effects)
        for effect in effects:
            if isinstance(effect, Deliver):
                key = effect.notification.notification_id
                assert key not in self.flight
                assert self.sent[key] == 0, "planned again after it was sent"
                self.flight[key] = effect.notification

    def took(self, topic: str, record: Any) -> None:
        entry = Took(self.leader, topic, self.offsets[topic], **{topic.removesuffix("s"): record})
        self.offsets[topic] += 1
        self.taken.append(entry)
        self.append(entry)

    def event(self, brand: str, signal: str, severity: str, status: str) -> Alert:
        key = (brand, signal)
        if status == "firing" or key not in self.firing:
            self.onsets += 1
            self.firing[key] = alert_id(fingerprint(brand, signal), self.onsets), self.now
        name, starts = self.firing[key]
        self.sequences[name] += 1
        return Alert(
            name, fingerprint(brand, signal), self.sequences[name], status, signal, severity, brand,  # type: ignore[arg-type]
            from_ms(starts), from_ms(self.now),
        )  # fmt: skip

    @rule(brand=BRANDS, signal=SIGNALS, severity=SEVERITIES, status=st.sampled_from(["firing", "updated", "resolved"]))
    def alert(self, brand: str, signal: str, severity: str, status: str) -> None:
        self.took("alerts", self.event(brand, signal, severity, status))

    @rule(
        brand=BRANDS,
        author=PEOPLE,
        action=st.sampled_from(
            [
                "ack",
                "ack",
                "take_over",
                "escalate",
                "statement_sent",
                "stable",
                "resolve",
                "dismiss",
                "silence",
                "unsilence",
                "note",
            ]
        ),
        minutes=st.sampled_from([None, 5, 90]),
    )
    def command(self, brand: str, author: str, action: Any, minutes: int | None) -> None:
        self.took("commands", Command(f"c{self.offsets['commands']}", action, author, brand=brand, minutes=minutes))

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """A record that was taken is read again: nothing may happen."""
        if self.taken:
            entry = msgspec.structs.replace(data.draw(st.sampled_from(self.taken)), leader=self.leader)
            count = len(self.effects)
            self.append(entry)
            assert self.effects[count] == []

    @rule()
    def zombie(self) -> None:
        """A notifier that was replaced goes on writing: nothing may happen."""
        if self.leaders:
            count = len(self.effects)
            alert = Alert("z", "z", 0, "firing", "reach", "L4", "acme", from_ms(self.now), from_ms(self.now))
            self.append(Took("w0", "alerts", self.offsets["alerts"], alert=alert))
            assert self.effects[count] == []

    @rule(minutes=st.sampled_from([1, 5, 30, 600]))
    def wait(self, minutes: int) -> None:
        """Time passes; timers come back when they are due, and one that is not armed changes nothing."""
        end = self.now + minutes * 60_000
        while (due := self.state.next_due()) and due[0] <= end:
            self.now = max(self.now, due[0])
            self.append(TimerDue(self.leader, *due[1], due[0]))
            assert self.state.timers.get(due[1]) != due[0]
        self.now = end

    @rule(data=st.data(), outcome=st.sampled_from(["sent", "sent", "failed"]))
    def delivery(self, data: st.DataObject, outcome: str) -> None:
        """The dispatcher takes one of what was planned, asks whether it may, and says how it ended."""
        if self.flight:
            key = data.draw(st.sampled_from(sorted(self.flight)))
            note = self.flight.pop(key)
            ended = "held_back" if self.state.why_not(note) else outcome
            if ended == "sent":
                self.sent[key] += 1
                incident = self.state.cases[note.incident_id].incident
                if note.purpose == "page":
                    assert incident.state in LIVE
            self.append(Delivered(self.leader, msgspec.structs.replace(note, outcome=ended)))

    @rule()
    def crash(self) -> None:
        """The worker dies; the next one folds the journal and plans again what has no outcome."""
        state = NotifyState()
        effects = [fold(state, entry, at, POLICY) for at, entry in self.journal]
        assert msgspec.to_builtins(effects) == msgspec.to_builtins(self.effects), "the same journal, other effects"
        assert state == self.state == snapshots.unpack(snapshots.pack(state)), "the same journal, another state"
        self.state = state
        self.leaders += 1
        self.leader = f"w{self.leaders}"
        self.append(Leader(self.leader))
        planned = {effect.notification.notification_id for effect in state.undelivered()}
        closed = {key for key, note in self.flight.items() if state.cases[note.incident_id].incident.state == "closed"}
        assert planned | closed >= set(self.flight)
        self.flight = {key: note for key, note in self.flight.items() if key in planned}

    @invariant()
    def nobody_gets_the_same_step_twice(self) -> None:
        assert all(count <= 1 for count in self.sent.values())

    @invariant()
    def one_live_incident_per_brand(self) -> None:
        brands = Counter(case.incident.brand for case in self.state.live_cases())
        assert all(count == 1 for count in brands.values())

    @invariant()
    def severity_is_that_of_the_worst_alert(self) -> None:
        for case in self.state.live_cases():
            assert all(rank(case.incident.severity) >= rank(severity) for severity in case.firing.values())

    @invariant()
    def an_open_incident_is_never_forgotten(self) -> None:
        """As long as nobody is in charge something will happen: a timer, or a reason why not."""
        for case in self.state.live_cases():
            incident = case.incident
            if incident.state != "open":
                continue
            armed = [key for key in self.state.timers if key[0] == incident.incident_id]
            needs = POLICY.band(incident.severity).needs_ack
            steps = [key for key in armed if key[1] != "first_response" and not key[1].startswith("stakeholder")]
            assert steps or case.held or incident.suppressed_by or not needs, incident

    @invariant()
    def what_is_held_back_is_not_paged(self) -> None:
        for case in self.state.live_cases():
            if case.held:
                steps = {key[1] for key in self.state.timers if key[0] == case.incident.incident_id}
                assert not any("[" in step or step == "last_resort" for step in steps), steps

    @invariant()
    def nobody_is_paged_while_somebody_is_in_charge(self) -> None:
        for case in self.state.live_cases():
            if case.incident.state in IN_CHARGE:
                steps = {key[1] for key in self.state.timers if key[0] == case.incident.incident_id}
                assert not any("[" in step for step in steps), steps
                assert not case.incident.nobody_reached

    @invariant()
    def an_ended_incident_has_only_its_closing_before_it(self) -> None:
        for case in self.state.cases.values():
            if case.incident.state not in LIVE:
                steps = {key[1] for key in self.state.timers if key[0] == case.incident.incident_id}
                assert steps <= {"close"}, steps

    @invariant()
    def versions_count_up_by_one(self) -> None:
        versions: dict[str, int] = {}
        for effect in self.effects[-1] if self.effects else ():
            if isinstance(effect, Publish):
                key = effect.incident.incident_id
                assert key not in versions
                versions[key] = effect.incident.version

    def teardown(self) -> None:
        """Everything ends: all who were reached by a page get the all-clear, exactly once for the last end."""
        if not hasattr(self, "state"):
            return
        for key in list(self.flight):
            note = self.flight.pop(key)
            ended = "held_back" if self.state.why_not(note) else "sent"
            self.append(Delivered(self.leader, msgspec.structs.replace(note, outcome=ended)))
        for case in list(self.state.live_cases()):
            self.took(
                "commands",
                Command(f"end{self.offsets['commands']}", "resolve", "alice", incident_id=case.incident.incident_id),
            )
            clear = {
                effect.notification.person
                for effect in self.effects[-1]
                if isinstance(effect, Deliver) and effect.notification.purpose == "all_clear"
            }
            assert clear == set(case.reached)
        assert not self.state.live_cases()


Histories.TestCase.settings = settings(
    max_examples=HISTORIES,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestHistories = Histories.TestCase


def test_what_fails_while_a_silence_holds_does_not_page_the_next_step():
    """Given a page that a person asked for by hand, when it fails under a silence, then the chain waits for the silence's end."""
    story = Histories()
    story.begin()
    story.took("alerts", story.event("acme", "negative_spike", "L2", "firing"))
    for action in ("escalate", "silence"):
        story.took("commands", Command(f"c{story.offsets['commands']}", action, "alice", brand="acme"))
    while story.flight:
        key = min(story.flight)
        note = story.flight.pop(key)
        assert not story.state.why_not(note)
        story.append(Delivered(story.leader, msgspec.structs.replace(note, outcome="failed")))
    story.what_is_held_back_is_not_paged()
    story.wait(660)  # the silence has ended at 22:00 in Paris, quiet hours at 07:00
    assert story.flight
