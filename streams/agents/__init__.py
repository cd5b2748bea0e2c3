"""The thin shells round the three cores."""

from typing import Final

AGENTS: Final = ("score", "watch", "notify")
