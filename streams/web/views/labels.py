"""Labels given on the page: what an incident's example posts really said. And the page that shows what labels did."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import quote

from aiohttp import web
from aiokafka.errors import KafkaError

from detectors.text.feedback import WITHDRAWN_LABEL, said_by
from schemas.events import Incident
from schemas.times import HOUR, from_ms, to_ms
from streams import wiring
from streams.feedback import lookup
from streams.feedback.labels import LABELS, record, withdrawal
from streams.messages.phrases import clean
from streams.web import learning, stories
from streams.web.guard import LONGEST_NAME, form_of, text_field
from streams.web.site import Site
from streams.web.views.actions import SEND_WITHIN, RefusedError, check_visitor
from streams.web.views.pages import Pages

BEFORE: Final = 2 * HOUR
"""How long before an incident its example posts may have come in (append time, ms)."""
LONGEST_LABEL: Final = 4_096


class Labels:
    """Handlers of the form beside an incident's example posts, and of the page about the model."""

    def __init__(self, site: Site, pages: Pages) -> None:
        self._site = site
        self._pages = pages

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses served."""
        return [
            web.post("/incidents/{id}/label", self.label),
            web.get("/incidents/{id}/label", self.to_incident),
            web.get("/model", self.model),
        ]

    async def to_incident(self, request: web.Request) -> web.StreamResponse:
        """Show the incident where somebody loads the address of a label again."""
        raise web.HTTPSeeOther(f"/incidents/{quote(request.match_info['id'], safe='')}")

    async def model(self, request: web.Request) -> web.StreamResponse:
        """Show what people's labels taught."""
        learner = self._site.learner
        if learner is None:
            return self._site.problem(request, "no_learning", 404)
        return self._site.page(request, "model.html", report=learning.report(learner))

    async def label(self, request: web.Request) -> web.StreamResponse:
        """Send one label: 303 back to the incident, or its page again with what is wrong."""
        site = self._site
        form = await form_of(request)
        typed = {name: text_field(form, name, 200) for name in ("csrf", "name", "token")}
        incident = site.board.incident(request.match_info["id"])
        if incident is None:
            return site.problem(request, "not_found", 404)
        author = clean(typed["name"], LONGEST_NAME)
        try:
            opened = check_visitor(site, request, typed)
            await self._send(incident, author, text_field(form, "label", LONGEST_LABEL))
        except RefusedError as refused:
            return await self._pages.show(
                request, incident.incident_id, status=refused.status, error=refused.key, typed={"name": typed["name"]}
            )
        except (TimeoutError, KafkaError, OSError):
            return await self._pages.show(
                request, incident.incident_id, status=503, error="label_not_sent", typed={"name": typed["name"]}
            )
        response = web.Response(
            status=303, headers={"Location": f"/incidents/{incident.incident_id}?done=labelled#evidence"}
        )
        site.guard.keep_name(response, author)
        if opened:
            site.guard.keep_access(response)
        return response

    async def _send(self, incident: Incident, author: str, asked: str) -> None:
        """Append the label `asked` (`negative x:123`, `withdrawn x:123`); raises RefusedError, TimeoutError, KafkaError."""
        site = self._site
        value, _, name = asked.partition(" ")
        posts = stories.posts_of(stories.ringing_of(site.board, incident))
        if value not in (*LABELS, WITHDRAWN_LABEL) or name not in {post.name for post in posts}:
            raise RefusedError("label")
        if not author:
            raise RefusedError("name")
        if site.model is None or site.learner is None:
            raise RefusedError("no_learning", 404)
        before = said_by(site.learner.state, incident.brand, name, author)
        if before == value:
            raise RefusedError("label_twice", 409)
        at = from_ms(int(site.wall_clock() * 1_000))
        if value == WITHDRAWN_LABEL:
            if not before:
                raise RefusedError("label_none", 409)
            write = withdrawal(name, incident.brand, author, at)
        else:
            since = None if site.settings.replay else min(to_ms(a.starts_at) for a in incident.alerts) - BEFORE
            found = await asyncio.wait_for(lookup.posts(site.settings, {name}, since=since), SEND_WITHIN)
            mention = found.get(name)
            if mention is None or not (mention.text or "").strip():
                raise RefusedError("label_gone", 410)
            own = wiring.brand_words(site.settings).get(incident.brand)
            write = record(site.model, name, incident.brand, value, author, mention.text or "", mention.lang, at, own)
        await asyncio.wait_for(site.producer.send([write]), SEND_WITHIN)
