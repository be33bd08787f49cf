"""Cleaning rules in a sentence each, as markdown that is safe to show."""

from __future__ import annotations

from aimass_core.clean.recipe import MissingStep, OutlierStep, RareStep, Step
from aimass_core.intake.repair import (
    DuplicateRepair,
    LabelRepair,
    RangeRepair,
    Repair,
    SentinelRepair,
    TrimRepair,
    TypeRepair,
)
from app.text import code, number, share

MOST = 6
"""Columns or values named in a sentence; the rest are counted."""


def rule_text(rule: Repair | Step) -> str:
    """Return what a repair or a step does, in a sentence."""
    match rule:
        case SentinelRepair():
            return f"In {code(rule.column)}, {_listed(rule.values)} become missing."
        case RangeRepair():
            return f"In {code(rule.column)}, values {_outside(rule)} become missing."
        case TypeRepair():
            pattern = f" by the pattern {code(rule.format)}" if rule.format else ""
            return (
                f"{code(rule.column)} becomes {rule.to}{pattern}; what cannot be converted becomes missing."
            )
        case LabelRepair():
            pairs = [f"{code(old)} → {code(new)}" for old, new in list(rule.mapping.items())[:MOST]]
            more = len(rule.mapping) - len(pairs)
            return f"In {code(rule.column)}, {', '.join(pairs)}{f' and {more} more' if more else ''}."
        case TrimRepair():
            case = "" if rule.case == "keep" else f", letters in {rule.case} case"
            return f"In {_columns(rule.columns, 'all text columns')}, blanks are tidied{case}."
        case DuplicateRepair():
            return f"Rows equal to an earlier one in {_columns(rule.columns, 'every column')} are dropped."
        case OutlierStep():
            done = {
                "cap": "are set to the limit",
                "blank": "become missing",
                "drop": "leave their rows out of training",
            }
            return (
                f"In {_columns(rule.columns, 'all number columns')}, values beyond "
                f"{number(rule.factor)} × IQR {done[rule.action]}."
            )
        case MissingStep():
            return _missing(rule)
        case RareStep():
            return (
                f"In {_columns(rule.columns, 'all category columns')}, labels on fewer than "
                f"{share(rule.min_share)} of the rows become “other”."
            )


def _missing(rule: MissingStep) -> str:
    columns = _columns(rule.columns, "all columns")
    if rule.method == "drop":
        text = f"Rows with a missing value in {columns} are left out of training"
    else:
        value = code(rule.constant) if rule.method == "constant" else f"the {rule.method}"
        text = f"In {columns}, missing values become {value}"
    return text + (", and a column says where." if rule.indicator else ".")


def _outside(rule: RangeRepair) -> str:
    low, high = (
        None if v is None else code(number(v) if isinstance(v, float) else v) for v in (rule.low, rule.high)
    )
    if low and high:
        return f"outside {low} to {high}"
    return f"below {low}" if low else f"above {high}"


def _columns(columns: tuple[str, ...] | None, every: str) -> str:
    return every if columns is None else _listed(columns)


def _listed(values: tuple[object, ...]) -> str:
    shown = [code(number(v) if isinstance(v, float) else v) for v in values[:MOST]]
    more = len(values) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
