"""Who would get this, when, and why not the others: what `policy route --explain` shows."""

from __future__ import annotations

from msgspec import Struct

from schemas.events import Alert, Severity
from schemas.times import MINUTE
from streams.policy.hours import until
from streams.policy.labels import fits, labels_of, rank
from streams.policy.model import Policy
from streams.policy.people import contacts, first_choice, resolve, timezone_of
from streams.policy.routes import Considered, route
from streams.policy.units import show_duration


class PlannedPage(Struct, frozen=True):
    """One person at one step, as long as nobody acknowledges."""

    after: int
    """Milliseconds after the alert."""
    chain: str
    step: int
    person: str
    channels: tuple[str, ...]
    held: str = ""
    """Why this person would not be told then."""


class Explanation(Struct, frozen=True):
    """The whole answer."""

    chains: tuple[str, ...]
    group_wait: int
    considered: tuple[Considered, ...]
    holds: tuple[str, ...]
    """Silences, maintenance and digests that would hold the incident back."""
    pages: tuple[PlannedPage, ...]
    ack_roles: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the answer as text, one fact a line."""
        found = [f"{'takes ' if one.taken else 'passes'} {one.path}: {one.why}" for one in self.considered]
        found += [f"held back: {hold}" for hold in self.holds]
        for page in self.pages:
            where = " and ".join(page.channels) or "no channel"
            after = show_duration(page.after) if page.after else "at once"
            found.append(
                f"{after}: {page.person} by {where} ({page.chain}, step {page.step + 1})"
                + (f" – not then: {page.held}" if page.held else "")
            )
        if self.ack_roles:
            found.append(f"to be acknowledged by each of: {', '.join(self.ack_roles)}")
        return found


def explain(policy: Policy, alert: Alert, at: int) -> Explanation:
    """Return which route takes `alert`, whom that pages when if it comes at `at` (epoch ms), and why not the others."""
    decision = route(policy, alert)
    pages = []
    for name in decision.chains:
        chain, after = policy.chains[name], decision.group_wait
        for index, step in enumerate(chain.steps):
            for person in resolve(policy, step.notify, at + after).people:
                ways = contacts(policy, person, alert.severity, at + after)
                chosen = first_choice(ways, step.channels, everything=policy.band(alert.severity).all_channels)
                held = _held(policy, person, alert.severity, at + after)
                names = tuple(way.called() for way in chosen)
                pages.append(PlannedPage(after, name, index, person, names, held))
            after += step.wait
            if not policy.band(alert.severity).needs_ack:
                break
    return Explanation(
        chains=decision.chains,
        group_wait=decision.group_wait,
        considered=decision.reasons,
        holds=tuple(_holds(policy, alert, at)),
        pages=tuple(pages),
        ack_roles=tuple(policy.band(alert.severity).ack_roles),
    )


def _held(policy: Policy, person: str, severity: Severity, at: int) -> str:
    known = policy.people.get(person)
    quiet = policy.quiet_hours.get((known.quiet if known else "") or policy.defaults.quiet)
    if known is None or quiet is None or rank(severity) > rank(quiet.up_to):
        return ""
    end = until(quiet.hours, timezone_of(policy, person), at)
    return "" if end is None else f"quiet hours for another {show_duration(max(MINUTE, end - at))}"


def _holds(policy: Policy, alert: Alert, at: int) -> list[str]:
    labels = labels_of([alert], alert.severity, policy)
    found = [
        f"silence of {silence.author}: {silence.reason}"
        for silence in policy.silences
        if silence.from_ <= at < silence.to and not fits(silence.match, labels)
    ]
    for window in policy.maintenance:
        begun = window.from_ is None or at >= window.from_
        over = window.to is not None and at >= window.to
        now = not window.hours or until(window.hours, policy.defaults.timezone, at) is not None
        if begun and not over and now and rank(alert.severity) <= rank(window.up_to) and not fits(window.match, labels):
            found.append(f"maintenance {window.name}")
    found += [
        f"digest for {', '.join(digest.notify)}"
        for digest in policy.digests
        if rank(alert.severity) <= rank(digest.up_to) and not fits(digest.match, labels)
    ]
    return found
