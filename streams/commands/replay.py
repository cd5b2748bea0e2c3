"""Publish files of mentions to the topic mentions, in order of time, with the ticks between them."""

from __future__ import annotations

import argparse
import asyncio
import time
from datetime import timedelta

from streams.commands import options
from streams.errors import UserError

EXAMPLES = """\
  tocsin replay tweets.csv --brand Aerolux --speed 60      # an hour a minute; the worker needs clock: replay
  tocsin replay tweets.csv --speed max
  tocsin replay tweets.csv --as-live --speed 1             # times shifted to now, for a worker with clock: live
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    options.files(parser)
    options.config(parser)
    parser.add_argument("--speed", help="seconds of data a second, or max (default: max; with --as-live 1)")
    parser.add_argument(
        "--as-live",
        action="store_true",
        help="shift times: each mention is said when it is sent (no ticks: the worker's clock is live)",
    )


def run(args: argparse.Namespace) -> int:
    """Publish."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from schemas.mention import Tick
    from schemas.times import iso
    from streams import files, replay_plan, topics_admin
    from streams.engine.handshake import UnreachableError
    from streams.engine.producer import Producer
    from streams.publish import publish

    settings = options.settings_of(args)
    speed = _speed(args.speed or ("1" if args.as_live else "max"))
    records, report = files.load(args.files, options.columns_of(args), args.brand, int(time.time() * 1_000))
    for line in report.lines():
        print(line)
    if not settings.replay and not args.as_live:
        raise UserError("the configuration says clock: live; set clock: replay, or shift the times with --as-live")
    if args.as_live:
        if speed is None:
            raise UserError(
                "--speed: max has no times between posts to keep; with --as-live give a number, as in --speed 60"
            )
        records, speed = replay_plan.shift(records, int(time.time() * 1_000), speed), 1.0
        lasts = (records[-1].time - records[0].time) / 1_000 if records else 0.0
        print(f"takes {timedelta(seconds=round(lasts))}; a larger --speed shortens it")
    try:
        topics_admin.check(settings)
    except UnreachableError as error:
        raise UserError(f"{error}; is it running, and is the address right?") from None
    planned = replay_plan.plan(records)
    items = [item for item in planned if not isinstance(item, Tick)] if args.as_live else list(planned)

    async def send() -> int:
        producer = Producer(settings)
        await producer.start()
        console = Console()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            each = settings.partitions.mentions
            ticks = sum(isinstance(item, Tick) for item in items)
            total = len(items) - ticks + ticks * each
            task = bar.add_task("publishing", total=total)
            try:
                return await publish(
                    settings, producer, items, speed=speed,
                    progress=lambda sent, at: bar.update(task, completed=sent, description=iso(at)),
                )  # fmt: skip
            finally:
                await producer.stop()

    sent = asyncio.run(send())
    print(
        f"{sent:,} records published to {settings.topic_prefix}mentions ({len(records):,} from the files, the rest are ticks)"
    )
    return 0


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e9:
        raise UserError(f"--speed: {text!r} must be a number above 0, or max")
    return speed
