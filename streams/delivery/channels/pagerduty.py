"""PagerDuty, by its Events API v2: trigger, acknowledge and resolve under the incident's id.

Address: `pagerduty://ROUTING_KEY`, or `https://…/v2/enqueue` with the option `routing_key` (the region of the European
Union has a host of its own). Fields and limits: developer.pagerduty.com, "Send an alert event", 2024.
"""

from __future__ import annotations

import json
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from schemas.events import Incident, Severity
from streams.delivery.channels.http import Http
from streams.delivery.channels.webhook import seconds_of
from streams.delivery.model import Delivery, Permanent, Target, receipt

ENQUEUE: Final = "https://events.pagerduty.com/v2/enqueue"
LONGEST_SUMMARY: Final = 1_024
"""Characters; PagerDuty refuses more."""

EventAction = Literal["trigger", "acknowledge", "resolve"]
_SEVERITY: Final[dict[Severity, str]] = {"L1": "info", "L2": "warning", "L3": "error", "L4": "critical"}
_IN_CHARGE: Final = frozenset({"acknowledged", "responding", "stable"})


class PagerDutyChannel:
    """One PagerDuty alert per incident: its `dedup_key` is the incident's id, so a repeat does nothing.

    Args:
        public_url: Where the page is, for the link back.
    """

    def __init__(self, public_url: str = "") -> None:
        self._http = Http()
        self._public_url = public_url

    async def send(self, delivery: Delivery) -> str:
        """Enqueue the event; raises Transient or Permanent."""
        url, key = _address(delivery.target)
        body = msgspec.json.encode(event(delivery, key, self._public_url))
        answer = await self._http.post(
            url, body, {"Content-Type": "application/json"}, seconds_of(delivery.target.options)
        )
        try:
            told = json.loads(answer.body)
        except (ValueError, RecursionError):
            told = {}
        return receipt(
            f"{told.get('status', answer.status)}, dedup_key {told.get('dedup_key', '')}"
            if isinstance(told, dict)
            else answer.status
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def event(delivery: Delivery, routing_key: str, public_url: str = "") -> dict[str, Any]:
    """Return the event as PagerDuty takes it."""
    message, incident = delivery.message, delivery.message.incident
    found: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": _action(delivery),
        "dedup_key": incident.incident_id,
        "payload": {
            "summary": message.subject[:LONGEST_SUMMARY],
            "source": incident.brand,
            "severity": _SEVERITY[incident.severity],
            "timestamp": incident.opened_at.isoformat(),
            "component": incident.brand,
            "group": "tocsin",
            "class": message.alert.signal if message.alert else "incident",
            "custom_details": {
                "text": message.text,
                "state": incident.state,
                "kind": incident.kind,
                "tocsin_severity": incident.severity,
                "alert_id": message.alert.alert_id if message.alert else "",
                "notification_id": delivery.key,
            },
        },
        "client": "Tocsin",
    }
    if public_url:
        found["client_url"] = public_url
    if "show" in message.links:
        found["links"] = [{"href": message.links["show"], "text": "Tocsin"}]
    return found


def _action(delivery: Delivery) -> EventAction:
    incident: Incident = delivery.message.incident
    if delivery.notification.purpose == "all_clear" or incident.state in {"resolved", "closed", "dismissed"}:
        return "resolve"
    if delivery.notification.purpose != "page" and incident.state in _IN_CHARGE:
        return "acknowledge"
    return "trigger"


def _address(target: Target) -> tuple[str, str]:
    parts = urlsplit(target.url)
    if parts.scheme == "pagerduty":
        # Not `hostname`: that is in lower case, and keys are not.
        url, key = ENQUEUE, parts.netloc
    else:
        url, key = target.url or ENQUEUE, target.options.get("routing_key", "")
    if not key:
        raise Permanent("a PagerDuty channel needs pagerduty://ROUTING_KEY or the option routing_key")
    return url, key
