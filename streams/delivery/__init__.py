"""From a decision to a person's telephone: the loop that sends, and the adapters it sends through."""

from __future__ import annotations

from streams.delivery.dispatcher import Dispatcher
from streams.delivery.model import Channel, Delivery, Permanent, SendError, Target, Transient

__all__ = ["Channel", "Delivery", "Dispatcher", "Permanent", "SendError", "Target", "Transient"]
