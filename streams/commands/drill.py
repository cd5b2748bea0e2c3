"""An exercise: goes the whole way to the real people, is marked as one everywhere, and is timed."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streams.commands import options
from streams.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from schemas.events import Alert, Incident
    from streams.incidents.drills import DrillReport
    from streams.policy.model import Policy
    from streams.settings import Settings

EXAMPLES = """\
  tocsin drill start --brand acme --severity L3 --dry-run             # who would be told, and when
  tocsin drill start --brand acme --severity L3 --scenario "glass in a jar" --follow
  tocsin drill worsen 5f0c --severity L4
  tocsin drill report 5f0c --lang fr                                  # who answered after how long
  tocsin drill end 5f0c                                               # all-clear to everybody who was paged
"""
POLL = 0.5
"""Seconds between two looks at the topics."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=("start", "worsen", "end", "report", "list"))
    parser.add_argument(
        "incident", nargs="?", help="the exercise's incident id, or its first characters (default: the live one)"
    )
    parser.add_argument("--brand", help="with start: whose crisis it is")
    parser.add_argument("--severity", help="with start and worsen: L1 to L4 (default: L3)")
    parser.add_argument("--signal", default="negative_spike", help="with start (default: negative_spike)")
    parser.add_argument(
        "--trigger", default="other", help="with start: product, employee, campaign, service, safety, legal"
    )
    parser.add_argument(
        "--scenario", default="", help="with start: a sentence on what is played; it stands in the messages"
    )
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="the chain of command to look people up in (default: the configuration's)",
    )
    parser.add_argument("--dry-run", action="store_true", help="with start: only say who would be told")
    parser.add_argument(
        "--follow",
        action="store_true",
        help="stay and tell what happens, until somebody is in charge or --wait is over",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="how long to wait for the notifier (default: 10; with --follow 1800)",
    )
    parser.add_argument("--lang", choices=("en", "fr"), default="en", help="language of the report (default: en)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options.config(parser)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from schemas.events import SEVERITIES
    from streams import consoles

    if args.severity not in {None, *SEVERITIES}:
        raise UserError(f"--severity: {args.severity!r} must be one of {', '.join(SEVERITIES)}")
    settings = options.settings_of(args)
    if args.action == "start":
        return _start(args, settings)
    consoles.ready(settings)
    drills = _drills(settings)
    if args.action == "list":
        return _list(args, drills)
    if args.action == "report" and not args.incident and drills and not any(map(_live, drills)):
        drills = [max(drills, key=lambda one: one.opened_at)]  # the report is asked for once the exercise is over
        args.incident = drills[0].incident_id
    incident = _find(args.incident, drills)
    if args.action == "report":
        return _report(args, settings, incident)
    return _go_on(args, settings, incident)


def _policy(args: argparse.Namespace, settings: Settings) -> Policy | None:
    from streams.policy.load import load_policy

    if args.policy is not None:
        return load_policy(args.policy)
    return load_policy(settings.policy) if Path(settings.policy).is_file() else None


def _drills(settings: Settings) -> list[Incident]:
    from streams.commands.incident import latest

    found = [one for one in latest(settings).values() if one.kind == "exercise"]
    return sorted(found, key=lambda one: one.opened_at, reverse=True)


def _live(incident: Incident) -> bool:
    return incident.state in {"open", "acknowledged", "responding", "stable"}


def _find(prefix: str | None, drills: list[Incident]) -> Incident:
    found = (
        [one for one in drills if one.incident_id.startswith(prefix)]
        if prefix
        else [one for one in drills if _live(one)]
    )
    if len(found) == 1:
        return found[0]
    which = f"{prefix!r}: " if prefix else ""
    if found:
        raise UserError(
            f"drill {which}{len(found)} exercises; name one: {', '.join(one.incident_id[:8] for one in found)}"
        )
    raise UserError(
        f"drill {which}no such exercise; tocsin drill list shows them"
        if prefix
        else "drill: no exercise is live; tocsin drill list shows those that were, to be named"
    )


def _start(args: argparse.Namespace, settings: Settings) -> int:
    from schemas.ids import incident_id
    from streams import consoles
    from streams.incidents.drills import exercise

    brand, signal, trigger = _checked(args, settings)
    if settings.replay:
        raise UserError("drill start: the configuration says clock: replay; an exercise needs clock: live")
    policy = _policy(args, settings)
    alert = exercise(
        brand, args.severity or "L3", signal, trigger, args.scenario.strip()[:500], int(time.time() * 1_000)
    )
    if policy is not None:
        _foretell(policy, alert)
    elif args.dry_run:
        raise UserError(f"drill start: {settings.policy}: no such file; name the chain of command with --policy")
    if args.dry_run:
        return 0
    consoles.ready(settings)
    other = next((one for one in _drills(settings) if one.brand == brand and _live(one)), None)
    if other is not None:
        raise UserError(
            f"--brand: an exercise of {brand} is under way; end it first: tocsin drill end {other.incident_id[:8]}"
        )
    _send(settings, alert)
    key = incident_id(brand, alert.alert_id)
    print(f"EXERCISE {alert.severity} {brand} has begun: {key}")
    return _follow(args, settings, key)


def _checked(args: argparse.Namespace, settings: Settings) -> tuple[str, Any, Any]:
    from typing import get_args

    from schemas.events import SignalName, Trigger

    if not args.brand:
        raise UserError("drill start: name the brand with --brand")
    _check_brand(args, settings)
    for option, value, known in (
        ("signal", args.signal, get_args(SignalName)),
        ("trigger", args.trigger, get_args(Trigger)),
    ):
        if value not in known:
            raise UserError(f"--{option}: {value!r} must be one of {', '.join(known)}{did_you_mean(value, known)}")
    return args.brand, args.signal, args.trigger


def _check_brand(args: argparse.Namespace, settings: Settings) -> None:
    """Raise UserError unless the brand is watched: as configured, or as added since."""
    from streams import consoles
    from streams.commands import watched

    names = {brand.name for brand in settings.brands}
    if not names or args.brand in names:
        return
    hint = did_you_mean(args.brand, names)
    try:
        consoles.ready(settings)
        names = {brand.name for brand in watched.now(settings).watched_at(1 << 62)}
    except UserError as error:
        raise UserError(
            f"--brand: {args.brand!r} is not configured{hint}; configured are {', '.join(sorted(names)[:10])}; "
            f"whether it was added since cannot be looked up: {error}"
        ) from None
    if args.brand not in names:
        raise UserError(f"--brand: {watched.unknown(args.brand, names)}{did_you_mean(args.brand, names)}")


def _foretell(policy: Policy, alert: Alert) -> None:
    from schemas.times import to_ms
    from streams.policy.plan import explain

    found = explain(policy, alert, to_ms(alert.detected_at))
    print("\n".join(line for line in found.lines() if not line.startswith(("takes ", "passes "))))


def _send(settings: Settings, alert: Alert) -> None:
    from schemas import topics
    from schemas.events import encode
    from streams import consoles
    from streams.engine.records import Write

    headers = [
        ("ce_specversion", b"1.0"), ("ce_id", f"{alert.alert_id}:{alert.sequence}".encode()), ("ce_source", b"/tocsin/drill"),
        ("ce_type", f"tocsin.alert.{alert.status}".encode()), ("ce_subject", alert.brand.encode()),
        ("ce_time", alert.detected_at.isoformat().replace("+00:00", "Z").encode()), ("content-type", b"application/json"),
    ]  # fmt: skip
    consoles.write_all(settings, [Write(topics.ALERTS.name, alert.fingerprint.encode(), encode(alert), 0, headers)])


def _follow(args: argparse.Namespace, settings: Settings, key: str) -> int:
    """Tell the story as it goes on; 1 where the notifier says nothing."""
    from streams.commands.incident import latest

    wait = 1_800.0 if args.follow and args.wait == 10.0 else args.wait
    deadline, told = time.monotonic() + wait, 0
    while time.monotonic() < deadline:
        incident = latest(settings).get(key)
        for entry in incident.timeline[told:] if incident else ():
            print(
                f"  {entry.at:%H:%M:%S} {entry.what}{' · ' + entry.who if entry.who else ''}{': ' + entry.detail if entry.detail else ''}"
            )
            told += 1
        if incident is not None and (not args.follow or (incident.state != "open" and not incident.ack_missing)):
            return 0
        time.sleep(POLL)
    if told:
        print(f"nobody is in charge after {wait:g} s; tocsin drill report {key[:8]} tells more")
    else:
        print(f"sent, but the notifier has not answered within {wait:g} s; is a worker with the agent notify running?")
    return 1


def _go_on(args: argparse.Namespace, settings: Settings, incident: Incident) -> int:
    from streams.incidents.drills import following
    from streams.policy.labels import rank

    alert = max((one for one in incident.alerts), key=lambda one: one.sequence, default=None)
    if alert is None or not _live(incident):
        raise UserError(f"drill {incident.incident_id[:8]}: it is {incident.state} already")
    severity = alert.severity if args.action == "end" else args.severity or "L4"
    if args.action == "worsen" and rank(severity) <= rank(incident.severity):
        raise UserError(f"--severity: {severity} is not worse than {incident.severity}, which it is now")
    now = int(time.time() * 1_000)
    _send(settings, following(alert, "resolved" if args.action == "end" else "updated", severity, now))
    deadline = time.monotonic() + args.wait
    while time.monotonic() < deadline:
        after = next((one for one in _drills(settings) if one.incident_id == incident.incident_id), incident)
        if after.version > incident.version and (args.action == "worsen" or not _live(after)):
            print(f"EXERCISE {after.severity} {after.brand}: {after.state}")
            return _report(args, settings, after) if args.action == "end" else 0
        time.sleep(POLL)
    print(f"sent, but the notifier has not answered within {args.wait:g} s; is a worker with the agent notify running?")
    return 1


def _list(args: argparse.Namespace, drills: list[Incident]) -> int:
    if args.json:
        import msgspec

        options.print_json([msgspec.to_builtins(one) for one in drills])
        return 0
    for one in drills:
        charge = ", ".join(one.acknowledged_by) or "nobody"
        print(
            f"{one.incident_id[:8]}  {one.opened_at:%Y-%m-%d %H:%M}  {one.severity} {one.brand}: {one.state}; in charge: {charge}"
        )
    if not drills:
        print("no exercise so far")
    return 0


def _report(args: argparse.Namespace, settings: Settings, incident: Incident) -> int:
    import msgspec

    from streams.incidents.drills import text_of

    found = report_of(settings, incident, _policy(args, settings))
    if args.json:
        options.print_json(msgspec.to_builtins(found))
    else:
        print(text_of(found, args.lang))
    return 0 if found.in_charge_seconds is not None else 1


def report_of(settings: Settings, incident: Incident, policy: Policy | None) -> DrillReport:
    """Return the report of one exercise, from the topics."""
    from schemas import topics
    from schemas.bounds import readable
    from schemas.events import Notification
    from streams import consoles
    from streams.incidents.drills import report

    latest: dict[str, Notification] = {}
    for record in consoles.read_all(settings, topics.NOTIFICATIONS):
        if record.key == incident.incident_id.encode() and (one := readable(record.value, Notification)) is not None:
            latest[one.notification_id] = one  # the last word on each attempt
    band = policy.band(incident.severity) if policy else None
    return report(incident, latest.values(), int(time.time() * 1_000), band)
