"""A message as channels take it."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.events import Alert, Incident


@dataclass(frozen=True, slots=True)
class Message:
    """One message in one language, in every form that a channel may want, and the facts behind it."""

    subject: str
    """One line."""
    text: str
    html: str
    short: str
    """For SMS and push: at most 300 characters."""
    language: str
    incident: Incident
    alert: Alert | None = None
    """The alert that weighs most."""
    links: dict[str, str] = field(default_factory=dict)
    """Purpose → signed address; empty without a public address."""
