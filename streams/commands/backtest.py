"""The same detection over files, without Kafka: what would have been alerted, who would have been paged."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from streams.commands import options, progress
from streams.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from streams.backtest_files import Summary
    from streams.settings import Settings

EXAMPLES = """\
  tocsin backtest tweets.csv --brand Aerolux --out build/backtest
  tocsin backtest a.jsonl b.jsonl.gz --policy policy.yaml --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    options.files(parser)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="tocsin.yaml; without one every brand that is named is watched"
    )
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="the chain of command to page by (default: the configuration's, if there is one)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/backtest"),
        metavar="DIR",
        help="where the results go (default: build/backtest)",
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def run(args: argparse.Namespace) -> int:
    """Run it and write the results."""
    import time

    import msgspec

    from streams import backtest, backtest_files, files, replay_plan
    from streams.settings import Settings, load

    settings = load(args.config) if args.config else Settings()
    _check_brand(args.brand, settings, args.config)
    policy = backtest_files.policy_of(args.policy, settings, args.config)
    records, report = files.load(args.files, options.columns_of(args), args.brand, int(time.time() * 1_000))
    for line in report.lines():
        print(line, file=sys.stderr)
    items = list(replay_plan.plan(records))
    with progress.steps("backtest", len(items)) as advance:
        outcome, feed = backtest.run(items, settings, progress=advance)
    if policy is not None:
        backtest.notify(feed, policy, outcome)
    backtest_files.write(args.out, outcome, settings)
    summary = backtest_files.summary(outcome, report, args.out)
    if not summary.applied:
        raise UserError(_nothing(summary))
    if args.json:
        options.print_json(msgspec.to_builtins(summary))
    else:
        backtest_files.show(summary, outcome, paged=policy is not None)
    return 0


def _check_brand(name: str | None, settings: Settings, config: Path | None) -> None:
    """Raise UserError where the configuration watches brands, and `name` is none of them."""
    from streams.score.brands import BrandMatcher

    if name is not None and settings.brands and not BrandMatcher(settings.brands).knows(name):
        names = [brand.name for brand in settings.brands]
        raise UserError(
            f"--brand: {name!r} is not watched in {config}{did_you_mean(name, names)}; watched are {', '.join(names[:5])}"
        )


def _nothing(summary: Summary) -> str:
    """Return why not one mention counted, and what to do: no verdict follows from nothing."""
    if summary.unmatched:
        return (
            f"none of {summary.mentions:,} mentions is of a watched brand: say --brand NAME where all are of one, or name its "
            "watch words in the file that --config names"
        )
    dead = ", ".join(f"{reason} {count:,}" for reason, count in summary.dead_letters.items())
    return f"none of {summary.mentions:,} mentions counted: {f'dead letters ({dead})' if dead else 'all came too late or twice'}"
