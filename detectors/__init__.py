"""Pure online detectors of Tocsin: no Kafka, no Faust, no clock. What is meant to be used from outside:

- `VolumeDetector`: is this count too much? Any bin width, any rate. A River `SupervisedAnomalyDetector` (docs/volume.md).
- `CrisisDetector`: the worker's verdict on one brand, minute by minute, as a River `SupervisedAnomalyDetector`.
- `BrandMonitor`, `MonitorSettings`, `Campaign`: the same with all that the worker tells it, for alerts (docs/detection.md).
- `HashedSoftmax`: the text classifier that learns in the worker, a River `Classifier`; `TextModel`: the shipped model
  (docs/sentiment.md).
- `FadingMean`: a River statistic, the mean that the baselines rest on.

Each is imported when it is first asked for: River takes a second to load, and settings need none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detectors.crisis import CrisisDetector
    from detectors.fading import FadingMean
    from detectors.monitor import BrandMonitor
    from detectors.settings import Campaign, MonitorSettings
    from detectors.text.model import TextModel
    from detectors.text.softmax import HashedSoftmax
    from detectors.volume import VolumeDetector, VolumeVerdict

__all__ = [
    "BrandMonitor",
    "Campaign",
    "CrisisDetector",
    "FadingMean",
    "HashedSoftmax",
    "MonitorSettings",
    "TextModel",
    "VolumeDetector",
    "VolumeVerdict",
]

_HOME = {
    "BrandMonitor": "detectors.monitor",
    "Campaign": "detectors.settings",
    "CrisisDetector": "detectors.crisis",
    "FadingMean": "detectors.fading",
    "HashedSoftmax": "detectors.text.softmax",
    "MonitorSettings": "detectors.settings",
    "TextModel": "detectors.text.model",
    "VolumeDetector": "detectors.volume",
    "VolumeVerdict": "detectors.volume",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
