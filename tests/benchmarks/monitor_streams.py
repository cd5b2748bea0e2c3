"""The monitor on generated talk whose truth is known: recall, delay and false pages by kind. Not a test.

    python -m tests.benchmarks.monitor_streams [--seeds 20]

Each story begins with ten ordinary days of a brand at an even rate, then one thing happens; what is counted are pages (L2 and more that
nothing holds back) in the six hours after its beginning. Ordinary talk is counted over whole weeks.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from detectors.monitor import BrandMonitor
from detectors.settings import Campaign, MonitorSettings
from schemas.times import DAY, MINUTE, to_ms
from tests.detectors.brand_story import ANGER, JOY, Story

Happening = Callable[[Story], object]
RATES = (6.0, 18.0, 120.0, 1_200.0)


def flash(story: Story, rate: float) -> None:
    for _ in range(5):
        story.tell(round(max(40, 20 * rate / 60)), 0.7)


def crowd(story: Story, rate: float) -> None:
    story.minutes(20, max(150, 6 * rate), ANGER)


def slow_burn(story: Story, rate: float) -> None:
    for factor, share in ((1.3, 0.42), (1.7, 0.46), (2.2, 0.5), (2.8, 0.54), (3.5, 0.58)):
        story.minutes(60, max(30.0, rate * factor), share)


def joke(story: Story, rate: float) -> None:
    story.hours(4, 4 * rate, 0.25)


def joy(story: Story, rate: float) -> None:
    story.hours(4, 4 * rate, JOY)


def bots(story: Story, rate: float) -> None:
    for _ in range(5):
        story.tell(round(max(40, 5 * rate / 60)), 0.7, duplicates=round(max(40, 5 * rate / 60)) - 1)


def loud(story: Story, rate: float) -> None:
    for _ in range(20):
        story.tell(max(3, round(rate / 60)), ANGER, people=1)


def outage(story: Story, rate: float) -> None:
    story.silence(14 * 60).hours(6, rate)


CRISES = {"flash": flash, "angry crowd": crowd, "slow burn": slow_burn}
DECOYS = {"viral joke": joke, "viral joy": joy, "bot burst": bots, "one loud author": loud, "outage and return": outage}


def base(rate: float, seed: int, settings: MonitorSettings | None = None) -> tuple[bytes, int]:
    story = Story(settings, seed).days(10 if rate < 1_000 else 4, rate)
    return story.monitor.dump(), story.minute


def after(state: tuple[bytes, int], seed: int, settings: MonitorSettings | None = None) -> Story:
    story = Story(settings, seed)
    story.monitor, story.minute = BrandMonitor.load(story.brand, story.settings, state[0]), state[1]
    return story


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=12)
    seeds = parser.parse_args().seeds
    begun = time.process_time()
    print(f"{'what happens':18s}{'an hour':>8s}{'paged':>8s}{'L3+':>6s}{'L4':>5s}  delay (min): median, worst")
    for rate in RATES:
        states = [base(rate, seed) for seed in range(2)]
        for name, happen in (CRISES | DECOYS).items():
            paged, severe, worst, delays = 0, 0, 0, []
            for seed in range(seeds):
                story = after(states[seed % 2], 100 + seed)
                start = story.minute * MINUTE
                happen(story, rate)
                story.hours(3, rate)
                paged += bool(story.pages)
                severe += story.worst >= "L3"
                worst += story.worst >= "L4"
                if story.pages:
                    delays.append((to_ms(story.pages[0].detected_at) - start) / MINUTE)
            delay = f"{statistics.median(delays):6.1f} {max(delays):6.1f}" if delays else ""
            print(f"{name:18s}{rate:8.0f}{paged / seeds:8.0%}{severe / seeds:6.0%}{worst / seeds:5.0%}  {delay}")
    print("\nordinary talk: pages a brand-week")
    for rate, rhythm, days in (
        (0.6, 0.0, 28),
        (6.0, 0.5, 28),
        (18.0, 0.0, 28),
        (18.0, 0.8, 28),
        (120.0, 0.8, 14),
        (1_200.0, 0.8, 7),
    ):
        pages = sum(len(Story(seed=seed).days(days, rate, rhythm=rhythm).pages) for seed in range(4))
        print(f"  {rate:7.1f} an hour, rhythm {rhythm:.0%}: {pages / (4 * days / 7):.2f}  ({4 * days} brand-days)")
    state = base(18.0, 0)
    campaign = MonitorSettings(campaigns=(Campaign(state[1] * MINUTE, state[1] * MINUTE + DAY, 4.0),))
    muted = [after(state, seed, campaign).hours(6, 54).pages for seed in range(seeds)]
    angry = []
    for seed in range(seeds):
        story = after(state, seed, campaign).hours(1, 54)
        crowd(story, 54)
        angry.append(story.pages)
    print(f"campaign x3: paged {sum(map(bool, muted))} of {seeds}; anger in it: {sum(map(bool, angry))} of {seeds}")
    gains = []
    for seed in range(seeds):
        story = after(state, seed)
        start = story.minute * MINUTE
        for second in range(1, 61):
            if story.monitor.early(start, start + second * 1_000, second, 7_000 * second, second, list, texts=second):
                gains.append(180 - second)
                break
    print(
        f"early trigger, an angry person a second: fires {statistics.median(gains):.0f} s before its minute would close"
    )
    print(f"{time.process_time() - begun:.0f} s of processor time")


if __name__ == "__main__":
    main()
