"""What all views share: the board, the feed, the guard, and how a page is made from a template."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from detectors.text.model import TextModel
from schemas.times import SECOND
from streams.engine.records import Write
from streams.links import Links
from streams.policy.model import Policy
from streams.settings import Settings
from streams.web import lines, stories
from streams.web.board import Board
from streams.web.evidence import web_address
from streams.web.feed import Feed
from streams.web.guard import LANGUAGE_COOKIE, Guard
from streams.web.learning import Learner
from streams.web.words import LANGUAGES, Language, Words, choose

_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"


class Sender(Protocol):
    """What takes commands: the worker's producer."""

    async def send(self, writes: list[Write]) -> list[int]:
        """Append; return when it is acknowledged."""


def static_version() -> str:
    """Return a digest of the static files: a browser keeps them until they change."""
    files = sorted(path for path in STATIC.iterdir() if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def environment() -> Environment:
    """Return the templates: everything is escaped, an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"lines": lines, "stories": stories, "web_address": web_address}
    return made


@dataclass(slots=True)
class Site:
    """One server's shared parts."""

    settings: Settings
    board: Board
    feed: Feed
    guard: Guard
    producer: Sender
    links: Links | None = None
    policy: Policy | None = None
    """For approved statements, runbooks and cards; the page is served without one too."""
    model: TextModel | None = None
    """The worker's text model: what a label is made with."""
    learner: Learner | None = None
    wall_clock: Callable[[], float] = time.time
    templates: Environment = field(default_factory=environment)
    version: str = field(default_factory=static_version)

    def now(self) -> int:
        """Return the present in epoch milliseconds: of the data in replay, of the wall clock otherwise."""
        if self.settings.replay and self.board.clock:
            return self.board.clock
        return int(self.wall_clock() * SECOND)

    def words(self, request: web.Request) -> Words:
        """Return the words in the visitor's language."""
        accept = request.headers.get("Accept-Language", "")
        return Words(choose(request.query.get("lang"), request.cookies.get(LANGUAGE_COOKIE), accept))

    def page(self, request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return a template filled in, in the visitor's language, with the cookies that its forms need."""
        words = self.words(request)
        form = self.guard.form_value(request)
        now = self.now()
        html = self.templates.get_template(template).render(
            t=words, lang=words.language, other=_other(words.language), now=now, replay=self.settings.replay, path=request.path, csrf=form,
            v=self.version, board_version=self.board.version, feed=self.feed, feed_at=self._heard(), **values,
        )  # fmt: skip
        response = web.Response(text=html, content_type="text/html", charset="utf-8", status=status)
        response.headers["Content-Language"] = words.language
        response.headers["Vary"] = "Accept-Language, Cookie"
        self.guard.keep_form(response, form)
        if request.query.get("lang") in LANGUAGES:
            self.guard.keep_language(response, words.language)
        return response

    def problem(self, request: web.Request, key: str, status: int) -> web.Response:
        """Return a page that says what is wrong, in the visitor's words, and how to go on."""
        return self.page(request, "problem.html", status=status, problem=key)

    def _heard(self) -> int | None:
        return None if self.feed.heard_at is None else int(self.feed.heard_at * SECOND)


def _other(language: Language) -> Language:
    return "fr" if language == "en" else "en"
