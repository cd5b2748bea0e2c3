"""How deep and how large a YAML file may be.

An alias (`*name`) can name a list of aliases, and so on: a few lines become gigabytes. And each bracket within a
bracket is a call within a call of the reader: a line of brackets takes the whole stack.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

DEEPEST: Final = 50
"""Lists and mappings within each other; a policy has seven."""
MOST: Final = 200_000
"""Values of a file with its aliases filled in; ten thousand brands have some eighty thousand."""


class BoundedLoader(yaml.SafeLoader):
    """YAML's safe loader; it stops at what lies deeper than DEEPEST, before the stack feels it."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node, as the parent class does; raises ComposerError where it lies too deep."""
        if self._depth > DEEPEST:
            raise yaml.composer.ComposerError(
                None,
                None,
                f"more than {DEEPEST} lists or mappings within each other",
                self.peek_event().start_mark,  # type: ignore[no-untyped-call]
            )
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def out_of_bounds(raw: Any) -> str | None:
    """Return what is wrong with the size of `raw`, each value counted as often as it is reached, and a remedy.

    Within itself, as an alias can put it, is too deep. None where all is well.
    """
    left, waiting = MOST, [(raw, 0)]
    while waiting:
        one, depth = waiting.pop()
        left -= 1
        inside = one.values() if isinstance(one, dict) else one if isinstance(one, list | tuple | set) else ()
        if depth > DEEPEST:
            return f"more than {DEEPEST} values within each other once its aliases (*name) are filled in; write out what is meant"
        if len(waiting) + len(inside) > left:
            return f"more than {MOST} values once its aliases (*name) are filled in; write out what is meant"
        waiting += ((value, depth + 1) for value in inside)
    return None
