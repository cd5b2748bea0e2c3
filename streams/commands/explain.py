"""Why did it fire, or why did it not: in plain words, with the numbers and a small plot."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streams.commands import options
from streams.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from streams.explain.fired import Fired
    from streams.explain.log import Source
    from streams.explain.missed import Missed
    from streams.explain.words import Words

WITHIN = 60
EXAMPLES = """\
  tocsin explain 5f0c81aa
  tocsin explain --missed Aerolux --at 2026-03-02T14:30Z
  tocsin explain --missed Aerolux --at "2026-03-02 14:30" --within 180 --language fr
  tocsin explain 5f0c81aa --dir build/backtest --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("alert", nargs="?", metavar="ALERT_ID", help="the alert's id, or the first characters of it")
    parser.add_argument("--missed", metavar="BRAND", help="the brand of which nothing was heard")
    parser.add_argument("--at", metavar="TIME", help="with --missed: when, ISO 8601; without a zone it is UTC")
    parser.add_argument("--within", type=int, default=WITHIN, metavar="MINUTES",
                        help=f"with --missed: how far around that time to look (default: {WITHIN})")  # fmt: skip
    parser.add_argument(
        "--dir", type=Path, metavar="OUT", help="the --out of a tocsin backtest, instead of the topics of a Kafka"
    )
    parser.add_argument("--language", choices=("en", "fr"), default="en", help="of the answer (default: en)")
    parser.add_argument("--json", action="store_true", help="print the figures, the reasons and the plot as JSON")
    options.config(parser)


def run(args: argparse.Namespace) -> int:
    """Answer."""
    from streams.explain.words import Words

    if (args.alert is None) == (args.missed is None):
        raise UserError("explain: name an ALERT_ID, or --missed BRAND --at TIME (one of the two)")
    if args.missed is not None and args.at is None:
        raise UserError("--missed: say when with --at, as in --at 2026-03-02T14:30Z")
    if args.missed is None and args.at is not None:
        raise UserError("--at: goes with --missed BRAND; an ALERT_ID has its own time")
    if not 1 <= args.within <= 24 * 60:
        raise UserError(f"--within: {args.within} must lie between 1 and 1440 (a day)")
    at = _time(args.at) if args.at is not None else None
    words = Words(args.language)
    source = _source(args)
    if args.missed is not None:
        assert at is not None  # noqa: S101 - for the type checker; said above
        return _missed(args, source, words, at)
    return _fired(args, source, words)


def _time(text: str) -> int:
    from schemas.times import parse_iso

    try:
        return parse_iso(text)
    except ValueError:
        raise UserError(f"--at: {text!r} is no time; write 2026-03-02T14:30Z") from None


def _source(args: argparse.Namespace) -> Source:
    from streams.explain.log import Folder, Topics
    from streams.settings import load

    if args.dir is not None:
        return Folder(args.dir, load(args.config) if args.config else None)
    return Topics(options.settings_of(args))


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


# --- why not ------------------------------------------------------------------------------------------------------


def _missed(args: argparse.Namespace, source: Source, words: Words, at: int) -> int:
    from schemas.times import MINUTE
    from streams.explain import missed
    from streams.explain.words import reasons

    log = source.log(source.brand_named(args.missed))
    found = missed.missed(log, at, args.within * MINUTE)
    said = reasons(found, words)
    if args.json:
        options.print_json(_missed_json(found, said))
    else:
        _show_missed(found, said, words)
    return 0


def _missed_json(found: Missed, said: list[tuple[str, str]]) -> dict[str, Any]:
    import msgspec

    from schemas.times import iso

    plain: dict[str, Any] = msgspec.to_builtins(found)
    plain["reasons"] = [{"code": code, "text": text} for code, text in said]
    for name in ("at", "since", "until", "before", "after"):
        plain[name] = iso(plain[name]) if plain[name] is not None else None
    for name in ("look", "counted"):
        if plain[name] is not None:
            plain[name]["minute"] = iso(plain[name]["minute"])
    for one in plain["bins"]:
        one["start"] = iso(one["start"])
    return plain


def _show_missed(found: Missed, said: list[tuple[str, str]], words: Words) -> None:
    from rich.text import Text

    from streams.messages.phrases import clean

    console = _console()
    title = words("missed.title", brand=clean(found.brand, 60), time=words.moment(found.at))
    console.print(Text(title, style="bold"))
    for _, text in said:
        console.print(Text(f"• {text}"))
    if found.signals:
        console.print(Text(f"\n{words('signals')}{words('colon').rstrip()}", style="bold"))
        for signal in found.signals[:12]:
            score, threshold = words.points(signal.score), words.points(signal.threshold)
            name = words.said.word("tests", signal.signal)
            what = words("verdict", score=score, threshold=threshold)
            state = words("fired" if signal.fired else "close")
            console.print(Text(f"  {signal.detected_at:%H:%M:%S}  {name}{words('colon')}{what} ({state})"))
    _plot(console, found.bins, found.at, words, "mark_at")
    console.print(Text(words("missed.caveat"), style="dim"))


