"""What a brand's watchman says, in the field's words."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

from detectors.early import SoFar
from detectors.monitor import BrandMonitor
from detectors.settings import Campaign, MonitorSettings
from schemas.events import Alert, Authenticity, Signal
from schemas.times import DAY, HOUR, MINUTE, from_ms, to_ms
from tests.detectors.brand_story import ANGER, JOY, PLAIN, START, Story


@cache
def _quiet_fortnight() -> tuple[bytes, int]:
    story = Story(seed=3).days(14)
    assert story.pages == []
    return story.monitor.dump(), story.minute


def after_two_quiet_weeks(settings: MonitorSettings | None = None, seed: int = 7) -> Story:
    """A brand with fourteen quiet days (18 mentions an hour, a third of them negative) behind it."""
    state, minute = _quiet_fortnight()
    story = Story(settings, seed)
    story.monitor = BrandMonitor.load(story.brand, story.settings, state)
    story.minute = minute
    return story


def early(story: Story, minute: int, at: int, people: int, angry: int, **more: Any) -> list[Alert]:
    """Show the early trigger `people` posts with a P(negative) of `angry` each."""
    found = story.monitor.early(minute, at, SoFar(people, angry * people, more.pop("authors", people), **more), list)
    return [e for e in found if isinstance(e, Alert)]


SEEDS = pytest.mark.parametrize("seed", range(5))

# ---------------------------------------------------------------------------------------------------- crises and decoys


@SEEDS
def test_thirty_angry_posts_in_ten_minutes_are_one_l3(seed):
    story = after_two_quiet_weeks(seed=seed)
    begin = story.minute
    for _ in range(10):
        story.tell(3, ANGER)
    crowd = story.hours(4, 18).alerts
    assert {a.alert_id for a in crowd} == {crowd[0].alert_id}, "one onset, one alert"
    assert story.worst == "L3"
    assert crowd[0].signal == "negative_spike"
    assert -5 <= to_ms(crowd[0].starts_at) // MINUTE - begin <= 3, "the onset is found to a few minutes"
    third = next(a for a in crowd if a.severity == "L3")
    assert to_ms(third.detected_at) <= (begin + 10) * MINUTE + 3 * MINUTE, "before the ten minutes are known to be over"
    assert crowd[-1].status == "resolved"


@SEEDS
def test_a_flash_crowd_is_l4_with_the_first_closed_minutes(seed):
    story = after_two_quiet_weeks(seed=seed)
    begin = story.minute
    story.tell(90, 0.55).tell(90, 0.55).tell(90, 0.55)
    assert story.worst == "L4"
    assert to_ms(story.pages[0].detected_at) == (begin + 3) * MINUTE
    assert story.pages[-1].severity_terms["size"] > 3


@SEEDS
def test_a_joke_that_goes_viral_is_no_page(seed):
    story = after_two_quiet_weeks(seed=seed).hours(4, 72, 0.25).hours(6, 18)
    assert story.worst == "L1", "four times the usual, a quarter negative"
    assert {a.signal for a in story.alerts} == {"volume_spike"}


@SEEDS
def test_joy_is_no_page_however_many_share_it(seed):
    assert after_two_quiet_weeks(seed=seed).hours(3, 100, JOY).worst <= "L1"
    assert after_two_quiet_weeks(seed=seed).hours(3, 1_000, JOY).worst <= "L2"


@SEEDS
def test_settlement_news_is_at_most_l2(seed):
    assert after_two_quiet_weeks(seed=seed).hours(5, 54, 0.28).hours(4, 18).worst <= "L2"


@SEEDS
def test_a_slow_burn_is_paged_before_it_is_four_times_the_usual(seed):
    story = after_two_quiet_weeks(seed=seed)
    begin = story.minute
    story.hours(2, 25, 0.45).hours(2, 35, 0.5).hours(2, 50, 0.55)
    assert story.pages, "2, 3 and 4 hours of slowly rising anger"
    assert to_ms(story.pages[0].detected_at) - begin * MINUTE < 4 * HOUR


@SEEDS
def test_copies_of_one_text_are_not_a_crowd(seed):
    story = after_two_quiet_weeks(seed=seed)
    for _ in range(3):
        story.tell(40, 0.6, duplicates=39)
    story.hours(2, 18)
    assert story.worst == "L1", "it is said, and it is no page"
    assert story.alerts[0].authenticity is not None
    assert story.alerts[0].authenticity.duplicate_share > 0.5
    people = after_two_quiet_weeks(seed=seed)
    for _ in range(3):
        people.tell(40, 0.6)
    assert people.worst >= "L3", "the same posts from as many people and texts are"


@SEEDS
def test_reposts_are_people(seed):
    story = after_two_quiet_weeks(seed=seed)
    for _ in range(3):
        story.tell(40, 0.6, duplicates=39, reposts=39)
    assert story.worst >= "L3"


@SEEDS
def test_two_loud_accounts_are_no_page(seed):
    story = after_two_quiet_weeks(seed=seed)
    for _ in range(3):
        story.tell(40, ANGER, people=2)
    assert story.hours(2, 18).worst <= "L1"


@SEEDS
def test_one_person_who_posts_for_twenty_minutes_is_no_crowd(seed):
    story = after_two_quiet_weeks(seed=seed)
    for _ in range(20):
        story.tell(3, ANGER, people=1)
    assert story.hours(2, 18).worst <= "L1"


def test_a_negative_post_by_a_large_account_is_l2():
    story = after_two_quiet_weeks()
    story.tell(1, 0.8, top_reach=2_400_000, top_negative=8_000, reach=2_400_000)
    (page,) = story.pages
    assert (page.signal, page.severity, page.reach) == ("reach", "L2", 2_400_000)
    assert "2,400,000 followers" in page.reason
    story.hours(2, 18).tell(1, 0.8, top_reach=2_000_000, top_negative=8_000, reach=2_000_000)
    assert len(story.pages) == 1, "an account of that size is known by now"
    again = story.alerts[-1]
    assert (again.signal, again.severity, again.status, again.suppressed_by) == ("reach", "L2", "suppressed", "repeat")
    story.tell(1, 0.8, top_reach=4_000_000, top_negative=8_000, reach=4_000_000)
    assert len(story.pages) == 2, "a larger one is news, while the repeat is held back too"


def test_a_positive_post_by_a_large_account_is_none():
    story = after_two_quiet_weeks().tell(1, 0.1, top_reach=2_400_000, top_negative=1_000, reach=2_400_000)
    assert story.alerts == []


# ------------------------------------------------------------------------------------------------------ quiet and rhythm


@pytest.mark.parametrize(("per_hour", "rhythm", "days"), [(1, 0.0, 21), (18, 0.0, 14), (18, 0.8, 14), (300, 0.8, 4)])
def test_ordinary_weeks_have_less_than_a_page_a_week_and_no_l3(per_hour, rhythm, days):
    pages = []
    for seed in range(3):
        pages += Story(seed=seed).days(days, per_hour, rhythm=rhythm).pages
    assert len(pages) <= 3 * days / 7
    assert all(page.severity == "L2" for page in pages)


def test_warm_up_is_said_not_silent():
    story = Story().hours(6, 18)
    for _ in range(10):
        story.tell(4, ANGER)
    assert story.pages == []
    held = [a for a in story.alerts if a.status == "suppressed"]
    assert held and {a.suppressed_by for a in held} == {"warm_up"}
    assert held[0].baseline is not None and not held[0].baseline.warm


def test_a_new_brand_in_an_enormous_crisis_does_not_wait_for_its_warm_up():
    story = Story().hours(9, 18)
    for _ in range(10):
        story.tell(120, ANGER)
    assert story.worst == "L4"


def test_silence_is_told_once_and_ends_when_somebody_speaks():
    story = after_two_quiet_weeks().silence(10 * 60)
    (silence,) = story.alerts
    assert (silence.signal, silence.severity, silence.status) == ("silence", "L1", "firing")
    story.hours(1, 18)
    assert [a.status for a in story.alerts if a.signal == "silence"] == ["firing", "resolved"]
    assert story.pages == [], "what comes after an outage is not a rise"


def test_a_crisis_that_comes_back_with_the_data_after_an_outage_is_l4_at_once():
    story = after_two_quiet_weeks().silence(22 * 60)
    begin = story.minute
    for _ in range(3):
        story.tell(77, 0.45)
    assert story.worst == "L4"
    assert to_ms(story.pages[-1].detected_at) <= (begin + 5) * MINUTE


def test_a_new_level_is_accepted_after_a_day():
    story = after_two_quiet_weeks().days(5, 54)
    assert story.worst <= "L2"
    end = [a for a in story.alerts if a.status == "resolved"][-1]
    assert "new normal" in end.reason
    assert to_ms(end.detected_at) < (story.minute * MINUTE) - 3 * DAY, "and stays accepted"


def test_a_burst_of_every_day_stops_paging():
    story = Story(seed=3)
    for _ in range(12):
        story.hours(23, 18)
        story.minutes(60, 300)
    last_days = [a for a in story.pages if a.detected_at >= from_ms(START + 6 * DAY)]
    assert last_days == []


# ----------------------------------------------------------------------------------------- what is held back, and the end


def test_a_campaign_mutes_volume_but_not_anger():
    minute = after_two_quiet_weeks().minute
    campaign = Campaign(minute * MINUTE, minute * MINUTE + DAY, 4.0, "spring")
    settings = MonitorSettings(campaigns=(campaign,))
    busy = after_two_quiet_weeks(settings).hours(4, 72)
    assert busy.pages == []
    assert {a.suppressed_by for a in busy.alerts} == {"campaign"}
    angry = after_two_quiet_weeks(settings).hours(1, 72)
    for _ in range(10):
        angry.tell(9, ANGER)
    assert angry.worst >= "L3"


def test_the_budget_holds_back_l2_and_says_so_but_never_l4():
    story = after_two_quiet_weeks(MonitorSettings(pages_per_week=0))
    story.hours(2, 40, 0.55).hours(1, 18)
    assert story.pages == []
    assert {a.suppressed_by for a in story.alerts if a.severity == "L2"} == {"budget"}
    for _ in range(4):
        story.tell(90, ANGER)
    assert story.worst == "L4"


def test_worsening_is_an_update_of_the_same_alert_with_the_next_sequence():
    story = after_two_quiet_weeks()
    for size in (2, 3, 4, 8, 16, 32, 64, 100, 100):
        story.tell(size, 0.7)
    first, *more = story.alerts
    assert {a.alert_id for a in more} == {first.alert_id}
    assert [a.sequence for a in story.alerts] == list(range(1, len(story.alerts) + 1))
    severities = [a.severity for a in story.alerts]
    assert severities == sorted(set(severities)), "each update is worse than what was said before"
    assert {a.status for a in more} == {"updated"}


def test_the_end_needs_half_an_hour_of_calm_and_a_second_wave_is_the_same_story():
    story = after_two_quiet_weeks()
    for _ in range(10):
        story.tell(4, ANGER)
    end_of_rise = story.minute
    story.hours(3, 18)
    end = next(a for a in story.alerts if a.status == "resolved")
    assert end.ends_at is not None
    assert to_ms(end.ends_at) >= (end_of_rise + 30) * MINUTE
    first = story.alerts[0].alert_id
    story = after_two_quiet_weeks()
    for _ in range(10):
        story.tell(4, ANGER)
    while not any(a.status == "resolved" for a in story.alerts):
        story.minutes(1, 18)
    story.minutes(30, 18)
    for _ in range(10):
        story.tell(4, ANGER)
    assert {a.alert_id for a in story.alerts if a.signal == "negative_spike"} == {first}


# ------------------------------------------------------------------------------------------------------ what an alert says


def test_an_alert_says_what_was_seen_what_was_expected_and_why():
    story = after_two_quiet_weeks()
    for _ in range(10):
        story.tell(4, ANGER, platforms={"x": 4}, terms={"#recall": 3, "battery": 2}, languages={"en": 4})
    alert = story.pages[-1]
    assert alert.interval is not None and alert.baseline is not None
    assert alert.expected < alert.interval.high < alert.observed
    assert alert.sample_size >= 20
    assert alert.baseline.warm and alert.baseline.n > 10 * 24 * 60
    assert alert.votes and any(vote.fired for vote in alert.votes)
    assert sum(alert.severity_terms.values()) > 2.5
    assert set(alert.severity_terms) == {
        "size", "breadth", "negativity", "novelty", "persistence", "safety", "reach", "velocity", "authenticity",
    }  # fmt: skip
    assert {d.value for d in alert.drivers} >= {"#recall", "battery"}
    assert alert.platforms == ["x"]
    assert alert.evidence == ["x:1", "x:2"]
    assert alert.negative_share > 0.6
    assert "Nimbrook" in alert.reason and "would be usual" in alert.reason


def test_what_came_close_is_a_signal():
    story = after_two_quiet_weeks()
    for _ in range(12):
        story.tell(1).tell(0).tell(0)
        story.tell(2)
    close = [e for e in story.events if isinstance(e, Signal)]
    assert any(not signal.fired and signal.score < signal.threshold for signal in close)
    assert all(signal.votes for signal in close)


# ------------------------------------------------------------------------------------------------------ the early trigger


def test_the_early_trigger_does_not_wait_for_the_minute():
    story = after_two_quiet_weeks()
    minute = story.minute * MINUTE
    assert early(story, minute, minute + 5_000, 8, 7_000, texts=8) == []
    (first,) = early(story, minute, minute + 20_000, 40, 7_000, texts=38)
    assert (first.signal, first.status) == ("negative_spike", "firing")
    assert "L2" <= first.severity <= "L3"
    assert to_ms(first.detected_at) == minute + 20_000
    assert to_ms(first.starts_at) == minute
    again = early(story, minute, minute + 25_000, 41, 7_000, texts=39)
    assert again == [], "nothing new to say"


def test_the_closed_minutes_go_on_with_the_alert_of_the_early_trigger():
    story = after_two_quiet_weeks()
    minute = story.minute * MINUTE
    (first,) = early(story, minute, minute + 30_000, 60, 6_000, texts=60)
    for _ in range(3):
        story.tell(90, 0.6)
    assert {a.alert_id for a in story.alerts} == {first.alert_id}
    assert story.alerts[0].status == "updated"
    assert story.alerts[-1].severity == "L4"


def test_the_early_trigger_is_not_fooled_by_copies_or_by_joy():
    story = after_two_quiet_weeks()
    minute = story.minute * MINUTE
    assert early(story, minute, minute + 20_000, 60, 7_000, texts=2) == []
    assert early(story, minute + MINUTE, minute + MINUTE, 60, 7_000, authors=3, texts=60) == []
    assert early(story, minute + 2 * MINUTE, minute + 2 * MINUTE, 14, 1_000, texts=14) == []


def test_the_early_onset_does_not_depend_on_how_often_one_looks():
    """Given minutes that grow, whether one minute or five make it fire first is a matter of how slices are cut."""
    story = after_two_quiet_weeks()
    state, start = story.monitor.dump(), story.minute * MINUTE
    chance = random.Random(2)
    fired = 0
    for _ in range(300):
        counts = [chance.choice([0, 4, 8, 12, 20]) for _ in range(5)] + [chance.randrange(20, 200)]
        onsets = set()
        for step in (1, 7, 1_000):
            monitor = BrandMonitor.load("Acme", MonitorSettings(), state)
            found: list[Any] = []
            for k, count in enumerate(counts):
                minute = start + k * MINUTE
                for so_far in (*range(step, count, step), count):
                    found += monitor.early(minute, minute + 1, SoFar(so_far, so_far * 9_000, so_far, so_far), list)
            onsets.add(next(((e.alert_id, e.starts_at) for e in found if isinstance(e, Alert)), None))
        assert len(onsets) == 1, counts
        fired += onsets != {None}
    assert fired > 100


def test_an_early_alert_says_how_much_of_it_is_copies_and_whose_posts_they_are():
    story = after_two_quiet_weeks()
    minute = story.minute * MINUTE
    assert early(story, minute, minute + 59_000, 4, 9_000, copies=1, loudest=3) == []
    (alert,) = early(
        story, minute + MINUTE, minute + MINUTE + 9, 100, 9_000, authors=60, copies=40, loudest=5, young=10
    )
    assert alert.votes[0].detector.startswith("early")
    assert alert.authenticity is not None
    assert (alert.window_seconds, alert.sample_size) == (60, 100)
    assert alert.authenticity == Authenticity(0.4, 60, 0.05, 0.1)


def test_early_severity_only_grows_with_the_figures():
    levels = []
    for people in range(12, 120, 4):
        story = after_two_quiet_weeks()
        minute = story.minute * MINUTE
        found = early(story, minute, minute + 1, people, 6_000)
        levels.append(found[0].severity if found else "L0")
    assert levels == sorted(levels)


def test_below_the_bound_the_early_trigger_cannot_fire():
    story = after_two_quiet_weeks()
    count, negative = story.monitor.early_bound()
    minute = story.minute * MINUTE
    less = min(count - 1, negative - 1)
    assert early(story, minute, minute + 1, less, 10_000) == []
    assert Story().monitor.early_bound()[0] > 1_000_000, "nothing fires early while warming up"


# ---------------------------------------------------------------------------------------------------------- wrong input


def test_a_minute_closes_once():
    story = after_two_quiet_weeks().tell(2)
    story.minute -= 1
    with pytest.raises(ValueError, match="closed already"):
        story.tell(2)


def test_a_state_of_another_version_is_refused():
    with pytest.raises(ValueError, match="state of version 99"):
        BrandMonitor.load("Nimbrook", MonitorSettings(), b"\x91\x63")
    with pytest.raises(ValueError, match="not a state"):
        BrandMonitor.load("Nimbrook", MonitorSettings(), b"nonsense")


def test_plain_share_is_plain():
    assert JOY < PLAIN < ANGER


def in_campaign(factor: float, seed: int = 5) -> Story:
    """A brand of a mention a minute, in a campaign that is said to bring `factor` times the talk."""
    story = Story(seed=seed).days(7, per_hour=60)
    start = story.minute * MINUTE
    settings = MonitorSettings(campaigns=(Campaign(start, start + DAY, factor),) if factor > 1 else ())
    story.monitor = BrandMonitor.load(story.brand, settings, story.monitor.dump())
    return story.forget()


@pytest.mark.parametrize("factor", [3.0, 10.0])
def test_anger_in_a_campaign_is_paged_nearly_as_soon_as_without_one(factor):
    def delay(factor: float) -> tuple[int, str]:
        story = in_campaign(factor)
        began = story.minute
        for _ in range(15):
            story.tell(8, 0.95)
        return to_ms(story.pages[0].detected_at) // MINUTE - began, story.worst

    with_it, worst = delay(factor)
    assert with_it <= delay(1.0)[0] + 1
    assert worst == "L3"


def test_talk_that_a_campaign_brings_at_the_usual_share_is_still_its_own():
    story = in_campaign(4.0)
    for _ in range(240):
        story.tell(3, PLAIN)
    assert story.pages == []


def test_the_early_trigger_takes_plain_anger_for_anger_in_a_campaign_too():
    story = in_campaign(10.0)
    minute = story.minute * MINUTE
    assert early(story, minute, minute + 10_000, 12, 9_000, texts=12) == [], "as much as the campaign may bring"
    (first,) = early(story, minute, minute + 20_000, 40, 9_000, texts=40)
    assert (first.severity, first.suppressed_by) == ("L2", None)


def test_a_volume_alert_that_is_angry_itself_is_not_held_back_by_a_campaign():
    story = in_campaign(10.0)
    for _ in range(20):
        story.tell(12, 0.5)
    told = [a for a in story.alerts if a.severity >= "L3"]
    assert told and all(a.suppressed_by is None for a in told)


def test_a_crowd_of_new_accounts_is_told_a_level_lower():
    def worst(young: int) -> Story:
        story = after_two_quiet_weeks()
        for _ in range(15):
            story.tell(20, 0.9, young=young)
        return story

    old, new = worst(0), worst(20)
    assert (old.worst, new.worst) == ("L4", "L3")
    assert new.alerts[0].severity == "L2" < old.alerts[0].severity and new.alerts[0].status == "firing"
    assert (new.alerts[0].severity_terms["authenticity"] or 0.0) < -2.0
    assert new.alerts[0].authenticity is not None and (new.alerts[0].authenticity.young_share or 0.0) > 0.9


@pytest.mark.parametrize("per_hour", [0.6, 1.0])
@pytest.mark.parametrize(("people", "minutes"), [(23, 60), (30, 240)])
def test_of_a_brand_that_hardly_anybody_speaks_of_two_dozen_in_hours_are_a_crowd(per_hour, people, minutes):
    story = Story(seed=4).days(12, per_hour).forget()
    for minute in range(minutes):
        story.tell((minute + 1) * people // minutes - minute * people // minutes, ANGER)
    assert story.hours(2, per_hour).pages
    joke = Story(seed=4).days(12, per_hour).forget()
    for minute in range(minutes):
        joke.tell((minute + 1) * people // minutes - minute * people // minutes, 0.25)
    assert joke.hours(2, per_hour).pages == []


def test_of_a_brand_that_many_speak_of_as_many_in_hours_are_none():
    picture = after_two_quiet_weeks().monitor._picture
    assert [picture.least_people(k) for k in range(5)] == [12, 12, 15, 24, 48]
    quiet = Story(seed=4).days(12, 1.0).monitor._picture
    assert [quiet.least_people(k) for k in range(4)][:3] == [12, 12, 12]
    assert 13 <= quiet.least_people(3) <= 16 and 18 <= quiet.least_people(4) <= 24
