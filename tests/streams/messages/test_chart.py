"""The picture of the last hours, read back pixel by pixel, and its line of text."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import HOUR, MINUTE, to_ms
from streams.messages.chart import BIN, HEIGHT, SPAN, WIDTH, History, history, png, sparkline
from tests.streams.delivery.world import ONSET

UNTIL = to_ms(ONSET) + 4 * MINUTE
GROUND, ALL, NEGATIVE, USUAL, MARK = range(5)


def story() -> list[tuple[int, int, float]]:
    """Six ordinary hours with one mention in three minutes, then a hundred a minute, three quarters of them angry."""
    quiet = [(to_ms(ONSET) - minute * MINUTE, 1, 0.2) for minute in range(3, 360, 3)]
    return [*quiet, *((to_ms(ONSET) + minute * MINUTE, 100, 75.0) for minute in range(10))]


def pixels(picture: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Read a PNG of one palette; a wrong checksum fails."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    place, parts = 8, {}
    while place < len(picture):
        (length,) = struct.unpack(">I", picture[place : place + 4])
        name, data = picture[place + 4 : place + 8], picture[place + 8 : place + 8 + length]
        assert struct.unpack(">I", picture[place + 8 + length : place + 12 + length])[0] == zlib.crc32(name + data)
        parts[name] = data
        place += 12 + length
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), dtype=np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:]


def test_six_hours_are_gathered_and_what_is_not_known_yet_is_left_out() -> None:
    seen = history(story(), UNTIL)
    assert seen is not None
    assert len(seen.counts) * BIN == SPAN == 6 * HOUR
    assert seen.first + SPAN > UNTIL >= seen.first + SPAN - BIN, "the last bin is the present one"
    assert seen.counts[-1] == 400, "the minutes after the page was written are not in it"
    assert max(seen.counts[:-1]) <= 2
    assert seen.highest == 400


def test_nothing_said_is_no_picture() -> None:
    assert history([], UNTIL) is None
    assert history([(UNTIL - 7 * HOUR, 5, 1.0), (UNTIL + MINUTE, 5, 1.0)], UNTIL) is None


def test_the_onset_stands_out_and_is_three_quarters_dark() -> None:
    seen = history(story(), UNTIL)
    assert seen is not None
    drawn = pixels(png(seen, usual=6.0, onset=to_ms(ONSET)))
    assert drawn.shape == (HEIGHT, WIDTH)
    last = drawn[:, -4]
    share = (last == NEGATIVE).sum() / np.isin(last, (ALL, NEGATIVE)).sum()
    assert 0.73 < share < 0.77
    assert np.isin(drawn[:, 2], (ALL, NEGATIVE)).sum() <= 3, "an ordinary bin is low, but it shows"
    assert (drawn == USUAL).any()
    assert (drawn[-2] == NEGATIVE).any(), "the mark of the onset"


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.floats(0, 10**9)), min_size=72, max_size=72),
    st.none() | st.floats(0, 10**9),
    st.integers(0, 10**13),
)
def test_any_history_is_a_picture(bins: list[tuple[int, float]], usual: float | None, onset: int) -> None:
    seen = History(UNTIL - SPAN, [count for count, _ in bins], [mass for _, mass in bins])
    assert pixels(png(seen, usual, onset)).shape == (HEIGHT, WIDTH)


def test_the_line_of_text_rises_with_the_counts() -> None:
    assert sparkline([0, 0, 1, 1, 4, 2, 7, 8]) == "▁▁▄█"
    assert sparkline([0] * 8) == "▁▁▁▁"
    assert sparkline([]) == ""