def _plot(console: Console, bins: list[Any], mark: int, words: Words, what: str) -> None:
    from rich.text import Text

    from streams.explain import plot
    from streams.explain.words import width_in_words

    if len(bins) < 2:
        return
    width = width_in_words(bins[1].start - bins[0].start, words)
    key = words(
        "plot", width=width, all=plot.ALL, negative=plot.NEGATIVE, usual=plot.USUAL, mark=plot.MARK, what=words(what)
    )
    console.print()
    console.print(Text(key))
    console.print(plot.draw(bins, mark))


# --- why ----------------------------------------------------------------------------------------------------------


def _fired(args: argparse.Namespace, source: Source, words: Words) -> int:
    import msgspec

    from schemas.times import iso
    from streams.explain import fired

    events = source.events_of(args.alert)
    found = fired.fired(events, source.log(events[0].brand))
    if args.json:
        plain = msgspec.to_builtins(found)
        for one in plain["bins"]:
            one["start"] = iso(one["start"])
        options.print_json(plain)
    else:
        _show_fired(found, words)
    return 0


def _show_fired(found: Fired, words: Words) -> None:
    from datetime import UTC

    from rich.text import Text

    from detectors.severity import LEVELS
    from schemas.times import to_ms
    from streams.messages import facts
    from streams.messages.phrases import clean

    console, alert, say = _console(), found.alert, words.said
    ended = found.events[-1].ends_at if found.events[-1].status == "resolved" else None

    def section(title: str, lines: list[str]) -> None:
        if lines:
            console.print(Text(f"\n{title}", style="bold"))
            for line in lines:
                console.print(Text(f"  {line}"))

    title = words("fired_title", severity=alert.severity, brand=clean(alert.brand, 60), signal=words.signal(alert))
    console.print(Text(title, style="bold"))
    section(say("section.what"), [line.text for line in facts.what(say, alert, UTC, ended)])
    section(words("reason"), [clean(alert.reason, 500)] if alert.reason else [])
    votes = []
    for vote in alert.votes:
        floor = _floor(vote.reason, words)
        score = words.points(vote.score)
        verdict = words("verdict", score=score, threshold=floor) if floor else words("verdict_bare", score=score)
        fires = f" – {words('did_fire')}" if vote.fired else ""
        votes.append(f"{words.test(clean(vote.detector, 60))}{words('colon')}{verdict}{fires}")
    section(words("tests"), votes)
    if alert.severity_terms:
        lines = [words.terms(alert.severity_terms)]
        floor_ = words.number(LEVELS[int(alert.severity[1:]) - 1])
        lines.append(words("total", points=words.points(found.points), severity=alert.severity, floor=floor_))
        if found.next is not None:
            step = found.next
            missing, needed = words.points(step.missing), words.number(step.needed)
            lines.append(words("next", missing=missing, severity=step.severity, needed=needed))
        section(words("terms"), lines)
    section(say("section.sure"), [line.text for line in facts.how_sure(say, alert)])
    section(say("section.drivers"), [line.text for line in facts.drivers(say, alert)])
    section(say("section.examples"), [line.text for line in facts.examples(alert)])
    section(
        words("events"),
        [_event(event, before, words) for before, event in zip([None, *found.events], found.events, strict=False)],
    )
    if found.bins:
        _plot(console, found.bins, to_ms(alert.starts_at), words, "mark_onset")
    else:
        console.print(Text(f"\n{words('no_minutes')}", style="dim"))
    console.print(Text(words("ids", id=alert.alert_id, time=say.moment(alert.detected_at, UTC),
                             model=clean(alert.model_version) or "–", config=clean(alert.config_version) or "–"), style="dim"))  # fmt: skip


def _floor(reason: str, words: Words) -> str:
    """Return the threshold that a vote's reason names, in the reader's numbers; nothing where it names none."""
    head, _, tail = reason.rpartition("fires at ")
    try:
        return words.points(float(tail)) if not head and tail != reason else ""
    except ValueError:
        return ""


def _event(event: Any, before: Any, words: Words) -> str:
    from streams.messages.facts import course

    held = f", {words('held_event', why=words.held_by(event.suppressed_by))}" if event.suppressed_by else ""
    return f"{event.detected_at:%Y-%m-%d %H:%M:%S}  {event.severity}  {words.own.word('status', course(event, before))}{held}"
