"""Column names of a file made fit for a table: none empty, none twice, none of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aimass_core.schema import ROW_ID

_LONGEST = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def clean_names(raw: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return usable names, one per column, and a note for each name that had to change.

    Names are compared without regard to case, as SQL does. Quotes, markup, emoji and any script are kept.
    """
    taken: set[str] = set()
    names: list[str] = []
    notes: list[str] = []
    wanted = {_tidy(name).casefold() for name in raw}
    for number, given in enumerate(raw, start=1):
        name = _tidy(given)
        if not name:
            base, why = f"column_{number}", f"Column {number} had no name and is now `{{}}`."
        elif name.casefold() == ROW_ID:
            base = "row_of_file"
            why = f"Column `{name}` is now `{{}}`, because `{ROW_ID}` numbers the rows of every data set."
        elif name.casefold() in taken:
            base, why = f"{name}_2", f"The second column named `{name}` (number {number}) is now `{{}}`."
        else:
            base, why = name, ""
            if name != given.strip():
                why = f"The name of column {number} was shortened or freed of line breaks: `{{}}`."
        chosen, count = base, 2
        while chosen.casefold() in taken or (chosen != name and chosen.casefold() in wanted):
            count += 1
            chosen = f"{base.removesuffix('_2')}_{count}"
        taken.add(chosen.casefold())
        names.append(chosen)
        if why:
            notes.append(why.format(chosen))
    return tuple(names), tuple(notes)


def _tidy(name: str) -> str:
    return _CONTROL.sub(" ", name).strip()[:_LONGEST].rstrip()
