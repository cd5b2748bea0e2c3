"""What routes, silences and inhibition may ask about an alert or an incident, and whether it fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from schemas.events import SEVERITIES, Alert, Severity
from streams.policy.model import Match, Policy

Labels = dict[str, frozenset[str]]
"""Label → its values; several where several alerts, platforms or languages are concerned."""

KNOWN: Final = ("brand", "severity", "signal", "trigger", "kind", "platform", "language", "author_kind")
"""Labels that every alert has; brands add theirs (`market`, `sector`, …)."""


def rank(severity: str) -> int:
    """Return 0 for L1 to 3 for L4."""
    return SEVERITIES.index(severity)


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the highest of `severities`; L1 where there is none."""
    return max(severities, key=rank, default="L1")


def labels_of(alerts: Iterable[Alert], severity: Severity, policy: Policy) -> Labels:
    """Return the labels of an incident of `severity` made of `alerts` (one alone counts as well)."""
    found: dict[str, set[str]] = {name: set() for name in KNOWN}
    found["severity"] = {severity}
    for alert in alerts:
        found["brand"].add(alert.brand)
        found["signal"].add(alert.signal)
        found["trigger"].add(alert.trigger)
        found["kind"].add(alert.kind)
        found["platform"].update(alert.platforms)
        for driver in alert.drivers:
            if driver.kind in {"language", "author_kind"}:
                found[driver.kind].add(driver.value)
        brand = policy.brands.get(alert.brand)
        for name, value in brand.labels.items() if brand else ():
            found.setdefault(name, set()).update(part.strip() for part in value.split(","))
    return {name: frozenset(values) for name, values in found.items()}


def fits(match: Match, labels: Labels) -> str | None:
    """Return None where `labels` fit `match`, else the first reason why not: `severity L1 is not L3+`."""
    for name, wanted in match.items():
        values = labels.get(name, frozenset())
        if not _fits_one(wanted, values):
            return f"{name} {' '.join(sorted(values)) or '(none)'} is not {' or '.join(wanted)}"
    return None


def _fits_one(wanted: list[str], values: frozenset[str]) -> bool:
    refused = [want[1:] for want in wanted if want.startswith("!")]
    if any(_same(want, value) for want in refused for value in values):
        return False
    asked = [want for want in wanted if not want.startswith("!")]
    return not asked or any(_same(want, value) for want in asked for value in values)


def _same(want: str, value: str) -> bool:
    if want in {value, "*"}:
        return True
    if want.endswith("+") and want[:-1] in SEVERITIES and value in SEVERITIES:
        return rank(value) >= rank(want[:-1])
    return any(sign in want for sign in "*?[") and fnmatchcase(value, want)


def covers(wide: Match, narrow: Match) -> bool:
    """Tell whether everything that fits `narrow` surely fits `wide` as well."""
    return all(name in narrow and _covers_one(values, narrow[name], name) for name, values in wide.items())


def _covers_one(wide: list[str], narrow: list[str], name: str) -> bool:
    if name == "severity":  # four values: try them
        return all(_fits_one(wide, frozenset({one})) for one in SEVERITIES if _fits_one(narrow, frozenset({one})))
    if set(wide) == set(narrow):
        return True
    plain = all(not value.startswith("!") and not any(sign in value for sign in "*?[") for value in narrow)
    # An incident may have several values of a label (two signals): a refused one may be among them.
    return (
        plain
        and not any(want.startswith("!") for want in wide)
        and all(_fits_one(wide, frozenset({v})) for v in narrow)
    )


def matcher(plain: Mapping[str, str]) -> Match:
    """Return the matchers of a `silence` command (`severity: "L1,L2"`) in the policy's form."""
    return {name: [part.strip() for part in value.split(",") if part.strip()] for name, value in plain.items()}
