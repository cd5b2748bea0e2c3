"""From YAML to structs, with every error at once: `file: path.to.field: value — what is wrong (did you mean …?)`."""

from __future__ import annotations

import difflib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar, Union

import msgspec
import yaml
from msgspec import Struct

from streams.errors import UserError

S = TypeVar("S", bound=Struct)


def load_yaml(path: Path) -> Any:
    """Return the parsed YAML of `path`; raises UserError that names the file, line and remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file; copy deploy/config/{path.name.split('.')[0]}.example.yaml to begin with"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise UserError(f"{where}: not YAML: {error.problem}; check the indentation and the quotes there") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {error}") from None


def build(type_: type[S], data: Any, path: str, errors: list[str]) -> S | None:
    """Return `data` as `type_`, or None with one line per fault appended to `errors`; `path` is where `data` stands."""
    if data is None:
        data = {}
    if not isinstance(data, dict):
        errors.append(f"{path or 'the file'}: {_shown(data)} must be a mapping of settings")
        return None
    before = len(errors)
    known = {field.encode_name: field for field in msgspec.structs.fields(type_)}
    values: dict[str, Any] = {}
    for name, value in data.items():
        field = known.get(name)
        if field is None:
            errors.append(f"{_join(path, name)}: no such setting{_hint(str(name), known)}")
            continue
        values[field.name] = _value(field.type, value, _join(path, name), errors)
    missing = (f for n, f in known.items() if n not in data and f.required)
    errors += (f"{_join(path, field.encode_name)}: missing; it is required" for field in missing)
    return type_(**values) if len(errors) == before else None


def _value(type_: Any, value: Any, path: str, errors: list[str]) -> Any:
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        structs = [a for a in arguments if isinstance(a, type) and issubclass(a, Struct)]
        if len(structs) == 1 and isinstance(value, dict):
            return build(structs[0], value, path, errors)
    if isinstance(type_, type) and issubclass(type_, Struct):
        return build(type_, value, path, errors)
    if (
        origin in (list, tuple)
        and isinstance(value, list)
        and isinstance(arguments[0], type)
        and issubclass(arguments[0], Struct)
    ):
        return [build(arguments[0], item, f"{path}[{i}]", errors) for i, item in enumerate(value)]
    if (
        origin is dict
        and isinstance(value, dict)
        and isinstance(arguments[1], type)
        and issubclass(arguments[1], Struct)
    ):
        return {str(key): build(arguments[1], item, _join(path, key), errors) for key, item in value.items()}
    try:
        return msgspec.convert(value, type_, strict=True)
    except msgspec.ValidationError as error:
        reason = str(error)
        inner = ""
        if " - at `$" in reason:
            reason, _, where = reason.partition(" - at `$")
            inner = where.rstrip("`")
        errors.append(f"{path}{inner}: {_shown(value)}: {reason[0].lower()}{reason[1:]}")
        return None


def _join(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _hint(name: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f' (did you mean "{close[0]}"?)' if close else f"; known here: {', '.join(sorted(known))}"
