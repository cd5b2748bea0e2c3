"""What goes out to the public, as a message offers it: the approved statement, or a template that says that it is none."""

from __future__ import annotations

from schemas.events import Incident
from streams.messages import advice
from streams.messages.options import Options
from streams.messages.page import Line
from streams.messages.phrases import Phrases, clean


def holding(say: Phrases, options: Options, incident: Incident) -> list[Line]:
    """Return the holding statement; nothing for an L1, where one would be out of proportion."""
    lines = [Line(clean(line, 400)) for line in options.statement.splitlines() if line.strip()]
    if not lines:
        if incident.severity == "L1":
            return []
        told = advice.template(say.language, advice.assumed(incident.trigger))
        return [*(Line(line) for line in told), Line(advice.advice(say.language)("unapproved"))]
    if options.approver:
        by = say("statement_by", approver=clean(options.approver, 80), until=options.valid_until)
        lines.append(Line(by))
    return lines


def closing(say: Phrases, options: Options, incident: Incident) -> list[Line]:
    """Return the statement that ends it, with the measures taken; below it, that a template is not approved."""
    counsel = advice.advice(say.language)
    prepared = [line for line in options.closing if line.strip()] or counsel.lines("closing")
    lines = [Line(clean(line, 600)) for line in advice.closing(say.language, prepared, incident)]
    return lines if options.closing else [*lines, Line(counsel("unapproved"))]
