"""From scored mentions to the rows of `scored`, column by column: one pass over the mentions, the rest in numpy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.text.authors import AuthorLists, account_key, kind_by_cues
from detectors.text.model import Scored as ScoredTexts
from schemas import scored
from schemas.ids import author_hashes, key_hashes, mention_hash
from schemas.mention import Author, Mention
from schemas.scored import Rows
from schemas.terms import Terms, renumbered
from schemas.times import DAY, to_ms
from streams.score.links import with_links

_ASKS: Final = re.compile(r"\?(?=[\s!?.,;:)»”\"']|$)")
"""A question mark that ends a word: one inside an address (`?id=7`) asks nothing."""
_ASKERS: Final = frozenset({"unknown", "customer", "influencer"})

YOUNG_ACCOUNT: Final = 30 * DAY
_KIND_INDEX: Final = {kind: index for index, kind in enumerate(scored.KINDS)}
_MAX_FOLLOWERS: Final = 2**32 - 1
_EVERYWHERE: Final = -1
"""The target of a row that every partition gets."""


class CrowdedError(Exception):
    """The rows name more brands, languages or platforms than a batch can number; a shorter slice has fewer."""


class Pending(NamedTuple):
    """A mention that is to become rows, one for each of its `brands`."""

    offset: int
    key: bytes
    """The record's: `platform:id`."""
    mention: Mention
    time: int
    brands: Sequence[str]
    late: bool
    label: int


class Retraction(NamedTuple):
    """Tells every partition that a mention is gone or newer than before: only they know which brands had it."""

    offset: int
    platform: str
    native_id: str
    rev: int
    label: int


class OwnScore(NamedTuple):
    """What a brand that is not its post's first makes of it, by its own words and correction."""

    number: int
    """The row's: mention after mention, brand after brand."""
    negative: int
    positive: int
    grave: bool


class Names(dict[str, int]):
    """Numbers names in the order in which they are first met."""

    def __missing__(self, name: str) -> int:
        number = self[name] = len(self)
        return number


