"""Row numbers of a sample, as SQL conditions that the database can test without reading other columns."""

from __future__ import annotations

_STRETCHES = 64


def spread(rows: int, wanted: int) -> str:
    """Return a condition for about ``wanted`` rows in 64 evenly spaced stretches; all when there are few."""
    if rows <= wanted:
        return "TRUE"
    step = rows // _STRETCHES
    return f"(_row - 1) % {step} < {max(wanted // _STRETCHES, 1)}"
