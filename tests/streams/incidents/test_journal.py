"""The journal's rules: one leader, no repeats, timers only when armed and due, the policy of the time."""

from __future__ import annotations

import msgspec

from schemas.events import Alert, AlertTick, Command
from schemas.ids import alert_id, fingerprint
from schemas.journal import JournalEntry, Leader, PolicyRead, TimerDue, Took
from schemas.times import from_ms, parse_iso
from streams.incidents.effects import ArmTimer, Deliver, Publish
from streams.incidents.fold import fold
from streams.incidents.state import NotifyState
from streams.policy.load import digest, without_addresses
from tests.streams.incidents.language import Story, all_clear, at, between, page, policy_of
from tests.streams.incidents.policies import BASE, policy

T0 = parse_iso("2026-03-03T10:00:00Z")
POLICY = policy_of(BASE)


def alert(sequence: int = 0, severity: str = "L3", status: str = "firing", brand: str = "acme") -> Alert:
    name = fingerprint(brand, "negative_spike")
    return Alert(
        alert_id(name, T0), name, sequence, status, "negative_spike", severity, brand, from_ms(T0), from_ms(T0)  # type: ignore[arg-type]
    )  # fmt: skip


def led(leader: str = "a") -> NotifyState:
    state = NotifyState()
    fold(state, Leader(leader), T0, POLICY)
    return state


def deliveries(effects) -> list[str]:
    return [effect.notification.person for effect in effects if isinstance(effect, Deliver)]


def test_entries_of_anyone_but_the_latest_leader_change_nothing():
    state = led("a")
    fold(state, Leader("b"), T0, POLICY)
    assert fold(state, Took("a", "alerts", 0, alert=alert()), T0, POLICY) == []
    assert deliveries(fold(state, Took("b", "alerts", 0, alert=alert()), T0, POLICY)) == ["alice"]


def test_before_a_leader_nothing_counts():
    assert fold(NotifyState(), Took("a", "alerts", 0, alert=alert()), T0, POLICY) == []


def test_a_record_taken_twice_counts_once():
    state = led()
    fold(state, Took("a", "alerts", 7, alert=alert()), T0, POLICY)
    assert fold(state, Took("a", "alerts", 7, alert=alert(1, "L4", "updated")), T0, POLICY) == []
    assert state.offsets == {"alerts": 7}


def test_offsets_are_counted_by_topic():
    state = led()
    fold(state, Took("a", "alerts", 7, alert=alert()), T0, POLICY)
    effects = fold(state, Took("a", "commands", 0, command=Command("c", "ack", "alice", brand="acme")), T0, POLICY)
    assert any(isinstance(effect, Publish) and effect.incident.state == "acknowledged" for effect in effects)


def test_an_alert_not_above_its_last_sequence_is_a_repeat():
    state = led()
    fold(state, Took("a", "alerts", 0, alert=alert(3)), T0, POLICY)
    assert fold(state, Took("a", "alerts", 1, alert=alert(3, "L4", "updated")), T0, POLICY) == []
    assert fold(state, Took("a", "alerts", 2, alert=alert(2, "L4", "updated")), T0, POLICY) == []
    assert fold(state, Took("a", "alerts", 3, alert=alert(4, "L4", "updated")), T0, POLICY)


def armed() -> tuple[NotifyState, ArmTimer]:
    state = led()
    effects = fold(state, Took("a", "alerts", 0, alert=alert()), T0, POLICY)
    (timer,) = [effect for effect in effects if isinstance(effect, ArmTimer)]
    return state, timer


def test_a_timer_counts_once_and_only_when_due():
    state, timer = armed()
    entry = TimerDue("a", timer.incident_id, timer.step, timer.round, timer.due)
    assert fold(state, entry, timer.due - 1, POLICY) == []
    assert deliveries(fold(state, entry, timer.due, POLICY)) == ["bob"]
    assert fold(state, entry, timer.due, POLICY) == []


def test_a_timer_of_another_time_does_not_count():
    state, timer = armed()
    entry = TimerDue("a", timer.incident_id, timer.step, timer.round, timer.due - 60_000)
    assert fold(state, entry, timer.due, POLICY) == []


def test_a_timer_disarmed_meanwhile_does_not_count():
    state, timer = armed()
    fold(state, Took("a", "commands", 0, command=Command("c", "ack", "alice", brand="acme")), T0 + 1, POLICY)
    assert fold(state, TimerDue("a", timer.incident_id, timer.step, timer.round, timer.due), timer.due, POLICY) == []


def test_a_dead_letter_takes_its_offset_and_nothing_else():
    state = led()
    assert fold(state, Took("a", "alerts", 4, reason="truncated JSON"), T0, POLICY) == []
    assert state.offsets == {"alerts": 4}


def test_decisions_stay_those_of_the_policy_of_their_time():
    old, new = policy_of(BASE), policy_of(policy(chains="{day: {steps: [{notify: [carol]}]}}"))
    entries: list[JournalEntry] = [
        Leader("a"),
        PolicyRead("a", digest(old), without_addresses(old)),
        Took("a", "alerts", 0, alert=alert()),
    ]
    state = NotifyState()
    effects = [effect for entry in entries for effect in fold(state, entry, T0, new)]  # the file has changed since
    assert deliveries(effects) == ["alice"]
    assert state.policy_digest == digest(old) != digest(new)


