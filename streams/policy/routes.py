"""The route tree: which chains an incident goes through, and why not through the others."""

from __future__ import annotations

from msgspec import Struct

from schemas.events import Alert
from streams.policy.labels import Labels, fits, labels_of
from streams.policy.model import Policy, Route


class Considered(Struct, frozen=True):
    """One route that was looked at."""

    path: str
    taken: bool
    why: str


class RouteDecision(Struct, frozen=True):
    """The chains to page, how long to gather before, and what led there."""

    chains: tuple[str, ...]
    group_wait: int
    """Milliseconds."""
    reasons: tuple[Considered, ...]


def route(policy: Policy, alert: Alert) -> RouteDecision:
    """Return where `alert` alone would go; `streams.policy.plan` tells who that is at a given time."""
    return route_labels(policy, labels_of([alert], alert.severity, policy))


def route_labels(policy: Policy, labels: Labels) -> RouteDecision:
    """Return where an incident with these labels goes; without a route that fits, `defaults.chain`."""
    reasons: list[Considered] = []
    taken = _walk(policy.routes, "routes", Route(chain=policy.defaults.chain), labels, reasons)
    if not taken:
        reasons.append(Considered("defaults.chain", taken=True, why="no route fits"))
        taken = [Route(chain=policy.defaults.chain)]
    waits = [one.group_wait for one in taken if one.group_wait is not None]
    urgent = "L4" in labels.get("severity", ())
    return RouteDecision(
        chains=tuple(dict.fromkeys(one.chain for one in taken if one.chain)),
        group_wait=0 if urgent else min(waits, default=policy.defaults.group_wait),
        reasons=tuple(reasons),
    )


def _walk(routes: list[Route], path: str, parent: Route, labels: Labels, reasons: list[Considered]) -> list[Route]:
    taken: list[Route] = []
    for index, node in enumerate(routes):
        at = f"{path}[{index}]" + (f" ({node.name})" if node.name else "")
        if taken and not taken[-1].continue_:
            reasons.append(Considered(at, taken=False, why="an earlier route took it"))
            continue
        unlike = fits(node.match, labels)
        if unlike:
            reasons.append(Considered(at, taken=False, why=unlike))
            continue
        here = Route(
            chain=node.chain or parent.chain,
            continue_=node.continue_,
            group_wait=node.group_wait if node.group_wait is not None else parent.group_wait,
        )
        below = _walk(node.routes, f"{path}[{index}].routes", here, labels, reasons)
        if below:
            below[-1] = Route(chain=below[-1].chain, continue_=node.continue_, group_wait=below[-1].group_wait)
            taken += below
        else:
            reasons.append(Considered(at, taken=True, why=f"fits, chain {here.chain}"))
            taken.append(here)
    return taken
