"""Snapshots of the journal: the same state, torn and foreign ones passed over, old ones readable, little kept."""

from __future__ import annotations

import base64
import random
import textwrap
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.events import Alert, Command
from schemas.ids import alert_id, fingerprint
from schemas.journal import Delivered, JournalEntry, Leader, PolicyRead, TimerDue, Took
from schemas.times import DAY, from_ms, parse_iso
from streams.incidents import snapshots
from streams.incidents.effects import Deliver
from streams.incidents.fold import fold
from streams.incidents.snapshots import Found
from streams.incidents.state import NotifyState
from streams.policy.load import digest, without_addresses
from tests.streams.incidents.language import Story, between, policy_of
from tests.streams.incidents.policies import BASE, policy

T0 = parse_iso("2026-03-03T10:00:00Z")
POLICY = policy_of(BASE)
GOLDEN = Path(__file__).parent / "snapshot_v1.b64"


def a_story() -> list[tuple[int, JournalEntry]]:
    """A journal with something of everything: pages, silences, acknowledgements, ends, a restart, pages in flight."""
    with Story(BASE, until=3 * 1440) as story:
        story.down("alice", "mail", between(0, 10))
        story.takes("bob", "mail", 3)
        story.at(0).alert("acme", "L2").alert("zenith", "L3")
        story.at(1).command("silence", "bob", brand="zenith", minutes=10)
        story.at(6).worse("acme", "L4")
        story.at(9).ack("carol")
        story.at(12).restart()
        story.at(30).resolved("zenith")
        story.at(40).alert("north", "L3")
        story.at(50).command("dismiss", "dora", brand="north")
    return story.journal


def folded(journal: list[tuple[int, JournalEntry]], state: NotifyState | None = None) -> tuple[NotifyState, list[Any]]:
    state = state or NotifyState()
    return state, [msgspec.to_builtins(fold(state, entry, at, POLICY)) for at, entry in journal]


def records(
    state: NotifyState, position: int, owner: str = "a", number: int = 1, journal: str = "j"
) -> dict[bytes, bytes]:
    return dict(snapshots.parts(snapshots.pack(state), journal, position, owner, number))


def choose(found: dict[bytes, bytes], end: int = 1 << 40, *, replay: bool = False, partitions: int = 1) -> Found | None:
    return snapshots.choose(found, "j", end, replay=replay, partitions=partitions)


def test_at_every_position_the_snapshot_goes_on_as_the_journal_would():
    journal = a_story()
    state, effects = NotifyState(), folded(journal)[1]
    assert len(journal) > 30
    for position, (at, entry) in enumerate(journal):
        again = snapshots.unpack(snapshots.pack(state))
        assert again == state
        assert folded(journal[position:], again)[1] == effects[position:], f"another future from {position}"
        fold(state, entry, at, POLICY)


def test_it_is_a_copy_that_what_follows_does_not_change():
    journal = a_story()
    state, _ = folded(journal[:20])
    packed = snapshots.pack(state)
    before = snapshots.unpack(packed)
    folded(journal[20:], state)
    assert snapshots.unpack(packed) == before != state


def test_it_holds_no_address_of_the_policy():
    text = policy(channels='{room: {type: webhook, url: "https://example.com/s3cret"}}')
    given = policy_of(text)
    state = NotifyState()
    fold(state, Leader("a"), T0, given)
    fold(state, PolicyRead("a", digest(given), without_addresses(given)), T0, given)
    assert b"example.com" not in snapshots.pack(state)


def test_of_several_the_furthest_whole_one_counts_whoever_wrote_it():
    journal = a_story()
    early, late = folded(journal[:10])[0], folded(journal[:30])[0]
    found = choose(records(early, 10, "new") | records(late, 30, "zombie"))
    assert found is not None
    assert (found.position, found.owner, found.state) == (30, "zombie", late)


