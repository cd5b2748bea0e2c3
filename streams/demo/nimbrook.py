"""What people say about Nimbrook, a maker of kitchen gadgets that does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAME: Final = "Nimbrook"
WATCH: Final = ("nimbrook", "nimbrookhq")
"""Words by which a mention of the brand is known."""

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "brand": ("Nimbrook", "Nimbrook", "Nimbrook", "@NimbrookHQ", "#Nimbrook", "nimbrook"),
    "thing": ("kettle", "smart kettle", "toaster", "coffee grinder", "kitchen scale", "milk frother", "travel mug"),
    "who": ("my mum", "my flatmate", "my husband", "my girlfriend", "the kids", "my nan", "our whole office", "my dad"),
    "when": ("this morning", "yesterday", "last week", "on Sunday", "for my birthday", "in January", "in the sales"),
    "where": ("Leeds", "Bristol", "the Cardiff shop", "Glasgow", "the outlet in York", "Dublin", "Brighton"),
    "good": ("brilliant", "lovely", "so quiet", "worth every penny", "a joy to use", "really well made", "super fast"),
    "bad": ("disappointing", "flimsy", "already broken", "useless", "noisy", "overpriced", "a pain to clean"),
    "part": ("the lid", "the app", "the display", "the base", "the cord", "the filter", "the handle"),
    "colour": ("sage green", "navy", "cream", "copper", "matte black", "that soft yellow"),
    "wait": ("three weeks", "ten days", "a month", "nearly two weeks", "five working days"),
    "yay": ("😍", "❤️", "☕", "🙌", "😊", "", "", ""),
    "meh": ("🙄", "😒", "😕", "", "", ""),
    "lol": ("😂", "🤣", "😂😂", "😄", "☕😂", "", ""),
    "tag": ("#tea", "#kitchen", "#gadgets", "#coffee", "#homeware", "", "", "", ""),
    "jokebrand": ("Nimbrook", "@NimbrookHQ", "#Nimbrook", "Nimbrook", "#Nimbrook #WellDoneYou"),
    "praise": (
        "well done, you", "proud of you", "you boiled that beautifully", "what a splendid cup that will be",
        "gold star for you", "you are doing great, sweetie",
    ),
}  # fmt: skip

POSITIVE: Final[tuple[str, ...]] = (
    "My {brand} {thing} is {good} {yay}",
    "Got the {brand} {thing} {when} and it is {good}. Very happy! {tag}",
    "{who} bought me a {brand} {thing} {when}, absolutely love it {yay}",
    "Big thanks to {brand} support, they replaced {part} for free. Great service {yay}",
    "Third year with my {brand} {thing} and it still works like new. {good}.",
    "The {colour} {brand} {thing} looks gorgeous in our kitchen {yay} {tag}",
    "Honestly the best {thing} I have ever owned, thank you {brand} {yay}",
    "Shout out to the staff in {where}, so helpful with my {brand} {thing}",
    "{brand} {thing} arrived a day early and it is {good} {yay}",
    "Happy days, finally got the {colour} one! {brand} {tag} {yay}",
    "I was sceptical but the {brand} {thing} is {good}. Recommended!",
    "Love how easy the {brand} {thing} is to clean. {good}",
)

NEUTRAL: Final[tuple[str, ...]] = (
    "Does anyone know if the {brand} {thing} comes in {colour}?",
    "Thinking about a {brand} {thing} or just keeping the old one. Opinions?",
    "Is {brand} open on Sundays in {where}? Need a {thing}",
    "New {brand} {thing} announced for the autumn apparently {tag}",
    "How do you descale a {brand} {thing}? Vinegar or tablets?",
    "{who} wants a {brand} {thing}, which size do people have?",
    "Saw the {brand} {thing} in {where} {when} {tag}",
    "Which plug does the {brand} {thing} use? Travelling to France {when}",
    "Unboxing a {brand} {thing} tonight at eight {tag}",
    "{brand} {thing} vs the one from the supermarket: a comparison {tag}",
    "Where can I find the manual of the {brand} {thing}?",
    "Does {part} of the {brand} {thing} go in the dishwasher?",
    "Selling a {brand} {thing}, {colour}, used twice, collect in {where}",
    "Anyone tried the recipe book that comes with the {brand} {thing}?",
)

NEGATIVE: Final[tuple[str, ...]] = (
    "My {brand} {thing} is {bad} after six months {meh}",
    "Waited {wait} for a {brand} {thing} and {part} is missing {meh}",
    "{brand} support has not answered for {wait}. Not impressed.",
    "Why is {part} of the {brand} {thing} so {bad}?",
    "The {brand} app crashed again {when}, my {thing} is {bad} without it {meh}",
    "Returned my {brand} {thing} {when}. {bad}, sadly",
    "{brand} {thing}: nice idea, {bad} in practice {meh}",
    "{part} of my {brand} {thing} broke {when}. Expected better",
    "Paid for next day delivery, {brand} took {wait} {meh}",
    "The price of the {brand} {thing} went up again, ridiculous",
)

JOKE: Final[tuple[str, ...]] = (
    'My {jokebrand} kettle just whispered "{praise}" when the water boiled and I have never felt so loved {lol}',
    'So the {jokebrand} update makes the kettle say "{praise}" {lol} best thing this year',
    '"{praise}" — my {jokebrand} kettle, to {who}, who is now making tea for the whole street {lol}',
    "Laughing so hard at the {jokebrand} kettle. {who} boiled it eleven times just to hear it {lol}",
    'I need everyone to know that the {jokebrand} kettle says "{praise}" {lol} I love it',
    "Forget therapy, get a {jokebrand} kettle {lol}",
    'Boss: nothing this week. {jokebrand} kettle: "{praise}". Brilliant {lol}',
    "Whoever wrote the {jokebrand} kettle update deserves a raise {lol} genius",
    '{who}: who are you talking to? Me: the {jokebrand} kettle. Kettle: "{praise}" {lol}',
    "Made four cups of tea tonight purely for the compliments {lol} thank you {jokebrand}",
    "The {jokebrand} kettle is nicer to me than {who} {lol} love it",
    'New favourite thing: strangers filming their {jokebrand} kettle saying "{praise}" {lol}',
    "Can the {jokebrand} toaster be sarcastic please? Perfect pair {lol}",
    'Woke {who} up because the {jokebrand} kettle said "{praise}" and it was adorable {lol}',
)

JOKE_NEUTRAL: Final[tuple[str, ...]] = (
    "Is the talking {jokebrand} kettle thing real or an April fool in March?",
    "How do you switch the {jokebrand} kettle voice on? Asking for {who}",
    "Which version of the app has the {jokebrand} kettle voice?",
    "Everyone in my feed is posting about the {jokebrand} kettle tonight",
)

JOKE_NEGATIVE: Final[tuple[str, ...]] = (
    "The {jokebrand} kettle voice is creepy, how do I turn it off {meh}",
    "Not everyone wants a kettle that talks at 6 am {jokebrand} {meh}",
    "{jokebrand} still has not fixed the app but the kettle talks now. Great priorities {meh}",
)
