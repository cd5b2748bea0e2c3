"""How the language table is learnt: letter threes of Wikipedia (the profiles of `langdetect`), words of labelled posts.

`langdetect` (Apache-2.0, Nakatani Shuyo) ships counts of letter sequences per language. Labelled posts of six languages
add whole words as people really write them. The result is integers; neither texts nor the package are needed later.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from detectors.text.language import UNIT
from detectors.text.lexicon import LexiconError
from detectors.text.tokens import HASHTAG, STOPS_EN, STOPS_FR, WORD, pieces, word_hash

LATIN: Final = ("en", "fr", "es", "de", "it", "pt", "nl", "ca", "id", "tr", "pl", "sv", "tl", "ro", "vi")
"""Latin-script languages told apart; more of them make mistakes on short posts likelier."""
SMOOTHING: Final = 2e-5
"""Share added to each sequence's share, so that a rare one decides nothing alone."""
WORD_COUNT: Final = 4
"""Occurrences from which a word of the labelled posts speaks for itself."""
WORD_WEIGHT: Final = 0.8
TRIPLE_WEIGHT: Final = 0.5
"""Letter threes of one word overlap; each counts half."""

Rows = dict[int, list[int]]


def profile(lang: str) -> dict[str, int]:
    """Return letter sequence → count of one language. Raises `LexiconError` without the package."""
    spec = find_spec("langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise LexiconError("package langdetect is missing; install the training extra: pip install -e '.[train]'")
    path = Path(spec.submodule_search_locations[0]) / "profiles" / lang
    freq: dict[str, int] = msgspec.json.decode(path.read_bytes())["freq"]
    return freq


def language_table(posts: Iterable[tuple[str, str]]) -> tuple[list[str], Rows]:
    """Return the languages and hash → log-likelihoods (1/16 nat) from profiles and (text, language) posts."""
    names = list(LATIN)
    shares: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(names))
    for column, lang in enumerate(names):
        counts: Counter[str] = Counter()
        for letters, n in profile(lang).items():
            if len(letters) == 3:
                counts[letters.lower().replace(" ", "_")] += n
        total = sum(counts.values())
        for letters, n in counts.items():
            shares[letters][column] += n / total
    triples = {letters: _relative([math.log(s + SMOOTHING) for s in row]) for letters, row in shares.items()}
    rows: Rows = {word_hash(k): _round(v, TRIPLE_WEIGHT) for k, v in triples.items()}
    for word, row in _word_rows(posts, names, triples).items():
        rows[word_hash("=" + word)] = row
    return names, rows


def _word_rows(
    posts: Iterable[tuple[str, str]], names: list[str], triples: dict[str, list[float]]
) -> dict[str, list[int]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    totals: Counter[str] = Counter()
    for text, lang in posts:
        if lang in names:
            words = [
                p.text for token in text.split() for p in pieces(token) if p.flags & WORD and not p.flags & HASHTAG
            ]
            totals[lang] += len(words)
            for word in words:
                counts[word][lang] += 1
    for lang, stops in (("en", STOPS_EN), ("fr", STOPS_FR)):  # short posts are little else
        for word in sorted(stops):
            counts[word][lang] += WORD_COUNT
    known = [names.index(lang) for lang in sorted(totals)]
    out = {}
    for word, by_lang in counts.items():
        if by_lang.total() < WORD_COUNT:
            continue
        padded = f"_{word}_"
        row = [0.0] * len(names)
        for i in range(len(padded) - 2):
            for column, value in enumerate(triples.get(padded[i : i + 3], [])):
                row[column] += TRIPLE_WEIGHT * value
        share = {k: by_lang[names[k]] / totals[names[k]] for k in known}
        top = max(share.values())
        # Languages without posts are judged by letters alone, as if they used the word at a tenth of the best one's rate.
        told = _relative([math.log(share.get(k, top / 10) + SMOOTHING) for k in range(len(names))])
        out[word] = _round([a + WORD_WEIGHT * b for a, b in zip(row, told, strict=True)], 1.0)
    return out


def _relative(row: list[float]) -> list[float]:
    mean = sum(row) / len(row)
    return [v - mean for v in row]


def _round(row: list[float], weight: float) -> list[int]:
    return [max(-127, min(127, round(v * weight * UNIT))) for v in row]
