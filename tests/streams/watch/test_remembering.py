"""What is remembered of a mention, and that a restart remembers the same; each was found wrong by `tests/model`."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import scored
from schemas.events import Window
from schemas.times import MINUTE, SECOND
from streams.watch.core import WatchCore
from tests.streams import cores
from tests.streams.cores import T0, Log, mention


def values(log: Log) -> list[bytes]:
    """One record of `scored` for each record of the log."""
    cut = range(1, len(log.records))
    return [v for _, v in cores.scored_log(cores.score(cores.settings()), log, cut=list(cut))]


def counts(core: WatchCore, batches: list[bytes]) -> dict[int, int]:
    found = [effect for effect in cores.apply(core, batches) if isinstance(effect, Window)]
    return {round((window.start.timestamp() * 1_000 - T0) / MINUTE): window.count for window in found}


def restarted(core: WatchCore, batches: list[bytes]) -> WatchCore:
    """A core that takes up the checkpoint of `core`; `batches` is the whole log."""
    brands, partition = list(core.brand_records(core.brands)), core.partition_record()
    made = cores.watch(cores.settings())
    made.restore(partition, brands)
    for offset in range(partition.replay_from, partition.applied + 1):
        made.refill(offset, scored.decode(batches[offset]))
    made.finish_refill()
    return made


def story(first: int, second: int, **again: Any) -> Log:
    """One mention sent twice, saying the minutes `first` and `second`; another in minute 2; then time passes."""
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0 + first * MINUTE), mention(2, T0 + 2 * MINUTE), mention(1, T0 + second * MINUTE, **again))
    for half in range(1, 14):
        log.tick(T0 + half * 30 * SECOND)
    return log


UPDATE: dict[str, Any] = {"op": "update", "rev": 1}
STORIES = {
    "a repeat, later": (story(0, 2), {0: 1, 2: 1}, 1),
    "a repeat, earlier": (story(2, 0), {2: 2}, 1),
    "an update, later": (story(0, 2, **UPDATE), {2: 2}, 0),
    "an update, earlier": (story(2, 0, **UPDATE), {0: 1, 2: 1}, 0),
}


@pytest.mark.parametrize("restart_at", range(2, 17))
@pytest.mark.parametrize("name", STORIES)
def test_a_mention_that_says_another_minute_the_second_time_is_the_same_after_a_restart(name: str, restart_at: int):
    log, expected, duplicates = STORIES[name]
    batches = values(log)
    core = cores.watch(cores.settings())
    before = counts(core, batches[:restart_at])
    core = restarted(core, batches)
    assert before | counts(core, batches[restart_at:]) == expected
    assert core.tally().duplicate == duplicates
    assert core.tally().applied + duplicates == 3


def test_a_repeat_counts_anew_when_the_first_ones_minute_has_closed():
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0))
    for minute in range(1, 5):
        log.tick(T0 + minute * MINUTE)
    log.say(mention(1, T0 + 4 * MINUTE))
    for minute in range(5, 9):
        log.tick(T0 + minute * MINUTE)
    assert counts(cores.watch(cores.settings()), values(log)) == {0: 1, 4: 1}


def test_an_update_that_comes_when_its_minute_is_nearly_over_takes_the_place_of_the_first():
    """Given a mention at the minute's first second, an update 2 min 30 s later is late by itself; the minute is open."""
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0, text="awful, terrible, I hate it"))
    log.tick(T0 + 150 * SECOND)
    log.say(mention(1, T0, text="lovely, thank you", op="update", rev=1))
    log.tick(T0 + 180 * SECOND)
    core = cores.watch(cores.settings())
    (window,) = [effect for effect in cores.apply(core, values(log)) if isinstance(effect, Window)]
    assert window.count == 1
    assert window.positive > window.negative


def test_a_brand_ahead_of_its_partition_stays_ahead_in_the_next_checkpoint():
    """Given a torn checkpoint (brands written, the partition not), a checkpoint during the catching up counts nothing twice."""
    batches = values(story(0, 2))
    core = cores.watch(cores.settings())
    counts(core, batches[:2])
    early = core.partition_record()
    counts(core, batches[2:4])
    ahead = list(core.brand_records(core.brands))
    second = cores.watch(cores.settings())
    second.restore(early, ahead)
    for offset in range(early.replay_from, early.applied + 1):
        second.refill(offset, scored.decode(batches[offset]))
    second.finish_refill()
    third = restarted(second, batches)
    counts(third, batches[2:])
    assert (third.tally().applied, third.tally().duplicate) == (2, 1)
