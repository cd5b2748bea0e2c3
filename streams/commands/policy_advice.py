"""`policy advice`: what to do and say for a subject and a severity, with the sources, before anything has happened."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, get_args

from streams.commands import options
from streams.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from streams.policy.model import Policy


def show(args: argparse.Namespace, policy: Policy | None, at: int) -> int:
    """Print the advice and the statements for --trigger, --severity and --brand."""
    from schemas.events import SEVERITIES, Trigger
    from streams.messages.advice import advise
    from streams.messages.phrases import phrases

    known = get_args(Trigger)
    if args.trigger not in known:
        raise UserError(
            f"--trigger: {args.trigger!r} must be one of {', '.join(known)}{did_you_mean(args.trigger, known)}"
        )
    if args.severity not in SEVERITIES:
        raise UserError(f"--severity: {args.severity!r} must be one of {', '.join(SEVERITIES)}")
    statements = {phase: _statement(args, policy, at, phase) for phase in ("holding", "closing")}
    lines = advise(args.lang, args.severity, args.trigger, statements["holding"]["responsibility"])
    if args.json:
        advice = [{"label": label, "text": text} for label, text in lines]
        options.print_json({"advice": advice, "statements": statements})
        return 0
    say = phrases(args.lang)
    print(f"{args.severity} · {say.word('trigger', args.trigger)}\n")
    print("\n".join(f"{label}{say('colon')}{text}" if label else text for label, text in lines))
    for phase, title in (("holding", "section.statement"), ("closing", "section.closing")):
        print(
            f"\n{say(title)}\n"
            + "\n".join(f"  {line}" for line in [*statements[phase]["lines"], statements[phase]["note"]])
        )
    return 0


def _statement(args: argparse.Namespace, policy: Policy | None, at: int, phase: str) -> dict[str, Any]:
    from schemas.times import from_ms
    from streams.messages.advice import advice, assumed, statement_of, template
    from streams.messages.phrases import phrases

    today = from_ms(at).date().isoformat()
    found = statement_of(policy, args.trigger, args.brand or "", args.lang, today, phase)
    if found is None:
        say = advice(args.lang)
        lines = say.lines("closing") if phase == "closing" else template(args.lang, assumed(args.trigger))
        return {
            "lines": lines,
            "approver": None,
            "valid_until": None,
            "responsibility": None,
            "note": say("unapproved"),
        }
    note = phrases(args.lang)("statement_by", approver=found.approver, until=found.valid_until)
    return {"lines": found.text.strip().splitlines(), "approver": found.approver, "valid_until": found.valid_until,
            "responsibility": found.responsibility, "note": note}  # fmt: skip
