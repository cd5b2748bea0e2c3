"""The way in where reading needs the access token: asked once on each device, in place of the page that was wanted."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from streams.web.guard import Handler, form_of, text_field
from streams.web.site import Site

LONGEST_TOKEN: Final = 512
LONGEST_PATH: Final = 2_000
FOR_PROGRAMS: Final = ("/api/", "/news")


class SignIn:
    """What stands before all other views."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses served."""
        return [web.post("/signin", self.sign_in), web.get("/signin", self.to_start)]

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Ask for the token whoever wants to read and has not given it."""
        allowed = self._site.guard.may_read(request)
        if allowed:
            return await handler(request)
        status = 401 if allowed is False else 429
        if request.path.startswith(FOR_PROGRAMS):
            words = (
                "send the access token: Authorization: Bearer TOKEN"
                if status == 401
                else "too many wrong tokens; wait a minute"
            )
            response = web.Response(
                text=json.dumps({"error": words}) + "\n", status=status, content_type="application/json"
            )
        else:
            wanted = request.path_qs if request.method in {"GET", "HEAD"} else request.path
            response = self._form(request, wanted, status, "" if status == 401 else "token_wait")
        if status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    async def to_start(self, request: web.Request) -> web.StreamResponse:
        """Show the list of incidents, or ask for the token, where somebody loads the address of the form again."""
        raise web.HTTPSeeOther(f"/?{request.rel_url.raw_query_string}")

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Take the token: 303 to the page that was wanted, or the form again."""
        guard = self._site.guard
        form = await form_of(request)
        wanted = inside(text_field(form, "wanted", LONGEST_PATH))
        if not guard.form_is_ours(request, text_field(form, "csrf", 200)):
            return self._form(request, wanted, 403, "expired")
        if guard.asks_token:
            right = guard.try_token(text_field(form, "token", LONGEST_TOKEN))
            if not right:
                return self._form(
                    request, wanted, 403 if right is False else 429, "token" if right is False else "token_wait"
                )
        response = web.Response(status=303, headers={"Location": wanted})
        if guard.asks_token:
            guard.keep_access(response)
        return response

    def _form(self, request: web.Request, wanted: str, status: int, error: str) -> web.Response:
        return self._site.page(request, "signin.html", status=status, wanted=inside(wanted), error=error)


def inside(address: str) -> str:
    """Return `address` where it is a path of this page, else the first page: no form may lead elsewhere."""
    parts = urlsplit(address)
    plain = address.isascii() and address.isprintable() and "\\" not in address and not address.startswith("//")
    return address if plain and address.startswith("/") and not parts.scheme and not parts.netloc else "/"
