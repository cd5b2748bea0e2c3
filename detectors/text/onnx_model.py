"""A heavier text classifier for a second opinion: an ONNX model with its tokenizer, as model hubs export them.

    judge = OnnxModel.load(Path("models/sentiment"))    # model.onnx, tokenizer.json, config.json
    judge.probabilities(["I love this", "never again"])

Needs the extra `onnx` (onnxruntime, tokenizers); nothing of it is imported before `load`. One thread: it must not take
the cores of what scores every mention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.text.softmax import CLASSES

BATCH: Final = 16
"""Texts in one run: memory stays small also for large models."""
LONGEST: Final = 128
"""Tokens of a text that are read, where the model's configuration does not allow fewer."""
FILES: Final = ("model.onnx", "tokenizer.json", "config.json")
INPUTS: Final = frozenset({"input_ids", "attention_mask", "token_type_ids"})
INSTALL: Final = "pip install 'tocsin[onnx]'"


class OnnxError(ValueError):
    """A model that cannot be used; the message names the file and the remedy."""


class _Config(msgspec.Struct):
    id2label: dict[str, str]
    max_position_embeddings: int | None = None
    pad_token_id: int | None = None


@dataclass(slots=True)
class OnnxModel:
    """A loaded model. Not for two threads at once."""

    name: str
    session: Any
    tokenizer: Any
    columns: list[int]
    """Which of negative, neutral, positive each output is."""
    inputs: list[str]

    @classmethod
    def load(cls, path: Path) -> OnnxModel:
        """Return the model in the folder `path`, or of the file `path` with its neighbours. Raises `OnnxError`."""
        try:
            import onnxruntime
            import tokenizers
        except ImportError as missing:
            raise OnnxError(f"{missing.name} is not installed; run: {INSTALL}") from None
        folder, file = (path, path / FILES[0]) if path.is_dir() else (path.parent, path)
        for needed in (file, folder / FILES[1], folder / FILES[2]):
            if not needed.is_file():
                raise OnnxError(f"{needed}: no such file; a model is {', '.join(FILES)} in one folder")
        config = _config(folder / FILES[2])
        columns = _columns(config, folder / FILES[2])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - onnxruntime raises its own kinds, without a common base
            raise OnnxError(f"{file}: cannot be loaded: {_line(error)}") from None
        try:
            tokenizer = tokenizers.Tokenizer.from_file(str(folder / FILES[1]))
        except Exception as error:  # noqa: BLE001 - tokenizers raises bare exceptions
            raise OnnxError(f"{folder / FILES[1]}: cannot be loaded: {_line(error)}") from None
        tokenizer.enable_truncation(min(LONGEST, config.max_position_embeddings or LONGEST))
        tokenizer.enable_padding(pad_id=config.pad_token_id or 0)
        inputs = [one.name for one in session.get_inputs()]
        if unknown := set(inputs) - INPUTS:
            raise OnnxError(f"{file}: input {min(unknown)!r} is not known; known are {', '.join(sorted(INPUTS))}")
        model = cls(file.parent.name if file.name == FILES[0] else file.stem, session, tokenizer, columns, inputs)
        model.probabilities(["hello"])  # what does not run is told at the start, not in a crisis
        return model

    def probabilities(self, texts: Sequence[str]) -> list[tuple[float, float, float]]:
        """Return P(negative), P(neutral), P(positive) of each text. Raises `OnnxError` where the model does not run."""
        out: list[tuple[float, float, float]] = []
        for start in range(0, len(texts), BATCH):
            encoded = self.tokenizer.encode_batch([text[:4_000] for text in texts[start : start + BATCH]])
            feed = {
                "input_ids": [one.ids for one in encoded],
                "attention_mask": [one.attention_mask for one in encoded],
                "token_type_ids": [one.type_ids for one in encoded],
            }
            try:
                found = self.session.run(None, {name: np.array(feed[name], dtype=np.int64) for name in self.inputs})[0]
            except Exception as error:  # noqa: BLE001 - onnxruntime raises its own kinds, without a common base
                raise OnnxError(f"model {self.name} does not run: {_line(error)}") from None
            out += self._read(np.asarray(found, dtype=np.float64), len(encoded))
        return out

    def _read(self, logits: npt.NDArray[np.float64], count: int) -> list[tuple[float, float, float]]:
        if logits.shape != (count, len(self.columns)) or not np.isfinite(logits).all():
            raise OnnxError(
                f"model {self.name}: its first output is {logits.shape}, must be finite and ({count}, {len(self.columns)}): "
                "a text classifier's logits, as id2label in config.json names them"
            )
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        share = e / e.sum(axis=1, keepdims=True)
        three = np.zeros((count, len(CLASSES)))
        for column, k in enumerate(self.columns):
            three[:, k] += share[:, column]
        return [(float(a), float(b), float(c)) for a, b, c in three]


def _config(path: Path) -> _Config:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Config)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OnnxError(f"{path}: {error}") from None


def _columns(config: _Config, path: Path) -> list[int]:
    """Return the class of each output; names begin with neg, neu or pos in any case. Two classes will do."""
    heads = [name[:3] for name in CLASSES]
    columns: list[int] = []
    for i in range(len(config.id2label)):
        label = config.id2label.get(str(i), "")
        if label[:3].lower() not in heads:
            raise OnnxError(
                f"{path}: id2label: {i} is {label!r}; outputs must be called negative, neutral and positive, "
                "or it is not a model of sentiment"
            )
        columns.append(heads.index(label[:3].lower()))
    if not {0, 2} <= set(columns):
        raise OnnxError(f"{path}: id2label: there must be a negative and a positive output")
    return columns


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
