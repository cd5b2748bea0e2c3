"""Prometheus Alertmanager, by its API v2: our incidents beside a firm's other alerts, under its own routes.

Address: `http://host:9093` (the path of the API is added), with `http://USER:PASSWORD@…` for basic authentication.

Alertmanager ends an alert by itself when nobody posts it again. So live incidents are posted each minute with an end
five minutes ahead: if Tocsin dies, its alerts end there too. The severity is a label, since routes ask for it, and
labels are an alert's identity: whenever the incident is posted, the alerts of its other severities are posted as over.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from schemas.events import SEVERITIES, Incident, Severity
from streams.delivery.channels.http import Http
from streams.delivery.channels.webhook import seconds_of
from streams.delivery.model import Delivery, Permanent, SendError, Target, receipt

log = logging.getLogger(__name__)

PATH: Final = "/api/v2/alerts"
EVERY: Final = 60.0
"""Seconds between posts of what is live; Prometheus itself posts each minute."""
ENDS_AHEAD: Final = timedelta(minutes=5)
"""Alertmanager's own `resolve_timeout`."""
_OVER: Final = frozenset({"resolved", "closed", "dismissed"})


class AlertmanagerChannel:
    """Posts incidents as alerts, and again while they live.

    Args:
        live: The incidents that are live now; without it they are posted once per delivery only.
        public_url: Where the page is, for the link back.
        now: Wall clock; Alertmanager compares with its own.
        every: Seconds between posts.
    """

    def __init__(
        self,
        live: Callable[[], Iterable[Incident]] | None = None,
        public_url: str = "",
        *,
        now: Callable[[], datetime] | None = None,
        every: float = EVERY,
    ) -> None:
        self._http = Http()
        self._live = live
        self._public_url = public_url
        self._now = now or _utc_now
        self._every = every
        self._targets: dict[str, tuple[Target, dict[str, str]]] = {}
        """Where each incident was posted, with its words: address → target, incident → summary."""
        self._task: asyncio.Task[None] | None = None

    async def send(self, delivery: Delivery) -> str:
        """Post the incident; raises Transient or Permanent."""
        incident, target = delivery.message.incident, delivery.target
        words = self._targets.setdefault(target.url, (target, {}))[1]
        words[incident.incident_id] = delivery.message.subject
        await self._post(target, [incident], words)
        if incident.state in _OVER:
            words.pop(incident.incident_id, None)
        if self._live is not None and self._task is None:
            self._task = asyncio.create_task(self._again(), name="alertmanager-again")
        return receipt("posted, " + ("over" if incident.state in _OVER else "firing"))

    async def watch(self, target: Target) -> None:
        """Post what is live to `target` from now on: after a restart, before there is anything to send."""
        self._targets.setdefault(target.url, (target, {}))
        if self._live is not None and self._task is None:
            self._task = asyncio.create_task(self._again(), name="alertmanager-again")

    async def close(self) -> None:
        """Stop posting."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._http.close()

    async def _again(self) -> None:
        while True:
            incidents = list(self._live()) if self._live else []
            for target, words in list(self._targets.values()):
                if not incidents:
                    continue
                try:
                    await self._post(target, incidents, words)
                except SendError as error:
                    log.warning("alertmanager: live incidents not posted again: %s", error.reason)
            await asyncio.sleep(self._every)

    async def _post(self, target: Target, incidents: Iterable[Incident], words: dict[str, str]) -> None:
        url, headers = _address(target)
        now = self._now()
        body = [
            one
            for incident in incidents
            for one in alerts_of(incident, words.get(incident.incident_id, ""), now, self._public_url)
        ]
        await self._http.post(url, msgspec.json.encode(body), headers, seconds_of(target.options))


def alerts_of(incident: Incident, summary: str, now: datetime, public_url: str = "") -> list[dict[str, Any]]:
    """Return the alerts to post at `now`: the incident's own, and those of its other severities as over."""
    over = incident.state in _OVER
    return [
        _alert(
            incident, severity, summary, now if over or severity != incident.severity else now + ENDS_AHEAD, public_url
        )
        for severity in SEVERITIES
    ]


def _alert(incident: Incident, severity: Severity, summary: str, ends: datetime, public_url: str) -> dict[str, Any]:
    worst = max(incident.alerts, key=lambda alert: (alert.severity, alert.alert_id), default=None)
    # An alert that ends before it begins is refused: in replay our times may be ahead of the wall clock.
    starts = min(incident.opened_at, ends)
    found: dict[str, Any] = {
        "labels": {
            "alertname": "TocsinIncident",
            "brand": incident.brand,
            "severity": severity,
            "incident_id": incident.incident_id,
            "kind": incident.kind,
        },
        "annotations": {
            "summary": summary
            or f"{'' if incident.kind == 'actual' else incident.kind.upper() + ' '}{incident.severity} {incident.brand}",
            "description": worst.reason if worst else "",
            "state": incident.state,
            "runbook_url": (worst.runbook_url or "") if worst else "",
        },
        "startsAt": starts.isoformat(),
        "endsAt": ends.isoformat(),
    }
    if public_url:
        found["generatorURL"] = public_url
    return found


def _address(target: Target) -> tuple[str, dict[str, str]]:
    try:
        parts = urlsplit(target.url)
        port = parts.port
    except ValueError:
        raise Permanent("not a valid http(s) address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Permanent("an Alertmanager channel needs an address http(s)://host:9093")
    headers = {"Content-Type": "application/json"}
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.rstrip("/")
    if not path.endswith(PATH):
        path += PATH
    return urlunsplit((parts.scheme, f"{host}:{port}" if port else host, path, "", "")), headers


def _utc_now() -> datetime:
    return datetime.now(UTC)
