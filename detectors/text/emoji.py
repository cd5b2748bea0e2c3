"""How emoji speak: a valence each, on the scale of the lexica (-4 to 4), of those that say the same to most people.

The lexica know emoticons, not emoji, and the tweets that the model learnt from have hardly any (nine of 4,326). Values
are set by hand from what the emoji's Unicode names say ("pouting face", "thumbs up"), beside those of the words in the
lexica; what is ironic as often as not (😂, 😭, 🔥) has little, what is ambiguous (💀, 🥺) none. They are added to the model
after the fit, so no weight depends on them: emoji count by the weights that words of the lexica have.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from detectors.text.lexicon import UNIT
from detectors.text.model import TextModel
from detectors.text.tokens import word_hash
from detectors.text.vocabulary import VALUES

_BY_VALENCE: Final = {
    -3.2: "🤬 🖕",
    -2.6: "😡 🤮 👿 😠 👎",
    -2.2: "🤢 💩 😾",
    -1.8: "💔 😢 😞 😒 🙁 ☹ 🤡 🤦 😤",
    -1.5: "😔 😟 😣 😖 😫 😩 🙄 😨 😰 😥",
    -1.0: "😕 😑 😓 😱 😬 ⚠ ❌",
    -0.5: "😭",
    0.5: "😂 🤣 🔥 ✅",
    1.0: "🙂 😉 🙏",
    1.5: "😆 💪 ✨ 🌟 ⭐ 😋 😌 👌 😎 💐 🖤",
    2.0: "👍 👏 🙌 😀 😃 😁 😊 ☺ 💯 🏆 🤗",
    2.4: "😄 🎉 🥳 😘 💙 💚 💛 💜 🧡 😻",
    2.8: "😍 🥰 🤩 ❤ 💕 💖 💗",
}
POLARITY: Final = 4
"""Valence of one unit of Pattern's polarity (-1 to 1). Emoji have both: the French model goes by the polarity more."""
EMOJI: Final = {one: valence for valence, many in _BY_VALENCE.items() for one in many.split()}


def with_emoji(model: TextModel) -> TextModel:
    """Return `model` with the valence of emoji added to its words; those that it has already stay as they are."""
    rows = dict(zip(model.arrays["word_hash"].tolist(), model.arrays["word_values"].tolist(), strict=True))
    for one, valence in EMOJI.items():
        value = round(valence * UNIT)
        polarity = round(valence / POLARITY * UNIT)
        rows.setdefault(word_hash(one), [value, value, polarity, polarity] + [0] * (VALUES - 4))
    keys = sorted(rows)
    arrays = model.arrays | {
        "word_hash": np.array(keys, dtype=np.uint32),
        "word_values": np.array([rows[key] for key in keys], dtype=np.int16),
    }
    return TextModel(model.meta, arrays)
