"""`tocsin feedback suggest`: which posts to label next, from the live topics or from files."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from streams.commands import options, progress, watched
from streams.errors import UserError

if TYPE_CHECKING:
    from streams.feedback.offer import Offered, Sample
    from streams.settings import Settings


def suggest(args: argparse.Namespace) -> int:
    """Say which posts to label next."""
    from streams import wiring
    from streams.feedback.offer import Sample
    from streams.score.brands import BrandMatcher

    if not 1 <= args.count <= 1_000:
        raise UserError(f"--count: {args.count} must be between 1 and 1000")
    if not 0 < args.hours <= 24 * 400:
        raise UserError(f"--hours: {args.hours:g} must be above 0 and at most {24 * 400}")
    settings = options.settings_of(args)
    model = wiring.load_model(settings)
    if args.mentions:
        brands = wiring.registry(settings)
        names = {brand.name for brand in brands.watched_at(1 << 62)}
        if args.brand and names and args.brand not in names:
            raise UserError(f"--brand: {watched.unknown(args.brand, names)}")
        sample = Sample(brands.matcher_at(1 << 62) if names else BrandMatcher([]), args.brand)
        _from_files(args, sample, None if names else args.brand)
    else:
        sample = _from_topics(args, settings)
    with progress.steps("choosing", None):
        offered = sample.choose(model, args.count, wiring.brand_words(settings))
    return _show(args, offered, sample.seen)


def _from_files(args: argparse.Namespace, sample: Sample, brand: str | None) -> None:
    from schemas.mention import Mention, decode
    from streams import files

    records, report = files.load(args.mentions, options.columns_of(args), brand)
    for line in report.lines():
        print(line, file=sys.stderr)
    for record in records:
        mention = decode(record.key, record.value)
        if isinstance(mention, Mention):
            sample.take(mention)


def _from_topics(args: argparse.Namespace, settings: Settings) -> Sample:
    import asyncio
    import time

    from schemas import topics
    from schemas.mention import Mention, decode
    from streams import consoles
    from streams.engine.reader import UNREADABLE
    from streams.feedback import lookup
    from streams.feedback.offer import Sample

    consoles.ready(settings)
    labelled = {(record.key or b"").decode(errors="replace") for record in consoles.read_all(settings, topics.FEEDBACK)}
    brands = watched.now(settings)
    names = {brand.name for brand in brands.watched_at(1 << 62)}
    if args.brand and settings.brands and args.brand not in names:
        raise UserError(f"--brand: {watched.unknown(args.brand, names)}")
    sample = Sample(brands.matcher_at(1 << 62), args.brand, labelled)
    since = int(time.time() * 1_000 - args.hours * 3_600_000)

    async def read(advance: Callable[[int], None]) -> None:
        for partition in range(settings.partitions.mentions):
            async for records in lookup.batches(settings, partition, since):
                for record in records:
                    what = decode(record.key, record.value)
                    if isinstance(what, Mention):
                        sample.take(what)
                advance(len(records))

    try:
        with progress.steps("reading mentions", None) as advance:
            asyncio.run(read(advance))
    except UNREADABLE as error:
        raise UserError(f"mentions: cannot be read: {error!r}; see tocsin topics check") from None
    return sample


def _show(args: argparse.Namespace, offered: list[Offered], seen: int) -> int:
    import msgspec

    if args.json:
        options.print_json([msgspec.to_builtins(one) for one in offered])
    elif args.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["id", "brand", "label", "lang", "text"])
        writer.writerows([_cell(one.id), _cell(one.brand), "", one.lang, f" {one.text}"] for one in offered)
    elif offered:
        _table(offered, seen)
    if not offered:
        what = f"posts of {args.brand}" if args.brand else "posts of a brand"
        where = "in the files" if args.mentions else f"in mentions of the last {args.hours:g} hours"
        print(f"nothing to label: no {what} {where} that nobody has labelled", file=sys.stderr)
    return 0 if offered else 1


def _cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: a blank first. Reading strips it."""
    return f" {value}" if value[:1] in "=+-@\t\r" else value


def _table(offered: list[Offered], seen: int) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from streams.messages.phrases import clean

    table = Table(
        Column("post", overflow="fold"),
        "brand",
        "P(negative)",
        "stands for",
        "text",
        title=f"{len(offered)} of {seen:,} posts",
    )
    for one in offered:
        table.add_row(
            Text(clean(one.id, 280)),
            Text(clean(one.brand, 280)),
            f"{one.negative:.2f}",
            f"{one.stands_for:,}",
            Text(clean(one.text, 280)),
        )
    Console().print(table)
    print(
        "label them: tocsin feedback suggest --csv > todo.csv, fill in the column label, tocsin feedback --file todo.csv"
    )
