"""Makes the pure cores from the settings; the worker, the backtest and the tests' oracle use the same ones."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from detectors.early import SoFar
from detectors.monitor import BrandMonitor
from detectors.settings import Campaign, MonitorSettings
from detectors.text.authors import AuthorLists, account_key
from detectors.text.model import TextModel
from detectors.text.modelfile import ModelError
from detectors.text.onnx_model import OnnxError, OnnxModel
from schemas.bounds import LARGEST
from schemas.events import Window
from schemas.times import DAY, MINUTE, SECOND, from_ms, iso, parse_iso
from streams.brands.registry import Registry
from streams.errors import UserError
from streams.score.core import ScoreCore
from streams.settings import BrandSettings, Settings
from streams.watch.core import WatchCore, WatchSettings

log = logging.getLogger(__name__)


def load_model(settings: Settings) -> TextModel:
    """Return the sentiment model that the settings name. Raises UserError."""
    if not settings.model:
        return TextModel.load()
    try:
        return TextModel.load(Path(settings.model))
    except ModelError as error:
        raise UserError(f"model: {settings.model}: {error}") from None


def registry(settings: Settings) -> Registry:
    """Return the watch list as the configuration gives it."""
    return Registry(settings.brands, replay=settings.replay)


def load_judge(settings: Settings) -> OnnxModel | None:
    """Return the model for second opinions; None where there is none. Raises UserError."""
    if settings.sentiment is None:
        return None
    try:
        return OnnxModel.load(Path(settings.sentiment.removeprefix("onnx:")))
    except OnnxError as error:
        raise UserError(f"sentiment: {error}") from None


def brand_words(settings: Settings) -> dict[str, dict[str, float]]:
    """Return the brands' own words."""
    return {brand.name: brand.dictionary for brand in settings.brands if brand.dictionary}


def score_core(
    settings: Settings, model: TextModel, scored_partitions: int | None = None, brands: Registry | None = None
) -> ScoreCore:
    """Return the core of `score`."""
    accounts = {
        brand.name: {"employee": brand.employees, "media": brand.media, "official": brand.official}
        for brand in settings.brands
    }
    return ScoreCore(
        brands or registry(settings),
        model,
        settings,
        scored_partitions or settings.partitions.scored,
        lists={name: AuthorLists.of(kinds) for name, kinds in accounts.items() if any(kinds.values())},
        official={
            brand.name: frozenset(map(account_key, brand.official)) for brand in settings.brands if brand.official
        },
        brand_words=brand_words(settings),
    )


def watch_core(
    settings: Settings,
    partition: int,
    model_version: str = "",
    sources: int | None = None,
    monitor: type[BrandMonitor] = BrandMonitor,
    brands: Registry | None = None,
) -> WatchCore:
    """Return the core of `watch` for one partition of `scored`; its brands are watched by a `monitor` each."""
    known = brands or registry(settings)
    version = settings.version  # digests every brand: once, not once a brand

    def new(name: str, at: int) -> BrandMonitor:
        change = known.change_at(name, at)
        if change is not None and change.entry.baseline is not None:
            try:
                begun = load(name, change.entry.baseline, at)
                _tried(load(name, change.entry.baseline, at))
            except Exception as error:  # noqa: BLE001 - bytes from a topic: whatever is wrong with them, it warms up instead
                log.warning("%s: its imported baseline is not taken: %r", name, error)
            else:
                # The minute that ends with this boundary has still to be closed.
                if begun.next_at <= at - at % MINUTE - settings.lateness_ms - MINUTE:
                    return begun
                log.warning("%s: its imported baseline is not taken: it ends at %s, after what closes now",
                            name, iso(begun.next_at))  # fmt: skip
        told = monitor_settings(settings, known.settings_at(name, at))
        return monitor(name, told, model_version, version)

    def load(name: str, data: bytes, at: int) -> BrandMonitor:
        told = monitor_settings(settings, known.settings_at(name, at))
        return monitor.load(name, told, data, model_version=model_version, config_version=version)

    watch = WatchSettings(
        partition,
        sources or settings.partitions.mentions,
        settings.lateness_ms,
        settings.replay,
        0 if settings.replay else settings.blind_after_seconds * SECOND,
    )
    return WatchCore(watch, new, load, known)


def _tried(begun: BrandMonitor) -> None:
    """Have a copy of an imported baseline live through a day; raises where its figures make that impossible."""
    at = begun.next_at
    for n, count in enumerate((1, 40, 400)):
        start = at + n * 5 * MINUTE
        said = Window("", from_ms(start), count=count, negative=5_000 * count, positive=0, authors=count)
        begun.close(said, start + 2 * MINUTE, list)
    begun.pass_time(at + DAY, at + DAY)
    begun.early(at + DAY, at + DAY, SoFar(400, 4_000_000, 400), list)
    state = msgspec.msgpack.decode(begun.dump())
    waiting = [state]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, float) and not abs(one) < LARGEST:
            raise ValueError(f"a figure of it becomes {one:g}")


def monitor_settings(settings: Settings, brand: BrandSettings | None) -> MonitorSettings:
    """Return what a brand's monitor needs to know."""
    if brand is None:
        return MonitorSettings(pages_per_week=settings.pages_per_week, runbook_base=settings.runbook_url)
    campaigns = tuple(Campaign(parse_iso(c.start), parse_iso(c.end), c.expected_ratio, c.name) for c in brand.campaigns)
    return MonitorSettings(
        sensitivity=brand.sensitivity,
        pages_per_week=settings.pages_per_week,
        campaigns=campaigns,
        official=bool(brand.official),
        names=(*brand.words, *brand.official),
        runbook_base=settings.runbook_url,
    )
