"""The report shows the crisis, not the calm after it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from schemas.events import Alert, Driver, Incident, Notification, encode
from streams.commands.incident import marked, story
from streams.incident_report import markdown
from tests.streams.incidents.language import Story
from tests.streams.incidents.policies import policy

NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)


def event(sequence: int, status: str, severity: str, observed: float) -> Alert:
    return Alert(
        "a", "f", sequence, status, "negative_spike", severity, "acme", NOW, NOW,  # type: ignore[arg-type]
        observed=observed, expected=2.5, severity_terms={"size": 3.0} if observed > 2 else {}, reason=f"{observed:.0f} seen",
    )  # fmt: skip


def test_of_each_alert_the_severest_event_is_shown():
    last = event(4, "resolved", "L4", 1)
    incident = Incident("i", "acme", "closed", "L4", 9, NOW, NOW, alerts=[last])
    events = [event(1, "firing", "L3", 40), event(2, "updated", "L4", 441), event(3, "updated", "L4", 0), last]
    notice = Notification("n", "i", "acme", "L4", "s", 0, "alice", "mail", "sent", NOW)
    page = markdown(incident, [encode(notice), b"none of this version"], events)
    assert "| 441 | 2.5 |" in page and "441 seen" in page
    assert "alice" in page
    assert "| 1 | 2.5 |" not in page
    assert "| 1 | 2.5 |" in markdown(incident, [])


def test_an_exercise_is_marked_in_lists_and_stories():
    incident = Incident("i", "acme", "open", "L4", 9, NOW, NOW, kind="exercise")
    assert marked(incident) == "acme (EXERCISE)" and "acme (EXERCISE)" in story(incident)
    assert marked(msgspec.structs.replace(incident, kind="actual")) == "acme"


def test_what_drove_an_alert_is_still_known_when_it_is_over():
    drivers = [Driver("term", "krogat", 40, 9.0)]
    with Story(policy(), until=10) as told:
        told.at(1).alert("acme", "L3", drivers=drivers)
        told.at(5).resolved("acme")
    (alert,) = told.incident().alerts
    assert (alert.status, alert.drivers) == ("resolved", drivers)
