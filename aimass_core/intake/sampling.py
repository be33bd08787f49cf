"""Row numbers of a sample, as SQL conditions that the database can test without reading other columns."""

from __future__ import annotations

_STRETCHES = 64
_PARTS = 1_000_000


def spread(rows: int, wanted: int) -> str:
    """Return a condition for about ``wanted`` rows in 64 evenly spaced stretches; all when there are few."""
    if rows <= wanted:
        return "TRUE"
    step = rows // _STRETCHES
    return f"(_row - 1) % {step} < {max(wanted // _STRETCHES, 1)}"


def random_share(rows: int, wanted: int) -> str:
    """Return a condition for about ``wanted`` rows at random, the same each time; all when there are few."""
    if rows <= wanted:
        return "TRUE"
    return f"hash(_row) % {_PARTS} < {max(int(_PARTS * wanted / rows), 1)}"
