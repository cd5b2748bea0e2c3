"""What the fold asks the shell to do. None of it is done inside the fold."""

from __future__ import annotations

from msgspec import Struct

from schemas.events import Alert, Incident, Notification, Severity
from streams.policy.model import Language


class ArmTimer(Struct, frozen=True):
    """Append a TimerDue of this incident, step and round once it is `due` (epoch ms). Also in `NotifyState.timers`."""

    incident_id: str
    step: str
    round: int
    due: int


class CancelTimer(Struct, frozen=True):
    """The timer need not be waited for any more (a TimerDue of it would not count)."""

    incident_id: str
    step: str
    round: int


class Publish(Struct, frozen=True):
    """Write the incident, as it now is, to `incidents`."""

    incident: Incident


class MessageContext(Struct):
    """What a message is written from, beside its notification."""

    incident: Incident
    """As it was when this was decided."""
    alert: Alert | None
    """The alert that weighs most."""
    language: Language
    why_you: str = ""
    """Why this person, now: `step 2 of chain night`."""
    unanswered: list[str] = []
    """People paged before who have not answered."""
    unanswered_ms: int = 0
    """How long the first of them has been asked."""
    known_by: list[str] = []
    """People who have been told."""
    next_people: list[str] = []
    next_at: int | None = None
    """Who is paged next without an acknowledgement, and when (epoch ms)."""
    previous_severity: Severity | None = None
    note: str = ""
    """A sentence of the moment: who acknowledged, why it was dismissed."""
    others: list[Incident] = []
    """The other incidents of a digest."""
    say: str = ""
    """What the policy has to say to these stakeholders, in the person's language."""


class Deliver(Struct, frozen=True):
    """Send this, once; its `notification_id` is the idempotency key."""

    notification: Notification
    context: MessageContext


class Record(Struct, frozen=True):
    """Write to `notifications` what was not sent, with its reason."""

    notification: Notification


class Refused(Struct, frozen=True):
    """A command that could not be carried out, and why."""

    command_id: str
    reason: str


Effect = ArmTimer | CancelTimer | Publish | Deliver | Record | Refused
