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
"""Blocks looked at for each horizon; four hours are judged by their last one."""


class Crowd:
    """Different authors against authors counted minute by minute. Minutes are since the epoch."""

    def __init__(self) -> None:
        self._blocks: list[list[Any]] = []  # number of the block, authors counted by minutes, sketch

    def note(self, minute: int, authors: int, hashes: Iterable[int]) -> None:
        """Take in a minute with `authors` different authors, whose hashes are `hashes`."""
        block = minute // BLOCK
        if not self._blocks or self._blocks[-1][0] != block:
            self._blocks = [b for b in self._blocks if b[0] > block - KEPT]
            self._blocks.append([block, 0, bytes(BITS // 8)])
        last = self._blocks[-1]
        bits = int.from_bytes(last[2], "little")
        for value in hashes:
            bits |= 1 << (value % BITS)
        last[1] += authors
        last[2] = bits.to_bytes(BITS // 8, "little")

    def share(self, k: int, minute: int) -> float:
        """Return how many of the authors counted minute by minute in horizon `k` were different ones, 0 to 1."""
        first = minute // BLOCK - SPANS[k]
        bits = counted = 0
        for number, authors, sketch in self._blocks:
            if number > first:
                bits |= int.from_bytes(sketch, "little")
                counted += authors
        used = bits.bit_count()
        if not counted or not used or used >= FULL * BITS:
            return 1.0
        return min(1.0, BITS * math.log(BITS / (BITS - used)) / counted)

    def dump(self) -> list[Any]:
        """Return the state as plain lists."""
        return self._blocks

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        self._blocks = data
