"""A crisis to look at: the records that a worker would have written, made by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas import topics
from schemas.events import (
    Alert,
    AlertStatus,
    Authenticity,
    Baseline,
    Blind,
    Driver,
    Incident,
    IncidentState,
    Interval,
    Notification,
    Outcome,
    Severity,
    TimelineEntry,
    Vote,
    Window,
    encode,
)
from schemas.ids import alert_id, fingerprint, incident_id, notification_id
from schemas.times import to_ms
from streams.engine.records import Write

BRAND = "Maison Vaudrelle"
NOW = datetime(2026, 3, 5, 3, 12, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=24)
NASTY = '<script>alert("x")</script>'


def at(minutes: float) -> datetime:
    """Minutes after the onset."""
    return ONSET + timedelta(minutes=minutes)


def alert(
    brand: str = BRAND, *, sequence: int = 2, status: AlertStatus = "updated", severity: Severity = "L3"
) -> Alert:
    mark = fingerprint(brand, "negative_spike")
    return Alert(
        alert_id=alert_id(mark, to_ms(ONSET)), fingerprint=mark, sequence=sequence, status=status, signal="negative_spike",
        severity=severity, brand=brand, starts_at=ONSET, detected_at=at(4 if sequence == 1 else 9),
        ends_at=at(80) if status == "resolved" else None, platforms=["x", "bluesky"], window_seconds=900,
        observed=151.4, expected=2.1, interval=Interval(0.0, 7.0), score=41.0, sample_size=212,
        baseline=Baseline(3 * 86_400, 4320, True),
        votes=[Vote("mass 15 min", 41.0, True, "151 where up to 7 would not surprise"),
               Vote("share", 3.2, True), Vote("count 60 min", 0.4, False)],
        severity_terms={"size": 5.1, "breadth": 1.2, "negativity": 2.0, "reach": 0.4, "authenticity": -0.3},
        authenticity=Authenticity(0.11, 173, 0.02, 0.07),
        drivers=[Driver("term", "verre", 96, 22.0), Driver("hashtag", "#Vaudrelle", 60, 9.0), Driver("term", NASTY, 9, 3.0),
                 Driver("author_kind", "media", 4, 2.5)],
        evidence=["x:1899000000000000001", "bluesky:at://did:plc:abc123/app.bsky.feed.post/3kxyz", "mastodon:javascript:alert(1)"],
        negative_share=0.71, reach=1_250_000, doubling_seconds=340.0, trigger="safety", trigger_confidence=0.8,
        blind=Blind(at(-200), at(4)) if sequence == 1 else None,
        reason=f"151 negative mentions of {brand} from 173 people in 15 minutes, where 2.1 are usual.",
        runbook_url="https://runbooks.example.org/negative_spike", model_version="w1", config_version="abc",
    )  # fmt: skip


def incident(
    brand: str = BRAND, state: IncidentState = "open", version: int = 3, severity: Severity = "L3", **more: Any
) -> Incident:
    first = alert(brand, severity=severity, status="resolved" if state in {"resolved", "closed"} else "updated")
    timeline = [
        TimelineEntry(at(4), "opened", "negative_spike", first.reason),
        TimelineEntry(at(4), "paged", "camille", "night[0], next after 5 min"),
        TimelineEntry(at(9), "worse: L2 → L3", "negative_spike", first.reason),
        TimelineEntry(at(9), "paged", "noor", "night[1], next after 20 min"),
    ]
    values: dict[str, Any] = {
        "incident_id": incident_id(brand, first.alert_id), "brand": brand, "state": state, "severity": severity, "version": version,
        "opened_at": at(4), "updated_at": at(9), "alerts": [first], "level": 2, "chain": "night", "paged": ["camille", "noor"],
        "timeline": timeline, "trigger": "safety",
    } | more  # fmt: skip
    return Incident(**values)


def notification(
    person: str, outcome: Outcome, minutes: float, reason: str = "", step: str = "night[0]", channel: str = "sms"
) -> Notification:
    case = incident()
    return Notification(
        notification_id=notification_id(case.incident_id, step, 0, person, channel), incident_id=case.incident_id, brand=BRAND,
        severity="L3", step=step, round=0, person=person, channel=channel, outcome=outcome, at=at(minutes), reason=reason,
    )  # fmt: skip


def windows(brand: str = BRAND, before: int = 26 * 60, crisis: bool = True) -> list[Window]:
    found = []
    for minute in range(-before, 24):
        start = at(minute)
        calm = 1.2 + math.sin(start.hour / 24 * 2 * math.pi) + (minute * 7919 % 5) / 3
        grown = 1.5 * math.exp(max(0, minute) / 6.5) if crisis and minute >= 0 else 0.0
        count = int(calm + grown)
        if count:
            found.append(
                Window(
                    brand, start, count=count, negative=int(count * (0.74 if minute >= 0 and crisis else 0.15) * 10_000)
                )
            )
    return found


def write(topic: topics.Topic, key: str, event: object, partition: int = 0) -> Write:
    return Write(topic.name, key.encode(), encode(event), partition)


def story() -> list[Write]:
    """Everything that the page shows, in the order in which it came about."""
    case = incident()
    past = incident(
        "Nimbrook", "closed", severity="L1", resolved_at=at(-500), opened_at=at(-600), updated_at=at(-480), paged=[]
    )
    exercise = incident(
        "Kestrel Air", "acknowledged", severity="L2", kind="exercise", acknowledged_by=["sam"], acknowledged_at=at(11)
    )
    writes = [write(topics.WINDOWS, w.brand, w) for w in windows()]
    writes += [write(topics.WINDOWS, w.brand, w) for w in windows("Nimbrook", 600, crisis=False)]
    writes += [write(topics.ALERTS, alert().fingerprint, alert(sequence=1, status="firing", severity="L2"))]
    writes += [Write(topics.ALERTS.name, b"#tick|0|1", b'{"type":"tick","partition":0,"at":1}', 0)]
    writes += [write(topics.ALERTS, alert().fingerprint, alert())]
    for note in (
        notification("camille", "pending", 4), notification("camille", "sent", 4.1),
        notification("noor", "failed", 9.2, "the gateway does not answer (time-out)", "night[1]"),
        notification("noor", "sent", 9.6, "", "night[1]", "mail"),
        notification("lea", "held_back", 9.1, "quiet hours until 07:00", "night[1]", ""),
    ):  # fmt: skip
        writes.append(write(topics.NOTIFICATIONS, note.incident_id, note))
    writes += [write(topics.INCIDENTS, one.incident_id, one) for one in (past, exercise, case)]
    return writes
