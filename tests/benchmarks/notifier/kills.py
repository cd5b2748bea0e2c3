"""kill -9 of a notifier between the send and the record of it, through real Kafka.

Each round gives a fresh notifier process one alert, whose page goes to one person over webhook or mail. The receiver
kills the process the moment it has the message (in a third of the rounds some milliseconds later); the next notifier
finds what is on `journal` and `notifications`, and goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import random
import signal
import socket
import tempfile
import threading
import time
from collections import Counter
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
from aiosmtpd.controller import Controller
from faust.types import TP
from kafka import KafkaProducer

from schemas import topics
from schemas.events import Notification, encode
from schemas.journal import Delivered, JournalEntry
from streams.agents.context import Context
from streams.agents.notify import NotifyAgent
from streams.engine.producer import Producer
from streams.engine.reader import read_to_end
from streams.policy.load import load_policy
from streams.settings import load
from tests.benchmarks.notifier.latency import event
from tests.system.harness import System

POLICY = """\
people:
  alice: {{language: en, channels: [{{type: webhook, url: "{hook}"}}]}}
  bob: {{language: fr, channels: [{{type: smtp, url: "{mail}", options: {{to: bob@example.org, from: tocsin@example.org, tls: none}}}}]}}
chains:
  web: {{steps: [{{notify: [alice], wait: 1h}}]}}
  mail: {{steps: [{{notify: [bob], wait: 1h}}]}}
routes:
  - {{match: {{severity: L4}}, chain: mail}}
defaults: {{chain: web, last_resort: [alice]}}
"""


class Receiver:
    """A webhook and a mail server on loopback; both kill who sent them something new, when a round is on."""

    def __init__(self, chance: random.Random) -> None:
        self.got: list[tuple[str, str]] = []
        """What tells a message (idempotency key or Message-ID), and a digest of what it says."""
        self.victim = 0
        self.struck = threading.Event()
        self._chance = chance
        receiver = self

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                self.wfile.flush()
                receiver.took(self.headers["Idempotency-Key"], body)

            def log_message(self, *_: Any) -> None:
                pass

        class Mail:
            async def handle_DATA(  # noqa: N802 - the name that aiosmtpd looks for
                self, _server: Any, _session: Any, envelope: Any
            ) -> str:
                mail = message_from_bytes(envelope.content)
                text = b"".join(part.get_payload(decode=True) or b"" for part in mail.walk() if not part.is_multipart())  # type: ignore[misc]
                threading.Timer(0.001, receiver.took, (str(mail["Message-ID"]), text)).start()
                return "250 taken"

        self._web = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=self._web.serve_forever, daemon=True).start()
        self._mail = Controller(Mail(), hostname="127.0.0.1", port=free_port())
        self._mail.start()
        self.hook = f"http://127.0.0.1:{self._web.server_address[1]}/"
        self.mail = f"smtp://127.0.0.1:{self._mail.port}"

    def took(self, name: str, body: bytes) -> None:
        """Note a message; kill the victim for one that was not there before."""
        known = name in [one for one, _ in self.got]
        self.got.append((name, hashlib.sha256(body).hexdigest()))
        if self.victim and not known:
            if self._chance.random() < 1 / 3:
                time.sleep(self._chance.random() * 0.03)
            os.kill(self.victim, signal.SIGKILL)
            self.victim = 0
            self.struck.set()

    def close(self) -> None:
        self._web.shutdown()
        self._web.server_close()
        self._mail.stop()


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def lead(config: str) -> None:
    """Be a notifier, without a consumer group to wait for: take what is on `alerts` behind what the journal took."""
    asyncio.run(_lead(config))


async def _lead(config: str) -> None:
    settings = load(Path(config))
    producer = Producer(settings)
    await producer.start()
    agent = NotifyAgent(Context(settings, producer), load_policy(Path(settings.policy)))
    tp = TP(settings.topic_prefix + topics.ALERTS.name, 0)
    assert agent.hooks.assigned is not None
    position = (await agent.hooks.assigned({tp}))[tp]
    while True:
        async for records in read_to_end(settings, topics.ALERTS.name, 0, position):
            await agent._take(tp, records)
            position = records[-1].offset + 1
        await asyncio.sleep(0.05)


def measure(bootstrap: str, kills: int, seed: int = 1) -> dict[str, Any]:
    """Kill `kills` notifiers; return what was repeated, missing, or repeated under another name."""
    chance = random.Random(seed)
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["tests.benchmarks.notifier.kills"])
    with tempfile.TemporaryDirectory() as folder:
        receiver = Receiver(chance)
        made = System(bootstrap, Path(folder), name=f"kills{time.time_ns()}", clock="live")
        (Path(folder) / "policy.yaml").write_text(POLICY.format(hook=receiver.hook, mail=receiver.mail))
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        try:
            for number in range(kills):
                child = forks.Process(target=lead, args=(str(made.config),), daemon=True)
                child.start()
                # What the last kill cut off has to be settled first: else it is in flight again at this one, too.
                made.wait(lambda done=number: settled(made) == done, timeout=60)
                receiver.struck.clear()
                receiver.victim = child.pid or 0
                alert = event(f"Brand {number}", chance.choice(["L3", "L4"]))
                producer.send(
                    made.settings.topic_prefix + topics.ALERTS.name, encode(alert), alert.fingerprint.encode()
                )
                producer.flush()
                assert receiver.struck.wait(60), "no page came"
                child.join(10)
                assert child.exitcode == -signal.SIGKILL
            last = forks.Process(target=lead, args=(str(made.config),), daemon=True)
            last.start()
            made.wait(lambda: settled(made) == kills, timeout=60)
            last.kill()
            last.join(10)
            return account(made, receiver, kills)
        finally:
            producer.close()
            receiver.close()
            made.close()


def settled(made: System) -> int:
    """Return how many deliveries the journal knows as sent."""
    entries = [msgspec.json.decode(record.value, type=JournalEntry) for record in made.read(topics.JOURNAL)]
    ends = [one for one in entries if isinstance(one, Delivered) and one.notification.outcome == "sent"]
    return len({one.notification.notification_id for one in ends})


def account(made: System, receiver: Receiver, kills: int) -> dict[str, Any]:
    """Return the figures."""
    notes: list[Notification] = made.notifications()
    planned = {note.notification_id for note in notes}
    arrived = Counter(name.strip("<>").partition("@")[0] for name, _ in receiver.got)
    sent = Counter(note.notification_id for note in notes if note.outcome == "sent")
    return {
        "kills": kills,
        "deliveries": len(planned),
        "by_mail": len({note.notification_id for note in notes if note.person == "bob"}),
        "repeats": sum(arrived.values()) - len(arrived),
        "most_for_one": max(arrived.values(), default=0),
        "missing": len(planned - set(arrived)) + kills - len(planned),
        "under_another_key": len(set(arrived) - planned),
        "with_another_text": len(set(receiver.got)) - len(arrived),
        "recorded_twice": sum(count > 1 for count in sent.values()),
        "not_recorded": len(planned - set(sent)),
    }
