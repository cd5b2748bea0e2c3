"""The demo: an embedded broker, the worker, a generated story, real deliveries to servers of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from deploy.broker import EmbeddedBroker
from schemas import topics
from schemas.events import Alert, Command, Incident, Notification, encode
from schemas.mention import Tick
from schemas.times import HOUR, MINUTE
from streams import topics_admin
from streams.app import Assembly, assemble
from streams.demo.screen import Screen
from streams.demo.sinks import HookSink, MailSink
from streams.demo.story import CRISIS, JOKE, START, Scene, cast, story
from streams.engine.reader import reading
from streams.engine.records import Write
from streams.publish import publish
from streams.replay_plan import Item, plan, records_of
from streams.settings import Settings, load
from streams.web.server import WebServer

HERE: Final = Path(__file__).parent
IN_CHARGE: Final = "hugo"
"""Who acknowledges in the story: the second of the chain, so that one sees it escalate."""
PACES: Final[tuple[tuple[int, float | None], ...]] = (
    (START + JOKE - 10 * MINUTE, None),
    (START + JOKE + 2 * HOUR, 1_200.0),
    (START + CRISIS - 5 * MINUTE, None),
    (START + CRISIS + 80 * MINUTE, 150.0),
    (START + 1_000 * HOUR, 1_500.0),
)
"""Up to when (epoch ms) the story is told how fast (seconds of the story a second; None: as fast as it goes)."""
GIVE_UP: Final = 120.0
"""Seconds to wait for the all-clear after the last record."""


async def run(*, leave: bool, seed: int, screen: Screen | None = None) -> int:
    """Tell the story; with `leave` end by itself. Returns 0 when it reached page, escalation and all-clear."""
    screen = screen or Screen()
    screen.say("[bold]Tocsin[/bold] · a crisis from the first tweet to the all-clear, on an embedded broker")
    with EmbeddedBroker() as broker:
        mails, hooks = MailSink(screen.mail), HookSink(screen.hook)
        await mails.start()
        await hooks.start()
        os.environ |= {
            "TOCSIN_DEMO_SMTP_PORT": str(mails.port),
            "TOCSIN_DEMO_HOOK_PORT": str(hooks.port),
            "TOCSIN_BROKER": broker.bootstrap,
        }
        settings = load(HERE / "tocsin.yaml")
        await asyncio.to_thread(topics_admin.create, settings)
        assembly = await assemble(settings)
        web = WebServer(assembly)
        if assembly.notify is not None:
            assembly.notify.minutes = web.minutes
        try:
            await web.start()
            screen.say(f"broker at {broker.bootstrap} · the page: [link={web.url}]{web.url}[/link]")
            await assembly.start()
            return await _tell(screen, settings, assembly, web.url, leave=leave, seed=seed)
        finally:
            await assembly.stop()
            await web.stop()
            await mails.stop()
            await hooks.stop()


async def _tell(screen: Screen, settings: Settings, assembly: Assembly, url: str, *, leave: bool, seed: int) -> int:
    watcher = _Watcher(screen, settings, assembly)
    watching = asyncio.create_task(watcher.follow())
    items = list(plan(records_of(story(seed))))
    sent = 0
    scenes = cast()
    for part, speed in _parts(items):
        before = sent
        sent += await publish(
            settings,
            assembly.context.producer,
            part,
            speed=speed,
            progress=_shown(screen, before, scenes),
        )
        if speed is None:
            await watcher.caught_up(_time(part[-1]))
    deadline = time.monotonic() + GIVE_UP
    while not watcher.over() and time.monotonic() < deadline:  # noqa: ASYNC110 - polled, to stay readable
        await asyncio.sleep(0.2)
    good = watcher.over()
    screen.console.rule()
    first = (
        f"first page {screen.first_page:.0f} s after the start" if screen.first_page is not None else "nobody was paged"
    )
    screen.say(f"{'[green]the story is told[/]' if good else '[red]the story did not end as it should[/]'}: {first}; "
               f"{watcher.alerts} alert events, {watcher.pages} pages, {watcher.clear} all-clears; "
               f"escalated: {'yes' if watcher.escalated else 'no'}; the page: {url}")  # fmt: skip
    if not leave:
        screen.say("it stays up for you to look at; Ctrl-C ends it")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return 0 if good else 1


def _shown(screen: Screen, before: int, scenes: list[Scene]) -> Callable[[int, int], None]:
    """Return what is called while a part is sent: it announces those of `scenes` whose time has come, and takes them off."""

    def shown(sent: int, at: int) -> None:
        while scenes and scenes[0].at <= at:
            screen.scene(scenes.pop(0))
        screen.rate(at, before + sent)

    return shown


def _time(item: Item) -> int:
    return item.at if isinstance(item, Tick) else item.time


def _parts(items: Iterable[Item]) -> Iterator[tuple[list[Item], float | None]]:
    paces = iter(PACES)
    until, speed = next(paces)
    part: list[Item] = []
    for item in items:
        while _time(item) >= until:
            if part:
                yield part, speed
            part = []
            until, speed = next(paces)
        part.append(item)
    if part:
        yield part, speed


class _Watcher:
    """Reads alerts, notifications and incidents as any consumer downstream would, and acknowledges when the time comes."""

    def __init__(self, screen: Screen, settings: Settings, assembly: Assembly) -> None:
        self._screen = screen
        self._settings = settings
        self._assembly = assembly
        self._incidents: dict[str, Incident] = {}
        self.alerts = self.pages = self.clear = 0
        self.escalated = False
        self._acked: set[str] = set()
        self._clock = 0

    def over(self) -> bool:
        """Tell whether there was a page, an escalation, an acknowledgement and an all-clear, and nothing is live."""
        live = [i for i in self._incidents.values() if i.state in ("open", "acknowledged", "responding", "stable")]
        return bool(self.pages and self.escalated and self._acked and self.clear and not live)

    async def caught_up(self, at: int) -> None:
        """Wait until the notifier's clock has come to `at`."""
        deadline = time.monotonic() + 60
        while self._clock < at - 5 * MINUTE and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    async def follow(self) -> None:
        """Show what comes."""
        async with reading(self._settings) as reader:
            names = (topics.ALERTS, topics.NOTIFICATIONS, topics.INCIDENTS)
            from aiokafka import TopicPartition

            tps = {TopicPartition(self._settings.topic_prefix + topic.name, 0): topic for topic in names}
            reader.assign(list(tps))
            await reader.seek_to_beginning()
            while True:
                for tp, records in (await reader.getmany(timeout_ms=200)).items():
                    for record in records:
                        await self._show(tps[tp], record)

    async def _show(self, topic: topics.Topic, record: Any) -> None:
        if topic is topics.ALERTS:
            if record.key.startswith(b"#tick"):
                self._clock = max(self._clock, msgspec.json.decode(record.value)["at"])
                return
            self.alerts += 1
            self._screen.alert(msgspec.json.decode(record.value, type=Alert))
        elif topic is topics.NOTIFICATIONS:
            await self._notified(msgspec.json.decode(record.value, type=Notification))
        else:
            incident = msgspec.json.decode(record.value, type=Incident)
            self._screen.incident(self._incidents.get(incident.incident_id), incident)
            self._incidents[incident.incident_id] = incident

    async def _notified(self, n: Notification) -> None:
        self._screen.notification(n)
        if n.outcome != "sent":
            return
        self.pages += n.purpose == "page"
        self.clear += n.purpose == "all_clear"
        if n.purpose == "page" and n.person == IN_CHARGE:
            self.escalated = True
        if n.purpose == "page" and n.person in (IN_CHARGE, "sam") and n.incident_id not in self._acked:
            self._acked.add(n.incident_id)
            await self._acknowledge(n)

    async def _acknowledge(self, n: Notification) -> None:
        self._screen.say(
            f"{'':13} {n.person} answers: tocsin incident ack {n.incident_id[:8]} --as {n.person}", "bold green"
        )
        command = Command(
            str(uuid.uuid4()), "ack", n.person, incident_id=n.incident_id, brand=n.brand, note="I take charge",
            issued_at=datetime.now(UTC), via="cli",
        )  # fmt: skip
        await self._assembly.context.producer.send(
            [Write(topics.COMMANDS.name, n.incident_id.encode(), encode(command))]
        )
