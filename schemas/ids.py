"""Identifiers derived from what they are about, so that a repeat is recognised wherever it turns up.

Every id is a UUID of version 5 (RFC 9562, section 5.5) under one namespace of the project's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray

NAMESPACE = UUID("5c2b6c0e-7d0b-5f7e-9b52-0d6f6a3f7a11")
"""Fixed for ever: changing it would make every id of every installation new."""

_SEPARATOR = "\x1f"  # the ASCII unit separator: cannot be typed into a brand's name by accident


def _derive(kind: str, *parts: object) -> str:
    return str(uuid5(NAMESPACE, _SEPARATOR.join((kind, *map(str, parts)))))


def fingerprint(brand: str, signal: str) -> str:
    """Return the key under which all alerts of one signal of one brand are gathered."""
    return _derive("fingerprint", brand, signal)


def alert_id(fingerprint_: str, starts_at: int) -> str:
    """Return the id of the alert of `fingerprint_` whose onset is at `starts_at` (epoch milliseconds)."""
    return _derive("alert", fingerprint_, starts_at)


def incident_id(brand: str, first_alert_id: str) -> str:
    """Return the id of the incident that the alert `first_alert_id` opened for `brand`."""
    return _derive("incident", brand, first_alert_id)


def notification_id(incident: str, step: str, round_: int, person: str, channel: str) -> str:
    """Return the idempotency key of one delivery: the same step to the same person over the same channel."""
    return _derive("notification", incident, step, round_, person, channel)


def mention_hash(platform: str, native_id: str) -> int:
    """Return the `key_hashes` of a mention that is known by its platform's name and its id there."""
    return int(key_hashes([f"{platform}:{native_id}".encode()])[0])


def key_hashes(keys: Iterable[bytes]) -> NDArray[np.uint64]:
    """Return for each record's key (`platform:id`) 64 bits that stand, inside open windows, for its mention.

    BLAKE2b cut to eight bytes; among ten million mentions in open windows two share a value with a
    probability of about 3e-6 (birthday bound).
    """
    return _hashes(_PLAIN, keys)


def author_hashes(authors: Iterable[tuple[str, str]], key: bytes) -> NDArray[np.uint64]:
    """Return 64 bits that stand for each author, keyed so that nobody without `key` can look one up.

    Args:
        authors: platform, and id there.
        key: secret; its first 64 bytes count.
    """
    return _hashes(_keyed(key), (f"{platform}:{author}".encode() for platform, author in authors))


def _hashes(begun: hashlib.blake2b, names: Iterable[bytes]) -> NDArray[np.uint64]:
    # A hash that has begun is copied: that costs half of beginning one.
    copy, digests = begun.copy, []
    for name in names:
        state = copy()
        state.update(name)
        digests.append(state.digest())
    return np.frombuffer(b"".join(digests), "<u8")


_PLAIN = hashlib.blake2b(digest_size=8)


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=8, key=key[:64])
