"""A JSON webhook: POST, signed, with an idempotency key.

Options: `secret` (signs the body; two separated by a space while it is being changed: the first signs), `timeout`
(seconds), `header.NAME` (sent as it is: a bearer token, say).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from schemas.events import Incident
from streams.delivery.channels.http import Answer, Http
from streams.delivery.channels.signature import HEADER, sign
from streams.delivery.model import Delivery, Permanent, receipt

VERSION: Final = 1


class WebhookChannel:
    """Sends the facts and the words; any 2xx is a receipt.

    Args:
        seconds: Wall clock, seconds since the epoch: receivers compare the signature's time with their own.
    """

    def __init__(self, seconds: Callable[[], float] = time.time) -> None:
        self._http = Http()
        self._seconds = seconds

    async def send(self, delivery: Delivery) -> str:
        """POST the message; raises Transient or Permanent."""
        target, options = delivery.target, delivery.target.options
        body = payload(delivery)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "tocsin",
            "Idempotency-Key": delivery.key,
        }
        for name, value in options.items():
            if name.startswith("header."):
                headers[name.removeprefix("header.")] = value
        secrets = options.get("secret", "").split()
        if secrets:
            headers[HEADER] = sign(secrets[0].encode(), body, int(self._seconds()))
        answer = await self._http.post(target.url, body, headers, seconds_of(options))
        return receipt(f"HTTP {answer.status}{_named(answer)}")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def payload(delivery: Delivery) -> bytes:
    """Return the body: the same bytes whenever this delivery is repeated."""
    message = delivery.message
    return msgspec.json.encode(
        {
            "schema": VERSION,
            "notification": delivery.notification,
            "incident": brief(message.incident),
            "alert": message.alert,
            "message": {
                "language": message.language,
                "subject": message.subject,
                "text": message.text,
                "short": message.short,
                "links": message.links,
            },
        },
        order="deterministic",
    )


def brief(incident: Incident) -> dict[str, Any]:
    """Return the incident without its alerts and its story: those are on the topics, and grow without bound."""
    plain: dict[str, Any] = msgspec.to_builtins(incident)
    return {name: value for name, value in plain.items() if name not in {"alerts", "timeline"}}


def seconds_of(options: dict[str, str]) -> float | None:
    """Return the option `timeout`; None where it is not given. Raises Permanent where it is not a number of seconds."""
    text = options.get("timeout")
    if text is None:
        return None
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= 60.0:
        raise Permanent("option timeout is not a number of seconds up to 60")
    return seconds


def _named(answer: Answer) -> str:
    """Return the receiver's own id of what it took, where it gives one."""
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    found = told.get("id") if isinstance(told, dict) else None
    return f", id {found}" if isinstance(found, str | int) and not isinstance(found, bool) else ""
