"""Who may read: nobody without the access token where others reach the page, and signed links all the same."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest

from streams.errors import UserError
from streams.links import Claim
from streams.settings import WebSettings
from streams.web.guard import check_access, reading_asks
from streams.web.views.signin import inside
from tests.streams.web import samples
from tests.streams.web.harness import LINKS, Visitor, open_page

ID = samples.incident().incident_id
TOKEN = "a-token-that-nobody-guesses"
PAGES = (
    "/",
    "/incidents",
    f"/incidents/{ID}",
    f"/incidents/{ID}/act",
    f"/incidents/{ID}/label",
    "/brands",
    "/model",
    "/nothing",
)
DATA = ("/api/incidents", f"/api/incidents/{ID}", "/api/alerts", "/api/brands", "/api/model", "/news", "/api/nothing")
OPEN = ("/metrics", "/health", "/health/live", "/static/page.css")
TELLING = ("Vaudrelle", "camille", "Kestrel", "151 negative", "verre")


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_WEB_TOKEN", TOKEN)


@pytest.mark.parametrize(
    ("host", "public_url", "reading", "token", "asks"),
    [
        ("127.0.0.1", None, "auto", True, False), ("127.0.0.1", None, "auto", False, False), ("localhost", None, "auto", True, False),
        ("::1", "http://127.0.0.1:6066", "auto", True, False), ("0.0.0.0", None, "auto", True, True), ("::", None, "auto", True, True),
        ("", None, "auto", True, True), ("10.1.2.3", None, "auto", True, True), ("tocsin.internal", None, "auto", True, True),
        ("0.0.0.0", "http://127.0.0.1", "auto", True, True), ("127.0.0.1", "https://tocsin.example.org", "auto", True, True),
        ("127.0.0.1", "https://tocsin.example.org", "auto", False, False), ("0.0.0.0", None, "open", True, False),
        ("0.0.0.0", None, "open", False, False), ("127.0.0.1", None, "token", True, True),
    ],
)  # fmt: skip
def test_reading_asks_where_others_than_this_machine_reach_the_page(
    host: str, public_url: str | None, reading: Any, token: bool, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not token:
        monkeypatch.delenv("TOCSIN_WEB_TOKEN")
    settings = WebSettings(host=host, public_url=public_url, reading=reading)
    assert reading_asks(settings) is asks
    check_access(settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (WebSettings(host="0.0.0.0"), "web.host: 0.0.0.0 is open to others, and TOCSIN_WEB_TOKEN is not set; set it"),
        (WebSettings(reading="token"), "web.reading: token, and TOCSIN_WEB_TOKEN is not set; set it"),
    ],
)
def test_an_open_page_without_a_token_is_not_served(
    settings: WebSettings, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_WEB_TOKEN", "  ")
    with pytest.raises(UserError, match=re.escape(says)):
        check_access(settings)


def test_without_the_token_nothing_is_told_at_any_address_by_any_method() -> None:
    async def run() -> None:
        async with open_page(samples.story(), reading="token") as (visitor, producer):
            for path in (*PAGES, *DATA, f"/static/../incidents/{ID}", f"/static/%2e%2e/incidents/{ID}", f"//incidents/{ID}",
                         f"/do/../incidents/{ID}", f"/do/..%2Fincidents%2F{ID}", f"/signin/../incidents/{ID}"):  # fmt: skip
                for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS", "get"):
                    async with visitor.session.request(method, visitor.url + path, allow_redirects=False) as answer:
                        text = await answer.text()
                        assert answer.status in {400, 401, 403, 404, 405}, (method, path)
                        assert answer.status == 401 or path not in (*PAGES, *DATA) or method == "get"
                        assert not [words for words in TELLING if words in text], (method, path)
            for path in OPEN:
                status, text = await visitor.get(path)
                assert status in {200, 503} and not [words for words in TELLING[1:] if words in text], path
            assert producer.writes == []

    asyncio.run(run())


async def _sign_in(visitor: Visitor, token: str, wanted: str = f"/incidents/{ID}?lang=fr") -> tuple[int, str, str]:
    _, page = await visitor.get(wanted)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    data = fields | {"token": token}
    async with visitor.session.post(visitor.url + "/signin", data=data, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", ""), await answer.text()


def test_the_token_is_asked_once_and_leads_to_the_page_that_was_wanted() -> None:
    async def run() -> None:
        async with open_page(samples.story(), reading="token") as (visitor, producer):
            _, page = await visitor.get(f"/incidents/{ID}?lang=fr")
            assert "Qui est là ?" in page and "Vaudrelle" not in page
            assert (await _sign_in(visitor, "wrong"))[0] == 403
            status, location, _ = await _sign_in(visitor, TOKEN)
            assert (status, location) == (303, f"/incidents/{ID}?lang=fr")
            assert "Vaudrelle" in (await visitor.get(location))[1]
            assert (await visitor.get("/api/incidents"))[0] == 200
            assert 'name="token"' not in (await visitor.get(f"/incidents/{ID}"))[1], "who reads may act"
            assert (await visitor.act(ID, "ack"))[0] == 303 and len(producer.writes) == 1
            cookies = {cookie.key: cookie for cookie in visitor.session.cookie_jar}
            assert TOKEN not in str(cookies) and cookies["tocsin_token"]["httponly"]

    asyncio.run(run())


def test_programs_send_the_token_and_guessing_is_stopped() -> None:
    async def run() -> None:
        async with open_page(samples.story(), reading="token") as (visitor, _):
            for scheme in ("Bearer", "bearer"):
                status, text = await visitor.get("/api/incidents", headers={"Authorization": f"{scheme} {TOKEN}"})
                assert status == 200 and "Vaudrelle" in text
            for given in ("", "Bearer", f"Basic {TOKEN}", TOKEN, "Bearer \udcff\udcfe"):
                assert (await visitor.get("/api/incidents", headers={"Authorization": given} if given else {}))[
                    0
                ] == 401
            statuses = [
                (await visitor.get("/api/incidents", headers={"Authorization": f"Bearer {n}"}))[0] for n in range(12)
            ]
            assert statuses[-1] == 429
            assert (await visitor.get("/", headers={"Authorization": f"Bearer {TOKEN}"}))[0] == 200, "it is long"
            assert (await _sign_in(visitor, TOKEN))[0] == 303

    asyncio.run(run())


def test_a_cookie_made_up_or_of_another_token_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with open_page(samples.story(), reading="token") as (visitor, _):
            assert (await _sign_in(visitor, TOKEN))[0] == 303
            kept = next(cookie.value for cookie in visitor.session.cookie_jar if cookie.key == "tocsin_token")
        monkeypatch.setenv("TOCSIN_WEB_TOKEN", "another token")
        async with open_page(samples.story(), reading="token") as (visitor, _):
            for cookie in (kept, "", TOKEN, "another token", "\udcff"):
                status, text = await visitor.get("/", headers={"Cookie": f"tocsin_token={cookie}"})
                assert status == 401 and "Vaudrelle" not in text

    asyncio.run(run())


def test_a_signed_link_needs_no_token_and_leads_no_further() -> None:
    claim = Claim("decide", ID, "camille", int((time.time() + 600) * 1_000), "n1")

    async def run() -> None:
        async with open_page(samples.story(), links=LINKS, reading="token") as (visitor, producer):
            path = LINKS.url(claim).removeprefix("http://127.0.0.1")
            status, page = await visitor.get(path)
            assert status == 200 and "Decisions of camille" in page
            status, page = await visitor.post(path, {"action": "take_over"})
            assert status == 200 and "Recorded" in page and len(producer.commands) == 1
            assert (await visitor.get(f"/incidents/{ID}"))[0] == 401
            assert (await visitor.get(path[:-4]))[0] == 403

    asyncio.run(run())


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "", "incidents",
     "/a\r\nSet-Cookie: x=y", "/\t/evil.example", "/é", "http:/x"],
)  # fmt: skip
def test_the_form_leads_nowhere_else(address: str) -> None:
    assert inside(address) == "/"
    assert inside("/incidents/1?lang=fr&q=a%20b") == "/incidents/1?lang=fr&q=a%20b"


def test_a_form_from_elsewhere_does_not_sign_in() -> None:
    async def run() -> None:
        async with open_page(samples.story(), reading="token") as (visitor, _):
            await visitor.get("/")
            for data in ({"token": TOKEN}, {"token": TOKEN, "csrf": "x" * 43}):
                async with visitor.session.post(visitor.url + "/signin", data=data, allow_redirects=False) as answer:
                    assert answer.status == 403 and "tocsin_token" not in answer.cookies

    asyncio.run(run())
