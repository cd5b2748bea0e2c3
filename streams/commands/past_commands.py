"""What people have said so far, from the topic `commands`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.events import Command
    from streams.settings import Settings


def recorded(settings: Settings, *, by_topic: bool = False) -> list[Command]:
    """Return all commands of the topic in order, each with a time and, where it can be known, a brand.

    With `by_topic` the time is when the topic took it, which is what the notifier counts from; else when it was said.
    """
    import msgspec

    from schemas import topics
    from schemas.events import Command
    from schemas.mention import MALFORMED
    from streams import consoles
    from streams.commands.incident import latest
    from streams.incidents.replayed import at_their_time

    said: list[tuple[int, Command]] = []
    for record in consoles.read_all(settings, topics.COMMANDS):
        try:
            one = msgspec.json.decode(record.value or b"", type=Command)
        except MALFORMED:
            continue  # the notifier put it among the dead letters
        said.append((record.timestamp, msgspec.structs.replace(one, issued_at=None) if by_topic else one))
    return at_their_time(said, {key: one.brand for key, one in latest(settings).items()})
