"""What is due at which minute boundary, and for which brands."""

from __future__ import annotations

import heapq
from collections.abc import Iterator


class Agenda:
    """Minute boundaries (epoch ms) with the names of the brands that have something due there."""

    def __init__(self) -> None:
        self._names: dict[int, set[str]] = {}
        self._boundaries: list[int] = []

    def plan(self, boundary: int, name: str) -> None:
        """Have `name` called at `boundary`; twice is once."""
        names = self._names.get(boundary)
        if names is None:
            self._names[boundary] = {name}
            heapq.heappush(self._boundaries, boundary)
        else:
            names.add(name)

    def due(self, until: int) -> Iterator[tuple[int, list[str]]]:
        """Take off the boundaries up to `until` one by one, in order; what is planned meanwhile is among them."""
        while self._boundaries and self._boundaries[0] <= until:
            boundary = heapq.heappop(self._boundaries)
            yield boundary, sorted(self._names.pop(boundary))
