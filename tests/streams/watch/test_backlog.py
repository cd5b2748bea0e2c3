"""A backlog read at full speed says what was, or would have been, said live."""

from __future__ import annotations

import pytest

from schemas.events import Alert
from schemas.times import MINUTE, SECOND
from tests.streams import cores
from tests.streams.angry import angry_text
from tests.streams.cores import T0, Log, mention
from tests.system.harness import onsets

QUIET = 24 * 60
"""Minutes of ordinary talk before the crisis."""
CRISIS = range(QUIET, QUIET + 20)
END = QUIET + 200


def story(unwatched: range) -> Log:
    """A live day and a crisis, as `mentions` holds it where no worker ran, and so none put ticks, in `unwatched`."""
    log, number = Log(), 0
    for second in range(0, END * 60, 10):
        minute, at = second // 60, T0 + second * SECOND
        if minute not in unwatched and (minute in CRISIS or second % 60 == 0):
            log.tick(at)
        said = min(minute - CRISIS.start, 8) if minute in CRISIS else second % 60 == 20 and minute % 2
        for k in range(int(said)):
            text = angry_text(number) if minute in CRISIS else f"what a day {number}"
            log.say(mention(number, at, text=text), at=at + 100 + k)
            number += 1
    log.tick(T0 + END * MINUTE)
    return log


def alerts(log: Log, each: int) -> list[Alert]:
    made = cores.settings(clock="live")
    values = [v for _, v in cores.scored_log(cores.score(made), log, cut=range(0, len(log.records), each))]
    return [effect for effect in cores.apply(cores.watch(made), values) if isinstance(effect, Alert)]


@pytest.fixture(scope="module")
def live() -> list[Alert]:
    """Read as it came: a slice holds little."""
    found = alerts(story(range(0)), 7)
    assert any(alert.severity >= "L3" for alert in found)
    assert any(alert.status == "resolved" for alert in found)
    return found


@pytest.mark.parametrize(
    "unwatched",
    [range(0), range(QUIET + 5, QUIET + 12)],
    ids=["as it was ticked", "with a restart of seven minutes in its midst"],
)
def test_a_backlog_says_what_was_said_live(live: list[Alert], unwatched: range):
    """Given slices of four thousand records, then all alerts begin and end as live. (Longer outages: test_blind.)"""
    found = alerts(story(unwatched), 4_000)
    assert onsets(found) == onsets(live)
