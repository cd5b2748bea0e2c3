"""JSON Schema 2020-12 documents of everything that travels as JSON, made from the structs that read and write it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from schemas import events, journal, mention
from schemas.docstrings import field_docs
from schemas.times import FIRST_TWEET, iso

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
VERSION: Final = events.SCHEMA
"""Major version of every document: what a baseline holds still (see `schemas.compatibility`)."""

Document = dict[str, Any]

DOCUMENTS: Final[dict[str, tuple[Any, str]]] = {
    "alert": (events.Alert, "An onset, its worsening or its end"),
    "alert-tick": (events.AlertTick, "Replay time on the topic alerts"),
    "brand-entry": (events.BrandEntry, "A brand on the watch list"),
    "command": (events.Command, "A person's decision"),
    "feedback": (events.Feedback, "An analyst's label"),
    "incident": (events.Incident, "An incident as it now is"),
    "journal-entry": (journal.JournalEntry, "What the notifier took or decided"),
    "mention": (mention.Mention, "A mention"),
    "notification": (events.Notification, "An attempt to reach somebody"),
    "signal": (events.Signal, "A verdict that fired or came close"),
    "tick": (mention.Tick, "Time as a record on the topic mentions"),
    "window": (events.Window, "A closed minute of a brand"),
}
"""File name without `.schema.json` -> what it describes, and its title."""


def documents() -> dict[str, Document]:
    """Return every document by name."""
    return {name: document(name, type_, title) for name, (type_, title) in sorted(DOCUMENTS.items())}


def document(name: str, type_: Any, title: str) -> Document:
    """Return the document `name` of `type_`: a struct or a union of structs."""
    (root,), parts = msgspec.json.schema_components([type_], ref_template="#/$defs/{name}")
    for part in _structs(type_, {}).values():
        _tell(parts[part.__name__], part)
    if "$ref" in root:
        root = parts.pop(root["$ref"].rpartition("/")[2])
    root.pop("discriminator", None)  # OpenAPI's word; in JSON Schema each alternative names its `type` itself
    head = {"$schema": DIALECT, "$id": f"urn:tocsin:schema:{name}:{VERSION}", "title": title}
    root = head | {word: value for word, value in root.items() if word != "title"}
    if type_ is mention.Mention:
        _mention_rules(root)
    if parts:
        root["$defs"] = dict(sorted(parts.items()))
    return root


def _structs(type_: Any, found: dict[str, type[Struct]]) -> dict[str, type[Struct]]:
    """Return every struct that `type_` is made of, by name."""
    if isinstance(type_, type) and issubclass(type_, Struct):
        if type_.__name__ not in found:
            found[type_.__name__] = type_
            for field in msgspec.structs.fields(type_):
                _structs(field.type, found)
    else:
        for part in get_args(type_):
            _structs(part, found)
    return found


def _tell(schema: Document, type_: type[Struct]) -> None:
    """Add to a struct's schema what its types alone do not say: words, times, the version."""
    docs = field_docs(type_)
    for field in msgspec.structs.fields(type_):
        about = schema["properties"][field.encode_name]
        if field.name in docs:
            about["description"] = docs[field.name]
        if field.name == "schema":
            about["const"] = about.pop("default")
            about["default"] = about["const"]
            about["description"] = "Major version; inside one only optional fields are added."
        if field.type is datetime:
            about["format"] = "date-time"
        elif datetime in get_args(field.type):
            next(kind for kind in about["anyOf"] if kind["type"] == "string")["format"] = "date-time"


def _mention_rules(root: Document) -> None:
    """Add what `schemas.mention.decode` checks beyond the struct."""
    root["properties"]["created_at"]["description"] = (
        f"When it was said, not before {iso(FIRST_TWEET)} and not more than five minutes ahead of the broker's time. "
        "A time without a zone is taken as UTC."
    )
    root["if"] = {"properties": {"op": {"const": "delete"}}, "required": ["op"]}
    root["else"] = {"properties": {"text": {"type": "string"}}, "required": ["text"]}
