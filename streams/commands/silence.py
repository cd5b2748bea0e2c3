"""Hold pages back for a while: what matches, who says so, why and until when. The same as on the page and on Kafka."""

from __future__ import annotations

import argparse
import getpass
import math
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from streams.commands import options
from streams.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from streams.incidents.silences import Standing
    from streams.policy.model import Policy
    from streams.settings import Settings

EXAMPLES = """\
  tocsin silence add --brand acme --minutes 120 --reason "product day" --as alice
  tocsin silence add --brand acme --match signal=volume_spike --match severity=L1,L2 --until 2026-12-01T18:00+01:00 --reason "contest"
  tocsin silence list
  tocsin silence expire 3f2a91bc --as alice
"""
LONGEST = 7 * 24 * 60
"""Minutes of the longest silence: a week."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=("add", "list", "expire"))
    parser.add_argument("silence", nargs="?", help="with expire: its id, or the first characters of it")
    parser.add_argument("--brand", help="with add: the brand that is silenced")
    parser.add_argument("--match", action="append", default=[], metavar="LABEL=VALUES",
                        help="with add: what else has to fit, as in severity=L1,L2; may be repeated")  # fmt: skip
    parser.add_argument("--minutes", type=int, help="with add: for so long (default: 60)")
    parser.add_argument("--until", metavar="TIME", help="with add: until this time instead, ISO 8601 with its zone")
    parser.add_argument("--reason", help="with add: why; everybody who is not paged for it reads it")
    parser.add_argument("--as", dest="author", metavar="PERSON", help="who decides (default: your login name)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options.config(parser)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from streams import consoles

    settings = options.settings_of(args)
    policy = policy_of(settings)
    if args.action == "add":
        matchers, minutes = _matchers(args, policy), _minutes(args)  # what is wrong is told before a broker is asked
        if not (args.reason or "").strip():
            raise UserError('silence add: say why with --reason "…"; who is not paged for it reads that')
        consoles.ready(settings)
        _warn_of_unwatched(settings, matchers.get("brand", ""))
        return _add(args, settings, matchers, minutes)
    consoles.ready(settings)
    found = _standing(settings, policy)
    return _list(args, found) if args.action == "list" else _expire(args, settings, found)


def policy_of(settings: Settings) -> Policy:
    """Return the configuration's policy; an empty one where there is no such file."""
    from streams.policy.load import load_policy
    from streams.policy.model import Defaults, Policy

    if Path(settings.policy).is_file():
        return load_policy(settings.policy)
    return Policy(people={}, chains={}, defaults=Defaults(chain=""))


def _matchers(args: argparse.Namespace, policy: Policy) -> dict[str, str]:
    from schemas.events import SEVERITIES
    from streams.policy.labels import KNOWN

    labels = list(dict.fromkeys([*KNOWN, *(name for brand in policy.brands.values() for name in brand.labels)]))
    found = {"brand": args.brand} if args.brand else {}
    for pair in args.match:
        name, sign, value = pair.partition("=")
        if not sign or not value.strip():
            raise UserError(f"--match: {pair!r} is not label=values, as in signal=volume_spike")
        if name not in labels:
            raise UserError(f'--match: no label "{name}"{did_you_mean(name, labels)} (known: {", ".join(labels)})')
        found[name] = value
    for severity in found.get("severity", "").split(","):
        if severity.strip().lstrip("!").rstrip("+") not in {"", *SEVERITIES}:
            raise UserError(f"--match: severity {severity.strip()!r} must be L1 to L4, or such as L3+")
    if not found:
        raise UserError("silence add: name a --brand, or what has to fit with --match label=values")
    return found


def _warn_of_unwatched(settings: Settings, brand: str) -> None:
    """Say on standard error where a silence is for a brand that nobody watches: most often a slip in its name."""
    from streams.commands import watched

    names = {one.name for one in watched.now(settings).watched_at(1 << 62)}
    asked = [name.strip() for name in brand.split(",") if name.strip() and not set(name) & set("!*?[")]
    for name in asked:
        if settings.brands and name not in names:
            print(f"note: {watched.unknown(name, names)}; the silence is said all the same", file=sys.stderr)


