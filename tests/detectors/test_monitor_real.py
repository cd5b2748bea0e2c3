"""The monitor on what really happened: airline tweets of 2015, a removed passenger in 2017, four brands of 2011."""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from detectors.early import PLAINLY, SoFar
from detectors.monitor import BrandMonitor
from detectors.settings import MonitorSettings
from detectors.text.model import TextModel
from schemas.events import Alert, Window
from schemas.times import MINUTE, from_ms, parse_iso

LATENESS = 2


@cache
def _alerts(path: Path, brand: str, until: str = "9999") -> list[Alert]:
    """Play a file of mentions, as scored by the shipped model, to a monitor: minutes close, arrivals are looked at."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r.get("brand", brand) == brand and r["created_utc"] < until]
    scored = TextModel.load().score([r["text"] for r in rows], [None] * len(rows))
    minutes: dict[int, list[int]] = {}
    for i, row in enumerate(rows):
        minutes.setdefault(parse_iso(row["created_utc"]) // MINUTE, []).append(i)
    monitor = BrandMonitor(brand, MonitorSettings())
    events = []
    for minute in sorted({m for first in minutes for m in (first, first + 1 + LATENESS)}):
        closed = minute - 1 - LATENESS
        if closed in minutes:
            events += monitor.close(_window(brand, closed, minutes[closed], rows, scored), minute * MINUTE, list)
        events += monitor.pass_time((minute - LATENESS) * MINUTE, minute * MINUTE)
        here = minutes.get(minute, [])
        if here:
            window = _window(brand, minute, here, rows, scored)
            texts = window.count - window.duplicates
            at = (minute + 1) * MINUTE
            plain = sum(n for i in here if (n := int(scored.negative[i])) >= PLAINLY)
            events += monitor.early(minute * MINUTE, at, SoFar(window.count, plain, window.authors, texts), list)
    return [e for e in events if isinstance(e, Alert)]


def _window(brand, minute, members, rows, scored) -> Window:
    authors = Counter(rows[i].get("user") or rows[i]["tweet_id"] for i in members)
    texts = {int(scored.signature[i]) for i in members}
    return Window(
        brand=brand,
        start=from_ms(minute * MINUTE),
        count=len(members),
        negative=sum(int(scored.negative[i]) for i in members),
        authors=len(authors),
        loudest=max(authors.values()),
        duplicates=len(members) - len(texts),
        reposts=sum(rows[i]["text"].startswith("RT ") for i in members),
    )


def _heard(alerts: list[Alert], first: str, last: str) -> list[Alert]:
    begin, end = from_ms(parse_iso(first)), from_ms(parse_iso(last))
    return [a for a in alerts if a.status in {"firing", "updated"} and begin <= a.detected_at <= end]


@pytest.mark.parametrize("brand", ["apple", "google", "microsoft", "twitter"])
def test_four_brands_of_2011_have_no_l3(shared_data, brand):
    alerts = _alerts(shared_data / "mentions" / "sanders_2011_brands.csv", brand)
    assert max((a.severity for a in _heard(alerts, "2011-01-01", "2012-01-01")), default="L0") <= "L2"


def test_the_quiet_days_of_2017_page_nobody_and_the_night_of_10_april_is_l4_at_once(shared_data):
    path = shared_data / "mentions" / "united_2017_a_apr06_11_1.csv"
    alerts = _alerts(path, "United Airlines", "2017-04-10T22:20")
    assert all(a.severity == "L1" for a in _heard(alerts, "2017-04-06", "2017-04-10T22:10:00Z"))
    crisis = _heard(alerts, "2017-04-10T22:10:00Z", "2017-04-10T22:30:00Z")
    worst = next(a for a in crisis if a.severity == "L4")
    assert worst.detected_at <= from_ms(parse_iso("2017-04-10T22:15:00Z"))
    assert crisis[0].severity >= "L2", "the first people are woken before the first minute is over"
    assert crisis[0].detected_at <= from_ms(parse_iso("2017-04-10T22:11:00Z"))


def test_uniteds_storm_of_february_2015_is_paged(shared_data):
    alerts = _alerts(shared_data / "mentions" / "airline_2015_dev.csv", "United")
    assert any(a.severity >= "L2" for a in _heard(alerts, "2015-02-22T01:00:00Z", "2015-02-22T18:00:00Z"))


def test_southwests_jolly_hour_is_at_most_l2(shared_data):
    alerts = _alerts(shared_data / "mentions" / "airline_2015_dev.csv", "Southwest")
    assert all(a.severity <= "L2" for a in _heard(alerts, "2015-02-23T00:30:00Z", "2015-02-23T02:30:00Z"))


def test_three_airlines_have_at_most_a_false_page_a_week(shared_data):
    path = shared_data / "mentions" / "airline_2015_dev.csv"
    ordinary = (
        ("United", "2015-02-18", "2015-02-22T01:00:00Z"),
        ("Southwest", "2015-02-18", "2015-02-24T20:00:00Z"),
        ("Virgin America", "2015-02-18", "2015-02-24T20:00:00Z"),
    )
    pages = {
        a.alert_id
        for brand, first, last in ordinary
        for a in _heard(_alerts(path, brand), first, last)
        if a.severity >= "L2"
    }
    assert len(pages) <= 2, "2.6 brand-weeks"
