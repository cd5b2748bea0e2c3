"""Example posts: by reach and by typicality, fresh before old, copies once, the same in any order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from schemas.events import Alert
from schemas.times import MINUTE, SECOND
from streams.brands.registry import Registry
from streams.watch import examples
from streams.watch.core import WatchCore, WatchSettings
from streams.watch.examples import REACH, TYPICAL, Example, kept, picked
from tests.model.monitor import SmallMonitor
from tests.streams import cores
from tests.streams.cores import T0, Log, mention


def one(number: int, kind: int = REACH, *, minute: int = 0, weight: int = 100, signature: int | None = None) -> Example:
    return Example(
        kind, T0 + minute * MINUTE, weight, number, number if signature is None else signature, f"x:{number}"
    )


def test_they_come_in_turn_each_once_and_ten_at_most():
    found = [one(i, weight=100 - i) for i in range(12)] + [one(50 + i, TYPICAL, weight=100 - i) for i in range(12)]
    assert picked(found, T0)[:4] == ["x:0", "x:50", "x:1", "x:51"]
    assert len(picked(found, T0)) == len(set(picked(found, T0))) == 10
    both = [one(1), one(1, TYPICAL), one(2, TYPICAL, weight=50)]
    assert picked(both, T0) == ["x:1", "x:2"]
    assert picked([], T0) == []


def test_copies_are_shown_once_and_posts_without_words_are_no_copies():
    assert picked([one(1, signature=7), one(2, signature=7), one(3, TYPICAL, signature=7)], T0) == ["x:1"]
    assert len(picked([one(1, signature=0), one(2, signature=0)], T0)) == 2


def test_what_was_said_an_hour_ago_is_gone_and_what_is_fresh_comes_first():
    old, fresh = one(1, minute=0, weight=150), one(2, minute=15, weight=100)
    assert picked([old, fresh], T0 + 15 * MINUTE) == ["x:2", "x:1"]
    assert picked([old, fresh], T0 + 60 * MINUTE) == ["x:2"]
    assert kept([old], T0 + 60 * MINUTE) == []


def evidence_of(log: Log, minute: int) -> tuple[WatchCore, list[str]]:
    for later in range(minute + 1, minute + 5):
        log.tick(T0 + later * MINUTE)
    made = cores.settings()
    core = cores.watch(made)
    cores.apply(core, [v for _, v in cores.scored_log(cores.score(made), log)])
    return core, picked(core.brands["Acme"].examples, T0 + minute * MINUTE)


def storm(order: list[int] | None = None) -> Log:
    """Thirty people on a battery, one of them with a great following on something else, one with all the words of the rest."""
    log = Log()
    log.tick(T0)
    posts: list[dict[str, Any]] = []
    for i in range(30):
        state, part = ("broken", "awful", "dead")[i % 3], ("lid", "cable", "box")[i % 3]
        posts.append(mention(i, T0 + i * SECOND, text=f"my battery is {state} again, terrible {part} {i}"))
    posts[7] = mention(
        7,
        T0 + 7 * SECOND,
        text="I hate waiting at the airport, worst day",
        author={"id": "star", "followers": 4_000_000},
    )
    posts[21] = mention(
        21, T0 + 21 * SECOND, text="battery broken, terrible, awful, dead", author={"id": "plain", "followers": 3}
    )
    for i in order or range(30):
        log.say(posts[i])
    return log


def test_the_largest_account_and_the_most_typical_post_come_first():
    _, names = evidence_of(storm(), 0)
    assert names[:2] == ["x:7", "x:21"]
    assert len(names) == 5, "three texts that others copied, and these two: a copy is no second example"


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_arrival_changes_nothing(seed: int):
    order = list(range(30))
    random.Random(seed).shuffle(order)
    assert evidence_of(storm(order), 0)[1] == evidence_of(storm(), 0)[1]


def test_what_is_deleted_is_no_example_any_more():
    log = storm()
    for minute in range(1, 6):
        log.tick(T0 + minute * MINUTE)
    log.raw(b"x:7", None, T0 + 5 * MINUTE)
    log.tick(T0 + 6 * MINUTE)
    made = cores.settings()
    core = cores.watch(made)
    cores.apply(core, [v for _, v in cores.scored_log(cores.score(made), log)])
    names = picked(core.brands["Acme"].examples, T0)
    assert "x:7" not in names
    assert "x:21" in names


@pytest.mark.parametrize(("rev", "stays"), [(1, True), (2, True), (3, False)])
def test_an_update_of_before_takes_no_newer_revision_from_the_examples(rev: int, stays: bool):
    core, log = cores.watch(cores.settings("Acme")), Log()
    log.tick(T0)
    log.say(mention(1, T0), mention(1, T0, op="update", rev=2))
    for minute in range(1, 5):
        log.tick(T0 + minute * MINUTE)
    log.say(mention(1, T0, op="update", rev=rev))
    values = [v for _, v in cores.scored_log(cores.score(cores.settings("Acme")), log, [len(log.records) - 1])]
    cores.apply(core, values)
    assert bool(core.brands["Acme"].examples) == stays


@pytest.mark.parametrize("gone", [None, "x:2"])
def test_an_early_alert_shows_nothing_that_is_deleted(gone: str | None):
    core, log = early_core(), Log()
    log.tick(T0)
    log.say(*(mention(i, T0 + i, text="I hate this, broken " + "abcd"[i]) for i in range(3)))
    if gone:
        log.raw(gone.encode(), None)
    log.say(mention(9, T0 + 9, text="awful and broken again"))
    values = [v for _, v in cores.scored_log(cores.score(cores.settings("Acme")), log, range(1, 9))]
    shown = {name for e in cores.apply(core, values) if isinstance(e, Alert) for name in e.evidence}
    assert shown == {"x:0", "x:1", "x:2", "x:9"} - {gone}


def early_core() -> WatchCore:
    settings = WatchSettings(0, 1, 2 * MINUTE, replay=True)
    return WatchCore(settings, SmallMonitor.new, SmallMonitor.load, Registry([]))  # type: ignore[arg-type]


def test_where_people_speak_slowly_an_alert_has_the_examples_of_the_minutes_before():
    log = Log()
    number = cores.day(log, 26 * 60)
    from tests.streams.angry import angry_text

    for minute in range(26 * 60, 26 * 60 + 60):
        at = T0 + minute * MINUTE
        log.tick(at)
        for k in range(2):
            log.say(mention(number, at + k * SECOND, text=angry_text(number)))
            number += 1
    for minute in range(26 * 60 + 60, 26 * 60 + 64):
        log.tick(T0 + minute * MINUTE)
    made = cores.settings()
    alerts = [
        e for e in cores.apply(cores.watch(made), [v for _, v in cores.scored_log(cores.score(made), log)])
        if isinstance(e, Alert) and e.status in ("firing", "updated") and e.severity >= "L2"
    ]  # fmt: skip
    assert alerts
    assert max(len(alert.evidence) for alert in alerts) == examples.MOST


def alerts_of(log: Log) -> list[Alert]:
    made = cores.settings()
    values = [v for _, v in cores.scored_log(cores.score(made), log)]
    return [e for e in cores.apply(cores.watch(made), values) if isinstance(e, Alert)]


FIRES = (
    "engine fire on the {n} to the coast, passengers evacuated", "Acme flight {n}: evacuated after an engine fire",
    "they say an engine fire, all of {n} evacuated", "evacuated by the slides, engine fire, row {n}",
)  # fmt: skip


def test_a_grave_alert_shows_the_posts_that_tell_it_first_and_names_their_words():
    log = Log()
    number = cores.day(log, 36 * 60)
    start = T0 + 36 * 60 * MINUTE
    grave: set[str] = set()
    for step in range(80):
        number += 1
        told = step % 4 == 0
        text = FIRES[step // 4 % 4].format(n=number) if told else f"this is awful, horrible service, number {number}"
        loud = {"author": {"id": f"loud{number}", "followers": 90_000}} if not told else {}
        log.say(mention(number, start + step * 10 * SECOND, text, **loud))
        if told:
            grave.add(f"x:{number}")
        if step % 6 == 5:
            log.tick(start + (step + 1) * 10 * SECOND)
    for minute in range(13, 20):
        log.tick(start + (minute + 1) * MINUTE)
    alerts = [a for a in alerts_of(log) if a.status in {"firing", "updated"}]
    page = next(a for a in alerts if a.grave_people)
    assert len(page.evidence) >= 5
    assert set(page.evidence[:4]) <= grave
    assert page.grave_terms["evacuated"] >= 5


def test_a_large_accounts_alert_shows_its_post_first():
    log = Log()
    number = cores.day(log, 36 * 60)
    at = T0 + 36 * 60 * MINUTE
    log.say(*(mention(number + i, at + i, f"I hate this, it is broken {i}") for i in range(4)), at=at)
    log.say(mention(number + 4, at + 9, author={"id": "star", "followers": 2_000_000}), at=at)
    for minute in range(1, 6):
        log.tick(at + minute * MINUTE)
    large = next(a for a in alerts_of(log) if a.signal == "reach")
    assert large.evidence[0] == f"x:{number + 4}"
    assert len(large.evidence) == len(set(large.evidence)) > 1


def test_a_large_accounts_alert_shows_its_own_post_and_not_a_larger_ones_of_before():
    log = Log()
    number = cores.day(log, 36 * 60)
    first, later = T0 + 36 * 60 * MINUTE, T0 + (36 * 60 + 35) * MINUTE
    log.say(mention(number, first, author={"id": "star", "followers": 9_000_000}), at=first)
    for minute in range(1, 35):
        log.tick(first + minute * MINUTE)
    paper = {"id": "paper", "kind": "media", "followers": 1_000_000}
    log.say(mention(number + 1, later, "awful, I hate this", author=paper), at=later)
    for minute in range(36, 42):
        log.tick(first + minute * MINUTE)
    shown = [a.evidence[0] for a in alerts_of(log) if a.signal == "reach" and a.status == "firing"]
    assert shown == [f"x:{number}", f"x:{number + 1}"]
