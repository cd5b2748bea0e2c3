"""What the page remembers, and for how long."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from schemas import topics
from schemas.events import IncidentState, Severity, Window, encode
from schemas.times import DAY, HOUR, MINUTE, to_ms
from streams.web import board as board_module
from streams.web.board import Board
from streams.web.history import LEAST, MOST, History
from tests.streams.web import samples


def filled() -> Board:
    board = Board()
    for write in samples.story():
        board.take(write.topic, write.key, write.value)
    return board


def test_live_incidents_come_first_the_worst_on_top_and_what_nobody_has_before_what_somebody_has() -> None:
    board = Board()
    cases: list[tuple[str, IncidentState, Severity]] = [
        ("a", "acknowledged", "L4"), ("b", "open", "L2"), ("c", "open", "L4"), ("d", "closed", "L4"), ("e", "stable", "L3")
    ]  # fmt: skip
    for brand, state, severity in cases:
        one = samples.incident(brand, state, severity=severity)
        board.take("incidents", one.incident_id.encode(), encode(one))
    assert [one.brand for one in board.live()] == ["c", "a", "e", "b"]
    assert [one.brand for one in board.ended()] == ["d"]


def test_an_older_version_of_an_incident_does_not_undo_a_newer_one() -> None:
    board = Board()
    versions: list[tuple[IncidentState, int]] = [("acknowledged", 5), ("open", 4)]
    for state, version in versions:
        one = samples.incident(state=state, version=version)
        board.take("incidents", None, encode(one))
    assert board.live()[0].state == "acknowledged"


def test_a_tombstone_removes_an_incident() -> None:
    board = filled()
    gone = samples.incident().incident_id
    board.take("incidents", gone.encode(), None)
    assert board.incident(gone) is None


def test_ticks_on_alerts_are_no_alerts_and_a_repeated_event_counts_once() -> None:
    board = filled()
    again = samples.alert()
    board.take("alerts", again.fingerprint.encode(), encode(again))
    assert [event.sequence for event in board.events(again.alert_id)] == [1, 2]
    assert [alert.sequence for alert in board.alerts(samples.BRAND)] == [2]
    assert board.alerts("Nimbrook") == []


def test_a_notification_shows_its_last_outcome() -> None:
    told = filled().notifications(samples.incident().incident_id)
    assert [(one.person, one.channel, one.outcome) for one in told] == [
        ("camille", "sms", "sent"), ("noor", "sms", "failed"), ("noor", "mail", "sent"), ("lea", "", "held_back")
    ]  # fmt: skip


def test_memory_is_bounded_and_live_incidents_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "ENDED_INCIDENTS", 20)
    monkeypatch.setattr(board_module, "ALERTS", 15)
    board = Board()
    live = samples.incident("live one")
    board.take("incidents", None, encode(live))
    for i in range(300):
        over = samples.incident(f"brand {i}", "closed", updated_at=samples.at(i))
        board.take("incidents", None, encode(over))
        alert = samples.alert(f"brand {i}")
        board.take("alerts", b"x", encode(alert))
        note = msgspec.structs.replace(samples.notification("noor", "sent", i), incident_id=f"i{i}")
        board.take("notifications", b"x", encode(note))
    counts = board.counts()
    assert counts["incidents"] <= 20 + 50 + 1 and counts["alerts"] == 15 and counts["notifications"] <= 21
    assert board.incident(live.incident_id) is not None
    assert board.ended()[0].brand == "brand 299"


def test_a_record_that_is_no_incident_is_refused_with_a_reason() -> None:
    with pytest.raises(msgspec.MsgspecError):
        Board().take("incidents", b"x", b'{"brand": 3}')


def test_a_window_written_twice_counts_once_and_one_that_comes_late_finds_its_place() -> None:
    history = History()
    base = samples.ONSET
    for minute, count in ((0, 5), (2, 7), (1, 3), (2, 7)):
        history.put(Window("b", base + timedelta(minutes=minute), count=count, negative=count * 5_000))
    start = to_ms(base)
    assert [(p.start - start, p.mentions, p.negative) for p in history.points("b", start, start + HOUR)] == [
        (0, 5, 2.5), (MINUTE, 3, 1.5), (2 * MINUTE, 7, 3.5)
    ]  # fmt: skip
    binned = history.bins("b", start, start + 4 * MINUTE, 2 * MINUTE)
    assert [p.mentions for p in binned] == [8, 7]


def test_the_fewer_brands_the_longer_the_memory_and_never_less_than_six_hours() -> None:
    few, many = History(total=60 * 24 * 30), History(total=60 * 24)
    for i in range(30):
        window = Window(f"b{i}", samples.ONSET, count=1)
        few.put(window)
        many.put(window)
    assert few.keep(live=False) == DAY and many.keep(live=False) == LEAST and many.keep(live=True) == DAY
    assert History().keep(live=False) == MOST


def test_old_minutes_are_forgotten() -> None:
    history = History(total=1)
    for minute in range(24 * 60):
        history.put(Window("b", samples.ONSET + timedelta(minutes=minute), count=1))
    kept = history.points("b", 0, to_ms(samples.ONSET) + 10 * DAY)
    assert 360 <= len(kept) <= 360 + 65


def test_every_topic_that_the_board_knows_is_one_of_ours() -> None:
    for name in ("incidents", "alerts", "notifications", "windows"):
        assert topics.by_name(name).name == name
