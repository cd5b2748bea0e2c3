"""What is known of one brand: its alerts, the verdicts that came close and its closed minutes, live or of a backtest."""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from schemas import scored, topics
from schemas.bounds import readable
from schemas.events import Alert, Signal, Window
from schemas.times import to_ms
from streams import consoles
from streams.errors import UserError, did_you_mean
from streams.settings import Settings

T = TypeVar("T", bound=msgspec.Struct)

SHOWN = 5
"""Names in an error."""


class Log(Struct):
    """One brand's log, each kind in order of time."""

    brand: str
    settings: Settings
    alerts: list[Alert]
    signals: list[Signal]
    windows: list[Window]


class Source(ABC):
    """Where the log is: the topics, or a folder."""

    settings: Settings

    @abstractmethod
    def alerts(self) -> list[Alert]:
        """Return all alert events, each once."""

    @abstractmethod
    def brands(self) -> list[str]:
        """Return the names of the brands that are known."""

    @abstractmethod
    def signals_of(self, brand: str) -> list[Signal]:
        """Return the signals of `brand`."""

    @abstractmethod
    def windows_of(self, brand: str) -> list[Window]:
        """Return the closed minutes of `brand`."""

    def log(self, brand: str) -> Log:
        """Return the log of `brand`, in order of time, each record once."""
        alerts = {(a.alert_id, a.sequence): a for a in self.alerts() if a.brand == brand}
        windows = {window.start: window for window in self.windows_of(brand)}
        signals = {(s.signal, s.detected_at): s for s in self.signals_of(brand)}
        return Log(
            brand,
            self.settings,
            sorted(alerts.values(), key=lambda a: (a.detected_at, a.sequence)),
            sorted(signals.values(), key=lambda s: s.detected_at),
            [windows[start] for start in sorted(windows)],
        )

    def brand_named(self, name: str) -> str:
        """Return the brand called `name`, whatever its case; raises UserError with the nearest one."""
        known = self.brands()
        found = {brand.casefold(): brand for brand in known}.get(name.casefold())
        if found is None:
            near = did_you_mean(name, known)
            some = ", ".join(sorted(known)[:SHOWN]) or "none"
            raise UserError(f"--missed: no brand {name!r}{near or f'; known are {some}'}")
        return found

    def events_of(self, prefix: str) -> list[Alert]:
        """Return the events of the alert whose id begins with `prefix`, in order; raises UserError."""
        events: dict[str, dict[int, Alert]] = {}
        for alert in self.alerts():
            events.setdefault(alert.alert_id, {})[alert.sequence] = alert
        matches = [name for name in events if name.startswith(prefix)] if prefix else []
        if len(matches) > 1:
            raise UserError(f"alert {prefix!r}: {len(matches)} ids begin so; give more characters")
        if not matches:
            raise UserError(f"alert {prefix!r}: no such alert{_nearest(prefix, events)}")
        return [event for _, event in sorted(events[matches[0]].items())]


def _nearest(prefix: str, events: dict[str, dict[int, Alert]]) -> str:
    if not events:
        return "; there is none at all"
    near = did_you_mean(prefix, [*events, *(name[:8] for name in events)])
    if near:
        return near
    newest = max(events.values(), key=lambda one: max(alert.detected_at for alert in one.values()))
    last = newest[max(newest)]
    return f"; the newest is {last.alert_id[:8]} ({last.severity} {last.brand}, {last.detected_at:%Y-%m-%dT%H:%MZ})"


class Topics(Source):
    """The topics of a running system."""

    def __init__(self, settings: Settings) -> None:
        consoles.ready(settings)
        self.settings = settings
        self._alerts: list[Alert] | None = None

    def alerts(self) -> list[Alert]:
        """Return all alert events."""
        if self._alerts is None:
            records = consoles.read_all(self.settings, topics.ALERTS)
            kept = [r.value for r in records if r.value is not None and not (r.key or b"").startswith(b"#")]
            self._alerts = [alert for value in kept if (alert := readable(value, Alert)) is not None]
        return self._alerts

    def brands(self) -> list[str]:
        """Return the brands of the watch list, and those that were talked about."""
        names = {brand.name for brand in self.settings.brands} | {alert.brand for alert in self.alerts()}
        names |= {r.key.decode(errors="replace") for r in consoles.read_all(self.settings, topics.WINDOWS) if r.key}
        return sorted(names)

    def signals_of(self, brand: str) -> list[Signal]:
        """Return the signals of `brand`."""
        return self._of(topics.SIGNALS, brand, Signal)

    def windows_of(self, brand: str) -> list[Window]:
        """Return the closed minutes of `brand`."""
        return self._of(topics.WINDOWS, brand, Window)

    def _of(self, topic: topics.Topic, brand: str, type_: type[T]) -> list[T]:
        home = scored.partition_of_brand(brand, self.settings.partitions.scored)
        key = brand.encode()
        records = consoles.read_all(self.settings, topic, [home], lambda record: record.key == key)
        return [value for r in records if r.value is not None and (value := readable(r.value, type_)) is not None]


