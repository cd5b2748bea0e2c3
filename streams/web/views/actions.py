"""Decisions made on an incident's page: each becomes a command, and the notifier decides what follows from it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Final, cast, get_args

from aiohttp import web
from aiokafka.errors import KafkaError

from schemas import topics
from schemas.events import About, Action, Command, Incident, encode
from schemas.times import from_ms
from streams.engine.records import Write
from streams.feedback.about import label
from streams.messages.phrases import clean
from streams.web.board import LIVE
from streams.web.guard import LONGEST_NAME, form_of, text_field
from streams.web.site import Site
from streams.web.views.pages import Pages

SEND_WITHIN: Final = 8.0
"""Seconds until a person is told that the broker does not answer."""
SHOWN_WITHIN: Final = 2.0
"""Seconds that the answer waits for the notifier, so that the next page shows what was decided."""
LONGEST_NOTE: Final = 2_000
LONGEST_MINUTES: Final = 7 * 24 * 60
OFFERED: Final = frozenset(
    {"ack", "take_over", "escalate", "note", "statement_sent", "stable", "resolve", "dismiss", "merge", "silence"}
)
ABOUT: Final = "about"
"""Of a note that says what the incident is about; every worker learns from it."""
FIELDS: Final = ("csrf", "command_id", "action", "name", "token", "minutes", "reason", "into", "silence_minutes", ABOUT)
KEPT: Final = ("name", "note", "minutes", "reason", "into", "silence_minutes", ABOUT)
"""What is shown again where a decision is refused."""
SILENCE_MINUTES: Final = 60
"""Of a silence that names no time."""
REASONS: Final = ("false_alarm", "expected", "inauthentic")
"""Why something was no crisis."""


class RefusedError(Exception):
    """A decision that cannot be taken as it was typed; `key` names the words for it."""

    def __init__(self, key: str, status: int = 400) -> None:
        super().__init__(key)
        self.key = key
        self.status = status


async def send(site: Site, command: Command, *more: Write) -> bool:
    """Append `command` to its topic, and `more` with it, and wait a moment until it shows; True where it does.

    Raises TimeoutError or KafkaError where it is not certain that it was appended.
    """
    incident = site.board.incident(command.incident_id or "")
    version = incident.version if incident else 0
    key = (command.incident_id or command.brand or "").encode()
    write = Write(topics.COMMANDS.name, key, encode(command), 0)
    await asyncio.wait_for(site.producer.send([write, *more]), SEND_WITHIN)

    def shows() -> bool:
        now = site.board.incident(command.incident_id or "")
        return now is not None and now.version > version

    return await site.feed.until(shows, SHOWN_WITHIN)


class Actions:
    """Handler of the form on an incident's page."""

    def __init__(self, site: Site, pages: Pages) -> None:
        self._site = site
        self._pages = pages

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses served."""
        return [web.post("/incidents/{id}/act", self.act)]

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Take a decision: 303 back to the incident, or its page again with what was typed and what is wrong."""
        site = self._site
        form = await form_of(request)
        typed = {name: text_field(form, name, 200) for name in FIELDS} | {
            "note": text_field(form, "note", LONGEST_NOTE)
        }
        incident = site.board.incident(request.match_info["id"])
        if incident is None:
            return site.problem(request, "not_found", 404)
        try:
            opened = check_visitor(site, request, typed)
            command = command_of(incident, typed, site.now(), others_of(site, incident))
            taught = None
            if command.about is not None:
                taught = label(incident, command.about, command.author, from_ms(site.now()))
            shows = await send(site, command, *([taught] if taught else []))
        except RefusedError as refused:
            return await self._again(request, incident, refused.key, refused.status, typed)
        except (TimeoutError, KafkaError, OSError):
            return await self._again(request, incident, "not_sent", 503, typed)
        response = web.Response(
            status=303, headers={"Location": f"/incidents/{incident.incident_id}?done={'taken' if shows else 'sent'}"}
        )
        site.guard.keep_name(response, command.author)
        if opened:
            site.guard.keep_access(response)
        return response

    async def _again(
        self, request: web.Request, incident: Incident, key: str, status: int, typed: Mapping[str, str]
    ) -> web.Response:
        kept = {name: typed[name] for name in KEPT}
        return await self._pages.show(request, incident.incident_id, status=status, error=key, typed=kept)


def check_visitor(site: Site, request: web.Request, typed: Mapping[str, str]) -> bool:
    """Return whether the access token was given just now; raises RefusedError for a visitor who may not act."""
    guard = site.guard
    if not guard.form_is_ours(request, typed["csrf"]):
        raise RefusedError("expired", 403)
    if guard.has_access(request):
        return False
    right = guard.try_token(typed["token"])
    if right is None:
        raise RefusedError("token_wait", 429)
    if not right:
        raise RefusedError("token", 403)
    return True


def others_of(site: Site, incident: Incident) -> list[Incident]:
    """Return the incidents that `incident` can be merged into: the other live ones of its kind."""
    return [one for one in site.board.live() if one.incident_id != incident.incident_id and one.kind == incident.kind]


def command_of(incident: Incident, typed: Mapping[str, str], now: int, others: Sequence[Incident] = ()) -> Command:
    """Return the command that a form asks for; raises RefusedError."""
    action, live = typed["action"], incident.state in LIVE
    about = action == ABOUT
    action = "note" if about else action
    if action not in OFFERED or action not in get_args(Action) or (not live and action != "note"):
        raise RefusedError("action", 409 if action in OFFERED else 400)
    author = clean(typed["name"], LONGEST_NAME)
    if not author:
        raise RefusedError("name")
    if action == "note" and not typed["note"] and not about:
        raise RefusedError("note")
    if about and typed.get(ABOUT) not in get_args(About):
        raise RefusedError(ABOUT)
    if action == "dismiss" and typed["reason"] not in REASONS:
        raise RefusedError("reason")
    if action == "silence" and not typed["note"]:
        raise RefusedError("silence_reason")
    if action == "merge" and typed.get("into") not in {one.incident_id for one in others}:
        raise RefusedError("into")
    minutes = None
    if action == "ack":
        minutes = _minutes(typed["minutes"], None)
    elif action == "silence":
        minutes = _minutes(typed.get("silence_minutes", ""), SILENCE_MINUTES)
    note = clean(typed["note"], LONGEST_NOTE) or None
    return Command(
        command_id=_given_id(typed["command_id"]),
        action=cast("Action", action),
        author=author,
        incident_id=incident.incident_id,
        brand=incident.brand,
        note=None if action == "silence" else note,
        minutes=minutes,
        reason=typed["reason"] if action == "dismiss" else note if action == "silence" else None,
        into=typed["into"] if action == "merge" else None,
        matchers=_matchers(incident) if action == "silence" else {},
        issued_at=from_ms(now),
        via="web",
        about=cast("About", typed[ABOUT]) if about else None,
    )


def _matchers(incident: Incident) -> dict[str, str]:
    """Return what a silence said on an incident's page holds back: an exercise's never holds back the real thing."""
    return {"brand": incident.brand} | ({} if incident.kind == "actual" else {"kind": incident.kind})


def _minutes(text: str, default: int | None) -> int | None:
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_MINUTES:
        raise RefusedError("minutes")
    return int(text)


def _given_id(text: str) -> str:
    """Return the id that the page gave the decision, so that a second click is a repeat; a new one where it is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid4())
