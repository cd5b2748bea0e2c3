"""The scenarios that the product promises, each with the test that plays it on the fake clock; and who is on duty."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.streams.incidents.language import Story, at, between, page
from tests.streams.incidents.policies import policy

FOLDER = Path(__file__).parent

SCENARIOS: dict[str, str] = {
    "unacknowledged up the whole chain and round again": (
        "test_first_stories.test_unacknowledged_up_the_chain_and_round_again_until_the_loudest"
    ),
    "an acknowledgement expires": "test_acknowledging.test_an_acknowledgement_after_which_nothing_happens_expires",
    "two roles needed": "test_acknowledging.test_two_roles_have_to_acknowledge",
    "L2 becomes L4 in mid-chain": "test_worsening.test_l2_to_l4_in_mid_chain_leaves_the_lower_chain",
    "a storm of 200 alerts on one brand is one incident": (
        "test_journal.test_two_hundred_alerts_on_one_brand_are_one_incident_that_fits_a_record"
    ),
    "five brands of one sector at once": "test_journal.test_five_brands_of_one_sector_at_once",
    "a silence": "test_holding_back.test_a_silence_holds_back_and_its_end_pages",
    "quiet hours at the change to summer time": "test_holding_back.test_quiet_hours_on_the_night_to_summer_time",
    "quiet hours that end in the hour that is skipped": (
        "test_holding_back.test_quiet_hours_that_end_in_the_skipped_hour_end_at_the_change"
    ),
    "a holiday, and a swap": "test_scenarios.test_a_holiday_and_a_swap_decide_who_is_paged",
    "a swap that begins in mid-incident": "test_scenarios.test_the_hand_over_in_mid_incident_is_followed",
    "a campaign": "test_holding_back.test_a_campaign_holds_up_to_its_severity_and_not_beyond",
    "flapping": "test_ending.test_flapping_after_an_acknowledgement_tells_but_does_not_page",
    "resolved while a page is in flight": "test_ending.test_resolve_while_a_page_is_in_flight_still_gives_the_all_clear",
    "a channel down for an hour": ("test_reaching.test_a_channel_down_for_an_hour_uses_the_fallback_until_it_is_back"),
    "the policy reloaded in mid-incident": (
        "test_journal.test_another_policy_in_mid_incident_is_followed_from_the_next_step_on"
    ),
    "a restart at every point": "test_journal.test_a_restart_at_every_point_gives_the_same_pages",
    "a snapshot at every point": ("test_snapshots.test_at_every_position_the_snapshot_goes_on_as_the_journal_would"),
}

DUTY = policy(
    schedules="""
{duty: {rotations: [{people: [alice, bob], start: 2026-03-02, handoff: "09:00", every: 7d}],
        holidays: [{calendar: public, people: [carol]}],
        overrides: [{person: dora, instead_of: alice, from: "2026-03-04T00:00Z", to: "2026-03-05T00:00Z", reason: swap}]}}
""",
    calendars="{public: {days: [2026-03-06]}}",
    chains='{day: {repeat: 0, steps: [{notify: ["schedule:duty"], wait: 5m}, {notify: ["schedule:duty"], wait: 5m}]}}',
)
DAY = 1_440


def test_a_holiday_and_a_swap_decide_who_is_paged():
    with Story(DUTY) as story:  # Tuesday, 3 March 2026, 10:00Z
        for day, brand in ((0, "tuesday"), (1, "wednesday"), (2, "thursday"), (3, "friday"), (7, "next week")):
            story.at(day * DAY).alert(brand, "L3")
            story.at(day * DAY + 1).ack("emil", brand=brand)
        story.expect(at(0), page("alice", brand="tuesday"), times=1)
        story.expect(at(DAY), page("dora", brand="wednesday"), times=1)
        story.expect(at(2 * DAY), page("alice", brand="thursday"), times=1)
        story.expect(at(3 * DAY), page("carol", brand="friday"), times=1)
        story.expect(at(7 * DAY), page("bob", brand="next week"), times=1)
        story.never(between(0, 6 * DAY), page("bob"))


def test_the_hand_over_in_mid_incident_is_followed():
    with Story(DUTY, start="2026-03-03T23:57:00+00:00") as story:  # the swap begins three minutes later
        story.at(0).alert("acme", "L3")
        story.expect(at(0), page("alice"), times=1)
        story.expect(at(5), page("dora"), times=1)
        story.never(between(1, 60), page("alice"))


def _told() -> dict[str, set[str]]:
    """Return the tests of each module here, and how many of them are stories."""
    found = {}
    for path in FOLDER.glob("test_*.py"):
        functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        found[path.stem] = {
            node.name for node in functions if node.name.startswith("test_") and "Story(" in ast.unparse(node)
        }
        found[path.stem] |= {
            node.name for node in functions if node.name.startswith("test_") and "a_story()" in ast.unparse(node)
        }
    return found


def test_every_scenario_is_played_and_there_are_more_than_sixty():
    told = _told()
    for what, where in SCENARIOS.items():
        module, _, name = where.partition(".")
        assert name in told[module], f"{what}: {where} is no story"
    assert sum(map(len, told.values())) >= 60
