"""The model as bytes: named arrays and a description, packed with msgpack, compressed, versioned and checksummed."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

MAGIC: Final = "tocsin-text"
VERSION: Final = 1
LIMIT: Final = 64 * 1024 * 1024
"""Bytes a model may unpack to; the shipped one takes about a tenth."""


class ModelError(ValueError):
    """The bytes are no model that this version reads; the message says why and what to do."""


def pack(meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> bytes:
    """Return `meta` (JSON-like) and `arrays` as bytes; equal input gives equal bytes."""
    body = msgspec.msgpack.encode(
        {
            "meta": meta,
            "arrays": {
                name: [a.dtype.str, list(a.shape), np.ascontiguousarray(a).tobytes()] for name, a in arrays.items()
            },
        }
    )
    packed = zlib.compress(body, 9)
    return msgspec.msgpack.encode([MAGIC, VERSION, hashlib.sha256(packed).digest(), packed])


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return what `pack` was given. Raises `ModelError` for anything else."""
    try:
        magic, version, digest, packed = msgspec.msgpack.decode(data, type=tuple[str, int, bytes, bytes])
    except msgspec.MsgspecError:
        raise ModelError("not a Tocsin text model; make one with `make train`") from None
    if magic != MAGIC:
        raise ModelError("not a Tocsin text model; make one with `make train`")
    if version != VERSION:
        raise ModelError(f"text model of format {version}, this version reads {VERSION}; make it anew: `make train`")
    if hashlib.sha256(packed).digest() != digest:
        raise ModelError("text model is damaged (checksum differs); copy it again or make it anew: `make train`")
    unpacker = zlib.decompressobj()
    body = msgspec.msgpack.decode(unpacker.decompress(packed, LIMIT))
    if unpacker.unconsumed_tail:
        raise ModelError(f"text model unpacks to more than {LIMIT} bytes; make it anew: `make train`")
    arrays = {}
    for name, (dtype, shape, raw) in body["arrays"].items():
        kind = np.dtype(dtype)
        if kind.hasobject:
            raise ModelError("text model holds Python objects; make it anew: `make train`")
        arrays[name] = np.frombuffer(raw, dtype=kind).reshape(shape).copy()
    return body["meta"], arrays


def digest(meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> str:
    """Return a digest of description and arrays, in the order of their names."""
    out = hashlib.sha256(msgspec.json.encode(meta, order="deterministic"))
    for name in sorted(arrays):
        out.update(name.encode())
        out.update(np.ascontiguousarray(arrays[name]).tobytes())
    return out.hexdigest()