def big(state: NotifyState, owner: str = "a", number: int = 1, position: int = 30) -> dict[bytes, bytes]:
    """A snapshot in several parts: filled with commands that cannot be compressed."""
    chance = random.Random(1)
    state.commands |= {base64.b64encode(chance.randbytes(48)).decode() for _ in range(40_000)}
    made = records(state, position, owner, number)
    assert len(made) > 2
    return made


def test_one_without_all_its_parts_leaves_the_one_before_in_force():
    journal = a_story()
    before = records(folded(journal[:10])[0], 10, number=1)
    torn = big(folded(journal[:30])[0], number=2)
    whole = choose(before | torn)
    assert whole is not None
    assert whole.position == 30
    del torn[max(torn)]
    found = choose(before | torn)
    assert found is not None
    assert found.position == 10


def test_parts_of_the_third_over_parts_of_the_first_are_no_snapshot():
    journal = a_story()
    first = big(folded(journal[:10])[0], number=1, position=10)
    third = big(folded(journal[:30])[0], number=3, position=30)
    assert set(first) == set(third)
    mixed = first | {min(third): third[min(third)]}
    assert choose(mixed) is None


@pytest.mark.parametrize("place", [0, 2, 5, 40, -1])
def test_a_torn_record_is_passed_over(place: int, caplog: pytest.LogCaptureFixture):
    made = records(folded(a_story())[0], 30)
    ((key, value),) = made.items()
    torn = bytearray(value)
    torn[place] ^= 0x55
    assert choose({key: bytes(torn)}) is None
    assert "passed over" in caplog.text
    assert choose({key: value[:3]}) is None
    assert choose({key: b""}) is None


def test_a_state_that_cannot_be_read_is_passed_over():
    body = msgspec.msgpack.encode(snapshots.Part("a", 1, 0, 1, "j", 30, zlib.compress(b"\xc1 no state")))
    value = b"TN\x01" + zlib.crc32(body).to_bytes(4, "big") + body
    good = records(folded(a_story())[0], 10, "b")
    found = choose(good | {b"a|1|0": value})
    assert found is not None
    assert found.position == 10


def test_one_of_another_journal_another_clock_or_beyond_the_end_is_of_no_use():
    state, _ = folded(a_story())
    assert choose(records(state, 30, journal="made anew")) is None
    assert choose(records(state, 30), end=29) is None
    assert choose(records(state, 30), end=30) is not None
    assert choose(records(state, 30), replay=True) is None
    replayed = records(NotifyState(replay=True, partitions=2), 30)
    assert choose(replayed, replay=True, partitions=2) is not None
    assert choose(replayed, replay=True, partitions=3) is None


def test_a_newer_schema_is_passed_over():
    ((key, value),) = records(folded(a_story())[0], 30).items()
    assert choose({key: value[:2] + b"\x02" + value[3:]}) is None


def test_a_snapshot_of_version_1_is_read_as_it_was():
    """The file was written by the first version; later ones may only add fields that have a default."""
    ((key, value),) = {b"a|1|0": base64.b64decode(GOLDEN.read_text())}.items()
    found = choose({key: value})
    assert found is not None
    assert found.position == 30
    incidents = [case.incident for case in found.state.cases.values()]
    assert [(one.brand, one.state, one.severity) for one in incidents] == [
        ("acme", "acknowledged", "L4"),
        ("zenith", "resolved", "L3"),
        ("north", "open", "L3"),
    ]
    assert sorted(step for _, step, _ in found.state.timers) == ["close", "day[0]"]
    assert found.state.silences
    state = found.state
    late: list[JournalEntry] = [
        Leader("z"),
        Took("z", "commands", 99, command=Command("c99", "resolve", "alice", brand="acme")),
    ]
    effects = [effect for entry in late for effect in fold(state, entry, found.state.now, POLICY)]
    assert any(isinstance(one, Deliver) and one.notification.purpose == "all_clear" for one in effects)


# --- what is let go


def run(state: NotifyState, entries: list[tuple[int, JournalEntry]]) -> None:
    for at, entry in entries:
        fold(state, entry, at, POLICY)


