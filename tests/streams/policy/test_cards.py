"""The card to print for a role."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from schemas.events import Command
from schemas.times import from_ms, parse_iso
from streams.errors import UserError
from streams.policy.cards import card, version
from streams.policy.load import load_policy
from streams.policy.model import Band
from streams.policy.receipts import receipts

POLICY = load_policy(Path(__file__).parents[3] / "deploy" / "config" / "policy.example.yaml")
NOW = parse_iso("2026-11-24T10:00:00Z")

LEGAL = """\
In a crisis: legal

Who: Leo Andersen

L4: you are paged after 5 min without an answer (crisis, step 2) by mail + sms
L4: your acknowledgement is needed, whoever else has answered
L4: somebody has to acknowledge within 10 min, or the next is paged
L4: an acknowledgement holds for 45 min; ask for more with --minutes
L4: the first public reply is due within 30 min; say `statement-sent` when it is out
L3: you are paged at once (legal, step 1) by mail – trigger: legal, safety
L3: somebody has to acknowledge within 15 min, or the next is paged
L3: an acknowledgement holds for 1 h; ask for more with --minutes
L3: the first public reply is due within 1 h; say `statement-sent` when it is out
L2: you are paged at once (legal, step 1) by mail – trigger: legal, safety
L2: an acknowledgement holds for 4 h; ask for more with --minutes
L1: you are not paged

You approve the statements on: product

How: open the link in the message, or
  tocsin incident ack ID --as leo --minutes 30
  tocsin incident escalate ID --as leo      (you cannot, the next one has to)
  tocsin incident dismiss ID --as leo --reason false_alarm

Read and understood: name, date, signature ______________________________
Version {version}. Confirm that you have read it: tocsin policy plan --role legal --read --as leo
"""


def test_the_card_says_who_reacts_when_and_how():
    assert card(POLICY, "legal", "en", NOW) == LEGAL.format(version=version(POLICY, "legal"))


def test_the_card_in_french():
    text = card(POLICY, "executive", "fr", NOW)
    assert text.startswith("En cas de crise : direction\n\nQui : Dominique Roy\n")
    assert "L4 : vous êtes alerté après 5 min sans réponse (crisis, étape 2) par mail + phone" in text
    assert "L2 : vous êtes alerté après 20 min sans réponse (day, étape 3) par mail" in text
    assert "Vous êtes informé de : management" in text
    assert "dernier recours" in text
    legal = card(POLICY, "legal", "fr", NOW)
    assert (
        legal.startswith("En cas de crise : juridique\n")
        and "(legal, étape 1) par mail – sujet : juridique, sécurité des personnes" in legal
    )
    assert "Vous validez les éléments de langage sur : produit" in legal and "--role legal" in legal


def test_a_role_that_nobody_has():
    with pytest.raises(UserError, match=r'--role: nobody has the role "legl" \(did you mean "legal"\?\)'):
        card(POLICY, "legl", "en", NOW)


def read(number: int, role: str, person: str, which: str, at: int = NOW) -> Command:
    return Command(f"r{number}", "receipt", person, card=role, version=which, issued_at=from_ms(at))


def test_a_version_changes_with_what_is_asked_of_the_role_and_with_nothing_else():
    severities = POLICY.severities | {"L4": msgspec.structs.replace(POLICY.severities["L4"], ack_expiry=60_000)}
    changed = msgspec.structs.replace(POLICY, severities=severities)
    assert version(changed, "legal") != version(POLICY, "legal")
    other = msgspec.structs.replace(POLICY, statements=[], quiet_hours={}, brands={})
    assert version(other, "care") == version(POLICY, "care")
    assert isinstance(POLICY.band("L4"), Band)


def test_receipts_say_who_has_read_which_version():
    now = version(POLICY, "legal")
    rows = receipts(POLICY, [])
    assert {(row.role, row.person) for row in rows} >= {
        ("legal", "leo"),
        ("community", "alice"),
        ("community", "bruno"),
    }
    assert not any(row.current for row in rows)
    said = [read(1, "legal", "leo", "0ld"), read(2, "legal", "leo", now, NOW + 60_000), read(3, "legal", "alice", now)]
    (old,) = receipts(POLICY, said[:1], "legal")
    assert (old.read_version, old.current) == ("0ld", False)
    (row,) = receipts(POLICY, said, "legal")
    assert (row.person, row.current, row.read_at) == ("leo", True, "2026-11-24T10:01:00Z")
