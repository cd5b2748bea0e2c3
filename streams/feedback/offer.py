"""The posts that `suggest` chooses from: recent ones of a brand, a bounded sample, and none that was labelled before."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from detectors.text.dictionary import dictionary
from detectors.text.model import TextModel
from detectors.text.suggest import Candidate, suggest
from schemas.mention import Mention, Rejection
from streams.score.brands import BrandMatcher

MOST: Final = 4_000
"""Posts of a brand that are looked at: a sample of them where there are more, the same one each time."""
BATCH: Final = 500


class Offered(msgspec.Struct):
    """A post to label, for people and programs."""

    id: str
    brand: str
    text: str
    lang: str
    negative: float
    """P(negative) as the shared model sees it."""
    positive: float
    stands_for: int
    """How many posts of the same brand, about as negative, it stands for."""
    new_words: int
    """Frequent words and pairs of words that no post before it in this list has."""
    url: str | None = None


class Sample:
    """Takes mentions as they come; keeps those of the wanted brands, each post once in its last version."""

    def __init__(self, matcher: BrandMatcher, brand: str | None, labelled: Iterable[str] = ()) -> None:
        self._matcher = matcher
        self._brand = brand
        self._labelled = frozenset(labelled)
        self._kept: dict[str, dict[str, Mention]] = {}
        self._lots: dict[str, list[tuple[int, str]]] = {}
        self.seen = 0

    def take(self, mention: Mention) -> None:
        """Take one mention; bounded: of more than `MOST` posts of a brand, those with the smallest lot stay."""
        name = mention.key.decode()
        brands = self._matcher.match(mention)
        if isinstance(brands, Rejection) or not brands:
            return
        brand = brands[0]  # whose correction scores it
        if (self._brand is not None and brand != self._brand) or name in self._labelled:
            return
        self.seen += 1
        kept, lots = self._kept.setdefault(brand, {}), self._lots.setdefault(brand, [])
        if mention.op == "delete" or not mention.text:
            kept.pop(name, None)
            return
        if name not in kept:
            heapq.heappush(lots, (-zlib.crc32(name.encode()), name))
        kept[name] = mention
        while len(lots) > MOST:
            kept.pop(heapq.heappop(lots)[1], None)

    def choose(
        self, model: TextModel, count: int, words: Mapping[str, Mapping[str, float]] | None = None
    ) -> list[Offered]:
        """Return the posts whose labels would help most; `words` are the brands' own dictionaries."""
        words = words or {}
        posts = [(brand, name, m) for brand, kept in self._kept.items() for name, m in kept.items()]
        candidates: list[Candidate] = []
        positive: list[int] = []
        langs: list[str] = []
        for i in range(0, len(posts), BATCH):
            part = posts[i : i + BATCH]
            texts, tags = [m.text or "" for _, _, m in part], [m.lang for _, _, m in part]
            own = [words.get(brand) for brand, _, _ in part]
            scored = model.score(texts, tags, own, [brand for brand, _, _ in part])
            positive += scored.positive.tolist()
            langs += scored.lang
            for k, (brand, name, m) in enumerate(part):
                text, phrases = texts[k], own[k]
                features = model.features(dictionary(phrases).replaced(text) if phrases else text, m.lang)
                candidates.append(Candidate(name, brand, int(scored.negative[k]), features))
        offered = []
        for one in suggest(candidates, count):
            candidate, mention = candidates[one.index], posts[one.index][2]
            offered.append(
                Offered(
                    candidate.name, candidate.brand, mention.text or "", langs[one.index], candidate.negative / 1e4,
                    positive[one.index] / 1e4, one.stands_for, one.new_words, mention.url,
                )
            )  # fmt: skip
        return offered
