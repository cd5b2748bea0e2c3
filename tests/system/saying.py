"""Angry mentions of Acme, said now: what system tests on the wall clock send."""

from __future__ import annotations

import json
import time

import msgspec
from kafka import KafkaProducer

from schemas.mention import Mention
from schemas.times import iso
from tests.streams.angry import angry_text
from tests.system.harness import System


def now() -> int:
    return int(time.time() * 1_000)


def angry(number: int) -> Mention:
    return msgspec.json.decode(
        json.dumps(
            {
                "platform": "x", "id": f"a{number}", "created_at": iso(now()), "brand": "Acme",
                "author": {"id": f"a{number}", "followers": 900},
                "text": angry_text(number, "Acme"),
            }
        ).encode(),
        type=Mention,
    )  # fmt: skip


def say(system: System, numbers: range) -> None:
    producer = KafkaProducer(bootstrap_servers=system.settings.broker.bootstrap)
    for number in numbers:
        mention = angry(number)
        producer.send(system.settings.topic_prefix + "mentions", msgspec.json.encode(mention), mention.key)
    producer.flush()
    producer.close()
