"""Values that somebody else chose, at places where they once ended what read them."""

from __future__ import annotations

import pytest

from detectors.monitor import BrandMonitor
from detectors.settings import MonitorSettings
from schemas.events import Window
from schemas.times import MINUTE, from_ms
from streams.delivery.channels.http import _retry_after
from streams.settings import WebSettings
from streams.web.board import Board
from streams.web.guard import Guard
from streams.web.history import History
from streams.wiring import _tried


@pytest.mark.parametrize(
    ("value", "seconds"), [("30", 30.0), (" 7 ", 7.0), ("²", None), ("٣", None), ("soon", None), ("-1", None)]
)
def test_a_pause_that_a_receiver_asks_for_is_a_number_or_none(value: str, seconds: float | None):
    assert _retry_after({"Retry-After": value}) == seconds


@pytest.mark.parametrize("host", ["[", "a]b", "[::", "℀.com"])
def test_a_host_that_is_none_is_refused(host: str):
    assert Guard(WebSettings()).host_allowed(host) is False


def test_minutes_with_absurd_figures_are_kept_within_what_can_be_drawn():
    history = History()
    for start, count in ((-5 * MINUTE, 3), (MINUTE, -7), (2 * MINUTE, 2**60)):
        history.put(Window("acme", from_ms(start), count=count, negative=-count, questions=-1, replies=-1))
    history.put(Window("acme", from_ms(3 * MINUTE), count=5))
    assert history.brands() == ["acme"]


@pytest.mark.parametrize("value", [b"", b"{", b'{"brand":"a","start":"0001-01-01T00:00:00+14:00"}'])
def test_the_page_refuses_what_is_no_window_of_this_world(value: bytes):
    with pytest.raises(ValueError):  # msgspec's errors are ValueErrors
        Board().take("windows", b"a", value)


@pytest.mark.parametrize("figure", [1e308, float("inf"), float("nan")])
def test_a_baseline_that_cannot_live_is_found_out_before_it_is_taken(figure: float):
    begun = BrandMonitor("acme", MonitorSettings())
    begun.close(Window("acme", from_ms(0), count=3, authors=3), 2 * MINUTE, list)
    state = begun.dump()
    _tried(BrandMonitor.load("acme", MonitorSettings(), state))
    absurd = BrandMonitor.load("acme", MonitorSettings(), state)
    absurd._picture.pace.slow.reset(figure, 1_000)
    with pytest.raises((ValueError, OverflowError)):
        _tried(absurd)
