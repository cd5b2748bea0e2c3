"""Dead letters: reading them back, and sending them again once and not twice."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas import topics
from streams import consoles
from streams.engine.records import Write
from streams.settings import Settings

REPLAYED = "replayed"
"""Reason of the record that is put over a dead letter's account once it was sent again."""


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
        return "sha256" in self.headers

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
    found: dict[str, DeadLetter] = {}
    done: set[str] = set()
    for record in consoles.read_all(settings, topics.DEAD_LETTERS):
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        letter = DeadLetter(record.key, record.value, record.partition, headers)
        if letter.reason == REPLAYED:
            done.add(letter.origin)
        elif record.value is not None or letter.reason:
            found.setdefault(letter.origin, letter)
    for origin, letter in found.items():
        letter.replayed = origin in done
    return list(found.values())


def replay(
    settings: Settings, chosen: Sequence[DeadLetter], mended: Mapping[str, tuple[bytes | None, bytes | None]]
) -> tuple[int, int]:
    """Send `chosen` to `mentions`, with the key and value of `mended` where it has them; return (sent, left alone).

    A note goes to `dead-letters` first: if we die between the two, a record may be missed in a second replay, and is
    listed as sent, never sent twice.
    """
    todo = [letter for letter in chosen if not letter.replayed and (letter.origin in mended or not letter.cut)]
    if not todo:
        return 0, len(chosen)
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
        writes.append(Write(topics.MENTIONS.name, key, value, None if key is not None else letter.partition, origin))
    consoles.write_all(settings, writes)
    return len(todo), len(chosen) - len(todo)
