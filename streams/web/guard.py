"""Who may look and who may act: host names, headers, the form's token, the access token and the visitor's name.

* A page from elsewhere cannot act for a visitor: every form carries the value of a cookie that only this page can read
  (double submit), and a request that says it comes from another origin is refused.
* A name in DNS that points at this machine cannot read a page on loopback: there, the Host header must name it.
* With TOCSIN_WEB_TOKEN set, who acts must know it; it is compared in constant time and guessing is slowed down. Where others
  than this machine reach the page, who reads must know it as well. Only a signed link needs nothing besides itself.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiMapping

from streams.errors import UserError
from streams.links import PATH as LINKS
from streams.messages.phrases import clean
from streams.settings import WebSettings

ENV_TOKEN: Final = "TOCSIN_WEB_TOKEN"  # noqa: S105 - the name of a variable, not a password
FORM_COOKIE: Final = "tocsin_form"
NAME_COOKIE: Final = "tocsin_name"
TOKEN_COOKIE: Final = "tocsin_token"  # noqa: S105 - the name of a cookie
LANGUAGE_COOKIE: Final = "tocsin_lang"
KEPT: Final = 180 * 86_400
"""Seconds for which name, language and access are kept on a device."""
LONGEST_NAME: Final = 64
WRONG_TOKENS: Final = 10
"""Wrong access tokens a minute, over all visitors, until no more are looked at."""
LONG_TOKEN: Final = 16
"""Characters from which on a token is not guessed at any rate (64 bits, if they are hexadecimal digits)."""
OPEN_PATHS: Final = frozenset({"/metrics", "/health", "/health/live"})
"""Asked by machines that know this host under names of their own; nothing secret is there."""
UNASKED: Final = ("/static/", "/favicon.ico", LINKS, "/signin")
"""Beginnings of what is read without the access token: what every page needs, what carries its own right, the way in."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers send `Origin: null` with our own forms
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """Decides from settings and environment; one for the whole server."""

    def __init__(self, settings: WebSettings) -> None:
        self._loopback = is_loopback(settings.host)
        self._public = urlsplit(settings.public_url or "").hostname
        self._public_origin = urlsplit(settings.public_url or "").netloc.lower()
        self._secure = (settings.public_url or "").startswith("https:")
        self._names = {"localhost", settings.host.lower(), *([self._public] if self._public else [])}
        self._token = access_token()
        self.reading_asks = reading_asks(settings)
        """Whether an access token is needed to read."""
        self._wrong: deque[float] = deque(maxlen=WRONG_TOKENS)

    @property
    def asks_token(self) -> bool:
        """Whether an access token is needed to act."""
        return bool(self._token)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse foreign host names, and put the headers on whatever is answered."""
        if request.path not in OPEN_PATHS and not self.host_allowed(request.headers.get("Host", "")):
            response: web.StreamResponse = web.Response(
                status=421,
                text="This server is not known by that name: set web.public_url to the address people use.\n",
            )
        else:
            try:
                response = await handler(request)
            except web.HTTPException as raised:
                self._dress(raised)
                raise
        self._dress(response)
        return response

    def _dress(self, response: web.StreamResponse) -> None:
        if response.prepared:
            return
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)

    def host_allowed(self, host: str) -> bool:
        """Whether a request for `host` (with or without port) is meant for this server."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:  # a bracket alone
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            # Beyond loopback the operator has opened it on purpose; with a public address that one counts.
            return not self._loopback and self._public is None
        return True  # an address cannot be bent by DNS

    # -- forms

    def form_value(self, request: web.Request) -> str:
        """Return what the form on a page for this visitor carries; the cookie is set by `keep_form`."""
        known = request.cookies.get(FORM_COOKIE, "")
        return known if len(known) == 43 and known.isascii() else secrets.token_urlsafe(32)

    def keep_form(self, response: web.Response, value: str) -> None:
        """Give the visitor the cookie that goes with the form."""
        self._set(response, FORM_COOKIE, value, 86_400)

    def form_is_ours(self, request: web.Request, given: str) -> bool:
        """Whether a posted form was made by this page for this visitor."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return False
        origin = request.headers.get("Origin")
        try:
            if origin is not None and urlsplit(origin).netloc.lower() not in self._own_origins(request):
                return False
        except ValueError:
            return False
        kept = request.cookies.get(FORM_COOKIE, "")
        return bool(kept) and _same(kept, given)

    def _own_origins(self, request: web.Request) -> set[str]:
        # Behind a proxy the Host header may be the inner one: then the public address is what a browser names.
        return {request.headers.get("Host", "").lower(), *([self._public_origin] if self._public_origin else [])}

    # -- the access token

    def has_access(self, request: web.Request) -> bool:
        """Whether this device has given the access token before (or none is needed)."""
        given = request.cookies.get(TOKEN_COOKIE, "")
        return not self._token or _same(given, self._pass())

    def try_token(self, given: str) -> bool | None:
        """Whether `given` is the access token; None where too many wrong ones came of late.

        Whoever knows a token that cannot be guessed is heard all the same: nobody shall keep a team out of its own crisis.
        """
        now = time.monotonic()
        guessed = len(self._wrong) == WRONG_TOKENS and now - self._wrong[0] < 60
        if _same(given.strip(), self._token) and (not guessed or len(self._token) >= LONG_TOKEN):
            return True
        if guessed:
            return None
        self._wrong.append(now)
        return False

    def may_read(self, request: web.Request) -> bool | None:
        """Whether this visitor may read what was asked for; None where too many wrong tokens came of late.

        Programs say `Authorization: Bearer TOKEN`.
        """
        if not self.reading_asks or request.path in OPEN_PATHS or request.path.startswith(UNASKED):
            return True
        if self._token and self.has_access(request):
            return True
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return self.try_token(given) if scheme.lower() == "bearer" and self._token else False

    def keep_access(self, response: web.Response) -> None:
        """Let this device act without asking again."""
        self._set(response, TOKEN_COOKIE, self._pass(), KEPT)

    def _pass(self) -> str:
        # Not the token itself: what lies on a device opens this page and nothing else.
        return hmac.new(self._token.encode(), b"tocsin-page-access-1", "sha256").hexdigest()

    # -- small memories

    def name(self, request: web.Request) -> str:
        """Return the name that the visitor typed before, or nothing."""
        return clean(unquote(request.cookies.get(NAME_COOKIE, "")), LONGEST_NAME)

    def keep_name(self, response: web.Response, name: str) -> None:
        """Remember the visitor's name on their device."""
        self._set(response, NAME_COOKIE, quote(name, safe=""), KEPT)

    def keep_language(self, response: web.Response, language: str) -> None:
        """Remember the visitor's language on their device."""
        self._set(response, LANGUAGE_COOKIE, language, KEPT)

    def _set(self, response: web.Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="Lax", secure=self._secure)


