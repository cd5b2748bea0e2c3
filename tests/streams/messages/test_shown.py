"""Mails as somebody sees them: delivered by SMTP, taken apart as a mail program does, and shown by a real browser."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from schemas.times import to_ms
from streams.delivery import Delivery, Target
from streams.delivery.channels.smtp import SmtpChannel
from streams.messages import render
from streams.messages.chart import SPAN, history
from tests.browser import CUT, PALE, Tab
from tests.streams.delivery.test_smtp import Sink, server
from tests.streams.delivery.world import an_alert, an_incident, send
from tests.streams.messages.test_render import CASES, OPTIONS, context, minutes

RED, GREEN = "#a40e26", "#1a7f37"
SAID = {
    ("page", "en"): ["L4 Maison Lavande: surge of negative mentions", "412 negative mentions in 5 min", "since 16:15"],
    ("page", "fr"): ["L4 Maison Lavande : afflux de mentions négatives", "412 mentions négatives en 5 min", "depuis 16:15"],
    ("all_clear", "en"): ["Maison Lavande", "surge of negative mentions (L4)"],
    ("all_clear", "fr"): ["Maison Lavande", "afflux de mentions négatives (L4)"],
}  # fmt: skip


def mailed(case: str, language: str, **changes: Any) -> EmailMessage:
    """The mail that a real server got."""
    page, given = CASES[case]
    until = to_ms(page.at)
    options = replace(OPTIONS, history=history(minutes(page.brand, until - SPAN, until), until))
    message = render(page, context(language, **(given | changes)), options)
    sink = Sink()
    with server(sink) as host:
        sender = {"from": "tocsin@example.org", "to": "alice@example.org"}
        target = Target(page.person, language, "mail", "smtp", f"smtp://{host}", sender)
        asyncio.run(send(SmtpChannel(), Delivery(page, message, target)))
    return sink.mails[0]


def html_of(mail: EmailMessage) -> str:
    """The HTML as a mail program shows it: pictures by their Content-ID are those in the mail."""
    body = mail.get_body(("html",))
    assert body is not None
    html: str = body.get_content()
    for part in mail.walk():
        if name := part["Content-ID"]:
            data = base64.b64encode(part.get_payload(decode=True)).decode()  # type: ignore[arg-type]
            html = html.replace(f"cid:{name.strip('<>')}", f"data:{part.get_content_type()};base64,{data}")
    assert "cid:" not in html
    return html


@pytest.mark.parametrize("width", [1_000, 360])
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("case", ["page", "all_clear"])
def test_a_mail_is_a_picture_on_which_all_can_be_read(
    shown: tuple[asyncio.Runner, Tab], case: str, language: str, width: int
) -> None:
    runner, tab = shown
    html = html_of(mailed(case, language))

    async def run() -> None:
        await tab.size(width, 800)
        await tab.show(html)
        text = await tab.ask("document.body.innerText")
        assert not [words for words in SAID[case, language] if words not in text]
        assert await tab.ask(CUT) == []
        assert await tab.ask(PALE) == []
        assert await tab.ask("document.scripts.length") == 0
        assert await tab.ask("[...document.images].map(one => one.naturalWidth)") == [592]
        wide, high = await tab.ask(
            "(one => [one.width, one.height])(document.querySelector('table').getBoundingClientRect())"
        )
        assert wide == min(640, width - 24)
        picture = await tab.picture(whole=True)
        assert (tab.seen.requests, tab.seen.errors) == ([], []), "shown without asking anybody for anything"
        ground = [12 + max(0, (width - 24 - 640) / 2) + 4, 20]  # left in the coloured head, beside its words
        look = await tab.look(picture, (ground[0], ground[1]), (2, 2), (-2, -2))
        assert (look.width, look.height) == (width, round(high) + 24) and high > 400
        assert look.at == [RED if case == "page" else GREEN, "#f6f8fa", "#f6f8fa"]
        assert look.colours > 12 and look.commonest < 0.97, "it is not blank"

    runner.run(run())


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_brand_and_words_without_a_gap_do_not_push_a_mail_beyond_a_telephone(
    shown: tuple[asyncio.Runner, Tab], language: str
) -> None:
    runner, tab = shown
    brand = "Verwaltungsgesellschaft" * 4
    alert = an_alert(brand=brand, evidence=["press:https://news.example/" + "long-" * 40])
    incident = an_incident(brand=brand, alerts=[alert])
    html = html_of(mailed("page", language, alert=alert, incident=incident))

    async def run() -> None:
        await tab.size(360, 800)
        await tab.show(html)
        assert await tab.ask(CUT) == []

    runner.run(run())


def test_markup_in_what_comes_from_outside_runs_nothing_and_asks_for_nothing(shown: tuple[asyncio.Runner, Tab]) -> None:
    runner, tab = shown
    evil = "<img src='http://127.0.0.1:9/x' onerror='window.ran=1'><script>window.ran=1</script>"
    alert = an_alert(brand=evil, platforms=[evil], evidence=[f"press:{evil}"], severity_terms={evil: 1.0})
    incident = an_incident(brand=evil, alerts=[alert])
    html = html_of(mailed("page", "en", alert=alert, incident=incident, note=evil, why_you=evil))

    async def run() -> None:
        await tab.show(html)
        assert await tab.ask("window.ran === undefined && document.images.length === 1")
        assert tab.seen.requests == []
        assert evil in await tab.ask("document.body.innerText")

    runner.run(run())


def test_what_is_cut_pale_or_asked_for_elsewhere_would_be_noticed(shown: tuple[asyncio.Runner, Tab]) -> None:
    runner, tab = shown

    async def run() -> None:
        await tab.size(360, 800)
        await tab.show(
            f"<p>{'long' * 100}</p><div style='width:90px;overflow:hidden;white-space:nowrap'>words that go on</div>"
            "<p style='color:#999'>pale</p><img src='http://elsewhere.example/spy.png'>"
        )
        assert await tab.ask(CUT) == ["long" * 15, "in DIV: words that go on"]
        assert await tab.ask(PALE) == ["pale"]
        assert tab.seen.requests == ["http://elsewhere.example/spy.png"]

    runner.run(run())
