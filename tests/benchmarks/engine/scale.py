"""What more brands, one hot brand and a second worker cost; how fast a worker takes over; a soak."""

from __future__ import annotations

import threading
import time
from typing import Any, Self

import numpy as np

from tests.benchmarks.engine import meter
from tests.benchmarks.engine.pipelines import applied, items, live, metric, system
from tests.benchmarks.engine.talk import Talk


def brands(bootstrap: str, count: int) -> dict[str, Any]:
    """Return the cost by number of brands, and with one brand that takes 95 % of the traffic."""
    found: dict[str, Any] = {}
    for number, hot in ((1, 0.0), (100, 0.0), (10_000, 0.0), (100, 0.95)):
        names = [f"Brand {i}" for i in range(number)]
        with system(bootstrap, "brands", brands=names, partitions=2) as made:
            made.publish(items(number, count, 1_000, hot=hot))
            name = f"{number} brands" + (f", one with {hot:.0%}" if hot else "")
            found[name] = live(made, count)
            if number == 10_000:
                made.workers[0].term(30)
                again = made.worker("--agents", "score,watch")
                again.wait_ready(60)
                again.wait_for("recovered", 120)
                time.sleep(3)
                found[name]["recovery_seconds"] = round(metric(again, "tocsin_recovery_seconds"), 2)
                found[name]["peak_mb_after_recovery"] = round(meter.read(again.process.pid).peak_mb, 1)
    return found


def workers(bootstrap: str, count: int) -> dict[str, Any]:
    """Return the rate and cost with one and with two workers."""
    found = {}
    for number in (1, 2):
        with system(bootstrap, "workers", brands=[f"Brand {i}" for i in range(20)], partitions=4) as made:
            made.publish(items(20, count, 200))
            found[f"{number} worker" + "s" * (number > 1)] = live(made, count, number)
    return found


def take_over(bootstrap: str, rate: float = 1_000.0) -> dict[str, float]:
    """Kill -9 one of two workers under load; return the seconds until the other has caught up with everything."""
    names = [f"Brand {i}" for i in range(20)]
    with system(bootstrap, "takeover", brands=names, clock="live", partitions=4) as made:
        pair = [made.worker(), made.worker()]
        for worker in pair:
            worker.wait_ready(60)
        with _talking(made, names, rate):
            time.sleep(25)
            victim, heir = pair
            victim.kill()
            killed = time.monotonic()
            held = None
            while held is None:
                owns = sum(metric(heir, "tocsin_rows", outcome="applied", partition=str(q)) > 0 for q in range(4))
                behind = time.time() - min(
                    metric(heir, "tocsin_clock_timestamp_seconds", partition=str(q)) for q in range(4)
                )
                if owns == 4 and behind < 4.0:
                    held = time.monotonic() - killed
                assert time.monotonic() - killed < 120, made.logs()
                time.sleep(0.2)
            began = time.monotonic()
            status = heir.term(30)
            stopped = time.monotonic() - began
    return {"taken_over_and_caught_up_seconds": round(held, 1), "sigterm_seconds": round(stopped, 1), "status": status}


class _talking:  # noqa: N801 - reads as a verb: with _talking(...)
    """Produces live mentions from a thread until the block ends; `rate` may be changed meanwhile."""

    def __init__(self, made: Any, names: list[str], rate: float, after: int = 0) -> None:
        self.made, self.talk, self.rate, self.sent = made, Talk(names, seed=9), rate, 0
        self.talk.number = after  # ids go on where another's ended
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        import msgspec
        from confluent_kafka import Producer

        encode = msgspec.json.Encoder().encode
        producer = Producer(
            {
                "bootstrap.servers": self.made.settings.broker.bootstrap,
                "linger.ms": 5,
                "log_level": 0,
                "queue.buffering.max.messages": 2_000_000,
                "queue.buffering.max.kbytes": 2_000_000,
            }
        )
        topic = self.made.settings.topic_prefix + "mentions"
        last, owed = time.monotonic(), 0.0
        while not self._stop.is_set():
            now = time.monotonic()
            owed += (now - last) * self.rate
            last = now
            while owed >= 1:
                owed -= 1
                mention = self.talk.mention(int(time.time() * 1_000))
                producer.produce(topic, encode(mention), mention.key)
                self.sent += 1
                if self.sent % 1_000 == 0:
                    producer.poll(0)
            producer.poll(0)
            time.sleep(0.01)
        producer.flush()


def soak(bootstrap: str, minutes: float, rate: float) -> dict[str, Any]:
    """Run one worker at `rate` for `minutes`, with a backlog at its start and a burst ×50 in the middle.

    Returns the slope of its memory (MB an hour) and of its open files over the last third, when backlog and burst are over
    and their open minutes closed, and how long the lag took to return to nothing after each.
    """
    names = [f"Brand {i}" for i in range(100)]
    with system(bootstrap, "soak", brands=names, clock="live", partitions=2) as made:
        with _talking(made, names, rate * 3) as before:
            time.sleep(30)
        backlog = made.worker()
        backlog.wait_ready(60)
        samples: list[tuple[float, float, int, float]] = []
        back: dict[str, float] = {}
        with _talking(made, names, rate, after=before.sent) as talking:
            began = time.monotonic()
            burst_at, burst_over = minutes * 30, minutes * 30 + 2.0
            while (now := time.monotonic() - began) < minutes * 60:
                talking.rate = rate * 50 if burst_at <= now < burst_over else rate
                reading = meter.read(backlog.process.pid)
                lag = metric(backlog, "tocsin_lag_records")
                samples.append((now, reading.rss_mb, reading.files, lag))
                if lag < rate and now > 3:
                    back.setdefault("backlog", round(now, 1))
                    if now > burst_over + 1:
                        back.setdefault("burst", round(now - burst_over, 1))
                time.sleep(0.5 if burst_at - 1 <= now < burst_over + 60 else 5)
        sent, give_up = before.sent + talking.sent, time.monotonic() + 60
        while (rows := applied([backlog])) < sent and time.monotonic() < give_up:
            time.sleep(0.5)
    late = np.array([s for s in samples if s[0] > minutes * 40])
    hours = (late[:, 0] - late[0, 0]) / 3_600
    slope = [float(np.polyfit(hours, late[:, k], 1)[0]) for k in (1, 2)]
    return {
        "minutes": minutes, "rate": rate, "sent": sent, "applied_rows": int(rows),
        "rss_mb_first": round(samples[0][1], 1), "rss_mb_at_two_thirds": round(late[0, 1], 1),
        "rss_mb_last": round(samples[-1][1], 1), "rss_mb_most": round(max(s[1] for s in samples), 1),
        "rss_mb_by_minute": [round(next(s[1] for s in samples if s[0] >= 60 * m)) for m in range(int(samples[-1][0] / 60) + 1)],
        "rss_mb_per_hour": round(slope[0], 1), "files_per_hour": round(slope[1], 2), "files_last": samples[-1][2],
        "most_lag": max(s[3] for s in samples), "last_lag": samples[-1][3], "seconds_until_lag_was_gone": back,
    }  # fmt: skip
