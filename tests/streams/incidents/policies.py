"""The policies that the stories are played under: one base, and sections added to it."""

from __future__ import annotations

from streams.policy.reading import parse

BASE = """
people:
  alice:
    language: fr
    roles: [community]
    channels: [{type: console, name: mail}, {type: console, name: sms}]
  bob: {roles: [communication], channels: [{type: console, name: mail}, {type: console, name: sms}]}
  carol: {roles: [legal], channels: [{type: console, name: mail}]}
  dora: {roles: [executive], channels: [{type: console, name: sms}, {type: console, name: phone}]}
  emil: {roles: [care], channels: [{type: console, name: mail}]}
channels:
  room: {type: console}
chains:
  day:
    repeat: 1
    steps:
      - {notify: [alice], wait: 5m}
      - {notify: [bob], wait: 10m}
    last_resort: [dora]
  crisis:
    repeat: 0
    steps:
      - {notify: [bob, carol], wait: 5m}
      - {notify: [dora], wait: 5m}
    last_resort: [dora, "channel:room"]
routes:
  - {match: {severity: L4}, chain: crisis}
defaults: {chain: day}
"""


def policy(**sections: str) -> str:
    """Return the base with these sections (YAML) in place of its own or added; those of a mapping are merged."""
    import yaml

    raw = parse(BASE)
    for name, text in sections.items():
        value = parse(text)
        if isinstance(value, dict) and isinstance(raw.get(name), dict):
            raw[name].update(value)
        else:
            raw[name] = value
    return yaml.safe_dump(raw)
