"""What the dispatcher hands to a channel, and what a channel may answer.

    SendError
    ├── Transient   time-out, refused, 429, 5xx: worth another try
    └── Permanent   bad address, 4xx: not worth one

The text of a SendError goes into records that others read. It is written by us from codes and counts, never copied
from a foreign exception, since those like to quote addresses with their passwords.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from schemas.events import Notification
from streams.messages.model import Message

MAX_RECEIPT = 200
"""Characters of a receipt that are kept."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where one person is reached over one channel."""

    person: str
    language: str
    channel: str
    """Name of the queue, of the breaker and in records; two contacts of one name share them."""
    type: str
    """Which adapter: smtp, webhook, apprise, pagerduty, alertmanager, console."""
    url: str = field(default="", repr=False)
    """Address with its secrets filled in: not in repr, so that no log line shows it."""
    options: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one target."""

    notification: Notification
    message: Message
    target: Target

    @property
    def key(self) -> str:
        """Idempotency key: the same whenever this delivery is repeated."""
        return self.notification.notification_id


class SendError(Exception):
    """The message was not handed over. `reason` is safe to show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Transient(SendError):  # noqa: N818 - the words of the field
    """Worth another try; not before `retry_after` seconds where the other side said so."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Permanent(SendError):  # noqa: N818
    """The same would be answered again."""


class Channel(Protocol):
    """A way to hand messages over. It may be used by several deliveries at once."""

    async def send(self, delivery: Delivery) -> str:
        """Hand the message over and return the receipt; raises Transient or Permanent."""
        ...

    async def close(self) -> None:
        """Free what is held open."""
        ...


def receipt(text: object) -> str:
    """Return `text` as a receipt: one line of printable characters, at most 200."""
    line = "".join(char if char.isprintable() else " " for char in str(text))
    return " ".join(line.split())[:MAX_RECEIPT]
