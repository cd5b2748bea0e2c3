"""What people read when they are paged: French or English, as plain text, HTML and three hundred characters."""

from __future__ import annotations

from streams.messages.model import Message
from streams.messages.render import Renderer, render
from streams.messages.writer import Options

__all__ = ["Message", "Options", "Renderer", "render"]
