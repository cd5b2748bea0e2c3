"""Who has read the card of their role, and which version of it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from schemas.events import Command
from schemas.times import iso, to_ms
from streams.policy.cards import readers, roles, version
from streams.policy.model import Policy


class Receipt(Struct, frozen=True):
    """One person and one card."""

    role: str
    person: str
    version: str
    """Of the card as it is now."""
    read_version: str
    """The latest that this person has read; empty: none."""
    read_at: str

    @property
    def current(self) -> bool:
        """Whether what was read is what counts now."""
        return self.read_version == self.version


def receipts(policy: Policy, commands: Iterable[Command], role: str | None = None) -> list[Receipt]:
    """Return, for each role (or `role` alone) and each of its people, which version they have read last and when.

    `commands` in the order of the topic, each with its time.
    """
    latest: dict[tuple[str, str], Command] = {}
    for one in commands:
        if one.action == "receipt" and one.card and one.version:
            latest[one.card, one.author] = one
    found = []
    for name in roles(policy) if role is None else [role]:
        now = version(policy, name)
        for person in readers(policy, name):
            read = latest.get((name, person))
            at = iso(to_ms(read.issued_at)) if read and read.issued_at else ""
            found.append(Receipt(name, person, now, (read and read.version) or "", at))
    return found
