"""Workers as processes on a real broker, a replay into them, and what came out: for tests and for chaos runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaConsumer, KafkaProducer

from schemas import topics
from schemas.events import Alert, Incident, Notification
from schemas.mention import Tick
from schemas.times import to_ms
from streams import consoles, topics_admin
from streams.engine.guard import EXIT_STALLED
from streams.engine.producer import Producer
from streams.engine.records import Write
from streams.publish import publish
from streams.replay_plan import Item
from streams.settings import Settings, load
from streams.watch import checkpoints
from streams.watch.state import PartitionRecord, Tally

ROOT = Path(__file__).resolve().parents[2]

POLICY = """\
people:
  alice: {{language: en, channels: [{{type: webhook, url: "{hook}/alice"}}]}}
  bob: {{language: fr, channels: [{{type: webhook, url: "{hook}/bob"}}]}}
chains:
  night:
    steps:
      - {{notify: [alice], wait: {wait}}}
      - {{notify: [bob], wait: {wait}}}
    repeat: 0
defaults: {{chain: night, last_resort: [bob]}}
digests:
  - {{notify: [alice], at: ["08:30"], up_to: L1}}
"""


class Hook:
    """A webhook receiver on loopback that keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[float, str, str, dict[str, Any]]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.got.append((time.time(), self.path, self.headers.get("Idempotency-Key", ""), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = (
                256  # with the usual 5 a burst of connections is dropped, and comes again a second later
            )

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def people(self) -> list[str]:
        return [path.strip("/") for _, path, _, _ in self.got]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _skewed(clock: str) -> dict[str, str]:
    """Return the environment in which a process sees a wall clock that is off by `clock` (libfaketime's notation).

    Not by the command `faketime` itself: it would stand between us and the worker, and a signal would end it alone. Only the
    wall clock is skewed: time-outs and pauses last as long as they say.
    """
    said = subprocess.run(["faketime", "-f", clock, "env"], check=True, capture_output=True, text=True).stdout
    (library,) = (line for line in said.splitlines() if line.startswith("LD_PRELOAD="))
    return {"LD_PRELOAD": library.partition("=")[2], "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class Worker:
    """One `tocsin worker` process."""

    def __init__(self, config: Path, log: Path, *options: str, clock: str | None = None) -> None:
        self.log = log
        environment = os.environ | (_skewed(clock) if clock else {})
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streams", "worker", "-v", "--config", str(config), "--port", "0", *options],
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True, cwd=ROOT, env=environment,
            )  # fmt: skip

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def term(self, timeout: float = 15) -> int:
        self.process.terminate()
        return self.process.wait(timeout)

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait_ready(self, timeout: float = 40) -> None:
        self.wait_for("page and metrics at", timeout)

    def wait_for(self, text: str, timeout: float = 40) -> None:
        deadline = time.monotonic() + timeout
        while text not in self.log.read_text(errors="replace"):
            assert self.running, f"the worker ended:\n{self.log.read_text(errors='replace')[-3000:]}"
            assert time.monotonic() < deadline, f"no {text!r}:\n{self.log.read_text(errors='replace')[-3000:]}"
            time.sleep(0.05)

    def url(self) -> str:
        text = self.log.read_text(errors="replace")
        return text[text.rindex("page and metrics at ") + len("page and metrics at ") :].split()[0].rstrip("/")


class System:
    """Topics of its own on a broker, a configuration, and workers."""

    def __init__(self, bootstrap: str, folder: Path, *, name: str, brands: Iterable[str] = (), clock: str = "replay",
                 partitions: int = 2, wait: str = "10m", embedded: bool = False, extra: dict[str, Any] | None = None) -> None:  # fmt: skip
        self.folder = folder
        self.hook = Hook()
        (folder / "policy.yaml").write_text(POLICY.format(hook=self.hook.url, wait=wait))
        config: dict[str, Any] = {
            "broker": {"bootstrap": bootstrap, "embedded": embedded},
            "clock": clock,
            "topic_prefix": f"{name}.",
            "partitions": {"mentions": partitions, "scored": partitions},
            "brands": [{"name": brand} for brand in brands],
            "engine": {"group": name, "session_timeout": 6, "checkpoint_interval": 0.5, "max_poll_records": 400},
            **(extra or {}),
        }
        self.config = folder / "tocsin.yaml"
        self.config.write_text(json.dumps(config))
        self.settings: Settings = load(self.config)
        self.workers: list[Worker] = []
        topics_admin.create(self.settings)

    def worker(self, *options: str, clock: str | None = None) -> Worker:
        worker = Worker(self.config, self.folder / f"worker{len(self.workers)}.log", *options, clock=clock)
        self.workers.append(worker)
        return worker

    def send(self, writes: list[Write]) -> None:
        """Append records as our own commands do."""
        consoles.write_all(self.settings, writes)

    def publish(self, items: list[Item], speed: float | None = None) -> int:
        async def send() -> int:
            producer = Producer(self.settings)
            await producer.start()
            try:
                return await publish(self.settings, producer, items, speed=speed)
            finally:
                await producer.stop()

        return asyncio.run(send())

    @contextlib.contextmanager
    def publishing(self, items: list[Item], speed: float | None = None) -> Iterator[threading.Thread]:
        thread = threading.Thread(target=self.publish, args=(items, speed))
        thread.start()
        try:
            yield thread
        finally:
            thread.join()

    def produce(self, topic: topics.Topic, key: bytes | None, value: bytes | None, **options: Any) -> None:
        producer = KafkaProducer(bootstrap_servers=self.settings.broker.bootstrap, **options)
        producer.send(self.settings.topic_prefix + topic.name, value, key).get(20)
        producer.close()

    def read(self, topic: topics.Topic, seconds: float = 20) -> list[Any]:
        """Read a topic as a consumer downstream does: kafka-python, from its beginning to its present end."""
        from kafka import TopicPartition

        consumer = KafkaConsumer(bootstrap_servers=self.settings.broker.bootstrap, auto_offset_reset="earliest",
                                 enable_auto_commit=False, group_id=None)  # fmt: skip
        try:
            name = self.settings.topic_prefix + topic.name
            tps = [TopicPartition(name, p) for p in range(topics_admin.partitions_of(topic, self.settings))]
            consumer.assign(tps)
            ends = consumer.end_offsets(tps)
            consumer.seek_to_beginning(*tps)
            found: list[Any] = []
            deadline = time.monotonic() + seconds
            while any(consumer.position(tp) < ends[tp] for tp in tps) and time.monotonic() < deadline:
                for records in consumer.poll(timeout_ms=200).values():
                    found += records
            return found
        finally:
            consumer.close()

    def alerts(self) -> list[Alert]:
        """Return the alerts, each event once."""
        found: dict[tuple[str, int], Alert] = {}
        for record in self.read(topics.ALERTS):
            if not record.key.startswith(b"#tick"):
                alert = msgspec.json.decode(record.value, type=Alert)
                found.setdefault((alert.alert_id, alert.sequence), alert)
        return sorted(found.values(), key=lambda a: (a.detected_at, a.alert_id, a.sequence))

    def notifications(self) -> list[Notification]:
        return [msgspec.json.decode(record.value, type=Notification) for record in self.read(topics.NOTIFICATIONS)]

    def incidents(self) -> dict[str, Incident]:
        found = [msgspec.json.decode(record.value, type=Incident) for record in self.read(topics.INCIDENTS)]
        return {incident.incident_id: incident for incident in found}

    def checkpoint(self) -> tuple[list[PartitionRecord], Tally]:
        """Return the partitions' last whole checkpoints and the account of all of them."""
        by_partition: dict[int, dict[bytes, bytes]] = {}
        for record in self.read(topics.CHECKPOINTS):
            mine = by_partition.setdefault(record.partition, {})
            if record.value is None:
                mine.pop(record.key, None)
            else:
                mine[record.key] = record.value
        total, partitions = Tally(), []
        for mine in by_partition.values():
            found = checkpoints.choose(mine)
            if found is None:
                continue
            partitions.append(found.partition)
            for part in [s.tally for s in found.partition.sources] + [b.tally for b in found.brands]:
                for name in Tally.__struct_fields__:
                    setattr(total, name, getattr(total, name) + getattr(part, name))
        return partitions, total

    @property
    def stalled(self) -> list[Worker]:
        """Return the workers that the watchdog has ended."""
        return [worker for worker in self.workers if worker.process.poll() == EXIT_STALLED]

    def wait_done(self, items: list[Item], timeout: float = 120, *, supervised: bool = False) -> Tally:
        """Wait until every partition's checkpoint has come to the last tick; return the account.

        Where it is `supervised` another worker is started when the watchdog has ended the last one, as a supervisor does.
        """
        last = max(item.at for item in items if isinstance(item, Tick))
        deadline = time.monotonic() + timeout
        while True:
            partitions, tally = self.checkpoint()
            if len(partitions) == self.settings.partitions.scored and all(p.clock >= last for p in partitions):
                return tally
            assert time.monotonic() < deadline, (
                f"clocks {[p.clock for p in partitions]} have not come to {last}; {self.logs()}"
            )
            if supervised and self.stalled and not any(worker.running for worker in self.workers):
                self.worker()
            assert not self.workers or any(worker.running for worker in self.workers), f"no worker runs; {self.logs()}"
            time.sleep(0.3)

    def wait(self, condition: Any, timeout: float = 30) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"it did not come; {self.logs()}"
            time.sleep(0.1)

    def logs(self) -> str:
        return "\n".join(f"--- {w.log.name}\n{w.log.read_text(errors='replace')[-1500:]}" for w in self.workers)

    def close(self) -> None:
        for worker in self.workers:
            if worker.running:
                worker.thaw()
                worker.kill()
        self.hook.close()


def onsets(alerts: Iterable[Alert]) -> dict[str, tuple[Any, ...]]:
    """Return what must agree between any two runs: per alert the onset, the highest severity and the end."""
    out: dict[str, tuple[Any, ...]] = {}
    for alert in alerts:
        _, _, _, highest, end = out.get(alert.alert_id, (None, None, None, "", None))
        ends = to_ms(alert.ends_at) if alert.ends_at is not None else end
        out[alert.alert_id] = (
            alert.brand,
            alert.signal,
            to_ms(alert.starts_at),
            max(str(highest), alert.severity),
            ends,
        )
    return out


__all__ = ["Hook", "System", "Worker", "onsets"]
