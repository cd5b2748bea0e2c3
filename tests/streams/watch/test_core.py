from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Alert, Window, encode
from schemas.times import MINUTE, SECOND
from streams.watch import checkpoints
from streams.watch.core import WatchCore
from streams.watch.state import Tally
from tests.streams import cores
from tests.streams.angry import angry_text
from tests.streams.cores import T0, Log, mention


def windows(effects: Sequence[object]) -> list[Window]:
    return [effect for effect in effects if isinstance(effect, Window)]


def closed(log: Log, *, ticks: int = 6) -> list[Window]:
    for minute in range(1, ticks):
        log.tick(T0 + minute * MINUTE)
    made = cores.settings()
    core = cores.watch(made)
    return windows(cores.apply(core, [v for _, v in cores.scored_log(cores.score(made), log)]))


def test_a_minute_closes_when_the_clock_has_passed_its_end_and_the_lateness():
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0 + 5 * SECOND), mention(2, T0 + 50 * SECOND))
    made = cores.settings()
    core = cores.watch(made)
    score = cores.score(made)
    log.tick(T0 + 179 * SECOND)
    assert windows(cores.apply(core, [v for _, v in cores.scored_log(score, log)])) == []
    last = Log()
    last.records = [*log.records]
    last.tick(T0 + 180 * SECOND)
    (window,) = windows(cores.apply(core, [v for _, v in cores.scored_log(score, last, cut=[len(log.records)])][1:]))
    assert window.count == 2 and window.authors == 2


def test_the_same_mention_counts_once():
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0), mention(1, T0), mention(2, T0))
    (window,) = closed(log)
    assert window.count == 2


def test_what_comes_later_than_the_lateness_is_late_and_not_counted():
    log = Log()
    log.tick(T0 + 10 * MINUTE)
    log.say(mention(1, T0), mention(2, T0 + 9 * MINUTE))
    for minute in range(11, 16):
        log.tick(T0 + minute * MINUTE)
    made = cores.settings()
    core = cores.watch(made)
    found = windows(cores.apply(core, [v for _, v in cores.scored_log(cores.score(made), log)]))
    assert [w.count for w in found] == [1]
    assert (core.tally().applied, core.tally().late) == (1, 1)


def test_a_higher_revision_replaces_and_an_older_one_is_a_repeat():
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0, text="awful, terrible, I hate it"))
    log.say(mention(1, T0, text="lovely, thank you, the best", op="update", rev=2))
    log.say(mention(1, T0, text="awful, terrible, I hate it", op="update", rev=1))
    (window,) = closed(log)
    assert window.count == 1
    assert window.positive > window.negative


@pytest.mark.parametrize("how", ["tombstone", "delete"])
def test_a_deletion_takes_the_mention_out_of_its_open_minute(how: str):
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0), mention(2, T0))
    if how == "tombstone":
        log.raw(b"x:1", None)
    else:
        log.say({**mention(1, T0), "op": "delete", "text": None})
    (window,) = closed(log)
    assert window.count == 1


def test_an_update_may_move_a_mention_to_another_brand():
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0), mention(1, T0, op="update", rev=1, brand="Other"))
    assert [(w.brand, w.count) for w in closed(log) if w.count] == [("Other", 1)]


def test_terms_travel_only_when_several_people_use_them():
    log = Log()
    log.tick(T0)
    log.say(
        mention(1, T0, text="the battery exploded"),
        mention(2, T0, text="battery burnt"),
        mention(3, T0, text="zeppelin"),
    )
    (window,) = closed(log)
    assert window.terms == {"battery": 2}


def test_people_who_speak_of_a_grave_matter_are_counted_once_and_one_wording_three_times():
    log = Log()
    log.tick(T0)
    log.say(*(mention(n, T0, text=f"#tag{n} Acme plant evacuated after explosion") for n in range(8)))
    log.say(mention(10, T0, text="a worker was injured at the Acme plant in Lyon"))
    log.say(mention(11, T0, text="three injured and an ambulance in front of it", author={"id": "a10"}))
    log.say(mention(12, T0, text="they should fire the manager"), mention(13, T0, text="lovely"))
    log.say(
        mention(14, T0, text="the charger exploded"), mention(14, T0, text="the charger is fine", op="update", rev=2)
    )
    (window,) = closed(log)
    assert window.grave == 4


