"""Apprise against a local server behind its json:// address, and the console."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest
from aiohttp import web

from schemas.events import Driver
from streams.delivery import Delivery, Permanent, Target, Transient
from streams.delivery.channels import channels
from streams.delivery.channels.apprise_channel import AppriseChannel
from streams.delivery.channels.console import ConsoleChannel
from streams.policy.model import ChannelType
from tests.streams.delivery.world import Server, a_delivery, a_message, a_page, an_alert, an_incident, refuses, send


def told(*answers: Any, **options: str) -> tuple[str, dict[str, Any]]:
    async def run() -> tuple[str, dict[str, Any]]:
        async with Server(*answers) as server:
            url = server.url.replace("http://", "json://") + "/T0KEN"
            receipt = await send(AppriseChannel(), a_delivery(url, "apprise", None, **options))
            return receipt, json.loads(server.calls[0][2])

    return asyncio.run(run())


def test_a_page_goes_through_apprise_in_full() -> None:
    receipt, body = told(200)
    assert receipt == "accepted by JSON"
    assert body["title"] == "L4 Maison Lavande: surge of negative mentions"
    assert "412 negative mentions in 5 min" in body["message"]
    assert body["type"] == "failure"


def test_the_short_form_can_be_asked_for() -> None:
    _, body = told(200, format="short", language="fr")
    assert len(body["message"]) <= 300
    assert body["message"].startswith("L4 Maison Lavande")
    assert "412 mentions négatives en 5 min" in body["message"]


def test_a_service_that_takes_little_gets_the_short_form() -> None:
    channel = AppriseChannel()
    service = channel._service("json://127.0.0.1/")
    service.body_maxlen = 160
    sent: list[str] = []

    async def keep(body: str, **_: Any) -> bool:
        sent.append(body)
        return True

    service.async_notify = keep
    asyncio.run(send(channel, a_delivery("json://127.0.0.1/", "apprise")))
    assert sent and len(sent[0]) <= 300


@pytest.mark.parametrize("status", [404, 500])
def test_what_the_service_does_not_take_is_worth_another_try_and_its_address_is_not_told(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"), refuses(Transient, "JSON: not accepted"):
        told(status)
    assert "T0KEN" not in caplog.text


def test_a_service_that_does_not_answer_is_given_up() -> None:
    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    with refuses(Transient, "no answer within 0.2 s"):
        told(slow, timeout="0.2")


@pytest.mark.parametrize("url", ["", "nosuchservice://T0KEN", "not an address", "slack://"])
def test_an_address_that_apprise_does_not_know_is_refused_without_being_told(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"), refuses(Permanent, "not an address that Apprise knows"):
        asyncio.run(send(AppriseChannel(), a_delivery(url, "apprise")))
    assert "T0KEN" not in caplog.text


def test_the_console_prints_who_and_what() -> None:
    stream = io.StringIO()
    assert asyncio.run(send(ConsoleChannel(stream), a_delivery("", "console", a_page("ann")))) == "printed"
    assert "to ann" in stream.getvalue()
    assert "412 negative mentions" in stream.getvalue()


def test_every_type_that_a_policy_may_name_has_an_adapter() -> None:
    assert set(channels()) == set(ChannelType.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", ["text", "short"])
@pytest.mark.parametrize(
    "evil", ["the bank <!channel> <!here|all> <@U123>", "the bank @everyone @here @Channel", "<https://evil.example|the bank>",
             "[the bank](https://evil.example)"],
)  # fmt: skip
def test_what_posts_say_calls_no_room_and_makes_no_link(form: str, evil: str) -> None:

    async def run() -> dict[str, Any]:
        async with Server(200) as server:
            alert = an_alert(
                brand=evil, drivers=[Driver("term", evil, 9, 1.0)], evidence=[f"press:{evil}"], platforms=[evil]
            )
            message = a_message(a_page(), incident=an_incident(brand=evil, alerts=[alert]), why_you=evil)
            target = Target("bob", "en", "c", "apprise", server.url.replace("http://", "json://"), {"format": form})
            await send(AppriseChannel(), Delivery(a_page(), message, target))
            body: dict[str, Any] = json.loads(server.calls[0][2])
            return body

    body = asyncio.run(run())
    said = body["title"] + body["message"]
    assert "the bank" in said, "the words are there"
    assert not [sign for sign in ("<!", "<@", "<http", "](", "@everyone", "@here", "@Channel") if sign in said]
    assert "tocsin incident ack" in said
