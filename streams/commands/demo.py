"""Watch a crisis from the first tweet to the all-clear: embedded broker, worker, real deliveries, the web page."""

from __future__ import annotations

import argparse
import asyncio

EXAMPLES = """\
  tocsin demo            # stays up afterwards: look at the page; Ctrl-C ends it
  tocsin demo --exit     # ends by itself when the story is over
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--exit", action="store_true", help="end by itself when the story is over")
    parser.add_argument("--seed", type=int, default=7, help="another seed tells the story in other words (default: 7)")


def run(args: argparse.Namespace) -> int:
    """Tell the story."""
    from streams.demo import run as demo

    return asyncio.run(demo.run(leave=args.exit, seed=args.seed))
