"""The page and the notifier agree: what the fold writes into an incident is what the page makes its sentences from."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

import streams.incidents
from schemas.events import Alert, Baseline, Interval, encode
from schemas.times import HOUR, MINUTE, to_ms
from streams.web import plot, stories
from streams.web.board import Board
from streams.web.evidence import post_of, web_address
from streams.web.history import Point
from streams.web.words import LANGUAGES, Words, page_words
from tests.streams.incidents.language import Story
from tests.streams.incidents.policies import BASE
from tests.streams.web import samples


def test_the_next_step_is_told_when_it_will_be_paged() -> None:
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(7).ack("bob")
    seen = [(minute, story.minute(to_ms(due)) if due else None)
            for minute, one in story.incidents for due in [stories.next_step(one)]]  # fmt: skip
    by_minute = dict(seen)
    assert by_minute[0] == 5, seen  # alice has five minutes
    assert by_minute[5] == 15, seen  # bob has ten
    assert by_minute[7] is None, seen  # bob has taken charge


def test_every_line_of_the_story_has_a_word_in_both_languages() -> None:
    sources = Path(streams.incidents.__file__).parent.glob("*.py")
    written = {what for path in sources for what in re.findall(r'turn\.note\(\s*\w+,\s*"([^"]+)"', path.read_text())}
    assert len(written) > 20
    for language in ("en", "fr"):
        known = page_words(language)._data["happened"]
        assert not written - set(known)


def test_the_french_story_keeps_severities() -> None:
    assert Words("fr").happened("worse: L2 → L4") == "aggravation : L2 → L4"
    assert Words("fr").happened("something new") == "something new"


@pytest.mark.parametrize(
    ("signal", "observed", "expected", "interval", "says"),
    [
        ("volume_spike", 82.0, 1.3, Interval(0, 6), "82 mentions in 5 min; 1.3 would be usual, up to 6 no surprise"),
        ("negative_spike", 29.4, 0.25, None, "29 negative in 5 min; 0.25 would be usual"),
        ("negativity_shift", 0.62, 0.2, None, "62% negative; 20% would be usual"),
        ("reach", 1_250_000.0, 0.0, None, "A negative post by an account with 1,250,000 followers"),
    ],
)  # fmt: skip
def test_figures_are_said_in_the_unit_of_their_signal(
    signal: str, observed: float, expected: float, interval: Interval | None, says: str
) -> None:
    alert = Alert("a", "f", 1, "firing", signal, "L3", "b", samples.ONSET, samples.ONSET, window_seconds=300,  # type: ignore[arg-type]
                  observed=observed, expected=expected, interval=interval)  # fmt: skip
    assert stories.figures_of(alert, Words("en")) == says


def test_an_alert_that_is_over_is_told_by_its_worst_hour() -> None:
    board = Board()
    over = msgspec.structs.replace(
        samples.alert(), sequence=3, status="resolved", severity="L3", observed=1.0, evidence=[], votes=[]
    )
    for event in (samples.alert(sequence=1, status="firing", severity="L2"), samples.alert(), over):
        board.take("alerts", b"x", encode(event))
    (one,) = stories.ringing_of(board, samples.incident(alerts=[over]))
    assert (one.last.sequence, one.worst.sequence, len(one.events)) == (3, 2, 3)
    assert one.worst.observed == 151.4 and len(stories.posts_of([one])) == 3
    (alone,) = stories.ringing_of(Board(), samples.incident(alerts=[over]))
    assert alone.worst is alone.last is over


def test_a_baseline_that_warms_up_says_so() -> None:
    cold = msgspec.structs.replace(samples.alert(), baseline=Baseline(3_600, 60, False))
    assert "warm-up: 1 h learnt so far, four hours late" in stories.facts_of(cold, Words("en"))
    assert "compared with 3 d of history" in stories.facts_of(samples.alert(), Words("en"))


def test_minutes_that_have_not_closed_are_not_drawn_as_a_fall() -> None:
    board = Board()
    for write in samples.story():
        board.take(write.topic, write.key, write.value)
    now = to_ms(samples.NOW) + 3 * MINUTE
    drawing = stories.drawing_of(board, samples.incident(), Words("en"), now)
    assert drawing is not None and drawing.bin_seconds == 60 and drawing.highest == 54
    assert "03:12" in drawing.svg and "03:15" not in drawing.svg


@pytest.mark.parametrize("hours", [1, 4, 24, 24 * 30])
def test_a_plot_of_any_length_fits(hours: int) -> None:
    width = plot.bin_width(hours * HOUR)
    assert width % MINUTE == 0 and 1 <= hours * HOUR / width <= plot.BINS
    points = [Point(i * width, i % 7, 0.5) for i in range(hours * HOUR // width)]
    svg = plot.story(points, width, [plot.Band(0, hours * HOUR, 1, 1e9)], [plot.Mark(0, '"><b>', "L4")], "<i>").svg
    assert "<i>" not in svg and "<b>" not in svg and "nan" not in svg and "inf" not in svg


def test_only_certain_addresses_become_links() -> None:
    assert post_of("x:123").url == "https://x.com/i/web/status/123"
    assert post_of("x:12/../../evil").url is None
    assert post_of("press:https://example.org/a?b=1").url == "https://example.org/a?b=1"
    assert (
        post_of("bluesky:at://did:plc:abc/app.bsky.feed.post/3k").url == "https://bsky.app/profile/did:plc:abc/post/3k"
    )
    for false in ("javascript:alert(1)", "data:text/html,x", 'https://a"onmouseover=x', "//evil.example", "", None):
        assert web_address(false) is None


def test_why_there_is_an_alert_is_said_in_the_visitors_language() -> None:
    alert = msgspec.structs.replace(samples.alert(), reason="151 negative in 15 minutes")
    assert stories.reason_of(alert, Words("en")) == "151 negative in 15 minutes"
    assert (
        stories.reason_of(alert, Words("fr"))
        == "151 négatives en 15 min ; 2,1 serait habituel, rien d’inhabituel jusqu’à 7"
    )
    played = msgspec.structs.replace(alert, kind="exercise", reason="du verre dans un pot")
    assert stories.reason_of(played, Words("en")) == "du verre dans un pot"
    assert stories.reason_of(played, Words("fr")) == "du verre dans un pot"


def test_an_update_that_is_no_worse_is_not_called_so() -> None:
    first, worse = samples.alert(sequence=1, status="firing", severity="L2"), samples.alert()
    same, milder = samples.alert(sequence=3), samples.alert(sequence=4, severity="L2")
    events = [first, worse, same, milder]
    assert [stories.status_of(events, index) for index in range(4)] == ["firing", "worse", "updated", "updated"]
    assert stories.status_of([worse], 0) == "updated"
    assert [Words("fr").own_word("status", name) for name in ("worse", "updated")] == ["aggravation", "mise à jour"]
    assert [Words("en").own_word("status", name) for name in ("worse", "updated")] == ["worse", "update"]


def test_terms_that_round_to_nought_are_left_out_and_signs_are_the_languages() -> None:
    terms = {"size": 3.2, "authenticity": -0.04, "novelty": -1.26}
    alert = msgspec.structs.replace(samples.alert(), severity_terms=terms)
    shown = [(term.name, Words("fr").signed(term.points)) for term in stories.terms_of(alert)]
    assert shown == [("size", "+3,2"), ("novelty", "−1,3")]
    assert Words("en").signed(3.2) == "+3.2"


def test_one_negative_mention_is_singular_and_mentions_are_named() -> None:
    alert = msgspec.structs.replace(samples.alert(), observed=1.0, expected=0.2, interval=None)
    assert stories.figures_of(alert, Words("fr")).startswith("1 négative en 15 min")
    volume = msgspec.structs.replace(alert, observed=30.0, signal="volume_spike")
    assert stories.figures_of(volume, Words("fr")).startswith("30 mentions en 15 min")


def test_french_says_the_day_of_a_time_with_its_article() -> None:
    words, now = Words("fr"), to_ms(samples.NOW)
    today, before = words.time(samples.NOW, now), words.time(samples.at(-600), now)
    assert re.sub("<[^>]+>", "", words.rich("state.statement", at=today)) == "Message publié à 03:12 UTC."
    assert re.sub("<[^>]+>", "", words.rich("state.statement", at=before)) == "Message publié le 4 mars, 16:48 UTC."
    assert re.sub("<[^>]+>", "", words.rich("list.since", at=before)) == "depuis le 4 mars, 16:48 UTC"
    assert (
        re.sub("<[^>]+>", "", Words("en").rich("list.since", at=Words("en").time(samples.at(-600), now)))
        == "since 4 March, 16:48 UTC"
    )


def test_more_anger_among_no_more_mentions_is_told_by_its_share() -> None:
    alert = msgspec.structs.replace(
        samples.alert(), observed=9.0, expected=13.0, negative_share=0.48, signal="negative_spike"
    )
    told = stories.figures_of(alert, Words("fr"))
    assert told == "9 négatives en 15 min : pas plus que d’habitude, mais 48\u202f% de ce qui se dit est négatif"
    over = msgspec.structs.replace(alert, status="resolved")
    assert "13" in stories.figures_of(over, Words("fr")), "at the end that is what it should be"


def test_what_people_have_typed_is_escaped_beside_a_time() -> None:
    for language in LANGUAGES:
        words = Words(language)
        told = words.rich("state.has", people="<b>&mallory</b>", at=words.time(samples.ONSET, 0))
        assert "&lt;b&gt;&amp;mallory&lt;/b&gt;" in told
        assert told.count("<time ") == 1
