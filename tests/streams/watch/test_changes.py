"""Updates and deletions among many others: how a log was cut into slices must not matter."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.times import MINUTE, SECOND
from tests.streams import cores
from tests.streams.cores import T0, Log, mention

said = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "create", "update", "delete", "tombstone"]),
        st.integers(0, 12),  # mention
        st.integers(0, 3),  # revision
        st.sampled_from([["Acme"], ["Bolt"], ["Acme", "Bolt"]]),
        st.integers(0, 3),  # minutes from the one before
    ),
    min_size=1,
    max_size=40,
)


def _log(history: list[tuple[str, int, int, list[str], int]]) -> Log:
    log, at = Log(), T0
    log.tick(at)
    for op, number, rev, brands, wait in history:
        for _ in range(wait):
            at += MINUTE
            log.tick(at)
        if op == "tombstone":
            log.raw(b"x:%d" % number, None, at)
            continue
        post: dict[str, Any] = mention(number, at - SECOND * number, brand=None, brands=brands, op=op, rev=rev)
        if op == "delete":
            post["text"] = None
        log.raw(b"x:%d" % number, json.dumps(post).encode(), at)
    for _ in range(6):
        at += MINUTE
        log.tick(at)
    return log


@settings(max_examples=60, deadline=None)
@given(said, st.lists(st.integers(1, 60), max_size=5))
def test_how_a_log_was_cut_into_slices_does_not_matter(history, cuts):
    log = _log(history)
    found = []
    for cut in (range(1, len(log.records)), sorted(cuts), ()):
        made = cores.settings("Acme", "Bolt")
        core = cores.watch(made)
        effects = cores.apply(core, [value for _, value in cores.scored_log(cores.score(made), log, cut=list(cut))])
        shown = {name: brand.examples for name, brand in core.brands.items()}
        known = {name: brand.seen for name, brand in core.brands.items()}
        found.append((effects, core.tally(), shown, known))
    assert found[1] == found[0]
    assert found[2] == found[0]
