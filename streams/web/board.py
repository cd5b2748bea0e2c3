"""What the page knows: incidents, alerts, notifications and minutes, folded from their topics. Pure and bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from schemas import topics
from schemas.bounds import bounded
from schemas.events import Alert, Incident, Notification, Window
from schemas.times import to_ms
from streams.web.history import History

LIVE: Final = frozenset({"open", "acknowledged", "responding", "stable"})
"""States of an incident that is not over."""
ENDED_INCIDENTS: Final = 500
ALERTS: Final = 500
EVENTS_OF_ALERT: Final = 40
NOTIFICATIONS_OF_INCIDENT: Final = 300
"""What is kept of each; the oldest goes first. Live incidents are all kept."""

_INCIDENT: Final = msgspec.json.Decoder(Incident)
_ALERT: Final = msgspec.json.Decoder(Alert)
_NOTIFICATION: Final = msgspec.json.Decoder(Notification)
_WINDOW: Final = msgspec.json.Decoder(Window)


class Board:
    """The state behind the page. `version` grows with every change that somebody could see."""

    def __init__(self, history: History | None = None) -> None:
        self.version = 0
        self.history = history or History()
        self.clock = 0
        """The newest time that any record told (epoch ms): the present, where time comes from the data."""
        self._incidents: dict[str, Incident] = {}
        self._live_brands: set[str] = set()
        self._alerts: OrderedDict[str, list[Alert]] = OrderedDict()
        self._notifications: OrderedDict[str, OrderedDict[str, Notification]] = OrderedDict()

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Fold in one record of `topic` (without prefix).

        Raises msgspec.DecodeError, ValidationError or ValueError for one that is not what the topic holds.
        """
        if value is None:
            if topic == topics.INCIDENTS.name and key is not None:
                self._incidents.pop(key.decode(errors="replace"), None)
                self._count_live()
                self.version += 1
            return
        if key is not None and key.startswith(b"#tick"):
            return
        if topic == topics.WINDOWS.name:
            self._window(bounded(_WINDOW.decode(value)))
        elif topic == topics.INCIDENTS.name:
            self._incident(bounded(_INCIDENT.decode(value)))
        elif topic == topics.ALERTS.name:
            self._alert(bounded(_ALERT.decode(value)))
        elif topic == topics.NOTIFICATIONS.name:
            self._notification(bounded(_NOTIFICATION.decode(value)))
        self.version += 1

    # -- what pages ask

    def incident(self, incident_id: str) -> Incident | None:
        """Return an incident by its id."""
        return self._incidents.get(incident_id)

    def live(self) -> list[Incident]:
        """Return the live incidents: the worst first, of these those that nobody has, of these the newest."""
        found = [incident for incident in self._incidents.values() if incident.state in LIVE]
        found.sort(key=lambda one: one.opened_at, reverse=True)
        return sorted(found, key=lambda one: (-int(one.severity[1:]), one.state != "open"))

    def ended(self) -> list[Incident]:
        """Return the incidents that are over, the latest first."""
        found = [incident for incident in self._incidents.values() if incident.state not in LIVE]
        return sorted(found, key=lambda one: one.updated_at, reverse=True)

    def live_of(self, brand: str) -> Incident | None:
        """Return the worst live incident of `brand`."""
        return next((incident for incident in self.live() if incident.brand == brand), None)

    def alerts(self, brand: str | None = None) -> list[Alert]:
        """Return the last event of each alert, the latest first."""
        latest = (events[-1] for events in reversed(self._alerts.values()))
        return [alert for alert in latest if brand is None or alert.brand == brand]

    def events(self, alert_id: str) -> list[Alert]:
        """Return what happened to one alert, in order."""
        return list(self._alerts.get(alert_id, ()))

    def notifications(self, incident_id: str) -> list[Notification]:
        """Return the last word on each attempt to reach somebody about an incident, in order of the first."""
        return list(self._notifications.get(incident_id, {}).values())

    def counts(self) -> dict[str, int]:
        """Return how much of each is held."""
        return {
            "incidents": len(self._incidents),
            "alerts": len(self._alerts),
            "notifications": sum(map(len, self._notifications.values())),
            "brands": len(self.history),
        }

    # -- folding

    def _incident(self, incident: Incident) -> None:
        known = self._incidents.get(incident.incident_id)
        if known is not None and incident.version < known.version:
            return  # written by a notifier that was no longer the leader
        self._incidents[incident.incident_id] = incident
        self.clock = max(self.clock, to_ms(incident.updated_at))
        if len(self._incidents) > ENDED_INCIDENTS + 50:
            for old in self.ended()[ENDED_INCIDENTS:]:
                del self._incidents[old.incident_id]
        self._count_live()

    def _count_live(self) -> None:
        self._live_brands = {one.brand for one in self._incidents.values() if one.state in LIVE}

    def _alert(self, alert: Alert) -> None:
        events = self._alerts.setdefault(alert.alert_id, [])
        if any(known.sequence == alert.sequence for known in events):
            return  # a repeat after a restart
        events.append(alert)
        events.sort(key=lambda one: one.sequence)
        del events[1:-EVENTS_OF_ALERT]
        self._alerts.move_to_end(alert.alert_id)
        self.clock = max(self.clock, to_ms(alert.detected_at))
        _bound(self._alerts, ALERTS, ())

    def _notification(self, notification: Notification) -> None:
        mine = self._notifications.setdefault(notification.incident_id, OrderedDict())
        mine[notification.notification_id] = notification
        self._notifications.move_to_end(notification.incident_id)
        _bound(mine, NOTIFICATIONS_OF_INCIDENT, ())
        keep = [incident.incident_id for incident in self._incidents.values() if incident.state in LIVE]
        _bound(self._notifications, ENDED_INCIDENTS + len(keep), keep)

    def _window(self, window: Window) -> None:
        self.history.put(window, live=window.brand in self._live_brands)
        self.clock = max(self.clock, self.history.newest)


def _bound(held: OrderedDict[str, Any], most: int, keep: Iterable[str]) -> None:
    """Forget the oldest entries but those named."""
    spared = set(keep)
    while len(held) > most:
        oldest = next((name for name in held if name not in spared), None)
        if oldest is None:
            return
        del held[oldest]
