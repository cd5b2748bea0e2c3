"""Live, replay and backtest are one engine in three shells: the same alerts, the same incidents and pages."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from schemas.events import Notification
from schemas.journal import Took
from schemas.times import to_ms
from streams.incidents.simulate import simulate
from tests.streams.incidents.language import Story
from tests.streams.incidents.policies import policy

POLICY = policy(
    defaults="{timezone: Europe/Paris, quiet: night, group_wait: 90s, pages_per_week: 5}",
    quiet_hours='{night: {up_to: L2, hours: [{from: "12:00", to: "13:00"}]}}',
    severities="{L1: {needs_ack: false}, L3: {ack: 8m, first_response: 20m}, L4: {all_channels: true}}",
    inhibit="[{source: {severity: L4}, target: {severity: L1}}]",
    digests='[{notify: [alice], up_to: L1, match: {signal: reach}, at: ["11:30"]}]',
    maintenance='[{name: contest, match: {brand: zenith}, hours: [{from: "11:20", to: "11:40"}]}]',
)
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 600).map(lambda tenth: tenth / 10),
        st.sampled_from(["acme", "zenith"]),
        st.sampled_from(["L1", "L2", "L3", "L4"]),
        st.sampled_from(["negative_spike", "reach"]),
        st.sampled_from(["firing", "updated", "resolved"]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda event: event[0],  # two events of one moment have no order of their own
)
END = 150
"""Minutes that are played; the last one is left out of the comparison: replay learns of it with the next tick."""
Happening = tuple[float, str, str, str, str]


def play(events: list[Happening], *, replay: bool) -> Story:
    with Story(POLICY, until=END, replay=replay) as story:
        for minute, brand, severity, signal, status in sorted(events):
            story.at(minute).alert(brand, severity, signal=signal, status=status)
    return story


def told(story: Story) -> list[tuple[float, str]]:
    notes = [one.notification for one in story.seen if one.what == "deliver"]
    kinds = {"page", "nobody_reached", "digest"}
    return pages_of(story, [note for note in notes if note.purpose in kinds])


def pages_of(story: Story, notes: list[Notification]) -> list[tuple[float, str]]:
    found = [(story.minute(to_ms(note.at)), note.notification_id) for note in notes]
    return sorted(one for one in found if one[0] < END - 1)


def ends(story: Story) -> list[tuple[str, str, str, int]]:
    found = [case.incident for case in story.state.cases.values()]
    return sorted((one.incident_id, one.severity, one.state, one.reopened) for one in found)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=EVENTS)
def test_the_same_alerts_give_the_same_pages_and_ends(events: list[Happening]):
    live, replay = play(events, replay=False), play(events, replay=True)
    assert told(live) == told(replay)
    assert ends(live) == ends(replay)
    alerts = [entry.alert for _, entry in live.journal if isinstance(entry, Took) and entry.alert]
    again = simulate(live.policy, alerts, until=live.ms(END))
    kinds = {"page", "nobody_reached", "digest"}
    pages = [note for note in again.notifications if note.purpose in kinds and note.channel]
    assert pages_of(live, pages) == told(live)
