"""Labels on real Kafka: every worker learns the same, also over a kill -9, and what cannot be learnt says why."""

from __future__ import annotations

import random
import re
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.broker import KafkaBroker
from detectors.text.model import TextModel
from schemas import topics
from streams.engine.records import Write
from streams.feedback.labels import record
from tests.system.harness import System, Worker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@pytest.fixture
def system(kafka: KafkaBroker, tmp_path: Path) -> Iterator[System]:
    made = System(kafka.bootstrap, tmp_path, name=f"f{random.getrandbits(32):x}", brands=["Acme"], clock="live")
    yield made
    made.close()


def shown(worker: Worker) -> tuple[float, float]:
    """Return (digest, offset) that a worker shows."""
    with urllib.request.urlopen(f"{worker.url()}/metrics") as answer:
        page = answer.read()
    digest, offset = (
        re.search(rb"^%s (\S+)" % name, page, re.MULTILINE)
        for name in (b"tocsin_feedback_digest", b"tocsin_feedback_offset")
    )
    assert digest is not None and offset is not None
    return float(digest[1]), float(offset[1])


def labels(count: int) -> list[Write]:
    chance, model = random.Random(6), TextModel.load()
    words = ["krogat", "booth", "gate", "fee", "staff", "delayed", "sick", "late", "great", "awful", "nothing", "queue"]
    values = ("negative", "neutral", "positive")
    return [
        record(
            model, f"x:{n}", "Acme", chance.choice(values), f"analyst {n % 4}", " ".join(chance.choices(words, k=8)) + f" {n}",
            "en", datetime.now(UTC),
        )
        for n in range(count)
    ]  # fmt: skip


def test_a_thousand_labels_and_a_kill_in_between_leave_the_same_model_on_both(system: System) -> None:
    """Given two workers and a stream of 1,000 labels, when one is killed amid them and comes back, then both are the same."""
    writes = labels(1_000)
    first, second = system.worker("--agents", "score"), system.worker("--agents", "score")
    first.wait_ready()
    second.wait_ready()
    system.send(writes[:300])
    system.wait(lambda: shown(second)[1] > 0)
    system.send(writes[300:500])
    second.kill()
    third = system.worker("--agents", "score")
    for i in range(500, 1_000, 50):  # they come while it starts, and after
        system.send(writes[i : i + 50])
    third.wait_ready()
    system.wait(lambda: shown(first)[1] == shown(third)[1] == 1_000)
    assert shown(first)[0] == shown(third)[0] != 0
    took = re.search(r"feedback: snapshot up to offset (\d+), then (\d+) record", third.log.read_text())
    assert took is not None and 0 < int(took[1]) <= int(took[1]) + int(took[2]) <= 1_000
    print(f"digest {shown(third)[0]:.0f} on both; the one that came back took up {took[1]} labels, then read {took[2]}")


def test_what_cannot_be_learnt_is_a_dead_letter_that_says_why(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = system.worker("--agents", "score")
    worker.wait_ready()
    good = labels(1)[0]
    assert good.value is not None
    for key, value in (
        (b"x:1", b'{"feedback_id": 7}'),
        (b"x:2", good.value.replace(b'"Acme"', b'"Nobody"')),
        (b"x:3", re.sub(rb'"value":"\w+"', b'"value":"angry"', good.value)),
        (b"x:4", re.sub(rb'"features":\{[^}]*\}', b'"features":{}', good.value)),
        (b"x:5", re.sub(rb'"layout":"\w+"', b'"layout":"elsewhere"', good.value)),
        (b"x:6", good.value),
    ):
        system.produce(topics.FEEDBACK, key, value)
    system.wait(lambda: shown(worker)[1] == 6)
    letters = {r.key: {n: v.decode() for n, v in r.headers} for r in system.read(topics.DEAD_LETTERS)}
    said = {key: (headers["reason"], headers["detail"]) for key, headers in letters.items()}
    assert said.keys() == {b"x:1", b"x:2", b"x:3", b"x:4", b"x:5"}
    assert said[b"x:1"][0] == "invalid_feedback"
    assert said[b"x:2"] == ("unknown_brand", "brand: 'Nobody' is not on the watch list; the label is kept until it is")
    assert said[b"x:3"] == ("invalid_feedback", "value: 'angry' must be one of negative, neutral, positive, withdrawn")
    assert "tocsin feedback" in said[b"x:4"][1] and "another version" in said[b"x:5"][1]
