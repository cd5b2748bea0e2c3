"""Sentiment lexica of four packages, English and French, read at training time only.

`vaderSentiment` (MIT, Hutto & Gilbert 2014) and `vaderSentiment-fr` (MIT, 7Lieues Technologies) list words, emoticons
and their mean valence from -4 to 4. `textblob` and `textblob-fr` carry Pattern's adjectives (public domain, De Smedt &
Daelemans 2012) with polarity and subjectivity. The shipped model holds hash and values of each word; a worker needs
none of the packages.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

SOURCES: Final = {
    "en": ("vaderSentiment", "vader_lexicon.txt"),
    "fr": ("vaderSentiment_fr", "fr_lexicon.txt"),
}
UNIT: Final = 256
"""Valences are integers of 1/256."""


class LexiconError(RuntimeError):
    """A lexicon package is missing; the message says how to install it."""


POLARITIES: Final = {
    "en": ("textblob", "en/en-sentiment.xml"),
    "fr": ("textblob_fr", "fr-sentiment.xml"),
}
_WORD: Final = re.compile(r'<word form="([^"]+)"[^>]*? polarity="([-+.\d]+)" subjectivity="([-+.\d]+)"')


def _file(package: str, name: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LexiconError(f"package {package} is missing; install the training extra: pip install -e '.[train]'")
    return Path(spec.submodule_search_locations[0]) / name


def lexicon(lang: str) -> dict[str, float]:
    """Return word → valence (-4 … 4) for `en` or `fr`. Raises `LexiconError` where the package is not installed."""
    out: dict[str, float] = {}
    for line in _file(*SOURCES[lang]).read_text(encoding="utf-8").splitlines():
        parts = line.rsplit("->", 1) if "->" in line else line.split("\t")
        if len(parts) >= 2 and parts[0].strip():
            try:
                out[parts[0].strip().lower()] = min(max(float(parts[1]), -4.0), 4.0)
            except ValueError:
                continue
    return out


def polarities(lang: str) -> dict[str, tuple[float, float]]:
    """Return word → (polarity -1 … 1, subjectivity 0 … 1), the mean over its senses. Raises `LexiconError`."""
    senses: dict[str, list[tuple[float, float]]] = {}
    for word, polarity, subjectivity in _WORD.findall(_file(*POLARITIES[lang]).read_text(encoding="utf-8")):
        senses.setdefault(word.lower(), []).append((float(polarity), float(subjectivity)))
    return {
        word: (sum(p for p, _ in found) / len(found), sum(s for _, s in found) / len(found))
        for word, found in senses.items()
    }
