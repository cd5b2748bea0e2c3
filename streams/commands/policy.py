"""Check the chain of command, see who gets an alert and why, compare two policies, replay the past under one."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from streams.commands import options, policy_advice, policy_cards, policy_past, policy_probe
from streams.errors import UserError

if TYPE_CHECKING:
    from streams.policy.model import Policy

EXAMPLES = """\
  tocsin policy check policy.yaml
  tocsin policy check policy.yaml --probe --only alice               # do her channels answer? sends a test over each
  tocsin policy route policy.yaml --brand Aerolux --severity L3      # who is paged, when, and why not the others
  tocsin policy route policy.yaml --explain alert.json
  tocsin policy route policy.yaml --pace                             # how many routes a second
  tocsin policy diff policy.yaml policy.new.yaml
  tocsin policy diff policy.yaml policy.new.yaml --from 2026-03-01   # and what last month would have been
  tocsin policy replay policy.yaml --from 2026-03-01 --to 2026-04-01 --acks never
  tocsin policy replay policy.yaml --alerts build/backtest           # a backtest's alerts instead of the topics
  tocsin policy plan policy.yaml --role legal --lang fr              # a card to print
  tocsin policy plan --role legal --read --as leo                    # leo has read it
  tocsin policy plan --receipts                                      # who has read which version
  tocsin policy advice --trigger product --severity L3 --lang fr     # what to do and say, with the sources
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=("check", "route", "replay", "diff", "plan", "advice"))
    parser.add_argument(
        "policy", nargs="*", type=Path, metavar="FILE", help="policy.yaml (default: the configuration's); two for diff"
    )
    parser.add_argument(
        "--explain", type=Path, metavar="ALERT.json", help="with route: an alert as the topic alerts has it"
    )
    parser.add_argument("--brand", help="with route and advice: the brand")
    parser.add_argument("--severity", default="L3", help="with route and advice: L1 to L4 (default: L3)")
    parser.add_argument(
        "--trigger", default="other", help="with advice: product, employee, campaign, service, safety, legal"
    )
    parser.add_argument("--signal", default="negative_spike", help="with route (default: negative_spike)")
    parser.add_argument(
        "--lang", choices=("en", "fr"), default="en", help="with plan, advice and replay: the language (default: en)"
    )
    parser.add_argument("--at", metavar="TIME", help="as of this time, ISO 8601 (default: now)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--pace", action="store_true", help="with route: how many routes a second this file is decided at"
    )
    policy_probe.arguments(parser)
    policy_cards.arguments(parser)
    policy_past.arguments(parser)
    options.config(parser)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    at = _at(args.at)
    files = args.policy or [Path(options.settings_of(args).policy)]
    if args.action == "advice" and not args.policy and not files[0].is_file():
        return policy_advice.show(args, None, at)
    wanted = 2 if args.action == "diff" else 1
    if len(files) != wanted:
        raise UserError(f"policy {args.action}: {len(files)} file(s) given, {wanted} needed")
    todo = {"check": _check, "route": _route, "replay": _replay, "diff": _diff, "plan": _plan, "advice": _advice}
    return todo[args.action](args, files, at)


def _at(text: str | None) -> int:
    from schemas.times import parse_iso

    if text is None:
        return int(time.time() * 1_000)
    try:
        return parse_iso(text)
    except ValueError:
        raise UserError(f"--at: {text!r} is no time; write it as in 2026-03-02T08:00:00Z") from None


def _watched(args: argparse.Namespace) -> list[str]:
    """Return the brands of the configuration; none where there is no usable one, and nobody named it."""
    try:
        return [brand.name for brand in options.settings_of(args).brands]
    except UserError:
        if args.config is not None:
            raise
        return []


