"""What people say an incident is about: from the command line and the page to the incident, and to the next alert."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from deploy.broker import EmbeddedBroker
from detectors.text.feedback import FeedbackState, Taken, TriggerLesson, fold_trigger
from schemas import topics
from schemas.events import Alert, Command, Driver, Feedback, Incident, Trigger, decoder, encode
from schemas.ids import alert_id, fingerprint
from schemas.times import MINUTE, from_ms
from streams import consoles, topics_admin
from streams.app import assemble
from streams.cli import main
from streams.commands import feedback
from streams.commands.incident import latest
from streams.engine.records import Write
from streams.feedback.about import terms_of
from streams.feedback.labels import lesson
from streams.settings import Settings, load
from streams.worker import serve
from tests.streams.incidents.language import Story, at, page
from tests.streams.incidents.policies import policy
from tests.streams.web import samples
from tests.streams.web.harness import open_page

POLICY = """\
people:
  alice: {channels: [{type: console, name: mail}]}
chains:
  main: {steps: [{notify: [alice], wait: 5m}]}
defaults: {chain: main}
"""
DRIVERS = [Driver("term", "krogat", 40, 9.0), Driver("term", "jar", 22, 7.0), Driver("term", "delayed", 9, 3.0)]


def alert(brand: str, sequence: int = 1, minute: int = 0) -> Alert:
    mark, now = fingerprint(brand, "volume_spike"), int(time.time() * 1e3) // MINUTE * MINUTE + minute * MINUTE
    return Alert(
        alert_id(mark, 7), mark, sequence, "firing", "volume_spike", "L2", brand, from_ms(now), from_ms(now),
        drivers=DRIVERS, trigger="service", trigger_confidence=0.5, trigger_terms=["delayed"], reason="many",
    )  # fmt: skip


class Office:
    """A notifier in a thread, on topics of its own, and somebody at a terminal."""

    def __init__(self, broker: EmbeddedBroker, folder: Path) -> None:
        self.config = folder / "tocsin.yaml"
        (folder / "policy.yaml").write_text(POLICY)
        body = {
            "broker": {"bootstrap": broker.bootstrap, "embedded": True},
            "topic_prefix": f"ab{random.getrandbits(32):x}.",
            "partitions": {"mentions": 1, "scored": 1},
            "brands": [{"name": "Acme"}, {"name": "Nimbrook"}],
            "policy": str(folder / "policy.yaml"),
            "web": {"port": 0},
        }
        self.config.write_text(json.dumps(body))
        self.settings: Settings = load(self.config)
        topics_admin.create(self.settings)
        self._runner, self._stop = asyncio.Runner(), asyncio.Event()
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        async def work() -> None:
            assembly = await assemble(self.settings, ["notify"])
            try:
                await serve(assembly, self._stop)
            finally:
                assembly.guard.release()

        with self._runner:
            self._runner.run(work())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def ring(self, found: Alert) -> None:
        consoles.write_all(self.settings, [Write(topics.ALERTS.name, found.fingerprint.encode(), encode(found), 0)])

    def incident(self, brand: str, wanted: Callable[[Incident], bool]) -> Incident:
        for _ in range(100):
            found = [one for one in latest(self.settings).values() if one.brand == brand and wanted(one)]
            if found:
                return msgspec.convert(found[0], Incident, from_attributes=True)
            time.sleep(0.2)
        raise AssertionError(f"no such incident: {latest(self.settings)}")

    def say(self, *arguments: str) -> int:
        return main(["feedback", *arguments, "--config", str(self.config)])


@pytest.fixture
def office(embedded: EmbeddedBroker, tmp_path: Path) -> Iterator[Office]:
    made = Office(embedded, tmp_path)
    yield made
    made.close()


def test_what_a_person_says_counts_for_the_incident_at_once_and_for_the_next_alert(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given an incident that was taken for one of service, when alice says product, it is; when bob agrees, so is its like elsewhere."""
    office.ring(alert("Acme"))
    first = office.incident("Acme", lambda one: one.trigger == "service")
    capsys.readouterr()
    assert office.say("--incident", first.incident_id[:8], "--trigger", "Product", "--as", "alice") == 0
    assert "said to be about product (before: service)" in capsys.readouterr().out
    now = office.incident("Acme", lambda one: one.trigger == "product")
    assert now.trigger_by == "alice"
    assert [(e.who, e.detail) for e in now.timeline if e.what == "about"] == [("alice", "service → product")]
    (label,) = (decoder(Feedback).decode(r.value) for r in consoles.read_all(office.settings, topics.FEEDBACK))
    assert (label.field, label.value, label.mention_id) == ("trigger", "product", first.incident_id)
    assert label.terms == {"krogat": 40, "jar": 22, "delayed": 9}

    office.ring(alert("Acme", 2))
    office.incident("Acme", lambda one: one.alerts[-1].sequence == 2)
    office.ring(alert("Nimbrook"))
    assert office.incident("Nimbrook", lambda one: bool(one.alerts)).trigger == "service", (
        "one person speaks for one brand"
    )
    assert office.say("--incident", first.incident_id[:8], "--trigger", "product", "--as", "bob") == 0
    sequence = 1
    for _ in range(20):  # the label is on its way to the worker
        office.ring(alert("Nimbrook", sequence := sequence + 1))
        other = office.incident("Nimbrook", lambda one: one.alerts[-1].sequence == sequence)
        if other.trigger == "product":
            break
    told = other.alerts[-1]
    assert (other.trigger, other.trigger_by) == ("product", "")
    assert (told.trigger, told.trigger_labels, told.trigger_terms) == ("product", 2, ["krogat", "jar", "delayed"])
    assert told.trigger_confidence > 0.25

    office.ring(alert("Acme", 3))
    later = office.incident("Acme", lambda one: one.alerts[-1].sequence == 3)
    assert (later.trigger, later.trigger_by) == ("product", "bob")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--incident", "5f0c"], "--trigger: missing"),
        (["--trigger", "product"], "--incident: missing"),
        (["--incident", "5f0c", "--trigger", "weather"], "--trigger: 'weather' must be one of product, employee"),
        (["--incident", "5f0c", "--trigger", "product", "--id", "x:1"], "--id: goes with the label of a post"),
    ],
)
def test_what_is_typed_wrong_is_told_before_a_broker_is_asked(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feedback", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_the_words_of_the_command_are_those_of_the_contract() -> None:
    assert get_args(Trigger) == feedback.TRIGGERS


def test_terms_and_hashtags_teach_and_nothing_else() -> None:
    drivers = [
        Driver("author_kind", "media", 4, 2.0),
        Driver("hashtag", "#jar", 9, 2.0),
        Driver("link", "a.example", 3, 2.0),
    ]
    one = msgspec.structs.replace(alert("Acme"), drivers=[*DRIVERS, *drivers])
    assert terms_of([one, alert("Acme")]) == {"krogat": 40, "jar": 22, "delayed": 9, "#jar": 9}


def test_the_fold_keeps_what_a_person_said_whatever_rings_after() -> None:
    with Story(policy()) as story:
        story.at(0).alert("acme", "L3", trigger="service", trigger_confidence=0.9)
        story.at(1).command("note", "alice", about="legal", note="a lawyer wrote")
        story.at(2).alert("acme", "L3", status="updated", trigger="service", trigger_confidence=1.0)
        story.at(3).command("note", "bob", note="only a note")
        story.expect(at(0), page())
    incident = story.incident()
    assert (incident.trigger, incident.trigger_by) == ("legal", "alice")
    assert [e.detail for e in incident.timeline if e.what == "about"] == ["service → legal. a lawyer wrote"]


def test_what_a_person_said_is_taken_back_by_that_person_alone() -> None:
    """Given alice's word, when bob withdraws it nothing changes; when alice does, the alerts decide again."""
    for person, ends in (("bob", ("legal", "alice")), ("alice", ("product", ""))):
        with Story(policy()) as story:
            story.at(0).alert("acme", "L3", trigger="service", trigger_confidence=0.9)
            story.at(1).command("note", "alice", about="legal")
            story.at(2).command("note", "bob", about="withdrawn")
            if person == "alice":
                story.at(3).command("note", "alice", about="withdrawn")
            story.at(4).alert("acme", "L3", status="updated", trigger="product", trigger_confidence=1.0)
            story.expect(at(0), page())
        incident = story.incident()
        assert (incident.trigger, incident.trigger_by) == ends
    told = [(e.what, e.who, e.detail) for e in incident.timeline if e.what in {"about", "not done"}]
    assert told == [
        ("about", "alice", "service → legal"),
        ("not done", "bob", "note: what it is about was not said last by who withdraws it"),
        ("about", "alice", "legal withdrawn → service"),
    ]


def test_a_label_is_taken_back_from_the_terminal(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.ring(alert("Acme"))
    name = office.incident("Acme", lambda one: one.trigger == "service").incident_id
    assert office.say("--incident", name[:8], "--trigger", "product", "--as", "alice") == 0
    office.incident("Acme", lambda one: one.trigger_by == "alice")
    capsys.readouterr()
    assert office.say("--incident", name[:8], "--trigger", "withdrawn", "--as", "alice") == 0
    assert "what alice said of it is taken back" in capsys.readouterr().out
    assert office.incident("Acme", lambda one: not one.trigger_by).trigger == "service"
    state = FeedbackState()
    for record in consoles.read_all(office.settings, topics.FEEDBACK):
        taught = lesson(record.value)
        assert isinstance(taught, TriggerLesson)
        fold_trigger(state, taught)
    assert (state.outcomes, state.triggers.lessons) == ({Taken.LEARNT: 1, Taken.WITHDRAWN: 1}, [])


def test_the_page_offers_to_take_back_what_somebody_said() -> None:
    told = msgspec.structs.replace(samples.incident(), trigger_by="noor")

    async def run() -> None:
        records = [*samples.story(), samples.write(topics.INCIDENTS, told.incident_id, told)]
        async with open_page(records) as (visitor, producer):
            _, shown = await visitor.get(f"/incidents/{told.incident_id}")
            assert '<option value="withdrawn">' in shown
            assert (await visitor.act(told.incident_id, "about", about="withdrawn"))[0] == 303
            sent = {write.topic: write.value or b"" for write in producer.writes}
            label = decoder(Feedback).decode(sent["feedback"])
            assert decoder(Command).decode(sent["commands"]).about == "withdrawn"
            assert (label.field, label.value, label.terms) == ("trigger", "withdrawn", {})

    asyncio.run(run())


def test_the_page_asks_what_it_is_about_and_sends_both() -> None:
    name = samples.incident().incident_id

    async def run() -> None:
        async with open_page(samples.story()) as (visitor, producer):
            _, shown = await visitor.get(f"/incidents/{name}")
            assert '<option value="safety" selected>' in shown
            status, shown = await visitor.act(name, "about", about="weather")
            assert (status, producer.writes) == (400, []) and "Choose what the incident is about" in shown
            assert (await visitor.act(name, "about", about="product"))[0] == 303
            sent = {write.topic: write.value or b"" for write in producer.writes}
            command, label = decoder(Command).decode(sent["commands"]), decoder(Feedback).decode(sent["feedback"])
            assert (command.action, command.about, command.author) == ("note", "product", "noor")
            assert (label.field, label.value, label.brand) == ("trigger", "product", samples.BRAND)
            assert label.terms and "media" not in label.terms

    asyncio.run(run())
