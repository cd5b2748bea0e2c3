"""The page for people, the JSON for programs, the health check and the metrics: all that a worker serves over HTTP."""

from __future__ import annotations
