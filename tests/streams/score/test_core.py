"""The core of `score`: every record is scored, unmatched, control or a dead letter, and the stream goes on."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.text.feedback import Feedback, FeedbackState, fold
from schemas import scored, topics
from schemas.ids import mention_hash
from schemas.mention import MAX_UNPACKED
from schemas.scored import CONTROL, DEAD_LETTER, LATE, SCORED, UNMATCHED, YOUNG, ScoredBatch
from schemas.times import DAY, HOUR, MINUTE, SECOND, iso
from streams.engine.dead_letter import KEPT_TOO_LARGE
from streams.engine.records import Read, Write
from streams.score import core as score_core
from streams.score.core import FINAL_REV, FUTURE, ScoreCore, Scored
from streams.settings import BrandSettings, Settings
from tests.streams import cores
from tests.streams.cores import T0, Log, mention


def core(*brands: str, partitions: int = 1, clock: str = "replay") -> ScoreCore:
    return cores.score(cores.settings(*(brands or ("Acme",)), partitions=partitions, clock=clock))


def run(log: Log, made: ScoreCore | None = None, progress: int = 0) -> Scored:
    return (made or core()).slice("topic", 0, progress, log.records)


def batch(result: Scored, partition: int = 0) -> ScoredBatch:
    (write,) = [w for w in result.writes if w.partition == partition]
    return scored.decode(write.value or b"")


def headers(write: Write) -> dict[str, str]:
    return {name: value.decode() for name, value in write.headers}


def only_dead(key: bytes | None, value: bytes | None, made: ScoreCore | None = None, at: int = T0) -> Write:
    """Return the one dead letter of a record that stands between two good ones."""
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0), at=at)
    log.raw(key, value, at)
    log.say(mention(3, T0), at=at)
    result = run(log, made)
    assert result.outcomes == {"control": 1, "scored": 2, "dead_letter": 1}, "the stream goes on"
    assert batch(result).ids == ["x:1", "x:3"]
    assert batch(result).outcomes == bytes([CONTROL, SCORED, DEAD_LETTER, SCORED])
    (dead,) = result.dead
    assert dead.topic == topics.DEAD_LETTERS.name
    assert headers(dead)["offset"] == "2"
    assert (headers(dead)["topic"], headers(dead)["partition"]) == ("mentions", "0")
    return dead


def body(**change: Any) -> bytes:
    return json.dumps(mention(2, T0) | change).encode()


# ---- bad input


@pytest.mark.parametrize(
    ("key", "value", "reason", "field"),
    [
        (b"x:2", body()[:-20], "malformed_json", "value"),
        (b"x:2", b"", "malformed_json", "value"),
        (b"x:2", body(text=5), "invalid_field", "text"),
        (b"x:2", body(author="Ann"), "invalid_field", "author"),
        (b"x:2", body(created_at=17), "invalid_field", "created_at"),
        (b"x:2", b'{"platform":"x","id":"2"}', "missing_field", "created_at"),
        (b"x:2", body(text=None), "missing_field", "text"),
        (b"x:2", body(text="caf@").replace(b"@", b"\xe9"), "invalid_utf8", "value"),
        (b"x:2", body(text="x" * 1_000_000), "invalid_field", "text"),
        (b"x:2", body(author={"id": "a", "followers": "@"}).replace(b'"@"', b"NaN"), "malformed_json", "value"),
        (b"x:2", body(author={"id": "a", "followers": -1}), "invalid_field", "followers"),
        (b"x:2", body(engagement={"likes": -5}), "invalid_field", "likes"),
        (b"x:2", body(created_at="1970-01-01T00:00:00Z"), "too_old", "created_at"),
        (b"x:2", body(created_at="2100-01-01T00:00:00Z"), "future", "created_at"),
        (b"x:2", body(created_at="9999-12-31T23:59:59-23:00"), "future", "created_at"),
        (b"x:2", body(created_at="0001-01-01T00:00:00+23:00"), "too_old", "created_at"),
        (b"x:2", body(brand="Akme"), "unknown_brand", "brand"),
        (b"x:2", body(brands=["Acme", "Akme"]), "unknown_brand", "brand"),
        (b"x:9", body(), "wrong_key", "key"),
        (None, body(), "wrong_key", "key"),
        (b"x:2", body(schema=2), "unknown_schema", "schema"),
        (b"x:2", body(text="{") + b"[" * 100_000, "malformed_json", "value"),
        (b"#tick|1", b"{}", "bad_tick", "at"),
        (b"no colon", None, "wrong_key", "key"),
    ],
)
def test_bad_input_becomes_a_dead_letter_with_its_reason_and_its_bytes(
    key: bytes | None, value: bytes | None, reason: str, field: str
):
    dead = only_dead(key, value)
    assert headers(dead)["reason"] == reason
    assert field in headers(dead)["detail"]
    assert dead.value == value, "the original bytes"
    assert dead.key == (key or b"#none|0|2"), "the original key; a compacted topic takes none without"
    assert "sha256" not in headers(dead)


def test_what_unpacks_to_five_megabytes_is_cut_and_its_hash_kept():
    value = body(text="kettle " * 750_000)
    assert len(gzip.compress(value)) < topics.MENTIONS.max_message_bytes < len(value), "a broker takes it, packed"
    dead = only_dead(b"x:2", value)
    assert headers(dead)["reason"] == "too_large"
    assert dead.value == value[:KEPT_TOO_LARGE]
    assert headers(dead)["bytes"] == str(len(value))
    assert headers(dead)["sha256"] == hashlib.sha256(value).hexdigest()


def test_a_dead_letter_always_fits_its_topic():
    key = b"k" * 5_000_000
    dead = only_dead(key, b"{" * 5_000_000)
    assert len(dead.key or b"") + len(dead.value or b"") + 8_192 < topics.DEAD_LETTERS.max_message_bytes
    assert (dead.key or b"").startswith(b"k" * 4_096)
    assert headers(dead)["key_bytes"] == "5000000"
    assert headers(dead)["key_sha256"] == hashlib.sha256(key).hexdigest()


def test_a_record_exactly_as_large_as_allowed_is_read():
    value = body()[:-1]
    value += b" " * (MAX_UNPACKED - len(value) - 1) + b"}"
    log = Log()
    log.raw(b"x:2", value)
    assert run(log).outcomes == {"scored": 1}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.none() | st.binary(max_size=12) | st.just(b"x:1"), st.none() | st.binary(max_size=60)), max_size=8
    )
)
def test_whatever_comes_every_offset_is_one_of_four(pairs: list[tuple[bytes | None, bytes | None]]):
    log = Log()
    log.say(mention(1, T0))
    for key, value in pairs:
        log.raw(key, value)
    result = run(log)
    assert sum(result.outcomes.values()) == len(log.records)
    counted = Counter(batch(result).outcomes)
    names = {"scored": SCORED, "unmatched": UNMATCHED, "dead_letter": DEAD_LETTER, "control": CONTROL}
    assert {name: counted[code] for name, code in names.items() if counted[code]} == dict(result.outcomes)
    assert len(result.dead) == result.outcomes["dead_letter"]


# ---- brands


def test_without_a_named_brand_the_watch_list_matches_whole_words():
    log = Log()
    texts = ["ACME again!", "#acme @Acme", "pacmen are fun", "nothing at all", "Acme and Borealis"]
    for number, text in enumerate(texts):
        log.say({k: v for k, v in mention(number, T0, text).items() if k != "brand"})
    result = run(log, core("Acme", "Borealis"))
    assert result.outcomes == {"scored": 3, "unmatched": 2}
    found = batch(result)
    assert [(i, found.brands[b]) for i, b in zip(found.ids, found.table["brand"], strict=True)] == [
        ("x:0", "Acme"), ("x:1", "Acme"), ("x:4", "Acme"), ("x:4", "Borealis"),
    ]  # fmt: skip
    assert found.outcomes == bytes([SCORED, SCORED, UNMATCHED, UNMATCHED, SCORED])


def test_an_excluded_word_says_that_it_is_of_something_else():
    made = Settings(clock="replay", brands=[BrandSettings("Jaguar", words=["jaguar"], exclude=["zoo"])])
    made.partitions.mentions = made.partitions.scored = 1
    log = Log()
    for number, text in enumerate(["a jaguar in the zoo", "a jaguar on the road"]):
        log.say({k: v for k, v in mention(number, T0, text).items() if k != "brand"})
    result = run(log, cores.score(made))
    assert batch(result).ids == ["x:1"]


def test_a_named_brand_is_found_whatever_its_case_and_written_as_configured():
    log = Log()
    log.say(mention(1, T0, brand="aCmE"))
    assert batch(run(log)).brands == ["Acme"]


def test_with_an_empty_watch_list_every_named_brand_is_taken():
    made = Settings(clock="replay")
    made.partitions.scored = 1
    log = Log()
    log.say(mention(1, T0, brand="Anybody"), mention(2, T0, brand=None))
    result = run(log, cores.score(made))
    assert batch(result).brands == ["Anybody"]
    assert result.outcomes == {"scored": 1, "unmatched": 1}


# ---- time


def test_progress_is_the_largest_tick_and_labels_say_when_a_mention_arrived():
    log = Log()
    log.say(mention(1, T0))
    log.tick(T0)
    log.say(mention(2, T0))
    log.tick(T0 + MINUTE)
    log.tick(T0)  # an older one moves nothing
    log.say(mention(3, T0))
    result = run(log)
    assert batch(result).table["label"].tolist() == [0, T0, T0 + MINUTE]
    assert batch(result).ticks == [(1, T0), (3, T0 + MINUTE)]
    assert (result.progress, result.tick_offset) == (T0 + MINUTE, 3)
    assert result.outcomes == {"scored": 3, "control": 3}


def test_late_is_judged_by_the_own_partition_alone_and_to_the_millisecond():
    log = Log()
    log.say(mention(0, T0 - DAY))  # before the first tick nothing is late
    log.tick(T0)
    log.say(mention(1, T0 - 2 * MINUTE), mention(2, T0 - 2 * MINUTE - SECOND))
    result = run(log)
    assert (batch(result).table["flags"] & LATE > 0).tolist() == [False, False, True]
    assert result.late == 1


@pytest.mark.parametrize(("ahead", "dead"), [(FUTURE, 0), (FUTURE + SECOND, 1)])
def test_in_replay_the_future_begins_five_minutes_after_the_last_tick(ahead: int, dead: int):
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0 + ahead), at=T0 + DAY)
    assert len(run(log).dead) == dead


@pytest.mark.parametrize(("ahead", "dead"), [(FUTURE, 0), (FUTURE + SECOND, 1)])
def test_live_a_mention_may_be_as_far_ahead_of_its_own_append_time(ahead: int, dead: int):
    """After a pause the last tick is old: that is no reason to refuse what comes in now."""
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0 + HOUR + ahead), at=T0 + HOUR)
    assert len(run(log, core(clock="live")).dead) == dead


def test_live_a_tick_is_when_the_broker_stored_it_not_what_it_says():
    log = Log()
    log.raw(b"#tick|1", b'{"at":%d}' % (T0 + DAY), T0)
    assert run(log, core(clock="live")).progress == T0


# ---- deletions and updates


def test_a_tombstone_tells_every_partition_and_clears_the_dead_letters():
    log = Log()
    log.raw(b"x:1", None)
    result = run(log, core(partitions=3))
    for partition in range(3):
        table = batch(result, partition).table
        assert table["op"].tolist() == [scored.DELETE]
        assert table["mention"].tolist() == [mention_hash("x", "1")]
        assert table["rev"].tolist() == [FINAL_REV]
        assert table["brand"].tolist() == [scored.NO_BRAND]
    assert result.outcomes == {"control": 1}
    assert result.dead == []
    assert result.letters == [Write("dead-letters", b"x:1", None, 0)]


@pytest.mark.parametrize(("rev", "below"), [(0, FINAL_REV), (4, 5), (FINAL_REV, FINAL_REV)])
def test_a_deletion_in_json_takes_its_revision_and_those_before_it(rev: int, below: int):
    log = Log()
    log.say(mention(1, T0, text="", op="delete", rev=rev))
    result = run(log)
    assert batch(result).table["rev"].tolist() == [below]
    assert result.letters == [Write("dead-letters", b"x:1", None, 0)]


def test_a_dead_letter_behind_a_tombstone_of_its_key_is_kept():
    log = Log()
    log.raw(b"x:1", None)
    log.raw(b"x:1", b"{")
    assert [(w.key, w.value) for w in run(log).letters] == [(b"x:1", None), (b"x:1", b"{")]


def test_an_update_takes_back_the_old_revision_everywhere_before_it_adds_the_new():
    log = Log()
    log.say(mention(1, T0, op="update", rev=2))
    result = run(log, core("Acme", partitions=2))
    mine = scored.partition_of_brand("Acme", 2)
    assert batch(result, mine).table["op"].tolist() == [scored.DELETE, scored.UPDATE]
    assert batch(result, 1 - mine).table["op"].tolist() == [scored.DELETE]
    assert result.letters == []


# ---- rows


def test_a_row_says_what_later_steps_need_and_no_more():
    log = Log()
    author = {
        "id": "a",
        "followers": 2**40,
        "verified": True,
        "created_at": iso(T0 - 5 * DAY),
        "kind": "media",
        "name": "Ann",
    }
    log.say(mention(1, T0, author=author, repost_of="7", text="Acme is awful, never again", lang="en"))
    result = run(log)
    found = batch(result)
    row = found.table[0]
    assert row["followers"] == 2**32 - 1
    assert row["flags"] == scored.VERIFIED | scored.REPOST | YOUNG
    assert scored.KINDS[row["kind"]] == "media"
    assert row["negative"] > 5_000 > row["positive"]
    assert found.langs[row["lang"]] == "en"
    assert found.platforms[row["platform"]] == "x"
    assert row["author"] not in (0, mention_hash("x", "a")), "keyed"
    written = result.writes[0].value or b""
    assert b"never again" not in written, "texts live in mentions only"
    assert b"Ann" not in written


def test_a_brand_is_one_partitions_and_ticks_go_to_all():
    names = [f"Brand{i}" for i in range(12)]
    log = Log()
    for number, name in enumerate(names):
        log.say(mention(number, T0, brand=name))
    quiet = run(log, core(*names, partitions=5))
    for write in quiet.writes:
        for name in scored.decode(write.value or b"").brands:
            assert scored.partition_of_brand(name, 5) == write.partition
    log.tick(T0)
    assert sorted(w.partition or 0 for w in run(log, core(*names, partitions=5)).writes) == [0, 1, 2, 3, 4]


# ---- cutting slices


def test_slices_may_be_cut_anywhere():
    log = Log()
    log.tick(T0)
    for number in range(20):
        log.say(mention(number, T0 + number * 7 * SECOND))
        if number % 3 == 0:
            log.tick(T0 + number * 30 * SECOND)
    log.raw(b"x:5", None)
    log.raw(b"x:6", b"{")
    made = core()

    def rows(cut: list[int]) -> list[Any]:
        tables = [scored.decode(value) for _, value in cores.scored_log(made, log, cut)]
        return [(*row.tolist(), name) for one in tables for row, name in zip(one.table, one.ids, strict=True)]

    whole = rows([])
    assert len(whole) == 21
    for cut in ([1], [5, 6, 7], list(range(1, len(log.records)))):
        assert rows(cut) == whole


def test_a_slice_too_large_for_one_record_is_cut_shorter(monkeypatch: pytest.MonkeyPatch):
    log = Log()
    log.tick(T0)
    for number in range(40):
        log.say(mention(number, T0))
    log.tick(T0 + 4 * MINUTE)
    log.say(mention(41, T0))
    made = core()
    whole = batch(run(log, made))
    monkeypatch.setattr(score_core, "LARGEST", 1_500)
    parts = list(made.parts("topic", 0, 0, log.records))
    assert len(parts) == 4
    assert all(len(write.value or b"") <= 1_500 for part in parts for write in part.writes)
    found = [batch(part) for part in parts]
    assert found[0].first == 0
    assert all(before.last + 1 == after.first for before, after in pairwise(found))
    assert b"".join(one.rows for one in found) == whole.rows
    assert b"".join(one.outcomes for one in found) == whole.outcomes
    assert parts[-1].progress == T0 + 4 * MINUTE
    assert sum((part.outcomes for part in parts), Counter()) == run(log, made).outcomes


def test_one_record_is_never_split_however_large_its_rows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(score_core, "LARGEST", 10)
    log = Log()
    log.say(mention(1, T0), mention(2, T0))
    assert [batch(part).ids for part in core().parts("topic", 0, 0, log.records)] == [["x:1"], ["x:2"]]


def test_holes_that_compaction_left_are_holes():
    records = [Read(10, T0, *_pair(1)), Read(14, T0, *_pair(2))]
    result = core().slice("topic", 0, 0, records)
    assert batch(result).outcomes == bytes([SCORED, 0, 0, 0, SCORED])
    assert (batch(result).first, batch(result).last) == (10, 14)


def _pair(number: int) -> tuple[bytes, bytes]:
    return f"x:{number}".encode(), json.dumps(mention(number, T0)).encode()


# ---- what a brand's own words and labels change


def rows_of(made: ScoreCore, text: str, *brands: str) -> dict[str, tuple[int, int]]:
    """Return (P(negative), P(positive)) in the row of each brand, of a post between two others."""
    log = Log()
    log.tick(T0)
    for number, (said, whose) in enumerate((("merci", brands[:1]), (text, brands), ("I hate this", brands)), 1):
        log.say(mention(number, T0, said) | {"brand": None, "brands": list(whose)}, at=T0)
    found = batch(run(log, made))
    rows = np.frombuffer(found.rows, scored.ROW)
    assert len(rows) == 1 + 2 * len(brands) and found.ids == ["x:1", *["x:2"] * len(brands), *["x:3"] * len(brands)]
    mine = rows[1 : 1 + len(brands)]
    return {found.brands[row["brand"]]: (int(row["negative"]), int(row["positive"])) for row in mine}


@pytest.mark.parametrize("order", [("Acme", "Other"), ("Other", "Acme")])
def test_each_brand_of_a_post_sees_it_by_its_own_words(order: tuple[str, str]):
    made = cores.settings("Acme", "Other", "Third")
    plain = rows_of(cores.score(made), "the grounded tour was late", *order, "Third")
    assert len(set(plain.values())) == 1
    made.brands[0].dictionary = {"grounded": 4}
    own = rows_of(cores.score(made), "the grounded tour was late", *order, "Third")
    assert own["Other"] == own["Third"] == plain["Other"]
    assert own["Acme"][1] > plain["Acme"][1]
    made.brands[1].dictionary = {"tour": -4}
    both = rows_of(cores.score(made), "the grounded tour was late", *order, "Third")
    assert both["Acme"] == own["Acme"] and both["Third"] == plain["Third"] and both["Other"][0] > plain["Other"][0]


@pytest.mark.parametrize("order", [("Acme", "Other"), ("Other", "Acme")])
def test_each_brand_of_a_post_sees_it_by_its_own_labels(order: tuple[str, str]):
    model = cores.model()
    state = FeedbackState()
    for n in range(20):
        features = model.features(f"the krogat {chr(97 + n)} has come", "en")
        fold(state, Feedback(f"x:{n}", "Acme", "negative", f"p{n % 3}", features, "en"), model)
    made = cores.score(cores.settings("Acme", "Other"))
    before = rows_of(made, "the krogat has come", *order)
    model.use_corrections(state.corrections())
    try:
        after = rows_of(made, "the krogat has come", *order)
    finally:
        model.use_corrections({})
    assert after["Other"] == before["Other"] and after["Acme"][0] > before["Acme"][0] + 1_000


def test_a_grave_word_that_one_brand_knows_as_its_own_stays_grave_for_another():
    made = cores.settings("Acme", "Other")
    made.brands[0].dictionary = {"engine fire": 0}
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0, "engine fire again") | {"brand": None, "brands": ["Acme", "Other"]}, at=T0)
    found = batch(run(log, cores.score(made)))
    flags = {
        found.brands[row["brand"]]: int(row["flags"]) & scored.GRAVE for row in np.frombuffer(found.rows, scored.ROW)
    }
    assert flags == {"Acme": 0, "Other": scored.GRAVE}