def _check(args: argparse.Namespace, files: list[Path], at: int) -> int:
    import msgspec

    from streams.policy.check import check, summary
    from streams.policy.load import load_policy
    from streams.policy.references import missing_secrets, unwatched

    policy = load_policy(files[0])
    problems = check(policy, at)
    notes = (
        []
        if args.probe
        else [*missing_secrets(policy, os.environ), *unwatched(policy, _watched(args) or policy.brands)]
    )
    probes = policy_probe.probe(args, policy, int(time.time() * 1_000)) if args.probe else []
    silent = [one for one in probes if not one.answered]
    if args.json:
        plain = [msgspec.to_builtins(problem) for problem in problems + notes]
        plain += [
            {
                "path": f"{one.target.person}.{one.target.channel}",
                "message": one.words,
                "level": "probe",
                "answered": one.answered,
            }
            for one in probes
        ]
        options.print_json(plain)
    else:
        for problem in problems + notes:
            print(problem.line(str(files[0])))
        for one in probes:
            print(policy_probe.line(one))
        tested = f"; {len(silent)} of {len(probes)} channels do not answer" if args.probe else ""
        print(f"{files[0]}: {summary(policy, at)}; {len(problems)} finding(s){tested}")
    return int(bool(problems or silent))


def _route(args: argparse.Namespace, files: list[Path], at: int) -> int:
    import msgspec

    from streams.policy.load import load_policy
    from streams.policy.plan import explain

    policy = load_policy(files[0])
    if args.pace:
        return _pace(args, policy)
    found = explain(policy, _alert(args, at), at)
    if args.json:
        options.print_json(msgspec.to_builtins(found))
    else:
        print("\n".join(found.lines()))
    return 0 if found.pages or found.holds else 1


def _pace(args: argparse.Namespace, policy: Policy) -> int:
    import msgspec

    from streams.policy.pace import measure

    found = measure(policy)
    if args.json:
        options.print_json(msgspec.to_builtins(found) | {"per_second": round(found.per_second)})
    else:
        print(
            f"{found.per_second:,.0f} alerts routed a second of CPU time ({found.alerts} different alerts, {found.nodes} routes)"
        )
    return 0


def _alert(args: argparse.Namespace, at: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - Alert, imported late
    import msgspec

    from schemas.bounds import bounded
    from schemas.events import SEVERITIES, Alert
    from schemas.ids import alert_id, fingerprint
    from schemas.mention import MALFORMED
    from schemas.times import from_ms

    if args.explain:
        try:
            return bounded(msgspec.json.decode(args.explain.read_bytes(), type=Alert))
        except OSError as error:
            raise UserError(f"--explain: {args.explain}: {error.strerror}") from None
        except (*MALFORMED, ValueError) as error:
            raise UserError(f"--explain: {args.explain}: not an alert: {error}") from None
    if not args.brand:
        raise UserError("policy route: name an alert with --explain ALERT.json, or a --brand")
    if args.severity not in SEVERITIES:
        raise UserError(f"--severity: {args.severity!r} must be one of {', '.join(SEVERITIES)}")
    key = fingerprint(args.brand, args.signal)
    return Alert(
        alert_id(key, at),
        key,
        1,
        "firing",
        args.signal,
        args.severity,
        args.brand,
        from_ms(at),
        from_ms(at),
        kind="test",
    )


def _diff(args: argparse.Namespace, files: list[Path], at: int) -> int:
    from streams.policy.diff import diff
    from streams.policy.load import load_policy

    old, new = load_policy(files[0]), load_policy(files[1])
    changes = diff(old, new, at)
    past = policy_past.difference(args, old, new) if policy_past.wants_past(args) else None
    if args.json:
        import msgspec

        options.print_json(changes if past is None else {"changes": changes, "past": msgspec.to_builtins(past)})
        return 0
    print("\n".join(changes) if changes else "the two say the same")
    if past is not None:
        print("\n".join(policy_past.lines_of(past)))
    return 0


def _replay(args: argparse.Namespace, files: list[Path], _: int) -> int:
    from streams.policy.load import load_policy

    return policy_past.replay(args, load_policy(files[0]))


def _plan(args: argparse.Namespace, files: list[Path], at: int) -> int:
    from streams.policy.load import load_policy

    return policy_cards.plan(args, load_policy(files[0]), at)


def _advice(args: argparse.Namespace, files: list[Path], at: int) -> int:
    from streams.policy.load import load_policy

    return policy_advice.show(args, load_policy(files[0]), at)
