"""The AsyncAPI 3.0 document: every topic with its key, its messages, their headers, and who writes and reads it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from schemas import topics
from schemas.documents import VERSION
from schemas.topics import TOPICS, Topic

JSON: Final = "application/json"
MSGPACK: Final = "application/vnd.msgpack"
DRAFT: Final = "application/schema+json;version=draft-2020-12"

Text = dict[str, str]
TEXT: Final[Text] = {"type": "string"}


class Message(NamedTuple):
    """A kind of record on a topic."""

    name: str
    summary: str
    key: str
    document: str | None = None
    """Which JSON Schema document its value follows; None where it is not JSON."""
    content_type: str = JSON
    headers: Mapping[str, str] = MappingProxyType({})
    """Kafka header -> what its bytes (UTF-8) say."""
    optional: tuple[str, ...] = ()
    """Headers that not every record has."""
    payload: dict[str, Any] | None = None


class Agent(NamedTuple):
    """Who does something with a topic."""

    name: str
    action: str
    topic: Topic
    summary: str


CLOUD_EVENTS: Final = {
    "ce_specversion": "1.0 (CloudEvents, Kafka protocol binding, binary mode)",
    "ce_id": "alert_id:sequence; the same for a repeat",
    "ce_source": "/tocsin/watch",
    "ce_type": "tocsin.alert. and the status: firing, updated, resolved or suppressed",
    "ce_subject": "the brand",
    "ce_time": "detected_at, ISO 8601 in UTC",
    "content-type": JSON,
}
DEAD: Final = {
    "reason": "why it could not be taken: one word of a small closed set (a metric label); "
    "`replayed` on the note that it was sent again",
    "detail": "field, value and remedy, for people",
    "topic": "where it was: the topic without prefix",
    "partition": "where it was: the partition",
    "offset": "where it was: the offset",
    "timestamp": "when the broker stored it there, epoch milliseconds",
    "bytes": "length of the original value, where only its beginning is kept",
    "sha256": "SHA-256 of the original value (hexadecimal), where only its beginning is kept",
    "key_bytes": "length of the original key, where only its beginning is kept",
    "key_sha256": "SHA-256 of the original key (hexadecimal), where only its beginning is kept",
}
ALWAYS_DEAD: Final = ("reason", "topic", "partition", "offset")

MESSAGES: Final[dict[str, tuple[Message, ...]]] = {
    topics.MENTIONS.name: (
        Message(
            "mention",
            "A post, its newer revision, or that it is gone.",
            "platform:id",
            "mention",
            headers={"dead_letter_of": "origin (topic/partition/offset) of the dead letter that this is, mended"},
            optional=("dead_letter_of",),
        ),
        Message(
            "tick",
            "Everything that the source said up to its time stands before it.",
            "#tick|epoch milliseconds",
            "tick",
        ),
        Message(
            "tombstone", "A null value: the mention is gone from the platform.", "platform:id", payload={"type": "null"}
        ),
    ),
    topics.SCORED.name: (
        Message("scored", "The rows of one slice of a mentions partition (schemas/scored.py).", "none", None, MSGPACK),
    ),
    topics.WINDOWS.name: (Message("window", "A closed minute; empty ones are left out.", "brand", "window"),),
    topics.SIGNALS.name: (Message("signal", "A verdict that fired or came close.", "brand", "signal"),),
    topics.ALERTS.name: (
        Message("alert", "An onset, its worsening or its end.", "fingerprint", "alert", headers=CLOUD_EVENTS),
        Message("alertTick", "In replay only: the time.", "#tick|partition|epoch milliseconds", "alert-tick"),
    ),
    topics.COMMANDS.name: (
        Message("command", "What a person decided.", "incident id, or empty for a silence", "command"),
    ),
    topics.JOURNAL.name: (
        Message("journalEntry", "What the notifier took, in its order.", "incident id, or empty", "journal-entry"),
    ),
    topics.INCIDENTS.name: (Message("incident", "The incident as it now is.", "incident id", "incident"),),
    topics.NOTIFICATIONS.name: (
        Message("notification", "An attempt to reach somebody, or why there was none.", "incident id", "notification"),
    ),
    topics.FEEDBACK.name: (Message("feedback", "An analyst's label.", "mention id", "feedback"),),
    topics.BRANDS.name: (Message("brandEntry", "A brand that joined, changed or left.", "brand", "brand-entry"),),
    topics.DEAD_LETTERS.name: (
        Message(
            "deadLetter",
            "A record that could not be taken: its bytes as they were, why and where it was in the headers.",
            "the original key; #none|partition|offset where there was none",
            None,
            "application/octet-stream",
            DEAD,
            tuple(name for name in DEAD if name not in ALWAYS_DEAD),
        ),
    ),
    topics.FEEDBACK_SNAPSHOTS.name: (
        Message("feedbackSnapshot", "What labels taught, for workers only.", "slot|part", None, MSGPACK),
    ),
    topics.CHECKPOINTS.name: (
        Message("checkpoint", "A brand's or a partition's state, for workers only.", "brand|id", None, MSGPACK),
    ),
    topics.SNAPSHOTS.name: (
        Message("snapshot", "What the journal had come to, for notifiers only.", "leader|number|part", None, MSGPACK),
    ),
}

AGENTS: Final = (
    Agent("scoreReadsMentions", "receive", topics.MENTIONS, "score reads what sources write."),
    Agent("scoreSendsScored", "send", topics.SCORED, "score writes the scored rows."),
    Agent("scoreSendsDeadLetters", "send", topics.DEAD_LETTERS, "score and notify write what they could not take."),
    Agent("watchReadsScored", "receive", topics.SCORED, "watch reads the scored rows."),
    Agent("watchSendsWindows", "send", topics.WINDOWS, "watch writes closed minutes."),
    Agent("watchSendsSignals", "send", topics.SIGNALS, "watch writes verdicts."),
    Agent("watchSendsAlerts", "send", topics.ALERTS, "watch writes alerts."),
    Agent("watchKeepsCheckpoints", "send", topics.CHECKPOINTS, "watch keeps its state."),
    Agent("notifyKeepsSnapshots", "send", topics.SNAPSHOTS, "notify keeps its state."),
    Agent("notifyReadsAlerts", "receive", topics.ALERTS, "notify reads alerts."),
    Agent("notifyReadsCommands", "receive", topics.COMMANDS, "notify reads what people decide."),
    Agent("notifyKeepsJournal", "send", topics.JOURNAL, "notify writes what it takes, and folds what it reads back."),
    Agent("notifySendsIncidents", "send", topics.INCIDENTS, "notify writes incidents."),
    Agent("notifySendsNotifications", "send", topics.NOTIFICATIONS, "notify writes attempts."),
    Agent("scoreFollowsBrands", "receive", topics.BRANDS, "score and watch follow the watch list."),
    Agent("scoreLearnsFeedback", "receive", topics.FEEDBACK, "every worker learns from analysts' labels."),
    Agent("scoreKeepsFeedback", "send", topics.FEEDBACK_SNAPSHOTS, "score keeps what was learnt."),
)


def asyncapi() -> dict[str, Any]:
    """Return the document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tocsin",
            "version": f"{VERSION}.0.0",
            "description": "What travels on Kafka: mentions in, alerts and incidents out. Names may have a prefix "
            "(`topic_prefix`). Inside a major version only optional fields are added: ignore fields that you do not "
            "know, and treat an unknown value of an enumeration as an absent one.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": JSON,
        "channels": {_camel(topic.name): _channel(topic) for topic in TOPICS},
        "operations": {agent.name: _operation(agent) for agent in AGENTS},
        "components": {"messages": {m.name: _message(m) for messages in MESSAGES.values() for m in messages}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    counted = {"mentions": "partitions.mentions", "scored": "partitions.scored", "one": "always one"}[topic.partitions]
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}. Value: {topic.value}. Partitions: {counted}."
        + (" Internal: not for readers downstream." if topic.internal else ""),
        "messages": {m.name: {"$ref": f"#/components/messages/{m.name}"} for m in MESSAGES[topic.name]},
        "bindings": {"kafka": _binding(topic)},
    }


