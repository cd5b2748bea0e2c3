"""How long to wait, how often to try, and when to leave a channel alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.delivery.breaker import Breaker
from streams.delivery.retry import Retry


def test_waits_double_up_to_the_longest_and_never_fall_below_half() -> None:
    retry = Retry(first=1.0, factor=2.0, longest=5.0)
    assert [retry.delay(attempt, 1.0) for attempt in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 5.0]
    assert [retry.delay(attempt, 0.0) for attempt in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 2.5]


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_no_wait_is_negative_or_without_bound(attempt: int, chance: float) -> None:
    assert 0.0 < Retry().delay(attempt, chance) <= Retry().longest


def test_a_success_forgets_the_failures_before_it() -> None:
    breaker = Breaker(failures_to_open=3)
    for _ in range(10):
        breaker.failed(0)
        breaker.failed(0)
        breaker.succeeded()
    assert breaker.mode(0) == "closed"


def test_half_open_lets_one_through_and_its_failure_doubles_the_wait() -> None:
    breaker = Breaker(failures_to_open=1, cool_down=1_000, longest=3_000)
    breaker.failed(0)
    assert not breaker.permit(999)
    assert breaker.permit(1_000)
    assert not breaker.permit(1_000), "only one trial"
    breaker.failed(1_000)
    assert breaker.mode(2_999) == "open"
    assert breaker.permit(3_000)
    breaker.failed(3_000)
    assert breaker.reopens_in(3_000) == 3_000, "no longer than the longest"
    assert breaker.permit(6_000)
    breaker.succeeded()
    assert breaker.mode(6_000) == "closed"
    assert breaker.permit(6_000)


def test_a_trial_that_never_reports_does_not_close_the_way_for_ever() -> None:
    breaker = Breaker(failures_to_open=1, cool_down=1_000, longest=5_000)
    breaker.failed(0)
    assert breaker.permit(1_000)
    assert not breaker.permit(5_999)
    assert breaker.permit(6_000)


def test_a_trial_given_back_is_free_for_the_next() -> None:
    breaker = Breaker(failures_to_open=1, cool_down=1_000)
    breaker.failed(0)
    assert breaker.permit(1_000)
    breaker.release()
    assert breaker.permit(1_000)


def test_late_failures_of_deliveries_begun_before_it_opened_do_not_lengthen_the_wait() -> None:
    breaker = Breaker(failures_to_open=2, cool_down=1_000)
    for now in range(8):
        breaker.failed(now)
    assert breaker.reopens_in(1) == 1_000
