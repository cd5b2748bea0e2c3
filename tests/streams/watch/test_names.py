"""A post keeps its name through packing, splitting by minute and putting together."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.scored import ROW, SCHEMA, ScoredBatch
from streams.watch.lexicon import Lexicon
from streams.watch.minutes import Batch, Chunk, joined
from streams.watch.names import Names

BATCHES = st.lists(st.lists(st.text(max_size=6), min_size=1, max_size=6), min_size=1, max_size=5)


@given(st.lists(st.text(max_size=6), max_size=20))
def test_packed_names_are_the_names(names: list[str]):
    packed = Names(names)
    assert [packed[i] for i in range(len(packed))] == names


@given(BATCHES, st.data())
def test_each_post_of_a_minute_has_its_own_name(batches: list[list[str]], data: st.DataObject):
    chunks, expected = [], []
    for names in batches:
        scored = ScoredBatch(SCHEMA, "", 0, 0, 0, [], [""], [""], [""], b"", names, [], bytes(len(names)), b"")
        batch = Batch(scored, Lexicon())
        where = np.array(data.draw(st.lists(st.integers(0, len(names) - 1), max_size=6)), np.intp)
        chunks.append(Chunk(batch, where, np.zeros(len(where), ROW)))
        expected += [names[i] for i in where.tolist()]
    minute = joined(chunks)
    assert [minute.name(i) for i in range(len(minute))] == expected