def calm_log() -> Log:
    """Two ordinary days, then a fire at the plant, told calmly by one a minute."""
    log = Log()
    number = cores.day(log, 36 * 60)
    start = T0 + 36 * 60 * MINUTE
    places = ("Lyon", "Lille", "Nantes", "Dijon", "Brest")
    for minute in range(60):
        for part in (0, 1):
            log.tick(start + minute * MINUTE + 30 * part * SECOND)
            text = (
                f"Engine fire at Acme {places[number % 5]}, hall {'ABCDEFGH'[number % 8]} {'evacuated' * (number % 2)}"
            )
            log.say(mention(number, start + minute * MINUTE + (30 * part + 1) * SECOND, text=text))
            number += 1
    for minute in range(60, 70):
        log.tick(start + minute * MINUTE)
    return log


def test_a_grave_matter_told_calmly_is_paged_and_the_same_after_a_recovery_anywhere():
    made = cores.settings()
    log = calm_log()
    values = [v for _, v in cores.scored_log(cores.score(made), log, cut=range(0, len(log.records), 11))]
    alerts = [e for e in cores.apply(cores.watch(made), values) if isinstance(e, Alert)]
    page = next(a for a in alerts if a.severity >= "L2" and a.status in {"firing", "updated"})
    assert page.grave_people >= 10 and page.trigger == "safety"
    assert page.grave_terms and all(2 <= n <= page.grave_people for n in page.grave_terms.values())
    assert list(page.grave_terms.values()) == sorted(page.grave_terms.values(), reverse=True)
    assert "acme" not in page.grave_terms
    assert all(f"{word} ({n})" in page.reason for word, n in page.grave_terms.items())
    assert page.detected_at.second == 0, "the early trigger tells it when a minute of arrival is over"
    assert (page.detected_at.timestamp() * 1_000 - T0) / MINUTE - 36 * 60 <= 16
    chance = random.Random(3)
    found: dict[tuple[str, int], bytes] = {}
    core, store = cores.watch(made), dict[bytes, bytes]()
    late = len(values) - 60
    for crash in [*sorted(chance.sample(range(late, len(values)), 12)), len(values)]:
        while core.applied + 1 < crash:
            for effect in cores.apply(core, [values[core.applied + 1]]):
                if isinstance(effect, Alert):
                    found[effect.alert_id, effect.sequence] = encode(effect)
            if core.applied > late - 20 and chance.random() < 0.4:
                save(core, store, torn=chance.random() < 0.3)
        if crash < len(values):
            core = recover(store, values)
    assert sorted(found.values()) == sorted(told(alerts))


def crisis_log() -> Log:
    """Two ordinary days, then a crisis, then calm."""
    log = Log()
    number = cores.day(log, 36 * 60)
    start = T0 + 36 * 60 * MINUTE
    for minute in range(20):
        for second in range(0, 60, 10):
            log.tick(start + minute * MINUTE + second * SECOND)
            for _ in range(min(minute, 8)):
                log.say(
                    mention(
                        number,
                        start + minute * MINUTE + second * SECOND,
                        text=angry_text(number),
                    )
                )
                number += 1
    for minute in range(20, 300):
        log.tick(start + minute * MINUTE)
        if minute % 2:
            log.say(mention(number, start + minute * MINUTE + SECOND, text=f"fine {number}"))
            number += 1
    return log


@pytest.fixture(scope="module")
def crisis() -> tuple[list[bytes], list[Alert]]:
    made = cores.settings()
    log = crisis_log()
    cut = range(0, len(log.records), 97)
    values = [v for _, v in cores.scored_log(cores.score(made), log, cut=list(cut))]
    alerts = [e for e in cores.apply(cores.watch(made), values) if isinstance(e, Alert)]
    assert any(a.status == "firing" for a in alerts), "the story must be a crisis, or the tests below say nothing"
    assert any(a.status == "resolved" for a in alerts)
    return values, alerts


