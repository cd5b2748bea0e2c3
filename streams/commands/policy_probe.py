"""`policy check --probe`: does each channel of each person answer? Sends one message, marked as a test, over every one."""

from __future__ import annotations

import argparse
import asyncio
import os
from typing import TYPE_CHECKING

from streams.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from streams.delivery.model import Target
    from streams.delivery.probe import Probe
    from streams.policy.model import Policy


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    probe = parser.add_argument_group("channels (check)")
    probe.add_argument("--probe", action="store_true",
                       help="send a message marked as a test over every channel of every person, and say which do not answer")  # fmt: skip
    probe.add_argument("--only", metavar="PERSON", help="with --probe: this person's channels alone, or channel:NAME")


def probe(args: argparse.Namespace, policy: Policy, at: int) -> list[Probe]:
    """Test the channels and return how each test ended."""
    from streams.delivery.channels import channels
    from streams.delivery.probe import Probe, probe_all
    from streams.policy.people import ROOM

    names = [*policy.people, *(ROOM + name for name in policy.channels)]
    if args.only is not None and args.only not in names:
        raise UserError(f"--only: no {args.only!r} in the policy{did_you_mean(args.only, names)}")
    targets: list[Target] = []
    unready: list[Probe] = []
    for name in names if args.only is None else [args.only]:
        for target, missing in targets_of(policy, name):
            if missing:
                unready.append(Probe(target, answered=False, words=missing))
            elif target.type != "console":  # it prints here and always answers
                targets.append(target)
    return [*unready, *asyncio.run(probe_all(channels(), targets, at))]


def targets_of(policy: Policy, name: str) -> list[tuple[Target, str]]:
    """Return the channels of `name`, each with what its address lacks (an unset variable); "" where nothing."""
    from streams.delivery.model import Target
    from streams.policy.people import channel_of, every_contact, language_of
    from streams.policy.secrets import resolved

    found = []
    for contact in every_contact(policy, name):
        channel = channel_of(policy, name, contact.called())
        if channel is None:
            continue
        bare = Target(name, language_of(policy, name), contact.called(), channel.type)
        try:
            settled = resolved(channel, os.environ)
        except UserError as error:
            found.append((bare, str(error)))
            continue
        found.append((Target(*_told(bare), url=settled.url, options=settled.options), ""))
    return found


def _told(target: Target) -> tuple[str, str, str, str]:
    return target.person, target.language, target.channel, target.type


def line(one: Probe) -> str:
    """Return how one test ended, as it is printed."""
    verdict = "answers" if one.answered else "DOES NOT ANSWER"
    return f"{one.target.person}: {one.target.channel} ({one.target.type}) {verdict}: {one.words}"
