"""Forty sentences whose sign is plain in any trade: a brand's correction must not turn them round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from detectors.text.correction import Base, Columns, Correction, columns

PLAIN: Final[Mapping[str, Sequence[str]]] = {
    "negative": (
        "worst service ever", "I hate this company", "terrible experience, never again", "this is awful and disgusting",
        "so angry and disappointed", "what a horrible joke of a company", "this is a scam, avoid", "broken and useless",
        "rude staff, bad service", "they are liars and thieves", "pathetic customer service", "shame on you",
        "I am sick of this crap", "c'est nul", "service catastrophique", "je déteste cette entreprise", "plus jamais",
        "honteux et scandaleux", "très déçu, c'est mauvais", "une arnaque, à éviter",
    ),
    "positive": (
        "I love this", "best service ever", "thank you so much, great job", "awesome, really happy with it",
        "amazing experience", "excellent and friendly staff", "you are the best", "so good, I love it", "perfect, thanks",
        "great flight, wonderful crew", "beautiful and brilliant", "very happy customer", "fantastic work, congratulations",
        "j'adore", "merci beaucoup, c'est parfait", "excellent service, bravo", "je suis très content", "c'est génial",
        "super expérience, merci", "une belle réussite",
    ),
}  # fmt: skip
"""Sentences written for this check; their sign is plain in any trade."""

ENGLISH: Final = 13
"""So many of each sign are English, the rest French."""


def turned(correction: Correction, base: Base) -> int:
    """Return how many plain sentences a correction turns to the other sign."""
    posts, signs = _plain(base)
    after = correction.add_each(posts)
    return sum(
        (z[0] > z[2]) == negative and (said[0] > said[2]) != negative
        for (z, _), said, negative in zip(posts, after, signs, strict=True)
    )


Plain = tuple[list[tuple[list[float], Columns]], list[bool]]
_PLAIN_OF: dict[str, Plain] = {}


def _plain(base: Base) -> Plain:
    """Return (shared log-odds, features) of the plain sentences and whether each is negative, computed once per model."""
    found = _PLAIN_OF.get(base.warm)
    if found is None:
        features = [
            (base.features(text, "en" if i < ENGLISH else "fr"), sign == "negative")
            for sign, texts in PLAIN.items()
            for i, text in enumerate(texts)
        ]
        found = _PLAIN_OF[base.warm] = (
            [(base.log_odds(x), columns(x)) for x, _ in features],
            [negative for _, negative in features],
        )
    return found
