"""What holds for the monitor whatever is said: restored, divided, delayed or absurd."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.monitor import BrandMonitor
from detectors.settings import MonitorSettings
from schemas.events import Alert, Window
from schemas.times import DAY, HOUR, MINUTE, from_ms
from tests.detectors.brand_story import ANGER, JOY, PLAIN, START, Story

QUICK = MonitorSettings(warm_up_hours=3, warm_up_hours_heard=3, accept_hours=6)
"""Warm within half a day, so that short histories reach every state."""

scenes = st.lists(
    st.tuples(
        st.sampled_from([1, 4, 30, 60, 300]),  # minutes
        st.sampled_from([0.0, 6.0, 18.0, 60.0, 600.0, 6_000.0]),  # mentions an hour
        st.sampled_from([JOY, PLAIN, 0.6, ANGER]),
        st.sampled_from([0.0, 0.02, 0.8]),  # of which speak of a grave matter
    ),
    min_size=1,
    max_size=8,
)


def told(scenes_, seed, between=None):
    story = Story(QUICK, seed)
    story.between = between
    story.hours(12, 30)
    for minutes, per_hour, share, grave in scenes_:
        story.minutes(minutes, min(per_hour, 40_000 / minutes), share, grave_share=grave)
    return story


def said(story):
    return [msgspec.json.encode(event) for event in story.events]


@settings(max_examples=15, deadline=None)
@given(scenes, st.integers(0, 1_000))
def test_restored_before_every_minute_it_says_the_same(scenes_, seed):
    def restore(story: Story) -> None:
        state = story.monitor.dump()
        story.monitor = BrandMonitor.load(story.brand, QUICK, state)
        assert story.monitor.dump() == state

    plain = told(scenes_, seed)
    restored = Story(QUICK, seed)
    restored.hours(12, 30)
    restored.between = restore
    for minutes, per_hour, share, grave in scenes_:
        restored.minutes(minutes, min(per_hour, 40_000 / minutes), share, grave_share=grave)
    assert said(restored) == said(plain)
    assert restored.monitor.dump() == plain.monitor.dump()


@settings(max_examples=15, deadline=None)
@given(scenes, st.integers(0, 1_000))
def test_empty_minutes_may_be_told_one_by_one_or_all_at_once(scenes_, seed):
    """`pass_time` in any division gives the same verdicts at the same times; only wake_at obliges."""
    plain = told(scenes_, seed)
    rng = random.Random(seed)

    def pass_some(story: Story) -> None:
        if rng.random() < 0.5:
            up_to = story.minute * MINUTE
            story.events += story.monitor.pass_time(up_to, up_to + 2 * MINUTE)

    divided = told(scenes_, seed, pass_some)
    assert said(divided) == said(plain)


@settings(max_examples=20, deadline=None)
@given(scenes, st.integers(0, 1_000))
def test_alerts_are_well_formed(scenes_, seed):
    story = told(scenes_, seed).hours(3, 30)
    last: dict[str, Alert] = {}
    for alert in story.alerts:
        before = last.get(alert.alert_id)
        assert alert.sequence == (before.sequence + 1 if before else 1), "sequence counts the events of an alert"
        if before is not None and before.status != "resolved":
            assert alert.severity >= before.severity
        if before is None or before.status == "resolved":
            assert alert.status in {"firing", "suppressed"}
        assert alert.starts_at <= alert.detected_at
        assert (alert.suppressed_by is not None) == (alert.status == "suppressed") or alert.status == "resolved"
        assert alert.ends_at is None or alert.status == "resolved"
        assert alert.reason.endswith(".")
        text = msgspec.json.encode(alert)
        assert b"NaN" not in text and b"Infinity" not in text
        assert msgspec.json.decode(text, type=Alert) == alert
        last[alert.alert_id] = alert


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 60), st.integers(0, 60), st.floats(0.4, 1.0))
def test_more_of_the_same_anger_is_never_less_severe(count, more, share):
    def worst(n: int) -> str:
        story = Story(QUICK, 11).hours(15, 30).forget()
        for _ in range(4):
            window = Window(
                brand=story.brand, start=from_ms(story.minute * MINUTE), count=n, authors=n, loudest=1,
                negative=round(10_000 * share) * n,
            )  # fmt: skip
            story.events += story.monitor.close(window, (story.minute + 3) * MINUTE, list)
            story.minute += 1
        return str(story.worst)

    assert worst(count) <= worst(count + more)


def test_years_of_silence_pass_at_once():
    story = Story(QUICK).hours(36, 30)
    far = story.minute + 5 * 365 * 24 * 60
    events = story.monitor.pass_time(far * MINUTE, far * MINUTE)
    assert [e.signal for e in events if isinstance(e, Alert)] == ["silence"]
    story.minute = far
    story.hours(12, 30)
    assert story.pages == []


@pytest.mark.parametrize("count", [1, 10**6, 10**9])
def test_any_count_is_a_verdict(count):
    story = Story(QUICK).hours(15, 30)
    for authors in (count, 1, 0):
        window = Window(
            brand=story.brand, start=from_ms(story.minute * MINUTE), count=count, negative=10_000 * count,
            authors=authors, loudest=count, duplicates=count, reposts=count, reach=2**50, top_reach=2**32,
        )  # fmt: skip
        story.events += story.monitor.close(window, (story.minute + 3) * MINUTE, list)
        story.minute += 1
    for alert in story.alerts:
        assert b"NaN" not in msgspec.json.encode(alert)
    story.hours(2, 30)


def test_the_state_of_the_busiest_brand_is_below_16_kb():
    story = Story(seed=4)
    story.minute = START // MINUTE
    for i in range(16 * 24 * 12):
        story.minute += 4
        terms = {f"a-rather-long-term-{(i * 7 + j) % 400}": 3 + j for j in range(32)}
        story.tell(
            5_000, PLAIN, terms=terms, languages={"en": 4_000, "fr": 1_000}, grave=70
        ) if i > 16 * 24 * 12 - 400 else story.tell(50, PLAIN)
    assert len(story.monitor.dump()) <= 16_384


def test_a_verdict_rests_on_nothing_later():
    """What is said up to a minute is the same whatever follows."""
    one = Story(QUICK, 5).hours(15, 30)
    two = Story(QUICK, 5).hours(15, 30)
    one.tell(30, ANGER)
    two.tell(30, ANGER)
    until = len(one.events)
    one.hours(5, 600, ANGER)
    two.hours(5, 0.0)
    assert said(one)[:until] == said(two)[:until]


def test_times_are_plain():
    assert DAY == 24 * HOUR
