"""From an alert on `alerts` to its first page at a webhook receiver, through real Kafka and a real worker.

Each alert opens an incident of its own brand and pages one person: the worst case, for nothing is gathered. The clock
starts when the broker takes the alert (its append time) and stops when the receiver has read the request.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaProducer

from schemas import topics
from schemas.events import Alert, Notification, encode
from schemas.ids import alert_id, fingerprint
from schemas.journal import Delivered, JournalEntry, Took
from schemas.times import from_ms
from tests.system.harness import System


def measure(bootstrap: str, rate: float, seconds: float) -> dict[str, Any]:
    """Return p50, p99 and the largest latency in seconds at `rate` alerts a second for `seconds`."""
    with tempfile.TemporaryDirectory() as folder:
        made = System(bootstrap, Path(folder), name=f"latency{time.time_ns()}", clock="live")
        try:
            worker = made.worker("--agents", "notify")
            worker.wait_for("notify: leads", 60)
            worker.wait_ready(60)
            pages(made, 20, 1.0, "Warm")  # connections, caches
            before = cpu(worker.process.pid)
            taken, got = pages(made, rate, seconds, "Brand")
            used = cpu(worker.process.pid) - before
            assert worker.term() == 0
            stages = where(made, taken, got)
        finally:
            made.close()
    ordered = sorted(got[name] - at for name, at in taken.items())
    return {
        "alerts_per_second": rate,
        "pages": len(ordered),
        "p50_seconds": round(statistics.median(ordered), 3),
        "p99_seconds": round(ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))], 3),
        "most_seconds": round(ordered[-1], 3),
        "worker_cpu_share": round(used / seconds, 2),
        "stages_p50_p99_seconds": stages,
    }


def pages(made: System, rate: float, seconds: float, word: str) -> tuple[dict[str, float], dict[str, float]]:
    """Send alerts at `rate`, wait for all pages, return when each was taken and its page came; every alert has to be answered, once."""
    producer = KafkaProducer(bootstrap_servers=made.settings.broker.bootstrap, linger_ms=0)
    count, had, began = int(rate * seconds), len(made.hook.got), time.perf_counter()
    futures = []
    for number in range(count):
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
        alert = event(f"{word} {number}")
        futures.append(
            (
                alert.alert_id,
                producer.send(
                    made.settings.topic_prefix + topics.ALERTS.name, encode(alert), alert.fingerprint.encode()
                ),
            )
        )
    taken = {name: future.get(30).timestamp / 1_000 for name, future in futures}
    producer.close()
    made.wait(lambda: len(made.hook.got) >= had + count, timeout=120)
    got = {body["notification"]["alert_id"]: at for at, _, _, body in made.hook.got[had:]}
    assert len(made.hook.got) == had + count, "a page came twice"
    return taken, got


def where(made: System, taken: dict[str, float], got: dict[str, float]) -> dict[str, list[float]]:
    """Return p50 and p99 of each stage, by the append times of the records that mark them."""
    marks: dict[str, dict[str, float]] = {"journal": {}, "begun": {}, "told": {}}
    for record in made.read(topics.JOURNAL, 60):
        entry = msgspec.json.decode(record.value, type=JournalEntry)
        if isinstance(entry, Took) and entry.alert is not None:
            marks["journal"].setdefault(entry.alert.alert_id, record.timestamp / 1_000)
        elif isinstance(entry, Delivered) and entry.notification.outcome == "pending":
            marks["told"].setdefault(entry.notification.alert_id or "", record.timestamp / 1_000)
    for record in made.read(topics.NOTIFICATIONS, 60):
        note = msgspec.json.decode(record.value, type=Notification)
        marks["begun"].setdefault(note.alert_id or "", record.timestamp / 1_000)
    order = [taken, marks["journal"], marks["begun"], marks["told"], got]
    names = ["taken into the journal", "folded, published, queued", "attempt in the journal", "handed over"]
    found = {}
    for name, earlier, later in zip(names, order, order[1:], strict=False):
        times = sorted(later[key] - earlier[key] for key in taken)
        found[name] = [round(times[len(times) // 2], 3), round(times[int(0.99 * (len(times) - 1))], 3)]
    return found


def event(brand: str, severity: str = "L3") -> Alert:
    """Return an alert that begins now."""
    at = int(time.time() * 1_000)
    name = fingerprint(brand, "negative_spike")
    alert = Alert(
        alert_id(name, at), name, 0, "firing", "negative_spike", "L3", brand, from_ms(at), from_ms(at),
        observed=412.0, expected=6.2, score=9.1, sample_size=498, reason="412 angry mentions in five minutes",
        evidence=[f"x:18970000000000{n:05d}" for n in range(10)],
    )  # fmt: skip
    return msgspec.structs.replace(alert, severity=severity)


def cpu(pid: int) -> float:
    """Return the CPU seconds that process `pid` has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
