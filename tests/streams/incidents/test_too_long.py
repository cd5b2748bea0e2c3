"""What is said at length, or in a time without a zone, stops no notifier: it is told in fewer words."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from aiokafka import ConsumerRecord

from schemas.events import Alert, Command, Driver, Incident, TimelineEntry, Vote, encode
from streams.agents.notify_records import LARGEST as LARGEST_TAKEN
from streams.agents.notify_records import take
from streams.incidents.commands import LONGEST_NAME, LONGEST_NOTE
from streams.incidents.fitting import LARGEST, as_record
from tests.streams.incidents.language import Story, all_clear, at, page
from tests.streams.incidents.policies import policy

POLICY = policy()
NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)


def record(value: bytes, key: bytes = b"k") -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord("commands", 0, 7, 1_000, 1, key, value, None, len(key), len(value), ())


def test_long_notes_are_cut_and_the_incident_goes_on():
    with Story(POLICY, until=30) as story:
        story.at(1).alert("acme", "L3")
        for minute in range(2, 12):
            story.at(minute).command("note", "x" * 100_000, note="word " * 120_000)
        story.at(12).alert("zenith", "L3")
        story.expect(at(12), page("alice", brand="zenith"))
    (case,) = [case for case in story.state.cases.values() if case.incident.brand == "acme"]
    said = [line for line in case.incident.timeline if line.what == "note"]
    assert len(said) == 10
    assert {len(line.detail) for line in said} == {LONGEST_NOTE}
    assert {len(line.who) for line in said} == {LONGEST_NAME}
    assert all(line.detail.endswith("…") for line in said)


def test_times_without_a_zone_are_taken_as_utc():
    naive = NOW.replace(tzinfo=None)
    with Story(POLICY, until=60) as story:
        story.at(1).alert("acme", "L3")
        story.at(2).alert("acme", "L3", signal="reach", replied_at=naive)
        story.at(3).worse("acme", "L4", replied_at=naive.replace(minute=3))
        story.at(5).resolved("acme", severity="L4").resolved("acme", signal="reach")
        story.expect(at(5), all_clear("alice"))
    (case,) = story.state.cases.values()
    assert case.incident.statement_sent_at == NOW


@pytest.mark.parametrize("lines", [1, 60, 200])
@pytest.mark.parametrize("alerts", [0, 1, 40])
@pytest.mark.parametrize("size", [10, 2_000, 30_000])
def test_an_incident_always_fits_its_record(lines: int, alerts: int, size: int):
    text = "\x01" * size  # six bytes each in JSON
    loud = Alert(
        "a", "f", 1, "firing", "reach", "L4", "acme", NOW, NOW,
        votes=[Vote(text, 1.0, True, text)], drivers=[Driver("term", text, 1, 1.0)], evidence=[text] * 3, reason=text,
    )  # fmt: skip
    story = [TimelineEntry(NOW, "note", "alice", "\x01" * min(size, 2_100))] * lines
    told = [msgspec.structs.replace(loud, alert_id=f"a{n}", severity="L3") for n in range(alerts)]
    incident = Incident("i", "acme", "open", "L4", 3, NOW, NOW, alerts=[*told, loud], timeline=story)
    value = as_record(incident)
    assert len(value) <= LARGEST
    found = msgspec.json.decode(value, type=Incident)
    assert (found.incident_id, found.severity, found.state, found.version) == ("i", "L4", "open", 3)
    assert len(found.timeline) >= min(lines, 80)
    if len(encode(incident)) <= LARGEST:
        assert value == encode(incident)
    assert len(incident.alerts) == alerts + 1 and incident.alerts[-1].reason == text, "the state keeps all of it"


@pytest.mark.parametrize("topic", ["alerts", "commands"])
def test_what_the_journal_could_not_hold_is_a_dead_letter(topic: str):
    command = Command("c", "note", "alice", brand="acme", note="n" * LARGEST_TAKEN)
    took, dead = take("me", topic, record(encode(command)))
    assert dead is not None and took.reason is not None
    assert took.alert is None and took.command is None
    reason = dict(dead.headers)["reason"].decode()
    assert reason == f"invalid_{topic.removesuffix('s')}"
    assert f"at most {LARGEST_TAKEN} are read" in dict(dead.headers)["detail"].decode()
    assert len(encode(took)) < 10_000


@pytest.mark.parametrize("at", [-1, 1 << 62, 9_000_000_000_000])
def test_a_tick_beyond_all_time_is_a_dead_letter(at: int):
    took, dead = take("me", "alerts", record(b'{"type":"tick","partition":0,"at":%d}' % at, b"#tick|0"))
    assert took.tick is None and dead is not None
    took, dead = take("me", "alerts", record(b'{"type":"tick","partition":0,"at":1790000000000}', b"#tick|0"))
    assert took.tick is not None and dead is None


def test_nesting_without_end_is_a_dead_letter():
    for topic in ("alerts", "commands"):
        _, dead = take("me", topic, record(b'{"zzz":' + b"[" * 50_000))
        assert dead is not None
