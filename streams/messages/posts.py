"""Where the posts behind an alert can be looked at. Texts never travel in alerts; ids do."""

from __future__ import annotations

import re
from typing import Final

from streams.messages.phrases import clean

_SAFE: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::\d+)?/[A-Za-z0-9._~/@%+=&?#:-]*")
"""An id may itself be an address (Mastodon, RSS): only plain https ones become links."""
_BLUESKY: Final = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/app\.bsky\.feed\.post/([A-Za-z0-9._~-]+)")


def address_of(evidence: str) -> str | None:
    """Return where `platform:id` can be seen; None where that cannot be told from its id."""
    platform, _, native = evidence.partition(":")
    if platform in {"x", "twitter"} and native.isascii() and native.isdigit():
        return f"https://x.com/i/status/{native}"
    if platform == "bluesky" and (found := _BLUESKY.fullmatch(native)):
        return f"https://bsky.app/profile/{found[1]}/post/{found[2]}"
    return native if _SAFE.fullmatch(native) else None


def shown(evidence: str) -> str:
    """Return `platform:id` fit to be shown."""
    return clean(evidence, 160)
