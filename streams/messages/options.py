"""What a message is written with, beside the decision itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.links import Links
from streams.messages.advice import Responsibility
from streams.messages.chart import History


@dataclass(frozen=True, slots=True)
class Options:
    """Everything has a default, so that a message can always be written."""

    timezone: str = "UTC"
    """Of the reader."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Name in the policy → name as people say it."""
    public_url: str = ""
    """Where people reach the page."""
    links: Links | None = None
    """Signs links that act; None where the page has no public address or no key."""
    history: History | None = None
    """The last hours of the brand."""
    runbook_url: str = ""
    statement: str = ""
    """Holding statement to adapt."""
    approver: str = ""
    valid_until: str = ""
    responsibility: Responsibility | None = None
    """How far the brand is responsible, where an approved statement says so."""
    closing: tuple[str, ...] = ()
    """Approved closing statement; the template of its language where empty."""
    todo: tuple[str, str, str] | None = None
    """What to do in the next 15, 60 and 180 minutes, in place of the general advice for the severity."""
