"""Dead letters: reading them back, and sending them again once and not twice."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from schemas import topics
from schemas.events import Alert, Command
from schemas.mention import MALFORMED, Rejection, decode
from streams import consoles
from streams.engine.dead_letter import NO_KEY
from streams.engine.records import Write
from streams.feedback.labels import NoLessonError, lesson
from streams.settings import Settings

REPLAYED: Final = "replayed"
"""Reason of the note that a dead letter was sent again."""

Content = tuple[bytes | None, bytes | None]
"""Key and value of a record."""

_EVENTS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    topics.ALERTS.name: msgspec.json.Decoder(Alert),
    topics.COMMANDS.name: msgspec.json.Decoder(Command),
}
_ONE_PARTITION: Final = {*_EVENTS, topics.FEEDBACK.name}


@dataclass(slots=True)
class DeadLetter:
    """One record that could not be read."""

    key: bytes | None
    value: bytes | None
    partition: int
    headers: dict[str, str]
    replayed: bool = False

    @property
    def origin(self) -> str:
        """Where it was: topic/partition/offset."""
        return f"{self.headers.get('topic')}/{self.headers.get('partition')}/{self.headers.get('offset')}"

    @property
    def reason(self) -> str:
        """Why it is here."""
        return self.headers.get("reason", "")

    @property
    def detail(self) -> str:
        """Why, for people."""
        return self.headers.get("detail", "")

    @property
    def cut(self) -> bool:
        """Whether only its beginning was kept."""
        return "sha256" in self.headers or "key_sha256" in self.headers

    @property
    def topic(self) -> str:
        """The topic that it was on, without prefix."""
        return self.headers.get("topic", topics.MENTIONS.name)

    def shown(self) -> dict[str, Any]:
        """Return it as JSON; bytes that are no UTF-8 as base64."""
        return {
            "origin": self.origin, "reason": self.reason, "detail": self.detail, "replayed": self.replayed, "cut": self.cut,
            **_text("key", self.key), **_text("value", self.value),
        }  # fmt: skip


def _text(name: str, value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {name: None}
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode()}


def letters(settings: Settings) -> list[DeadLetter]:
    """Return the dead letters, each once however often it was written, oldest first."""
    return fold(consoles.read_all(settings, topics.DEAD_LETTERS))


def fold(records: Iterable[Any]) -> list[DeadLetter]:
    """Return the dead letters that `records` of `dead-letters` leave, each once and oldest first."""
    found: dict[str, DeadLetter] = {}
    done: set[str] = set()
    for record in records:
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        key = None if (record.key or NO_KEY).startswith(NO_KEY) else record.key
        letter = DeadLetter(key, record.value, record.partition, headers)
        if letter.reason == REPLAYED:
            done.add(letter.origin)
        elif letter.reason:
            found.setdefault(letter.origin, letter)
        elif record.value is None and record.key is not None:  # deleted upstream: compaction takes it away later
            found = {
                origin: entry
                for origin, entry in found.items()
                if entry.key != record.key or entry.partition != record.partition
            }
    for origin, letter in found.items():
        letter.replayed = origin in done
    return list(found.values())


def why_not(letter: DeadLetter, mended: Mapping[str, Content]) -> str:
    """Return why `letter` cannot be sent again as it is or as it was `mended`; empty when it can."""
    if letter.origin not in mended and letter.cut:
        return "only its beginning was kept: get the original from its source"
    key, value = mended.get(letter.origin, (letter.key, letter.value))
    if letter.topic == topics.FEEDBACK.name:
        try:
            lesson(value)
        except NoLessonError as error:
            return f"invalid_feedback: {error}"
        return ""
    if letter.topic in _EVENTS:
        try:
            _EVENTS[letter.topic].decode(value or b"")
        except MALFORMED as error:
            return f"invalid_field: {error}"
        return ""
    found = decode(key, value)
    return f"{found.reason}: {found.detail}" if isinstance(found, Rejection) else ""


def replay(settings: Settings, chosen: Sequence[DeadLetter], mended: Mapping[str, Content]) -> int:
    """Send `chosen` to the topics they were on, with the key and value of `mended` where it has them; return how many.

    Those sent before, and those for which there is a `why_not`, are left alone. A note goes to `dead-letters` first:
    if we die between the two, a record may be missed in a second replay, and is listed as sent, never sent twice.
    """
    todo = [letter for letter in chosen if not letter.replayed and not why_not(letter, mended)]
    if not todo:
        return 0
    notes = [
        Write(
            topics.DEAD_LETTERS.name, f"replayed|{letter.origin}".encode(), b"{}", letter.partition,
            [("reason", REPLAYED.encode()), *((n, letter.headers.get(n, "").encode()) for n in ("topic", "partition", "offset"))],
        )
        for letter in todo
    ]  # fmt: skip
    consoles.write_all(settings, notes)
    writes = []
    for letter in todo:
        key, value = mended.get(letter.origin, (letter.key, letter.value))
        origin = [("dead_letter_of", letter.origin.encode())]
        writes.append(Write(letter.topic, key, value, 0 if letter.topic in _ONE_PARTITION else None, origin))
    consoles.write_all(settings, writes)
    return len(todo)
