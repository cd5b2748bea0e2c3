"""Brands come and go while the log runs on: decided at a time of the log, whenever a worker reads of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiokafka import ConsumerRecord

from detectors.history import learn
from detectors.settings import MonitorSettings
from schemas import scored
from schemas.events import Alert, BrandEntry, Window, encode
from schemas.times import HOUR, MINUTE, SECOND, from_ms
from streams import wiring
from streams.brands.follow import read_entry
from streams.brands.registry import GRACE, Registry
from streams.settings import Settings
from streams.watch.core import WatchCore
from streams.watch.verdicts import Effect
from tests.streams import cores
from tests.streams.angry import angry_text
from tests.streams.cores import T0, Log, mention
from tests.streams.watch.test_core import save

BY = {"author": "alice", "at": datetime(2026, 3, 2, tzinfo=UTC)}
STORED = T0 + 10 * MINUTE
COUNTS_FROM = STORED + GRACE


def entry(brand: str = "Tart", **more: object) -> BrandEntry:
    return BrandEntry(brand, **BY, **more)  # type: ignore[arg-type]


def made(*brands: str) -> Settings:
    return cores.settings(*brands, clock="live")


def registry(settings: Settings, *entries: tuple[BrandEntry, int]) -> Registry:
    known = wiring.registry(settings)
    for one, stored in entries:
        known.take(one, stored)
    return known


def run(log: Log, settings: Settings, known: Registry, cut: Sequence[int] = ()) -> tuple[WatchCore, list[Effect]]:
    score = wiring.score_core(settings, cores.model(), brands=known)
    watch = wiring.watch_core(settings, 0, "test", brands=known)
    return watch, cores.apply(watch, [v for _, v in cores.scored_log(score, log, cut)])


def talk(
    minutes: int, brand: str | None = "Tart", text: str = "tart for lunch {n}", log: Log | None = None, first: int = 0
) -> Log:
    log = log or Log()
    for minute in range(first, first + minutes):
        at = T0 + minute * MINUTE
        log.tick(at)
        log.say(mention(minute, at + SECOND, text=text.format(n=minute), brand=brand), at=at + SECOND)
    return log


def minutes_of(effects: Sequence[Effect], brand: str = "Tart") -> list[int]:
    return [
        round((w.start.timestamp() * 1_000 - T0) / MINUTE)
        for w in effects
        if isinstance(w, Window) and w.brand == brand
    ]


def test_a_brand_that_joins_counts_from_its_moment_on_and_not_before():
    settings = made("Acme")
    log = talk(30)
    watch, effects = run(log, settings, registry(settings, (entry(), STORED)))
    assert minutes_of(effects) == list(range(11, 27)), "the tick of minute 11 is the first after its moment"
    assert watch.tally().dead_letter == 11


def test_its_watch_words_find_what_names_no_brand():
    settings = made("Acme")
    known = registry(settings, (entry(words=["tart", "tarte"], exclude=["pop tart"]), STORED))
    log = talk(20, brand=None, text="une tarte aux pommes {n}")
    talk(6, brand=None, text="a pop tart {n}", log=log, first=20)
    _, effects = run(log, settings, known)
    assert minutes_of(effects) == list(range(11, 20))


@pytest.mark.parametrize("cut", [(), range(0, 60, 7)])
def test_it_does_not_matter_when_a_worker_reads_of_it(cut: Sequence[int]):
    """Given a worker that has read of it from the start and one that reads of it just in time, both decide the same."""
    settings = made("Acme")
    log = talk(30)
    _, early = run(log, settings, registry(settings, (entry(), STORED)), cut)
    late = wiring.registry(settings)
    score = wiring.score_core(settings, cores.model(), brands=late)
    watch = wiring.watch_core(settings, 0, "test", brands=late)
    values: list[bytes] = []
    progress = 0
    for offset, record in enumerate(log.records):
        if record.timestamp >= STORED and not late.change_at("Tart", COUNTS_FROM):
            late.take(entry(), STORED)
        result = score.slice("topic", 0, progress, [record])
        progress = result.progress
        values += (w.value or b"" for w in result.writes)
        assert offset == record.offset
    assert [encode(e) for e in cores.apply(watch, values)] == [encode(e) for e in early]


def test_a_brand_that_leaves_is_let_go_with_an_all_clear_and_its_account_stays():
    settings = made("Acme", "Tart")
    log = talk(26 * 60)
    for minute in range(26 * 60, 26 * 60 + 15):
        angry(log, minute, 20)
    talk(30, log=log, first=26 * 60 + 15)
    stored = T0 + (26 * 60 + 14) * MINUTE
    watch, effects = run(log, settings, registry(settings, (entry(removed=True), stored)))
    alerts = [e for e in effects if isinstance(e, Alert)]
    live = {a.alert_id for a in alerts if a.status in ("firing", "updated")}
    assert any(a.severity >= "L3" for a in alerts)
    last = {a.alert_id: a for a in alerts}
    assert all(last[name].status == "resolved" for name in live)
    assert any(last[name].reason == "Tart is no longer watched." for name in live)
    assert "Tart" not in watch.brands
    tally = watch.tally()
    assert tally.dead_letter == 30, "what names it afterwards is told to be unknown"
    rows = 26 * 60 + 15 * 20
    assert (tally.scored, tally.applied + tally.late + tally.duplicate) == (rows, rows)
    assert max(minutes_of(effects)) < 26 * 60 + 16


def test_where_any_named_brand_is_taken_one_may_still_be_let_go_and_others_go_on():
    settings = made()
    log = talk(20, brand="Tart")
    talk(20, brand="Other", log=log, first=20)
    watch, effects = run(log, settings, registry(settings, (entry(removed=True), STORED)))
    assert minutes_of(effects, "Other")
    assert watch.tally().dead_letter == 9
    assert "Other" in watch.brands


def test_a_brand_that_joins_an_open_list_does_not_close_it():
    settings = made()
    known = registry(settings, (entry(words=["tart"]), STORED))
    log = talk(20, brand="Other")
    talk(10, brand=None, text="tart {n}", log=log, first=20)
    watch, effects = run(log, settings, known)
    assert len(minutes_of(effects, "Other")) == 20
    assert minutes_of(effects, "Tart")
    assert watch.tally().dead_letter == 0


def test_an_entry_that_comes_again_in_a_replay_counts_from_the_beginning():
    settings = cores.settings("Acme", clock="replay")
    _, effects = run(talk(30), settings, registry(settings, (entry(), T0 + 400 * HOUR)))
    assert minutes_of(effects) == list(range(27))


def baseline(hours: int = 48, *, until: int = T0) -> bytes:
    first = until - hours * HOUR
    windows = [
        Window("Tart", from_ms(first + minute * MINUTE), 1, 2_000, authors=1, loudest=1)
        for minute in range(0, hours * 60 - 15, 2)
    ]
    return learn("Tart", MonitorSettings(), windows, share_known=True).state


def angry(log: Log, minute: int, each: int) -> None:
    """Say `each` angry things of Tart in `minute`."""
    at = T0 + minute * MINUTE
    log.tick(at)
    for k in range(each):
        number = 20 * minute + k
        log.say(mention(10_000 + number, at + k * SECOND, text=angry_text(number), brand="Tart"), at=at)


def crisis(log: Log, first: int, minutes: int = 12) -> Log:
    for minute in range(first, first + minutes):
        angry(log, minute, 15)
    return talk(5, log=log, first=first + minutes)


def told(effects: Sequence[Effect]) -> list[tuple[str, str, str | None]]:
    return [(e.status, e.severity, e.suppressed_by) for e in effects if isinstance(e, Alert)]


@pytest.mark.parametrize("lived", [0, 30])
def test_a_brand_with_an_imported_past_pages_in_its_first_hour(lived: int):
    """Given a brand that is new, or has warmed up for half an hour, then with its past a crisis pages; without it is held back."""
    settings = made("Acme", "Tart") if lived else made("Acme")
    log = talk(14, brand="Acme") if not lived else talk(44)
    crisis(log, 14 if not lived else 44)
    cold = registry(settings, (entry(), STORED))
    assert {held for _, severity, held in told(run(log, settings, cold)[1]) if severity < "L4"} <= {"warm_up"}
    warm = registry(settings, (entry(baseline=baseline(), learnt="two days"), STORED))
    watch, effects = run(log, settings, warm)
    assert watch.brands["Tart"].monitor.warm
    assert ("firing", "L3", None) in told(effects) or ("updated", "L3", None) in told(effects)


@pytest.mark.parametrize("state", [b"nonsense", baseline(until=T0 + 40 * HOUR)])
def test_a_baseline_that_cannot_be_taken_is_left_and_the_stream_goes_on(state: bytes, caplog: pytest.LogCaptureFixture):
    settings = made("Acme")
    watch, effects = run(talk(30), settings, registry(settings, (entry(baseline=state), STORED)))
    assert minutes_of(effects) == list(range(11, 27))
    assert not watch.brands["Tart"].monitor.warm
    assert "its imported baseline is not taken" in caplog.text


@pytest.mark.parametrize("end", range(5, 14))
def test_an_imported_past_may_end_with_any_minute_around_the_one_that_closes(end: int):
    """Given a past that ends before, with or after the minute that is closed when its entry counts, then all goes on."""
    settings = made("Tart")
    past = [
        Window("Tart", from_ms(T0 + m * MINUTE), 3, 3_000, authors=3, loudest=1) for m in range(end - 4_320, end + 1)
    ]
    learnt = learn("Tart", MonitorSettings(), past, share_known=True).state
    _, effects = run(talk(30), settings, registry(settings, (entry(baseline=learnt), STORED)))
    assert minutes_of(effects) == list(range(27))


def test_other_settings_reach_a_monitor_that_runs_and_keep_what_it_knows():
    settings = made("Tart")
    log = talk(30)
    watch, _ = run(log, settings, registry(settings, (entry(sensitivity=2.0), STORED)))
    plain, _ = run(log, settings, registry(settings))
    assert watch.brands["Tart"].monitor.settings.sensitivity == 2.0
    assert plain.brands["Tart"].monitor.settings.sensitivity == 1.0
    assert watch.brands["Tart"].monitor.learnt == plain.brands["Tart"].monitor.learnt


@pytest.mark.parametrize("crash", range(40, 100, 6))
def test_a_crash_and_a_recovery_around_the_change_decide_the_same(crash: int):
    settings = made("Acme", "Cake")
    log = talk(30)
    for minute in range(30):
        log.say(
            mention(50_000 + minute, T0 + (29 + minute // 10) * MINUTE, brand="Cake", text=f"cake {minute}"),
            at=T0 + 29 * MINUTE,
        )
    talk(12, log=log, first=30)
    known = registry(
        settings, (entry(baseline=baseline()), STORED), (entry("Cake", removed=True), T0 + 32 * MINUTE),
        (entry("Tart", removed=True), T0 + 36 * MINUTE), (entry("Tart"), T0 + 38 * MINUTE),
    )  # fmt: skip
    score = wiring.score_core(settings, cores.model(), brands=known)
    values = [v for _, v in cores.scored_log(score, log, cut=list(range(0, len(log.records), 3)))]
    whole = wiring.watch_core(settings, 0, "test", brands=known)
    expected = [encode(e) for e in cores.apply(whole, values)]
    core = wiring.watch_core(settings, 0, "test", brands=known)
    store: dict[bytes, bytes] = {}
    place = crash * len(values) // 100
    found = [encode(e) for e in cores.apply(core, values[:place])]
    save(core, store, torn=False)
    again = wiring.watch_core(settings, 0, "test", brands=known)
    from streams.watch import checkpoints

    chosen = checkpoints.choose(store)
    assert chosen is not None
    again.restore(chosen.partition, chosen.brands)
    for offset in range(chosen.partition.replay_from, chosen.partition.applied + 1):
        again.refill(offset, scored.decode(values[offset]))
    again.finish_refill()
    found += [encode(e) for e in cores.apply(again, values[place:])]
    assert found == expected
    assert again.tally() == whole.tally()


def test_the_account_of_what_was_dropped_is_exact():
    settings = made("Acme")
    log = talk(30, brand=None)
    score = wiring.score_core(settings, cores.model(), brands=registry(settings, (entry(), STORED)))
    result = score.slice("topic", 0, 0, log.records)
    assert result.outcomes["unmatched"] == 11
    assert result.outcomes["scored"] == 19


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"[]", b'{"brand":"A","zzz":' + b"[" * 5_000])
def test_what_is_no_entry_is_passed_over(value: bytes | None):
    record = ConsumerRecord("brands", 0, 0, 0, 1, b"k", value, None, 1, 0, ())
    assert read_entry(record) is None
