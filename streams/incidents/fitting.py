"""An incident in one record of `incidents`, which the topic takes up to a megabyte.

Hundreds of long notes, or alerts from elsewhere, would not fit. Better told in fewer words than not at all: what explains
its alerts goes first, then the middle of its story. The notifier's own state keeps all of it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.events import Incident, encode
from streams.incidents.state import shortened
from streams.incidents.turn import heaviest

LARGEST: Final = 900_000
"""Bytes; the rest is for key, headers and what the batch itself takes."""
BRIEF: Final = 200
"""Characters of a line of the story, of an alert's reason and of a name."""


def as_record(incident: Incident) -> bytes:
    """Return `incident` encoded, in at most LARGEST bytes."""
    value = encode(incident)
    if len(value) <= LARGEST:
        return value
    heavy = heaviest(incident)
    alerts = [
        alert if alert is heavy else msgspec.structs.replace(alert, votes=[], drivers=[], evidence=[], reason="")
        for alert in incident.alerts
    ]
    value = encode(shorter := msgspec.structs.replace(incident, alerts=alerts))
    if len(value) <= LARGEST:
        return value
    story = [msgspec.structs.replace(line, detail=shortened(line.detail, BRIEF)) for line in incident.timeline]
    value = encode(shorter := msgspec.structs.replace(shorter, timeline=story))
    if len(value) <= LARGEST:
        return value
    return encode(
        msgspec.structs.replace(
            shorter,
            alerts=[heavy] if heavy is not None and len(encode(heavy)) < LARGEST // 3 else [],
            timeline=[*story[:20], *story[-60:]],
            acknowledged_by=incident.acknowledged_by[-20:],
        )
    )