def told(alerts: list[Alert]) -> list[bytes]:
    return [encode(alert) for alert in alerts]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_crash_and_a_recovery_anywhere_change_nothing(crisis, seed: int):
    """Given checkpoints now and then and a crash anywhere, the alerts are those of the run without one."""
    values, expected = crisis
    chance = random.Random(seed)
    made = cores.settings()
    found: dict[tuple[str, int], bytes] = {}
    core = cores.watch(made)
    store: dict[bytes, bytes] = {}
    crashes = sorted(chance.sample(range(1, len(values)), 3))
    for crash in [*crashes, len(values)]:
        while core.applied + 1 < crash:
            offset = core.applied + 1
            for effect in cores.apply(core, [values[offset]]):
                if isinstance(effect, Alert):
                    key = (effect.alert_id, effect.sequence)
                    assert found.get(key, encode(effect)) == encode(effect), "a repeat must say the same"
                    found[key] = encode(effect)
            if chance.random() < 0.05:
                torn = chance.random() < 0.3
                save(core, store, torn=torn)
        if crash < len(values):
            core = recover(store, values)
    assert sorted(found.values()) == sorted(told(expected))
    assert core.tally().applied == cores_total(values).applied


def cores_total(values: list[bytes]) -> Tally:
    core = cores.watch(cores.settings())
    cores.apply(core, values)
    return core.tally()


def save(core: WatchCore, store: dict[bytes, bytes], *, torn: bool) -> None:
    brands, partition = list(core.brand_records(core.dirty)), core.partition_record()
    core.dirty.clear()
    for record in brands:
        store[checkpoints.key(record.brand, "me")] = checkpoints.encode(record)
    if not torn:
        store[checkpoints.key("", "me")] = checkpoints.encode(partition)


def recover(store: dict[bytes, bytes], values: list[bytes]) -> WatchCore:
    from schemas import scored

    core = cores.watch(cores.settings())
    found = checkpoints.choose(store)
    if found is None:
        return core
    core.restore(found.partition, found.brands)
    for offset in range(found.partition.replay_from, found.partition.applied + 1):
        core.refill(offset, scored.decode(values[offset]))
    core.finish_refill()
    return core


@settings(max_examples=6, deadline=None)
@given(cuts=st.lists(st.integers(1, 2500), max_size=40))
def test_slices_cut_anew_and_sent_again_change_nothing(crisis, cuts: list[int]):
    made = cores.settings()
    log = crisis_log()
    values = [v for _, v in cores.scored_log(cores.score(made), log, cut=cuts)]
    doubled = [value for value in values for _ in range(2)]
    core = cores.watch(made)
    alerts = [e for e in cores.apply(core, doubled) if isinstance(e, Alert)]
    assert told(alerts) == told(crisis[1])
    assert core.tally().control == sum(r.key.startswith(b"#tick") for r in log.records)  # type: ignore[union-attr]
    assert core.tally().duplicate == 0


@pytest.mark.parametrize("seed", range(3))
def test_how_partitions_interleave_changes_no_onset_no_final_severity_and_no_end(crisis, seed: int):
    """Given the same mentions over three partitions, read in any order, the story is the same."""
    chance = random.Random(seed)
    whole = crisis_log()
    parts = [Log(), Log(), Log()]
    for record in whole.records:
        tick = record.key is not None and record.key.startswith(b"#tick")
        for part in parts if tick else [chance.choice(parts)]:
            part.raw(record.key, record.value, record.timestamp)
    made = cores.settings()
    made.partitions.mentions = 3
    queues = [
        [
            v
            for _, v in cores.scored_log(
                cores.score(made), part, cut=sorted(chance.sample(range(len(part.records)), 30)), partition=p
            )
        ]
        for p, part in enumerate(parts)
    ]
    merged: list[bytes] = []
    while any(queues):
        merged.append(chance.choice([q for q in queues if q]).pop(0))
    alerts = [e for e in cores.apply(cores.watch(made), merged) if isinstance(e, Alert)]
    assert story(alerts) == story(crisis[1])


def story(alerts: list[Alert]) -> dict[str, tuple[object, ...]]:
    out: dict[str, tuple[object, ...]] = {}
    for alert in alerts:
        _, highest, end = out.get(alert.alert_id, (None, "", None))
        out[alert.alert_id] = (alert.starts_at, max(str(highest), alert.severity), alert.ends_at or end)
    return out
