"""The links of a message: those that act, signed for its reader and its incident, and the one that shows the incident."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from schemas.events import Notification
from schemas.times import HOUR, to_ms
from streams.links import Claim, Purpose
from streams.messages.options import Options

LINKS_LAST: Final = 24 * HOUR
"""Long enough for a page of the night to be answered in the morning, of no use in a mailbox that leaks next week."""


def links(note: Notification, incident_id: str, options: Options, purposes: Iterable[Purpose]) -> dict[str, str]:
    """Return the addresses by what they are for; those that act only where there is a key to sign them with."""
    found: dict[str, str] = {}
    if options.links is not None:
        for purpose in purposes:
            claim = Claim(purpose, incident_id, note.person, expiry(note), note.notification_id)
            found[purpose] = options.links.url(claim)
    if options.public_url and note.purpose != "digest":
        found["show"] = f"{options.public_url.rstrip('/')}/incidents/{incident_id}"
    return found


def expiry(note: Notification) -> int:
    """Return when they end (epoch ms): from the decision's own time, so that a repeated delivery carries the same links."""
    return to_ms(note.at) + LINKS_LAST
