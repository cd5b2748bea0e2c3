"""`policy plan`: a role's card, links to confirm it, its receipt, and who has read what."""

from __future__ import annotations

import argparse
import os
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from streams.commands import options
from streams.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from streams.policy.model import Policy

LINK_DAYS = 30
"""How long a link that confirms a card works."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    plan = parser.add_argument_group("cards (plan)")
    plan.add_argument("--role", help="the role whose card is printed")
    plan.add_argument(
        "--links",
        action="store_true",
        help="print a signed link for each person of the role instead: it shows the card and confirms it",
    )
    plan.add_argument("--read", action="store_true", help="record that --as PERSON has read the card of the role")
    plan.add_argument("--as", dest="author", metavar="PERSON", help="who has read it")
    plan.add_argument("--receipts", action="store_true", help="list who has read which version, and who has not")


def plan(args: argparse.Namespace, policy: Policy, at: int) -> int:
    """Do what was asked."""
    from streams.policy.cards import card

    if args.receipts:
        return _receipts(args, policy)
    if not args.role:
        raise UserError("policy plan: say whose card with --role, as in --role legal")
    text = card(policy, args.role, args.lang, at)  # first: it says what is wrong with the role
    if args.links:
        return _links(args, policy)
    if args.read:
        return _read(args, policy)
    print(text, end="")
    return 0


def _links(args: argparse.Namespace, policy: Policy) -> int:
    from streams.links import ENV_KEYS, Claim, Links, keys_from
    from streams.policy.cards import readers, version

    url, keys = options.settings_of(args).web.public_url, keys_from(os.environ)
    if not url or not keys:
        raise UserError(
            f"--links: web.public_url in the configuration and a key in {ENV_KEYS} are needed; see docs/channels.md"
        )
    links, now = Links(keys, url), int(time.time() * 1_000)
    which = version(policy, args.role)
    found = {
        person: links.url(
            Claim("card", f"{args.role}|{which}", person, now + LINK_DAYS * 86_400_000, uuid.uuid4().hex[:12])
        )
        for person in readers(policy, args.role)
    }
    if args.json:
        options.print_json(found)
    else:
        print("\n".join(f"{person}: {link}" for person, link in found.items()))
    return 0


def _read(args: argparse.Namespace, policy: Policy) -> int:
    from schemas import topics
    from schemas.events import Command, encode
    from streams import consoles
    from streams.engine.records import Write
    from streams.policy.cards import readers, version

    people = readers(policy, args.role)
    if args.author not in people:
        hint = did_you_mean(args.author or "", people)
        raise UserError(
            f"--as: {args.author!r} has not the role {args.role!r}{hint}; it is the card of {', '.join(people)}"
        )
    settings = options.settings_of(args)
    consoles.ready(settings)
    command = Command(
        command_id=str(uuid.uuid4()), action="receipt", author=args.author, card=args.role, version=version(policy, args.role),
        issued_at=datetime.now(UTC), via="cli",
    )  # fmt: skip
    consoles.write_all(settings, [Write(topics.COMMANDS.name, b"", encode(command), 0)])
    print(f"{args.author} has read the card {args.role}, version {command.version}")
    return 0


def _receipts(args: argparse.Namespace, policy: Policy) -> int:
    import msgspec

    from streams import consoles
    from streams.commands.past_commands import recorded
    from streams.policy.cards import card
    from streams.policy.receipts import receipts

    settings = options.settings_of(args)
    if args.role:
        card(policy, args.role, "en", 0)  # says what is wrong with the role
    consoles.ready(settings)
    found = receipts(policy, recorded(settings), args.role)
    if args.json:
        options.print_json([msgspec.to_builtins(one) | {"current": one.current} for one in found])
        return int(not all(one.current for one in found))
    from rich.table import Table

    table = Table("role", "person", "version", "read", box=None, pad_edge=False)
    for one in found:
        when = f"{one.read_at[:16].replace('T', ' ')} UTC"
        read = when if one.current else f"an older one ({one.read_version}), {when}" if one.read_version else "NOT READ"
        table.add_row(one.role, one.person, one.version, read)
    options.console().print(table)
    return int(not all(one.current for one in found))
