"""A page as sections of lines, and its two forms: plain text and HTML.

Everything that goes into HTML is escaped here, in one place; addresses are only ever ones that we made ourselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from textwrap import fill
from typing import Final

WIDTH: Final = 96
"""Characters of a line of plain text."""

_COLOURS: Final = {"L1": "#4a6572", "L2": "#9a6700", "L3": "#bc4c00", "L4": "#a40e26", "over": "#1a7f37"}
"""Each has a contrast of at least 4.5 to white (WCAG 2.2, 1.4.3)."""
_FONT: Final = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `label` stands before it in bold, `href` makes it a link, `code` a command to copy."""

    text: str
    label: str = ""
    href: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines."""

    title: str
    lines: list[Line]
    bullets: bool = False


@dataclass(slots=True)
class Page:
    """What is said, before it has a form."""

    language: str
    title: str
    badge: str
    """Severity in words, or nothing."""
    colour: str
    """L1 to L4, or `over`."""
    banner: str = ""
    """Above everything: an exercise."""
    lead: list[str] = field(default_factory=list)
    figure: tuple[str, str] | None = None
    """Caption and sparkline of the last hours."""
    sections: list[Section] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    """Label and address."""
    button_note: str = ""
    footer: str = ""
    colon: str = ": "

    def add(self, title: str, lines: list[Line], *, bullets: bool = False) -> None:
        """Add a section, unless it would be empty."""
        if lines:
            self.sections.append(Section(title, lines, bullets))


def as_text(page: Page) -> str:
    """Return the page as plain text."""
    parts: list[str] = []
    if page.banner:
        parts.append(f"*** {page.banner} ***")
    parts.append(page.title if not page.badge else f"{page.title}\n{page.badge}")
    if page.lead:
        parts.append("\n".join(_wrapped(line) for line in page.lead))
    if page.figure:
        parts.append(f"  {page.figure[1]}\n  {page.figure[0]}")
    for section in page.sections:
        lines = [_text_line(page, line, bullets=section.bullets) for line in section.lines]
        parts.append("\n".join([section.title.upper(), *lines]))
    if page.buttons:
        lines = [f"  {label}{page.colon}{url}" for label, url in page.buttons]
        parts.append("\n".join([*lines, _wrapped(page.button_note)] if page.button_note else lines))
    parts.append(f"-- \n{page.footer}")
    return "\n\n".join(parts) + "\n"


def _text_line(page: Page, line: Line, *, bullets: bool) -> str:
    text = f"{line.label}{page.colon}{line.text}" if line.label else line.text
    if line.href and line.href != line.text:
        text = f"{text} {line.href}"
    # Commands and addresses must stay in one piece to be copied.
    if line.code or line.href:
        return f"  - {text}" if bullets else f"  {text}"
    return fill(text, WIDTH, initial_indent="  - " if bullets else "  ", subsequent_indent="    " if bullets else "  ",
                break_long_words=False, break_on_hyphens=False)  # fmt: skip


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def as_html(page: Page, image: str = "") -> str:
    """Return the page as HTML that mail programs show: tables, inline styles, nothing loaded from elsewhere.

    Args:
        page: What is said.
        image: Address of the picture inside the mail, `cid:chart`; without it the sparkline stands there.
    """
    colour = _COLOURS[page.colour]
    rows: list[str] = []
    if page.banner:
        rows.append(
            '<tr><td style="background:#fff8c5;color:#3b2300;padding:10px 24px;font-weight:bold">'
            f"{escape(page.banner)}</td></tr>",
        )
    badge = f'<div style="font-size:13px;margin-top:4px">{escape(page.badge)}</div>' if page.badge else ""
    rows.append(
        f'<tr><td style="background:{colour};color:#ffffff;padding:16px 24px">'
        f'<h1 style="margin:0;font-size:20px;line-height:26px">{escape(page.title)}</h1>{badge}</td></tr>',
    )
    lead = "".join(f'<p style="margin:0 0 6px 0">{escape(line)}</p>' for line in page.lead)
    body = [
        lead,
        _buttons(page, colour),
        _figure(page, image),
        *(_section(page, section, colour) for section in page.sections),
    ]
    rows.append(f'<tr><td style="padding:16px 24px">{"".join(body)}</td></tr>')
    rows.append(f'<tr><td style="padding:12px 24px;color:#57606a;font-size:12px">{escape(page.footer)}</td></tr>')
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(page.language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(page.title)}</title>\n</head>\n"
        '<body style="margin:0;padding:12px;background:#f6f8fa;color:#1f2328;'
        f'{_FONT};font-size:15px;line-height:21px">\n'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:640px;margin:0 auto;'
        "background:#ffffff;border:1px solid #d0d7de;border-collapse:collapse;"
        # Names and addresses may be longer than a telephone is wide; the second is for mail programs without the first.
        'overflow-wrap:anywhere;word-break:break-word">\n' + "\n".join(rows) + "\n</table>\n</body>\n</html>\n"
    )


def _figure(page: Page, image: str) -> str:
    if page.figure is None:
        return ""
    caption, blocks = (escape(part) for part in page.figure)
    drawn = f'<img src="{escape(image)}" width="592" alt="{caption}" style="width:100%;max-width:592px;display:block">'
    shown = drawn if image else f'<div style="font-family:monospace">{blocks}</div>'
    return f'<div style="margin:12px 0">{shown}<div style="color:#57606a;font-size:12px">{caption}</div></div>'


def _buttons(page: Page, colour: str) -> str:
    if not page.buttons:
        return ""
    made: list[str] = []
    for number, (label, url) in enumerate(page.buttons):
        look = f"background:{colour};color:#ffffff" if number == 0 else f"background:#ffffff;color:{colour}"
        made.append(
            f'<a href="{escape(url)}" style="display:inline-block;margin:6px 8px 6px 0;padding:10px 16px;'
            f'border:1px solid {colour};{look};text-decoration:none;font-weight:bold">{escape(label)}</a>',
        )
    note = f'<div style="color:#57606a;font-size:12px">{escape(page.button_note)}</div>'
    return f'<div style="margin:12px 0">{"".join(made)}{note}</div>'


def _section(page: Page, section: Section, colour: str) -> str:
    title = f'<h2 style="margin:18px 0 6px 0;font-size:15px;color:{colour}">{escape(section.title)}</h2>'
    lines = [_html_line(page, line) for line in section.lines]
    if section.bullets:
        return f'{title}<ul style="margin:0;padding-left:20px">{"".join(f"<li>{line}</li>" for line in lines)}</ul>'
    return title + "".join(f'<p style="margin:0 0 4px 0">{line}</p>' for line in lines)


def _html_line(page: Page, line: Line) -> str:
    text = escape(line.text)
    if line.code:
        shown = f'<code style="background:#eff1f3;padding:2px 5px">{escape(line.code)}</code>'
        text = text.replace(escape(line.code), shown)
    if line.href:
        text = f'<a href="{escape(line.href)}">{text}</a>'
    return f"<b>{escape(line.label)}</b>{escape(page.colon)}{text}" if line.label else text
