"""A batch on `scored`: what goes in comes out, and what is no batch is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import scored
from schemas.scored import ROW, ScoredBatch

LIMITS = {"i8": 2**63 - 1, "u8": 2**64 - 1, "u4": 2**32 - 1, "i4": 2**31 - 1, "u2": 2**16 - 1, "u1": 255}
LEAST = {"offset": 10, "time": scored.FIRST_MS, "label": scored.FIRST_MS}
MOST = {
    "offset": 20, "time": scored.LAST_MS, "label": scored.LAST_MS, "op": scored.DELETE, "kind": len(scored.KINDS) - 1,
    "brand": 0, "lang": 0, "platform": 0,
}  # fmt: skip
"""Of the columns whose values mean something: the others may hold anything."""
ROWS = st.tuples(
    *(st.integers(LEAST.get(name, 0), MOST.get(name, LIMITS[ROW[name].str[1:]])) for name in ROW.names or ())
)


def batch(rows: list[tuple[Any, ...]], ticks: list[tuple[int, int]] | None = None) -> ScoredBatch:
    return ScoredBatch(
        scored.SCHEMA, "topic", 3, 10, 20, ticks or [], ["Acme"], ["en"], ["x"], scored.table_of(rows).tobytes(),
        [f"x:{i}" for i in range(len(rows))], ["broken"], b"\x01" * len(rows), b"\0\0\0\0" * len(rows), b"\x01" * 11,
    )  # fmt: skip


def row(offset: int) -> tuple[Any, ...]:
    return (offset, *([0] * (len(ROW.names or ()) - 1)))


TICKS = st.lists(st.tuples(st.integers(10, 20), st.integers(0, scored.LAST_MS)), max_size=3).map(
    lambda ticks: list(zip(sorted({at for at, _ in ticks}), sorted({time for _, time in ticks}), strict=False))
)


@given(st.lists(ROWS, max_size=6).map(lambda rows: sorted(rows, key=lambda row: int(row[0]))), TICKS)
def test_a_batch_comes_back_as_it_was(rows: list[tuple[Any, ...]], ticks: list[tuple[int, int]]):
    made = batch(rows, ticks)
    found = scored.decode(scored.encode(made))
    assert [tuple(r) for r in found.table.tolist()] == rows
    assert [tuple(t) for t in found.ticks] == ticks
    assert (found.source, found.partition, found.first, found.last) == ("topic", 3, 10, 20)
    assert (found.ids, found.outcomes) == (made.ids, made.outcomes)
    assert list(found.said) == [("broken",)] * len(rows)


def test_the_table_is_a_view_and_cannot_be_written_to():
    found = scored.decode(scored.encode(batch([row(10)])))
    with pytest.raises(ValueError, match="read-only"):
        found.table["offset"] = 1


def test_segments_are_the_rows_between_ticks():
    made = batch([row(10), row(12), row(12), row(15), row(19)], [(11, 100), (14, 200), (17, 300)])
    assert list(made.segments()) == [(0, 1, 100), (1, 3, 200), (3, 4, 300), (4, 5, None)]
    assert list(batch([]).segments()) == [(0, 0, None)]


@pytest.mark.parametrize("value", [None, b"", b"{}", b"\xc1", b"\x93\x01\x02", msgspec.msgpack.encode("a batch?")])
def test_what_is_no_batch_is_refused(value: bytes | None):
    with pytest.raises(ValueError, match="scored: not a batch"):
        scored.decode(value)


def test_a_batch_of_tomorrow_is_refused():
    made = batch([row(10)])
    made.schema = 2
    with pytest.raises(scored.OtherVersionError, match="schema 2 is not known here, 1 is"):
        scored.decode(scored.encode(made))


def test_a_batch_of_tomorrow_is_known_by_its_beginning_whatever_its_fields_are():
    with pytest.raises(scored.OtherVersionError, match="schema 7 is not known here"):
        scored.decode(msgspec.msgpack.encode([7, *[{"other": "fields"}] * 12]))
    for short in ([7], [scored.SCHEMA, *[None] * 12], ["7", *[None] * 12]):
        with pytest.raises(ValueError, match="scored: not a batch") as refused:
            scored.decode(msgspec.msgpack.encode(short))
        assert not isinstance(refused.value, scored.OtherVersionError)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ids": []}, "different lengths"),
        ({"term_counts": b""}, "different lengths"),
        ({"rows": b"123"}, "different lengths"),
        ({"ids": ["x:1", "x:2"], "term_counts": b"\0\0"}, "different lengths"),
        ({"term_counts": b"\2"}, "terms do not add up"),
        ({"term_index": b""}, "terms do not add up"),
    ],
)
def test_columns_that_do_not_fit_are_refused(change: dict[str, Any], why: str):
    made = msgspec.structs.replace(batch([row(10)]), **change)
    with pytest.raises(ValueError, match=why):
        scored.decode(scored.encode(made))


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("brand", 1, "brand 1 of 1"),
        ("brand", scored.NO_BRAND, "brand 65535 of 1"),
        ("lang", 1, "lang 1 of 1"),
        ("platform", 255, "platform 255 of 1"),
        ("kind", len(scored.KINDS), "kind 7 of 7"),
        ("op", 3, "op 3"),
        ("time", 2**60, "time 0 to 1152921504606846976 ms is in no calendar"),
        ("label", -(2**60), "label -1152921504606846976 to 0 ms is in no calendar"),
    ],
)
def test_rows_that_point_beyond_what_there_is_are_refused(column: str, value: int, why: str):
    table = scored.table_of([row(10), row(11)])
    table[column][1] = value
    made = msgspec.structs.replace(batch([row(10), row(11)]), rows=table.tobytes())
    with pytest.raises(ValueError, match=why):
        scored.decode(scored.encode(made))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"first": 21}, "offsets 21 to 20"),
        ({"first": -1}, "offsets -1 to 20"),
        ({"last": 2**63 - 1}, "offsets 10 to 9223372036854775807"),
        ({"partition": -1}, "of partition -1"),
        ({"outcomes": b"\1" * 12}, "12 outcomes of 11 offsets"),
        ({"ticks": [(9, 5)]}, "a tick of 5 ms at offset 9"),
        ({"ticks": [(21, 5)]}, "a tick of 5 ms at offset 21"),
        ({"ticks": [(11, 5), (12, 5)]}, "a tick of 5 ms at offset 12"),
        ({"ticks": [(12, 5), (11, 6)]}, "a tick of 6 ms at offset 11"),
        ({"ticks": [(11, 2**62)]}, "a tick of 4611686018427387904 ms"),
        ({"ticks": [(11, -1)]}, "a tick of -1 ms"),
        ({"rows": scored.table_of([row(12), row(11)]).tobytes()}, "rows out of order"),
        ({"rows": scored.table_of([row(9), row(11)]).tobytes()}, "rows out of order"),
        ({"rows": scored.table_of([row(9), row(21)]).tobytes()}, "rows out of order"),
    ],
)
def test_places_and_times_that_do_not_fit_are_refused(change: dict[str, Any], why: str):
    made = msgspec.structs.replace(batch([row(10), row(11)]), **change)
    with pytest.raises(ValueError, match=why):
        scored.decode(scored.encode(made))


def test_a_deletion_is_of_no_brand_and_may_come_alone():
    table = scored.table_of([row(10)])
    table["op"], table["brand"] = scored.DELETE, scored.NO_BRAND
    made = msgspec.structs.replace(batch([row(10)]), rows=table.tobytes(), brands=[], langs=[], platforms=[])
    assert len(scored.decode(scored.encode(made)).table) == 1


def test_terms_beyond_the_table_are_refused():
    made = msgspec.structs.replace(batch([row(10)]), term_index=b"\1\0\0\0")
    with pytest.raises(ValueError, match="term 1 of 1"):
        scored.decode(scored.encode(made))


def test_a_brand_keeps_its_partition_for_ever():
    """CRC-32 modulo: who changes it must rescale."""
    assert [scored.partition_of_brand(name, 4) for name in ("Acme", "Nimbrook", "Maison Vaudrelle", "é")] == [
        0,
        3,
        2,
        2,
    ]


@given(st.text(min_size=1).filter(lambda t: t.isprintable()), st.integers(1, 1024))
def test_every_brand_and_source_has_a_partition(brand: str, count: int):
    assert 0 <= scored.partition_of_brand(brand, count) < count
    assert 0 <= scored.home_of(977, count) < count


def test_rows_are_as_wide_as_readers_rely_on():
    assert ROW.itemsize == 67
    assert np.dtype(ROW).isalignedstruct is False
