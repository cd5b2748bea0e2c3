"""From YAML to structs, with every error at once: `file: path.to.field: value — what is wrong (did you mean …?)`."""

from __future__ import annotations

import types
import typing
from pathlib import Path
from typing import Any, TypeVar, Union

import msgspec
import yaml
from msgspec import Struct

from streams.errors import UserError, did_you_mean, without_credentials
from streams.yaml_bounds import BoundedLoader, out_of_bounds

S = TypeVar("S", bound=Struct)


class _Once(BoundedLoader):
    """A safe loader of YAML; a key given twice is a fault, not a silent choice of the last, and a time stays text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - a table that SafeLoader declares so
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is given twice; keep one of them", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def load_yaml(path: Path) -> Any:
    """Return the parsed YAML of `path`; raises UserError that names the file, line and remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; copy deploy/config/tocsin.example.yaml to begin with") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        raw = yaml.load(text, Loader=_Once)  # noqa: S506 - a SafeLoader that refuses repeated keys
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise UserError(
            f"{where}: not YAML: {error.problem}; check what stands there, its indentation and its quotes"
        ) from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a number of ten thousand digits
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())[:200]}") from None
    if fault := out_of_bounds(raw):
        raise UserError(f"{path}: {fault}")
    return raw


def build(type_: type[S], data: Any, path: str, errors: list[str]) -> S | None:
    """Return `data` as `type_`, with one line per fault appended to `errors`; `path` is where `data` stands.

    A field at fault has its default, an item at fault is None: good for looking for more faults, so that all are told
    at once, and for nothing else. None where a required field is missing.
    """
    if data is None:
        data = {}
    if not isinstance(data, dict):
        errors.append(f"{path or 'the file'}: {_shown(data)} must be a mapping of settings, as in name: value")
        return None
    known = {field.encode_name: field for field in msgspec.structs.fields(type_)}
    values: dict[str, Any] = {}
    for name, value in data.items():
        field = known.get(name)
        if field is None:
            errors.append(f"{_join(path, name)}: no such setting{_hint(str(name), known)}")
            continue
        before = len(errors)
        made = _value(field.type, value, _join(path, name), errors)
        if made is not None or len(errors) == before:
            values[field.name] = made
    missing = (f for n, f in known.items() if n not in data and f.required)
    errors += (f"{_join(path, field.encode_name)}: missing; it is required" for field in missing)
    return type_(**values) if all(f.name in values for f in known.values() if f.required) else None


def _value(type_: Any, value: Any, path: str, errors: list[str]) -> Any:
    """Return `value` as `type_`; None where there is nothing good about it."""
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        plain = [argument for argument in arguments if argument is not type(None)]
        if len(plain) == 1:
            return _value(plain[0], value, path, errors)
    if isinstance(type_, type) and issubclass(type_, Struct):
        return build(type_, value, path, errors)
    if origin in (list, tuple) and isinstance(value, list):
        return [_value(arguments[0], item, f"{path}[{i}]", errors) for i, item in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {str(key): _value(arguments[1], item, _join(path, key), errors) for key, item in value.items()}
    try:
        return msgspec.convert(value, type_, strict=True)
    except msgspec.ValidationError:
        errors.append(f"{path}: {_shown(value)} {without_credentials(_must(msgspec.inspect.type_info(type_), value))}")
        return None


def expected(kind: msgspec.inspect.Type) -> str:
    """Return in words what a value of `kind` is: `a whole number from 1 to 1024`."""
    match kind:
        case msgspec.inspect.LiteralType(values=allowed):
            return f"one of {', '.join(map(str, allowed))}"
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType(ge=least, le=most, multiple_of=step):
            return "a whole number" + _range(least, most) + (f", a multiple of {step}" if step else "")
        case msgspec.inspect.FloatType(ge=least, le=most):
            return "a number" + _range(least, most)
        case msgspec.inspect.StrType(min_length=least, max_length=most, pattern=pattern):
            return f"text that matches `{pattern}`" if pattern else "text" + _range(least, most, " characters")
        case msgspec.inspect.CollectionType(item_type=item):
            return f"a list, each {expected(item)}"
        case msgspec.inspect.DictType(value_type=item):
            return f"a mapping of names, each to {expected(item)}"
        case msgspec.inspect.UnionType(types=kinds):
            return " or ".join(expected(one) for one in kinds if not isinstance(one, msgspec.inspect.NoneType))
        case _:
            return "a mapping of settings"


def _must(kind: msgspec.inspect.Type, value: Any) -> str:
    """Return what a value of `kind` must be, and how to make it so."""
    hint = ""
    if isinstance(kind, msgspec.inspect.LiteralType):
        hint = did_you_mean(str(value), map(str, kind.values))
    elif isinstance(kind, msgspec.inspect.StrType) and not isinstance(value, str):
        hint = f'; write it in quotes: "{value}"'
    elif isinstance(kind, msgspec.inspect.CollectionType):
        hint = f"; write it in brackets: [{value}]"
    return f"must be {expected(kind)}{hint}"


def _range(least: float | None, most: float | None, unit: str = "") -> str:
    if least is None and most is None:
        return ""
    if most is None:
        return f", at least {least:g}{unit}"
    return f" from {least:g} to {most:g}{unit}" if least is not None else f", at most {most:g}{unit}"


def _join(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _shown(value: Any) -> str:
    text = without_credentials(repr(value))  # nothing here is a secret, but people paste whole addresses
    return text if len(text) <= 60 else f"{text[:57]}…"


def _hint(name: str, known: typing.Iterable[str]) -> str:
    known = list(known)
    return did_you_mean(name, known) or f"; known here: {', '.join(sorted(known))}"
