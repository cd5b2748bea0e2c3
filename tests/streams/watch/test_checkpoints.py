"""What stands in a checkpoint is read by the next version, damage is told, and a record has its size."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from schemas import scored
from schemas.times import MINUTE
from streams import metrics
from streams.agents.watch import WatchAgent, _Owned
from streams.engine.records import Read
from streams.watch import checkpoints
from streams.watch.state import READABLE, SCHEMA, BrandRecord, PartitionRecord, Tally
from tests.streams import cores
from tests.streams.cores import T0, Log, mention

BEFORE = Path(__file__).with_name("checkpoint_v1.jsonl")
"""Written by the program that knew schema 1, by what `scored` held of thirty minutes of two brands."""


def before() -> dict[bytes, bytes]:
    lines = [json.loads(line) for line in BEFORE.read_text().splitlines()]
    return {line["key"].encode(): base64.b64decode(line["value"]) for line in lines}


def test_a_checkpoint_of_the_schema_before_is_taken_up():
    """Given one that schema 1 wrote, then offsets, account and baselines are there, and the brands go on."""
    assert {value[2] for value in before().values()} == {1}
    found = checkpoints.choose(before())
    assert found is not None
    assert (found.partition.applied, found.partition.replay_from, found.partition.log) == (12, 11, "")
    core = cores.watch(cores.settings("Acme", "Bolt"))
    core.restore(found.partition, found.brands)
    core.finish_refill()
    assert core.tally() == Tally(93, 0, 1, 31, 92, 0, 1)
    log = Log()
    log.records = [Read(125 + i, *record[1:]) for i, record in enumerate(_more().records)]
    values = [v for _, v in cores.scored_log(cores.score(cores.settings("Acme", "Bolt")), log)]
    core.apply(13, scored.decode(values[0]))
    assert core.tally().applied == 93
    written = core.partition_record()
    assert written.schema == SCHEMA == 3


def _more() -> Log:
    log = Log()
    log.tick(T0 + 31 * MINUTE)
    log.say(mention(20_000, T0 + 31 * MINUTE))
    return log


def test_a_schema_that_is_not_known_is_refused_by_its_number():
    raw = bytearray(checkpoints.encode(PartitionRecord(SCHEMA, 1, 1, 0, [], [])))
    raw[2] = SCHEMA + 1
    with pytest.raises(checkpoints.CorruptCheckpointError, match=r"schema 4 is not known here, 1 to 3 are"):
        checkpoints.decode(PartitionRecord, bytes(raw))
    assert {SCHEMA - 1, SCHEMA} <= set(READABLE), "the schema before is always readable"


@pytest.mark.parametrize("place", [0, 8, -1])
def test_one_bit_is_enough_to_tell_damage(place: int):
    raw = bytearray(checkpoints.encode(BrandRecord(SCHEMA, "Acme", 1, 0, Tally(), b"state")))
    raw[place] ^= 1
    with pytest.raises(checkpoints.CorruptCheckpointError):
        checkpoints.decode(BrandRecord, bytes(raw))


def test_the_record_that_is_damaged_is_named():
    records = before()
    key = checkpoints.key("Bolt", "0123abcd")
    records[key] = records[key][:-1] + b"?"
    with pytest.raises(checkpoints.CorruptCheckpointError, match="the record of the brand Bolt: its checksum"):
        checkpoints.choose(records)


def test_a_record_above_its_size_is_written_and_told(caplog: pytest.LogCaptureFixture):
    """Given a brand with 70 kB of state, then nothing is lost: it is counted, and the log says which brand it is."""
    agent = WatchAgent(SimpleNamespace(), cores.watch)  # type: ignore[arg-type]
    owned: Any = _Owned(0, cores.watch(cores.settings("Acme")), "me")
    known = metrics.CHECKPOINT_OVERSIZE._value.get()
    for size, told in ((16_000, 0), (70_000, 1)):
        record = BrandRecord(SCHEMA, "Acme", 1, 0, Tally(), bytes(size))
        assert len(agent._record(owned, record).value or b"") > size
        assert metrics.CHECKPOINT_OVERSIZE._value.get() - known == told
    assert "the checkpoint of the brand Acme has 70" in caplog.text


def test_ten_thousand_brands_fit_into_the_partitions_record():
    """Their names are what grows; the topic takes eight megabytes."""
    names = [f"A brand with a long name, number {i}" for i in range(10_000)]
    assert len(checkpoints.encode(PartitionRecord(SCHEMA, 1, 1, 0, [], names))) < 1_000_000


def test_records_whose_keys_are_none_of_ours_are_left_alone():
    foreign: dict[Any, bytes] = {b"x:a": b"1", b"\xff|\xff": b"2", None: b"3", b"": b"4"}
    assert checkpoints.choose(foreign) is None
    assert checkpoints.tombstones(foreign, "me") == []
