"""The topics on a broker: make them, show them, check them. With kafka-python's admin client, on any Kafka."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic
from kafka.errors import BrokerResponseError, KafkaError, RetriableError, TopicAlreadyExistsError

from schemas import topics
from schemas.topics import Topic
from streams.engine.handshake import UnreachableError, greet
from streams.errors import UserError
from streams.settings import Settings, kafka_options

log = logging.getLogger(__name__)

LONGEST_PAUSE: Final = 5.0
KNOWN_WITHIN: Final = 15.0
"""Seconds."""
GIVE_UP_MS: Final = 5_000
"""Milliseconds after which a broker that does not answer is said to be away (the client's own default is 30 s)."""
CHECKED: Final = ("cleanup.policy", "message.timestamp.type", "max.message.bytes", "retention.ms")
"""Settings without which records are lost or refused; the others are ours to prefer."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One topic as it is on the broker."""

    topic: Topic
    name: str
    exists: bool
    partitions: int = 0
    replication: int = 0
    problems: tuple[str, ...] = ()


@contextmanager
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    """Open an admin client; raises UnreachableError, and UserError for what no waiting mends. Not in an event loop."""
    asyncio.run(greet(settings.broker))
    client = None
    try:
        client = KafkaAdminClient(
            **kafka_options(settings.broker), request_timeout_ms=10_000, bootstrap_timeout_ms=GIVE_UP_MS
        )
        yield client
    except BrokerResponseError as error:
        if isinstance(error, RetriableError):
            raise UnreachableError(f"broker {settings.broker.bootstrap} cannot tell yet ({error})") from None
        raise UserError(
            f"broker {settings.broker.bootstrap}: refused ({error}); give the user the rights and the topics the settings "
            "that docs/operations.md lists"
        ) from None
    except (KafkaError, OSError) as error:
        raise UnreachableError(f"broker {settings.broker.bootstrap} does not answer ({type(error).__name__})") from None
    finally:
        if client is not None:
            client.close()


def partitions_of(topic: Topic, settings: Settings) -> int:
    """Return how many partitions `topic` must have."""
    counts = {"mentions": settings.partitions.mentions, "scored": settings.partitions.scored, "one": 1}
    return counts[topic.partitions]


def _replication(client: KafkaAdminClient) -> int:
    return min(3, len(client.describe_cluster()["brokers"]))


def create(settings: Settings) -> list[str]:
    """Make the topics that are missing; return the names of those that were made."""
    made: list[str] = []
    with admin(settings) as client:
        have = set(client.list_topics())
        replication = _replication(client)
        for topic in topics.TOPICS:
            name = settings.topic_prefix + topic.name
            if name in have:
                continue
            config = topic.config() | ({"min.insync.replicas": "2"} if replication >= 3 else {})
            try:
                client.create_topics(
                    [NewTopic(name, partitions_of(topic, settings), replication, topic_configs=config)]
                )
                made.append(name)
            except TopicAlreadyExistsError:
                continue  # another worker was quicker
        _wait_until_known(client, made)
    return made


def _wait_until_known(client: KafkaAdminClient, names: list[str]) -> None:
    """A topic is made before every broker tells of it."""
    deadline = time.monotonic() + KNOWN_WITHIN
    while set(names) - set(client.list_topics()):
        if time.monotonic() > deadline:
            raise UserError(f"topics {', '.join(names)} were made, but the broker does not list them; see its log")
        time.sleep(0.1)


def standing(settings: Settings) -> list[Standing]:
    """Return how each topic stands on the broker."""
    with admin(settings) as client:
        replication = _replication(client)
        have = set(client.list_topics())
        names = {settings.topic_prefix + topic.name: topic for topic in topics.TOPICS}
        there = [name for name in names if name in have]
        described = {entry["name"]: entry for entry in client.describe_topics(there)} if there else {}
        configs = _configs(client, there)
        return [
            _standing(topic, name, described.get(name), configs.get(name, {}), settings, replication)
            for name, topic in names.items()
        ]


def _configs(client: KafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    found = client.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names], config_filter="all"
    )
    return {
        name: {key: str(entry["value"]) for key, entry in config.items()}
        for name, config in found.get("topic", {}).items()
    }


