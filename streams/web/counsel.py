"""What the page advises about an incident: the same words, and the same approved statements, as the messages."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.events import Incident
from schemas.times import from_ms
from streams.messages.advice import advice, advise, assumed, closing, statement_of, template
from streams.messages.phrases import clean
from streams.messages.render import runbook_of
from streams.policy.model import Policy
from streams.web.words import Language

_OVER = frozenset({"stable", "resolved", "closed"})


@dataclass(frozen=True, slots=True)
class Counsel:
    """What is advised, and the statement to adapt."""

    title: str
    lines: list[tuple[str, str]]
    statement: list[str]
    closes: bool
    """Whether the statement is the one that ends it."""
    approver: str
    valid_until: str
    unapproved: str
    """What to know about a template; empty for an approved statement."""
    runbook: str


def counsel_of(policy: Policy | None, incident: Incident, language: Language, now: int) -> Counsel:
    """Return the advice on `incident` at `now` (epoch ms) in `language`."""
    say, today = advice(language), from_ms(now).date().isoformat()
    closes = incident.state in _OVER
    which = (policy, incident.trigger, incident.brand, language, today)
    prepared = statement_of(*which)
    approved = statement_of(*which, "closing") if closes else prepared
    if approved:
        lines = [line for line in approved.text.strip().splitlines() if line.strip()]
    elif incident.severity == "L1" or (closes and incident.severity == "L2"):
        lines = []  # a statement would be out of proportion
    else:
        lines = say.lines("closing") if closes else template(language, assumed(incident.trigger))
    if closes and lines:
        lines = closing(language, lines, incident)
    person = policy.people.get(approved.approver) if policy and approved else None
    return Counsel(
        title=say("title"),
        lines=advise(language, incident.severity, incident.trigger, prepared.responsibility if prepared else None),
        statement=[clean(line, 600) for line in lines],
        closes=closes,
        approver=((person and person.name) or approved.approver) if approved else "",
        valid_until=approved.valid_until if approved else "",
        unapproved="" if approved or not lines else say("unapproved"),
        runbook=runbook_of(policy, incident.trigger, incident.brand),
    )
