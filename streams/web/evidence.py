"""Where a post can be looked at: the address behind `platform:native_id`, only where that is certain."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_AT: Final = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]{1,200})/app\.bsky\.feed\.post/([A-Za-z0-9._~-]{1,64})")
_WEB: Final = re.compile(r"https?://[^\s\"'<>\\]{3,500}")


class Post(NamedTuple):
    """One example post."""

    name: str
    """`platform:id`, as in the alert."""
    url: str | None

    @property
    def label(self) -> str:
        """Return the name cut down to what tells posts apart: `bluesky …3kxyz`."""
        platform, _, native = self.name.partition(":")
        short = native.rstrip("/").rpartition("/")[2][-24:]
        return f"{platform} {short}" if short == native else f"{platform} …{short}"


def post_of(evidence: str) -> Post:
    """Return the post that an alert names and the address of its original."""
    platform, _, native = evidence.partition(":")
    if platform in {"x", "twitter"} and native.isdecimal() and native.isascii():
        return Post(evidence, f"https://x.com/i/web/status/{native}")
    if platform == "bluesky" and (found := _AT.fullmatch(native)):
        return Post(evidence, f"https://bsky.app/profile/{found[1]}/post/{found[2]}")
    return Post(evidence, web_address(native))


def web_address(text: str | None) -> str | None:
    """Return `text` where it is an http(s) address, else None: nothing else may become a link."""
    return text if text and _WEB.fullmatch(text) else None
