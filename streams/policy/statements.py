"""Holding statements in six lines, in the voice of the brand: fact, apology, scope, action, commitment, contact."""

from __future__ import annotations

import re
from typing import Final

from streams.policy.model import Statement, Voice

LINES: Final = (
    "the fact",
    "the acknowledgement or apology",
    "the scope",
    "the action",
    "the commitment",
    "the contact",
)
_LONGEST: Final = 280
"""Characters a line may have: it has to fit a post."""
_APOLOGY: Final = re.compile(r"\b(excus|désol|pardon|regrett|sorry|apolog|regret)", re.IGNORECASE)


def lint(statement: Statement, voice: Voice | None) -> list[str]:
    """Return what an approver should look at again; nothing where it is fine."""
    lines = [line.strip() for line in statement.text.strip().splitlines() if line.strip()]
    found = []
    if len(lines) != len(LINES):
        found.append(f"has {len(lines)} lines, not six: {', '.join(LINES)}")
    found += [
        f"line {n} has {len(line)} characters: at most {_LONGEST}"
        for n, line in enumerate(lines, 1)
        if len(line) > _LONGEST
    ]
    if len(lines) >= 2:
        sorry = bool(_APOLOGY.search(lines[1]))
        if statement.responsibility == "preventable" and not sorry:
            found.append("line 2 does not apologise, though the brand is responsible (preventable)")
        if statement.responsibility == "victim" and sorry:
            found.append("line 2 apologises for what the brand has not done (victim): acknowledge and inform instead")
    if voice:
        text = statement.text.casefold()
        found += [f'says "{word}", which the brand never does' for word in voice.never if word.casefold() in text]
    return found
