"""How deep and how large a YAML file may be.

An alias (`*name`) can name a list of aliases, and so on: a few lines become gigabytes. And each bracket within a
bracket is a call within a call of the reader: a line of brackets takes the whole stack.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

DEEPEST: Final = 50
"""Lists and mappings within each other; a policy has seven."""
_TAGS: Final = (None, "!", "tag:yaml.org,2002:str")
MOST: Final = 200_000
"""Values of a file with its aliases filled in; ten thousand brands have some eighty thousand."""


class BoundedLoader(yaml.SafeLoader):
    """YAML's safe loader; it stops at what lies deeper than DEEPEST, before the stack feels it."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._merged = 0
        self._flat: set[int] = set()
        """Mappings into which others have been merged; one may be merged into itself."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node, as the parent class does; raises ComposerError where it lies too deep."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        tag = getattr(event, "tag", None)
        if tag not in _TAGS:
            named = tag.replace("tag:yaml.org,2002:", "!!")
            raise yaml.composer.ComposerError(
                None, None, f"the tag {named} is not taken; write the value alone", event.start_mark
            )
        if self._depth > DEEPEST:
            raise yaml.composer.ComposerError(
                None, None, f"more than {DEEPEST} lists or mappings within each other", event.start_mark
            )
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put merged mappings (`<<`) in, as the parent class does; raises ConstructorError where they grow beyond MOST."""
        if id(node) in self._flat:
            return
        self._flat.add(id(node))
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                continue
            for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(one, yaml.MappingNode):
                    self.flatten_mapping(one)
                    self._merged += len(one.value)
            if self._merged > MOST:
                raise yaml.constructor.ConstructorError(
                    None, None, f"more than {MOST} values once merged (<<); write out what is meant", key.start_mark
                )
        super().flatten_mapping(node)


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
