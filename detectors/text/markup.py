"""Posts that come as HTML: tags, their attributes, comments, scripts and styles are no words."""

from __future__ import annotations

import re
from typing import Final

_SHOWN_WITHIN: Final = "span|wbr|font|bdi"
"""Elements that may stand within a word (Mastodon hides parts of addresses in spans)."""
_NAMES: Final = (
    f"{_SHOWN_WITHIN}|a|abbr|address|article|aside|audio|b|big|blockquote|body|br|button|caption|center|cite|code|dd|del|details|div|dl|dt"
    "|em|embed|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label|li|link|main|mark|meta|nav|object"
    "|ol|option|p|picture|pre|q|s|script|section|select|small|source|strike|strong|style|sub|summary|sup|svg|table|tbody|td|textarea|tfoot"
    "|th|thead|time|title|tr|tt|u|ul|video"
)
_ATTRIBUTES: Final = r"""(?:[\s/](?:[^<>"']|"[^"<]{0,500}"|'[^'<]{0,500}'){0,500})?"""
_OPENS: Final = re.compile(r"<!--|<(?:script|style)\b", re.IGNORECASE)
_CLOSES: Final = {"<!--": "-->", "<script": "</script>", "<style": "</style>"}
"""What is not shown at all, from the one to the other."""
_WITHIN: Final = re.compile(rf"</?(?:{_SHOWN_WITHIN}){_ATTRIBUTES}>", re.IGNORECASE)
_TAG: Final = re.compile(rf"</?(?:{_NAMES}){_ATTRIBUTES}>", re.IGNORECASE)


def without_markup(text: str) -> str:
    """Return `text` without HTML; what is no tag (`<3`, `a < b`, `<your name>`) stays."""
    if "<" not in text or ">" not in text:
        return text
    return _TAG.sub(" ", _WITHIN.sub("", _shown(text)))


def _shown(text: str) -> str:
    """Return `text` without comments, scripts and styles, in one pass."""
    low = text.lower()
    if len(low) != len(text):  # a letter that is two in lower case
        low = text
    out, at = [], 0
    while (opened := _OPENS.search(low, at)) is not None:
        closing = _CLOSES[opened[0].lower()]
        end = low.find(closing, opened.end())
        if end < 0:
            break
        out.append(text[at : opened.start()])
        at = end + len(closing)
    out.append(text[at:])
    return " ".join(out)
