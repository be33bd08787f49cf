"""Which families and settings `auto` tries, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aimass_core.errors import SettingsError
from aimass_core.models import catalog
from aimass_core.models.family import Family

BASICS = frozenset({"readable", "trees"})
"""Groups of families that are fitted again to all rows; networks stay as they came out of their folds."""
_LEFT_OUT = frozenset({"ensemble", "automatic"})

# Sizes from shallow to deep, each with the shrinkage that goes with it; folds choose the number of trees.
SETTINGS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "boosting": (
        {"trees": 600},
        {"trees": 600, "leaves": 31, "min_child": 100, "column_share": 0.4},
        {"trees": 600, "leaves": 6, "rate": 0.05, "min_child": 20},
        {"trees": 600, "leaves": 8, "min_child": 100, "column_share": 0.3, "l2": 20.0},
        {"trees": 600, "leaves": 63, "min_child": 200, "column_share": 0.3, "l2": 20.0},
        {"trees": 600, "leaves": 4, "rate": 0.1, "min_child": 50, "row_share": 0.6},
    ),
}
"""Settings tried of a family, the most promising first; of others only the defaults."""


def families(asked: Sequence[str] | None) -> tuple[Family, ...]:
    """Return the families to try, those of seconds first, then in the order of the catalogue.

    Raises
    ------
    NotFoundError
        When one that is asked for does not exist.
    SettingsError
        When one cannot be a member, or none is asked for.
    """
    if asked is None:
        chosen = [family for family in catalog.FAMILIES.values() if _fits(family)]
    else:
        chosen = [catalog.family(key) for key in dict.fromkeys(asked)]
        wrong = [family.key for family in chosen if not _fits(family)]
        if wrong or not chosen:
            raise SettingsError(
                "`families` must name families that learn from a target and are no ensembles",
                f"`{wrong[0]}` was named" if wrong else "none was named",
                "Choose others, or leave it empty",
            )
    return tuple(sorted(chosen, key=lambda family: (family.key not in _FIRST, family.order)))


_FIRST = ("scorecard", "boosting")


def settings(family: Family, most: int) -> tuple[dict[str, Any], ...]:
    """Return the full settings to try of a family, at most so many."""
    found = SETTINGS.get(family.key, ({},))[:most]
    return tuple(catalog.check_config(family.key, dict(item)).model_dump(mode="json") for item in found)


def _fits(family: Family) -> bool:
    return family.labelled and family.group not in _LEFT_OUT
