"""Does a channel answer? One message, marked as a test, and what came of it: for `tocsin policy check --channels`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.events import Incident, Notification
from schemas.ids import notification_id
from schemas.times import from_ms
from streams.delivery.model import Channel, Delivery, SendError, Target
from streams.delivery.redact import redact
from streams.incidents.effects import MessageContext
from streams.messages import Options, render


@dataclass(frozen=True, slots=True)
class Probe:
    """How a test of one channel ended."""

    target: Target
    answered: bool
    words: str
    """The receipt, or the reason."""


async def probe(channels: Mapping[str, Channel], target: Target, now: int, options: Options | None = None) -> Probe:
    """Send a test to `target`, once, and tell how it ended; never raises for what the channel does.

    Args:
        channels: Adapter by type; the caller closes them.
        target: Whom and where.
        now: Epoch milliseconds.
        options: Of the message.
    """
    channel = channels.get(target.type)
    if channel is None:
        return Probe(target, answered=False, words=f'no channel of type "{target.type}"')
    try:
        return Probe(target, answered=True, words=redact(await channel.send(_test(target, now, options)), target))
    except SendError as error:
        return Probe(target, answered=False, words=error.reason)
    except Exception as error:  # noqa: BLE001 - its text may quote the address
        return Probe(target, answered=False, words=f"channel broke: {type(error).__name__}")


async def probe_all(channels: Mapping[str, Channel], targets: list[Target], now: int) -> list[Probe]:
    """Test `targets` side by side, and close the channels."""
    try:
        return list(await asyncio.gather(*(probe(channels, target, now) for target in targets)))
    finally:
        await asyncio.gather(*(channel.close() for channel in channels.values()), return_exceptions=True)


def _test(target: Target, now: int, options: Options | None) -> Delivery:
    at = from_ms(now)
    # Resolved, so that nothing is asked and PagerDuty and Alertmanager are left with nothing open.
    incident = Incident("test", "Tocsin", "resolved", "L1", 1, at, at, kind="test", resolved_at=at)
    notification = Notification(
        notification_id=notification_id(f"test {now}", "test", 0, target.person, target.channel),
        incident_id=incident.incident_id,
        brand=incident.brand,
        severity=incident.severity,
        step="test",
        round=0,
        person=target.person,
        channel=target.channel,
        outcome="pending",
        at=at,
        purpose="update",
        kind="test",
    )
    context = MessageContext(incident, None, "fr" if target.language == "fr" else "en")
    return Delivery(notification, render(notification, context, options), target)
