"""Options that several commands share."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from streams.errors import UserError
from streams.settings import Settings, load

PIPE_WIDTH = 220
"""Columns of a table that goes into a pipe or a file."""


def config(parser: argparse.ArgumentParser) -> None:
    """Add --config and --broker."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="tocsin.yaml (default: $TOCSIN_CONFIG, else ./tocsin.yaml, else the defaults)",
    )
    parser.add_argument(
        "--broker", metavar="HOST:PORT", help="Kafka's address (default: $TOCSIN_BROKER, else the configuration's)"
    )


def files(parser: argparse.ArgumentParser) -> None:
    """Add the files of mentions and how to read them."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="JSON lines in the mention schema, or CSV; .gz too")
    parser.add_argument(
        "--columns",
        metavar="A=B,…",
        help="which column is what: id=tweet_id,created_at=created_utc,text=text,author=user,brand=brand",
    )
    parser.add_argument("--brand", metavar="NAME", help="the brand, where no column names it")


def settings_of(args: argparse.Namespace) -> Settings:
    """Return the settings that --config and --broker name."""
    return load(args.config, getattr(args, "broker", None))


def columns_of(args: argparse.Namespace) -> dict[str, str] | None:
    """Return the mapping that --columns gives."""
    if not args.columns:
        return None
    pairs = [part.partition("=") for part in args.columns.split(",") if part.strip()]
    wrong = [name for name, sign, _ in pairs if not sign]
    if wrong:
        raise UserError(f"--columns: {wrong[0]!r} is not field=column, as in id=tweet_id,text=text")
    return {name.strip(): column.strip() for name, _, column in pairs}


def print_json(value: Any) -> None:
    """Print one JSON document."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    print()


def console() -> Any:
    """Return a console for tables: as wide as the terminal, and wide enough for whole lines in a pipe."""
    from rich.console import Console

    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
