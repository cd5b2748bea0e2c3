"""The signature on a webhook's body: how it is made, and how a receiver checks it.

    Tocsin-Signature: t=1772409600,v1=<hex of HMAC-SHA256(secret, "1772409600." + body)>

The time is inside what is signed, so that a recorded call cannot be played again later (the scheme of Stripe's
webhooks).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final

HEADER: Final = "Tocsin-Signature"
TOLERANCE: Final = 300
"""Seconds that a signature may be old: longer than a retry takes, shorter than an attacker needs."""


def sign(secret: bytes, body: bytes, seconds: int) -> str:
    """Return the value of the header for `body` sent at `seconds` since the epoch."""
    return f"t={seconds},v1={_digest(secret, body, seconds)}"


def verify(header: str, body: bytes, secrets: Sequence[bytes], seconds: int, tolerance: int = TOLERANCE) -> bool:
    """Tell whether `header` was made for `body` with one of `secrets`, within `tolerance` seconds of `seconds`."""
    given: dict[str, str] = {}
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        given[name] = value
    time, digest = given.get("t", ""), given.get("v1", "")
    if not (time.isascii() and time.isdigit() and digest.isascii()) or abs(seconds - int(time)) > tolerance:
        return False
    return bool(sum(hmac.compare_digest(digest, _digest(secret, body, int(time))) for secret in secrets))


def _digest(secret: bytes, body: bytes, seconds: int) -> str:
    return hmac.digest(secret, b"%d." % seconds + body, "sha256").hex()
