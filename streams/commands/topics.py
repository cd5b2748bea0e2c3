"""Create, list or check the topics on a Kafka: partitions, retention, time stamps and replication."""

from __future__ import annotations

import argparse
from typing import Any

from streams.commands import options
from streams.errors import UserError

EXAMPLES = """\
  tocsin topics create --broker kafka1:9092
  tocsin topics list --json
  tocsin topics check          # exit status 1 when something is not as it must be
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=("create", "list", "check"))
    options.config(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from streams import topics_admin
    from streams.engine.handshake import UnreachableError

    settings = options.settings_of(args)
    try:
        made = topics_admin.create(settings) if args.action == "create" else []
        entries = topics_admin.standing(settings)
    except UnreachableError as error:
        raise UserError(f"{error}; is it running, and is the address right?") from None
    if args.json:
        options.print_json(
            [
                {"topic": e.name, "exists": e.exists, "partitions": e.partitions, "replication": e.replication,
                 "key": e.topic.key, "value": e.topic.value, "problems": list(e.problems)}
                for e in entries
            ]
        )  # fmt: skip
    else:
        _print(args.action, made, entries)
    return int(args.action != "create" and any(e.problems for e in entries))


def _print(action: str, made: list[str], entries: list[Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if action == "create":
        console.print(f"made {', '.join(made)}" if made else "all topics were there already", highlight=False)
        return
    table = Table("topic", "partitions", "replication", "key", "value", box=None, pad_edge=False)
    for entry in entries:
        table.add_row(
            entry.name,
            str(entry.partitions) if entry.exists else "missing",
            str(entry.replication),
            entry.topic.key,
            entry.topic.value,
        )
    if action == "list":
        console.print(table)
    problems = [problem for entry in entries for problem in entry.problems]
    for problem in problems:
        print(problem)
    if action == "check" and not problems:
        print("all topics are as they must be")
