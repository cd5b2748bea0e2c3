"""The names under which metrics stand on /metrics, and those that a text or a query names."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from prometheus_client import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
_MADE = re.compile(r"^from prometheus_client import ", re.MULTILINE)
_NAME = re.compile(r"\b(?:tocsin|process)_[a-z_]+\b")
_PROCESS = {
    "process_start_time_seconds",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
}


def _exposed() -> set[str]:
    for path in (ROOT / "streams").rglob("*.py"):
        if _MADE.search(path.read_text()):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    names = set(_PROCESS)  # where there is no /proc the client leaves them out
    for metric in REGISTRY.collect():
        if metric.type == "counter":
            names.add(f"{metric.name}_total")
        elif metric.type == "histogram":
            names |= {metric.name} | {f"{metric.name}_{part}" for part in ("bucket", "sum", "count")}
        else:
            names.add(metric.name)
    return names


EXPOSED = _exposed()
"""A histogram's bare name is in it, too: documents call it by that."""


def names_in(text: str) -> set[str]:
    """Return the metrics that `text` names; what a label says is not one."""
    return set(_NAME.findall(re.sub(r'"[^"]*"', "", text)))
