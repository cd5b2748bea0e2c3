"""What changes for people between two policies: `tocsin policy diff OLD NEW`."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.events import SEVERITIES
from streams.policy.labels import Labels
from streams.policy.load import without_addresses
from streams.policy.model import Policy
from streams.policy.people import resolve
from streams.policy.routes import route_labels
from streams.policy.units import show_duration


def diff(old: Policy, new: Policy, at: int) -> list[str]:
    """Return the changes, one a line: who is paged otherwise at `at` (epoch ms), then every field that differs."""
    found = []
    for brand in sorted({"", *old.brands, *new.brands}):
        for severity in SEVERITIES:
            before, after = (_chain_line(policy, brand, severity, at) for policy in (old, new))
            if before != after:
                found.append(f"{brand or 'any brand'} {severity}: {before}  →  {after}")
    found += _fields("", without_addresses(old), without_addresses(new))
    if not found and old != new:
        found.append("only addresses differ")
    return found


def _chain_line(policy: Policy, brand: str, severity: str, at: int) -> str:
    labels: Labels = {"severity": frozenset({severity})}
    if brand:
        known = policy.brands.get(brand)
        labels["brand"] = frozenset({brand})
        labels |= {name: frozenset({value}) for name, value in (known.labels if known else {}).items()}
    parts = []
    for name in route_labels(policy, labels).chains:
        for step in policy.chains[name].steps:
            people = ", ".join(resolve(policy, step.notify, at).people) or "nobody"
            parts.append(f"{people} ({show_duration(step.wait)})")
    return " then ".join(parts) or "nobody"


def _fields(path: str, old: Any, new: Any) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in dict.fromkeys([*old, *new]):
            at = f"{path}.{key}" if path else str(key)
            if key not in new:
                found.append(f"{at}: removed")
            elif key not in old:
                found.append(f"{at}: added")
            else:
                found += _fields(at, old[key], new[key])
        return found
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            line for index, pair in enumerate(zip(old, new, strict=True)) for line in _fields(f"{path}[{index}]", *pair)
        ]
    return [] if old == new else [f"{path}: {_text(old)} → {_text(new)}"]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
