"""Bad input on real Kafka, with a real worker: each becomes a dead letter with its reason, and the stream goes on."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.errors import InvalidRecordError

from deploy.broker import KafkaBroker
from schemas import scored, topics
from schemas.ids import mention_hash
from schemas.scored import DELETE, ScoredBatch
from schemas.times import iso
from streams.engine.dead_letter import KEPT_TOO_LARGE
from tests.system.harness import ROOT, System

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def live(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One worker on the wall clock for all tests here: each uses ids of its own, and what one sends stops no other."""
    made = System(
        kafka.bootstrap,
        tmp_path_factory.mktemp("bad"),
        name=f"b{random.getrandbits(32):x}",
        brands=["Acme"],
        clock="live",
    )
    made.worker().wait_ready()
    yield made
    made.close()


class Hand:
    """Somebody who produces by hand with kafka-python, and looks at what became of it."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.run = f"{random.getrandbits(40):x}"
        self.count = 0

    def id(self) -> str:
        self.count += 1
        return f"{self.run}-{self.count}"

    def body(self, native_id: str, **change: Any) -> dict[str, Any]:
        return {
            "platform": "x", "id": native_id, "created_at": iso(int(time.time() * 1_000)), "brand": "Acme",
            "text": "my Acme is fine", "author": {"id": native_id},
        } | change  # fmt: skip

    def send(self, key: bytes | None, value: bytes | None, codec: str | None = None) -> tuple[int, int]:
        """Produce; return partition and offset."""
        producer = KafkaProducer(
            bootstrap_servers=self.system.settings.broker.bootstrap, compression_type=codec, max_request_size=8_000_000
        )
        found = producer.send(self.system.settings.topic_prefix + "mentions", value, key).get(20)
        producer.close()
        return found.partition, found.offset

    def send_good(self, codec: str | None = None, **change: Any) -> str:
        native_id = self.id()
        self.send(f"x:{native_id}".encode(), json.dumps(self.body(native_id, **change)).encode(), codec)
        return f"x:{native_id}"

    def batches(self) -> list[ScoredBatch]:
        return [scored.decode(record.value) for record in self.system.read(topics.SCORED)]

    def scored(self) -> set[str]:
        """Return the names of all mentions that were scored, `platform:id`."""
        return {name for batch in self.batches() for name in batch.ids}

    def await_scored(self, *names: str) -> None:
        self.system.wait(lambda: set(names) <= self.scored(), 20)

    def await_dead(self, where: tuple[int, int]) -> Any:
        """Return the dead letter of the record at `where`."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for record in self.system.read(topics.DEAD_LETTERS):
                headers = dict(record.headers)
                if (headers.get("partition"), headers.get("offset")) == tuple(str(n).encode() for n in where):
                    return record
            time.sleep(0.1)
        raise AssertionError(f"no dead letter of mentions {where}; {self.system.logs()}")


@pytest.fixture
def hand(live: System) -> Hand:
    return Hand(live)


def tocsin(system: System, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "streams", *arguments, "--config", str(system.config)],
        check=False, capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def changed(**change: Any) -> Any:
    return lambda hand, native_id: json.dumps(hand.body(native_id, **change)).encode()


def damaged(old: bytes, new: bytes, **change: Any) -> Any:
    return lambda hand, native_id: changed(**change)(hand, native_id).replace(old, new)


