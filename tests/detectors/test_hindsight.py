"""Looking back: the same verdicts as live, and "so many would have fired" is true, to the mention."""

from __future__ import annotations

import pytest

from detectors.hindsight import Hindsight, Watched, tell
from detectors.look import Look
from detectors.monitor import BrandMonitor
from detectors.settings import Campaign, MonitorSettings
from schemas.events import Alert, Signal, Window, encode
from schemas.times import MINUTE, from_ms, to_ms
from tests.detectors.brand_story import LATENESS, START, Story


def talk(settings: MonitorSettings | None = None, *, hours: float = 40, seed: int = 3) -> tuple[Story, list[Window]]:
    """Return a story of quiet hours and the windows that were told to its monitor."""
    story = Story(settings, seed=seed)
    told: list[Window] = []
    close = story.monitor.close

    def keep(window: Window, *rest: object) -> list[Alert | Signal]:
        told.append(window)
        return close(window, *rest)  # type: ignore[arg-type]

    story.monitor.close = keep  # type: ignore[method-assign,assignment]
    story.hours(hours, 18.0)
    return story, told


def look_back(windows: list[Window], since: int, until: int, settings: MonitorSettings | None = None) -> Hindsight:
    eye = Hindsight("Nimbrook", settings or MonitorSettings(), since, until)
    for _ in tell(eye, windows, until, LATENESS):
        pass
    return eye


def test_what_is_told_again_says_the_same_as_what_was_said():
    """Given a crisis of people who speak once each, then looking back gives the events of the live run, byte for byte."""
    story, told = talk()
    story.minutes(20, 600, 0.85).minutes(200, 18.0)
    live = BrandMonitor("Nimbrook", story.settings)
    watched = Watched("Nimbrook", story.settings)
    end = story.minute * MINUTE
    said = [encode(event) for event in tell(live, told, end, LATENESS)]
    assert any(isinstance(event, Alert) and event.severity >= "L3" for event in story.events)
    assert [encode(event) for event in tell(watched, told, end, LATENESS)] == said
    assert len(watched.usual) >= len(told)
    looked = look_back(told, end - 250 * MINUTE, end)
    best = max(looked.looks, key=lambda look: look.strength)
    signals = {(s.signal, s.score) for s in story.events if isinstance(s, Signal)}
    assert any(score == test.score for test in best.tests for _, score in signals) or best.strength >= 1.0


def moment(share: float, each: int) -> tuple[list[Window], Look]:
    """Quiet talk, then one busier minute that does not fire; return the windows and what is seen of it."""
    story, told = talk()
    story.tell(each, share)
    at = (story.minute - 1) * MINUTE
    eye = look_back(told, at, at + MINUTE)
    (look,) = eye.looks
    return told, look


def with_last(windows: list[Window], count: int, negative: float) -> list[Window]:
    """Return the windows with other figures in the last one, everybody a different person."""
    last = windows[-1]
    other = Window(last.brand, last.start, count, round(negative * 10_000), authors=count, loudest=1)
    return [*windows[:-1], other]


def level_of(windows: list[Window]) -> int:
    """Return the highest level alerted in the last minute; 0 for none."""
    monitor = BrandMonitor("Nimbrook", MonitorSettings())
    end = to_ms(windows[-1].start) + MINUTE
    events = [e for e in tell(monitor, windows, end, LATENESS) if isinstance(e, Alert)]
    now = [int(e.severity[1:]) for e in events if e.detected_at == from_ms(end + LATENESS)]
    return max(now, default=0)


@pytest.mark.parametrize(("share", "each"), [(0.85, 3), (0.7, 4), (0.35, 5)])
def test_so_many_of_the_same_tone_would_have_fired_or_paged_and_not_many_fewer(share: float, each: int):
    windows, look = moment(share, each)
    assert look.strength < 1.0
    assert level_of(windows) == 0
    assert look.tests[0].minutes == 1, "the last minute is the horizon that the figures are about"
    last = windows[-1]
    tone = last.negative / 10_000 / last.count
    for needed, level in ((look.to_fire.mentions, 1), (look.to_page.mentions, 2)):
        assert needed is not None
        n = round(needed)
        assert level_of(with_last(windows, n, tone * n)) >= level
        fewer = round(n * 0.75)
        assert level_of(with_last(windows, fewer, tone * fewer)) < level


def test_so_much_negative_mass_would_have_fired():
    windows, look = moment(0.45, 6)
    needed = look.to_fire.negative
    assert needed is not None
    assert level_of(with_last(windows, 6, needed)) >= 1
    assert level_of(with_last(windows, 6, needed - 0.3)) == 0


def test_what_the_brand_could_not_page_for_is_seen():
    story, told = talk(hours=10)
    story.minutes(3, 600, 0.85)
    at = story.minute * MINUTE
    cold = look_back(told, at - 3 * MINUTE, at).looks[-1]
    assert not cold.warmth.warm
    assert 3 < cold.warmth.hours < cold.warmth.hours_needed
    campaign = MonitorSettings(campaigns=(Campaign(START, START + 100 * 24 * 60 * MINUTE, 3.0, "launch"),))
    story, told = talk(campaign)
    story.minutes(3, 300, 0.2)
    at = story.minute * MINUTE
    look = look_back(told, at - 3 * MINUTE, at, campaign).looks[-1]
    assert (look.campaign, look.campaign_factor) == ("launch", 3.0)


def test_an_alert_that_is_going_on_is_seen_with_its_id():
    story, told = talk()
    story.minutes(20, 600, 0.85)
    at = story.minute * MINUTE
    look = look_back(told, at - MINUTE, at).looks[-1]
    assert {held.alert_id for held in look.live} <= {alert.alert_id for alert in story.alerts}
    assert max(held.level for held in look.live) >= 3
    assert look.pages >= 1
