"""Text for people: numbers with separators and units, and data made harmless to markdown.

Streamlit reads most of its texts as markdown, with links, LaTeX, `:colour[…]`, `:material/…:` and emoji.
What comes from a file (column names, labels, file names, messages quoting them) goes through :func:`escape`,
:func:`code` or :func:`prose` first. `None` and NaN are shown as "n/a".
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime

NOT_AVAILABLE = "n/a"

_INITIALS = frozenset({"auc", "ks"})
_PUNCTUATION = re.compile(r"([\\`*{}\[\]()<>#+\-.!|~$:&^=@\"'/]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
"""An underscore within a word means nothing in markdown, and a screen reader would read its backslash out."""
_JOINER = "\u2060"
"""Word joiner: takes no room; breaks `:emoji:`, addresses and `www.`, found despite escapes."""


def escape(text: object, *, longest: int = 200) -> str:
    """Return text from data as markdown that shows exactly these characters, on one line."""
    return _escaped(_shortened(text, longest))


def code(text: object, *, longest: int = 80) -> str:
    """Return text from data as inline code: the way to show a column, label or value within a sentence."""
    line = _shortened(text, longest)
    if not line:
        return "``(empty)``"
    line = line.replace(":material/", f":{_JOINER}material/")  # Streamlit rewrites it even within code
    fence = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def prose(text: object, *, longest: int = 2000) -> str:
    """Return a message of the program as markdown: backticks become code, the rest is escaped."""
    parts = _shortened(text, longest).split("`")
    if len(parts) % 2 == 0:
        return escape("`".join(parts), longest=longest)
    return "".join(code(part) if index % 2 and part else _escaped(part) for index, part in enumerate(parts))


def count(value: float | None) -> str:
    """Return a whole number with separators: `30,000`."""
    return NOT_AVAILABLE if _missing(value) else f"{value:,.0f}"


def counted(value: int, noun: str, plural: str | None = None) -> str:
    """Return a number and its noun: `1 row`, `30,000 rows`."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def number(value: float | None, digits: int = 4) -> str:
    """Return a number with separators and this many significant digits, whole part kept: `1,234.5`."""
    if value is None or _missing(value):
        return NOT_AVAILABLE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    if places > 8:
        return f"{value:.{digits - 1}e}"
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def measure(value: float | None, digits: int = 3) -> str:
    """Return a measure of quality with a fixed number of decimals: `0.783`."""
    return NOT_AVAILABLE if _missing(value) else f"{value:.{digits}f}"


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """Return a 95% interval: `0.775 to 0.791`."""
    if _missing(low) or _missing(high):
        return NOT_AVAILABLE
    return f"{measure(low, digits)} to {measure(high, digits)}"


def share(value: float | None, digits: int = 1) -> str:
    """Return a share as a percentage: `22.1%`; `<0.1%` when it would round to nothing."""
    if value is None or _missing(value):
        return NOT_AVAILABLE
    if value == 0:
        return "0%"
    smallest = 10.0 ** -(digits + 2)
    if 0 < value < smallest:
        return f"<{smallest:.{digits}%}"
    return f"{value:.{digits}%}"


def money(value: float | None, currency: str = "") -> str:
    """Return an amount with separators: `12,345.60`, with the currency after it when named."""
    if _missing(value):
        return NOT_AVAILABLE
    return f"{value:,.2f} {currency}".rstrip()


def size(value: float | None) -> str:
    """Return a number of bytes in decimal units: `2.9 MB`."""
    if value is None or _missing(value):
        return NOT_AVAILABLE
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(value) < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def duration(seconds: float | None) -> str:
    """Return a length of time: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None or _missing(seconds):
        return NOT_AVAILABLE
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def when(moment: datetime | date | None) -> str:
    """Return a moment, stored in UTC, as `22 Nov 2026, 19:16 UTC`; a day as `22 Nov 2026`."""
    if moment is None:
        return NOT_AVAILABLE
    day = f"{moment.day} {moment:%b %Y}"
    return f"{day}, {moment:%H:%M} UTC" if isinstance(moment, datetime) else day


def short(identifier: str, length: int = 12) -> str:
    """Return the first characters of a checksum or id."""
    return identifier if len(identifier) <= length else identifier[:length] + "…"


def words(name: str) -> str:
    """Return a name of the program (`min_share`, `missing-values`) as words: `Min share`."""
    text = name.replace("_", " ").replace("-", " ").strip()
    return text.upper() if text in _INITIALS else text[:1].upper() + text[1:]


def _escaped(line: str) -> str:
    return _PUNCTUATION.sub(r"\\\1", re.sub(r"([:@]|www(?=\.))", rf"\1{_JOINER}", line))


def _missing(value: float | None) -> bool:
    return value is None or value != value


def _shortened(text: object, longest: int) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
