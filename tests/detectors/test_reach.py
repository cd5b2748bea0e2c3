"""One post by a large account: what it reaches, whose it is, and when another one is news."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detectors.habits import ACCOUNTS, Day
from detectors.monitor import BrandMonitor
from detectors.reach import NOT_KNOWN, WEIGHT, counted, largest
from schemas import scored
from schemas.scored import KINDS, ROW, Rows
from tests.detectors.brand_story import Story
from tests.detectors.test_monitor import after_two_quiet_weeks

PLAINLY = 5_000


def row(mention: int, followers: int, kind: str = "unknown", negative: int = 8_000, flags: int = 0) -> Rows:
    made = np.zeros(1, ROW)
    made["mention"], made["followers"], made["kind"] = mention, followers, KINDS.index(kind)
    made["negative"], made["flags"] = negative, flags
    return made


def rows(*made: Rows) -> Rows:
    return np.concatenate(made)


def test_every_kind_of_author_has_a_weight():
    assert set(WEIGHT) == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        ("media", 2_000),
        ("employee", 1_500),
        ("influencer", 1_250),
        ("customer", 1_000),
        ("official", 500),
        ("bot", 100),
    ],
)
def test_followers_count_by_the_kind_of_their_author(kind, counts):
    assert counted(row(1, 1_000, kind)).tolist() == [counts]


def test_the_largest_number_of_followers_that_a_row_holds_does_not_overflow():
    assert counted(row(1, 2**32 - 1, "media")).tolist() == [2 * (2**32 - 1)]


def test_verified_and_media_accounts_of_unknown_followers_count_as_a_notice():
    assert counted(row(1, 0, "customer", flags=scored.VERIFIED)).tolist() == [NOT_KNOWN]
    assert counted(row(1, 0, "media")).tolist() == [2 * NOT_KNOWN]
    assert counted(row(1, 0, "customer")).tolist() == [0]
    assert counted(row(1, 7, "unknown", flags=scored.VERIFIED)).tolist() == [7], "what is known is not guessed"


def test_the_brands_own_account_is_left_out_however_large():
    own = row(1, 9_000_000, "official", flags=scored.OFFICIAL)
    assert largest(rows(own, row(2, 30)), PLAINLY) == 1
    assert largest(own, PLAINLY) is None


def test_a_newspaper_outweighs_a_bot_with_more_followers():
    assert largest(rows(row(1, 900_000, "bot"), row(2, 100_000, "media")), PLAINLY) == 1


def test_a_calm_post_hides_no_angry_one():
    assert largest(rows(row(1, 900_000, negative=4_999), row(2, 100)), PLAINLY) == 1
    assert largest(rows(row(1, 900_000, negative=4_999), row(2, 100, negative=10)), PLAINLY) == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_changes_nothing(seed):
    made = rows(
        row(5, 600, "customer"), row(4, 600, "unknown"), row(3, 300, "media", 9_000), row(2, 300, "media", 9_000),
        row(1, 300, "media", 9_100),
    )  # fmt: skip
    order = np.random.default_rng(seed).permutation(len(made))
    place = largest(made[order], PLAINLY)
    assert place is not None and int(made[order][place]["mention"]) == 5, "the most followers, then the hash"


# -------------------------------------------------------------------------------------------------- when one is news


def post(story: Story, followers: int, speaker: int = 0, **more: Any) -> Story:
    known: dict[str, Any] = {"top_reach": followers, "top_negative": 8_000, "reach": followers} | more
    return story.tell(1, 0.8, speaker=speaker, **known)


def paged(story: Story) -> int:
    return len([a for a in story.pages if a.signal == "reach"])


def test_the_same_account_again_is_a_repeat_and_another_large_one_is_news():
    story = post(after_two_quiet_weeks(), 2_000_000, 11).hours(3, 18)
    assert paged(story) == 1
    post(story, 2_000_000, 11)
    assert paged(story) == 1, "it has been told of this account"
    assert (story.alerts[-1].status, story.alerts[-1].suppressed_by) == ("suppressed", "repeat")
    post(story.hours(3, 18), 1_000_000, 12)
    assert paged(story) == 2, "a smaller account, but one that had not spoken"


def test_an_account_that_has_grown_much_is_news_again():
    story = post(after_two_quiet_weeks(), 600_000, 11).hours(3, 18)
    post(story, 2_000_000, 11)
    assert paged(story) == 2


def test_large_accounts_are_daily_bread_once_two_other_days_had_one():
    story = after_two_quiet_weeks()
    seen = []
    for day in range(4):
        before = paged(story)
        post(story, 1_000_000, 100 + day)
        seen.append(paged(story) - before)
        story.days(1)
    assert seen == [1, 1, 0, 0]
    post(story, 3_000_000, 200)
    assert paged(story) == 3, "a larger one still is"


def test_two_weeks_later_it_is_forgotten():
    story = post(after_two_quiet_weeks(), 2_000_000, 11).days(15)
    assert paged(post(story, 2_000_000, 11)) == 2


def test_where_nobody_knows_who_speaks_size_alone_decides():
    story = post(after_two_quiet_weeks(), 2_000_000).hours(3, 18)
    assert paged(post(story, 2_000_000)) == 1


def test_who_has_spoken_is_kept_over_a_restart_and_only_a_few_bits_of_it():
    story = post(after_two_quiet_weeks(), 2_000_000, 11 + (5 << 40)).hours(3, 18)
    state = story.monitor.dump()
    story.monitor = BrandMonitor.load(story.brand, story.settings, state)
    assert story.monitor.dump() == state
    day = Day(0, [], [])
    assert Day.__struct_fields__[-1] == "accounts" and day.accounts == {}
    assert {bits for d in story.monitor._picture.habits.days for bits in d.accounts} == {11}
    assert paged(post(story, 2_000_000, 11 + (5 << 40))) == 1


def test_no_more_accounts_of_a_day_are_remembered_than_have_room():
    story = after_two_quiet_weeks()
    for speaker in range(3 * ACCOUNTS):
        post(story, 200_000, 1 + speaker)
    assert len(story.monitor._picture.habits.days[-1].accounts) == ACCOUNTS


def test_a_medium_pages_with_fewer_followers_and_a_bot_not_with_more():
    story = after_two_quiet_weeks()
    post(story, 300_000, 1, top_counted=600_000, top_kind="media")
    (alert,) = story.pages
    assert (alert.author_kind, alert.observed, alert.author_counted) == ("media", 300_000, 600_000)
    assert "by a media account with 300,000 followers (they count for 600,000)" in alert.reason
    bot = post(after_two_quiet_weeks(), 4_000_000, 1, top_counted=400_000, top_kind="bot")
    assert paged(bot) == 0 and bot.worst == "L1"


def test_an_account_whose_followers_are_not_known_is_a_notice_that_says_so():
    story = post(after_two_quiet_weeks(), 0, 1, top_counted=NOT_KNOWN, top_kind="customer")
    (alert,) = [a for a in story.alerts if a.signal == "reach"]
    assert (alert.severity, alert.status) == ("L1", "firing")
    assert "an account whose followers are not known (taken for 100,000)" in alert.reason