class Folder(Source):
    """The output of `tocsin backtest --out DIR`."""

    def __init__(self, folder: Path, settings: Settings | None) -> None:
        if not folder.is_dir():
            raise UserError(f"--dir: {folder}: no such folder; name the --out of a tocsin backtest")
        self._folder = folder
        self.settings = settings or judged_by(folder)
        self._alerts = self._lines("alerts.jsonl", Alert)
        self._windows = list(self._table())

    def alerts(self) -> list[Alert]:
        """Return all alert events."""
        return self._alerts

    def brands(self) -> list[str]:
        """Return the brands of the windows."""
        return sorted({window.brand for window in self._windows})

    def signals_of(self, brand: str) -> list[Signal]:
        """Return the signals of `brand`."""
        return [signal for signal in self._lines("signals.jsonl", Signal) if signal.brand == brand]

    def windows_of(self, brand: str) -> list[Window]:
        """Return the closed minutes of `brand`."""
        return [window for window in self._windows if window.brand == brand]

    def _open(self, name: str) -> Path:
        path = self._folder / name
        if not path.is_file():
            raise UserError(f"--dir: {path}: no such file; name the --out of a tocsin backtest")
        return path

    def _lines(self, name: str, type_: type[T]) -> list[T]:
        path = self._open(name)
        return _read(path, lambda: [msgspec.json.decode(line, type=type_) for line in path.read_bytes().splitlines()])

    def _table(self) -> list[Window]:
        path = self._open("windows.csv")
        return _read(path, lambda: windows_of(path))


def _read(path: Path, read: Callable[[], Sequence[T]]) -> list[T]:
    try:
        return list(read())
    except (msgspec.MsgspecError, ValueError, KeyError, OSError) as error:
        raise UserError(f"--dir: {path}: not what a backtest writes ({error}); run it again") from None


def windows_of(path: Path) -> list[Window]:
    """Return the windows of a backtest's `windows.csv`; raises ValueError, KeyError, OSError."""
    return list(_rows(path))


def _rows(path: Path) -> Iterator[Window]:
    kinds = {field.name: field.type for field in msgspec.structs.fields(Window)}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            values: dict[str, Any] = {"brand": row["brand"], "start": row["start"]}
            for name, text in row.items():
                if name in kinds and name not in values and text:
                    kind = kinds[name]
                    values[name] = text if kind is str else int(text) if kind is int else msgspec.json.decode(text)
            yield msgspec.convert(values, Window, strict=False)


class Judged(Struct, frozen=True):
    """What a backtest's verdicts rest on, beside the mentions."""

    lateness_seconds: int
    pages_per_week: int
    brands: list[dict[str, Any]]
    config_version: str = ""


SETTINGS_FILE = "settings.json"


def judged(settings: Settings) -> Judged:
    """Return what of `settings` decides verdicts."""
    brands = [msgspec.to_builtins(brand) for brand in settings.brands]
    return Judged(settings.lateness_seconds, settings.pages_per_week, brands, settings.version)


def judged_by(folder: Path) -> Settings:
    """Return the settings that a backtest left in `folder`; the defaults where it left none."""
    path = folder / SETTINGS_FILE
    if not path.is_file():
        return Settings(clock="replay")
    try:
        known = msgspec.json.decode(path.read_bytes(), type=Judged)
        plain = {name: getattr(known, name) for name in ("lateness_seconds", "pages_per_week", "brands")}
        return msgspec.convert({**plain, "clock": "replay"}, Settings)
    except msgspec.MsgspecError as error:
        raise UserError(f"--dir: {path}: not what a backtest writes ({error}); run it again") from None


def span_of(windows: Sequence[Window]) -> tuple[int, int]:
    """Return the starts of the first and the last of `windows`, epoch ms."""
    return to_ms(windows[0].start), to_ms(windows[-1].start)
