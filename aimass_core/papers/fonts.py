"""The font of papers, which comes with matplotlib: what it can show, and how wide text is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

FAMILY = "DejaVu Sans"
MISSING = "□"
"""Shown for a character that the font lacks (Chinese, Japanese, Korean, emoji)."""

_INVISIBLE = {"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\ufe0e", "\ufe0f"}


@cache
def _font(bold: bool) -> Any:
    import matplotlib
    from matplotlib.ft2font import FT2Font

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    font = FT2Font(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name))
    font.set_size(1000, 72)  # widths in thousandths of the size
    return font


@cache
def _known(bold: bool) -> frozenset[int]:
    return frozenset(_font(bold).get_charmap())


@cache
def _advance(character: str, bold: bool) -> float:
    font = _font(bold)
    return float(font.load_char(ord(character)).linearHoriAdvance) / 65536 / 1000


def printable(text: str) -> tuple[str, int]:
    """Return text that the font can show, and how many of its characters were replaced."""
    found, replaced = [], 0
    for character in text:
        if character in _INVISIBLE or (ord(character) < 32 and not character.isspace()):
            continue
        if character.isspace():
            found.append(" ")
        elif ord(character) in _known(False) and ord(character) in _known(True):
            found.append(character)
        else:
            found.append(MISSING)
            replaced += 1
    return "".join(found), replaced


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width in points of text that is printable."""
    return sum(_advance(character, bold) for character in text) * size


def fitted(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """Return printable text cut so that it fits into so many points."""
    if width(text, size, bold=bold) <= room:
        return text
    while text and width(text + "…", size, bold=bold) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def squeezed(text: str, size: float, room: float) -> str:
    """Return printable text cut in its middle so that it fits: names often differ at their ends only."""
    if width(text, size) <= room:
        return text
    head, tail = text[: (len(text) + 1) // 2], text[(len(text) + 1) // 2 :]
    while (head or tail) and width(f"{head}…{tail}", size) > room:
        head, tail = (head[:-1], tail) if len(head) >= len(tail) else (head, tail[1:])
    return f"{head}…{tail}"


def wrapped(text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """Return printable text as lines that fit; a word wider than a line is broken."""
    lines, line = [], ""
    for word in _pieces(text, size, room, bold):
        longer = f"{line} {word}" if line else word
        if line and width(longer, size, bold=bold) > room:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


def _pieces(text: str, size: float, room: float, bold: bool) -> Iterator[str]:
    for word in text.split():
        part = ""
        for character in word:
            if part and width(part + character, size, bold=bold) > room:
                yield part
                part = ""
            part += character
        yield part
