"""What becomes of a record that cannot be used: its bytes on `dead-letters`, and in the headers why and where it was."""

from __future__ import annotations

import hashlib
from typing import Final

from schemas import topics
from schemas.mention import MAX_UNPACKED, Rejection
from streams.engine.records import Record, Unread, Write

KEPT_TOO_LARGE: Final = 65_536
"""Bytes that are kept of a value too large to be read (MAX_UNPACKED), and its SHA-256 beside them: compressed, hundreds come in a
record batch of a few hundred kilobytes."""
KEPT_KEY: Final = 4_096
"""The same for its key: the longest that a mention can have is 2,081 bytes (platform, colon, 512 characters)."""
NO_KEY: Final = b"#none|"
"""Begins the key of a dead letter whose record had none: a compacted topic takes no record without a key."""


def dead_letter(record: Record, topic: str, partition: int, rejection: Rejection) -> Write:
    """Return what goes to `dead-letters` for `record`: its bytes, and in the headers why and where it was."""
    value = record.value
    if isinstance(record, Unread):
        rejection, value = (
            Rejection(record.reason, record.why),
            b"",
        )  # without a value compaction would take the letter away
    headers = [
        ("reason", rejection.reason.encode()),
        ("detail", rejection.detail.encode("utf-8", "replace")[:2_000]),
        ("topic", topic.encode()),
        ("partition", str(partition).encode()),
        ("offset", str(record.offset).encode()),
        ("timestamp", str(record.timestamp).encode()),
    ]
    if value is not None and len(value) > MAX_UNPACKED:
        headers += [("bytes", str(len(value)).encode()), ("sha256", hashlib.sha256(value).hexdigest().encode())]
        value = value[:KEPT_TOO_LARGE]
    key = record.key or NO_KEY + b"%d|%d" % (partition, record.offset)
    if len(key) > KEPT_KEY:
        headers += [("key_bytes", str(len(key)).encode()), ("key_sha256", hashlib.sha256(key).hexdigest().encode())]
        key = key[:KEPT_KEY] + b"|%d|%d" % (partition, record.offset)  # or compaction would make one of two
    return Write(topics.DEAD_LETTERS.name, key, value, partition, headers)
