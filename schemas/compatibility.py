"""The rule for schemas inside a major version: optional fields may be added, and nothing else may change for the worse.

What breaks somebody is listed with the path at which it does:

- a reader of old records: a field that is newly required, a value, type or length that is no longer allowed;
- a reader downstream: a field that is gone or no longer certain to be there, a type that was not there before, or
  another default (fields that have their default are left out on the wire, so it is part of the meaning).

A new value of an enumeration is allowed: readers treat a value that they do not know as they treat an absent one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

Document = dict[str, Any]

_LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_SAME: Final = ("pattern", "format", "const")


def breaks(old: Document, new: Document) -> list[str]:
    """Return one line for each way in which `new` breaks those who rely on `old`; none when it is compatible."""
    return sorted(set(_compare(old, new, old, new, "$", frozenset())))


def _compare(
    old: Any, new: Any, old_root: Document, new_root: Document, path: str, seen: frozenset[str]
) -> Iterator[str]:
    reference = old.get("$ref", "")
    if reference:
        if reference in seen:
            return  # a type that holds itself
        seen |= {reference}
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    yield from _types(_alternatives(old, old_root), _alternatives(new, new_root), old_root, new_root, path, seen)
    if ("default" in old or "default" in new) and old.get("default") != new.get("default"):
        yield f"{path}: the default was {_shown(old, 'default')} and is {_shown(new, 'default')}"
    for word in ("if", "then", "else"):
        if old.get(word) != new.get(word):
            yield f"{path}: the condition {word!r} has changed"


def _types(
    olds: dict[str, Document],
    news: dict[str, Document],
    old_root: Document,
    new_root: Document,
    path: str,
    seen: frozenset[str],
) -> Iterator[str]:
    for kind in olds.keys() - news.keys():
        yield f"{path}: {kind} is no longer allowed"
    if olds:
        for kind in news.keys() - olds.keys():
            if not kind.startswith("object:"):  # a new tagged alternative is a new kind of record, as a new enum value
                yield f"{path}: {kind} was never there before"
    for kind in olds.keys() & news.keys():
        yield from _one(olds[kind], news[kind], old_root, new_root, path, seen)


def _one(
    old: Document, new: Document, old_root: Document, new_root: Document, path: str, seen: frozenset[str]
) -> Iterator[str]:
    yield from _values(old, new, path)
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before.keys() - after.keys():
        yield f"{path}.{name}: the field is gone"
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield f"{path}.{name}: newly required"
    for name in set(old.get("required", ())) - set(new.get("required", ())):
        yield f"{path}.{name}: no longer certain to be there"
    if old.get("additionalProperties", True) is not False and new.get("additionalProperties", True) is False:
        yield f"{path}: unknown fields are no longer ignored"
    for name in before.keys() & after.keys():
        yield from _compare(before[name], after[name], old_root, new_root, f"{path}.{name}", seen)
    for word in ("items", "additionalProperties", "propertyNames"):
        if isinstance(old.get(word), dict):
            if not isinstance(new.get(word), dict):
                yield f"{path}[]: the values' type is gone"
            else:
                yield from _compare(old[word], new[word], old_root, new_root, f"{path}[]", seen)


def _values(old: Document, new: Document, path: str) -> Iterator[str]:
    gone = set(old.get("enum", ())) - set(new["enum"]) if "enum" in new else set()
    for value in sorted(gone, key=str):
        yield f"{path}: the value {value!r} is no longer allowed"
    if "enum" in new and "enum" not in old:
        yield f"{path}: only some values are allowed now"
    for bound in _LOWER_BOUNDS:
        if bound in new and (bound not in old or new[bound] > old[bound]):
            yield f"{path}: {bound} was {_shown(old, bound)} and is {new[bound]}"
    for bound in _UPPER_BOUNDS:
        if bound in new and (bound not in old or new[bound] < old[bound]):
            yield f"{path}: {bound} was {_shown(old, bound)} and is {new[bound]}"
    for word in _SAME:
        if word in new and old.get(word) != new[word]:
            yield f"{path}: {word} was {_shown(old, word)} and is {new[word]!r}"


def _resolve(schema: Document, root: Document) -> Document:
    while "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        schema = {**root["$defs"][name], **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _alternatives(schema: Document, root: Document) -> dict[str, Document]:
    """Return the types that `schema` allows, by a name that tells tagged objects apart."""
    found: dict[str, Document] = {}
    for part in schema.get("anyOf", [schema]):
        part = _resolve(part, root)
        if "anyOf" in part:
            found |= _alternatives(part, root)
            continue
        tag = part.get("properties", {}).get("type", {}).get("enum", ())
        if part.get("type") == "object" and len(tag) == 1:
            found[f"object:{tag[0]}"] = part
        elif "type" in part:
            found[str(part["type"])] = part
        elif "enum" in part:
            found["enum"] = part
    return found


def _shown(schema: Document, word: str) -> str:
    return repr(schema[word]) if word in schema else "not set"
