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
    image: bytes = field(default=b"", repr=False)
    """The last hours as a PNG; empty where they are not known."""
    html_with_image: str = field(default="", repr=False)
    """The HTML that shows `image` as `cid:chart`."""
    links: dict[str, str] = field(default_factory=dict)
    """Purpose → signed address; empty without a public address."""
