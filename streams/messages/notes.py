"""The fold's own notes (plain English, they are in the log) in the reader's language; what people wrote stays as it is."""

from __future__ import annotations

import re
from typing import Final

from streams.messages.phrases import Phrases, clean

_PLAIN: Final = {
    "all alerts are over": "over",
    "nobody could be reached": "nobody",
    "the alert that opened it goes on": "goes_on_alert",
    "opened": "opened",
    "acknowledged": "acknowledged",
    "worsened": "worsened",
    "stable": "stable",
    "resolved": "ended",
    "goes on": "goes_on",
}
_PATTERNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("charge", re.compile(r"(?P<who>.+) has taken charge")),
    ("resolved", re.compile(r"resolved by (?P<who>[^:]+)")),
    ("resolved_why", re.compile(r"resolved by (?P<who>[^:]+): (?P<why>.+)")),
    ("dismissed", re.compile(r"dismissed by (?P<who>[^:]+)")),
    ("dismissed_why", re.compile(r"dismissed by (?P<who>[^:]+): (?P<why>.+)")),
    ("merged", re.compile(r"goes on as the incident of (?P<brand>.+)")),
    ("no_reply", re.compile(r"no public reply after (?P<time>.+)")),
    ("no_role", re.compile(r"nobody with the role (?P<roles>.+) has acknowledged")),
    ("again", re.compile(r"(?P<signal>[a-z_]+) again, (?P<severity>L[1-4])")),
)


def told(say: Phrases, note: str) -> str:
    """Return `note` in the language of `say`, where it is one of the fold's own."""
    plain = clean(note, 500)
    if plain in _PLAIN:
        return say(f"notes.{_PLAIN[plain]}")
    for key, pattern in _PATTERNS:
        if found := pattern.fullmatch(plain):
            values = found.groupdict()
            if "why" in values:
                values["why"] = say.word("reason", values["why"]) if values["why"] in {
                    "false_alarm", "expected", "inauthentic"
                } else values["why"]  # fmt: skip
            if "signal" in values:
                values["signal"] = say.word("signal", values["signal"])
            if "roles" in values:
                values["roles"] = ", ".join(say.word("role", role) for role in re.split(r" or ", values["roles"]))
            return say(f"notes.{key}", **values)
    return plain
