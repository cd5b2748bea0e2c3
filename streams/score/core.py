"""The core of `score`: one slice of a `mentions` partition in, batches for `scored` and dead letters out.

It holds no state but the partition's progress (its largest tick so far), so that slices may be cut anew anywhere.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from detectors.text.authors import NOBODY, AuthorLists, author_kind
from detectors.text.model import TextModel
from schemas import scored, topics
from schemas.ids import author_hash, mention_hash
from schemas.mention import MAX_UNPACKED, Deletion, Mention, Rejection, Tick, decode
from schemas.scored import CONTROL, DEAD_LETTER, SCORED, UNMATCHED, ScoredBatch
from schemas.times import DAY, MINUTE, iso, to_ms
from streams.engine.records import Record, Write
from streams.score.brands import BrandMatcher

FUTURE: Final = 5 * MINUTE
"""How far ahead of its partition's progress a mention may claim to be (DESIGN section 5, Time)."""
YOUNG_ACCOUNT: Final = 30 * DAY
FINAL_REV: Final = 2**31 - 1
"""The revision of a deletion that names none: nothing comes after it."""
KEPT_DEAD: Final = MAX_UNPACKED
"""Bytes of a dead record's value that are kept; a larger one is cut and its SHA-256 kept beside it."""
KEPT_KEY: Final = 4_096
"""The same for its key: the longest that a mention can have is 2,081 bytes (platform, colon, 512 characters)."""
NO_KEY: Final = b"#none|"
"""Begins the key of a dead letter whose record had none: a compacted topic takes no record without a key."""
LARGEST: Final = topics.SCORED.max_message_bytes - 65_536
"""Bytes of a batch: what the topic takes, less room for the record's own frame."""
_KIND_INDEX: Final = {kind: index for index, kind in enumerate(scored.KINDS)}
_MAX_FOLLOWERS: Final = 2**32 - 1


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
    dead: list[Write]
    forgotten: list[Write]
    """Tombstones for `dead-letters`: what is deleted upstream goes from there too."""
    progress: int
    tick_offset: int | None
    """Offset of the largest tick of the slice: a restart that reads from there knows its progress at once."""
    outcomes: Counter[str] = field(default_factory=Counter)
    late: int = 0
    rows: int = 0
    languages: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Pending:
    """A mention that is to be scored."""

    record: Record
    mention: Mention
    brands: tuple[str, ...]
    late: bool
    label: int


@dataclass(slots=True)
class _Columns:
    """What is gathered for one partition of `scored`."""

    brands: dict[str, int] = field(default_factory=dict)
    langs: dict[str, int] = field(default_factory=dict)
    platforms: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    terms: list[Sequence[str]] = field(default_factory=list)


def _index(table: dict[str, int], value: str, limit: int = 255) -> int:
    found = table.get(value)
    if found is None:
        if len(table) >= limit:
            return 0
        found = table[value] = len(table)
    return found


