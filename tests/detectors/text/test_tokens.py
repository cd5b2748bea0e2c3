"""Posts taken to pieces: French elisions, English contractions, emoji, escapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.tokens import (
    CAPS,
    ELONGATED,
    EMOJI,
    EXCLAIM,
    HASHTAG,
    MAX_PIECES,
    NEGATION,
    NUMBER,
    QUESTION,
    REPOST,
    STOP,
    URL,
    USER,
    WORD,
    pieces,
)  # fmt: skip


def words(raw):
    return [p.text for p in pieces(raw)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("j'aime", ["j'", "aime"]), ("L’avion,", ["l'", "avion"]), ("qu'il", ["qu'", "il"]), ("n'est", ["n'", "est"]),
        ("don't", ["don't"]), ("I'm", ["i'm"]), ("United's", ["united"]), ("i\\u2019m", ["i'm"]),
        ("soooo", ["so"]), ("cooool", ["cool"]), ("great,but", ["great", "but"]), ("peut-être", ["peut", "être"]),
        ("#Brexit!", ["brexit", "!"]), ("AT&amp;T", ["at", "t"]), ("<b>bad</b>", ["bad"]), ("f\u200bail", ["fail"]),
        ("ＦＡＩＬ", ["fail"]), (":-)", [":-)"]), ("<3", ["<3"]), ("😡😡", ["😡", "😡"]), ("24/7", ["0", "0"]), ("...", ["…"]),
    ],
)  # fmt: skip
def test_a_token_comes_apart_as_people_read_it(raw, expected):
    assert words(raw) == expected


@pytest.mark.parametrize(
    ("raw", "flag"),
    [("@united.", USER), (".@united", USER), ("https://t.co/x", URL), ("www.a.fr", URL), ("#fail", HASHTAG),
     ("not", NEGATION), ("can't", NEGATION), ("pas", NEGATION), ("n'ai", NEGATION), ("AWFUL", CAPS), ("nooooo", ELONGATED),
     ("!!!", EXCLAIM), ("??", QUESTION), ("😡", EMOJI), (":(", EMOJI), ("3411", NUMBER), ("RT", REPOST), ("the", STOP),
     ("bonjour", STOP), ("avion", WORD)],
)  # fmt: skip
def test_flags_say_what_a_piece_is(raw, flag):
    assert pieces(raw)[0].flags & flag


@given(st.text(max_size=200))
def test_any_token_gives_few_lower_case_pieces(raw):
    found = pieces(raw)
    assert len(found) <= MAX_PIECES
    for piece in found:
        assert piece.text
        assert piece.flags & EMOJI or piece.text == piece.text.lower()
