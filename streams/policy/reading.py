"""From YAML to structs with every error at once, each naming its path, the value and what to write instead.

msgspec stops at the first thing that does not fit; somebody who mends a policy wants the whole list.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import yaml
from msgspec import Meta, Struct

from streams.errors import did_you_mean
from streams.policy.units import READERS
from streams.yaml_bounds import BoundedLoader, out_of_bounds

T = TypeVar("T")
Report = Callable[[str, str], None]
"""Takes a path and what is wrong there."""

_NOTHING: Final = object()
_NAMES: Final[dict[type, str]] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


_HUSHED: Final = re.compile(
    r"(?:^|[.])(?:url|options|[^.]*(?:secret|password|token|key)[^.]*)(?:[.\[]|$)", re.IGNORECASE
)
"""Paths whose value may be a secret."""
_ADDRESS: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*:(?=//|\S+@)(?://)?")


class _Loader(BoundedLoader):
    """YAML in which `22:00` stays text, `no` is a word and a repeated key is an error."""


_KEPT: Final = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:timestamp")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag not in _KEPT]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str | int | float | bool):
            raise yaml.constructor.ConstructorError(None, None, "a key has to be a word", key_node.start_mark)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f'"{key}" is there twice', key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse(text: str) -> Any:
    """Return what the YAML `text` says; raises ValueError with line and reason."""
    try:
        raw = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # What an alias (`*name`) is called may be what somebody meant as a value.
        problem = re.sub(r"(alias|anchor) '.*'", r"\1; quote what begins with * or &", str(error.problem))
        raise ValueError(f"line {mark.line + 1 if mark else '?'}: {problem}") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a number of ten thousand digits
        raise ValueError(f"not YAML: {' '.join(str(error).split())[:200]}") from None
    if fault := out_of_bounds(raw):
        raise ValueError(f"not a policy: {fault}")
    return raw


def read(raw: Any, type_: type[T], path: str, report: Report) -> T | None:
    """Return `raw` as a `type_`, or None after having reported everything that does not fit."""
    found = _read(raw, type_, path, report)
    return None if found is _NOTHING else found


def _read(raw: Any, type_: Any, path: str, report: Report) -> Any:
    origin, args = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return _read_annotated(raw, args, path, report)
    if origin in {Union, types.UnionType}:
        if raw is None and type(None) in args:
            return None
        return _read(raw, next(arg for arg in args if arg is not type(None)), path, report)
    if origin is Literal:
        return _read_literal(raw, [str(arg) for arg in args], path, report)
    if origin is list:
        return _read_list(raw, args[0], path, report)
    if origin is dict:
        return _read_dict(raw, args, path, report)
    if isinstance(type_, type) and issubclass(type_, Struct):
        return _read_struct(raw, type_, path, report)
    return _read_plain(raw, type_, path, report)


def _read_annotated(raw: Any, args: tuple[Any, ...], path: str, report: Report) -> Any:
    for meta in args[1:]:
        reader = READERS.get((meta.extra or {}).get("read", "")) if isinstance(meta, Meta) else None
        if reader:
            try:
                return reader(raw)
            except ValueError as error:
                report(path, str(error))
                return _NOTHING
    return _read(raw, args[0], path, report)


def _read_literal(raw: Any, allowed: list[str], path: str, report: Report) -> Any:
    if isinstance(raw, str) and raw in allowed:
        return raw
    report(path, f"{_show(raw, path)} is not one of {', '.join(allowed)}{did_you_mean(str(raw), allowed)}")
    return _NOTHING


def _read_list(raw: Any, item: Any, path: str, report: Report) -> Any:
    if isinstance(raw, str) and item is str:
        raw = [raw]  # one name needs no brackets
    if not isinstance(raw, list):
        report(path, f"{_show(raw, path)} is no list: write it in [brackets] or with a dash a line")
        return _NOTHING
    found = [_read(one, item, f"{path}[{index}]", report) for index, one in enumerate(raw)]
    return _NOTHING if any(one is _NOTHING for one in found) else found


def _read_dict(raw: Any, args: tuple[Any, ...], path: str, report: Report) -> Any:
    if not isinstance(raw, dict):
        report(path, f"{_show(raw, path)} is no mapping: write `name: value` a line")
        return _NOTHING
    found = {}
    for key, value in raw.items():
        at = f"{path}.{key}" if path else str(key)
        name = _read(str(key), args[0], at, report)
        found[name] = _read(value, args[1], at, report)
    return _NOTHING if any(one is _NOTHING for pair in found.items() for one in pair) else found


def _read_struct(raw: Any, type_: type[Struct], path: str, report: Report) -> Any:
    if not isinstance(raw, dict):
        report(path, f"{_show(raw, path)} is no mapping: write its fields, `name: value` a line")
        return _NOTHING
    hints = get_type_hints(type_, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(type_)}
    found, whole = {}, True
    for key, value in raw.items():
        at = f"{path}.{key}" if path else str(key)
        if key not in fields:
            hint = did_you_mean(str(key), fields) or f" (known: {', '.join(fields)})"
            report(at, f'unknown field "{key}"{hint}')
            whole = False
            continue
        one = _read(value, hints[fields[key].name], at, report)
        whole &= one is not _NOTHING
        found[fields[key].name] = one
    for name, field in fields.items():
        if field.required and name not in raw:
            report(f"{path}.{name}" if path else name, "is missing")
            whole = False
    return type_(**found) if whole else _NOTHING


def _read_plain(raw: Any, type_: Any, path: str, report: Report) -> Any:
    if type_ is str and isinstance(raw, int | float) and not isinstance(raw, bool):
        return str(raw)
    fits = isinstance(raw, bool) if type_ is bool else isinstance(raw, type_) and not isinstance(raw, bool)
    if type_ is float and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw)
    if not fits:
        report(path, f"{_show(raw, path)} is not {_NAMES.get(type_, type_)}")
        return _NOTHING
    return raw


def _show(raw: Any, path: str) -> str:
    """Return what stands at `path`, but never an address or a secret: people put them in the wrong places."""
    if raw is None:
        return "nothing"
    if isinstance(raw, dict | list):
        return "a mapping" if isinstance(raw, dict) else "a list"
    if _HUSHED.search(path):
        return "what stands there"
    address = _ADDRESS.match(str(raw))
    return f'"{address[0]}…"' if address else f'"{raw}"'
