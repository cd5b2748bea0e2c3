"""What somebody with bad intentions sends to the page: it is refused, changes nothing, and breaks nothing."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time

import pytest
from yarl import URL

from streams.links import PURPOSES, Claim
from streams.web.views import actions
from tests.streams.web import samples
from tests.streams.web.harness import LINKS, open_page

ID = samples.incident().incident_id

pytestmark = pytest.mark.usefixtures("quick")


def path_of(purpose: str = "ack", incident_id: str = ID, person: str = "camille", nonce: str = "n1") -> str:
    claim = Claim(purpose, incident_id, person, int((time.time() + 600) * 1_000), nonce)  # type: ignore[arg-type]
    return LINKS.url(claim).removeprefix("http://127.0.0.1")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_only_a_post_acts_whatever_the_headers_of_a_gateway(method: str) -> None:
    async def run() -> None:
        async with open_page(samples.story(), links=LINKS) as (visitor, producer):
            for headers in (
                {},
                {"Purpose": "prefetch"},
                {"Sec-Purpose": "prefetch;prerender"},
                {"X-HTTP-Method-Override": "POST"},
            ):
                for purpose in PURPOSES:
                    url = f"{visitor.url}{path_of(purpose)}?action=ack&_method=POST"
                    async with visitor.session.request(method, url, headers=headers) as answer:
                        assert answer.status < 500
            assert producer.writes == []

    asyncio.run(run())


def test_a_link_does_nothing_beyond_its_purpose_its_incident_and_its_person() -> None:
    async def run() -> None:
        async with open_page(samples.story(), links=LINKS) as (visitor, producer):
            form = {"action": "resolve", "name": "mallory", "author": "mallory", "incident_id": "other", "purpose": "decide",
                    "into": "other",
                    "command_id": "00000000-0000-0000-0000-000000000000", "minutes": "99999999", "reason": "<b>"}  # fmt: skip
            for purpose, action in (("ack", "ack"), ("dismiss", "dismiss"), ("receipt", "note")):
                producer.writes.clear()
                assert (await visitor.post(path_of(purpose), form))[0] == 200
                (command,) = producer.commands
                assert (command.action, command.author, command.incident_id, command.into) == (
                    action,
                    "camille",
                    ID,
                    None,
                )
                assert command.command_id != form["command_id"] and command.minutes is None
                assert command.reason in {None, *actions.REASONS}

    asyncio.run(run())


def test_a_link_cannot_be_made_from_the_parts_of_others() -> None:
    bodies = {purpose: path_of(purpose).rpartition("/")[2].split(".") for purpose in PURPOSES}
    mixed = [f"{bodies[one][0]}.{bodies[two][1]}" for one in PURPOSES for two in PURPOSES if one != two]
    body, signature = bodies["ack"]
    fields = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    longer = (
        base64.urlsafe_b64encode(json.dumps([*fields[:3], fields[3] + 10**9, fields[4]]).encode()).decode().rstrip("=")
    )
    mixed += [f"{longer}.{signature}", f"{body}.{signature}.{signature}", f"{body}..{signature}", f".{signature}", f"{body}.",
              f"{body}.{signature[:-1]}", f"{body} .{signature}", f"{body}.{signature}%00", "null.null", "." * 1_000]  # fmt: skip

    async def run() -> None:
        async with open_page(samples.story(), links=LINKS) as (visitor, producer):
            for token in mixed:
                for status in ((await visitor.get("/do/" + token))[0], (await visitor.post("/do/" + token, {}))[0]):
                    assert status in {403, 404}, token
            assert producer.writes == []

    asyncio.run(run())


def test_bodies_and_addresses_that_are_too_large_or_nonsense_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    big = b"note=" + b"x" * 1_000_000
    texts = [
        b"\xff\xfe=\x00",
        b"&" * 1_000,
        b"a=%ff%fe&csrf=%00",
        b"=" * 5_000,
        "csrf=é&name=\ud800".encode("utf-8", "surrogatepass"),
    ]
    parts = b'--x\r\nContent-Disposition: form-data; name="csrf"; filename="../../etc/passwd"\r\n\r\nroot\r\n--x--\r\n'
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    odd = [(one, kind) for one in texts]
    odd += [
        (parts, {"Content-Type": "multipart/form-data; boundary=x"}),
        (parts[:40], {"Content-Type": "multipart/form-data"}),
    ]
    odd += [
        (parts[:60], {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"{}", {"Content-Type": "application/json"}),
    ]
    odd += [(b"a=b", {"Content-Type": kind["Content-Type"] + "; charset=nonsense"})]
    dots = ["/static/..%2f..%2fetc%2fpasswd", "/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/incidents/..%2f..%2fetc"]
    strange = [
        "/" + "a" * 5_000,
        "/incidents/%00",
        "/api/incidents/%ff%fe",
        "/brands?q=" + "%ff" * 1_000,
        "/?lang=" + "x" * 2_000,
    ]

    async def run() -> None:
        async with open_page(samples.story(), links=LINKS) as (visitor, producer):
            for path in (path_of(), path_of("decide"), f"/incidents/{ID}/act", f"/incidents/{ID}/label", "/signin"):
                async with visitor.session.post(visitor.url + path, data=big, headers=kind) as answer:
                    assert answer.status == 413, path
                if path.startswith("/do/"):
                    continue
                for body, headers in odd:
                    async with visitor.session.post(visitor.url + path, data=body, headers=headers) as answer:
                        assert 400 <= answer.status < 500, (path, body[:30], answer.status)
            for path in [*dots, *strange]:
                async with visitor.session.get(URL(visitor.url + path, encoded=True)) as answer:
                    assert answer.status < 500, path
                    if "etc" in path:
                        assert answer.status == 404
            assert producer.writes == []

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    assert not [record for record in caplog.records if record.exc_info], "nothing broke inside"


@pytest.mark.parametrize(
    "path", [f"/incidents/{ID}/act", f"/incidents/{ID}/label", "/signin", "/incidents/%0d%0aX:y/act"]
)
def test_no_header_is_made_of_an_address(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, _):
            url = URL(f"{visitor.url}{path}?a=1%0d%0aSet-Cookie:%20x=y&done=%22%3E", encoded=True)
            async with visitor.session.get(url, allow_redirects=False) as answer:
                assert answer.status == 303 and "Set-Cookie" not in answer.headers
                assert "\r" not in answer.headers["Location"] and answer.headers["Location"].startswith("/")

    asyncio.run(run())


def test_cookies_that_are_no_text_do_no_harm() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, producer):
            for cookie in (
                "tocsin_form=\udcff",
                "tocsin_name=%ff%00%0d%0a<bdo>",
                "tocsin_lang=../../x",
                "=;=;",
                "tocsin_form=" + "a" * 43,
            ):
                status, page = await visitor.get(f"/incidents/{ID}", headers={"Cookie": cookie})
                assert status == 200 and "<bdo>" not in page
                async with visitor.session.post(
                    f"{visitor.url}/incidents/{ID}/act",
                    data={"csrf": "x", "action": "ack", "name": "x"},
                    headers={"Cookie": cookie},
                ) as answer:
                    assert answer.status == 403
            assert producer.writes == []

    asyncio.run(run())
