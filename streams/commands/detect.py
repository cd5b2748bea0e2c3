"""Find volume anomalies in a file of counts: timestamp,value in, timestamp,value,score,alert out; strictly online."""

from __future__ import annotations

import argparse
from pathlib import Path

EXAMPLES = """\
  tocsin detect counts.csv --out scored.csv
  tocsin detect counts.csv --out -            # to standard output
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", type=Path, metavar="COUNTS.csv", help="columns timestamp and value, one row a bin")
    parser.add_argument("--out", required=True, metavar="FILE", help="where the result goes; - for standard output")
    parser.add_argument("--sensitivity", type=float, default=1.0, help="above 1 alerts sooner, below 1 later (default: 1)")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
