"""`tocsin brands import`: what a brand's past teaches, from files of mentions or of counts."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from streams.commands import options, progress
from streams.errors import UserError

if TYPE_CHECKING:
    from detectors.history import Learnt
    from streams.replay_plan import Record
    from streams.settings import Settings

SETTLED = 10
"""Minutes before now from which on live mentions speak for themselves."""


def campaigns_within(settings: Settings, name: str, known: Learnt) -> list[str]:
    """Return the brand's campaigns that the past overlaps, with their times."""
    from schemas.times import parse_iso

    campaigns = [one for brand in settings.brands if brand.name == name for one in brand.campaigns]
    return [
        f"{one.name} ({one.start} to {one.end})"
        for one in campaigns
        if parse_iso(one.start) <= known.last and known.first < parse_iso(one.end)
    ]


def learnt(args: argparse.Namespace, settings: Settings, name: str, words: list[str]) -> Learnt:
    """Return what the files teach about the brand `name`; `words` are watch words of one that is not configured.

    Raises UserError where they cannot be read, or are of another brand.
    """
    import time
    from itertools import pairwise

    from detectors.counts_file import CountsError
    from detectors.history import HistoryError, learn, windows_of_counts
    from schemas.events import Window
    from schemas.times import MINUTE, to_ms
    from streams import wiring

    configured = {brand.name: brand for brand in settings.brands}.get(name)
    told = wiring.monitor_settings(settings, configured)
    latest = int(time.time() * 1_000) - SETTLED * MINUTE
    counts = [_is_counts(path) for path in args.files]
    if any(counts) and not all(counts):
        raise UserError(
            f"brands import: {args.files[counts.index(True)]} holds counts, others hold mentions; import one kind"
        )
    try:
        windows: list[Window] = (
            [w for path in args.files for w in windows_of_counts(name, _counts(path))]
            if all(counts)
            else _scored(args, settings, name, words)
        )
        windows = [window for window in windows if to_ms(window.start) < latest]
        windows.sort(key=lambda window: window.start)
        repeated = next((b for a, b in pairwise(windows) if a.start == b.start), None)
        if repeated is not None:
            raise UserError(f"brands import: {repeated.start:%Y-%m-%dT%H:%MZ} stands in two files; give each time once")
        return learn(name, told, windows, share_known=not all(counts))
    except (CountsError, HistoryError) as error:
        raise UserError(f"brands import: {', '.join(args.files)}: {error}") from None


def _is_counts(path: str) -> bool:
    """Whether a file is a table of counts: its header has a column value and none of a text."""
    from streams import opening

    try:
        with opening.open_text(path) as file:
            header = next((line.strip().lower() for line in file if line.strip()), "")
    except UnicodeDecodeError:  # a spreadsheet's UTF-16: mentions, if anything
        return False
    names = {name.strip().strip('"') for delimiter in ",;\t|" for name in header.split(delimiter)}
    return "value" in names and "text" not in names


def _counts(path: str) -> list[Any]:
    import sys

    from detectors.counts_file import read_counts
    from streams import opening

    with opening.open_text(path) as file:
        return list(read_counts(file, path, note=lambda note: print(f"tocsin: {note}", file=sys.stderr)))


def _scored(args: argparse.Namespace, settings: Settings, name: str, words: list[str]) -> list[Any]:
    """Return the closed minutes of `name` in files of mentions, scored as the worker would have; raises UserError where
    none of them is about it.
    """
    import time

    from msgspec.structs import replace

    from schemas.printable import listed
    from streams import backtest, files, replay_plan
    from streams.settings import BrandSettings

    configured = {brand.name: brand for brand in settings.brands}.get(name)
    alone = replace(settings, brands=[configured or BrandSettings(name, words)])
    records, report = files.load(args.files, options.columns_of(args), name, int(time.time() * 1_000))
    items = list(replay_plan.plan(records))
    with progress.steps(f"learning the past of {name}", len(items)) as advance:
        outcome, _ = backtest.run(items, alone, progress=advance)
    windows = [window for window in outcome.windows if window.brand == name]
    if not windows and (others := _others(records, name)):
        raise UserError(
            f"brands import: {', '.join(args.files)}: none of {report.good:,} mentions is about {name!r}; they name "
            f"{listed(others)}: import them for that brand, or mend the column or field brand"
        )
    return windows


def _others(records: list[Record], name: str) -> list[str]:
    """Return the brands other than `name` that mentions name."""
    from schemas.mention import Mention, decode

    found: set[str] = set()
    for record in records:
        mention = decode(record.key, record.value)
        if isinstance(mention, Mention):
            found.update(mention.brands or ([mention.brand] if mention.brand else []))
    return sorted(one for one in found if one.casefold() != name.casefold())
