"""The watch list while workers run: list it, add a brand, let one go, give a new one its past."""

from __future__ import annotations

import argparse
import getpass
from typing import TYPE_CHECKING, Any

from streams.commands import brands_past, options
from streams.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from schemas.events import BrandEntry
    from streams.settings import Settings

EXAMPLES = """\
  tocsin brands list
  tocsin brands add Aerolux --words aerolux,@aeroluxair --exclude "aerolux font"
  tocsin brands import Aerolux last-week.csv.gz            # mentions: no warm-up, the tone is known too
  tocsin brands import Aerolux counts.csv                  # timestamp,value: bins of an hour or less
  tocsin brands remove Aerolux
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=("list", "add", "remove", "import"), metavar="ACTION",
                        help="list, add (or change), remove, import (learn a brand's past from files)")  # fmt: skip
    parser.add_argument("brand", nargs="?", metavar="BRAND", help="its name, as it stands in mentions and alerts")
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="with import: mentions, or counts with the columns timestamp and value"
    )
    parser.add_argument("--words", metavar="A,B,…", help="with add: watch words (default: the name)")
    parser.add_argument("--exclude", metavar="A,B,…", help="with add: a mention with one of these is of something else")
    parser.add_argument("--sensitivity", type=float, help="with add: 0.25 to 4; 2 fires on half the surprise")
    parser.add_argument("--columns", metavar="A=B,…", help="with import: which column is what, as in tocsin backtest")
    parser.add_argument("--dry-run", action="store_true", help="with import: only say what would be learnt")
    parser.add_argument("--as", dest="author", metavar="PERSON", help="who decides (default: your login name)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options.config(parser)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    if args.action != "list" and not (args.brand or "").strip():
        raise UserError(f"brands {args.action}: name the brand, as in: tocsin brands {args.action} Aerolux")
    if args.action != "import" and args.files:
        raise UserError(f"brands {args.action}: {args.files[0]!r} is one argument too many (several words need quotes)")
    if args.action == "import" and not args.files:
        raise UserError("brands import: name a file of past mentions or counts")
    if args.sensitivity is not None and not 0.25 <= args.sensitivity <= 4:
        raise UserError(f"--sensitivity: {args.sensitivity} must lie between 0.25 and 4")
    settings = options.settings_of(args)
    if args.action == "import" and args.dry_run:
        return _import(args, settings, _Known(settings, []))
    from schemas import topics
    from streams import consoles
    from streams.brands.follow import read_entry

    consoles.ready(settings)
    records = consoles.read_all(settings, topics.BRANDS)
    known = _Known(settings, [(entry, r.timestamp) for r in records if (entry := read_entry(r)) is not None])
    if args.action == "list":
        return _list(args, known)
    if args.action == "import":
        return _import(args, settings, known)
    return _change(args, settings, known)


class _Known:
    """The watch list as it will be when every entry counts."""

    def __init__(self, settings: Settings, entries: list[tuple[BrandEntry, int]]) -> None:
        self.settings = settings
        self.configured = {brand.name: brand for brand in settings.brands}
        self.entries = {entry.brand: entry for entry, _ in entries}
        self.stored = {entry.brand: stored for entry, stored in entries}
        self.open = not settings.brands

    def watched(self) -> list[str]:
        names = {*self.configured, *self.entries}
        return sorted(name for name in names if name not in self.entries or not self.entries[name].removed)

    def named(self, name: str) -> str:
        """Return the watched brand called `name`, whatever its case; raises UserError."""
        watched = self.watched()
        found = {one.casefold(): one for one in watched}.get(name.casefold())
        if found is None:
            near = did_you_mean(name, watched) or f"; watched are {', '.join(watched[:5]) or 'none by name'}"
            raise UserError(f"brands: {name!r} is not watched{near}")
        return found


def _list(args: argparse.Namespace, known: _Known) -> int:
    from schemas.times import iso

    rows: list[dict[str, Any]] = []
    for name in sorted({*known.configured, *known.entries}):
        entry, configured = known.entries.get(name), known.configured.get(name)
        words = entry.words if entry is not None and entry.words else configured.words if configured is not None else []
        rows.append(
            {
                "brand": name,
                "watched": entry is None or not entry.removed,
                "words": words or [name],
                "from": "brands" if entry is not None else "configuration",
                "changed_at": iso(known.stored[name]) if entry is not None else None,
                "by": entry.author if entry is not None else None,
                "past": entry.learnt if entry is not None else "",
            }
        )
    if args.json:
        options.print_json({"brands": rows, "others_are_taken": known.open})
        return 0
    if known.open:
        print("the configuration lists no brands: any brand that a mention names is watched as it is written")
    if rows:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table("brand", "watched", "words", "since", "by", "imported past", box=None, pad_edge=False)
        for row in rows:
            since = row["changed_at"] or row["from"]
            cells = (
                row["brand"],
                "yes" if row["watched"] else "no",
                ", ".join(row["words"]),
                since,
                row["by"] or "",
                row["past"],
            )
            table.add_row(*(Text(cell) for cell in cells))
        Console().print(table)
    return 0


def _change(args: argparse.Namespace, settings: Settings, known: _Known) -> int:
    from msgspec.structs import replace

    removing = args.action == "remove"
    if removing:
        name = args.brand if known.open else known.named(args.brand)
        entry = _entry(args, name)
        _send(settings, replace(entry, removed=True))
        print(f"{name} is let go within seconds: what is live of it ends, and its mentions are no longer counted")
        return 0
    spelt = {one.casefold(): one for one in known.watched()}.get(args.brand.casefold(), args.brand)
    if spelt != args.brand:
        raise UserError(f"brands add: {spelt!r} is watched already; write it so, or remove it first")
    before = known.entries.get(args.brand)
    entry = _entry(args, args.brand)
    if before is not None and not before.removed:
        entry = replace(entry, baseline=before.baseline, learnt=before.learnt)
        entry = replace(entry, words=entry.words or before.words, exclude=entry.exclude or before.exclude)
        entry = replace(entry, sensitivity=before.sensitivity if entry.sensitivity is None else entry.sensitivity)
    _send(settings, entry)
    print(f"{args.brand} is watched within seconds; words: {', '.join(entry.words or [args.brand])}")
    if before is None or before.removed:
        print(f"it warms up for a day, unless you import its past: tocsin brands import {args.brand!r} FILE…")
    return 0


def _entry(args: argparse.Namespace, name: str) -> BrandEntry:
    from datetime import UTC, datetime

    from schemas.events import BrandEntry

    return BrandEntry(
        name, args.author or getpass.getuser(), datetime.now(UTC), _words(args.words, "--words"), _words(args.exclude, "--exclude"),
        args.sensitivity,
    )  # fmt: skip


def _words(text: str | None, option: str) -> list[str]:
    if text is None:
        return []
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or any(len(word) > 128 for word in words):
        raise UserError(f"{option}: {text!r}: give words of 1 to 128 characters with commas between them")
    return words


def _send(settings: Settings, entry: BrandEntry) -> None:
    from schemas import topics
    from schemas.events import encode
    from streams import consoles
    from streams.engine.records import Write

    consoles.write_all(settings, [Write(topics.BRANDS.name, entry.brand.encode(), encode(entry), 0)])


# --- a brand's past -----------------------------------------------------------------------------------------------


def _import(args: argparse.Namespace, settings: Settings, known: _Known) -> int:
    import msgspec

    from schemas.times import iso

    name = args.brand if known.open or args.dry_run else known.named(args.brand)
    learnt = brands_past.learnt(args, settings, name, _words(args.words, "--words"))
    said = (
        f"{learnt.hours / 24:.1f} days, {learnt.mentions:,.0f} mentions, {learnt.hours_heard} of 24 hours of the day, "
        f"{iso(learnt.first)} to {iso(learnt.last)}"
    )
    if not args.dry_run:
        before = known.entries.get(name)
        fresh = _entry(args, name)
        entry: BrandEntry = fresh if before is None or before.removed else before
        entry = msgspec.structs.replace(entry, author=fresh.author, at=fresh.at, baseline=learnt.state, learnt=said)
        _send(settings, entry)
    if args.json:
        plain = {name: value for name, value in msgspec.to_builtins(learnt).items() if name != "state"}
        plain |= {"first": iso(learnt.first), "last": iso(learnt.last), "brand": name, "sent": not args.dry_run}
        options.print_json(plain)
        return 0 if learnt.warm else 1
    print(f"{name}: learnt from {said}")
    for campaign in brands_past.campaigns_within(settings, name, learnt):
        print(f"what was said during the campaign {campaign} is not learnt: more than usual was expected then")
    if not learnt.warm:
        print(
            "that is not enough to page at once: it takes 20 hours, 30 mentions and 12 hours of the day; give more of its past"
        )
    elif not args.dry_run:
        print("no warm-up within seconds, unless it has warmed up already: then what it has learnt itself stays")
    return 0 if learnt.warm else 1
