"""The adapters, by type."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from schemas.events import Incident
from streams.delivery.channels.alertmanager import AlertmanagerChannel
from streams.delivery.channels.apprise_channel import AppriseChannel
from streams.delivery.channels.console import ConsoleChannel
from streams.delivery.channels.pagerduty import PagerDutyChannel
from streams.delivery.channels.smtp import RELAY, SmtpChannel
from streams.delivery.channels.webhook import WebhookChannel
from streams.delivery.model import Channel

__all__ = [
    "AlertmanagerChannel",
    "AppriseChannel",
    "ConsoleChannel",
    "PagerDutyChannel",
    "SmtpChannel",
    "WebhookChannel",
    "channels",
]


def channels(live: Callable[[], Iterable[Incident]] | None = None, public_url: str = "") -> dict[str, Channel]:
    """Return one adapter of each type, for a `Dispatcher`.

    Args:
        live: The incidents that are live now: Alertmanager has to be told again and again.
        public_url: Where the page is, for adapters that link to it.
    """
    return {
        "smtp": SmtpChannel(os.environ.get(RELAY, "")),
        "webhook": WebhookChannel(),
        "apprise": AppriseChannel(),
        "pagerduty": PagerDutyChannel(public_url),
        "alertmanager": AlertmanagerChannel(live, public_url),
        "console": ConsoleChannel(),
    }