def _binding(topic: Topic) -> dict[str, Any]:
    configuration: dict[str, Any] = {}
    for name, value in sorted(topic.config().items()):
        if name == "cleanup.policy":
            configuration[name] = value.split(",")
        else:
            configuration[name] = int(value) if value.lstrip("-").isdigit() else value
    binding: dict[str, Any] = {"topic": topic.name, "topicConfiguration": configuration, "bindingVersion": "0.5.0"}
    if topic.partitions == "one":
        binding["partitions"] = 1
    return binding


def _message(message: Message) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": message.name,
        "summary": message.summary,
        "contentType": message.content_type,
        "bindings": {
            "kafka": {"key": {"type": "string", "description": message.key}, "bindingVersion": "0.5.0"},
        },
    }
    if message.document is not None:
        made["payload"] = {"schemaFormat": DRAFT, "schema": {"$ref": f"./json/{message.document}.schema.json"}}
    elif message.payload is not None:
        made["payload"] = message.payload
    if message.headers:
        required = [name for name in message.headers if name not in message.optional]
        made["headers"] = {
            "type": "object",
            "properties": {name: TEXT | {"description": said} for name, said in message.headers.items()},
        } | ({"required": required} if required else {})
    return made


def _operation(agent: Agent) -> dict[str, Any]:
    channel = _camel(agent.topic.name)
    return {
        "action": agent.action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": agent.summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{m.name}"} for m in MESSAGES[agent.topic.name]],
    }


def _camel(name: str) -> str:
    first, *rest = name.split("-")
    return first + "".join(part.capitalize() for part in rest)
