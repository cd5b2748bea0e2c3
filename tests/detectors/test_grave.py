"""A grave matter told by many: against the brand's own usual, however calmly, and never more than an L2 by itself."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest

from detectors.early import SoFar
from detectors.grave import KEPT, GraveShare, Tellers, people
from detectors.monitor import BrandMonitor
from detectors.settings import Campaign, MonitorSettings
from schemas.events import Alert, Window
from schemas.times import MINUTE, from_ms
from tests.detectors.brand_story import PLAIN, Story, poisson


@cache
def _fortnight(share: float) -> tuple[bytes, int]:
    """Fourteen days of sixty mentions an hour, a part `share` of which speak of a grave matter."""
    story = Story(seed=5)
    for _ in range(14 * 24 * 60):
        count = poisson(story.random, 1.0)
        story.tell(count, grave=sum(story.random.random() < share for _ in range(count)))
    assert [a for a in story.pages if a.grave_people] == []
    return story.monitor.dump(), story.minute


def settled(share: float = 0.01, settings: MonitorSettings | None = None) -> Story:
    state, minute = _fortnight(share)
    story = Story(settings, 9)
    story.monitor = BrandMonitor.load(story.brand, story.settings, state)
    story.minute = minute
    return story


def calmly(story: Story, minutes: int = 20, told: int = 1) -> Story:
    """As much talk again, all of it about something grave, no angrier than ever."""
    for _ in range(minutes):
        count = poisson(story.random, 1.0) + told
        story.tell(count, PLAIN, grave=told)
    return story


def test_a_dozen_who_tell_it_calmly_are_an_l2_within_a_quarter_of_an_hour():
    story = settled()
    began = story.minute
    page = calmly(story).pages[0]
    assert page.severity == "L2" and page.signal == "volume_spike"
    assert page.detected_at.timestamp() * 1000 / MINUTE - began <= 15
    assert page.grave_people >= 10 and page.grave_expected < 1
    assert "speak of a grave matter" in page.reason
    assert page.severity_terms["safety"] > 0
    assert sum(page.severity_terms.values()) == pytest.approx(2.5, abs=0.01)
    assert any(vote.detector.startswith("grave_talk") and vote.fired for vote in page.votes)
    assert page.trigger == "safety" and page.trigger_confidence > 0.7
    assert story.worst == "L2", "never more by itself"


def test_the_same_talk_about_nothing_grave_is_no_page():
    story = settled()
    for _ in range(20):
        story.tell(poisson(story.random, 1.0) + 1, PLAIN)
    assert story.pages == []


def test_a_brand_that_is_often_talked_about_for_such_things_has_its_own_normal():
    assert [a for a in calmly(settled(0.3)).pages if a.grave_people] == []


def test_much_talk_that_is_no_graver_than_ever_is_no_grave_matter():
    story = settled(0.1)
    for _ in range(60):
        count = poisson(story.random, 15.0)
        story.tell(count, PLAIN, grave=sum(story.random.random() < 0.1 for _ in range(count)))
    assert [a for a in story.alerts if a.grave_people] == []


def test_one_text_by_many_and_one_author_again_and_again_are_no_crowd():
    for author, text in ((None, 7), (7, None)):
        story = settled()
        for _ in range(30):
            said = [(author or story.random.getrandbits(60), text or story.random.getrandbits(60)) for _ in range(2)]
            window = Window(
                story.brand, from_ms(story.minute * MINUTE), 2, 6_000, authors=2, loudest=1, grave=people(said)
            )  # fmt: skip
            found = story.monitor.close(window, (story.minute + 3) * MINUTE, list, [a for a, _ in said], said)
            story.events += found
            story.minute += 1
        assert [a for a in story.pages if a.grave_people] == []


def test_a_campaign_does_not_mute_it():
    begun = _fortnight(0.01)[1]
    campaign = Campaign(begun * MINUTE, (begun + 600) * MINUTE, 3.0)
    assert calmly(settled(settings=MonitorSettings(campaigns=(campaign,)))).pages


def test_repeats_of_two_other_days_stop_paging():
    story = settled()
    pages = []
    for _ in range(6):
        story.forget()
        calmly(story)
        pages.append(bool([a for a in story.pages if a.grave_people]))
        story.days(1, per_hour=60)
    assert pages[0] and not pages[-1]


def test_the_early_trigger_tells_it_when_the_minute_of_arrival_is_over():
    story = settled()
    now = story.minute + 3
    said = [(story.random.getrandbits(60), story.random.getrandbits(60)) for _ in range(12)]

    def look(at: int) -> list[Alert]:
        found = story.monitor.early(now * MINUTE, at, SoFar(12, 0, 12, 12), list, said)
        return [e for e in found if isinstance(e, Alert)]

    assert look(now * MINUTE + 59_000) == [], "more may be said of other things before it is over"
    (alert,) = look((now + 1) * MINUTE)
    assert (alert.severity, alert.grave_people) == ("L2", 12)
    assert alert.reason.startswith("12 people speak of a grave matter")
    assert look((now + 1) * MINUTE) == []


def test_the_early_trigger_counts_what_was_said_in_minutes_that_gave_no_cause_to_look():
    story = settled()
    for _ in range(20):
        story.tell(2, PLAIN)
    now = story.minute + 2  # two minutes of arrival are still open
    said = [(story.random.getrandbits(60), story.random.getrandbits(60)) for _ in range(12)]
    found = story.monitor.early(now * MINUTE, (now + 1) * MINUTE, SoFar(12, 0, 12, 12), list, said)
    (alert,) = [e for e in found if isinstance(e, Alert)]
    minutes = alert.window_seconds // 60
    assert alert.observed == alert.sample_size == 2 * (minutes - 3) + 12
    assert f"among at least {alert.sample_size} mentions" in alert.reason
    (vote,) = alert.votes
    assert vote.detector.startswith("early_grave") and "grave matter" in vote.reason


def test_a_minute_of_arrival_full_of_other_talk_is_no_grave_matter():
    story = settled(0.1)
    now = story.minute + 3
    said = [(story.random.getrandbits(60), story.random.getrandbits(60)) for _ in range(12)]
    assert story.monitor.early(now * MINUTE, (now + 1) * MINUTE, SoFar(150, 0, 150, 150), list, said) == []


def test_a_state_of_before_is_taken_up_and_learns_what_is_usual_first():
    story = settled(0.3)
    version, picture, book, early, silence, *rest = msgspec.msgpack.decode(story.monitor.dump())
    pace, sums, *others = picture
    pace = [*pace[:4], [block[:6] for block in pace[4]], *pace[5:8]]  # as of before there was grave talk
    picture = [pace, sums[:-1], *others[:-1]]
    old = msgspec.msgpack.encode([version, picture, book, early, silence, *rest[:3]])
    story.monitor = BrandMonitor.load(story.brand, story.settings, old)
    assert calmly(story).pages == [], "nobody knows yet whether such talk is its daily bread"


def test_people_are_counted_once_and_one_wording_three_times():
    assert people([(1, 10), (1, 11), (2, 10), (3, 10), (4, 10), (5, 10)]) == 4
    assert people([]) == 0


def test_tellers_are_different_ones_within_a_horizon():
    tellers = Tellers()
    tellers.note(100, [(1, 10), (2, 20)])
    tellers.note(104, [(1, 10), (3, 30)])
    assert tellers.people(4, 60, 104) == 3
    assert tellers.people(2, 1, 104) == 2
    tellers.note(105, [(author, 40) for author in range(100, 300)])
    assert tellers.people(1_000, 60, 105) == 6, "one text by many pushes nobody out"
    restored = Tellers()
    restored.load(msgspec.msgpack.decode(msgspec.msgpack.encode(tellers.dump())))
    assert restored.dump() == tellers.dump()
    tellers.note(106, [(author, author) for author in range(1_000, 1_000 + 2 * KEPT)])
    assert tellers.people(1_000, 60, 106) == 1_000, "more than are remembered are counted by minutes"


def test_the_usual_share_is_learnt_with_its_scatter():
    share = GraveShare()
    assert share.expected(100) == pytest.approx(1.0)
    for block in range(3_000):
        share.learn_one((block + 1) * 5, 20, 4)
    assert share.expected(100) == pytest.approx(20, rel=0.02)
    assert share.dispersion[2] < 0.1, "it never strays"
    clumps = GraveShare()
    for block in range(3_000):
        clumps.learn_one((block + 1) * 5, 20, 40 if block % 12 < 2 else 0)
    assert clumps.dispersion[2] > 0.5
