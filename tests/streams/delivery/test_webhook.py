"""The JSON webhook against a real server: signed, repeatable, and clear about what failed."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from aiohttp import web

from streams.delivery import Permanent, Transient
from streams.delivery.channels.signature import HEADER, sign, verify
from streams.delivery.channels.webhook import WebhookChannel
from tests.streams.delivery.world import (
    Clock,
    Records,
    Server,
    a_delivery,
    a_dispatcher,
    a_message,
    a_page,
    refuses,
    send,
)

SECRET = b"a-secret-of-the-receiver"
NOW = 1_772_745_240


def hook() -> WebhookChannel:
    return WebhookChannel(seconds=lambda: NOW)


def call(*answers: Any, **options: str) -> tuple[str, Server]:
    async def run() -> tuple[str, Server]:
        async with Server(*answers) as server:
            return await send(hook(), a_delivery(f"{server.url}/in?k=1", "webhook", None, **options)), server

    return asyncio.run(run())


def test_a_call_carries_facts_words_key_and_a_signature_that_the_receiver_can_check() -> None:
    receipt, server = call(200, secret=SECRET.decode(), language="fr", **{"header.Authorization": "Bearer abc"})
    path, headers, body = server.calls[0]
    assert receipt == "HTTP 200"
    assert path == "/in?k=1"
    assert headers["idempotency-key"] == a_page().notification_id
    assert headers["authorization"] == "Bearer abc"
    assert verify(headers[HEADER.lower()], body, [SECRET], NOW + 10)
    told = json.loads(body)
    assert told["schema"] == 1
    assert told["notification"]["person"] == "bob"
    assert told["incident"]["severity"] == "L4"
    assert "alerts" not in told["incident"]
    assert told["alert"]["observed"] == 412.0
    assert told["message"]["language"] == "fr"
    assert "mentions négatives" in told["message"]["text"]


@pytest.mark.parametrize(
    "change",
    [
        lambda header, body: (header, body + b" "),
        lambda header, body: (header.replace(str(NOW), str(NOW + 1)), body),
        lambda header, body: (header[:-1] + ("0" if header[-1] != "0" else "1"), body),
        lambda header, body: (f"t={NOW}", body),
        lambda header, body: (f"t={NOW},v1=é", body),
        lambda header, body: ("", body),
        lambda header, body: ("t=١٢,v1=00", body),
    ],
)
def test_a_signature_does_not_fit_anything_else(change: Any) -> None:
    header, body = change(sign(SECRET, b"{}", NOW), b"{}")
    assert not verify(header, body, [SECRET], NOW)


def test_an_old_signature_is_refused_and_a_secret_can_be_changed() -> None:
    header = sign(SECRET, b"{}", NOW)
    assert verify(header, b"{}", [b"the-new-one", SECRET], NOW + 300)
    assert not verify(header, b"{}", [SECRET], NOW + 301)
    assert not verify(header, b"{}", [b"the-new-one"], NOW)


def test_the_first_of_two_secrets_signs() -> None:
    _, server = call(200, secret="new-secret old-secret")
    _, headers, body = server.calls[0]
    assert verify(headers[HEADER.lower()], body, [b"new-secret"], NOW)


def test_the_receivers_own_id_is_in_the_receipt() -> None:
    async def created(_: web.Request) -> web.Response:
        return web.json_response({"id": "TCK-42"}, status=201)

    assert call(created)[0] == "HTTP 201, id TCK-42"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_worth_another_try(status: int) -> None:
    with refuses(Transient, f"answered {status}"):
        call(status)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_what_will_not_pass_is_not(status: int) -> None:
    with refuses(Permanent, f"answered {status}"):
        call(status)


def test_redirects_are_not_followed() -> None:
    async def elsewhere(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "http://127.0.0.1:1/"})

    with refuses(Permanent, "redirects are not followed"):
        call(elsewhere)


def test_retry_after_is_heard_up_to_a_bound() -> None:
    def busy(seconds: str) -> Any:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(status=429, headers={"Retry-After": seconds})

        return answer

    for said, heard in (("7", 7.0), ("86400", 30.0), ("Fri, 06 Mar 2026 00:00:00 GMT", None)):
        with pytest.raises(Transient) as refused:
            call(busy(said))
        assert refused.value.retry_after == heard


def test_a_slow_server_is_given_up_after_the_time_out() -> None:
    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    with refuses(Transient, "no answer within 0.2 s"):
        call(slow, timeout="0.2")


def test_a_receiver_that_said_yes_and_then_drips_or_breaks_off_has_taken_it() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1_000
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        request.transport.abort()
        return response

    assert call(drip, timeout="0.3")[0] == "HTTP 200"
    assert call(broken)[0] == "HTTP 200"


def test_a_huge_answer_is_not_read_to_its_end() -> None:
    async def huge(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 50_000_000)

    assert call(huge)[0] == "HTTP 200"


def test_a_connection_that_is_cut_is_worth_another_try() -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    with refuses(Transient, "connection failed"):
        call(cut)


def test_nobody_listening_is_said_in_words() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with refuses(Transient, "connection refused"):
        asyncio.run(send(hook(), a_delivery(f"http://127.0.0.1:{port}/T0KEN", "webhook")))


def test_a_name_that_does_not_exist_is_said_in_words() -> None:
    with refuses(Transient, "name not found"):
        asyncio.run(send(hook(), a_delivery("http://tocsin.invalid/T0KEN", "webhook")))


@pytest.mark.parametrize("url", ["", "T0KEN", "ftp://host/T0KEN", "http://", "http://host:port/T0KEN"])
def test_an_address_that_is_none_is_refused_without_being_told(url: str) -> None:
    with refuses(Permanent, "not a valid http(s) address"):
        asyncio.run(send(hook(), a_delivery(url, "webhook")))


@pytest.mark.parametrize("timeout", ["soon", "0", "-1", "600", "nan"])
def test_a_time_out_that_is_none_is_refused(timeout: str) -> None:
    with refuses(Permanent, "option timeout"):
        call(200, timeout=timeout)


def test_500_then_200_gives_one_sent_record_and_two_calls_with_one_key() -> None:
    records = Records()

    async def run() -> Server:
        async with Server(500, 200) as server:
            clock = Clock()
            dispatcher = a_dispatcher(hook(), records, clock)
            delivery = a_delivery(server.url, "hook", secret=SECRET.decode())
            await dispatcher.start()
            dispatcher.submit(delivery.notification, delivery.message, delivery.target)
            await dispatcher.idle()
            await dispatcher.stop()
            return server

    server = asyncio.run(run())
    assert records.outcomes() == ["pending", "pending", "sent"]
    assert [headers["idempotency-key"] for _, headers, _ in server.calls] == [a_page().notification_id] * 2
    assert server.calls[0][2] == server.calls[1][2], "the same bytes"


def test_a_crash_between_200_and_record_repeats_the_call_with_the_same_key_and_body() -> None:
    async def run() -> Server:
        async with Server(200) as server:
            for crash in (True, False):
                records = Records()

                async def record(notification: Any, records: Records = records, crash: bool = crash) -> None:
                    if crash and notification.outcome == "sent":
                        raise ConnectionError
                    await records(notification)

                dispatcher = a_dispatcher(hook(), record, Clock())  # type: ignore[arg-type]
                await dispatcher.start()
                page = a_page()
                delivery = a_delivery(server.url, "hook", page)
                dispatcher.submit(page, a_message(page), delivery.target)
                if crash:
                    with pytest.raises(ConnectionError):
                        await asyncio.wait_for(dispatcher.failed(), 5)
                else:
                    await dispatcher.idle()
                    assert records.outcomes() == ["pending", "sent"]
                await dispatcher.stop()
            return server

    server = asyncio.run(run())
    assert len(server.calls) == 2
    assert server.calls[0][1]["idempotency-key"] == server.calls[1][1]["idempotency-key"]
    assert server.calls[0][2] == server.calls[1][2]
