"""List and show incidents, and act on them: what you decide goes through the topic commands to the notifier."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from streams.commands import options
from streams.errors import UserError

ACTIONS = {
    "ack": "take charge: nobody else is paged",
    "take-over": "take charge from whoever has it",
    "escalate": "page the next step now",
    "stable": "it no longer grows",
    "statement-sent": "the statement is out",
    "resolve": "it is over",
    "dismiss": "it was none (say why with --reason)",
    "merge": "it is part of another one (--into ID)",
    "note": "write into the story",
}
EXAMPLES = """\
  tocsin incident list
  tocsin incident ack 5f0c --as alice --minutes 30 --note "on it"
  tocsin incident dismiss 5f0c --as alice --reason expected
  tocsin incident merge 5f0c --into 81aa --as alice
  tocsin incident report 5f0c > report.md
to hold pages back: tocsin silence add --brand acme --minutes 60 --reason "…"
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=("list", "show", "report", *ACTIONS), metavar="ACTION",
                        help="list, show, report, " + ", ".join(f"{name} ({text})" for name, text in ACTIONS.items()))  # fmt: skip
    parser.add_argument("incident", nargs="?", help="its id, or the first characters of it")
    parser.add_argument("--as", dest="author", metavar="PERSON", help="who decides (default: your login name)")
    parser.add_argument("--note", help="a sentence for the story")
    parser.add_argument("--minutes", type=int, help="with ack: how many minutes you need")
    parser.add_argument("--reason", help="with dismiss: false_alarm, expected or inauthentic")
    parser.add_argument("--into", metavar="ID", help="with merge: the incident that goes on")
    parser.add_argument("--all", action="store_true", help="with list: closed ones too")
    parser.add_argument(
        "--wait",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="how long to wait for the notifier's answer (default: 10)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options.config(parser)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from streams import consoles

    settings = options.settings_of(args)
    consoles.ready(settings)
    incidents = latest(settings)
    if args.action == "list":
        return _list(args, incidents)
    if args.incident is None:
        raise UserError(f"incident {args.action}: name the incident, as in: tocsin incident {args.action} 5f0c")
    incident = find(args.incident, incidents)
    if args.action == "show":
        return _show(args, incident)
    if args.action == "report":
        return _report(settings, incident)
    into = find(args.into, incidents) if args.action == "merge" and args.into else None
    return _act(args, settings, incident, into)


def latest(settings: Any) -> dict[str, Any]:
    """Return the incidents as they now are, by id."""
    import msgspec

    from schemas import topics
    from schemas.bounds import bounded
    from schemas.events import Incident
    from schemas.mention import MALFORMED
    from streams import consoles

    found: dict[str, Any] = {}
    for record in consoles.read_all(settings, topics.INCIDENTS):
        if record.value is None:
            found.pop((record.key or b"").decode(errors="replace"), None)
            continue
        try:
            incident = bounded(msgspec.json.decode(record.value, type=Incident))
        except (*MALFORMED, ValueError) as error:
            print(
                f"incidents: offset {record.offset} is none of this version's and is passed over: {error}",
                file=sys.stderr,
            )
            continue
        known = found.get(incident.incident_id)
        if known is None or incident.version >= known.version:
            found[incident.incident_id] = incident
    return found


def marked(incident: Any) -> str:
    """Return the brand of an incident; one that is not real says so."""
    return str(incident.brand) if incident.kind == "actual" else f"{incident.brand} ({incident.kind.upper()})"


def find(prefix: str, incidents: dict[str, Any]) -> Any:
    """Return the incident whose id begins with `prefix`; raises UserError."""
    matches = [incident for name, incident in incidents.items() if name.startswith(prefix)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise UserError(f"incident {prefix!r}: {len(matches)} ids begin so; give more characters")
    raise UserError(f"incident {prefix!r}: no such incident; tocsin incident list shows them")


def _list(args: argparse.Namespace, incidents: dict[str, Any]) -> int:
    import msgspec

    live = ("open", "acknowledged", "responding", "stable")
    chosen = [i for i in incidents.values() if args.all or i.state in live]
    chosen.sort(key=lambda incident: incident.opened_at, reverse=True)
    if args.json:
        options.print_json([msgspec.to_builtins(incident) for incident in chosen])
        return 0
    if not chosen:
        print("no live incident" + ("" if args.all else " (--all shows closed ones)"))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "brand", "severity", "state", "since (UTC)", "paged", "in charge", box=None, pad_edge=False)
    for i in chosen:
        table.add_row(
            i.incident_id[:8],
            marked(i),
            i.severity,
            i.state,
            f"{i.opened_at:%Y-%m-%d %H:%M}",
            ", ".join(i.paged),
            ", ".join(i.acknowledged_by),
        )
    Console().print(table)
    return 0


def _show(args: argparse.Namespace, incident: Any) -> int:
    import msgspec

    if args.json:
        options.print_json(msgspec.to_builtins(incident))
    else:
        print(story(incident))
    return 0


def story(incident: Any) -> str:
    """Return the incident in plain words."""
    lines = [
        f"{incident.severity} {marked(incident)} · {incident.state} · {incident.incident_id}",
        f"open since {incident.opened_at:%Y-%m-%d %H:%M} UTC",
        f"paged: {', '.join(incident.paged) or 'nobody'}; in charge: {', '.join(incident.acknowledged_by) or 'nobody'}",
        "",
        "alerts",
    ]
    lines += [
        f"  {alert.severity} {alert.signal} {alert.status} since {alert.starts_at:%H:%M}: {alert.reason}"
        for alert in incident.alerts
    ]
    lines += ["", "story"]
    lines += [
        f"  {e.at:%m-%d %H:%M:%S} {e.what}{' · ' + e.who if e.who else ''}{': ' + e.detail if e.detail else ''}"
        for e in incident.timeline
    ]
    return "\n".join(lines)


def _report(settings: Any, incident: Any) -> int:
    from schemas import topics
    from schemas.bounds import readable
    from schemas.events import Alert
    from streams import consoles
    from streams.incident_report import markdown

    records = consoles.read_all(settings, topics.NOTIFICATIONS)
    mine = [r.value for r in records if r.key == incident.incident_id.encode() and r.value]
    events = (readable(record.value, Alert) for record in consoles.read_all(settings, topics.ALERTS))
    print(markdown(incident, mine, [event for event in events if event is not None]))
    return 0


def _warn_of_a_stranger(settings: Any, author: str) -> None:
    """Say so where the policy knows nobody of this name: it counts all the same, and may be a slip."""
    from pathlib import Path

    from streams.errors import did_you_mean
    from streams.policy.load import load_policy
    from streams.policy.problems import PolicyError

    if not Path(settings.policy).is_file():
        return
    try:
        people = load_policy(settings.policy).people
    except PolicyError:
        return
    if author not in people:
        hint = did_you_mean(author, people)
        print(f"the policy has no person {author!r}{hint}; it counts all the same", file=sys.stderr)


def _act(args: argparse.Namespace, settings: Any, incident: Any, into: Any) -> int:
    from schemas import topics
    from schemas.events import Command, encode
    from streams import consoles
    from streams.engine.records import Write

    if args.action == "dismiss" and not args.reason:
        raise UserError("incident dismiss: say why with --reason false_alarm, expected or inauthentic")
    if args.action == "merge" and into is None:
        raise UserError("incident merge: say which one goes on with --into ID; tocsin incident list shows them")
    if args.minutes is not None and not 1 <= args.minutes <= 10_080:
        raise UserError(f"--minutes: {args.minutes} must lie between 1 and 10080 (a week)")
    _warn_of_a_stranger(settings, args.author or getpass.getuser())
    command = Command(
        command_id=str(uuid.uuid4()), action=args.action.replace("-", "_"), author=args.author or getpass.getuser(),
        incident_id=incident.incident_id, brand=incident.brand, note=args.note, minutes=args.minutes, reason=args.reason,
        issued_at=datetime.now(UTC), via="cli", into=into.incident_id if into else None,
    )  # fmt: skip
    consoles.write_all(settings, [Write(topics.COMMANDS.name, incident.incident_id.encode(), encode(command))])
    deadline = time.monotonic() + args.wait
    while time.monotonic() < deadline:
        now = latest(settings).get(incident.incident_id)
        if now is not None and now.version > incident.version:
            refused = [
                e
                for e in now.timeline
                if e.what == "not done" and e.who == command.author and e not in incident.timeline
            ]
            if refused:
                print(f"not done: {refused[-1].detail}")
                return 1
            print(f"{now.severity} {marked(now)}: {now.state}; in charge: {', '.join(now.acknowledged_by) or 'nobody'}")
            return 0
        time.sleep(0.3)
    print(f"sent, but the notifier has not answered within {args.wait:g} s; is a worker with the agent notify running?")
    return 1
