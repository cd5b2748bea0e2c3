"""Phrases by which a writer tells who is speaking: somebody who works there, or an organisation.

They are looked for in lower case with straight apostrophes, and only in posts with one of their words (`cues.py`).
"""

from __future__ import annotations

import re
from typing import Final


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases))


_ELSEWHERE: Final = (
    r"(?!(?:an?|the|my|our|his|her|their|your|home|nights?|noon|midnight|uni|university|school|least|about|over|almost|nearly|like|free"
    r"|nothing|living|myself|yourself|money|hours|years|months|weeks|days|weekends?|this|that|it|all|me|what|which|peanuts|both"
    r"|two|three|four|five|six|seven|eight|nine|ten|twelve)\b|\W*\d)"
)
"""What follows *work at* or *work for* where no employer does: *at home*, *for a living*, *for 8 hours*, *for a hospital*."""
_NOT_HERE: Final = r"(?!(?:moi|toi|nous|mes|mon|un|une|des|le|la|les|l'|lui)\b)"
_START: Final = r"(?:^|[.!?:] )"
_STAFF: Final = r"(?:salariée?|employée?)"
_FORMER: Final = r"(?:ancien |ancienne |ex[- ])"

WORKS_THERE: Final = _any(
    rf"\bi(?:'ve| have)? (?:used to |also |actually |currently |still |once )?work(?:ed)? (?:for|at|with) {_ELSEWHERE}[@\w]",
    r"\bi(?:'ve)? (?:used to )?work(?:ed)? (?:for|at) (?:the|this) company\b",
    rf"\bi(?:'ve been|'m| am| was) working (?:for|at) {_ELSEWHERE}[@\w]",
    rf"{_START}working (?:for|at) {_ELSEWHERE}[@\w]{{1,30}}[^.!?]{{0,20}} (?:for \d|since|i |is|was)",
    rf"(?:{_START}|, |\bspeaking |\band )as an? (?:\S{{1,30}} ){{0,2}}?(?:employee|flight attendant|pilot)\b",
    r"\b(?:i'm|i am|i was) an? (?:\S{1,30} ){0,2}?(?:employee|flight attendant|pilot)\b",
    rf"{_START}(?:ex|former)[- ](?:\S{1, 30} ){{0,2}}?employee(?: here\b|[:,] )",
    r"\b\S{1,30} employees? here\b",
    r"\bmy employer\b",
    r"\bmy boss at\b",
    r"\bour (?:boss|union)\b",
    rf"\bj(?:e |')(?:\S{1, 30} )?(?:travaille|travaillais|bosse|bossais) (?:chez|pour) {_NOT_HERE}\w",
    rf"\bj'ai (?:\S{1, 30} )?(?:travaillé|bossé) (?:\S{1, 30} ){{0,3}}?(?:chez|pour) {_NOT_HERE}\w",
    r"\bmon employeur\b",
    r"\bma direction\b",
    r"\bnotre (?:syndicat|direction)\b",
    rf"\bje (?:suis|étais) (?:une? )?{_FORMER}?{_STAFF}\b",
    rf"\ben tant qu(?:e |'){_FORMER}?{_STAFF}\b",
    rf"(?:{_START}|\bmoi,? ){_FORMER}?{_STAFF} (?:d'|de |chez )[^.!?]{{0,40}}(?:depuis|pendant|,|\bje\b|\bj')",
    rf"{_START}{_FORMER}{_STAFF}[ ,]",
)
"""Who says that he or she works there, or did."""

SPEAKS_FOR: Final = _any(
    r"\bdm us\b",
    r"\b(?:send|drop|shoot) us a (?:dm|message|note)\b",
    r"\bplease (?:dm|message) (?:us|your|the|with)\b",
    r"\bplease follow (?:us|and|so|back)\b",
    r"\bplease (?:contact|email|call) us (?:at|on|via|by|here)\b",
    r"\bsorry to hear (?:that|this|of this)\b",
    r"\bsorry to hear about (?:this|that|your|the (?:delay|trouble|inconvenience|experience|issue|problem))\b",
    r"\bwe(?:'re| are)? (?:sincerely |truly |deeply |very |so )?(?:apologi[sz]e|sorry)\b",
    r"\bour apologies\b",
    r"\bour (?:team|crew|agents?|advisors?|technicians?|engineers) (?:is|are|will|can|has been|have been|at|would)\b",
    r"\b(?:thank you|thanks) for (?:reaching|contacting|letting us|bringing|flagging|your (?:patience|feedback|message))\b",
    r"\bhow (?:can|may) we (?:help|assist)\b",
    r"\bwe(?:'re| are) (?:very |so )?proud\b",
    r"\bwe(?:'re| are) here to help\b",
    r"\bour (?:valued )?(?:customers|clients|guests)\b",
    r"\bpress release\b",
    r"\b(?:contactez-nous|écrivez-nous|envoyez-nous)\b[^.!?]{0,60}\ben (?:mp|dm)\b",
    r"\b(?:répondre|indiquer|transmettre|communiquer|envoyer|préciser|contacter|rejoindre|écrire)\b[^.!?]{0,60}\ben (?:mp|dm)\b",
    r"\b(?:toutes nos|nos) (?:sincères |plates )?excuses\b",
    r"\bnous (?:sommes (?:sincèrement |vraiment |profondément )?désolés|regrettons)\b",
    r"\bnotre équipe (?:est|va|vous|reste|se)\b",
    r"\bnos (?:clients|équipes|conseillers|techniciens) (?:sont|vont|font|restent|mettent|vous|peuvent|et)\b",
    r"\bcommuniqué de presse\b",
)
"""What an organisation says to customers. Not *please DM me*, *our team lost* or *I wrote to you en MP*, which customers say."""

SPEAKS_TO: Final = re.compile(r"\b(?:i|i've|j'|je|m'|moi)\b[^.!?]{0,40}\b(?:en (?:mp|dm)|dm us)\b")
"""A customer who tells of such a message."""
