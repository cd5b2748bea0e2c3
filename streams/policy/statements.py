"""Statements in the voice of the brand.

Holding ones in six lines (fact, apology, scope, action, commitment, contact), closing ones that name the measures taken.
"""

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
_MEASURES: Final = re.compile(r"\[(?:the )?(?:measures|mesures)\]", re.IGNORECASE)
_APOLOGY: Final = re.compile(r"\b(excus|désol|pardon|regrett|sorry|apolog|regret)", re.IGNORECASE)


def lint(statement: Statement, voice: Voice | None) -> list[str]:
    """Return what an approver should look at again; nothing where it is fine."""
    lines = [line.strip() for line in statement.text.strip().splitlines() if line.strip()]
    found = []
    closes = statement.phase == "closing"
    if closes and not _MEASURES.search(statement.text):
        found.append("names no measures: write [measures] (or [mesures]) where those that were noted belong")
    if not closes and len(lines) != len(LINES):
        found.append(f"has {len(lines)} lines, not six: {', '.join(LINES)}")
    found += [
        f"line {n} has {len(line)} characters: at most {_LONGEST}"
        for n, line in enumerate(lines, 1)
        if len(line) > _LONGEST
    ]
    if len(lines) >= 2 and not closes:
        sorry = bool(_APOLOGY.search(lines[1]))
        if statement.responsibility == "preventable" and not sorry:
            found.append("line 2 does not apologise, though the brand is responsible (preventable)")
        if statement.responsibility == "victim" and sorry:
            found.append("line 2 apologises for what the brand has not done (victim): acknowledge and inform instead")
    return found + (_voice(statement.text.casefold(), voice) if voice else [])


def _voice(text: str, voice: Voice) -> list[str]:
    found = [f'says "{word}", which the brand never does' for word in voice.never if word.casefold() in text]
    shown = [word for word in (*voice.use, *voice.values) if word.casefold() in text]
    if voice.use and not shown:
        values = f" (values: {', '.join(voice.values)})" if voice.values else ""
        found.append(f"uses none of the brand's own words{values}: {', '.join(voice.use)}")
    return found