def test_the_policy_in_the_journal_has_no_addresses():
    text = policy(
        people='{bob: {name: Bob, channels: [{type: webhook, url: "${HOOK}", options: {secret: "${S3CRET}"}}]}}',
        channels='{room: {type: webhook, url: "https://example.com/token"}}',
    )
    plain = msgspec.json.encode(without_addresses(policy_of(text))).decode()
    assert "HOOK" not in plain
    assert "S3CRET" not in plain
    assert "example.com" not in plain


def test_another_policy_in_mid_incident_is_followed_from_the_next_step_on():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(3).policy(policy(chains="{day: {steps: [{notify: [alice]}, {notify: [carol]}]}}"))
        story.expect(at(5), page("carol"))
        story.never(between(0, 5), page("bob"))


def test_a_chain_that_is_gone_in_mid_incident_is_not_the_end():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(3).policy(BASE.replace("day", "night").replace("notify: [bob]", "notify: [emil]"))
        story.expect(at(5), page("alice"))
        story.expect(at(10), page("emil"))


def test_a_restart_at_every_point_gives_the_same_pages():
    def tell(story: Story) -> Story:
        with story:
            story.down("alice", "mail", between(0, 10))
            story.at(0).alert("acme", "L2").alert("zenith", "L3")
            story.at(1).command("silence", "bob", brand="zenith", minutes=10)
            story.at(6).worse("acme", "L4")
            story.at(9).ack("carol")
            story.at(30).resolved("zenith")
            story.at(40).resolved("acme", severity="L4")
        return story

    plain, restarted = tell(Story(BASE)), tell(Story(BASE, restart_always=True))
    for purpose in ("page", "update", "all_clear", "nobody_reached"):
        assert plain.pages(purpose) == restarted.pages(purpose)
    assert plain.incident().version == restarted.incident().version


def test_a_new_leader_plans_again_what_has_no_outcome():
    with Story(BASE) as story:
        story.takes("alice", "mail", 30)
        story.at(0).alert("acme", "L3")
        story.at(1).restart()
    assert story.state.undelivered() == []
    first = story.seen[0].notification.notification_id  # its first attempt died with the first worker
    assert [note.outcome for note in story.outcomes() if note.notification_id == first] == ["sent"]


def test_replay_waits_for_the_slowest_partition():
    state = NotifyState(replay=True, partitions=2)
    fold(state, Leader("a"), 0, POLICY)
    assert fold(state, Took("a", "alerts", 0, alert=alert()), 0, POLICY) == []
    assert fold(state, Took("a", "alerts", 1, tick=AlertTick(0, T0 + 60_000)), 0, POLICY) == []
    assert deliveries(fold(state, Took("a", "alerts", 2, tick=AlertTick(1, T0)), 0, POLICY)) == ["alice"]
    assert state.now == T0


def test_replay_gives_the_same_in_whatever_order_partitions_were_read():
    def run(order: list[Took]) -> list[tuple[str, str]]:
        state, found = NotifyState(replay=True, partitions=2), []
        fold(state, Leader("a"), 0, POLICY)
        for offset, took in enumerate(order):
            took.offset = offset
            sent = [effect.notification for effect in fold(state, took, 0, POLICY) if isinstance(effect, Deliver)]
            found += [(str(note.at), note.notification_id) for note in sent]
        return found

    def one() -> list[Took]:
        return [Took("a", "alerts", 0, alert=alert()), *ticks(0)]

    def two() -> list[Took]:
        return [Took("a", "alerts", 0, alert=alert(brand="zenith")), *ticks(1)]

    def ticks(partition: int) -> list[Took]:
        return [Took("a", "alerts", 0, tick=AlertTick(partition, T0 + minute * 60_000)) for minute in range(40)]

    a, b = one(), two()
    woven = [took for pair in zip(one(), two(), strict=True) for took in pair]
    assert run([*a, *b]) == run(woven) == run([*two(), *one()])
    assert len(run([*one(), *two()])) > 4


def test_replay_fires_timers_in_the_order_in_which_they_are_due():
    with Story(BASE, replay=True, until=60) as story:
        story.at(0.2).alert("acme", "L3")
        story.at(0.7).alert("zenith", "L3")
        story.expect(between(0, 60), page())
    assert story.pages() == [
        "0.2 alice", "0.7 alice", "5.2 bob", "5.7 bob", "15.2 alice", "15.7 alice", "20.2 bob", "20.7 bob",
    ]  # fmt: skip


def test_replay_an_end_at_the_very_moment_of_a_timer_comes_first():
    with Story(BASE, replay=True, until=60) as story:
        story.at(0).alert("acme", "L3")
        story.at(5).resolved("acme")
        story.never(between(0, 60), page("bob"))


def test_two_hundred_alerts_on_one_brand_are_one_incident_that_fits_a_record():
    with Story(BASE) as story:
        for number in range(200):
            story.at(number / 60).alert("acme", "L3", signal="reach", onset=-number, evidence=["x:1"] * 10)
        story.expect(between(0, 4), page("alice"), times=1)
    assert story.incident().alerts_total == 200
    assert max(len(msgspec.json.encode(incident)) for _, incident in story.incidents) < 200_000


def test_five_brands_of_one_sector_at_once():
    with Story(BASE) as story:
        for brand in "abcde":
            story.at(0).alert(brand, "L3")
            story.expect(at(0), page("alice", brand=brand), times=1)
            story.at(2).ack("alice", brand=brand)
        story.at(20).resolved("a")
        story.expect(at(20), all_clear("alice"), times=1)
    assert len({incident.incident_id for _, incident in story.incidents}) == 5
