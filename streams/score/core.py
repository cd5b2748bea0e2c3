"""The core of `score`: one slice of a `mentions` partition in, batches for `scored` and dead letters out.

It holds no state but the partition's progress (its largest tick so far), so that slices may be cut anew anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from detectors.text.authors import AuthorLists
from detectors.text.model import TextModel
from schemas import scored, topics
from schemas.mention import LAST_TICK, Deletion, Mention, Rejection, Tick, decode
from schemas.scored import CONTROL, DEAD_LETTER, SCORED, UNMATCHED, ScoredBatch
from schemas.times import MINUTE, iso
from streams.engine.dead_letter import dead_letter
from streams.engine.records import Record, Write
from streams.score.brands import BrandMatcher
from streams.score.rows import EMPTY, CrowdedError, Drafts, OwnScore, Pending, Retraction

FUTURE: Final = 5 * MINUTE
"""How far ahead of its partition's progress a mention may claim to be (docs/architecture.md, Time)."""
FINAL_REV: Final = 2**31 - 1
"""The revision of a deletion that names none: nothing comes after it."""
LARGEST: Final = topics.SCORED.max_message_bytes - 65_536
"""Bytes of a batch: what the topic takes, less room for the record's own frame."""


class ScoreSettings(Protocol):
    """What the core needs to know of the configuration."""

    @property
    def lateness_ms(self) -> int:
        """How old a mention may be."""
        ...

    @property
    def replay(self) -> bool:
        """Whether ticks say the time, not the broker."""
        ...

    @property
    def author_key(self) -> bytes:
        """Key of the authors' hashes."""
        ...


@dataclass(slots=True)
class Scored:
    """What came of a slice."""

    writes: list[Write]
    """One record to each partition of `scored` that the slice has something for."""
    letters: list[Write]
    """For `dead-letters`, in the order of what they are about: dead letters, and tombstones, since what is deleted upstream
    goes from there too."""
    progress: int
    tick_offset: int | None
    """Offset of the largest tick of the slice: a restart that reads from there knows its progress at once."""
    outcomes: Counter[str] = field(default_factory=Counter)
    late: int = 0
    rows: int = 0
    languages: Counter[str] = field(default_factory=Counter)

    @property
    def dead(self) -> list[Write]:
        """The dead letters."""
        return [write for write in self.letters if write.headers]


class Matchers(Protocol):
    """Tells which brands are watched at a time."""

    def matcher_at(self, progress: int) -> BrandMatcher:
        """Return the matcher that counts when a partition has come to `progress` (epoch ms)."""
        ...


