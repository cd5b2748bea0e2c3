"""Nobody could be reached: the loudest alarm there is, again and again until somebody answers."""

from __future__ import annotations

from typing import Final

from streams.incidents.effects import MessageContext
from streams.incidents.state import Case
from streams.incidents.telling import tell_stakeholders
from streams.incidents.turn import Turn, heaviest
from streams.policy.people import every_contact, resolve

LAST_RESORT: Final = "last_resort"
_NOBODY: Final = "nobody_reached"
_MOST_DOUBLINGS: Final = 3
"""The last resort is told again after 1, 2, 4 and then every 8 times `defaults.last_resort_every`."""


def nobody_reached(turn: Turn, case: Case) -> None:
    """Tell the last resort over every channel, whatever the hour; where a role is missing, say that it is."""
    incident, policy = case.incident, turn.policy
    why = "nobody could be reached"
    if incident.acknowledged_by and incident.ack_missing:
        why = f"nobody with the role {' or '.join(incident.ack_missing)} has acknowledged"
    if not incident.nobody_reached:
        incident.nobody_reached = True
        turn.note(case, "nobody reached", detail=why)
        tell_stakeholders(turn, case, "worsened")
    round_ = case.next_round()
    for person in _people(turn, case):
        for way in every_contact(policy, person):
            turn.deliver(
                case, person, way.called(), step=_NOBODY, round_=round_, purpose="nobody_reached",
                context=MessageContext(
                    incident, heaviest(incident), "en", why_you="last resort", note=why,
                    unanswered=[name for name in case.first_paged if name not in incident.acknowledged_by],
                    unanswered_ms=turn.at - min(case.first_paged.values(), default=turn.at),
                ),
                reason=why,
            )  # fmt: skip
        if person not in incident.paged:
            incident.paged.append(person)
    patience = 1 << min(case.told.get(LAST_RESORT, 0), _MOST_DOUBLINGS)
    case.told[LAST_RESORT] = case.told.get(LAST_RESORT, 0) + 1
    turn.arm(incident.incident_id, LAST_RESORT, 0, turn.at + patience * policy.defaults.last_resort_every)


def _people(turn: Turn, case: Case) -> tuple[str, ...]:
    """Return the chains' last resort, else the general one, else the chains' people, else everybody."""
    policy = turn.policy
    chains = [policy.chains[name] for name in case.runs if name in policy.chains]
    names = [name for chain in chains for name in chain.last_resort] or policy.defaults.last_resort
    names = names or [name for chain in chains for step in chain.steps for name in step.notify]
    return resolve(policy, names, turn.at).people or tuple(policy.people)
