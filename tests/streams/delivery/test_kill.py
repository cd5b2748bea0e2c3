"""kill -9 between send and record, fifty times: real processes, a real server, a log on disk."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from schemas.events import Notification
from streams.delivery import Dispatcher, Target
from streams.delivery.channels.webhook import WebhookChannel
from tests.streams.delivery.world import a_message, a_page

KILLS = 50


class Receiver(ThreadingHTTPServer):
    """Notes the key and the body of every call, and says that it has them."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """Answers 200."""

    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.headers["Idempotency-Key"], hashlib.sha256(body).hexdigest()))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The log of the test is enough."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def outcomes(log: Path) -> list[Notification]:
    return [msgspec.json.decode(line, type=Notification) for line in log.read_bytes().splitlines()]


async def live(log: Path, url: str, people: list[str], *, dies: bool) -> None:
    """What a notifier does after it started: send what is decided and has no outcome yet."""
    done = {one.notification_id for one in outcomes(log) if one.outcome != "pending"}

    async def record(notification: Notification) -> None:
        if dies and notification.outcome == "sent":
            os.kill(os.getpid(), signal.SIGKILL)
        with log.open("ab") as file:
            file.write(msgspec.json.encode(notification) + b"\n")
            file.flush()

    dispatcher = Dispatcher(
        {"webhook": WebhookChannel()},
        record=record,
        allowed=lambda _: True,
        clock=lambda: 1_772_745_240_000,
        parallel=1,
    )
    for person in people:
        page = a_page(person)
        if page.notification_id not in done:
            dispatcher.submit(page, a_message(page), Target(person, "en", "hook", "webhook", url))
    await dispatcher.start()
    await dispatcher.idle()
    await dispatcher.stop()


def process(log: Path, url: str, people: list[str], *, dies: bool) -> int:
    """Run `live` in a process of its own; return the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.run(live(log, url, people, dies=dies))
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def test_fifty_kills_between_send_and_record_repeat_one_delivery_each_with_its_key(
    tmp_path: Path, receiver: Receiver
) -> None:
    log, url = tmp_path / "notifications.jsonl", f"http://127.0.0.1:{receiver.server_address[1]}/"
    log.touch()
    people: list[str] = []
    for number in range(KILLS):
        people += [f"p{number}", f"q{number}"]
        assert process(log, url, people, dies=True) == signal.SIGKILL
        if number % 5 == 4:
            assert process(log, url, people, dies=False) == 0
    assert process(log, url, people, dies=False) == 0

    keys = {a_page(person).notification_id for person in people}
    calls = Counter(key for key, _ in receiver.calls)
    repeats = sum(calls.values()) - len(keys)
    print(f"{KILLS} kills, {len(keys)} pages, {repeats} repeats, {len(keys - set(calls))} missing")
    assert set(calls) == keys, "none is missing, none is made up"
    assert repeats <= KILLS, "at most one for each kill"
    assert len(set(receiver.calls)) == len(keys), "a repeat has the same key and the same body"
    sent = Counter(one.notification_id for one in outcomes(log) if one.outcome == "sent")
    assert set(sent) == keys
    assert set(sent.values()) == {1}
