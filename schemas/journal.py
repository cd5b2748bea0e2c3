"""What stands in the notifier's journal: what it took, and what it decided. Tocsin's own; it may change with any version."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from schemas.events import Alert, AlertTick, Command, Notification


class Leader(Struct, tag="leader"):
    """From here on only the records of `leader` count. Its form is for ever: a version that could not read it would go on following
    the leader of before.
    """

    leader: str


class Took(Struct, tag="took"):
    """The notifier took this record of an input topic; `alert` or `command`, never both."""

    leader: str
    topic: str
    offset: int
    alert: Alert | None = None
    command: Command | None = None
    tick: AlertTick | None = None
    reason: str | None = None
    """Why the record is neither (it went to the dead letters)."""


class TimerDue(Struct, tag="timer"):
    """A timer of incident, step and round has run out."""

    leader: str
    incident_id: str
    step: str
    round: int
    due: int


class Delivered(Struct, tag="delivered"):
    """How one delivery ended."""

    leader: str
    notification: Notification
    recorded: int | None = None
    """Offset on `notifications` of the record that says so."""


class PolicyRead(Struct, tag="policy"):
    """From here on decisions follow this policy: its plain data, without any address."""

    leader: str
    digest: str
    policy: dict[str, Any]


JournalEntry = Leader | Took | TimerDue | Delivered | PolicyRead
