"""The people, the incident and the clock of the delivery tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import msgspec
import pytest
from aiohttp import web

from schemas.events import Alert, Authenticity, Baseline, Driver, Incident, Interval, Notification, Severity, Vote
from schemas.ids import alert_id, fingerprint, incident_id, notification_id
from schemas.times import to_ms
from streams.delivery import Delivery, Dispatcher, SendError, Target
from streams.incidents.effects import MessageContext
from streams.messages import Message, render

ONSET = datetime(2026, 3, 5, 21, 10, tzinfo=UTC)
BRAND = "Maison Lavande"


def an_alert(**changes: Any) -> Alert:
    """A defective product: 412 angry mentions in five minutes where six were usual."""
    print_ = fingerprint(BRAND, "negative_spike")
    alert = Alert(
        alert_id=alert_id(print_, to_ms(ONSET)),
        fingerprint=print_,
        sequence=1,
        status="firing",
        signal="negative_spike",
        severity="L4",
        brand=BRAND,
        starts_at=ONSET,
        detected_at=ONSET + timedelta(minutes=4),
        platforms=["x", "bluesky"],
        window_seconds=300,
        observed=412.0,
        expected=6.2,
        interval=Interval(0.0, 14.0),
        score=9.1,
        sample_size=498,
        baseline=Baseline(span_seconds=14 * 86_400, n=20_000, warm=True),
        votes=[Vote("poisson", 9.1, fired=True), Vote("drift", 3.0, fired=True), Vote("share", 1.0, fired=False)],
        severity_terms={"size": 2.1, "negativity": 1.3, "reach": 0.8},
        authenticity=Authenticity(0.12, 380, 0.01, 0.03),
        drivers=[
            Driver("term", "brûlure", 210, 9.0),
            Driver("hashtag", "#rappel", 99, 5.0),
            Driver("author_kind", "media", 3, 2.0),
        ],
        evidence=["x:1897000000000000001", "bluesky:at://did:plc:abc/app.bsky.feed.post/3k", "press:article-7"],
        negative_share=0.72,
        reach=1_200_000,
        doubling_seconds=180.0,
        trigger="product",
    )
    return msgspec.structs.replace(alert, **changes)


def an_incident(**changes: Any) -> Incident:
    """The incident of `an_alert`, open."""
    alert = an_alert()
    incident = Incident(
        incident_id=incident_id(BRAND, alert.alert_id),
        brand=BRAND,
        state="open",
        severity="L4",
        version=3,
        opened_at=ONSET,
        updated_at=ONSET + timedelta(minutes=9),
        alerts=[alert],
        trigger="product",
    )
    return msgspec.structs.replace(incident, **changes)


def a_page(
    person: str = "bob", channel: str = "hook", severity: Severity = "L4", step: str = "night[0]", **changes: Any
) -> Notification:
    """A planned page; `person`, `channel` and `step` make its key."""
    incident = an_incident()
    page = Notification(
        notification_id=notification_id(incident.incident_id, step, 0, person, channel),
        incident_id=incident.incident_id,
        brand=BRAND,
        severity=severity,
        step=step,
        round=0,
        person=person,
        channel=channel,
        outcome="pending",
        at=ONSET + timedelta(minutes=4),
    )
    return msgspec.structs.replace(page, **changes)


def a_message(notification: Notification | None = None, language: str = "en", **context: Any) -> Message:
    """The message of a page, rendered for real."""
    incident = context.pop("incident", None) or an_incident()
    given = MessageContext(incident=incident, alert=an_alert(), language=language, **context)  # type: ignore[arg-type]
    return render(notification or a_page(), given)


def a_delivery(url: str, type_: str, notification: Notification | None = None, **options: str) -> Delivery:
    """A page on its way to `url`."""
    page = notification or a_page()
    language = options.pop("language", "en")
    target = Target(page.person, language, page.channel, type_, url, options)
    return Delivery(page, a_message(page, language), target)


class Clock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = to_ms(ONSET) + 240_000
        self.slept: list[float] = []

    def __call__(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self.slept.append(seconds)
        self.now += round(seconds * 1_000)
        await asyncio.sleep(0)


class Records:
    """The topic `notifications`."""

    def __init__(self) -> None:
        self.all: list[Notification] = []

    async def __call__(self, notification: Notification) -> None:
        await asyncio.sleep(0)
        self.all.append(notification)

    def outcomes(self, person: str | None = None) -> list[str]:
        """What was recorded, in order."""
        return [one.outcome for one in self.all if person in {None, one.person}]


class Scripted:
    """A channel that answers as it is told: a receipt, or an error; the last answer is repeated."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers) or ["taken"]
        self.sent: list[Delivery] = []
        self.closed = False

    async def send(self, delivery: Delivery) -> str:
        self.sent.append(delivery)
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed = True


def a_dispatcher(channel: Any, records: Records, clock: Clock, **changes: Any) -> Dispatcher:
    """A dispatcher whose only channel type is `hook`, on a clock of its own."""
    given: dict[str, Any] = {"allowed": lambda _: True, "clock": clock, "sleep": clock.sleep, "chance": lambda: 1.0}
    return Dispatcher({"hook": channel}, record=records, **(given | changes))


def to(person: str = "bob", channel: str = "hook") -> Target:
    """A target of the type `hook`."""
    return Target(person, "en", channel, "hook")


def deliver(channel: Any, *pages: Notification, **changes: Any) -> tuple[Records, Clock]:
    """Submit `pages` and wait until all is done."""
    records, clock = Records(), Clock()

    async def run() -> None:
        dispatcher = a_dispatcher(channel, records, clock, **changes)
        for page in pages:
            dispatcher.submit(page, a_message(page), to(page.person, page.channel))
        await dispatcher.start()
        try:
            await dispatcher.idle()
        finally:
            await dispatcher.stop()

    asyncio.run(asyncio.wait_for(run(), 20))
    return records, clock


class Server:
    """A web server on loopback that answers as it is told, and keeps what it was sent."""

    def __init__(self, *answers: int | Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self.answers = list(answers) or [200]
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append((request.path_qs, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=answer, text="{}") if isinstance(answer, int) else await answer(request)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


async def send(channel: Any, delivery: Delivery) -> str:
    """Send once over `channel` and close it."""
    try:
        receipt: str = await channel.send(delivery)
        return receipt
    finally:
        await channel.close()


@contextmanager
def refuses(kind: type[SendError], words: str) -> Iterator[None]:
    """The block raises `kind` and its reason is `words`."""
    with pytest.raises(SendError) as refused:
        yield
    error = refused.value
    assert type(error) is kind, f"{type(error).__name__}: {error.reason}"
    assert words in error.reason
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__, "the cause would be printed with its address"