class Drafts:
    """All rows of one slice, before they are parted by the partition of their brand."""

    def __init__(
        self,
        pending: Sequence[Pending],
        texts: ScoredTexts,
        retracted: Sequence[Retraction],
        *,
        author_key: bytes,
        lists: Mapping[str, AuthorLists] | None = None,
        own: Mapping[str, frozenset[str]] | None = None,
        apart: Sequence[OwnScore] = (),
    ) -> None:
        table = _table(pending, texts, author_key)
        brands, langs, platforms = Names(), Names(), Names()
        owner = [i for i, item in enumerate(pending) for _ in item.brands]
        brand = [brands[name] for item in pending for name in item.brands]
        ids = [item.key.decode() for item in pending]
        self._brand = np.array(brand + [0] * len(retracted), np.int64)
        lang = np.array([langs[name] for name in texts.lang], np.int64)
        platform = np.array([platforms[item.mention.platform] for item in pending], np.int64)
        said = with_links(texts.terms, [item.mention.text for item in pending])
        if len(owner) != len(pending):
            table, lang, platform = table[owner], lang[owner], platform[owner]
            ids, said = [ids[i] for i in owner], said.take(np.array(owner, np.int64))
        if lists:
            _name_kinds(table, pending, lists)
        for row in apart:
            table["negative"][row.number], table["positive"][row.number] = row.negative, row.positive
            rest = int(table["flags"][row.number]) & (0xFF ^ scored.GRAVE)
            table["flags"][row.number] = rest | (scored.GRAVE if row.grave else 0)
        if own:
            _mark_official(table, pending, own)
        self._brands, self._langs, self._platforms = list(brands), list(langs), list(platforms)
        self._order = np.arange(len(table))
        if retracted:
            table = np.concatenate([table, _retractions(retracted)])
            lang, platform = np.pad(lang, (0, len(retracted))), np.pad(platform, (0, len(retracted)))
            ids += [""] * len(retracted)
            none = Terms.none(len(retracted))
            said = Terms(said.words, np.concatenate([said.counts, none.counts]), said.index)
            # In order of source offset; a retraction before the row of the same update.
            self._order = np.lexsort((table["op"] != scored.DELETE, table["offset"]))
        self._table, self._lang, self._platform, self._ids, self._said = table, lang, platform, ids, said

    def __len__(self) -> int:
        return len(self._table)

    def parted(self, partitions: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield, for each partition of `scored` that has rows, its number and the columns of its `ScoredBatch`.

        Raises CrowdedError.
        """
        if not len(self):
            return
        homes = np.array([scored.partition_of_brand(name, partitions) for name in self._brands], np.int64)
        gone = self._table["op"] == scored.DELETE
        target = np.where(gone, _EVERYWHERE, homes[self._brand] if len(homes) else _EVERYWHERE)[self._order]
        for partition in range(partitions) if gone.any() else np.unique(target).tolist():
            mine = self._order[(target == partition) | (target == _EVERYWHERE)]
            yield partition, self._columns(mine)

    def _columns(self, mine: NDArray[np.int64]) -> dict[str, Any]:
        table = self._table[mine]
        columns: dict[str, Any] = {}
        there = table["op"] != scored.DELETE
        for column, names, index in (
            ("brand", self._brands, self._brand), ("lang", self._langs, self._lang),
            ("platform", self._platforms, self._platform),
        ):  # fmt: skip
            used, numbers = renumbered(index[mine][there])
            if len(used) >= np.iinfo(table.dtype[column]).max:
                raise CrowdedError(f"{len(used)} values of {column} in one batch")
            table[column][there] = numbers
            columns[f"{column}s"] = [names[i] for i in used]
        said = self._said.take(mine).compact()
        return columns | {
            "rows": table.tobytes(),
            "ids": [self._ids[i] for i in mine.tolist()],
            "terms": said.words,
            "term_counts": said.counts.tobytes(),
            "term_index": said.index.astype("<u4").tobytes(),
        }


EMPTY: Final[dict[str, Any]] = {
    "brands": [], "langs": [], "platforms": [], "rows": b"", "ids": [], "terms": [], "term_counts": b"", "term_index": b"",
}  # fmt: skip
"""The columns of a batch without rows."""


def _table(pending: Sequence[Pending], texts: ScoredTexts, author_key: bytes) -> Rows:
    """Return one row for each mention, its brand, language and platform not yet numbered."""
    count = len(pending)
    followers, kinds, flags = [0] * count, [0] * count, [0] * count
    authors: list[tuple[str, str]] = []
    known: list[int] = []
    for i, (item, said) in enumerate(zip(pending, texts.cues.tolist(), strict=True)):
        mention = item.mention
        author = mention.author
        kind = kind_by_cues(author, said, at=item.time).kind
        kinds[i] = _KIND_INDEX[kind]
        flag = scored.LATE if item.late else 0
        if author is not None:
            known.append(i)
            authors.append((mention.platform, author.id))
            if author.followers:
                followers[i] = min(author.followers, _MAX_FOLLOWERS)
            if author.verified:
                flag |= scored.VERIFIED
            if author.created_at is not None and item.time - to_ms(author.created_at) < YOUNG_ACCOUNT:
                flag |= scored.YOUNG
        if mention.repost_of is not None:
            flag |= scored.REPOST
        elif kind in _ASKERS and "?" in (mention.text or "") and _ASKS.search(mention.text or ""):
            flag |= scored.QUESTION
        if mention.reply_to is not None:
            flag |= scored.REPLY
        flags[i] = flag
    table = np.zeros(count, scored.ROW)
    table["offset"] = [item.offset for item in pending]
    table["time"] = [item.time for item in pending]
    table["label"] = [item.label for item in pending]
    table["mention"] = key_hashes(item.key for item in pending)
    table["author"][known] = author_hashes(authors, author_key)
    table["signature"] = texts.signature
    table["followers"] = followers
    table["rev"] = [item.mention.rev for item in pending]
    table["negative"], table["positive"] = texts.negative, texts.positive
    table["op"] = [scored.UPDATE if item.mention.op == "update" else scored.CREATE for item in pending]
    table["kind"], table["flags"] = kinds, np.array(flags, np.uint8) | texts.grave * np.uint8(scored.GRAVE)
    return table


def _name_kinds(table: Rows, pending: Sequence[Pending], lists: Mapping[str, AuthorLists]) -> None:
    """Set the kinds of accounts that a brand's own lists name: who works at one brand is a customer of another."""
    row = 0  # rows stand mention after mention, brand after brand
    for item in pending:
        author = item.mention.author
        for brand in item.brands:
            named = lists.get(brand)
            kind = named.kind(author) if named is not None and author is not None else None
            if kind is not None:
                table["kind"][row] = _KIND_INDEX[kind]
                if kind not in _ASKERS:
                    table["flags"][row] = int(table["flags"][row]) & (0xFF ^ scored.QUESTION)
            row += 1


def _mark_official(table: Rows, pending: Sequence[Pending], own: Mapping[str, frozenset[str]]) -> None:
    """Mark the rows that an account of their own brand wrote; what it asks is no customer's question."""
    row = 0  # rows stand mention after mention, brand after brand
    for item in pending:
        author = item.mention.author
        for brand in item.brands:
            accounts = own.get(brand)
            if accounts and author is not None and not accounts.isdisjoint(_names(author)):
                table["flags"][row] = (int(table["flags"][row]) | scored.OFFICIAL) & (0xFF ^ scored.QUESTION)
            row += 1


def _names(author: Author) -> set[str]:
    return {account_key(name) for name in (author.id, author.name) if name}


def _retractions(retracted: Sequence[Retraction]) -> Rows:
    table = np.zeros(len(retracted), scored.ROW)
    table["offset"] = [item.offset for item in retracted]
    table["mention"] = np.array([mention_hash(item.platform, item.native_id) for item in retracted], np.uint64)
    table["rev"] = [item.rev for item in retracted]
    table["label"] = [item.label for item in retracted]
    table["brand"], table["op"] = scored.NO_BRAND, scored.DELETE
    return table
