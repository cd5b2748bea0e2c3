"""Generated talk: mentions in English and French with realistic lengths, authors and vocabulary; seeded."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import msgspec

from detectors.text.tokens import word_list
from schemas.mention import Author, Mention
from schemas.times import from_ms
from streams.replay_plan import Record

_ENCODE = msgspec.json.Encoder().encode
_SYLLABLES = word_list(
    "ba be bi bo ca ce co da de di do fa fe ga go la le li lo ma me mi mo na ne no pa pe ra re ri ro sa se ta te to va vi"
)
_ENGLISH = (
    "just got {thing} from @{who} and I {feel} it, {more} {link}",
    "@{who} my {thing} is {state} again, {more} please answer!!",
    "is anyone else having trouble with {thing}? {more} #{tag}",
    "RT @{who}: {thing} {state}, {more} {more} {link}",
    "three hours waiting for {thing}, {feel} this. {more}",
    "shoutout to @{who}, {thing} was {state} and {more} :)",
)
_FRENCH = (
    "franchement {thing} est {state}, {more} @{who}",
    "bonjour @{who}, mon {thing} ne marche plus depuis hier, {more} merci",
    "j'adore {thing} ! {more} #{tag} {link}",
    "toujours pas de réponse de @{who} pour {thing}, {more} c'est {state}",
)
_FEEL = ("love", "hate", "like", "regret", "enjoy", "cannot believe")
_STATE = ("broken", "great", "late", "awful", "perfect", "nul", "génial", "terrible", "fine", "sold out")


class Talk:
    """An endless source of mentions; the vocabulary is Zipf's (rank r is said 1/r as often), and so are the authors."""

    def __init__(self, brands: Sequence[str], seed: int = 1, *, hot: float = 0.0, words: int = 20_000) -> None:
        self._chance = random.Random(seed)
        self._brands = list(brands)
        self._hot = hot
        chance = random.Random(seed + 1)
        self._words = ["".join(chance.choices(sorted(_SYLLABLES), k=chance.randint(2, 4))) for _ in range(words)]
        self.number = 0

    def _word(self) -> str:
        return self._words[int(len(self._words) ** self._chance.random()) - 1]

    def mention(self, at: int) -> Mention:
        """Return the next mention, said at `at` (epoch ms)."""
        chance = self._chance
        self.number += 1
        english = chance.random() < 0.7
        text = chance.choice(_ENGLISH if english else _FRENCH).format(
            thing=self._word(), who=self._word(), feel=chance.choice(_FEEL), state=chance.choice(_STATE),
            more=" ".join(self._word() for _ in range(chance.randint(2, 7))), tag=self._word(),
            link=f"https://t.co/{chance.getrandbits(48):012x}",
        )  # fmt: skip
        brand = self._brands[0] if chance.random() < self._hot else chance.choice(self._brands)
        author = int(500_000 ** chance.random())
        return Mention(
            "x", f"{10**17 + self.number}", from_ms(at), text, lang="en" if english else "fr", brand=brand,
            author=Author(f"u{author}", followers=int(10 ** (chance.random() * 5)), verified=author % 50 == 0),
        )  # fmt: skip

    def records(self, count: int, start: int, per_second: float) -> Iterator[Record]:
        """Yield `count` mentions, evenly spaced from `start` on (epoch ms, data's own time)."""
        for i in range(count):
            at = start + int(i * 1_000 / per_second)
            mention = self.mention(at)
            yield Record(mention.key, _ENCODE(mention), at)
