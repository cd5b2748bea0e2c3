"""Find volume anomalies in a file of counts: timestamp,value in, timestamp,value,score,alert out; strictly online."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

EXAMPLES = """\
  tocsin detect counts.csv --out scored.csv
  tocsin detect counts.csv --out -            # to standard output
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", type=Path, metavar="COUNTS.csv", help="columns timestamp and value, one row a bin")
    parser.add_argument("--out", required=True, metavar="FILE", help="where the result goes; - for standard output")
    parser.add_argument(
        "--sensitivity", type=float, default=1.0, help="above 1 alerts sooner, below 1 later (default: 1)"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def run(args: argparse.Namespace) -> int:
    """Judge the counts and write the rows."""
    import csv

    from detectors.counts_file import OUT_HEADER, CountsError, detect, read_counts
    from streams import opening
    from streams.commands import options
    from streams.errors import UserError

    if not 0.25 <= args.sensitivity <= 4:
        raise UserError(f"--sensitivity: {args.sensitivity} must lie between 0.25 and 4")
    if args.out != "-" and args.file.resolve() == Path(args.out).resolve():
        raise UserError(f"--out: {args.out} is the file of counts itself; name another")
    notes: list[str] = []
    rows = alerts = 0
    try:
        with opening.open_text(str(args.file)) as source, _target(args.out) as target:
            writer = csv.writer(target, lineterminator="\n")
            writer.writerow(OUT_HEADER)
            counts = read_counts(source, str(args.file), note=notes.append)
            for row in detect(counts, str(args.file), sensitivity=args.sensitivity, note=notes.append):
                writer.writerow((row.timestamp, row.value, f"{row.score:.6f}", row.alert))
                rows, alerts = rows + 1, alerts + row.alert
    except CountsError as error:
        raise UserError(str(error)) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{args.file}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except BrokenPipeError:
        raise
    except OSError as error:  # those of the input are told where it is read
        raise UserError(f"--out: {args.out}: {error.strerror or error}; name a file that can be written to") from None
    for note in dict.fromkeys(notes):
        print(f"tocsin: {note}", file=sys.stderr)
    if args.json:
        options.print_json({"rows": rows, "alerts": alerts, "out": args.out, "notes": notes})
    elif args.out != "-":
        print(f"{rows:,} rows, {alerts} alert(s), written to {args.out}")
    return 0


@contextlib.contextmanager
def _target(out: str) -> Iterator[TextIO]:
    """Open where the rows go; a file comes into its place when all is written, so a failed run leaves what was there."""
    if out == "-":
        yield sys.stdout
        sys.stdout.flush()  # a full disk behind it is told here, not when the interpreter ends
        return
    there = Path(out)
    if there.exists() and not there.is_file():  # a pipe, /dev/null: nothing to keep, and never to be replaced
        with there.open("w", encoding="utf-8", newline="") as open_there:
            yield open_there
        return
    path = there.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("w", encoding="utf-8", newline="") as whole:
            yield whole
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
