"""Who speaks: customer, employee, influencer, media, official, bot or unknown, by rules, with confidence and reason.

The rules read top to bottom, the surest first: the configuration's lists, the platform's word, what the account is, what
the text says of its writer. Text alone tells little (docs/sentiment.md has the confusion tables), so what rests on it
never gets more than 0.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, NamedTuple, get_args

from detectors.text import cues
from detectors.text.table import MAX_CHARS
from schemas.mention import Author

Kind = Literal["customer", "employee", "influencer", "media", "official", "bot", "unknown"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

INFLUENCER_FOLLOWERS: Final = 50_000
"""Followers from which one post moves others; agencies draw "macro" between 40,000 and 100,000."""
VERIFIED_FOLLOWERS: Final = 10_000
"""The same for an account that the platform has verified."""
YOUNG_DAYS: Final = 7
"""Days of age below which an account without followers looks made for the occasion."""
YOUNG_FOLLOWERS: Final = 10
"""And how few followers it then has."""


class Verdict(NamedTuple):
    """A kind, how sure (0 to 1) and why, in words for a person."""

    kind: Kind
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class AuthorLists:
    """The configuration's lists: account ids or names (any case, with or without @) of each kind."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)

    @classmethod
    def of(cls, lists: Mapping[str, list[str]]) -> AuthorLists:
        """Return the lists of a configuration, kind → accounts. Raises `ValueError` for an unknown kind."""
        out: dict[str, Kind] = {}
        for kind, accounts in lists.items():
            if kind not in KINDS:
                raise ValueError(f'authors: "{kind}" is no kind of author; must be one of {", ".join(KINDS)}')
            for account in accounts:
                out[account_key(account)] = kind
        return cls(out)

    def kind(self, author: Author) -> Kind | None:
        """Return the kind that the lists name an author as, by id or by name."""
        for name in (author.id, author.name):
            found = self.kinds.get(account_key(name)) if name else None
            if found:
                return found
        return None


NOBODY: Final = AuthorLists()


def account_key(account: str) -> str:
    """Return an account's id or name as lists compare it: any case, with or without @."""
    return account.strip().lstrip("@").lower()


def author_kind(author: Author | None, text: str, lists: AuthorLists = NOBODY, at: int | None = None) -> Verdict:
    """Return who wrote `text`, as far as rules can tell.

    Args:
        author: account data, where the platform gave any.
        text: the post.
        lists: accounts that the configuration names.
        at: when it was said, epoch milliseconds; only to see how young the account was.
    """
    return kind_by_cues(author, cues.of_text(text[:MAX_CHARS]), lists, at)


def kind_by_cues(author: Author | None, said: int, lists: AuthorLists = NOBODY, at: int | None = None) -> Verdict:
    """Return who wrote a post with the cues `said` (`cues.of_batch`): the hot path of `author_kind`."""
    if author is None:
        return _by_text(said)
    if lists.kinds:
        kind = lists.kind(author)
        if kind:
            return Verdict(kind, 0.99, "named in the configuration")
    if author.kind and author.kind != "unknown":
        return Verdict(author.kind, 0.9, "the source says so")
    followers, verified = author.followers or 0, author.verified is True
    if verified and followers >= VERIFIED_FOLLOWERS:
        said &= ~(cues.TAGGED | cues.AUTOMATIC)  # however many hashtags: no account made for the occasion
    if not said & cues.TAGGED and at is not None and author.created_at is not None and author.followers is not None:
        days = (at / 1000 - author.created_at.timestamp()) / 86_400
        if days < YOUNG_DAYS and followers < YOUNG_FOLLOWERS:
            return Verdict("bot", 0.6, f"account {max(days, 0):.0f} days old with {followers} followers")
    if followers < VERIFIED_FOLLOWERS and not verified:
        return _by_text(said)
    if said & (cues.TAGGED | cues.AUTOMATIC | cues.WORK | cues.OFFICE_PHRASE):
        return _by_text(said)
    if _headline(said) and (said & cues.NEWS or verified):
        return Verdict("media", 0.7, "a headline with a link, from a large account")
    if followers >= INFLUENCER_FOLLOWERS or (verified and followers >= VERIFIED_FOLLOWERS):
        return Verdict("influencer", 0.8, f"{followers} followers")
    return _by_text(said)


def _headline(said: int) -> bool:
    """Tell whether a post has a link and speaks of nobody to nobody."""
    return said & (cues.LINK | cues.PERSONAL | cues.ADDRESSED | cues.REPOST | cues.ASKS) == cues.LINK


@lru_cache(maxsize=1 << 14)  # every combination of cues
def _by_text(said: int) -> Verdict:
    if said & cues.TAGGED:
        return Verdict("bot", 0.6, "many hashtags and a link")
    if said & cues.AUTOMATIC:
        return Verdict("bot", 0.5, "a sentence that programs write")
    if said & cues.WORK:
        return Verdict("employee", 0.6, "says so in the text")
    if said & cues.OFFICE_PHRASE:
        return Verdict("official", 0.6, "speaks for an organisation")
    headline = _headline(said)
    if headline and said & cues.NEWS:
        return Verdict("media", 0.5, "a headline with a link")
    if headline and said & cues.OFFICE:
        return Verdict("official", 0.35, "an announcement with a link")
    if said & cues.ADDRESSED and said & (cues.PERSONAL | cues.CALLS):
        return Verdict("customer", 0.6, "speaks to the brand in the first person")
    if said & cues.PERSONAL_TWICE:
        return Verdict("customer", 0.5, "speaks in the first person")
    if headline and said & cues.HEADLINE:
        return Verdict("media", 0.35, "reads like a headline")
    if said & cues.PERSONAL:
        return Verdict("customer", 0.4, "speaks in the first person")
    return Verdict("unknown", 0.0, "nothing tells")
