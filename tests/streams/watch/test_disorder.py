"""Mentions that come out of order, but within the lateness, make the same windows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Window
from schemas.times import MINUTE, SECOND
from tests.streams import cores
from tests.streams.cores import T0, Log, mention

TEXTS = ("I hate this, it is broken", "what a lovely day", "the battery again", "RT @a: the battery again")
LATENESS = 2 * MINUTE
STEP = 10 * SECOND
"""Between two ticks."""

posts = st.lists(
    st.tuples(
        st.integers(0, 6 * 60 - 1),  # second in which it was said
        st.integers(0, (LATENESS - STEP) // SECOND),  # seconds by which it comes later
        st.sampled_from(TEXTS),
        st.integers(0, 6),  # author
    ),
    min_size=1,
    max_size=60,
)


def windows(arrivals: list[tuple[int, dict[str, object]]]) -> list[Window]:
    """Play mentions in the order in which they arrive; return the windows."""
    log, waiting = Log(), sorted(arrivals, key=lambda pair: pair[0])
    for at in range(T0, T0 + 12 * MINUTE, STEP):
        log.tick(at)
        while waiting and waiting[0][0] < at + STEP:
            log.say(waiting.pop(0)[1], at=at)
    made = cores.settings("Acme")
    effects = cores.apply(cores.watch(made), [value for _, value in cores.scored_log(cores.score(made), log)])
    return [effect for effect in effects if isinstance(effect, Window)]


@settings(max_examples=40, deadline=None)
@given(posts)
def test_delays_within_the_lateness_change_no_window(said):
    made = [
        (T0 + second * SECOND, delay * SECOND, mention(i, T0 + second * SECOND, text, author={"id": f"a{author}"}))
        for i, (second, delay, text, author) in enumerate(said)
    ]
    prompt = windows([(at, post) for at, _, post in made])
    late = windows([(at + delay, post) for at, delay, post in made])
    assert sum(window.count for window in prompt) == len(said)
    assert late == prompt


def test_a_calm_post_of_a_larger_account_hides_no_angry_one():
    said = [
        ("I hate this, it is broken", 900_000),
        ("a new store opens on Monday", 1_000_000),
        ("what a lovely day", 300),
    ]
    (window,) = windows(
        [
            (T0 + i * SECOND, mention(i, T0 + i * SECOND, text, author={"id": f"a{i}", "followers": followers}))
            for i, (text, followers) in enumerate(said)
        ]
    )
    assert window.top_reach == 900_000 and window.top_negative >= 5_000


def test_the_largest_account_is_the_one_that_counts_most_and_never_the_brands_own():
    """The public window says its kind and its followers, and nothing that names it."""
    said = [
        ("I hate this, it is broken", {"id": "own", "followers": 5_000_000}),
        ("I hate this, it is broken too", {"id": "bot", "followers": 900_000, "kind": "bot"}),
        ("I hate this, awful", {"id": "paper", "followers": 400_000, "kind": "media"}),
    ]
    made = cores.settings("Acme")
    made.brands[0].official = ["own"]
    log = Log()
    log.tick(T0)
    log.say(*(mention(i, T0 + i * SECOND, text, author=author) for i, (text, author) in enumerate(said)))
    for minute in range(1, 6):
        log.tick(T0 + minute * MINUTE)
    core = cores.watch(made)
    effects = cores.apply(core, [value for _, value in cores.scored_log(cores.score(made), log)])
    (window,) = [effect for effect in effects if isinstance(effect, Window)]
    assert (window.top_reach, window.top_counted, window.top_kind) == (400_000, 800_000, "media")
    assert window.reach == 6_300_000, "the plain sum"
