"""Tell the model what posts really said: labels go to the topic feedback, and every scoring worker learns from them."""

from __future__ import annotations

import argparse
import csv
import getpass
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from streams.commands import options
from streams.errors import UserError

EXAMPLES = """\
  tocsin feedback --brand Aerolux --id x:123 --text "the War Zone booth was sick!" --label positive --as alice
  tocsin feedback --brand Aerolux --file labels.csv --as alice      # columns id, text, label and, if you like, lang
"""
LABELS = ("negative", "neutral", "positive")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--brand", required=True, help="the brand that learns from it")
    parser.add_argument("--id", help="platform:id of the post")
    parser.add_argument("--text", help="the post; only its hashed features are sent")
    parser.add_argument("--label", help="negative, neutral or positive")
    parser.add_argument("--lang", help="its language, where you know it")
    parser.add_argument("--file", type=Path, help="a CSV of labels instead: columns id, text, label, lang")
    parser.add_argument("--as", dest="author", metavar="PERSON", help="who says so (default: your login name)")
    options.config(parser)


def run(args: argparse.Namespace) -> int:
    """Send the labels."""
    from schemas import topics
    from schemas.events import Feedback, encode
    from streams import consoles, wiring
    from streams.engine.records import Write

    rows = list(_rows(args))
    settings = options.settings_of(args)
    if settings.brands and args.brand not in {brand.name for brand in settings.brands}:
        raise UserError(
            f"--brand: {args.brand!r} is not configured; configured are {', '.join(b.name for b in settings.brands)}"
        )
    consoles.ready(settings)
    model = wiring.load_model(settings)
    writes = []
    for mention, text, label, lang in rows:
        event = Feedback(
            str(uuid.uuid4()), mention, "sentiment", label, args.author or getpass.getuser(), datetime.now(UTC), args.brand,
            lang, {str(place): value for place, value in model.features(text, lang).items()},
        )  # fmt: skip
        writes.append(Write(topics.FEEDBACK.name, mention.encode(), encode(event), 0))
    consoles.write_all(settings, writes)
    print(f"{len(writes)} label(s) for {args.brand} sent; every scoring worker learns from them now")
    return 0


def _rows(args: argparse.Namespace) -> Iterator[tuple[str, str, str, str | None]]:
    if args.file is None:
        for name in ("id", "text", "label"):
            if not getattr(args, name):
                raise UserError(f"--{name}: missing; give --id, --text and --label, or a --file of labels")
        yield _checked("--label", args.id, args.text, args.label, args.lang)
        return
    try:
        with args.file.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"id", "text", "label"} - set(reader.fieldnames or ())
            if missing:
                raise UserError(f"--file: {args.file}: no column {min(missing)!r}; it needs id, text and label")
            for row in reader:
                yield _checked(
                    f"{args.file}:{reader.line_num}: label", row["id"], row["text"], row["label"], row.get("lang")
                )
    except OSError as error:
        raise UserError(f"--file: {args.file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"--file: {args.file}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def _checked(where: str, mention: str, text: str, label: str, lang: str | None) -> tuple[str, str, str, str | None]:
    if not mention or not text:
        raise UserError(f"{where}: a label needs the id and the text of its post")
    if label not in LABELS:
        raise UserError(f"{where}: {label!r} must be one of {', '.join(LABELS)}")
    return mention, text, label, lang or None
