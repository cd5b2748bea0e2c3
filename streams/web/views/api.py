"""The pages' JSON twins, for programs: the same board, the events' own fields."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from aiohttp import web

from schemas.times import DAY, HOUR, MINUTE, iso
from streams.web import learning
from streams.web.board import LIVE
from streams.web.site import Site

LONGEST: Final = 500
"""Entries that an answer holds at most."""
_ENCODE: Final = msgspec.json.Encoder().encode


class Api:
    """Handlers under /api."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses served."""
        return [
            web.get("/api/incidents", self.incidents),
            web.get("/api/incidents/{id}", self.incident),
            web.get("/api/alerts", self.alerts),
            web.get("/api/brands", self.brands),
            web.get("/api/model", self.model),
        ]

    async def incidents(self, request: web.Request) -> web.Response:
        """Return the incidents, live ones first; `?live=1` leaves the others out, `?brand=` keeps one brand's."""
        board = self._site.board
        found = board.live() + ([] if request.query.get("live") else board.ended())
        brand = request.query.get("brand")
        return self._answer([one for one in found if brand in {None, one.brand}][:LONGEST])

    async def incident(self, request: web.Request) -> web.Response:
        """Return one incident, with its notifications and the course of each of its alerts."""
        board = self._site.board
        incident = board.incident(request.match_info["id"])
        if incident is None:
            return self._answer({"error": "no such incident"}, 404)
        return self._answer(
            {
                "incident": incident,
                "live": incident.state in LIVE,
                "notifications": board.notifications(incident.incident_id),
                "events": {alert.alert_id: board.events(alert.alert_id) for alert in incident.alerts},
            }
        )

    async def alerts(self, request: web.Request) -> web.Response:
        """Return the last event of each alert, the latest first; `?brand=` keeps one brand's."""
        return self._answer(self._site.board.alerts(request.query.get("brand"))[:LONGEST])

    async def brands(self, request: web.Request) -> web.Response:
        """Return each brand's mentions by minute of the last hour and by quarter of an hour of the last day."""
        board = self._site.board
        history = board.history
        end = history.newest
        wanted = request.query.get("brand")
        live = {incident.brand: incident.incident_id for incident in reversed(board.live())}
        names = sorted(name for name in {*history.brands(), *live} if wanted in {None, name})[:LONGEST]
        series: list[dict[str, Any]] = []
        for name in names:
            hour = history.bins(name, end - HOUR, end, MINUTE)
            day = history.bins(name, end - DAY, end, 15 * MINUTE)
            series.append(
                {
                    "brand": name,
                    "incident_id": live.get(name),
                    "until": iso(end) if end else None,
                    "hour": {"mentions": [p.mentions for p in hour], "negative": [round(p.negative, 2) for p in hour]},
                    "day": {"mentions": [p.mentions for p in day], "negative": [round(p.negative, 2) for p in day]},
                }
            )
        return self._answer(series)

    async def model(self, request: web.Request) -> web.Response:
        """Return what people's labels taught: taken and refused, and each brand's accuracy before and after."""
        learner = self._site.learner
        if learner is None:
            return self._answer({"error": "nothing is learnt here"}, 404)
        return self._answer(learning.report(learner))

    def _answer(self, data: Any, status: int = 200) -> web.Response:
        return web.Response(
            body=_ENCODE(data), content_type="application/json", status=status,
            headers={"X-Tocsin-Fresh": "yes" if self._site.feed.connected and self._site.feed.caught_up else "no"},
        )  # fmt: skip
