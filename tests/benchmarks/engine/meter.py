"""What a process has used, from outside (Linux /proc) or from inside."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")


class Reading(NamedTuple):
    """One look at a process."""

    wall: float
    cpu: float
    """Seconds of all its threads, user and system."""
    rss_mb: float
    peak_mb: float
    files: int


def read(pid: int | str = "self") -> Reading:
    """Return what process `pid` has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return Reading(
        time.monotonic(), (int(fields[11]) + int(fields[12])) / _TICKS,
        int(status["VmRSS"].split()[0]) / 1_024, int(status["VmHWM"].split()[0]) / 1_024,
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
    )  # fmt: skip


class Stopwatch:
    """CPU and wall time of this very process between the first and the last record."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._count = 0
        self._first = 0
        self._begun: tuple[float, float] | None = None

    def took(self, records: int) -> dict[str, float] | None:
        """Count `records`; return the figures when all have come. What came first starts the clock and is not counted."""
        self._left -= records
        if self._begun is None:
            self._begun = time.perf_counter(), time.process_time()
            return None
        self._count += records
        if self._left > 0:
            return None
        wall, cpu = time.perf_counter() - self._begun[0], time.process_time() - self._begun[1]
        return figures(self._count, wall, cpu, read().peak_mb)


def figures(count: int, wall: float, cpu: float, peak_mb: float) -> dict[str, float]:
    """Return the three figures of the contract."""
    return {
        "mentions_per_second": round(count / wall, 1),
        "cpu_seconds_per_million": round(cpu / count * 1e6, 2),
        "peak_mb": round(peak_mb, 1),
    }
