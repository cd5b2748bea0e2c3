"""The people of the demo's story: who they are and how they type. All invented, all drawn from one seeded generator."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Final

from msgspec import Struct

from schemas.mention import Author
from schemas.times import DAY, from_ms

_SLOT: Final = re.compile(r"{(\w+)}")
_PLATFORMS: Final = ("x", "bluesky", "mastodon")
_SHARES: Final = (0.8, 0.13, 0.07)
_FIRST: Final = (
    "nadia", "tom", "lea", "hugo", "ines", "paul", "emma", "liam", "chloe", "marc", "sofia", "jack", "alice", "noah",
    "manon", "oscar", "jade", "louis", "amy", "karim", "zoe", "ben", "lucie", "adam", "clara", "theo", "ruth", "yann",
    "priya", "sam", "elise", "omar", "rose", "max", "ivy", "jules", "mina", "dan", "anais", "leo",
)  # fmt: skip
_SECOND: Final = (
    "b", "m", "lcs", "dr", "v", "cooks", "reads", "vdk", "75", "69", "_off", "mtl", "h", "ptr", "gd", "tea", "run",
    "k", "photo", "w", "ldn", "brz", "jp", "art", "du44",
)  # fmt: skip


class Person(Struct, frozen=True):
    """Somebody who posts."""

    handle: str
    platform: str
    author: Author


def person(rng: Random, at: int, *, newcomer: float = 0.02) -> Person:
    """Return somebody ordinary as of `at` (epoch ms); with probability `newcomer` the account is under a month old."""
    age = rng.uniform(1, 28) if rng.random() < newcomer else rng.uniform(200, 5_800)  # days
    followers = min(round(rng.lognormvariate(5.2, 1.3)), 40_000)  # median 180, as accounts go
    return Person(
        f"{rng.choice(_FIRST)}{rng.choice(('', '_', '.'))}{rng.choice(_SECOND)}{rng.randrange(10, 1000)}",
        rng.choices(_PLATFORMS, _SHARES)[0],
        Author(
            f"{rng.getrandbits(52):013x}",
            followers=followers,
            verified=followers > 5_000 and rng.random() < 0.3,
            created_at=from_ms(at - round(age * DAY)).replace(microsecond=0),
        ),
    )


def known(handle: str, name: str, followers: int, at: int, *, years: int) -> Person:
    """Return somebody with a name: verified, on X, `years` old as of `at`."""
    author = Author(
        f"acct-{handle}",
        followers=followers,
        verified=True,
        created_at=from_ms(at) - timedelta(days=365 * years),
        name=name,
    )
    return Person(handle, "x", author)


def say(rng: Random, templates: Sequence[str], slots: Mapping[str, tuple[str, ...]]) -> str:
    """Return one of `templates` with its `{slots}` filled in."""
    text = _SLOT.sub(lambda match: rng.choice(slots[match[1]]), rng.choice(templates))
    text = " ".join(text.split())
    return text[:1].upper() + text[1:]


def typed(rng: Random, text: str, watch: Sequence[str]) -> str:
    """Return `text` as people type it: some without capitals or accents, some shouting, some with a slip.

    Words that name the brand (`watch`) keep their letters, so that the watch list finds the mention.
    """
    words = [word if _names(word, watch) else _slip(rng, word) for word in text.split(" ")]
    text = " ".join(words)
    dice = rng.random()
    if dice < 0.14:
        text = text.lower()
    elif dice < 0.22:
        text = "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))
    elif dice < 0.24:
        text = text.upper()
    if rng.random() < 0.12:
        text = text.rstrip(".") + rng.choice(("!!", " !!!", "…", "...", " 🙏"))
    return text


def _names(word: str, watch: Sequence[str]) -> bool:
    return word[:1] in "@#" or any(name in word.lower() for name in watch)


def _slip(rng: Random, word: str) -> str:
    if len(word) < 6 or not word.isalpha() or rng.random() >= 0.02:
        return word
    at = rng.randrange(1, len(word) - 2)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return rng.choice((swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]))
