"""Links in messages: GET shows what the link would do, since mail gateways open every link, and POST does it.

The link is the right to act: no cookie and no access token is asked for, so it works in a mail program's own window.
It works once: its command has an id of its own, and the notifier takes a command once.
"""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from aiokafka.errors import KafkaError
from multidict import MultiMapping

from schemas.events import Action, Command
from schemas.times import SECOND, from_ms
from streams.links import PATH, Claim, LinkError, Purpose, Refusal
from streams.policy import cards
from streams.policy.model import Language
from streams.policy.people import every_contact
from streams.web.board import LIVE
from streams.web.guard import form_of, text_field
from streams.web.site import Site
from streams.web.views.actions import (
    FIELDS,
    LONGEST_MINUTES,
    LONGEST_NOTE,
    REASONS,
    RefusedError,
    command_of,
    others_of,
    send,
)

ACTIONS: Final[dict[Purpose, Action]] = {"ack": "ack", "dismiss": "dismiss", "receipt": "note"}
CARD: Final = "|"
"""Stands between role and version in a card's link."""
READ: Final = "has read the message"


class MessageLinks:
    """Handlers of signed links."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses served."""
        return [web.get(PATH + "{token}", self.show), web.post(PATH + "{token}", self.act)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Say what the link would do, with the button that does it; changes nothing."""
        claim = self._claim(request)
        if isinstance(claim, web.Response):
            return claim
        return self._page(request, claim)

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Do what the link entitles to."""
        claim = self._claim(request)
        if isinstance(claim, web.Response):
            return claim
        form = await form_of(request)
        makers = {"decide": self._decided, "card": self._card_read}
        try:
            command = makers.get(claim.purpose, self._plain)(claim, form)
            await send(self._site, command)
        except RefusedError as refused:
            return self._page(request, claim, status=refused.status, error=refused.key)
        except (TimeoutError, KafkaError, OSError):
            return self._page(request, claim, status=503, error="not_sent")
        return self._page(request, claim, done=True)

    def _plain(self, claim: Claim, form: MultiMapping[Any]) -> Command:
        minutes, reason = text_field(form, "minutes", 6), text_field(form, "reason", 20)
        incident = self._site.board.incident(claim.incident_id)
        return Command(
            command_id=claim.command_id,
            action=ACTIONS[claim.purpose],
            author=claim.person,
            incident_id=claim.incident_id,
            brand=incident.brand if incident else None,
            minutes=_minutes(minutes) if claim.purpose == "ack" else None,
            reason=(reason if reason in REASONS else REASONS[0]) if claim.purpose == "dismiss" else None,
            note=READ if claim.purpose == "receipt" else None,
            issued_at=from_ms(self._site.now()),
            via="mail",
        )

    def _card_read(self, claim: Claim, _: MultiMapping[Any]) -> Command:
        """Return the receipt of a card; raises RefusedError where it is not the one that counts now."""
        role, _sign, version = claim.incident_id.rpartition(CARD)
        if self._card(claim, "en") is None:
            raise RefusedError("card", 409)
        return Command(
            command_id=claim.command_id, action="receipt", author=claim.person, card=role, version=version,
            issued_at=from_ms(self._site.now()), via="mail",
        )  # fmt: skip

    def _card(self, claim: Claim, language: Language) -> str | None:
        """Return the card that the link is about; None where it is another one by now."""
        policy = self._site.policy
        role, _, version = claim.incident_id.rpartition(CARD)
        if policy is None or role not in cards.roles(policy) or cards.version(policy, role) != version:
            return None
        return cards.card(policy, role, language, int(self._site.wall_clock() * SECOND))

    def _decided(self, claim: Claim, form: MultiMapping[Any]) -> Command:
        """Return the decision chosen on the page of a link that allows all of them; raises RefusedError."""
        site = self._site
        incident = site.board.incident(claim.incident_id)
        if incident is None:
            raise RefusedError("not_found", 404)
        typed = {name: text_field(form, name, 200) for name in FIELDS}
        typed |= {"note": text_field(form, "note", LONGEST_NOTE), "name": claim.person}
        command = command_of(incident, typed, site.now(), others_of(site, incident))
        command.command_id, command.via = claim.command_for(command.action), "chat"
        return command

    def _claim(self, request: web.Request) -> Claim | web.Response:
        """Return what the link entitles to, or the page that says why it does not."""
        links = self._site.links
        if links is None:
            return self._refused(request, "unset", 404)
        try:
            # People's clocks run on wall time, also where the data are replayed.
            claim = links.peek(request.match_info["token"], int(self._site.wall_clock() * SECOND))
        except LinkError as error:
            expired = error.refusal is Refusal.EXPIRED
            return self._refused(request, "expired" if expired else "forged", 410 if expired else 403)
        policy = self._site.policy
        if policy is not None and not every_contact(policy, claim.person):
            return self._refused(request, "left", 403)
        return claim

    def _refused(self, request: web.Request, why: str, status: int) -> web.Response:
        return _discreet(self._site.page(request, "link.html", status=status, refused=why, claim=None))

    def _page(
        self, request: web.Request, claim: Claim, *, status: int = 200, done: bool = False, error: str = ""
    ) -> web.Response:
        incident = self._site.board.incident(claim.incident_id)
        card = self._card(claim, self._site.words(request).language) if claim.purpose == "card" else None
        if claim.purpose == "card" and card is None and not error:
            status, error = 409, "card"
        return _discreet(self._site.page(
            request, "link.html", status=status, refused="", claim=claim, incident=incident, done=done, error=error, card=card,
            live=incident is None or incident.state in LIVE,
            others=others_of(self._site, incident) if incident else [],
        ))  # fmt: skip


def _discreet(response: web.Response) -> web.Response:
    """Keep the address, which is a right to act, from being told to anybody."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _minutes(text: str) -> int | None:
    return int(text) if text.isdecimal() and 1 <= int(text) <= LONGEST_MINUTES else None
