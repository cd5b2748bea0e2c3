"""PagerDuty's Events API v2, against a local server that checks what the published API asks for."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from streams.delivery import Delivery, Permanent, Target, Transient
from streams.delivery.channels.pagerduty import PagerDutyChannel, event
from tests.streams.delivery.world import Server, a_delivery, a_message, a_page, an_incident, refuses, send

KEY = "R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY00"


async def enqueue(request: web.Request) -> web.Response:
    """What developer.pagerduty.com says of POST /v2/enqueue: required fields, limits and answers."""
    found = json.loads(await request.read())
    wrong = [name for name in ("routing_key", "event_action") if not found.get(name)]
    if found.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
        wrong.append("event_action")
    if found.get("event_action") == "trigger":
        payload = found.get("payload", {})
        wrong += [name for name in ("summary", "source", "severity") if not payload.get(name)]
        if (
            payload.get("severity") not in {"critical", "error", "warning", "info"}
            or len(payload.get("summary", "")) > 1024
        ):
            wrong.append("payload")
    elif not found.get("dedup_key"):
        wrong.append("dedup_key")
    if len(found.get("dedup_key", "")) > 255 or len(found["routing_key"]) != 32:
        wrong.append("key")
    if wrong:
        return web.json_response(
            {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}, status=400
        )
    return web.json_response(
        {"status": "success", "message": "Event processed", "dedup_key": found["dedup_key"]}, status=202
    )


def enqueued(delivery_of: Any) -> tuple[str, dict[str, Any]]:
    async def run() -> tuple[str, dict[str, Any]]:
        async with Server(enqueue) as server:
            receipt = await send(PagerDutyChannel("https://t.example.org"), delivery_of(server.url))
            return receipt, json.loads(server.calls[0][2])

    return asyncio.run(run())


def test_a_page_triggers_under_the_incidents_id() -> None:
    receipt, body = enqueued(lambda url: a_delivery(f"{url}/v2/enqueue", "pagerduty", routing_key=KEY))
    assert receipt == f"success, dedup_key {an_incident().incident_id}"
    assert body["event_action"] == "trigger"
    assert body["payload"]["severity"] == "critical"
    assert body["payload"]["source"] == "Maison Lavande"
    assert body["client_url"] == "https://t.example.org"


def test_an_all_clear_resolves_and_an_acknowledged_update_acknowledges() -> None:
    def of(purpose: str, state: str) -> Any:
        page = a_page(purpose=purpose)
        message = a_message(page, incident=an_incident(state=state, acknowledged_by=["ann"]))
        return lambda url: Delivery(page, message, Target("bob", "en", "pd", "pagerduty", url, {"routing_key": KEY}))

    assert enqueued(of("all_clear", "resolved"))[1]["event_action"] == "resolve"
    assert enqueued(of("update", "acknowledged"))[1]["event_action"] == "acknowledge"
    assert enqueued(of("update", "dismissed"))[1]["event_action"] == "resolve"
    assert enqueued(of("update", "open"))[1]["event_action"] == "trigger"


def test_a_routing_key_keeps_its_capitals_in_the_address() -> None:
    async def run() -> None:
        from streams.delivery.channels import pagerduty

        assert pagerduty._address(Target("b", "en", "pd", "pagerduty", f"pagerduty://{KEY}")) == (
            pagerduty.ENQUEUE,
            KEY,
        )

    asyncio.run(run())


def test_a_key_that_is_refused_fails_and_is_not_told() -> None:
    with refuses(Permanent, "answered 400"):
        enqueued(lambda url: a_delivery(url, "pagerduty", routing_key="short"))


def test_a_channel_without_key_says_what_it_needs() -> None:
    with refuses(Permanent, "needs pagerduty://ROUTING_KEY"):
        enqueued(lambda url: a_delivery(url, "pagerduty"))


def test_too_many_requests_are_worth_another_try() -> None:
    async def run() -> None:
        async with Server(429) as server:
            await send(PagerDutyChannel(), a_delivery(server.url, "pagerduty", routing_key=KEY))

    with refuses(Transient, "answered 429"):
        asyncio.run(run())


def test_a_long_summary_is_cut_to_what_pagerduty_takes() -> None:
    delivery = a_delivery("", "pagerduty")
    long = Delivery(delivery.notification, a_message(), delivery.target)
    object.__setattr__(long.message, "subject", "x" * 5_000)
    assert len(event(long, KEY)["payload"]["summary"]) == 1_024