def _same(one: str, other: str) -> bool:
    """Compare in a time that does not tell how much is right; what is no text (bytes beyond UTF-8 in a header) is compared too."""
    return hmac.compare_digest(*(text.encode("utf-8", "surrogatepass") for text in (one, other)))


def access_token() -> str:
    """Return the access token of the environment; none: nothing where it is not set."""
    return os.environ.get(ENV_TOKEN, "").strip()


def reading_asks(settings: WebSettings) -> bool:
    """Whether who reads the page must know the access token."""
    if settings.reading != "auto":
        return settings.reading == "token"
    if not is_loopback(settings.host):
        return True
    public = urlsplit(settings.public_url or "").hostname
    return public is not None and not is_loopback(public) and bool(access_token())


def check_access(settings: WebSettings) -> None:
    """Raise UserError where a token is needed to read and there is none: nobody could, or everybody."""
    if reading_asks(settings) and not access_token():
        why = "reading: token" if settings.reading == "token" else f"host: {settings.host} is open to others"
        raise UserError(
            f"web.{why}, and {ENV_TOKEN} is not set; set it (openssl rand -hex 16), bind 127.0.0.1, "
            "or set web.reading to open where something in front asks who is there"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that binds `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


async def form_of(request: web.Request) -> MultiMapping[str | bytearray | bytes | web.FileField]:
    """Return a posted form; answers 400 for what is none, and 413 for one that is too large."""
    try:
        return await request.post()
    except (
        ValueError,
        LookupError,
        AssertionError,
        RuntimeError,
        ClientError,
        HttpProcessingError,
    ) as error:  # bytes that are no text, an unknown charset, half a part
        raise web.HTTPBadRequest(text="This is not a form.\n") from error


def text_field(form: MultiMapping[str | bytearray | bytes | web.FileField], name: str, longest: int) -> str:
    """Return a text field of a posted form, stripped and cut; what is no text counts as empty."""
    value = form.get(name, "")
    if not isinstance(value, str):
        return ""
    return value.replace("\r\n", "\n").strip()[:longest]
