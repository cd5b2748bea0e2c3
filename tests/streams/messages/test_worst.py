"""What an alert was at its worst: its severest level, and the largest figure that it had there."""

from __future__ import annotations

import random
from typing import Any

from schemas.events import Alert, Vote
from schemas.times import from_ms
from streams.messages.worst import at_its_worst


def event(sequence: int, status: Any, severity: Any, observed: float, **more: Any) -> Alert:
    at = from_ms(1_790_000_000_000 + sequence * 60_000)
    more = {"signal": "negative_spike"} | more
    return Alert(
        "a",
        "f",
        sequence,
        status,
        severity=severity,
        brand="Acme",
        starts_at=at,
        detected_at=at,
        observed=observed,
        **more,
    )


GROUNDS = {
    "severity_terms": {"magnitude": 3.2},
    "votes": [Vote("negative_spike 5 min", 4.0, True)],
    "evidence": ["x:1"],
}
RANG = event(0, "firing", "L3", 20.0, severity_terms={"magnitude": 2.0}, trigger="safety", trigger_confidence=0.5)
ROSE = event(1, "updated", "L4", 104.0, **GROUNDS, trigger="safety", trigger_confidence=0.8)
ASKED = event(2, "updated", "L4", 441.0, questions=9, trigger="service", trigger_confidence=0.5)
WANED = event(3, "updated", "L4", 200.0, replies=2)
OVER = event(4, "resolved", "L4", 3.0)


def test_it_has_the_largest_figure_of_its_highest_severity_and_what_that_rests_on():
    events = [RANG, ROSE, ASKED, WANED, OVER]
    for _ in range(10):
        random.shuffle(events)
        worst = at_its_worst(events)
        assert (worst.severity, worst.observed, worst.sequence, worst.questions) == ("L4", 441.0, 2, 9)
        assert (worst.severity_terms, worst.votes, worst.evidence) == tuple(GROUNDS.values())
        assert (worst.trigger, worst.trigger_confidence) == ("safety", 0.8)


def test_figures_of_a_lower_severity_do_not_count_and_nothing_is_made_up():
    noisy = event(5, "updated", "L2", 9_000.0)
    assert at_its_worst([RANG, noisy, ROSE, OVER]) == ROSE
    assert at_its_worst([OVER]) == OVER
    held = event(0, "suppressed", "L4", 900.0)
    assert at_its_worst([held, OVER]) == held


def test_of_a_silence_the_last_word_stands_for_less_is_worse():
    quiet = event(1, "updated", "L2", 0.0, signal="silence")
    assert at_its_worst([event(0, "firing", "L2", 4.0, signal="silence"), quiet]) == quiet
