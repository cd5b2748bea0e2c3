from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest

from schemas.mention import Mention, decode
from schemas.times import DAY, HOUR, MINUTE, iso
from streams.demo.story import BRANDS, CRISIS, END, JOKE, RECALL, RISE, START, cast, crisis_height, story
from streams.replay_plan import records_of

NIMBROOK, VAUDRELLE = BRANDS


@pytest.fixture(scope="module")
def told() -> list[Mention]:
    return story()


def about(told: list[Mention], brand: str, begin: int = 0, end: int = END) -> list[Mention]:
    """The mentions of `brand` from `begin` to `end` in the story, found as the watch list finds them."""
    word = re.compile(rf"\b({'|'.join(BRANDS[brand])})\b", re.IGNORECASE)
    return [each for each in told if begin <= each.time - START < end and word.search(each.text or "")]


def test_the_same_seed_tells_the_same_story_and_another_one_another(told):
    assert story(seed=7) == told
    assert story(seed=8)[:10] != told[:10]


def test_every_mention_is_one_that_the_pipeline_takes(told):
    records = records_of(told)
    assert [decode(record.key, record.value) for record in records] == told
    assert len({record.key for record in records}) == len(records)
    assert all(a.time <= b.time for a, b in pairwise(records))
    assert all(each.brand is None for each in told)


def test_it_is_of_the_size_told_and_lasts_from_monday_to_friday_night(told):
    assert 6_000 <= len(told) <= 12_000
    assert iso(START) == "2026-03-02T00:00:00Z"
    assert told[0].time < START + 3 * HOUR and START + END - 30 * MINUTE < told[-1].time < START + END


@pytest.mark.parametrize("seed", [7, 1, 2026])
def test_every_mention_is_about_one_of_the_two_brands(seed):
    mentions = story(seed)
    assert len(about(mentions, NIMBROOK)) + len(about(mentions, VAUDRELLE)) == len(mentions)
    assert not {each.id for each in about(mentions, NIMBROOK)} & {each.id for each in about(mentions, VAUDRELLE)}


@pytest.mark.parametrize("brand", [NIMBROOK, VAUDRELLE])
def test_three_ordinary_days_have_the_rhythm_of_days(told, brand):
    for day in range(3):
        hours = Counter((each.time - START) % DAY // HOUR for each in about(told, brand, day * DAY, (day + 1) * DAY))
        assert 450 <= hours.total() <= 800
        assert max(hours[hour] for hour in (1, 2, 3)) <= 12
        assert 25 <= max(hours.values()) <= 85


@pytest.mark.parametrize("seed", [7, 1, 2026])
def test_the_joke_brings_six_times_the_volume(seed):
    mentions = story(seed)
    usual = len(about(mentions, NIMBROOK, JOKE - DAY + 30 * MINUTE, JOKE - DAY + 90 * MINUTE))
    assert 4 <= len(about(mentions, NIMBROOK, JOKE + 30 * MINUTE, JOKE + 90 * MINUTE)) / usual <= 9


@pytest.mark.parametrize("seed", [7, 1, 2026])
def test_the_crisis_grows_to_forty_times_the_usual_in_half_an_hour_and_is_over_two_hours_after_the_recall(seed):
    mentions = story(seed)
    usual = len(about(mentions, VAUDRELLE, CRISIS - 4 * HOUR, CRISIS)) / 240  # a minute
    peak = len(about(mentions, VAUDRELLE, CRISIS + RISE, CRISIS + RECALL)) / ((RECALL - RISE) / MINUTE)
    start = len(about(mentions, VAUDRELLE, CRISIS, CRISIS + 5 * MINUTE)) / 5
    after = len(about(mentions, VAUDRELLE, CRISIS + RECALL + 2 * HOUR, END)) / ((END - CRISIS - RECALL) / MINUTE - 120)
    assert 30 <= peak / usual <= 60
    assert start < 5 * usual
    assert after < 2 * usual


def test_the_crisis_has_the_height_it_is_said_to_have():
    assert [round(crisis_height(at)) for at in (0, RISE // 2, RISE, RECALL, RECALL + 17 * MINUTE)] == [1, 6, 40, 40, 20]


def test_the_crisis_is_a_crowd_of_many_people_in_two_languages_with_two_loud_voices(told):
    storm = about(told, VAUDRELLE, CRISIS, CRISIS + RECALL)
    authors = {each.author.id: each.author for each in storm if each.author}
    assert len(authors) > 600
    assert Counter(each.author.id for each in storm if each.author).most_common(1)[0][1] < 0.02 * len(storm)
    languages = Counter(each.lang for each in storm)
    assert languages["fr"] > 300 and languages["en"] > 80 and languages[None] > 100
    loud = sorted((author for author in authors.values() if (author.followers or 0) > 45_000), key=lambda one: one.id)
    assert [author.name for author in loud] == [
        "Hélène Kerouane, journaliste au Fil du Soir",
        "Lou Cuisine · recettes",
        "Rory Tamblyn, consumer reporter, Morning Ledger",
    ]
    assert all(author.verified and author.created_at is not None for author in loud)


def test_people_do_not_all_say_the_same(told):
    assert len({each.text for each in about(told, VAUDRELLE, 0, CRISIS)}) > 1_000
    assert len({each.text for each in about(told, NIMBROOK)}) > 1_500
    own = [each.text for each in about(told, VAUDRELLE, CRISIS, CRISIS + RECALL) if each.repost_of is None]
    assert len(set(own)) > 0.85 * len(own)


def test_a_text_is_in_the_language_that_it_says(told):
    french = re.compile(r"\b(le|la|les|des|une?|du|est|et|chez|pas|vous|avec|merci|plus)\b", re.IGNORECASE)
    english = re.compile(r"\b(the|my|is|it|and|has|does|with|for|you|to|an?|from|in)\b", re.IGNORECASE)
    own = [each for each in told if each.repost_of is None and each.lang is not None]
    wrong = [
        each.text for each in own
        if len((french if each.lang == "en" else english).findall(each.text or ""))
        > len((english if each.lang == "en" else french).findall(each.text or ""))
    ]  # fmt: skip
    assert len(wrong) < 0.01 * len(own), wrong[:20]


def test_a_repost_is_of_something_said_before(told):
    said = {each.id: each for each in told}
    reposts = [each for each in told if each.repost_of is not None]
    assert len(reposts) > 300
    for each in reposts:
        original = said[each.repost_of or ""]
        assert original.time <= each.time and original.platform == each.platform
        assert (each.text or "").endswith(original.text or "-") and original.repost_of is None


def test_no_slot_is_left_open_in_a_text(told):
    assert not [each.text for each in told if not each.text or "{" in each.text or "  " in each.text]


def test_the_cast_tells_in_order_what_happens_when():
    scenes = cast()
    assert all(a.at <= b.at for a, b in pairwise(scenes)) and all(scene.at <= scene.until for scene in scenes)
    assert {scene.brand for scene in scenes} == set(BRANDS)
    assert [scene.title for scene in scenes][2:4] == ["A joke goes viral", "Glass in the jam"]
    assert cast(START + DAY)[3].at == START + DAY + CRISIS
