"""The links that posts share, as terms: a link that many pass on is often what a crisis is about.

Only host and path: what follows `?` or `#` may tell who clicked. As any term, a link leaves a minute only when several
authors used it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from schemas.terms import Terms

MOST: Final = 2
"""Links of one post that count."""
LONGEST: Final = 80
ROOM: Final = 250
"""Terms of one post beyond which none is added: their number is one byte."""
_LINK: Final = re.compile(r"https?://([a-z0-9.-]+(?::\d+)?)(/[^\s?#<>\"'«»“”]*)?", re.IGNORECASE)


def links_of(text: str) -> list[str]:
    """Return the links of a post as `example.org/page`, each once, in order."""
    if "http" not in text and "HTTP" not in text:
        return []
    found: dict[str, None] = {}
    for host, path in _LINK.findall(text):
        host = host.lower().removeprefix("www.").rstrip(".")
        page = path.rstrip("/.,;:!?…)]}")
        if "." in host:
            found[f"{host}{page or '/'}"[:LONGEST]] = None
    return list(found)[:MOST]


def with_links(terms: Terms, texts: Sequence[str | None]) -> Terms:
    """Return `terms` with the links of each post after its own terms."""
    found = [(i, link) for i, text in enumerate(texts) if text for link in links_of(text) if terms.counts[i] < ROOM]
    if not found:
        return terms
    small = terms.compact()
    numbers: dict[str, int] = {}
    words = list(small.words)
    for _, link in found:
        numbers.setdefault(link, len(words) + len(numbers))
    ends = np.cumsum(small.counts, dtype=np.int64)
    posts = np.array([i for i, _ in found], np.int64)
    index = np.insert(
        small.index.astype(np.uint32), ends[posts], np.array([numbers[link] for _, link in found], np.uint32)
    )
    counts = small.counts.copy()
    np.add.at(counts, posts, 1)
    return Terms([*words, *numbers], counts, index)
