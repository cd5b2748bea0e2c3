"""Prints the message: for trying things and for the demo."""

from __future__ import annotations

import sys
from typing import TextIO

from streams.delivery.model import Delivery


class ConsoleChannel:
    """Writes to `stream`, the standard output where none is given."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    async def send(self, delivery: Delivery) -> str:
        """Print subject and text."""
        stream = self._stream or sys.stdout
        message = delivery.message
        stream.write(f"\n── to {delivery.target.person} ── {message.subject}\n\n{message.text}\n")
        stream.flush()
        return "printed"

    async def close(self) -> None:
        """Nothing is held."""