def _minutes(args: argparse.Namespace) -> int:
    if args.until is None:
        minutes = 60 if args.minutes is None else args.minutes
        given = f"--minutes: {minutes}"
    else:
        if args.minutes is not None:
            raise UserError("silence add: --minutes or --until, not both")
        try:
            end = datetime.fromisoformat(args.until)
        except ValueError:
            end = None
        if end is None or end.tzinfo is None:
            raise UserError(f"--until: {args.until!r} is no time with its zone: write 2026-12-24T18:00+01:00")
        minutes = math.ceil((end.timestamp() - time.time()) / 60)
        given = f"--until: {args.until}"
    if not 1 <= minutes <= LONGEST:
        raise UserError(f"{given} must lie between a minute and a week from now")
    return minutes


def _standing(settings: Settings, policy: Policy) -> list[Standing]:
    from streams.commands.past_commands import recorded
    from streams.incidents.silences import standing

    return standing(recorded(settings, by_topic=True), policy, int(time.time() * 1_000))


def _add(args: argparse.Namespace, settings: Settings, matchers: dict[str, str], minutes: int) -> int:
    import msgspec

    from schemas.events import Command

    command = Command(
        command_id=str(uuid.uuid4()), action="silence", author=args.author or getpass.getuser(),
        brand=matchers.get("brand"), matchers=matchers, minutes=minutes, reason=args.reason.strip(),
        issued_at=datetime.now(UTC), via="cli",
    )  # fmt: skip
    _send(settings, command)
    found = next(
        (one for one in _standing(settings, policy_of(settings)) if one.silence_id == command.command_id), None
    )
    if found is None:
        print("sent, but it does not show on the topic commands; see tocsin topics check")
        return 1
    if args.json:
        options.print_json(msgspec.to_builtins(found))
        return 0
    print(f"silence {command.command_id[:8]}: {words_of(found.match)} until {found.ends_at}: {found.reason}")
    if "severity" not in found.match:
        print("It holds back L4 too; to be woken by worse add --match severity=L1,L2,L3.")
    return 0


def _send(settings: Settings, command: object) -> None:
    from schemas import topics
    from schemas.events import encode
    from streams import consoles
    from streams.engine.records import Write

    consoles.write_all(settings, [Write(topics.COMMANDS.name, b"", encode(command), 0)])


def words_of(match: dict[str, list[str]]) -> str:
    """Return matchers as people type them: `brand=acme severity=L1,L2`."""
    return " ".join(f"{name}={','.join(values)}" for name, values in match.items())


def _list(args: argparse.Namespace, found: list[Standing]) -> int:
    import msgspec

    if args.json:
        options.print_json([msgspec.to_builtins(one) for one in found])
        return 0
    if not found:
        print("no silence stands")
        return 0
    from rich.table import Table

    table = Table("id", "what", "until (UTC)", "by", "reason", box=None, pad_edge=False)
    for one in found:
        name = one.silence_id if one.silence_id.startswith("silences[") else one.silence_id[:8]
        table.add_row(name, words_of(one.match), one.ends_at[:16].replace("T", " "), one.author, one.reason)
    options.console().print(table)
    return 0


def _expire(args: argparse.Namespace, settings: Settings, found: list[Standing]) -> int:
    from schemas.events import Command

    if not args.silence:
        raise UserError("silence expire: name the silence, as in: tocsin silence expire 3f2a91bc")
    mine = [one for one in found if one.silence_id.startswith(args.silence)]
    if len(mine) != 1:
        what = (
            f"{len(mine)} ids begin so; give more characters" if mine else "none stands; tocsin silence list shows them"
        )
        raise UserError(f"silence {args.silence!r}: {what}")
    if mine[0].silence_id.startswith("silences["):
        raise UserError(f"silence {args.silence!r}: it stands in the policy file; remove it there")
    _send(settings, Command(
        command_id=str(uuid.uuid4()), action="unsilence", author=args.author or getpass.getuser(),
        into=mine[0].silence_id, issued_at=datetime.now(UTC), via="cli",
    ))  # fmt: skip
    print(f"silence {mine[0].silence_id[:8]} ended: {words_of(mine[0].match)}")
    return 0
