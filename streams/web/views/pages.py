"""The pages to look at: the list of incidents, one incident, the brands."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from detectors.text.feedback import said_by
from schemas.events import Incident
from schemas.times import DAY, HOUR, MINUTE, to_ms
from streams.web import plot, stories
from streams.web.board import LIVE
from streams.web.counsel import counsel_of
from streams.web.site import Site
from streams.web.words import Words

ENDED_SHOWN: Final = 20
BRANDS_SHOWN: Final = 200
FEED_WAIT: Final = 3.0
"""Seconds that the first page after a start waits for the topics to be read."""


class Pages:
    """Handlers of GET requests by people."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses served."""
        return [
            web.get("/", self.incidents),
            web.get("/incidents", self.to_incidents),
            web.get("/incidents/{id}", self.incident),
            web.get("/incidents/{id}/act", self.to_incident),
            web.get("/brands", self.brands),
        ]

    async def to_incidents(self, request: web.Request) -> web.StreamResponse:
        """Show the list where somebody cuts an address short."""
        raise web.HTTPSeeOther("/")

    async def to_incident(self, request: web.Request) -> web.StreamResponse:
        """Show the incident where somebody loads the address of a decision again."""
        raise web.HTTPSeeOther(
            f"/incidents/{quote(request.match_info['id'], safe='')}?{request.rel_url.raw_query_string}"
        )

    async def incidents(self, request: web.Request) -> web.Response:
        """List the live incidents, then those that are over."""
        site, words, now = await self._ready(request)
        ended = site.board.ended()
        shown = ended if request.query.get("all") else ended[:ENDED_SHOWN]
        return site.page(
            request, "incidents.html",
            live=[stories.row_of(site.board, one, words, now) for one in site.board.live()],
            ended=[stories.row_of(site.board, one, words, now) for one in shown],
            ended_count=len(ended), brands=len(site.board.history), newest=site.board.history.newest,
        )  # fmt: skip

    async def incident(self, request: web.Request) -> web.Response:
        """Tell one incident's story."""
        done = request.query.get("done", "")
        return await self.show(
            request, request.match_info["id"], done=done if done in {"sent", "taken", "labelled"} else ""
        )

    async def show(
        self, request: web.Request, incident_id: str, *,
        status: int = 200, error: str = "", done: str = "", typed: Mapping[str, str] | None = None,
    ) -> web.Response:  # fmt: skip
        """Return an incident's page, with an error and what was typed where a decision was refused."""
        site, words, now = await self._ready(request)
        incident = site.board.incident(incident_id)
        if incident is None:
            return site.problem(request, "not_found", 404)
        ringing = stories.ringing_of(site.board, incident)
        values: dict[str, Any] = {
            "incident": incident,
            "live": incident.state in LIVE,
            "row": stories.row_of(site.board, incident, words, now),
            "heaviest": ringing[0].worst if ringing else None,
            "ringing": ringing,
            "posts": (posts := stories.posts_of(ringing)),
            "learns": (learner := site.learner) is not None,
            "labelled": {}
            if learner is None or not (name := (typed or {}).get("name") or site.guard.name(request))
            else {post.name: said_by(learner.state, incident.brand, post.name, name) for post in posts},
            "drawing": stories.drawing_of(site.board, incident, words, now),
            "notifications": site.board.notifications(incident_id)[::-1],
            "counsel": counsel_of(site.policy, incident, words.language, now),
            "asked": self._asked(incident, now),
            "error": error,
            "done": done,
            "others": []
            if incident.state not in LIVE
            else [one for one in site.board.live() if one.incident_id != incident_id and one.kind == incident.kind],
            "typed": dict.fromkeys(("note", "minutes", "reason", "into", "silence_minutes", "about"), "")
            | {"name": site.guard.name(request)}
            | dict(typed or {}),
            "command_id": str(uuid.uuid4()),
            "asks_token": site.guard.asks_token and not site.guard.has_access(request),
        }
        return site.page(request, "incident.html", status=status, **values)

    def _asked(self, incident: Incident, now: int) -> tuple[int, int] | None:
        """Return questions and the brand's own replies since it began; None where its accounts are not configured."""
        brand = next((one for one in self._site.settings.brands if one.name == incident.brand), None)
        if brand is None or not brand.official:
            return None
        begin = to_ms(incident.opened_at) // MINUTE * MINUTE
        end = to_ms(incident.resolved_at) if incident.resolved_at else now + MINUTE
        return self._site.board.history.asked(incident.brand, begin, end)

    async def brands(self, request: web.Request) -> web.Response:
        """Show the brands with their last hour and day."""
        site, words, now = await self._ready(request)
        rows = brand_rows(site, words, now, request.query.get("q", "")[:100])
        return site.page(
            request, "brands.html", rows=rows[:BRANDS_SHOWN], more=max(0, len(rows) - BRANDS_SHOWN),
            query=request.query.get("q", "")[:100],
        )  # fmt: skip

    async def _ready(self, request: web.Request) -> tuple[Site, Words, int]:
        site = self._site
        await site.feed.until(lambda: site.feed.caught_up, FEED_WAIT)
        return site, site.words(request), site.now()


def brand_rows(site: Site, words: Words, now: int, query: str) -> list[dict[str, Any]]:
    """Return the brands whose name holds `query`: those with an incident first, then the most talked about.

    The drawings are made only for as many as a page shows.
    """
    history = site.board.history
    end = max(now if not site.settings.replay else history.newest, history.newest)
    end -= end % MINUTE
    incidents = {incident.brand: incident for incident in reversed(site.board.live())}
    names = [name for name in sorted({*history.brands(), *incidents}) if query.casefold() in name.casefold()]
    rows: list[dict[str, Any]] = []
    for name in names:
        hour = history.points(name, end - HOUR, end)
        mentions, negative = sum(point.mentions for point in hour), sum(point.negative for point in hour)
        rows.append(
            {
                "brand": name,
                "incident": incidents.get(name),
                "hour": mentions,
                "negative_share": negative / mentions if mentions else None,
            }
        )
    rows.sort(key=lambda row: (row["incident"].severity if row["incident"] else "", row["hour"]), reverse=True)
    for row in rows[:BRANDS_SHOWN]:
        day = history.bins(row["brand"], end - DAY, end, 15 * MINUTE)
        minutes = history.bins(row["brand"], end - HOUR, end, MINUTE)
        label = words("plot.label", brand=row["brand"])
        row |= {
            "day": sum(point.mentions for point in day),
            "day_spark": plot.spark(day, label),
            "hour_spark": plot.spark(minutes, label),
        }
    return rows
