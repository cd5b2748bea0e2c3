"""Tell the model what posts really said: labels go to the topic feedback, and every worker learns from them."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streams.commands import options, progress, watched
from streams.errors import UserError

if TYPE_CHECKING:
    from schemas.events import About, Trigger
    from streams.feedback.label_file import Asked
    from streams.settings import Settings

TRIGGERS: Final[tuple[Trigger, ...]] = ("product", "employee", "campaign", "service", "safety", "legal", "other")
"""Written out: `--help` must not wait for what `schemas.events` loads."""
LISTED: Final = 50
"""Posts that are not there which are named one by one."""
EXAMPLES = """\
  tocsin feedback --brand Aerolux --id x:123 --label positive                 # the text is looked up in mentions
  tocsin feedback --brand Aerolux --id x:123 --text "the War Zone booth was sick!" --label positive --as alice
  tocsin feedback --brand Aerolux --id x:123 --label withdrawn --as alice      # take a label of yours back
  tocsin feedback --brand Aerolux --file labels.csv --as alice                # columns id, label; text and lang if you like
  tocsin feedback --incident 5f0c --trigger product --as alice                # what an incident is about
  tocsin feedback --incident 5f0c --trigger withdrawn --as alice              # take that back
  tocsin feedback suggest --brand Aerolux                                     # twenty posts whose labels help most
  tocsin feedback suggest --csv > todo.csv                                    # fill in the column label, then --file todo.csv
  tocsin feedback suggest --mentions tweets.csv --columns id=tweet_id,text=text --brand Aerolux --count 50 --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("label", "suggest"),
        default="label",
        help="send labels (default), or say which would help",
    )
    parser.add_argument("--brand", help="the brand that learns from it; with suggest: only this one")
    parser.add_argument("--id", help="platform:id of the post")
    parser.add_argument("--text", help="the post, where it is no longer in mentions; only its hashed features are sent")
    parser.add_argument("--label", help="negative, neutral or positive; withdrawn takes yours back")
    parser.add_argument("--lang", help="its language, where you know it")
    parser.add_argument(
        "--file", type=Path, help="a CSV of labels instead: columns id, label; text, lang, brand if you like. "
        "Posts that are not there are named, the others' labels sent, exit status 1",
    )  # fmt: skip
    parser.add_argument(
        "--incident", metavar="ID", help="an incident instead of a post: its id, or the first characters of it"
    )
    parser.add_argument(
        "--trigger",
        help="with --incident, what it is about: product, employee, campaign, service, safety, legal, other; withdrawn takes "
        "back what you said of it",
    )
    parser.add_argument("--as", dest="author", metavar="PERSON", help="who says so (default: your login name)")
    parser.add_argument("--count", type=int, default=20, help="suggest: how many posts (default: 20)")
    parser.add_argument("--hours", type=float, default=24.0, help="suggest: look back so far (default: 24)")
    parser.add_argument("--mentions", nargs="+", metavar="FILE", help="suggest: from files of mentions, not from Kafka")
    parser.add_argument("--columns", metavar="A=B,…", help="suggest: which column is what, as in replay")
    parser.add_argument(
        "--csv", action="store_true", help="suggest: print a CSV that --file takes, its label column empty"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options.config(parser)


def run(args: argparse.Namespace) -> int:
    """Send the labels, or suggest."""
    if args.action == "suggest":
        from streams.commands import feedback_suggest

        return feedback_suggest.suggest(args)
    return _about(args) if args.incident is not None or args.trigger is not None else _label(args)


def _author(args: argparse.Namespace) -> str:
    from detectors.text.feedback import MAX_NAME
    from streams.feedback.label_file import readable

    if args.author is None:
        try:
            author = getpass.getuser()
        except (KeyError, OSError, ImportError):
            raise UserError("--as: missing, and this machine knows no login name of yours; say who you are") from None
    else:
        author = args.author.strip()
    if not author:
        raise UserError("--as: is empty; say who you are")
    readable("--as:", author)
    if len(author) > MAX_NAME:
        raise UserError(f"--as: {author[:40]!r}… has {len(author)} characters; at most {MAX_NAME} are taken")
    return author


def _about(args: argparse.Namespace) -> int:
    """Say what an incident is about: to the incident itself, and to every worker for alerts like its own."""
    import uuid
    from datetime import UTC, datetime

    from schemas import topics
    from schemas.events import encode
    from streams import consoles
    from streams.commands.incident import find, latest
    from streams.engine.records import Write
    from streams.feedback import about

    clash = next((name for name in ("id", "label", "text", "file", "lang", "brand") if getattr(args, name)), None)
    if clash:
        raise UserError(f"--{clash}: goes with the label of a post; with --incident give --trigger alone")
    if not args.incident or not args.trigger:
        raise UserError(f"--{'trigger' if args.incident else 'incident'}: missing; give both --incident and --trigger")
    said: tuple[About, ...] = (*TRIGGERS, "withdrawn")
    trigger = next((one for one in said if one == args.trigger.lower()), None)
    if trigger is None:
        raise UserError(f"--trigger: {args.trigger!r} must be one of {', '.join(said)}")
    author, at = _author(args), datetime.now(UTC)
    settings = options.settings_of(args)
    consoles.ready(settings)
    incident = find(args.incident, latest(settings))
    command = about.note(incident, trigger, author, at, text=None, command_id=str(uuid.uuid4()), via="cli")
    writes = [Write(topics.COMMANDS.name, incident.incident_id.encode(), encode(command), 0)]
    label = about.label(incident, trigger, author, at)
    consoles.write_all(settings, writes + ([label] if label else []))
    if args.json:
        options.print_json(
            {"incident_id": incident.incident_id, "brand": incident.brand, "trigger": trigger, "before": incident.trigger,
             "learnt": label is not None, "author": author}
        )  # fmt: skip
        return 0
    if trigger == "withdrawn":
        print(
            f"{incident.severity} {incident.brand}: what {author} said of it is taken back, where {author} said it last"
        )
        return 0
    print(f"{incident.severity} {incident.brand}: said to be about {trigger} (before: {incident.trigger})")
    print("every worker learns it for alerts like this one" if label else
          "nothing to learn from it: an exercise, or no terms drive its alerts")  # fmt: skip
    return 0


# ---------------------------------------------------------------------------------------------------------------- label


def _label(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from detectors.text.feedback import WITHDRAWN_LABEL
    from streams import consoles, wiring
    from streams.feedback.label_file import field
    from streams.feedback.labels import record, withdrawal

    author, settings = _author(args), options.settings_of(args)
    rows, empty = _rows(args)
    if not rows:
        raise UserError(
            f"--file: {args.file}: no row has a label; write negative, neutral or positive into that column"
        )
    consoles.ready(settings)
    names = {brand.name for brand in watched.now(settings).watched_at(1 << 62)} if settings.brands else set()
    for row in rows:
        if not row.brand:
            raise UserError(f"{row.where}: no brand; give --brand, or a column brand")
        if names and row.brand not in names:
            raise UserError(f"{field(row.where, 'brand')} {watched.unknown(row.brand, names)}")
    rows, gone = _with_texts(settings, rows)
    model, words = wiring.load_model(settings), wiring.brand_words(settings)
    writes = []
    with progress.steps("reading the posts", len(rows)) as advance:
        for row in rows:
            now = datetime.now(UTC)
            if row.label == WITHDRAWN_LABEL:
                writes.append(withdrawal(row.mention, row.brand, author, now))
            else:
                own = words.get(row.brand)
                writes.append(record(model, row.mention, row.brand, row.label, author, row.text, row.lang, now, own))
            advance(1)
    with progress.steps("sending", len(writes)) as advance:
        for i in range(0, len(writes), 500):
            consoles.write_all(settings, writes[i : i + 500])
            advance(len(writes[i : i + 500]))
    for complaint in _listed(gone):
        print(complaint, file=sys.stderr)
    brands = sorted({row.brand for row in rows})
    if args.json:
        options.print_json(
            {"sent": len(writes), "brands": brands, "without_label": empty, "author": author, "missing": len(gone)}
        )
        return int(bool(gone))
    if writes:
        print(f"{len(writes)} label(s) for {', '.join(brands)} sent; every worker learns from them now")
    if empty:
        print(f"{empty} row(s) without a label were left out")
    if gone:
        print(f"{len(gone)} label(s) not sent: their posts are not there (above)", file=sys.stderr)
    return int(bool(gone))


def _with_texts(settings: Settings, rows: list[Asked]) -> tuple[list[Asked], list[str]]:
    """Return the rows with the texts that they lack looked up in mentions, and one line for each post that is not there.

    Raises UserError where no post is there at all.
    """
    import asyncio

    from detectors.text.feedback import WITHDRAWN_LABEL
    from streams.engine.reader import UNREADABLE
    from streams.feedback import lookup
    from streams.feedback.label_file import field

    missing = {row.mention for row in rows if not row.text.strip() and row.label != WITHDRAWN_LABEL}
    if not missing:
        return rows, []
    try:
        with progress.steps("looking up posts", None) as advance:
            found = asyncio.run(lookup.posts(settings, missing, advance=advance))
    except UNREADABLE as error:
        raise UserError(f"mentions: cannot be read: {error!r}; see tocsin topics check") from None
    out: list[Asked] = []
    gone: list[str] = []
    for row in rows:
        if row.mention not in missing or row.text.strip() or row.label == WITHDRAWN_LABEL:
            out.append(row)
            continue
        mention = found.get(row.mention)
        if mention is None:
            gone.append(
                f"{field(row.where, 'id')} {row.mention} is not in the topic mentions (a week is kept there, deleted posts are "
                "not); check the id, or give the text"
            )
        elif not (mention.text or "").strip():
            gone.append(f"{field(row.where, 'id')} {row.mention} has no text: there is nothing to learn from")
        else:
            out.append(row._replace(text=mention.text or "", lang=row.lang or mention.lang))
    if not out:
        raise UserError("\n".join(_listed(gone)))
    return out, gone


def _listed(complaints: list[str]) -> list[str]:
    rest = len(complaints) - LISTED
    return complaints[:LISTED] + ([f"and {rest:,} more like these"] if rest > 0 else [])


def _rows(args: argparse.Namespace) -> tuple[list[Asked], int]:
    """Return the labels asked for, and how many rows of the file have none."""
    from streams.feedback import label_file

    if args.file is not None:
        return label_file.read(args.file, (args.brand or "").strip())
    for name in ("brand", "id", "label"):
        if not (getattr(args, name) or "").strip():
            raise UserError(f"--{name}: missing; give --brand, --id and --label, or a --file of labels")
    brand, mention, label = args.brand.strip(), args.id.strip(), args.label.strip()
    return [label_file.checked("", mention, brand, args.text or "", label, args.lang)], 0
