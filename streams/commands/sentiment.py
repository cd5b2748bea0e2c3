"""Score texts: JSON lines {"text": …, "lang": …?} in, {"label", "negative", "neutral", "positive", "lang"} out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import cast

EXAMPLES = """\
  echo '{"text": "The flight was cancelled again, awful"}' | tocsin sentiment
  tocsin sentiment --model build/model.msgpack < texts.jsonl > scores.jsonl
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--model", type=Path, metavar="FILE", help="a model file instead of the one shipped")


def run(args: argparse.Namespace) -> int:
    """Score standard input."""
    from detectors.text.model import TextModel
    from detectors.text.service import Readable, run_sentiment_on
    from streams.errors import UserError

    try:
        model = TextModel.load(args.model)
    except (OSError, ValueError) as error:
        raise UserError(f"--model: {args.model}: {error}; leave --model out for the one shipped") from None
    bad = 0
    for lines in run_sentiment_on(cast("Readable", sys.stdin.buffer), model):
        bad += sum(line.startswith(b'{"error"') for line in lines)
        sys.stdout.buffer.writelines(lines)
        sys.stdout.buffer.flush()
    return int(bad > 0)
