"""How many different people there were over several minutes, without keeping who they were.

Each five minutes has a sketch of 512 bits, one set per author's keyed hash (linear counting, Whang, Vander-Zanden & Taylor
1990, ACM TODS 15): nobody can be read off it, and sketches of several minutes are put together with "or".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

BITS: Final = 512
FULL: Final = 0.9
"""Part of the bits set from which a sketch says nothing more (about 1,200 people)."""
BLOCK: Final = 5  # minutes
KEPT: Final = 12
"""Blocks kept: an hour."""
SPANS: Final = (1, 2, 4, 12, 12)
"""Blocks looked at for each horizon; the three hours before the last one have a sketch each."""
HOUR: Final = 12  # blocks
HOURS: Final = 4
"""Hours looked at for the longest horizon: the last one in blocks, those before it whole."""


class Crowd:
    """Different authors against authors counted minute by minute. Minutes are since the epoch."""

    def __init__(self) -> None:
        self._blocks: list[list[Any]] = []  # number of the block, authors counted by minutes, sketch
        self._hours: list[list[Any]] = []  # the same of older hours

    def note(self, minute: int, authors: int, hashes: Iterable[int]) -> None:
        """Take in a minute with `authors` different authors, whose hashes are `hashes`."""
        block = minute // BLOCK
        if not self._blocks or self._blocks[-1][0] != block:
            self._put_away(block)
            self._blocks.append([block, 0, bytes(BITS // 8)])
        last = self._blocks[-1]
        bits = int.from_bytes(last[2], "little")
        for value in hashes:
            bits |= 1 << (value % BITS)
        last[1] += authors
        last[2] = bits.to_bytes(BITS // 8, "little")

    def _put_away(self, block: int) -> None:
        """Put blocks that are older than an hour together by the hour, and let go of what is older than four."""
        for number, authors, sketch in self._blocks:
            if number > block - KEPT:
                continue
            if not self._hours or self._hours[-1][0] != number // HOUR:
                self._hours.append([number // HOUR, 0, bytes(BITS // 8)])
            last = self._hours[-1]
            last[1] += authors
            last[2] = (int.from_bytes(last[2], "little") | int.from_bytes(sketch, "little")).to_bytes(
                BITS // 8, "little"
            )
        self._blocks = [b for b in self._blocks if b[0] > block - KEPT]
        self._hours = [h for h in self._hours if h[0] > block // HOUR - HOURS]

    def share(self, k: int, minute: int) -> float:
        """Return how many of the authors counted minute by minute in horizon `k` were different ones, 0 to 1."""
        first = minute // BLOCK - SPANS[k]
        parts = [(authors, sketch) for number, authors, sketch in self._blocks if number > first]
        if k == len(SPANS) - 1:
            older = [
                (authors, sketch) for hour, authors, sketch in self._hours if hour > minute // BLOCK // HOUR - HOURS
            ]
            found = _different(parts + older)
            if found is not None:
                return found
        found = _different(parts)
        return 1.0 if found is None else found

    def dump(self) -> list[Any]:
        """Return the state as plain lists."""
        return [self._blocks, self._hours]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned; older states are the blocks alone."""
        old = bool(data) and bool(data[0]) and not isinstance(data[0][0], list)
        self._blocks, self._hours = (data, []) if old or not data else data


def _different(parts: list[tuple[int, bytes]]) -> float | None:
    """Return the part of the authors counted that were different ones; None where the sketches do not tell."""
    bits = counted = 0
    for authors, sketch in parts:
        bits |= int.from_bytes(sketch, "little")
        counted += authors
    used = bits.bit_count()
    if not counted or not used or used >= FULL * BITS:
        return None
    return min(1.0, BITS * math.log(BITS / (BITS - used)) / counted)
