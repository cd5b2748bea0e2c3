"""Whatever bytes come in: a mention, a tick, a deletion, or a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.events import encode
from schemas.mention import (
    MAX_TEXT,
    MAX_UNPACKED,
    SCHEMA,
    Deletion,
    Mention,
    Rejection,
    Tick,
    decode,
    mention_key,
    tick_record,
)
from schemas.times import FIRST_TWEET, parse_iso
from tests.schemas.samples import MENTIONS

REASONS = {
    "malformed_json", "invalid_utf8", "invalid_field", "missing_field", "unknown_schema", "wrong_key", "too_old",
    "too_large", "bad_tick",
}  # fmt: skip
GOOD: dict[str, Any] = {"platform": "x", "id": "1", "created_at": "2026-03-02T09:30:00Z", "text": "bad service"}
DEEP = 100_000


def read(key: bytes | None = b"x:1", **change: Any) -> Any:
    return decode(key, json.dumps(GOOD | change).encode())


def raw(text: str) -> bytes:
    """Return the bytes of the good mention with `text` in the place of its text, as it stands."""
    return json.dumps(GOOD | {"text": "@"}).encode().replace(b'"@"', text.encode())


# ---- good input


def test_the_least_that_a_mention_needs():
    found = read()
    assert isinstance(found, Mention)
    assert (found.platform, found.id, found.text, found.op, found.rev) == ("x", "1", "bad service", "create", 0)
    assert found.time == parse_iso("2026-03-02T09:30:00Z")


def test_a_deletion_needs_no_text():
    found = decode(b"x:1", json.dumps({k: v for k, v in GOOD.items() if k != "text"} | {"op": "delete"}).encode())
    assert isinstance(found, Mention)
    assert found.op == "delete"


@pytest.mark.parametrize("written", ["2026-03-02T10:30:00+01:00", "2026-03-02T09:30:00.000Z", "2026-03-02T09:30:00"])
def test_one_moment_written_in_several_ways(written: str):
    assert read(created_at=written).time == parse_iso("2026-03-02T09:30:00Z")


def test_unknown_fields_are_ignored():
    assert read(colour="red", nested={"a": [1, None]}) == read()


def test_a_text_as_long_as_allowed_and_the_first_day_are_read():
    assert isinstance(read(text="é" * MAX_TEXT), Mention)
    assert isinstance(read(created_at="2006-03-21T00:00:00Z"), Mention)


@given(MENTIONS)
def test_what_was_written_is_read_back(mention: Mention):
    found = decode(mention.key, encode(mention))
    assert found == mention


# ---- bad input


@pytest.mark.parametrize(
    ("value", "reason", "said"),
    [
        (b'{"platform":"x","id":"1"', "malformed_json", "value"),
        (b"", "malformed_json", "value"),
        (b"not json", "malformed_json", "value"),
        (json.dumps(GOOD).encode() + b"}", "malformed_json", "value"),
        (b"null", "invalid_field", "Expected `object`"),
        (b"[]", "invalid_field", "Expected `object`"),
        (b'{"id":"1","created_at":"2026-03-02T09:30:00Z","text":"a"}', "missing_field", "platform"),
        (b'{"platform":"x","created_at":"2026-03-02T09:30:00Z","text":"a"}', "missing_field", "id"),
        (b'{"platform":"x","id":"1","text":"a"}', "missing_field", "created_at"),
        (b'{"platform":"x","id":"1","created_at":"2026-03-02T09:30:00Z"}', "missing_field", "text"),
        (raw("null"), "missing_field", "text"),
        (raw("7"), "invalid_field", "text"),
        (raw('"\\ud800"'), "malformed_json", "value"),
        (raw('"a').replace(b'"a', b'"\xff\xfe"'), "invalid_utf8", "value"),
        (raw(json.dumps("x" * (MAX_TEXT + 1))), "invalid_field", "text"),
        (raw(json.dumps("x" * MAX_UNPACKED)), "too_large", "1048576"),
        (raw('"a", "author": {"id": "1", "followers": NaN}'), "malformed_json", "value"),
        (raw('"a", "author": {"id": "1", "followers": -1}'), "invalid_field", "author.followers"),
        (raw('"a", "author": {"id": "1", "followers": 1e400}'), "invalid_field", "author.followers"),
        (raw('"a", "author": {"id": "1", "followers": 1.5}'), "invalid_field", "author.followers"),
        (raw('"a", "author": {"followers": 1}'), "missing_field", "author"),
        (raw('"a", "engagement": {"likes": -3}'), "invalid_field", "engagement.likes"),
        (raw('"a", "rev": -1'), "invalid_field", "rev"),
        (raw('"a", "op": "shout"'), "invalid_field", "op"),
        (raw('"a", "brands": "Acme"'), "invalid_field", "brands"),
        (raw('"a", "schema": 2'), "unknown_schema", "2 is not known here, 1 is"),
        (raw('7, "schema": 2'), "unknown_schema", "2 is not known here"),
        (raw('"a", "schema": "one"'), "invalid_field", "schema"),
    ],
)  # fmt: skip
def test_bad_input_is_told_with_field_and_reason(value: bytes, reason: str, said: str):
    found = decode(b"x:1", value)
    assert isinstance(found, Rejection)
    assert (found.reason, said in found.detail) == (reason, True), found


@pytest.mark.parametrize("text", [f'"a", "z": {"[" * DEEP}{"]" * DEEP}', f'7, "z": {"[" * DEEP}', f"{'[' * DEEP}"])
def test_json_nested_deeper_than_the_decoders_stack_is_told(text: str):
    """Also in a field that is ignored: it is parsed all the same."""
    found = decode(b"x:1", raw(text))
    assert isinstance(found, Rejection)
    assert found.reason in ("malformed_json", "invalid_field")  # whichever fault the decoder meets first


@pytest.mark.parametrize(
    ("created_at", "reason"),
    [
        ("1970-01-01T00:00:00Z", "too_old"),
        ("2006-03-20T23:59:59Z", "too_old"),
        ("0001-01-01T00:00:00+23:00", "too_old"),  # before the first year there is, in UTC
        ("yesterday", "invalid_field"),
        ("2026-02-30T00:00:00Z", "invalid_field"),
        (1_772_443_800, "invalid_field"),
        (None, "invalid_field"),
    ],
)
def test_times_that_cannot_be(created_at: Any, reason: str):
    found = read(created_at=created_at)
    assert isinstance(found, Rejection)
    assert found.reason == reason
    assert "created_at" in found.detail


@pytest.mark.parametrize("created_at", ["2100-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00"])
def test_a_far_future_is_left_to_the_core_which_knows_what_time_it_is(created_at: str):
    assert isinstance(read(created_at=created_at), Mention)


@pytest.mark.parametrize("key", [None, b"", b"1", b"x:2", b"y:1", b"x:1 ", b"\xff\xfe", b"x:1\x00" * 100_000])
def test_a_key_that_does_not_fit_says_which_would(key: bytes | None):
    found = read(key)
    assert isinstance(found, Rejection)
    assert found.reason == "wrong_key"
    assert "'x:1'" in found.detail
    assert len(found.detail) < 1_000


@pytest.mark.parametrize("platform", ["X", "x y", "x\n", "x:", "", "é"])
def test_a_platform_is_a_plain_word(platform: str):
    found = read(mention_key(platform, "1"), platform=platform)
    assert isinstance(found, Rejection)
    assert found.reason == "invalid_field"


# ---- tombstones and ticks


def test_a_null_value_is_a_deletion():
    assert decode(b"x:1", None) == Deletion("x", "1")
    assert decode(b"x:a:b", None) == Deletion("x", "a:b")


@pytest.mark.parametrize("key", [None, b"", b"x", b"x:", b":1", b"x:" + b"a" * 3_000_000])
def test_a_null_value_under_no_mentions_key_is_told(key: bytes | None):
    found = decode(key, None)
    assert isinstance(found, Rejection)
    assert found.reason == "wrong_key"


@given(st.integers(FIRST_TWEET, parse_iso("2100-01-01T00:00:00Z")))
def test_a_tick_is_read_back_and_its_key_holds_its_time(at: int):
    key, value = tick_record(at)
    assert decode(key, value) == Tick(at)
    assert str(at).encode() in key


@pytest.mark.parametrize(
    "value",
    [
        None, b"", b"{}", b'{"at":"now"}', b'{"at":-1}', b'{"at":1}', b'{"at":1772443800000000}', b'{"at":1e400}',
        b'{"at":1,"z":' + b"[" * DEEP,
    ],
)  # fmt: skip
def test_a_tick_that_would_spoil_time_is_refused(value: bytes | None):
    found = decode(b"#tick|1", value)
    assert isinstance(found, Rejection)
    assert found.reason == "bad_tick"


# ---- anything at all

FIELDS = st.sampled_from([*Mention.__struct_fields__, "zzz"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.none() | st.binary(max_size=20) | st.sampled_from([b"x:1", b"#tick", b"#tick|1"])


@given(KEYS, st.none() | st.binary(max_size=200))
@example(b"x:1", b"\x00" * 8)
def test_any_bytes_are_one_of_four_things(key: bytes | None, value: bytes | None):
    found = decode(key, value)
    assert isinstance(found, Mention | Tick | Deletion | Rejection)
    if isinstance(found, Rejection):
        assert found.reason in REASONS
        assert found.detail


@given(KEYS, st.dictionaries(FIELDS, JSON, max_size=4))
def test_any_field_may_hold_anything(key: bytes | None, change: dict[str, Any]):
    found = decode(key, json.dumps(GOOD | change).encode())
    if isinstance(found, Rejection):
        assert found.reason in REASONS
    elif isinstance(found, Mention):
        assert found.key == key
        assert found.schema == SCHEMA


@given(st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_a_good_mention_with_damaged_bytes_is_read_or_told(where: int, damage: bytes):
    value = bytearray(json.dumps(GOOD).encode())
    value[where : where + len(damage)] = damage
    assert isinstance(decode(b"x:1", bytes(value)), Mention | Rejection)
