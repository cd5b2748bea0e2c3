"""How much a YAML file may grow to: an alias (`*name`) can name a list of aliases, and so on, and a few lines become gigabytes."""

from __future__ import annotations

from typing import Any, Final

MOST: Final = 200_000
"""Values of a file with its aliases filled in; ten thousand brands have some eighty thousand."""
TOO_LARGE: Final = f"more than {MOST} values once its aliases (*name) are filled in; write out what is meant"


def too_large(raw: Any) -> bool:
    """Tell whether `raw` holds more than MOST values, each counted as often as it is reached; one within itself is."""
    left, waiting = MOST, [raw]
    while waiting:
        left -= 1
        if left < 0:
            return True
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple | set):
            waiting += one
        if len(waiting) > left:
            return True
    return False
