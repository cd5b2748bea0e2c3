"""A baseline from the past: warm at once, right about what is usual, and no wiser than the counts were."""

from __future__ import annotations

import random

import pytest

from detectors.counts_file import CountRow, read_counts
from detectors.history import HistoryError, Learnt, learn, windows_of_counts
from detectors.monitor import BrandMonitor
from detectors.settings import MonitorSettings
from schemas.events import Alert, Window
from schemas.times import DAY, HOUR, MINUTE, from_ms, to_ms
from tests.detectors.brand_story import LATENESS, START, poisson

SETTINGS = MonitorSettings()


def counts(minutes: int, per_hour: float, days: float = 7, seed: int = 1) -> list[CountRow]:
    rng = random.Random(seed)
    return [
        CountRow(i, "", "", START + i * minutes * MINUTE, float(poisson(rng, per_hour * minutes / 60)))
        for i in range(round(days * 24 * 60 / minutes))
    ]


def learnt_from(rows: list[CountRow]) -> Learnt:
    return learn("Nimbrook", SETTINGS, windows_of_counts("Nimbrook", rows), share_known=False)


def lived_on(
    begun: Learnt, per_hour: float, share: float, minutes: int, gap: int = 30 * MINUTE, seed: int = 5
) -> list[Alert]:
    """Tell a monitor that begins with a baseline some minutes of talk; return what it alerts."""
    monitor = BrandMonitor.load("Nimbrook", SETTINGS, begun.state)
    rng = random.Random(seed)
    out: list[Alert] = []
    first = (begun.last + gap) // MINUTE * MINUTE
    for i in range(minutes):
        at = first + i * MINUTE
        n = poisson(rng, per_hour / 60)
        events = (
            monitor.pass_time(at + MINUTE, at + MINUTE + LATENESS)
            if monitor.wake_at is not None and monitor.wake_at <= at
            else []
        )
        if n:
            window = Window("Nimbrook", from_ms(at), n, round(n * share * 10_000), authors=n, loudest=1)
            events += monitor.close(window, at + MINUTE + LATENESS, list)
        out += [event for event in events if isinstance(event, Alert)]
    return out


@pytest.mark.parametrize("minutes", [1, 5, 60])
def test_a_week_of_counts_is_no_warm_up_and_knows_the_rate(minutes: int):
    begun = learnt_from(counts(minutes, 30))
    assert begun.warm
    assert begun.hours_heard == 24
    assert begun.hours == pytest.approx(7 * 24, abs=6)
    monitor = BrandMonitor.load("Nimbrook", SETTINGS, begun.state)
    monitor._picture.begin(begun.last // MINUTE + 10)
    assert monitor._picture.pace.rate * 60 == pytest.approx(30, rel=0.2)
    assert monitor.wake_at is None, "no silence is on: nobody has listened so far"


@pytest.mark.parametrize("minutes", [5, 60])
def test_ordinary_talk_after_it_pages_nobody_and_a_crisis_does(minutes: int):
    begun = learnt_from(counts(minutes, 30))
    assert [a for a in lived_on(begun, 30, 0.35, 12 * 60) if a.severity >= "L2"] == []
    crisis = lived_on(begun, 900, 0.85, 10)
    assert any(a.status == "firing" and a.severity >= "L2" for a in crisis)
    assert all(a.suppressed_by is None for a in crisis)


def test_without_it_the_same_crisis_is_warm_up():
    empty = learnt_from(counts(5, 30, days=0.5))
    assert not empty.warm
    held = lived_on(empty, 400, 0.5, 5)
    assert held
    assert all(a.suppressed_by == "warm_up" for a in held if a.severity < "L4")


def test_a_gap_of_weeks_between_the_file_and_now_is_no_silence():
    begun = learnt_from(counts(5, 30))
    assert lived_on(begun, 30, 0.35, 6 * 60, gap=40 * DAY) == []


def test_what_the_past_would_have_alerted_is_over():
    rows = counts(5, 30)
    rows = rows[:-6] + [CountRow(r.line, "", "", r.time_ms, 200.0) for r in rows[-6:]]
    begun = learnt_from(rows)
    assert begun.warm
    monitor = BrandMonitor.load("Nimbrook", SETTINGS, begun.state)
    assert monitor._book.live == {}
    assert monitor._book.pages(begun.last // MINUTE) == 0


def test_the_same_counts_give_the_same_state():
    rows = counts(60, 45, days=2)
    assert learnt_from(rows).state == learnt_from(rows).state


def test_the_mentions_of_wide_bins_are_all_there():
    rows = counts(60, 45, days=2)
    windows = list(windows_of_counts("Nimbrook", rows))
    assert sum(w.count for w in windows) == sum(row.value for row in rows)
    starts = [to_ms(w.start) for w in windows]
    assert starts == sorted(set(starts))


def test_what_cannot_be_learnt_from_is_told():
    with pytest.raises(HistoryError, match="too wide"):
        learnt_from([CountRow(i, "", "", START + i * DAY, 5.0) for i in range(9)])
    with pytest.raises(HistoryError, match="nothing to learn from"):
        learnt_from([CountRow(i, "", "", START + i * HOUR, 0.0) for i in range(9)])
    with pytest.raises(HistoryError, match="a single row"):
        learnt_from([CountRow(1, "", "", START, 5.0)])
    with pytest.raises(HistoryError, match="more than a million"):
        learnt_from([CountRow(i, "", "1e18", START + i * MINUTE, 1e18) for i in range(9)])
    rows = list(read_counts(["timestamp;value", "2026-03-02T00:00Z;3", "2026-03-02T00:05Z;", "2026-03-02T00:10Z;4"]))
    assert learnt_from(rows).mentions == 0, "four hours late: too little to have been learnt, and no crash"
