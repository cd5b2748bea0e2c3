"""The last hours as a picture and as a line of text: mentions in bars, the negative part dark, the usual level dotted.

The picture is a PNG (W3C, "Portable Network Graphics", 3rd edition) of one palette, drawn here: a plotting library
would be the heaviest thing in the worker for sixty bars.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from schemas.times import HOUR, MINUTE

SPAN: Final = 6 * HOUR
"""How far back a page shows: enough to see the ordinary level before most onsets."""
BIN: Final = 5 * MINUTE
WIDTH: Final = 592
"""Pixels: what fits a mail of 640 with its margins."""
HEIGHT: Final = 150
_FOOT: Final = 4
"""Pixels under the bars for the mark of the onset."""
_PALETTE: Final = (0xFFFFFF, 0xB8C4CE, 0xA40E26, 0x1F6FEB, 0x57606A)
_GROUND, _ALL, _NEGATIVE, _USUAL, _MARK = range(5)
_BLOCKS: Final = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class History:
    """Mentions per five minutes, the oldest first."""

    first: int
    """Start of the first bin, epoch milliseconds."""
    counts: list[int]
    negative: list[float]

    @property
    def highest(self) -> int:
        """The highest count."""
        return max(self.counts, default=0)


def history(minutes: Iterable[tuple[int, int, float]], until: int) -> History | None:
    """Gather `(start in epoch ms, mentions, sum of P(negative))` up to `until`; None where nothing was said."""
    bins = SPAN // BIN
    first = (until // BIN + 1) * BIN - SPAN
    counts, negative = [0] * bins, [0.0] * bins
    for start, count, mass in minutes:
        place = (start - first) // BIN
        if 0 <= place < bins and start < until:
            counts[place] += count
            negative[place] += mass
    return History(first, counts, negative) if any(counts) else None


def sparkline(counts: list[int]) -> str:
    """Return the counts as blocks, two bins to a block: `▁▁▁▂▅█`."""
    pairs = [max(counts[i : i + 2]) for i in range(0, len(counts), 2)]
    top = max(pairs, default=0) or 1
    return "".join(_BLOCKS[min(len(_BLOCKS) - 1, count * len(_BLOCKS) // (top + 1))] for count in pairs)


def png(seen: History, usual: float | None = None, onset: int | None = None) -> bytes:
    """Return the picture.

    Args:
        seen: What to draw.
        usual: Mentions per five minutes that would have been usual: the line.
        onset: Epoch milliseconds: the mark under the bars.
    """
    pixels = np.full((HEIGHT, WIDTH), _GROUND, dtype=np.uint8)
    ground = HEIGHT - _FOOT
    top = max(seen.highest, usual or 0.0, 1.0)
    step = WIDTH / len(seen.counts)
    for number, (count, mass) in enumerate(zip(seen.counts, seen.negative, strict=True)):
        left, right = round(number * step), max(round((number + 1) * step) - 1, round(number * step) + 1)
        # One mention shows: a bar of no height would say that nothing was said.
        high = max(1, round(count / top * (ground - 2))) if count else 0
        dark = min(high, round(min(mass, count) / top * (ground - 2)))
        pixels[ground - high : ground, left:right] = _ALL
        pixels[ground - dark : ground, left:right] = _NEGATIVE
    if usual is not None:
        level = ground - 1 - round(usual / top * (ground - 2))
        for left in range(0, WIDTH, 6):
            pixels[level, left : left + 3] = _USUAL
    pixels[ground, :] = _MARK
    if onset is not None and seen.first <= onset < seen.first + len(seen.counts) * BIN:
        place = round((onset - seen.first) / BIN * step)
        pixels[ground:, max(0, place - 1) : place + 2] = _NEGATIVE
    return _encode(pixels)


def _encode(pixels: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> bytes:
    height, width = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # eight bits a pixel, palette
    palette = b"".join(colour.to_bytes(3, "big") for colour in _PALETTE)
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = pixels
    parts = (
        _part(b"IHDR", head),
        _part(b"PLTE", palette),
        _part(b"IDAT", zlib.compress(rows.tobytes(), 9)),
        _part(b"IEND"),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _part(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
