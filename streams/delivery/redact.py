"""Takes the secrets of a target out of what its server answered: a server may say back what it was told."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from streams.delivery.model import Target

SHORTEST: Final = 6
"""Characters of a password; what is shorter occurs by chance and hides nothing."""
SHORTEST_TOKEN: Final = 12
"""Characters of a part of an address that may be a token; shorter ones are words: `alerts`, `enqueue`."""
_PLAIN: Final = frozenset({"from", "to", "tls", "timeout", "format"})
"""Options, in an address too, that are none."""


def redact(text: str, target: Target) -> str:
    """Return `text` with each secret of `target` replaced by an ellipsis."""
    for secret in sorted(secrets_of(target), key=len, reverse=True):
        text = re.sub(re.escape(secret), "…", text, flags=re.IGNORECASE)
    return text


def secrets_of(target: Target) -> set[str]:
    """Return what may be secret in an address and its options: passwords, tokens in paths and queries, option values."""
    values = [value for name, value in target.options.items() if name not in _PLAIN]
    found = {one for value in values for one in (value, *value.split()) if len(one) >= SHORTEST}
    try:
        parts = urlsplit(target.url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return found | {target.url}
    if len(password) >= SHORTEST:
        found |= {password, b64encode(f"{user}:{password}".encode()).decode()}
    tokens = parts.path.split("/") + [value for name, value in parse_qsl(parts.query) if name not in _PLAIN]
    if parts.scheme not in {
        "http",
        "https",
        "smtp",
        "smtps",
        "mailto",
    }:  # Apprise's: a token may stand where a host does
        tokens += re.split(r"[@:]", parts.netloc)
    found |= {form for token in tokens for form in (token, unquote(token)) if len(token) >= SHORTEST_TOKEN}
    return found
