"""From where on `scored` a restart reads again, and what each source had already shown there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from streams.watch.state import Source


class Trail:
    """The records since the place where recovery would begin: (offset, source, its `last` before)."""

    def __init__(self) -> None:
        self._steps: deque[tuple[int, Source, int]] = deque()
        self._ahead = -1
        """Offset up to which some brand was ahead of its partition at the last restart."""
        self._began = 0
        """Where that restart read on."""

    def note(self, offset: int, source: Source, last: int) -> None:
        """Remember that the record at `offset` met `source` at `last`."""
        self._steps.append((offset, source, last))

    def restored(self, ahead: int, began: int) -> None:
        """Begin after a restart that read from `began`, with brands that are ahead up to the offset `ahead`."""
        self._ahead, self._began = ahead, began

    def back_to(self, applied: int, open_minutes: Iterable[int], sources: Iterable[Source]) -> int:
        """Return where a restart must begin, and set each source's `before` to what its `last` was there.

        Args:
            applied: offset that is applied.
            open_minutes: offsets that open minutes rest on.
            sources: all of them.
        """
        replay_from = min(open_minutes, default=applied + 1)
        if applied < self._ahead:  # what a brand has closed already still decides what it takes until then
            replay_from = min(replay_from, self._began)
        while self._steps and self._steps[0][0] < replay_from:
            self._steps.popleft()
        for source in sources:
            source.before = source.last
        for _, source, last in reversed(self._steps):
            source.before = last
        return replay_from
