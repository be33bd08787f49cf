"""How a delimited text file is written: delimiter, quote, header, decimal mark. Found from its first rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_DELIMITERS = (",", ";", "\t", "|", " ")
_ROWS = 1_000
_NUMBER = re.compile(r"^\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*%?$")
_COMMA_DECIMAL = re.compile(r"^\s*[+-]?\d+,\d+\s*$")
_POINT_DECIMAL = re.compile(r"^\s*[+-]?\d+\.\d+\s*$")
_DATE = re.compile(r"^\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b")
_TOKENS = frozenset({"", "nan", "inf", "-inf", "null", "na", "n/a", "none", "?", "true", "false"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to read a delimited file, with its first data rows as text."""

    delimiter: str
    quote: str
    escape: str
    header: bool
    skip: int
    decimal: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def find(
    text: str,
    *,
    whole: bool,
    delimiter: str | None = None,
    quote: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
) -> Dialect:
    """Return the dialect of a text's first rows; what is given is taken as given.

    Parameters
    ----------
    whole : whether the text is the whole file; otherwise its last row is cut and left out.
    """
    quote = _quote(text) if quote is None else quote
    escape = "\\" if quote and f"\\{quote}" in text and quote * 2 not in text else quote
    if delimiter is None:
        delimiter = _delimiter(text, quote, escape, whole=whole)
    rows = _rows(text, delimiter, quote, escape, whole=whole)
    skip = _preamble(rows)
    rows = rows[skip:]
    if header is None:
        header = _has_header(rows)
    first = rows[0] if rows else []
    names = tuple(first) if header else tuple(f"column_{i}" for i in range(1, len(first) + 1))
    data = tuple(tuple(row) for row in (rows[1:] if header else rows))
    if decimal is None:
        decimal = _decimal(data) if delimiter != "," else "."
    return Dialect(delimiter, quote, escape, header, skip, decimal, names, data)


def _rows(text: str, delimiter: str, quote: str, escape: str, *, whole: bool) -> list[list[str]]:
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        doublequote=escape == quote,
        escapechar=escape if escape and escape != quote else None,
    )
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) > _ROWS:
                return rows[:_ROWS]
    except csv.Error:
        return rows  # a field beyond the reader's limit or a stray byte; the database names the line
    return rows if whole or len(rows) < 2 else rows[:-1]


def _delimiter(text: str, quote: str, escape: str, *, whole: bool) -> str:
    """Return the candidate that splits the most rows into equally many fields."""
    best, best_score = ",", (0.0, 0)
    for candidate in _DELIMITERS:
        if candidate == " " and best_score[0] >= 0.9:
            break
        rows = _rows(text, candidate, quote, escape, whole=whole)
        if not rows:
            continue
        fields, count = Counter(len(row) for row in rows).most_common(1)[0]
        if fields < 2:
            continue
        share = count / len(rows)
        if len(rows[0]) != fields:
            share -= 0.3  # the header disagrees with the rows
        score = (round(share, 1), fields)
        if share > 0.5 and score > best_score and not (candidate == " " and share < 1):
            best, best_score = candidate, score
    return best


def _quote(text: str) -> str:
    """Return the quote: single only where fields are wrapped in it and none in double quotes."""
    double = len(re.findall(r'(?:^|[,;\t|])"', text, flags=re.MULTILINE))
    single = len(re.findall(r"(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|\r\n]|$)", text, flags=re.MULTILINE))
    return "'" if single > 3 and not double else '"'


def _preamble(rows: Sequence[Sequence[str]]) -> int:
    """Return how many lines of prose stand before a table of three or more columns."""
    if len(rows) < 4:
        return 0
    fields = Counter(len(row) for row in rows).most_common(1)[0][0]
    if fields < 3:
        return 0
    for number, row in enumerate(rows[:6]):
        if len(row) == fields:
            return number
        if len([cell for cell in row if cell.strip()]) > 1:
            return 0
    return 0


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns.

    Numbers and dates in it say no; text above a column of numbers says yes; where all is text, it is a header
    unless one of its cells comes again below.
    """
    if not rows:
        return False
    first = [cell.strip() for cell in rows[0]]
    below = rows[1:]
    if not any(first):
        return False
    numeric = [i for i, cell in enumerate(first) if _NUMBER.match(cell) or _DATE.match(cell)]
    filled = [cell for cell in first if cell]
    if numeric:
        # Years and codes can be names too: then most names are text that stands over other text or numbers.
        return bool(below) and len(numeric) < len(first) / 2 and _text_over_numbers(first, below) > 0
    if not below or _text_over_numbers(first, below) > 0:
        return True
    repeated = sum(
        1
        for i, cell in enumerate(first)
        if cell and any(len(row) > i and row[i].strip() == cell for row in below)
    )
    return len({cell.casefold() for cell in filled}) > len(filled) / 2 and repeated <= len(filled) / 4


def _text_over_numbers(first: Sequence[str], below: Sequence[Sequence[str]]) -> int:
    """Return how many cells of the first row are text above a column of numbers or dates."""
    found = 0
    for i, cell in enumerate(first):
        values = [row[i].strip() for row in below if len(row) > i]
        values = [value for value in values if value.casefold() not in _TOKENS]
        typed = sum(bool(_NUMBER.match(value) or _DATE.match(value)) for value in values)
        plain = cell and cell.casefold() not in _TOKENS and not _NUMBER.match(cell) and not _DATE.match(cell)
        if plain and values and typed > 0.8 * len(values):
            found += 1
    return found


def _decimal(rows: Sequence[Sequence[str]]) -> str:
    cells = [cell for row in rows for cell in row]
    comma = sum(bool(_COMMA_DECIMAL.match(cell)) for cell in cells)
    point = sum(bool(_POINT_DECIMAL.match(cell)) for cell in cells)
    return "," if comma > point else "."