def _standing(
    topic: Topic, name: str, found: dict[str, Any] | None, config: dict[str, str], settings: Settings, replication: int
) -> Standing:
    if found is None:
        return Standing(topic, name, False, problems=(f"topic {name} is missing; run: tocsin topics create",))
    problems: list[str] = []
    count, wanted = len(found["partitions"]), partitions_of(topic, settings)
    if count != wanted:
        problems.append(
            f"topic {name} has {count} partitions, the configuration says {wanted}; set partitions.{topic.partitions}: {count}"
            if topic.partitions != "one"
            else f"topic {name} has {count} partitions and must have one; delete it and run: tocsin topics create"
        )
    replicas = min((len(p["replica_nodes"]) for p in found["partitions"]), default=0)
    if replicas < replication:
        problems.append(
            f"topic {name} has {replicas} replica(s), must have {replication}; raise it with kafka-reassign-partitions.sh"
        )
    in_sync = int(config.get("min.insync.replicas", 1))
    least = 2 if replicas >= 3 else 1
    if not least <= in_sync <= replicas:
        # More than there are: nothing is ever acknowledged. Fewer than two of three: what one broker alone has can be lost.
        problems.append(_alter(name, "min.insync.replicas", str(in_sync), str(min(2, replicas))))
    for key, value in topic.config().items():
        # The embedded broker tells no settings: it keeps everything in memory for as long as it lives.
        if key in CHECKED and key in config and _differs(key, config[key], value):
            problems.append(_alter(name, key, config[key], value))
    return Standing(topic, name, True, count, replicas, tuple(problems))


def _alter(topic: str, key: str, found: str, wanted: str) -> str:
    return (
        f"topic {topic}: {key} is {found}, must be {wanted}; "
        f"run: kafka-configs.sh --bootstrap-server HOST:PORT --alter --topic {topic} --add-config '{key}=[{wanted}]'"
    )


def _differs(key: str, found: str, wanted: str) -> bool:
    if key == "max.message.bytes":
        return int(found) < int(wanted)
    if key == "cleanup.policy":
        return set(found.split(",")) != set(wanted.split(","))
    return found != wanted


def check(settings: Settings) -> None:
    """Raise UserError with one line per fault unless every topic is as it must be."""
    problems = [problem for entry in standing(settings) for problem in entry.problems if _matters(problem)]
    if problems:
        raise UserError("\n".join(problems))


def _matters(problem: str) -> bool:
    # Operators may keep data for longer or shorter than we would: shown by `topics check`, no reason not to start.
    return "retention.ms" not in problem


async def wait_for_topics(settings: Settings) -> None:
    """Wait until a broker answers, saying so; then check the topics. Raises UserError."""
    pause = 0.25
    while True:
        try:
            await asyncio.to_thread(check, settings)
            return
        except UnreachableError as error:
            log.warning("%s; trying again in %.1f s", error, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def source_id(settings: Settings, topic: topics.Topic = topics.MENTIONS) -> str:
    """Return the id of `topic`: one made anew has another, and is another source. Raises UserError where it is missing."""
    name = settings.topic_prefix + topic.name

    def ask() -> str:
        with admin(settings) as client:
            found = client.describe_topics([name])[0]
            if found.get("error_code"):
                raise UserError(f"topic {name} is missing; run: tocsin topics create")
            return str(found["topic_id"])

    while True:
        try:
            return await asyncio.to_thread(ask)
        except UnreachableError as error:
            log.warning("%s; trying again in %.1f s", error, LONGEST_PAUSE)
            await asyncio.sleep(LONGEST_PAUSE)
