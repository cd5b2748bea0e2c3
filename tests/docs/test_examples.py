"""The code and the events in docs/integrators.md, run as they stand there."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.broker import EmbeddedBroker
from detectors.text.feedback import Feedback, FeedbackState, Taken, fold
from schemas.events import Alert, AlertStatus, Command, Severity, encode
from schemas.ids import alert_id, fingerprint
from schemas.mention import Mention, decode
from schemas.times import from_ms, parse_iso
from streams.agents.watch import alert_write
from streams.feedback.labels import lesson

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "integrators.md").read_text()
ONSET = parse_iso("2026-03-06T17:34:00Z")


def block(language: str, number: int = 0) -> str:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return found[number]


def run(name: str) -> dict[str, Any]:
    """Run a block as a module that is not the main one; return what it defines."""
    space: dict[str, Any] = {"__name__": "example"}
    exec(compile(block(f"python {name}"), f"docs/integrators.md: {name}", "exec"), space)
    return space


@pytest.fixture
def topic(embedded: EmbeddedBroker, request) -> str:
    name = f"docs-{request.node.name}"[:80].replace("[", "-").replace("]", "")
    admin = KafkaAdminClient(bootstrap_servers=embedded.bootstrap)
    admin.create_topics([NewTopic(name, 1, 1)])
    admin.close()
    return name


def alert(sequence: int, severity: Severity, status: AlertStatus = "updated", brand: str = "Aerolux") -> Alert:
    key, onset = fingerprint(brand, "negative_spike"), from_ms(ONSET)
    return Alert(alert_id(key, ONSET), key, sequence, status, "negative_spike", severity, brand, onset, onset)


def test_the_consumer_keeps_the_last_event_of_each_alert_whatever_comes_twice(embedded, topic, tmp_path, capsys):
    first, worse, over = alert(1, "L2", "firing"), alert(2, "L3"), alert(3, "L3", "resolved")
    other = alert(1, "L1", "firing", brand="Nimbrook")
    producer = KafkaProducer(bootstrap_servers=embedded.bootstrap)
    producer.send(topic, key=b"#tick|0|1772818440000", value=b'{"type":"tick","partition":0,"at":1772818440000}')
    for event in (first, worse, first, worse, other, over, worse):  # a crash repeats, also what is older
        write = alert_write(event)
        producer.send(topic, key=write.key, value=write.value, headers=list(write.headers))
    producer.flush()
    producer.close()

    follow = run("consumer")["follow"]
    follow(
        embedded.bootstrap,
        tmp_path / "a.sqlite",
        topic,
        f"group-{topic}",
        consumer_timeout_ms=8_000,
        session_timeout_ms=6_000,
    )  # fmt: skip - the embedded broker joins in half a session
    printed = [json.loads(line)["sequence"] for line in capsys.readouterr().out.splitlines()]
    assert printed == [1, 2, 1, 3]
    with sqlite3.connect(tmp_path / "a.sqlite") as db:
        rows = db.execute("SELECT brand, sequence, status, severity FROM alerts ORDER BY brand").fetchall()
    assert rows == [("Aerolux", 3, "resolved", "L3"), ("Nimbrook", 1, "firing", "L1")]


def test_what_the_producer_sends_is_a_mention(embedded, topic):
    space = run("producer")
    space["publish"](embedded.bootstrap, [space["mention"]], topic)
    consumer = KafkaConsumer(topic, bootstrap_servers=embedded.bootstrap, auto_offset_reset="earliest", group_id=None,
                             consumer_timeout_ms=5_000)  # fmt: skip
    record = next(consumer)
    consumer.close()
    found = decode(record.key, record.value)
    assert isinstance(found, Mention)
    assert found.author is not None
    assert found.author.followers == 120


def test_the_label_made_there_is_learnt():
    space = run("label")
    key, value = space["label"]("x:1", "Aerolux", "negative", "alice", "the War Zone booth was sick", "en-GB")
    jsonschema.validate(json.loads(value), json.loads((ROOT / "schemas" / "json" / "feedback.schema.json").read_text()))
    taught = lesson(value)
    assert key == b"x:1"
    assert isinstance(taught, Feedback)
    assert fold(FeedbackState(), taught, space["model"]).last == Taken.LEARNT


def test_the_alert_shown_is_one_by_the_schema():
    shown = json.loads(block("json"))
    jsonschema.validate(shown, json.loads((ROOT / "schemas" / "json" / "alert.schema.json").read_text()))
    event = msgspec.json.decode(block("json").encode(), type=Alert)
    assert set(shown) <= set(Alert.__struct_fields__)
    assert event.alert_id == alert_id(event.fingerprint, ONSET)
    assert event.fingerprint == fingerprint(event.brand, event.signal)


def test_the_headers_shown_are_those_of_an_alert():
    table = TEXT.split("Headers follow CloudEvents", 1)[1].split("\n## ", 1)[0]
    shown = re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)
    assert shown == [name for name, _ in alert_write(alert(1, "L2")).headers]


def test_the_command_shown_is_one():
    shown = block("json", 1)
    command = msgspec.json.decode(shown.encode(), type=Command)
    assert json.loads(encode(command)).items() <= (json.loads(shown) | {"via": "kafka"}).items()
    for action in msgspec.inspect.type_info(Command).fields[1].type.values:  # type: ignore[attr-defined]
        assert f"`{action}`" in TEXT, action
