"""A text classifier of a dozen words as an ONNX file, written by hand: field numbers are those of onnx.proto (IR version 8).

It sums a weight for each token: logits = sum over tokens of mask x table[token].
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

FLOAT, INT64 = 1, 7
VERSION = 17
"""Of the operator set."""


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _tensor(name: str, kind: int, shape: Sequence[int], raw: bytes) -> bytes:
    return b"".join(_number(1, n) for n in shape) + _number(2, kind) + _bytes(8, name) + _bytes(9, raw)


def _value(name: str, kind: int, dims: Sequence[str | int]) -> bytes:
    shape = b"".join(_bytes(1, _bytes(2, d) if isinstance(d, str) else _number(1, d)) for d in dims)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, shape)))


def _node(op: str, inputs: Sequence[str], output: str, attributes: Mapping[str, int] | None = None) -> bytes:
    # AttributeProto: name 1, i 3, type 20 (2 is INT)
    more = b"".join(
        _bytes(5, _bytes(1, name) + _number(3, value) + _number(20, 2)) for name, value in (attributes or {}).items()
    )
    return b"".join(_bytes(1, one) for one in inputs) + _bytes(2, output) + _bytes(3, op) + _bytes(4, op) + more


def model(table: Sequence[Sequence[float]], first_input: str = "input_ids") -> bytes:
    """Return an ONNX model that adds up the rows of `table` (tokens x classes)."""
    classes = len(table[0])
    raw = b"".join(struct.pack("<f", value) for row in table for value in row)
    graph = b"".join(
        _bytes(1, node)
        for node in (
            _node("Gather", ["table", first_input], "rows", {"axis": 0}),
            _node("Cast", ["attention_mask"], "mask", {"to": FLOAT}),
            _node("Unsqueeze", ["mask", "last"], "column"),
            _node("Mul", ["rows", "column"], "kept"),
            _node("ReduceSum", ["kept", "tokens"], "logits", {"keepdims": 0}),
        )
    )
    graph += _bytes(2, "tiny")
    graph += _bytes(5, _tensor("table", FLOAT, [len(table), classes], raw))
    graph += _bytes(5, _tensor("last", INT64, [1], struct.pack("<q", 2)))
    graph += _bytes(5, _tensor("tokens", INT64, [1], struct.pack("<q", 1)))
    graph += b"".join(_bytes(11, _value(name, INT64, ["batch", "tokens"])) for name in (first_input, "attention_mask"))
    graph += _bytes(12, _value("logits", FLOAT, ["batch", classes]))
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, VERSION))


WORDS: Mapping[str, tuple[float, float, float]] = {
    "[PAD]": (9.0, 9.0, -9.0),  # would show if the mask did nothing
    "[UNK]": (0.0, 0.4, 0.0), "glass": (2.0, 0.0, -1.0), "awful": (3.0, 0.0, -2.0), "verre": (2.0, 0.0, -1.0), "jam": (0.0, 0.2, 0.0),
    "love": (-2.0, 0.0, 3.0), "bravo": (-1.0, 0.0, 2.0),
}  # fmt: skip


def folder(
    path: Path, labels: Sequence[str] = ("negative", "neutral", "positive"), first_input: str = "input_ids"
) -> Path:
    """Write a model with its tokenizer and configuration into `path`."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace

    path.mkdir(parents=True, exist_ok=True)
    (path / "model.onnx").write_bytes(model(list(WORDS.values()), first_input))
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()
    tokenizer.save(str(path / "tokenizer.json"))
    config = {"id2label": {str(i): label for i, label in enumerate(labels)}, "pad_token_id": 0, "model_type": "tiny"}
    (path / "config.json").write_text(json.dumps(config))
    return path
