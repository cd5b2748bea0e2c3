"""The names of a batch's posts in one piece: few of them are ever asked for, and a string of its own takes four times the memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np


class Names:
    """Strings by their place, as one text and where each ends in it."""

    __slots__ = ("_ends", "_text")

    def __init__(self, names: Sequence[str]) -> None:
        self._text = "".join(names)
        self._ends = np.fromiter(accumulate(map(len, names)), np.uint32, len(names))

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, place: int) -> str:
        """Return the name at `place`, from 0 on."""
        return self._text[int(self._ends[place - 1]) if place else 0 : int(self._ends[place])]
