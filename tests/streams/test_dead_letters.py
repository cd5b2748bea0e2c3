"""Dead letters: listed once, sent again once, and never when they would only die again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.mention import Rejection, decode
from streams.commands.dead_letters import _mended
from streams.dead_letters import REPLAYED, DeadLetter, fold, why_not
from streams.engine.dead_letter import dead_letter
from streams.engine.records import Read, Write
from streams.errors import UserError
from tests.streams.cores import T0, mention

GOOD = json.dumps(mention(2, T0)).encode()


def letter(key: bytes | None, value: bytes | None, offset: int = 7, topic: str = "mentions") -> Write:
    found = decode(key, value)
    rejection = found if isinstance(found, Rejection) else Rejection("unknown_brand", "brand: 'Akme' is not configured")
    return dead_letter(Read(offset, T0, key, value), topic, 0, rejection)


def record(write: Write) -> Any:
    return SimpleNamespace(key=write.key, value=write.value, partition=write.partition, headers=write.headers)


def one(write: Write) -> DeadLetter:
    (found,) = fold([record(write)])
    return found


def note(write: Write) -> Any:
    headers = dict(write.headers)
    kept = [(name, headers[name]) for name in ("topic", "partition", "offset")]
    return record(Write("dead-letters", b"replayed|mentions", b"{}", 0, [("reason", REPLAYED.encode()), *kept]))


def test_what_a_killed_worker_wrote_twice_is_listed_once():
    first, second = letter(b"x:2", b"{", 7), letter(b"x:2", b"[", 8)
    assert [found.origin for found in fold(map(record, [first, second, first]))] == ["mentions/0/7", "mentions/0/8"]


def test_a_note_says_that_it_was_sent_again():
    wrong = letter(b"x:2", b"{")
    assert [found.replayed for found in fold([record(wrong), note(wrong)])] == [True]
    assert [found.replayed for found in fold([record(wrong), note(letter(b"x:2", b"{", 8))])] == [False]


def test_a_deletion_upstream_takes_the_dead_letter_away_and_a_later_one_stays():
    forgotten = record(Write("dead-letters", b"x:2", None, 0))
    assert fold([record(letter(b"x:2", b"{")), forgotten]) == []
    assert len(fold([record(letter(b"x:3", b"{")), forgotten])) == 1
    assert len(fold([forgotten, record(letter(b"x:2", b"{"))])) == 1


def test_bytes_that_are_no_text_are_shown_as_base64_and_come_back(tmp_path: Path):
    value = b'{"platform":"x","text":"\xff"'
    shown = one(letter(b"x:2", value)).shown()
    assert "value" not in shown
    file = tmp_path / "dead.json"
    file.write_text(json.dumps([shown]))
    assert _mended(file) == {"mentions/0/7": (b"x:2", value)}


def test_a_record_without_key_is_shown_without_one():
    assert one(letter(None, GOOD)).shown()["key"] is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"origin": "mentions/0/7", "key": "x:2"}, "value"),  # left out: not a deletion
        ({"origin": "mentions/0/7", "key": "x:2", "value": {"platform": "x"}}, "value must be text"),
        ({"origin": "mentions/0/7", "key": "x:2", "value_base64": "§"}, "base64|ASCII"),
        ({"key": "x:2", "value": ""}, "origin"),
        ("a line", "indices"),
    ],
)
def test_a_file_that_list_did_not_print_is_told(tmp_path: Path, entry: Any, said: str):
    file = tmp_path / "dead.json"
    file.write_text(json.dumps([entry]))
    with pytest.raises(UserError, match=rf"--file: .*dead.json: not what dead-letters list --json prints \(.*{said}"):
        _mended(file)


def test_what_would_only_die_again_is_not_sent():
    wrong = one(letter(b"x:2", b"{"))
    assert why_not(wrong, {}).startswith("malformed_json")
    assert why_not(wrong, {wrong.origin: (b"x:2", b"[")}).startswith("invalid_field")
    assert why_not(wrong, {wrong.origin: (b"x:1", GOOD)}).startswith("wrong_key")
    assert why_not(wrong, {wrong.origin: (b"x:2", GOOD)}) == ""


def test_what_only_the_configuration_refused_may_be_sent_as_it_is():
    assert why_not(one(letter(b"x:2", GOOD)), {}) == ""


def test_of_a_cut_one_only_the_whole_can_be_sent():
    cut = one(letter(b"x:2", b"{" * 3_000_000))
    assert cut.cut
    assert "only its beginning was kept" in why_not(cut, {})
    assert why_not(cut, {cut.origin: (b"x:2", GOOD)}) == ""


def test_a_command_that_could_not_be_read_goes_back_to_commands():
    wrong = one(letter(b"i", b'{"action":"ack"}', topic="commands"))
    assert wrong.topic == "commands"
    assert "command_id" in why_not(wrong, {})
    mended = b'{"command_id":"c","action":"ack","author":"alice"}'
    assert why_not(wrong, {wrong.origin: (b"i", mended)}) == ""
    assert why_not(replace(wrong, value=b"[" * 100_000), {}).startswith("invalid_field")


def test_a_label_goes_back_to_feedback_once_it_is_mended():
    body = {
        "feedback_id": "f", "mention_id": "x:2", "field": "sentiment", "value": "angry", "author": "ana", "at": "2026-03-06T17:34:11Z",
        "brand": "Acme", "features": {"7": 1.0},
    }  # fmt: skip
    wrong = one(letter(b"x:2", json.dumps(body).encode(), topic="feedback"))
    assert "'angry' must be one of negative, neutral, positive" in why_not(wrong, {})
    assert why_not(wrong, {wrong.origin: (b"x:2", json.dumps(body | {"value": "negative"}).encode())}) == ""
    assert "features: missing" in why_not(
        wrong, {wrong.origin: (b"x:2", json.dumps(body | {"value": "negative", "features": {}}).encode())}
    )


def test_a_record_of_nobody_forgets_no_letter():
    """Read out of a damaged batch it has neither key nor value; letters without a key have none either."""
    kept = record(letter(None, b"{"))
    assert len(fold([kept, SimpleNamespace(key=None, value=None, partition=kept.partition, headers=[])])) == 1
