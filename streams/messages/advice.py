"""Advice on how to answer, as data with its sources: by responsibility (Coombs' SCCT), by subject, in proportion.

It is advice and says so. Nothing in here decides anything.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final, Literal

import yaml

from schemas.events import Incident, Severity
from streams.messages.phrases import Phrases, clean, phrases
from streams.policy.model import Policy, Statement

Responsibility = Literal["victim", "accidental", "preventable"]
RESPONSIBILITIES: Final[tuple[Responsibility, ...]] = ("victim", "accidental", "preventable")
_HERE: Final = Path(__file__).parent
_MEASURE: Final = re.compile(r"^\s*(?:measure|mesure)s?\s*[:：]\s*(.+)$", re.IGNORECASE)
"""How a note says that it names a measure taken."""
PLACE: Final = re.compile(r"\[(?:the )?(?:measures|mesures)\]", re.IGNORECASE)
"""Where a closing statement names the measures taken."""


@cache
def advice(language: str) -> Phrases:
    """Return the catalogue of advice in `language`; English where there is none."""
    language = language if language in {"en", "fr"} else "en"
    return Phrases(language, yaml.safe_load((_HERE / f"advice.{language}.yaml").read_text(encoding="utf-8")))


def assumed(trigger: str) -> Responsibility:
    """Return where an incident of `trigger` most often stands before the facts are known."""
    found = advice("en")(f"trigger.{trigger}.assume")
    return next(one for one in RESPONSIBILITIES if one == found)


def advise(
    language: str, severity: Severity, trigger: str, responsibility: Responsibility | None = None
) -> list[tuple[str, str]]:
    """Return the advice as (label, sentence), the sources in the last one.

    Args:
        language: Of the reader.
        severity: How bad it is: what answer is in proportion.
        trigger: What it is about.
        responsibility: How far the brand is responsible, where somebody has said so (in an approved statement); else what
            is most often true of this trigger, told as an assumption, and what to do otherwise.
    """
    say, words = advice(language), phrases(language)
    first = responsibility or assumed(trigger)
    used = {
        say(f"proportion.{severity}.source"),
        say(f"trigger.{trigger}.source"),
        say(f"responsibility.{first}.source"),
    }
    used -= {"ours"}
    who = say(f"proportion.{severity}.who")
    found = [
        (say("first"), say("first_do")),
        (say("measured", severity=severity), f"{say(f'proportion.{severity}.do')} ({who})"),
        (say("facts"), f"{say(f'trigger.{trigger}.ask')} ({say(f'trigger.{trigger}.with')})"),
        (say("assumed", trigger=words.word("trigger", trigger)), _case(say, first)),
    ]
    found += [(say("and_if"), _case(say, other)) for other in RESPONSIBILITIES if other != first]
    found.append((say("again"), say("again_do")))
    found.append(
        (
            "",
            say(
                "source",
                sources=say("join").join(say(f"sources.{name}") for name in ("scct", "cerc", "iso") if name in used),
            ),
        )
    )
    return found


def _case(say: Phrases, responsibility: Responsibility) -> str:
    at = f"responsibility.{responsibility}"
    return f"{say(f'{at}.name')} ({say(f'{at}.when')}) → {say(f'{at}.strategy')}. {say(f'{at}.do')}"


def statement_of(
    policy: Policy | None, trigger: str, brand: str, language: str, today: str, phase: str = "holding"
) -> Statement | None:
    """Return the approved statement that fits, the brand's own before the general; None where none is valid today."""
    fitting = [
        one
        for one in (policy.statements if policy else [])
        if one.trigger == trigger
        and one.language == language
        and one.phase == phase
        and one.brand in {"", brand}
        and one.valid_until >= today
    ]
    return max(fitting, key=lambda one: bool(one.brand), default=None)


def template(language: str, responsibility: Responsibility) -> list[str]:
    """Return the six lines of a holding statement for want of an approved one."""
    return advice(language).lines(f"holding.{responsibility}")


def measures(incident: Incident) -> list[str]:
    """Return the measures taken, as people have noted them (`measure: the lot is recalled`), in order."""
    found = [_MEASURE.match(entry.detail) for entry in incident.timeline if entry.what == "note"]
    return list(dict.fromkeys(clean(one[1], 200).rstrip(".") for one in found if one))


def closing(language: str, lines: list[str], incident: Incident) -> list[str]:
    """Return a closing statement with the measures taken in its place; a last line says where none were noted."""
    say, taken = advice(language), measures(incident)
    if not taken:
        return [*lines, say("no_measures", id=incident.incident_id[:8])]
    named = "; ".join(taken)
    return [PLACE.sub(lambda _: named, line) for line in lines]
