"""The page in a real browser: it loads without a complaint, fits telephones and screens, follows the news, and acts."""

from __future__ import annotations

import asyncio
import time

import pytest

from schemas.events import encode
from streams.links import Claim
from tests.browser import CUT, PALE, Tab
from tests.streams.web import samples
from tests.streams.web.harness import LINKS, open_page

ID = samples.incident().incident_id


@pytest.mark.parametrize(("width", "dark"), [(360, False), (420, True), (1_200, False), (1_200, True)])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_loads_without_a_complaint_and_nothing_on_it_is_cut_or_pale(
    shown: tuple[asyncio.Runner, Tab], language: str, width: int, dark: bool
) -> None:
    runner, tab = shown

    async def run() -> None:
        await tab.size(width, 900, dark=dark)
        async with open_page(samples.story(), links=LINKS) as (visitor, _):
            for path in ("/", f"/incidents/{ID}", "/brands", "/nothing-here", link("ack"), link("decide")):
                await tab.open(f"{visitor.url}{path}?lang={language}")
                await tab.ask("document.querySelectorAll('details').forEach(one => one.open = true)")
                assert await tab.ask("document.documentElement.lang") == language
                assert await tab.ask(CUT) == [], path
                assert await tab.ask(PALE) == [], path
                wanted = (
                    []
                    if path != "/nothing-here"
                    else ["Failed to load resource: the server responded with a status of 404"]
                )
                assert [one.partition(" (")[0] for one in tab.seen.errors] == wanted, path
                assert all(one.startswith(visitor.url) for one in tab.seen.requests), tab.seen.requests
                assert {one.partition("?")[0].rpartition("/")[2] for one in tab.seen.requests} >= {
                    "page.css",
                    "page.js",
                }

    runner.run(run())


def test_an_incident_is_a_picture_with_its_drawing(shown: tuple[asyncio.Runner, Tab]) -> None:
    runner, tab = shown

    async def run() -> None:
        await tab.size(420, 900)
        async with open_page(samples.story()) as (visitor, _):
            await tab.open(f"{visitor.url}/incidents/{ID}?lang=en")
            left, top, width, height = await tab.ask(
                "(one => [one.left, one.top + scrollY, one.width, one.height])"
                "(document.querySelector('svg.plot').getBoundingClientRect())"
            )
            assert width > 300 and height > 100
            look = await tab.look(await tab.picture(whole=True), (int(left + width) - 8, int(top + height * 0.8)))
            assert look.width == 420 and look.height > 1_500 and look.colours > 40
            red, green, blue = bytes.fromhex(look.at[0][1:])
            assert red > green + 20 and red > blue + 20, "the negative part stands at the right end of the drawing"

    runner.run(run())


def test_the_page_follows_and_its_button_acts_as_a_browser_sends_it(shown: tuple[asyncio.Runner, Tab]) -> None:
    runner, tab = shown

    async def run() -> None:
        await tab.size(420, 900)
        async with open_page(samples.story()) as (visitor, producer):
            await tab.open(f"{visitor.url}/incidents/{ID}?lang=en")
            await tab.ask("document.querySelector('[name=name]').value = 'noor'")
            board, feed = visitor.server.site.board, visitor.server.site.feed
            await tab.ask("document.querySelector('button[value=ack]').click()")
            while not producer.commands:
                await asyncio.sleep(0.02)
            taken = samples.incident(
                state="acknowledged", version=9, acknowledged_by=["noor"], acknowledged_at=samples.at(12)
            )
            board.take("incidents", None, encode(taken))
            feed.tell()  # type: ignore[attr-defined]
            await tab.until("document.body?.innerText.includes('noor has taken charge')")
            assert [(one.action, one.author, one.via) for one in producer.commands] == [("ack", "noor", "web")]
            board.take(
                "incidents", None, encode(samples.incident(state="resolved", version=10, resolved_at=samples.at(60)))
            )
            feed.tell()  # type: ignore[attr-defined]
            await tab.until("document.querySelector('main')?.innerText.includes('resolved')")
            assert tab.seen.errors == []

    runner.run(run())


def link(purpose: str) -> str:
    claim = Claim(purpose, ID, "camille", int((time.time() + 3_600) * 1_000), "n1")  # type: ignore[arg-type]
    return LINKS.url(claim).removeprefix("http://127.0.0.1")


def test_a_link_from_a_mail_acts_in_a_browser_by_its_button_only(shown: tuple[asyncio.Runner, Tab]) -> None:
    runner, tab = shown

    async def run() -> None:
        async with open_page(samples.story(), links=LINKS) as (visitor, producer):
            await tab.open(f"{visitor.url}{link('ack')}?lang=en")
            assert "camille" in await tab.ask("document.body.innerText") and producer.writes == []
            await tab.ask("document.querySelector('main form button').click()")
            await tab.until("document.querySelector('.done') !== null")
            assert [(one.action, one.author) for one in producer.commands] == [("ack", "camille")]
            assert tab.seen.errors == []

    runner.run(run())


@pytest.mark.parametrize("language", ["en", "fr"])
def test_somebody_signs_in_and_sees_what_was_wanted(
    shown: tuple[asyncio.Runner, Tab], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, tab = shown
    monkeypatch.setenv("TOCSIN_WEB_TOKEN", "a-token-that-nobody-guesses")

    async def run() -> None:
        await tab.size(360, 800)
        await tab.call("Network.clearBrowserCookies")
        async with open_page(samples.story(), reading="token") as (visitor, _):
            await tab.open(f"{visitor.url}/incidents/{ID}?lang={language}")
            assert await tab.ask(CUT) == [] and await tab.ask(PALE) == []
            await tab.ask("document.querySelector('[name=token]').value = 'a-token-that-nobody-guesses'")
            await tab.ask("document.querySelector('main form button').click()")
            await tab.until("document.querySelector('svg.plot') !== null")
            assert await tab.ask("document.documentElement.lang") == language
            assert await tab.ask("fetch('/news', {method: 'HEAD'}).then(one => one.status)") != 401

    runner.run(run())
