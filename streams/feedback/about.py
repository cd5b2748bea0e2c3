"""What a person says an incident is about: one note for the incident itself, one label for alerts like its own.

The note goes to `commands`, and the notifier writes it into the story; the label goes to `feedback`, where every worker
learns from it. A writer that dies between the two loses neither the right to say it again nor anything else: one person
has one say on an incident, the latest.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from detectors.text.feedback import WITHDRAWN_LABEL
from detectors.text.trigger_learning import MOST
from schemas import topics
from schemas.events import About, Alert, Command, Feedback, Incident, encode
from streams.engine.records import Write

TELLING: Final = ("term", "hashtag")
"""Kinds of drivers that say what something is about."""


def terms_of(alerts: Iterable[Alert]) -> dict[str, float]:
    """Return the terms and hashtags that drive `alerts`, each with its largest count."""
    found: dict[str, float] = {}
    for driver in (driver for alert in alerts for driver in alert.drivers):
        if driver.kind in TELLING and driver.count > 0:
            found[driver.value] = max(found.get(driver.value, 0.0), float(driver.count))
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MOST])


def label(incident: Incident, trigger: About, author: str, at: datetime) -> Write | None:
    """Return the label for `feedback`; None where there is nothing to learn: an exercise, or alerts without drivers.

    `withdrawn` as `trigger` takes the author's earlier one back.
    """
    terms = {} if trigger == WITHDRAWN_LABEL else terms_of(incident.alerts)
    if incident.kind != "actual" or not (terms or trigger == WITHDRAWN_LABEL):
        return None
    event = Feedback(
        str(uuid.uuid4()), incident.incident_id, "trigger", trigger, author, at, incident.brand, terms=terms
    )
    return Write(topics.FEEDBACK.name, incident.incident_id.encode(), encode(event), 0)


def note(
    incident: Incident, trigger: About, author: str, at: datetime, *, text: str | None, command_id: str,
    via: Literal["web", "cli"],
) -> Command:  # fmt: skip
    """Return the command that makes `trigger` what the incident is about; `withdrawn` takes back what the author said."""
    return Command(
        command_id, "note", author, incident.incident_id, incident.brand, text, issued_at=at, via=via, about=trigger
    )