class ScoreCore:
    """Turns slices into batches; pure, and the same for every worker with the same settings and model."""

    def __init__(
        self,
        brands: Matchers,
        model: TextModel,
        settings: ScoreSettings,
        scored_partitions: int,
        *,
        lists: Mapping[str, AuthorLists] | None = None,
        brand_words: Mapping[str, Mapping[str, float]] | None = None,
        official: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._brands = brands
        self._model = model
        self._settings = settings
        self._partitions = scored_partitions
        self._lists = lists or {}
        self._brand_words = brand_words or {}
        self._official = official or {}

    def parts(self, source: str, partition: int, progress: int, records: Sequence[Record]) -> Iterator[Scored]:
        """Yield what `slice` makes of `records`, cut shorter where a batch would not fit into one record."""
        try:
            result = self.slice(source, partition, progress, records)
            if len(records) == 1 or all(len(write.value or b"") <= LARGEST for write in result.writes):
                yield result
                return
        except CrowdedError:
            pass
        middle = len(records) // 2
        for half in (records[:middle], records[middle:]):
            for result in self.parts(source, partition, progress, half):
                progress = result.progress
                yield result

    def slice(self, source: str, partition: int, progress: int, records: Sequence[Record]) -> Scored:
        """Score `records`, consecutive ones of `partition` of the topic `source`; `progress` is what came before."""
        first, last = records[0].offset, records[-1].offset
        outcomes = bytearray(last - first + 1)  # HOLE where compaction left none
        result = Scored([], [], progress, None)
        sorter = Sorter(partition, self._brands, self._settings, result)
        ticks: list[tuple[int, int]] = []
        everyone = False
        for record in records:
            what = decode(record.key, record.value)
            if isinstance(what, Mention):
                outcome = sorter.sort(record, what)
            elif isinstance(what, Tick):
                at = what.at if sorter.replay else record.timestamp
                if at > result.progress:
                    result.tick_offset = record.offset
                    sorter.go_on(at)
                    ticks.append((record.offset, at))
                everyone, outcome = True, CONTROL
            elif isinstance(what, Deletion):
                sorter.retracted.append(Retraction(record.offset, what.platform, what.id, FINAL_REV, result.progress))
                result.letters.append(_forget(record, partition))
                outcome = CONTROL
            else:
                result.letters.append(dead_letter(record, topics.MENTIONS.name, partition, what))
                outcome = DEAD_LETTER
            outcomes[record.offset - first] = outcome
        drafts = self._drafts(sorter.pending, sorter.retracted, result)
        columns = dict(drafts.parted(self._partitions))
        home = scored.home_of(partition, self._partitions)
        columns.setdefault(home, EMPTY)
        for target in range(self._partitions) if everyone else sorted(columns):
            batch = ScoredBatch(
                scored.SCHEMA,
                source,
                partition,
                first,
                last,
                ticks,
                **columns.get(target, EMPTY),
                outcomes=bytes(outcomes) if target == home else b"",
            )
            result.writes.append(Write(topics.SCORED.name, None, scored.encode(batch), target))
        for name, code in (
            ("scored", SCORED),
            ("unmatched", UNMATCHED),
            ("dead_letter", DEAD_LETTER),
            ("control", CONTROL),
        ):
            if count := outcomes.count(code):
                result.outcomes[name] = count
        return result

    def _drafts(self, pending: Sequence[Pending], retracted: Sequence[Retraction], result: Scored) -> Drafts:
        texts = [item.mention.text or "" for item in pending]
        langs = [item.mention.lang for item in pending]
        brands = [item.brands[0] for item in pending]
        others = list(self._by_others(pending))
        for i, row in others:  # the post once more, as another of its brands sees it
            texts.append(texts[i])
            langs.append(langs[i])
            brands.append(row.brand)
        words = [self._brand_words.get(brand) for brand in brands] if self._brand_words else None
        scored_texts = self._model.score(texts, langs, words, brands)
        apart = [
            OwnScore(
                row.number, int(scored_texts.negative[k]), int(scored_texts.positive[k]), bool(scored_texts.grave[k])
            )
            for k, (_, row) in enumerate(others, len(pending))
        ]
        if others:
            scored_texts = scored_texts.head(len(pending))
        result.languages.update(scored_texts.lang)
        result.late = sum(len(item.brands) for item in pending if item.late)
        result.rows = sum(len(item.brands) for item in pending)
        return Drafts(
            pending, scored_texts, retracted, author_key=self._settings.author_key, lists=self._lists, own=self._official,
            apart=apart,
        )  # fmt: skip

    def _by_others(self, pending: Sequence[Pending]) -> Iterator[tuple[int, BrandRow]]:
        """Yield the rows of second and further brands that see their post in another way than the first does."""
        number = 0
        for i, item in enumerate(pending):
            if len(item.brands) > 1:
                own = [self._has_own(brand) for brand in item.brands]
                for k in range(1, len(own)):
                    if own[0] or own[k]:
                        yield i, BrandRow(number + k, item.brands[k])
            number += len(item.brands)

    def _has_own(self, brand: str) -> bool:
        """Whether a brand has words or a correction of its own."""
        return brand in self._brand_words or self._model.corrected(brand)


class Sorter:
    """Tells what becomes of each mention of a slice."""

    def __init__(self, partition: int, brands: Matchers, settings: ScoreSettings, result: Scored) -> None:
        self._partition = partition
        self._brands = brands
        self._result = result
        self._lateness = settings.lateness_ms
        self.replay = settings.replay
        self.pending: list[Pending] = []
        self.retracted: list[Retraction] = []
        self.go_on(result.progress)

    def go_on(self, progress: int) -> None:
        """Note that the partition has come to `progress` (epoch ms)."""
        self._result.progress = progress
        self._matcher = self._brands.matcher_at(progress)

    def sort(self, record: Record, mention: Mention) -> int:
        """Return what becomes of `mention`, with what is to be done about it noted."""
        time, progress = mention.time, self._result.progress
        now = progress if self.replay or record.timestamp < progress else record.timestamp
        now = now or LAST_TICK  # a replay begins before its first tick has told the time
        if time > now + FUTURE:
            detail = f"created_at: {mention.created_at.isoformat()} is more than 5 minutes ahead of {iso(now)}"
            return self._refuse(record, Rejection("future", detail))
        if mention.op == "delete":
            # Of a revision it takes that one and those before it; revisions below the one of a retraction go.
            self._retract(record, mention, min(mention.rev + 1, FINAL_REV) if mention.rev else FINAL_REV)
            self._result.letters.append(_forget(record, self._partition))
            return CONTROL
        brands = self._matcher.match(mention)
        if isinstance(brands, Rejection):
            return self._refuse(record, brands)
        if mention.op == "update":
            self._retract(record, mention, mention.rev)
        if not brands:
            return UNMATCHED
        late = bool(progress) and time < progress - self._lateness
        self.pending.append(Pending(record.offset, record.key or mention.key, mention, time, brands, late, progress))
        return SCORED

    def _retract(self, record: Record, mention: Mention, below: int) -> None:
        self.retracted.append(Retraction(record.offset, mention.platform, mention.id, below, self._result.progress))

    def _refuse(self, record: Record, why: Rejection) -> int:
        self._result.letters.append(dead_letter(record, topics.MENTIONS.name, self._partition, why))
        return DEAD_LETTER


class BrandRow(NamedTuple):
    """A row of a slice: its number, and whose it is."""

    number: int
    brand: str


def _forget(record: Record, partition: int) -> Write:
    return Write(topics.DEAD_LETTERS.name, record.key, None, partition)
