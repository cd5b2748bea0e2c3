"""Look at records that could not be read, mend them, and send them again."""

from __future__ import annotations

import argparse
import base64
from pathlib import Path
from typing import Any

from streams.commands import options
from streams.errors import UserError

Content = tuple[bytes | None, bytes | None]

EXAMPLES = """\
  tocsin dead-letters list --limit 20
  tocsin dead-letters list --json > dead.json          # "value" is the text; edit it there …
  tocsin dead-letters replay --file dead.json          # … and send the mended ones; each is sent once
  tocsin dead-letters replay --reason unknown_brand    # send as they are, after the configuration was mended
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=("list", "replay"))
    parser.add_argument("--reason", help="only those with this reason")
    parser.add_argument("--limit", type=int, default=1_000, help="at most so many, newest first (default: 1000)")
    parser.add_argument("--file", type=Path, help="with replay: the JSON that list printed, with mended values")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options.config(parser)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from streams import consoles
    from streams.dead_letters import letters, replay, why_not

    settings = options.settings_of(args)
    if args.limit < 1:
        raise UserError(f"--limit: {args.limit} must be at least 1")
    consoles.ready(settings)
    found = [entry for entry in letters(settings) if args.reason in (None, entry.reason)]
    if args.action == "list":
        return _list(args, found[-args.limit :][::-1])
    mended = _mended(args.file) if args.file else {}
    if args.file:
        unknown = mended.keys() - {entry.origin for entry in found}
        if unknown:
            raise UserError(f"{args.file}: origin {min(unknown)!r} is no dead letter here; list them anew")
        found = [entry for entry in found if entry.origin in mended]
    refused = {
        entry.origin: why for entry in found if not entry.replayed and (why := why_not(entry, mended))
    }  # asked before anything is sent
    before = sum(entry.replayed for entry in found)
    sent = replay(settings, found, mended)
    if args.json:
        options.print_json({"sent": sent, "sent_before": before, "refused": refused})
        return int(bool(refused))
    print(f"{sent} sent again, {before} left alone (sent before)")
    for origin, why in refused.items():
        print(f"{origin}: not sent, still {why}")
    if refused:
        print("mend them in the file that dead-letters list --json prints, and replay it with --file")
    return int(bool(refused))


def _list(args: argparse.Namespace, found: list[Any]) -> int:
    if args.json:
        options.print_json([entry.shown() for entry in found])
        return 0
    if not found:
        print("no dead letters")
        return 0
    for entry in found:
        print(f"{entry.origin}  {entry.reason}: {entry.detail}" + ("  [sent again]" if entry.replayed else ""))
    print(f"\n{len(found)} dead letters; --json prints them whole, replay --help tells how to mend them")
    return 0


def _mended(path: Path) -> dict[str, Content]:
    import json

    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {str(entry["origin"]): (_bytes(entry, "key"), _bytes(entry, "value")) for entry in entries}
    except OSError as error:
        raise UserError(f"--file: {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"--file: {path}: not what dead-letters list --json prints ({error}); list them anew") from None


def _bytes(entry: dict[str, Any], name: str) -> bytes | None:
    if entry.get(f"{name}_base64") is not None:
        return base64.b64decode(entry[f"{name}_base64"], validate=True)
    value = entry[name]  # a value that was lost is not a deletion: that is null, in so many words
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{entry['origin']}: {name} must be text, with its quotes escaped, or null")
    return None if value is None else value.encode()