BAD: dict[str, tuple[Any, str]] = {
    "truncated JSON": (lambda hand, native_id: changed()(hand, native_id)[:-9], "malformed_json"),
    "nested too deep": (lambda hand, native_id: changed()(hand, native_id)[:-1] + b',"z":' + b"[" * 100_000, "malformed_json"),
    "a text that is a number": (changed(text=7), "invalid_field"),
    "an author that is a list": (changed(author=[1]), "invalid_field"),
    "no created_at": (lambda hand, native_id: json.dumps({"platform": "x", "id": native_id, "text": "a"}).encode(), "missing_field"),
    "no text": (changed(text=None), "missing_field"),
    "invalid UTF-8": (damaged(b"fine", b"f\xffne"), "invalid_utf8"),
    "a text of nearly a megabyte": (changed(text="x" * 1_000_000), "invalid_field"),
    "NaN": (damaged(b'"@"', b"NaN", author={"id": "a", "followers": "@"}), "malformed_json"),
    "a negative count": (changed(author={"id": "a", "followers": -1}), "invalid_field"),
    "1970": (changed(created_at="1970-01-01T00:00:00Z"), "too_old"),
    "2100": (changed(created_at="2100-01-01T00:00:00Z"), "future"),
    "the end of time": (changed(created_at="9999-12-31T23:59:59-23:00"), "future"),
    "an unknown brand": (changed(brand="Akme"), "unknown_brand"),
    "an unknown schema version": (changed(schema=2), "unknown_schema"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_dead_letter_with_its_reason_and_bytes_and_the_stream_goes_on(hand: Hand, name: str):
    make, reason = BAD[name]
    native_id = hand.id()
    key, value = f"x:{native_id}".encode(), make(hand, native_id)
    where = hand.send(key, value, "gzip")
    good = hand.send_good()
    dead = hand.await_dead(where)
    headers = dict(dead.headers)
    assert headers["reason"].decode() == reason
    assert headers["detail"]
    assert headers["topic"] == b"mentions"
    assert (dead.key, dead.value) == (key, value)
    hand.await_scored(good)
    assert key.decode() not in hand.scored()


@pytest.mark.parametrize("key", [b"", b"x:somebody else", b"\xff"])
def test_a_key_that_does_not_fit_is_a_dead_letter(hand: Hand, key: bytes | None):
    value = json.dumps(hand.body(hand.id())).encode()
    dead = hand.await_dead(hand.send(key, value))
    assert dict(dead.headers)["reason"] == b"wrong_key"
    assert dead.value == value
    hand.await_scored(hand.send_good())


def test_a_record_without_a_key_is_refused_by_the_broker(hand: Hand):
    """A compacted topic takes none, so the sender learns it at once."""
    with pytest.raises(InvalidRecordError, match="without key"):
        hand.send(None, json.dumps(hand.body(hand.id())).encode())


def test_a_packed_record_that_unpacks_to_five_megabytes_is_cut_and_its_hash_kept(hand: Hand):
    native_id = hand.id()
    value = json.dumps(hand.body(native_id, text="x" * 5_000_000)).encode()
    dead = hand.await_dead(hand.send(f"x:{native_id}".encode(), value, "gzip"))
    headers = dict(dead.headers)
    assert headers["reason"] == b"too_large"
    assert dead.value == value[:KEPT_TOO_LARGE]
    assert headers["bytes"] == str(len(value)).encode()
    assert headers["sha256"] == hashlib.sha256(value).hexdigest().encode()
    hand.await_scored(hand.send_good())


def test_a_key_that_unpacks_to_three_megabytes_stops_nobody(hand: Hand):
    dead = hand.await_dead(hand.send(b"k" * 3_000_000, b"{}", "gzip"))
    assert dict(dead.headers)["key_bytes"] == b"3000000"
    hand.await_scored(hand.send_good())


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compressed_records_are_read(hand: Hand, codec: str):
    hand.await_scored(hand.send_good(codec), hand.send_good(codec, text="Acme " * 5_000))


def test_a_tombstone_deletes(hand: Hand):
    """The mention's rows are taken back in every partition, and its dead letter goes too."""
    name = hand.send_good()
    bad = hand.id()
    hand.await_dead(hand.send(f"x:{bad}".encode(), b"{"))
    hand.await_scored(name)
    hand.send(name.encode(), None)
    hand.send(f"x:{bad}".encode(), None)

    wanted = {mention_hash(*one.split(":", 1)) for one in (name, f"x:{bad}")}

    def taken_back() -> bool:
        return wanted <= {int(row["mention"]) for batch in hand.batches() for row in batch.table if row["op"] == DELETE}

    hand.system.wait(taken_back, 20)
    status, out, _ = tocsin(hand.system, "dead-letters", "list", "--json")
    assert status == 0
    assert f"x:{bad}" not in {letter.get("key") for letter in json.loads(out)}


def test_after_mending_a_replay_works_once(hand: Hand, tmp_path: Path):
    native_id, other = hand.id(), hand.id()
    key = f"x:{native_id}"
    where = hand.send(key.encode(), json.dumps(hand.body(native_id, brand="Akme")).encode())
    hand.await_dead(where)
    hand.await_dead(hand.send(f"x:{other}".encode(), b"not json"))
    status, out, _ = tocsin(hand.system, "dead-letters", "list", "--json")
    mine = [letter for letter in json.loads(out) if letter.get("key") in (key, f"x:{other}")]
    assert status == 0
    assert {letter["origin"] for letter in mine} >= {f"mentions/{where[0]}/{where[1]}"}
    for letter in mine:
        letter["value"] = letter["value"].replace("Akme", "Acme")
    file = tmp_path / "dead.json"
    file.write_text(json.dumps(mine))

    status, out, _ = tocsin(hand.system, "dead-letters", "replay", "--file", str(file))
    assert status == 1, "one of the two was not mended"
    assert "1 sent again, 0 left alone" in out
    assert "not sent, still malformed_json" in out
    hand.await_scored(key)

    status, out, _ = tocsin(hand.system, "dead-letters", "replay", "--file", str(file), "--json")
    said = json.loads(out)
    assert (said["sent"], said["sent_before"], len(said["refused"])) == (0, 1, 1)
    again = [r for r in hand.system.read(topics.MENTIONS) if dict(r.headers).get("dead_letter_of")]
    assert [r.key.decode() for r in again if r.key.decode() == key] == [key]


def test_every_record_is_accounted_for(hand: Hand):
    """After all of the above: each offset of `mentions` is scored, unmatched, dead or control, and the worker lives."""
    (worker,) = hand.system.workers
    assert worker.running
    sent = {(record.partition, record.offset) for record in hand.system.read(topics.MENTIONS)}

    def told() -> set[tuple[int, int]]:
        return {
            (batch.partition, offset)
            for batch in hand.batches()
            for offset, outcome in enumerate(batch.outcomes, batch.first)
            if outcome != scored.HOLE
        }

    hand.system.wait(lambda: sent <= told(), 20)
    assert len(sent) > 10
