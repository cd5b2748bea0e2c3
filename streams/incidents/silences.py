"""Which silences stand: the policy's, and those that people have said, by the same rules as the notifier's fold."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from schemas.events import Command
from schemas.times import iso, to_ms
from streams.incidents.commands import take_command
from streams.incidents.state import NotifyState
from streams.incidents.turn import Turn
from streams.policy.model import Policy

SAID = frozenset({"silence", "unsilence"})


class Standing(Struct, frozen=True):
    """One silence that holds back now or will."""

    silence_id: str
    """What `expire` takes; empty for one of the policy file."""
    match: dict[str, list[str]]
    author: str
    reason: str
    starts_at: str
    ends_at: str


def standing(commands: Iterable[Command], policy: Policy, now: int) -> list[Standing]:
    """Return the silences that have not ended at `now` (epoch ms), the next to end first.

    `commands` in the order of the topic, each with the time at which the topic took it (`issued_at`) and its brand.
    """
    state = NotifyState()
    for command in commands:
        if command.action in SAID and command.issued_at is not None:
            take_command(Turn(state, policy, to_ms(command.issued_at)), command)
    found = [(f"silences[{index}] of the policy", one) for index, one in enumerate(policy.silences)]
    found += list(state.silences.items())
    return [
        Standing(name, one.match, one.author, one.reason, iso(one.from_) if one.from_ else "", iso(one.to))
        for name, one in sorted(found, key=lambda pair: pair[1].to)
        if one.to > now
    ]
