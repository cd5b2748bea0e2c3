"""`policy replay` and the second half of `policy diff`: alerts of the past, from the topics or from files."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from streams.commands import options
from streams.errors import UserError

if TYPE_CHECKING:
    from schemas.events import Alert, Command
    from streams.incidents.replayed import Difference, Replayed
    from streams.policy.model import Policy

T = TypeVar("T")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which past."""
    past = parser.add_argument_group("the past (replay, diff)")
    past.add_argument("--from", dest="first", metavar="TIME", help="from here on, ISO 8601 (default: the first alert)")
    past.add_argument("--to", dest="last", metavar="TIME", help="until here (default: a day after the last record)")
    past.add_argument(
        "--acks", choices=("recorded", "never"), default="recorded",
        help="people answer as they did, or nobody ever does (default: recorded)",
    )  # fmt: skip
    past.add_argument(
        "--alerts", type=Path, metavar="FILE", help="alerts from JSON lines, or a folder that `tocsin backtest` wrote "
        "(default: the topics alerts and commands)",
    )  # fmt: skip
    past.add_argument("--commands", type=Path, metavar="FILE", help="recorded commands, JSON lines; with --alerts")


def replay(args: argparse.Namespace, policy: Policy) -> int:
    """Print who would have been paged under `policy`."""
    import msgspec

    found = Past(args).under(policy)
    if args.json:
        options.print_json(msgspec.to_builtins(found) | {"pages": found.pages()})
    else:
        _show(found, args.lang)
    return 0


def wants_past(args: argparse.Namespace) -> bool:
    """Tell whether a diff was asked to replay something."""
    return bool(args.alerts or args.first or args.last)


def difference(args: argparse.Namespace, old: Policy, new: Policy) -> Difference:
    """Return what the past would have been under another policy."""
    from streams.incidents.replayed import compare

    past = Past(args)
    return compare(past.under(old), past.under(new))


def lines_of(found: Difference) -> list[str]:
    """Return a difference in words, one a line."""
    said = [f"pages in that time: {found.pages[0]} → {found.pages[1]}"]
    said += [
        f"{person}: {before} → {after} pages, {slept} → {sleeps} nights woken"
        for person, before, after, slept, sleeps in found.people
    ]
    said += [
        f"{brand} {severity} of {opened}: paged {', '.join(was) or 'nobody'} → {', '.join(now) or 'nobody'}"
        for brand, opened, severity, was, now in found.incidents
    ]
    return said


class Past:
    """What was alerted and said, read once."""

    def __init__(self, args: argparse.Namespace) -> None:
        from schemas.times import DAY, to_ms

        self._acks = args.acks
        self._alerts, self._commands = _from_files(args) if args.alerts else _from_topics(args)
        times = [to_ms(one.detected_at) for one in self._alerts]
        ends = times + [to_ms(one.issued_at) for one in self._commands if one.issued_at is not None]
        now = int(time.time() * 1_000)
        self.first = _time("--from", args.first, min(times, default=now))
        self.last = _time("--to", args.last, max(ends, default=now) + DAY)
        if self.last <= self.first:
            raise UserError(f"--to: {args.last or 'the last record'} is not after --from ({args.first})")

    def under(self, policy: Policy) -> Replayed:
        """Return the past as `policy` would have had it."""
        from streams.incidents.replayed import replay as run

        return run(policy, self._alerts, self._commands, self.first, self.last, self._acks)


def _time(option: str, text: str | None, default: int) -> int:
    from schemas.times import parse_iso

    if text is None:
        return default
    try:
        return parse_iso(text if "T" in text else f"{text}T00:00:00Z")
    except ValueError:
        raise UserError(f"{option}: {text!r} is no time; write 2026-03-02 or 2026-03-02T08:00:00Z") from None


def _from_files(args: argparse.Namespace) -> tuple[list[Alert], list[Command]]:
    from schemas.events import Alert, Command
    from schemas.times import to_ms
    from streams.incidents.replayed import at_their_time

    folder = args.alerts.is_dir()
    path = args.alerts / "alerts.jsonl" if folder else args.alerts
    alerts = list(_lines("--alerts", path, Alert))
    beside = args.alerts / "commands.jsonl"
    said = args.commands or (beside if folder and beside.is_file() else None)
    commands = list(_lines("--commands", said, Command)) if said else []
    timeless = sum(one.issued_at is None for one in commands)
    if timeless:
        raise UserError(
            f"--commands: {said}: {timeless} command(s) without issued_at: when they were said is not known"
        )
    return alerts, at_their_time([(to_ms(one.issued_at), one) for one in commands if one.issued_at], {})


