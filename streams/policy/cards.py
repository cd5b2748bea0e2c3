"""A card to print for one role: who reacts, when and how – `tocsin policy plan --role ROLE`, in French or English."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from schemas.events import SEVERITIES, Severity
from schemas.times import HOUR, parse_iso
from streams.errors import UserError, did_you_mean
from streams.policy.labels import Labels
from streams.policy.model import Band, Language, Policy, Route
from streams.policy.people import contacts, first_choice, has_role, resolve
from streams.policy.routes import route_labels
from streams.policy.units import show_duration

_WEEK: Final = parse_iso("2031-03-03T00:00:00Z")
"""A Monday: versions look at the same week whenever they are asked for."""
_WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "colon": ": ",
        "title": "In a crisis: {role}",
        "people": "Who: {people}",
        "paged": "{severity}: you are paged {when} ({chain}, step {step}) by {channels}",
        "once": "at once",
        "after": "after {time} without an answer",
        "never": "{severity}: you are not paged",
        "needed": "{severity}: your acknowledgement is needed, whoever else has answered",
        "ack": "{severity}: somebody has to acknowledge within {time}, or the next is paged",
        "expiry": "{severity}: an acknowledgement holds for {time}; ask for more with --minutes",
        "reply": "{severity}: the first public reply is due within {time}; say `statement-sent` when it is out",
        "told": "You are told about: {names}",
        "approve": "You approve the statements on: {triggers}",
        "last": "You are the last resort: told over every channel when nobody has answered",
        "how": "How: open the link in the message, or",
        "ack_cmd": "  tocsin incident ack ID --as {person} --minutes 30",
        "escalate_cmd": "  tocsin incident escalate ID --as {person}      (you cannot, the next one has to)",
        "dismiss_cmd": "  tocsin incident dismiss ID --as {person} --reason false_alarm",
        "read": "Read and understood: name, date, signature ______________________________",
        "version": "Version {version}. Confirm that you have read it: tocsin policy plan --role {role} --read --as {person}",
    },
    "fr": {
        "colon": " : ",
        "label trigger": "sujet",
        "label brand": "marque",
        "label platform": "plateforme",
        "label kind": "genre",
        "title": "En cas de crise : {role}",
        "people": "Qui : {people}",
        "paged": "{severity} : vous êtes alerté {when} ({chain}, étape {step}) par {channels}",
        "once": "tout de suite",
        "after": "après {time} sans réponse",
        "never": "{severity} : vous n'êtes pas alerté",
        "needed": "{severity} : votre prise en charge est nécessaire, même si d’autres ont répondu",
        "ack": "{severity} : quelqu’un doit prendre en charge sous {time}, sinon on appelle le suivant",
        "expiry": "{severity} : une prise en charge vaut {time} ; demandez plus avec --minutes",
        "reply": "{severity} : la première réponse publique est due sous {time} ; dites `statement-sent` une fois partie",
        "told": "Vous êtes informé de : {names}",
        "approve": "Vous validez les éléments de langage sur : {triggers}",
        "last": "Vous êtes le dernier recours : prévenu par tous les canaux quand personne n'a répondu",
        "how": "Comment : ouvrez le lien du message, ou",
        "ack_cmd": "  tocsin incident ack ID --as {person} --minutes 30",
        "escalate_cmd": "  tocsin incident escalate ID --as {person}      (vous ne pouvez pas : au suivant)",
        "dismiss_cmd": "  tocsin incident dismiss ID --as {person} --reason false_alarm",
        "read": "Lu et compris : nom, date, signature ______________________________",
        "version": "Version {version}. Confirmez la lecture : tocsin policy plan --role {role} --read --as {person}",
    },
}


def card(policy: Policy, role: str, language: Language, at: int) -> str:
    """Return the card of `role` as it is at `at` (epoch ms: who is on duty); raises UserError for a role nobody has."""
    text, say = _body(policy, role, language, at), _WORDS[language]
    end = say["version"].format(version=version(policy, role), role=role, person=readers(policy, role)[0])
    return f"{text}\n{say['read']}\n{end}\n"


def readers(policy: Policy, role: str) -> list[str]:
    """Return who has to have read the card of `role`."""
    return [key for key in policy.people if has_role(policy, key, role)]


def roles(policy: Policy) -> list[str]:
    """Return all roles that somebody has, in the order of the file."""
    return list(dict.fromkeys(role for person in policy.people.values() for role in person.roles))


def version(policy: Policy, role: str) -> str:
    """Return a short digest of what the card of `role` says over a week: it changes when what is asked of the role does."""
    said = [_body(policy, role, "en", _WEEK + hours * HOUR) for hours in range(0, 7 * 24, 6)]
    return hashlib.blake2b("\f".join(said).encode(), digest_size=4).hexdigest()


def _body(policy: Policy, role: str, language: Language, at: int) -> str:
    people = readers(policy, role)
    if not people:
        known = sorted(roles(policy))
        raise UserError(f'--role: nobody has the role "{role}"{did_you_mean(role, known)} (known: {", ".join(known)})')
    say = _WORDS[language]
    names = ", ".join(policy.people[key].name or key for key in people)
    lines = [say["title"].format(role=_word("role", role, language)), "", say["people"].format(people=names), ""]
    for severity in reversed(SEVERITIES):
        lines += _pages(policy, severity, people, at, language)
        lines += _duties(policy.band(severity), severity, role, say)
    lines += ["", *_others(policy, people, at, language)]
    lines += [say["how"], *(say[key].format(person=people[0]) for key in ("ack_cmd", "escalate_cmd", "dismiss_cmd"))]
    return "\n".join([*lines, ""])


def _word(group: str, name: str, language: Language) -> str:
    """Return the messages' word for a role or a subject; the English card keeps the policy's own, which its version is of."""
    from streams.messages.phrases import phrases

    return name if language == "en" else phrases(language).word(group, name)


def _pages(policy: Policy, severity: Severity, people: list[str], at: int, language: Language) -> list[str]:
    say, found = _WORDS[language], {}
    for asked, labels in _cases(policy.routes):
        condition = "; ".join(_condition(name, values, language) for name, values in asked.items())
        for name in route_labels(policy, {**labels, "severity": frozenset({severity})}).chains:
            line = _first_step(policy, name, severity, people, at, say)
            if line and name not in found:
                found[name] = line + (f" – {condition}" if condition else "")
    return list(found.values()) or [say["never"].format(severity=severity)]


def _condition(name: str, values: frozenset[str], language: Language) -> str:
    """Return what a route asks for in words: `trigger: legal, safety`."""
    say = _WORDS[language]
    group = name if name in {"trigger", "signal"} else None
    shown = [_word(group, value, language) if group else value for value in sorted(values)]
    return f"{say.get(f'label {name}', name)}{say['colon']}{', '.join(shown)}"


def _cases(routes: list[Route]) -> Iterator[tuple[Labels, Labels]]:
    """Yield what may be true of an incident: what a route itself asks for, and all labels with those of the routes above."""
    yield {}, {}
    for node in routes:
        asked = {
            name: [value for value in values if not value.startswith("!")]
            for name, values in node.match.items()
            if name != "severity"
        }
        labels: Labels = {name: frozenset(values) for name, values in asked.items() if values}
        if labels:
            yield labels, labels
        for own, below in _cases(node.routes):
            if own:
                yield own, {**labels, **below}


def _first_step(
    policy: Policy, chain: str, severity: Severity, people: list[str], at: int, say: dict[str, str]
) -> str | None:
    """Return when and how the chain first pages one of `people`."""
    after = 0
    for index, step in enumerate(policy.chains[chain].steps):
        told = [person for person in resolve(policy, step.notify, at + after).people if person in people]
        if told:
            ways = contacts(policy, told[0], severity, at + after)
            chosen = first_choice(ways, step.channels, everything=policy.band(severity).all_channels)
            when = say["after"].format(time=show_duration(after)) if after else say["once"]
            channels = " + ".join(way.called() for way in chosen)
            return say["paged"].format(severity=severity, when=when, chain=chain, step=index + 1, channels=channels)
        if not policy.band(severity).needs_ack:
            return None
        after += step.wait
    return None


def _duties(band: Band, severity: Severity, role: str, say: dict[str, str]) -> list[str]:
    found = [say["needed"].format(severity=severity)] if role in band.ack_roles else []
    for key, time in (("ack", band.ack), ("expiry", band.ack_expiry), ("reply", band.first_response)):
        if time is not None:
            found.append(say[key].format(severity=severity, time=show_duration(time)))
    return found


def _others(policy: Policy, people: list[str], at: int, language: Language) -> list[str]:
    say = _WORDS[language]
    told = [one.name for one in policy.stakeholders if set(resolve(policy, one.notify, at).people) & set(people)]
    approved = sorted({one.trigger for one in policy.statements if one.approver in people})
    last = {name for chain in policy.chains.values() for name in chain.last_resort} | set(policy.defaults.last_resort)
    found = [say["told"].format(names=", ".join(told))] if told else []
    found += (
        [say["approve"].format(triggers=", ".join(_word("trigger", one, language) for one in approved))]
        if approved
        else []
    )
    found += [say["last"]] if set(resolve(policy, sorted(last), at).people) & set(people) else []
    return [*found, ""] if found else []
