"""Who speaks: customer, employee, influencer, media, official, bot or unknown, by rules, with confidence and reason.

The rules read top to bottom, the surest first: the configuration's lists, the platform's word, what the account is, what
the text says of its writer. Text alone tells little (docs/sentiment.md has the confusion tables), so what rests on it
never gets more than 0.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, get_args

from detectors.text.tokens import word_list
from schemas.mention import Author

Kind = Literal["customer", "employee", "influencer", "media", "official", "bot", "unknown"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

INFLUENCER_FOLLOWERS: Final = 50_000
"""Followers from which one post moves others; agencies draw "macro" between 40,000 and 100,000."""
VERIFIED_FOLLOWERS: Final = 10_000
"""The same for an account that the platform has verified."""
YOUNG_DAYS: Final = 7
"""Days of age below which an account without followers looks made for the occasion."""
MANY_TAGS: Final = 6
"""Hashtags beside a link beyond which a post is made to be found, not read."""
REACH_WEIGHT: Final[Mapping[Kind, float]] = {
    "media": 2.0, "influencer": 1.5, "official": 0.5, "employee": 1.5, "customer": 1.0, "bot": 0.1, "unknown": 1.0,
}  # fmt: skip
"""What a post of each kind counts for in reach, beside followers: an editor or an insider is quoted, a bot is not."""


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


NOBODY: Final = AuthorLists()


def account_key(account: str) -> str:
    """Return an account's id or name as lists compare it: any case, with or without @."""
    return account.strip().lstrip("@").lower()


# Words that speak of their writer. One look-up per word of a post; phrases are joined by blanks below.
_FIRST_PERSON: Final = word_list(
    """i i'm im i've ive i'll i'd me my mine myself we've we're us our you your you're ur guys wtf lol omg thanks please pls
    je moi mon ma mes me m'a nous notre nos vous votre vos t'es svp merci mdr ptdr putain"""
)
_NEWSROOM: Final = word_list(
    """breaking breaking: exclusive exclusive: update: video: watch: live: photos: report: reports: reuters afp ap bbc cnn
    says said amid killed toll officials according
    direct vidéo: vidéo [vidéo] info exclu exclusif edito reportage interview replay selon annonce portrait enquête
    invité invitée matinale podcast ⏩ 🔴 ▶ 📺 🎙 🗣 ▶️ ➡️ 🗣️ 📻"""
)
_OFFICE: Final = word_list(
    """dm apologize apologise apologies assist inconvenience sorry announces announce appoints launches launch partners
    awarded proud pleased recovery residents advisory shelter evacuation hotline donate donations volunteers press release
    mp désolés désolé excuses communiqué"""
)
_OFFICE_PHRASES: Final = (
    "dm us", "send us a dm", "please dm", "please follow", "sorry to hear", "our team", "we apologize", "we apologise",
    "thank you for reaching", "thanks for reaching", "how can we help", "we are proud", "we're proud", "our customers",
    "our clients", "press release", "we're here to help", "please contact us", "en mp", "toutes nos excuses",
    "nous sommes désolés", "notre équipe", "nos clients", "nos équipes", "communiqué de presse",
)  # fmt: skip
_WORK_PHRASES: Final = (
    "i work for", "i work at", "as an employee", "as a flight attendant", "as a pilot", "my employer", "our boss",
    "i'm a pilot", "i am a pilot", "former employee", "ex-employee", "i worked for", "i worked at", "our union",
    "je travaille chez", "je bosse chez", "mon employeur", "ma direction", "en tant que salarié", "notre syndicat",
    "ancien salarié", "ancienne salariée", "je suis salarié",
)  # fmt: skip
_WORK_CUES: Final = word_list(
    "work worked employee pilot attendant employer boss union travaille bosse employeur direction salarié salariée "
    "syndicat ex-employee"
)
_AUTOMATIC: Final = (
    "i just earned", "i liked a @youtube", "i'm at ", "just posted a photo", "i just entered", "gained followers",
    "unfollowed me", "automatically checked", "giveaway", "follow back", "click here", "free gift", "earn money",
)  # fmt: skip


def author_kind(author: Author | None, text: str, lists: AuthorLists = NOBODY, at: int | None = None) -> Verdict:
    """Return who wrote `text`, as far as rules can tell.

    Args:
        author: account data, where the platform gave any.
        text: the post.
        lists: accounts that the configuration names.
        at: when it was said, epoch milliseconds; only to see how young the account was.
    """
    if author is not None:
        if lists.kinds:
            for name in (author.id, author.name):
                kind = lists.kinds.get(account_key(name)) if name else None
                if kind:
                    return Verdict(kind, 0.99, "named in the configuration")
        if author.kind and author.kind != "unknown":
            return Verdict(author.kind, 0.9, "the source says so")
    return _by_account(author, text[:1000], at)


def _by_account(author: Author | None, text: str, at: int | None) -> Verdict:
    low = text.lower()
    words = low.split()
    said = _CUES.intersection(words)
    link = "http" in low or "pic.twitter" in low
    followers = (author.followers or 0) if author is not None else 0
    verified = author is not None and author.verified is True
    if link and low.count("#") > MANY_TAGS:
        return Verdict("bot", 0.6, "many hashtags and a link")
    if author is not None and at is not None and author.created_at is not None and author.followers is not None:
        days = (at / 1000 - author.created_at.timestamp()) / 86_400
        if days < YOUNG_DAYS and author.followers < 10:
            return Verdict("bot", 0.6, f"account {max(days, 0):.0f} days old with {author.followers} followers")
    if link and _has(low, _AUTOMATIC):
        return Verdict("bot", 0.5, "a sentence that programs write")
    personal, news, office = 0, 0, False
    if said:
        if said & _WORK_CUES and _has(low, _WORK_PHRASES):
            return Verdict("employee", 0.6, "says so in the text")
        office = bool(said & _OFFICE)
        if office and _has(low, _OFFICE_PHRASES):
            return Verdict("official", 0.6, "speaks for an organisation")
        personal, news = len(said & _FIRST_PERSON), len(said & _NEWSROOM)
    if "j'" in low or "j’" in low:
        personal += 1
    addressed = low.startswith(("@", ".@"))
    headline = link and not personal and not addressed and not low.startswith("rt @") and "?" not in low
    if headline and (news or verified) and (followers >= VERIFIED_FOLLOWERS or verified):
        return Verdict("media", 0.7, "a headline with a link, from a large account")
    if followers >= INFLUENCER_FOLLOWERS or (verified and followers >= VERIFIED_FOLLOWERS):
        return Verdict("influencer", 0.8, f"{followers} followers")
    if headline and news:
        return Verdict("media", 0.5, "a headline with a link")
    if headline and office:
        return Verdict("official", 0.35, "an announcement with a link")
    if addressed and (personal or "?" in low or "!" in low):
        return Verdict("customer", 0.6, "speaks to the brand in the first person")
    if personal >= 2:
        return Verdict("customer", 0.5, "speaks in the first person")
    if headline and len(words) >= 6:
        return Verdict("media", 0.35, "reads like a headline")
    if personal:
        return Verdict("customer", 0.4, "speaks in the first person")
    return Verdict("unknown", 0.0, "nothing tells")


def _has(low: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in low for phrase in phrases)


_CUES: Final = _FIRST_PERSON | _NEWSROOM | _OFFICE | _WORK_CUES