def _lines(option: str, path: Path, type_: type[T]) -> Iterator[T]:
    import msgspec

    from schemas.mention import MALFORMED

    decoder = msgspec.json.Decoder(type_)
    number = 0
    try:
        with path.open("rb") as file:
            for line in file:
                number += 1  # told in the error, so counted outside the loop's own variable
                if line.strip():
                    yield decoder.decode(line)
    except OSError as error:
        raise UserError(f"{option}: {path}: {error.strerror}; give JSON lines, or a backtest's folder") from None
    except MALFORMED as error:
        raise UserError(f"{option}: {path}:{number}: not {type_.__name__.lower()}: {error}") from None


def _from_topics(args: argparse.Namespace) -> tuple[list[Alert], list[Command]]:
    import msgspec

    from schemas import topics
    from schemas.events import Alert
    from schemas.mention import MALFORMED
    from streams import consoles
    from streams.commands.past_commands import recorded

    settings = options.settings_of(args)
    consoles.ready(settings)
    alerts: list[Alert] = []
    for record in consoles.read_all(settings, topics.ALERTS):
        if record.value is None or (record.key or b"").startswith(b"#tick"):
            continue
        try:
            alerts.append(msgspec.json.decode(record.value, type=Alert))
        except MALFORMED:
            continue  # the notifier put it among the dead letters
    return alerts, recorded(settings)


_WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "recorded": "people answer as they did", "never": "nobody ever answers",
        "head": "{first} to {last}; {how}: {alerts} alert events, {commands} commands",
        "refused": "{n} recorded command(s) found no live incident under this policy",
        "incident": ("opened (UTC)", "brand", "severity", "state", "paged", "pages", "first page", "answered by", "after"),
        "nobody": "nobody ({why})", "no_page": "no page", "alarm": "NOBODY REACHED", "at_once": "at once",
        "sum": "{incidents} incident(s), {pages} page(s)",
        "person": ("person", "pages", "incidents", "nights woken", "answered", "median answer", "told besides", "held back"),
    },
    "fr": {
        "recorded": "les gens répondent comme alors", "never": "personne ne répond jamais",
        "head": "du {first} au {last} ; {how} : {alerts} événements d'alerte, {commands} commandes",
        "refused": "{n} commande(s) d'alors sans incident en cours sous cette politique",
        "incident": ("ouvert (UTC)", "marque", "niveau", "état", "alertés", "alertes", "première", "répondu par", "après"),
        "nobody": "personne ({why})", "no_page": "aucune alerte", "alarm": "PERSONNE JOINT", "at_once": "tout de suite",
        "sum": "{incidents} incident(s), {pages} appel(s)",
        "person": ("personne", "appels", "incidents", "nuits interrompues", "répondu", "réponse médiane", "informée", "retenu"),
    },
}  # fmt: skip


def _show(found: Replayed, language: str) -> None:
    from rich.table import Table

    from streams.messages.phrases import phrases

    console, say, words = options.console(), _WORDS[language], phrases(language)
    console.print(say["head"].format(first=found.first[:16], last=found.last[:16], how=say[found.acks], alerts=found.alerts,
                                     commands=found.commands))  # fmt: skip
    if found.refused:
        console.print(say["refused"].format(n=found.refused))
    table = Table(*say["incident"], box=None, pad_edge=False)
    for one in found.incidents:
        paged = ", ".join(one.paged) or say["nobody"].format(why=one.why_held or say["no_page"])
        table.add_row(
            one.opened_at[:16].replace("T", " "), one.brand, one.severity, words.word("state", one.state),
            f"{paged} {say['alarm']}" if one.nobody_reached else paged, str(one.pages), _span(one.first_page_seconds, say),
            one.acknowledged_by or "–", _span(one.ack_seconds, say),
        )  # fmt: skip
    if found.incidents:
        console.print(table)
    people = Table(*say["person"], box=None, pad_edge=False)
    for row in found.people:
        cells: list[Any] = [row.pages, row.incidents, row.nights_woken, row.answered, _span(row.ack_seconds, say), row.told,
                            row.held_back]  # fmt: skip
        people.add_row(row.person, *map(str, cells))
    console.print("\n" + say["sum"].format(incidents=len(found.incidents), pages=found.pages()) + "\n")
    console.print(people)


def _span(seconds: float | None, say: dict[str, Any]) -> str:
    from streams.policy.units import show_duration

    if seconds is None:
        return "–"
    return show_duration(round(seconds * 1_000)) if seconds >= 1 else str(say["at_once"])
