"""What an analyst should know: the findings that follow from the measures of each column."""

from __future__ import annotations

from collections.abc import Mapping

from aimass_core.intake.profile import ColumnProfile, Finding, Severity

_ORDER: dict[Severity, int] = {"serious": 0, "warning": 1, "info": 2, "not applicable": 3}


def of_column(column: ColumnProfile, rows: int, numbers: Mapping[str, tuple[int, int]]) -> list[Finding]:
    """Return the findings of one column.

    Parameters
    ----------
    numbers : by text column, how many values are numbers and how many are not (sentinels left out).
    """
    filled = rows - column.missing
    quiet = column.role == "ignore"
    if filled == 0:
        return [
            _made(
                "constant",
                "info" if quiet else "warning",
                column,
                "has no value in any row",
                "Ignore it",
                rows,
            )
        ]
    made = []
    if column.distinct == 1:
        only = (
            column.top[0][0]
            if column.top
            else f"{column.min:g}"
            if isinstance(column.min, float)
            else column.min
        )
        made.append(
            _made(
                "constant",
                "info" if quiet else "warning",
                column,
                f"has the same value {_shown(only)} in all {filled:,} rows that have one",
                "Ignore it: it cannot tell rows apart",
                filled,
            )
        )
    if column.missing:
        share = column.missing / rows
        serious: Severity = "serious" if column.role == "target" else "warning" if share > 0.3 else "info"
        todo = (
            "Rows without an outcome cannot be used for training; they are left out there"
            if column.role == "target"
            else "Ignore it, or fill it with an indicator in Clean"
            if share > 0.3
            else "Choose in Clean how to fill it"
        )
        made.append(
            _made(
                "missing",
                "info" if quiet else serious,
                column,
                f"is missing in {_part(column.missing, rows)}",
                todo,
                column.missing,
            )
        )
    if column.sentinels:
        listed = ", ".join(f"{_shown(value)} ({count:,})" for value, count in column.sentinels[:5])
        total = sum(count for _, count in column.sentinels)
        made.append(
            _made(
                "sentinel",
                "warning",
                column,
                f"has values that seem to stand for missing: {listed}",
                "Map them to missing in Clean if they are codes",
                total,
            )
        )
    if column.infinite:
        made.append(
            _made(
                "infinite",
                "warning",
                column,
                f"is infinite in {_part(column.infinite, rows)}",
                "Set a range in Clean; infinite values are then missing",
                column.infinite,
            )
        )
    if column.name in numbers:
        good, bad = numbers[column.name]
        todo = "Change its type to number in Clean; what is no number becomes missing and is counted"
        text = (
            f"is text, but {good:,} of its {good + bad:,} values are numbers and {bad:,} are not"
            if bad
            else f"is text only because of codes for missing; all other {good:,} values are numbers"
        )
        made.append(_made("mixed-type", "warning", column, text, todo, bad))
    return made + _of_features(column, rows, filled)


def _of_features(column: ColumnProfile, rows: int, filled: int) -> list[Finding]:
    made: list[Finding] = []
    if column.role != "feature":
        return made
    if rows >= 50 and column.distinct >= 0.97 * filled and _numbered(column, filled):
        made.append(
            _made(
                "id-like",
                "warning",
                column,
                f"has about {column.distinct:,} different values in {filled:,} rows, like an identifier",
                "Give it the role id or ignore: a model would learn the rows by heart",
                filled,
            )
        )
    outside = column.outliers_low + column.outliers_high
    if outside:
        parts = [
            f"{count:,} {word}"
            for count, word in ((column.outliers_low, "low"), (column.outliers_high, "high"))
            if count
        ]
        made.append(
            _made(
                "outliers",
                "warning" if _far(column) else "info",
                column,
                f"has {' and '.join(parts)} values beyond 1.5 times the interquartile range "
                f"({outside / filled:.1%} of the filled rows)",
                "Look at them; cap or blank them in Clean if they are errors",
                outside,
            )
        )
    return made


def _numbered(column: ColumnProfile, filled: int) -> bool:
    """Whether values that are all different look like numbers given out, not like amounts."""
    if column.kind != "integer" or not isinstance(column.min, float) or not isinstance(column.max, float):
        return column.kind in ("category", "text")
    dense = column.max - column.min + 1 <= 1.2 * filled
    return dense or (column.min >= 100_000 and len(f"{column.min:.0f}") == len(f"{column.max:.0f}"))


def _far(column: ColumnProfile) -> bool:
    """Whether some value is more than 50 interquartile ranges away: more likely an error than a tail."""
    low, high = column.q25, column.q75
    if low is None or high is None or not isinstance(column.min, float) or not isinstance(column.max, float):
        return False
    return max(low - column.min, column.max - high) > 50 * (high - low)


def of_target(target: ColumnProfile | None, classes: Mapping[str, int]) -> list[Finding]:
    """Return the findings about the target as a whole; "not applicable" while none is named."""
    if target is None:
        text, todo = "no column has the role target yet", "Give the outcome the role target"
        return [
            Finding(code=code, severity="not applicable", text=f"Not checked: {text}.", todo=f"{todo}.")
            for code in ("class-imbalance", "one-class-target", "target-leakage")
        ]
    if len(classes) == 1:
        (label, count), *_ = classes.items()
        return [
            _made(
                "one-class-target",
                "serious",
                target,
                f"has only the class {_shown(label)} in all {count:,} rows that have an outcome",
                "Choose another target, or a file that has both outcomes",
                count,
            )
        ]
    if not classes:
        return [
            _made("one-class-target", "serious", target, "has no value at all", "Choose another target", 0)
        ]
    if len(classes) > 20:
        return [
            _made(
                code,
                "not applicable",
                target,
                f"has {len(classes):,} different values, so it has no classes",
                "Choose a target with a few classes",
                None,
            )
            for code in ("class-imbalance", "target-leakage")
        ]
    total = sum(classes.values())
    label, count = min(classes.items(), key=lambda item: item[1])
    if count < 0.1 * total:
        return [
            _made(
                "class-imbalance",
                "warning" if count < 0.01 * total else "info",
                target,
                f"has the class {_shown(label)} in only {_part(count, total)}",
                "Judge models by average precision and KS, not by accuracy; split stratified",
                count,
            )
        ]
    return []


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return findings with the most severe first, else in the order they were found."""
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.severity]))


def _made(
    code: str, severity: Severity, column: ColumnProfile, text: str, todo: str, count: int | None
) -> Finding:
    return Finding.model_validate(
        {
            "code": code,
            "severity": severity,
            "column": column.name,
            "text": f"`{column.name}` {text}.",
            "todo": f"{todo}." if todo else "",
            "count": count,
        }
    )


def _part(count: int, rows: int) -> str:
    share = count / rows
    return f"{count:,} of {rows:,} rows ({share:.1%})" if share >= 0.001 else f"{count:,} of {rows:,} rows"


def _shown(value: float | str | None) -> str:
    return f"{value:,.10g}" if isinstance(value, float) else repr(value)
