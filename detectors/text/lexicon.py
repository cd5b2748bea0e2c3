"""Sentiment lexica of two maintained packages, English and French, read at training time only.

`vaderSentiment` (MIT, Hutto & Gilbert 2014) and `vaderSentiment-fr` (MIT, 7Lieues Technologies) list words, emoticons
and their mean valence from -4 to 4. The shipped model carries hash and value of each word; a worker needs neither.
"""

from __future__ import annotations

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


def lexicon(lang: str) -> dict[str, float]:
    """Return word → valence for `en` or `fr`. Raises `LexiconError` where the package is not installed."""
    package, name = SOURCES[lang]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LexiconError(f"package {package} is missing; install the training extra: pip install -e '.[train]'")
    out: dict[str, float] = {}
    for line in (Path(spec.submodule_search_locations[0]) / name).read_text(encoding="utf-8").splitlines():
        parts = line.rsplit("->", 1) if "->" in line else line.split("\t")
        if len(parts) >= 2 and parts[0].strip():
            try:
                out[parts[0].strip().lower()] = min(max(float(parts[1]), -4.0), 4.0)
            except ValueError:
                continue
    return out
