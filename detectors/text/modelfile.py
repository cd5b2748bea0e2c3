"""The model as bytes: named arrays and a description, packed with msgpack, compressed, versioned and checksummed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

MAGIC: Final = "tocsin-text"
VERSION: Final = 1
LIMIT: Final = 64 * 1024 * 1024
"""Bytes a model may unpack to; the shipped one takes about a tenth."""
LARGEST: Final = 1e9
"""The largest number in a model's arrays of fractions; weights are below 100."""
NUMBERS: Final = "iuf"
"""Kinds of NumPy's numbers that an array may hold."""


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
    try:
        data = unpacker.decompress(packed, LIMIT)
        if unpacker.unconsumed_tail:
            raise ModelError(f"text model unpacks to more than {LIMIT} bytes; make it anew: `make train`")
        body = msgspec.msgpack.decode(data, type=_Body)
    except (zlib.error, msgspec.MsgspecError):
        raise ModelError("text model holds no description and arrays; make it anew: `make train`") from None
    return body.meta, {name: _array(name, *stored) for name, stored in body.arrays.items()}


class _Body(msgspec.Struct):
    meta: dict[str, Any]
    arrays: dict[str, tuple[str, list[int], bytes]]


def _array(name: str, dtype: str, shape: list[int], raw: bytes) -> npt.NDArray[Any]:
    try:
        kind = np.dtype(dtype)
        out = np.frombuffer(raw, dtype=kind).reshape(shape).copy() if kind.kind in NUMBERS else None
    except (TypeError, ValueError):
        raise ModelError(
            f"text model: array {name!r} does not have the shape {shape} of {dtype!r}; make it anew: `make train`"
        ) from None
    if out is None:
        raise ModelError(f"text model: array {name!r} holds no numbers ({dtype!r}); make it anew: `make train`")
    if out.dtype.kind == "f" and not (np.abs(out) <= LARGEST).all():  # nor is NaN
        raise ModelError(
            f"text model: array {name!r} holds what is no number up to {LARGEST:g}; make it anew: `make train`"
        )
    return out


def check(arrays: Mapping[str, npt.NDArray[Any]], shapes: Mapping[str, tuple[int | str, ...]]) -> dict[str, int]:
    """Return the lengths that `shapes` gives names. Raises `ModelError` where an array is missing or of another shape.

    Args:
        arrays: a model's; those that `shapes` does not name may be anything.
        shapes: array → its lengths; those with the same name must be equal.
    """
    lengths: dict[str, int] = {}
    for name, shape in shapes.items():
        if name not in arrays:
            raise ModelError(f"text model has no {name!r}; make it anew: `make train`")
        found = arrays[name].shape
        wanted = tuple(
            n if isinstance(n, int) else lengths.setdefault(n, found[i] if i < len(found) else 0)
            for i, n in enumerate(shape)
        )
        if found != wanted:
            raise ModelError(
                f"text model: array {name!r} is {_times(found)}, this version has {_times(wanted)}; make it anew: `make train`"
            )
    return lengths


def number(meta: Mapping[str, Any], name: str, most: int) -> int:
    """Return a whole number of a model's description. Raises `ModelError` where it is none from 0 to `most`."""
    value = meta.get(name, 0 if name == "learnt" else None)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ModelError(
            f"text model: {name!r} is {value!r:.40}, not a number from 0 to {most}; make it anew: `make train`"
        )
    return value


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "a single number"


def digest(meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> str:
    """Return a digest of description and arrays, in the order of their names."""
    out = hashlib.sha256(msgspec.json.encode(meta, order="deterministic"))
    for name in sorted(arrays):
        out.update(name.encode())
        out.update(np.ascontiguousarray(arrays[name]).tobytes())
    return out.hexdigest()
