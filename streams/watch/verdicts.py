"""What is decided of one brand: minutes close and are judged, open ones may fire early, silence is noticed.

Each function here notes in `dirty` that the brand's state has changed. Whether a verdict may be given at all (the core's
offset is beyond the brand's) is for the caller to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from detectors.drivers import own_terms
from schemas.events import Alert, AlertTick, Signal, Window
from schemas.times import MINUTE
from streams.watch import examples, grave_words
from streams.watch.examples import Example
from streams.watch.minutes import Arrivals, Joined, OpenMinute, joined, terms_of, without
from streams.watch.state import Brand

Effect = Alert | Signal | Window | AlertTick


def judge(brand: Brand, at: int, closed: int, dirty: set[str]) -> Iterator[Effect]:
    """Judge what is due at the minute boundary `at`: arrivals, minutes that end up to `closed`, and silence."""
    arrivals = brand.arrivals.pop(at - MINUTE, None)
    if arrivals is not None:
        yield from judge_early(brand, arrivals, at, dirty)
    for start in sorted(start for start in brand.minutes if start + MINUTE <= closed):
        yield from _close(brand, brand.minutes.pop(start), at, dirty)
    wake = brand.monitor.wake_at
    if wake is not None and wake <= closed:
        dirty.add(brand.name)
        yield from brand.monitor.pass_time(closed, at)
    brand.closed = max(brand.closed, closed)
    if brand.strays:
        brand.forget(brand.strays, brand.closed - MINUTE)
        brand.strays.clear()


def judge_early(brand: Brand, arrivals: Arrivals, at: int, dirty: set[str]) -> Iterable[Alert | Signal]:
    """Ask the monitor whether what has arrived so far is too much already."""
    count, negative = brand.monitor.early_bound()
    over = at >= arrivals.start + MINUTE
    if arrivals.count < count and arrivals.negative < negative and not (over and arrivals.grave):
        return []
    dirty.add(brand.name)
    if over and arrivals.grave:
        brand.heard = grave_words.kept(
            [*brand.heard, *grave_words.heard(arrivals.start, _still_there(brand, arrivals))], arrivals.start
        )
    effects = brand.monitor.early(
        arrivals.start,
        at,
        arrivals.so_far(),
        list,
        arrivals.told() if over else (),
    )
    return _shown(brand, effects, arrivals.start, lambda: _arrived(brand, arrivals))


def kept(brand: Brand, effects: Iterable[Effect]) -> Iterator[Effect]:
    """Pass `effects` on, save alerts: those are told when somebody watches again."""
    for effect in effects:
        if isinstance(effect, Alert):
            brand.unseen.keep(effect)
        else:
            yield effect


def _close(brand: Brand, minute: OpenMinute, at: int, dirty: set[str]) -> Iterator[Effect]:
    window, rows, told = minute.close(brand.name)
    for mentions in [*(chunk.rows["mention"].tolist() for chunk in minute.chunks), minute.repeated]:
        brand.forget(mentions, minute.start)
    dirty.add(brand.name)
    if window.count:
        yield window
        fresh = examples.candidates(minute.start, rows, window.terms)
        brand.show(examples.kept([*brand.examples, *fresh], minute.start))
        if told:
            brand.heard = grave_words.kept([*brand.heard, *grave_words.heard(minute.start, rows)], minute.start)
        effects = brand.monitor.close(window, at, list, rows.known(), told, rows.speaker())
        yield from _shown(brand, effects, minute.start, lambda: brand.examples)


def _shown(
    brand: Brand, effects: Iterable[Alert | Signal], start: int, posts: Callable[[], list[Example]]
) -> Iterator[Alert | Signal]:
    """Give alerts of the minute `start` that are not over their examples, of what they are about, out of `posts`; and those
    of a grave matter the words that tell it.
    """
    for effect in effects:
        if not isinstance(effect, Alert) or effect.status == "resolved" or effect.signal == "silence":
            yield effect
            continue
        first = examples.GRAVE if effect.grave_people else examples.LARGEST if effect.signal == "reach" else None
        effect.evidence = examples.picked(posts(), start, first)
        if effect.grave_people:
            since = start + MINUTE - effect.window_seconds * 1_000
            effect.grave_terms = grave_words.named(brand.heard, since, own_terms(brand.monitor.names))
            if effect.grave_terms:
                words = ", ".join(f"{word} ({people})" for word, people in effect.grave_terms.items())
                effect.reason += f" Their words, and how many people used each: {words}."
        yield effect


def _arrived(brand: Brand, arrivals: Arrivals) -> list[Example]:
    """Return the examples of a minute of arrival that is still open and those of the minutes before."""
    rows = _still_there(brand, arrivals)
    return [*brand.examples, *examples.candidates(arrivals.start, rows, terms_of(rows))]


def _still_there(brand: Brand, arrivals: Arrivals) -> Joined:
    """Return what has arrived and has not been deleted or rewritten since: counted it stays, but nobody is shown it."""
    gone: dict[int, int] = {}
    for minute in brand.minutes.values():
        for mention, rev in minute.gone.items():
            gone[mention] = max(rev, gone.get(mention, rev))
    return joined([without(chunk, gone) for chunk in arrivals.chunks] if gone else arrivals.chunks)