def one_incident(number: int, at: int) -> list[tuple[int, JournalEntry]]:
    name = fingerprint(f"brand {number}", "reach")
    alert = Alert(alert_id(name, at), name, 0, "firing", "reach", "L3", f"brand {number}", from_ms(at), from_ms(at))
    over = msgspec.structs.replace(alert, sequence=1, status="resolved")
    return [
        (at, Took("a", "alerts", 2 * number, alert=alert)),
        (at + 60_000, Took("a", "alerts", 2 * number + 1, alert=over)),
    ]


def play(state: NotifyState, journal: list[tuple[int, JournalEntry]]) -> None:
    """Fold `journal`, with the timers that run out on the way and every delivery sent."""
    for at, entry in journal:
        while (due := state.next_due()) and due[0] <= at:
            fold(state, TimerDue("a", *due[1], due[0]), due[0], POLICY)
        for effect in fold(state, entry, at, POLICY):
            if isinstance(effect, Deliver):
                sent = msgspec.structs.replace(effect.notification, outcome="sent")
                fold(state, Delivered("a", sent), at, POLICY)
        for effect in state.undelivered():
            fold(state, Delivered("a", msgspec.structs.replace(effect.notification, outcome="sent")), at, POLICY)


def test_a_year_of_incidents_leaves_a_month_of_them_in_memory():
    state = NotifyState()
    fold(state, Leader("a"), T0, POLICY)
    sizes = []
    for number in range(800):
        play(state, one_incident(number, T0 + number * DAY // 2))
        sizes.append(len(state.cases))
    assert 58 <= max(sizes) <= 66
    assert len(state.current) == len(state.cases)
    assert len(state.sequences) + len(state.sequences_before) <= 2 * 91
    assert len(snapshots.pack(state)) < 300_000


def test_what_is_live_or_fires_or_was_merged_into_something_live_is_kept():
    state = NotifyState()
    fold(state, Leader("a"), T0, POLICY)
    firing = one_incident(0, T0)[:1]
    dismissed = one_incident(1, T0)[:1]
    into = one_incident(2, T0)[:1]
    play(state, [*firing, *dismissed, *into])
    play(state, [(T0, Took("a", "commands", 0, command=Command("c0", "dismiss", "alice", brand="brand 1")))])
    play(state, one_incident(3, T0))
    names = {case.incident.brand: name for name, case in state.cases.items()}
    play(state, [(T0, Took("a", "commands", 1, command=Command("c1", "ack", "alice", brand="brand 2", minutes=9_000)))])
    later = one_incident(4, T0 + 1)[:1]
    play(state, later)
    merged = next(name for name, case in state.cases.items() if case.incident.brand == "brand 4")
    merge = Command("c2", "merge", "alice", incident_id=merged, into=names["brand 2"])
    play(state, [(T0 + 2, Took("a", "commands", 2, command=merge))])
    for number in range(10, 60):
        play(state, one_incident(number, T0 + (number - 9) * 2 * DAY))
    left = {case.incident.brand for case in state.cases.values()}
    assert {"brand 0", "brand 1", "brand 2", "brand 4"} <= left
    assert "brand 3" not in left
    assert "brand 10" not in left


def test_a_repeat_is_recognised_for_forty_five_days_at_least():
    state = NotifyState()
    fold(state, Leader("a"), T0, POLICY)
    play(state, one_incident(0, T0))
    repeat = one_incident(0, T0)[0][1]
    assert isinstance(repeat, Took)
    for days in (1, 44, 60, 89):
        play(state, one_incident(days, T0 + days * DAY))
        again = msgspec.structs.replace(repeat, offset=10_000 + days)
        assert fold(state, again, T0 + days * DAY + 1, POLICY) == [], days


def write_golden() -> None:
    """Write the file of version 1; never again once it is checked in."""
    ((_, value),) = records(folded(a_story()[:30])[0], 30).items()
    GOLDEN.write_text("\n".join(textwrap.wrap(base64.b64encode(value).decode(), 118)) + "\n")
