"""What people read when they are paged: French or English, as plain text, HTML and three hundred characters."""

from __future__ import annotations

from streams.messages.model import Message
from streams.messages.options import Options
from streams.messages.render import Renderer, render

__all__ = ["Message", "Options", "Renderer", "render"]