class ScoreCore:
    """Turns slices into batches; pure, and the same for every worker with the same settings and model."""

    def __init__(
        self,
        matcher: BrandMatcher,
        model: TextModel,
        settings: ScoreSettings,
        scored_partitions: int,
        *,
        lists: AuthorLists | None = None,
        brand_words: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        self._matcher = matcher
        self._model = model
        self._settings = settings
        self._partitions = scored_partitions
        self._lists = lists or NOBODY
        self._brand_words = brand_words or {}

    def parts(self, source: str, partition: int, progress: int, records: Sequence[Record]) -> Iterator[Scored]:
        """Yield what `slice` makes of `records`, cut shorter where a batch would not fit into one record."""
        result = self.slice(source, partition, progress, records)
        if len(records) == 1 or all(len(write.value or b"") <= LARGEST for write in result.writes):
            yield result
            return
        middle = len(records) // 2
        for half in (records[:middle], records[middle:]):
            for result in self.parts(source, partition, progress, half):
                progress = result.progress
                yield result

    def slice(self, source: str, partition: int, progress: int, records: Sequence[Record]) -> Scored:
        """Score `records`, consecutive ones of `partition` of the topic `source`; `progress` is what came before."""
        first, last = records[0].offset, records[-1].offset
        outcomes = bytearray(last - first + 1)  # HOLE where compaction left none
        result = Scored([], [], [], progress, None)
        pending: list[_Pending] = []
        retracted: list[tuple[Record, str, str, int]] = []
        ticks: list[tuple[int, int]] = []
        everyone = False
        for record in records:
            what = decode(record.key, record.value)
            if isinstance(what, Mention):
                outcome = self._sort(record, what, partition, pending, retracted, result)
            elif isinstance(what, Tick):
                at = what.at if self._settings.replay else record.timestamp
                if at > result.progress:
                    result.progress, result.tick_offset = at, record.offset
                    ticks.append((record.offset, at))
                everyone, outcome = True, CONTROL
            elif isinstance(what, Deletion):
                retracted.append((record, what.platform, what.id, FINAL_REV))
                result.forgotten.append(_forget(record, partition))
                outcome = CONTROL
            else:
                result.dead.append(dead_letter(record, topics.MENTIONS.name, partition, what))
                outcome = DEAD_LETTER
            outcomes[record.offset - first] = outcome
        columns = self._columns(pending, result)
        self._retract(retracted, columns, self._partitions)
        home = scored.home_of(partition, self._partitions)
        columns.setdefault(home, _Columns())
        for target in range(self._partitions) if everyone else sorted(columns):
            batch = ScoredBatch(
                scored.SCHEMA,
                source,
                partition,
                first,
                last,
                ticks,
                **_finish(columns.get(target)),
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

    def _sort(
        self,
        record: Record,
        mention: Mention,
        partition: int,
        pending: list[_Pending],
        retracted: list[tuple[Record, str, str, int]],
        result: Scored,
    ) -> int:
        time, progress = mention.time, result.progress
        now = progress if self._settings.replay else max(progress, record.timestamp)
        if now and time > now + FUTURE:
            detail = f"created_at: {mention.created_at.isoformat()} is more than 5 minutes ahead of {iso(now)}"
            result.dead.append(dead_letter(record, topics.MENTIONS.name, partition, Rejection("future", detail)))
            return DEAD_LETTER
        if mention.op == "delete":
            retracted.append((record, mention.platform, mention.id, mention.rev or FINAL_REV))
            result.forgotten.append(_forget(record, partition))
            return CONTROL
        brands = self._matcher.match(mention)
        if isinstance(brands, Rejection):
            result.dead.append(dead_letter(record, topics.MENTIONS.name, partition, brands))
            return DEAD_LETTER
        if mention.op == "update":
            retracted.append((record, mention.platform, mention.id, mention.rev))
        if not brands:
            return UNMATCHED
        late = bool(progress) and time < progress - self._settings.lateness_ms
        pending.append(_Pending(record, mention, brands, late, progress))
        return SCORED

    def _columns(self, pending: list[_Pending], result: Scored) -> dict[int, _Columns]:
        columns: dict[int, _Columns] = {}
        if not pending:
            return columns
        words = [self._brand_words.get(item.brands[0]) for item in pending] if self._brand_words else None
        texts = self._model.score(
            [item.mention.text or "" for item in pending],
            [item.mention.lang for item in pending],
            words,
            [item.brands[0] for item in pending],
        )
        negatives, positives = texts.negative.tolist(), texts.positive.tolist()
        signatures = texts.signature.tolist()
        key = self._settings.author_key
        for i, item in enumerate(pending):
            mention = item.mention
            author = mention.author
            kind = author_kind(author, mention.text or "", self._lists, mention.time).kind
            followers, flags, who = 0, 0, 0
            if author is not None:
                followers = min(author.followers or 0, _MAX_FOLLOWERS)
                who = author_hash(mention.platform, author.id, key)
                if author.verified:
                    flags |= scored.VERIFIED
                if author.created_at is not None and mention.time - to_ms(author.created_at) < YOUNG_ACCOUNT:
                    flags |= scored.YOUNG
            if mention.repost_of is not None:
                flags |= scored.REPOST
            if item.late:
                flags |= scored.LATE
                result.late += len(item.brands)
            result.languages[texts.lang[i]] += 1
            name = f"{mention.platform}:{mention.id}"
            hashed = mention_hash(mention.platform, mention.id)
            for brand in item.brands:
                mine = columns.setdefault(scored.partition_of_brand(brand, self._partitions), _Columns())
                mine.rows.append(
                    (
                        item.record.offset, mention.time, item.label, hashed, who, signatures[i], followers, mention.rev,
                        _index(mine.brands, brand, 65_535), negatives[i], positives[i],
                        scored.UPDATE if mention.op == "update" else scored.CREATE, _KIND_INDEX[kind], flags,
                        _index(mine.langs, texts.lang[i]), _index(mine.platforms, mention.platform),
                    )
                )  # fmt: skip
                mine.ids.append(name)
                mine.terms.append(texts.terms[i])
                result.rows += 1
        return columns

    def _retract(self, retracted: list[tuple[Record, str, str, int]], columns: dict[int, _Columns], count: int) -> None:
        """Tell every partition that a mention is gone or newer: only they know which brands had it."""
        for record, platform, native_id, rev in retracted:
            hashed = mention_hash(platform, native_id)
            for target in range(count):
                mine = columns.setdefault(target, _Columns())
                mine.rows.append(
                    (record.offset, 0, 0, hashed, 0, 0, 0, rev, scored.NO_BRAND, 0, 0, scored.DELETE, 0, 0, 0, 0)
                )
                mine.ids.append("")
                mine.terms.append(())


def _finish(columns: _Columns | None) -> dict[str, Any]:
    columns = columns or _Columns()
    # In order of source offset; a retraction before the row of the same update (the sort is stable).
    order = sorted(range(len(columns.rows)), key=lambda i: (columns.rows[i][0], columns.rows[i][11] != scored.DELETE))
    table = scored.table_of([columns.rows[i] for i in order])
    ids = [columns.ids[i] for i in order]
    terms = [list(columns.terms[i]) for i in order]
    return {
        "brands": list(columns.brands),
        "langs": list(columns.langs),
        "platforms": list(columns.platforms),
        "rows": table.tobytes(),
        "ids": ids,
        "terms": terms,
    }


def _forget(record: Record, partition: int) -> Write:
    return Write(topics.DEAD_LETTERS.name, record.key, None, partition)


def dead_letter(record: Record, topic: str, partition: int, rejection: Rejection) -> Write:
    """Return what goes to `dead-letters` for `record`: its bytes, and in the headers why and where it was."""
    value = record.value
    headers = [
        ("reason", rejection.reason.encode()),
        ("detail", rejection.detail.encode("utf-8", "replace")[:2_000]),
        ("topic", topic.encode()),
        ("partition", str(partition).encode()),
        ("offset", str(record.offset).encode()),
        ("timestamp", str(record.timestamp).encode()),
    ]
    if value is not None and len(value) > KEPT_DEAD:
        headers += [("bytes", str(len(value)).encode()), ("sha256", hashlib.sha256(value).hexdigest().encode())]
        value = value[:KEPT_DEAD]
    key = record.key or NO_KEY + b"%d|%d" % (partition, record.offset)
    if len(key) > KEPT_KEY:
        headers += [("key_bytes", str(len(key)).encode()), ("key_sha256", hashlib.sha256(key).hexdigest().encode())]
        key = key[:KEPT_KEY] + b"|%d|%d" % (partition, record.offset)  # or compaction would make one of two
    return Write(topics.DEAD_LETTERS.name, key, value, partition, headers)
