"""Which brands a mention concerns: those it names, or those whose watch words it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from schemas.mention import Mention, Rejection
from streams.score.spelling import folded


class WatchedBrand(Protocol):
    """What matching needs to know of a configured brand."""

    @property
    def name(self) -> str:
        """Name."""
        ...

    @property
    def words(self) -> Sequence[str]:
        """Watch words; the name itself when there are none."""
        ...

    @property
    def exclude(self) -> Sequence[str]:
        """Words that say it is of something else."""
        ...


def _pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    parts = sorted({re.escape(folded(word)) for word in words if word.strip()}, key=len, reverse=True)
    if not parts:
        return None
    # A watch word stands alone: "apple" is not in "pineapple", yet "@apple" and "#apple" are mentions of it.
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


class BrandMatcher:
    """Matches mentions against the watch list. With an empty list any named brand is accepted as it is written.

    Args:
        brands: the watch list.
        anyone: whether other named brands are accepted too; None: only where the list is empty.
        removed: names that are no longer watched, though others that are not listed may be.
    """

    def __init__(
        self, brands: Sequence[WatchedBrand], *, anyone: bool | None = None, removed: Iterable[str] = ()
    ) -> None:
        self._known = {folded(brand.name): brand.name for brand in brands}
        # Of two that differ in accents alone each is its own.
        self._known |= {brand.name.casefold(): brand.name for brand in brands}
        self._exactly = {brand.name: (self._known[brand.name.casefold()],) for brand in brands}
        self._open = not brands if anyone is None else anyone
        self._removed = {folded(name) for name in removed}
        self._exclude = {brand.name: _pattern(brand.exclude) for brand in brands}
        self._owners: dict[str, list[str]] = {}
        for brand in brands:
            for word in brand.words or (brand.name,):
                self._owners.setdefault(folded(word), []).append(brand.name)
        self._any = _pattern(self._owners)

    def match(self, mention: Mention) -> tuple[str, ...] | Rejection:
        """Return the brands that `mention` concerns (none: unmatched), or why it cannot be told."""
        if mention.brand is not None and not mention.brands:  # nearly always, as it stands in the list
            found_at_once = self._exactly.get(mention.brand)
            if found_at_once is not None:
                return found_at_once
        named = mention.brands or ((mention.brand,) if mention.brand is not None else ())
        if named:
            return self._named(named)
        if self._any is None or mention.text is None:
            return ()
        text = folded(mention.text)
        found: list[str] = []
        for word in dict.fromkeys(self._any.findall(text)):
            found += (name for name in self._owners[word] if name not in found and not self._excluded(name, text))
        return tuple(found)

    def _named(self, names: Sequence[str]) -> tuple[str, ...] | Rejection:
        if self._open and not self._removed:
            return tuple(dict.fromkeys(self._watched(name) or name for name in names))
        known: list[str] = []
        for name in names:
            brand = self._watched(name)
            if brand is None and self._open and folded(name) not in self._removed:
                brand = name
            if brand is None:
                if folded(name) in self._removed:
                    return Rejection(
                        "unknown_brand", f"brand: {name!r} is no longer watched; tocsin brands lists what is"
                    )
                shown = ", ".join(sorted(self._known.values())[:5])
                return Rejection("unknown_brand", f"brand: {name!r} is not configured; configured are {shown}")
            if brand not in known:
                known.append(brand)
        return tuple(known)

    def knows(self, name: str) -> bool:
        """Return whether a brand of that name is on the list."""
        return self._watched(name) is not None

    def _watched(self, name: str) -> str | None:
        return self._known.get(name.casefold()) or self._known.get(folded(name))

    def _excluded(self, name: str, text: str) -> bool:
        pattern = self._exclude[name]
        return pattern is not None and pattern.search(text) is not None
