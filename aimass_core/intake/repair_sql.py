"""The SQL that repairs are made of: one set of expressions for tables and for rows to be scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aimass_core.errors import DataError, SettingsError
from aimass_core.schema import ROW_ID, Kind
from aimass_core.workspace.connection import quoted

SQL_TYPES: dict[Kind, str] = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "category": "VARCHAR",
    "text": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
TEXTS: frozenset[Kind] = frozenset({"category", "text"})
NUMBERS: frozenset[Kind] = frozenset({"integer", "number"})

_PLAIN = r"'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|infinity|nan)'"
_THOUSANDS = r"'[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?'"
_WHOLE = r"'[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.0*)?'"
_EXACT = 2**53
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y", "%b-%Y", "%b-%y")


@dataclass(frozen=True)
class CellRule:
    """One rule on one column: from the SQL of a value to the SQL of the value after it.

    With ``only_lost`` a cell counts as changed only when it became missing, not when its type changed.
    """

    rule: str
    column: str
    kind: Kind
    after: Callable[[str], str]
    only_lost: bool = False

    def changed(self, before: str, after: str) -> str:
        """SQL that is true where this rule changed the cell."""
        if self.only_lost:
            return f"({before} IS NOT NULL AND {after} IS NULL)"
        return f"({after} IS DISTINCT FROM {before})"


@dataclass(frozen=True)
class DuplicateRule:
    """Rows that repeat an earlier one in these columns are dropped."""

    columns: tuple[str, ...]


Rule = CellRule | DuplicateRule


@dataclass(frozen=True)
class Step:
    """A rule with the SQL names of its column before and after it."""

    rule: CellRule
    before: str
    after: str

    @property
    def changed(self) -> str:
        """SQL that is true where the rule changed the cell."""
        return self.rule.changed(self.before, self.after)


@dataclass(frozen=True)
class Chain:
    """All rules as one nested SELECT.

    ``sql`` has the row number as ``r``; ``final`` maps each column to the name of its last state.
    """

    sql: str
    steps: tuple[Step, ...]
    final: dict[str, str]


def chain(source: str, columns: Sequence[str], rules: Sequence[CellRule]) -> Chain:
    """Nest rules over a table or subquery, keeping every state of every cell in reach.

    Parameters
    ----------
    source : quoted table name or parenthesised SELECT with `_row` and the columns
    columns : columns to carry; rules on others must not come
    """
    names = {column: f"c{number}" for number, column in enumerate(columns)}
    carried = "".join(f", {quoted(column)} AS {name}" for column, name in names.items())
    levels: list[list[str]] = []
    depth = dict.fromkeys(columns, 0)
    final, steps = dict(names), []
    for rule in rules:
        before, level = final[rule.column], depth[rule.column]
        after = f"{names[rule.column]}_{level + 1}"
        if len(levels) == level:
            levels.append([])
        levels[level].append(f"{rule.after(before)} AS {after}")
        final[rule.column], depth[rule.column] = after, level + 1
        steps.append(Step(rule, before, after))
    sql = f"SELECT {quoted(ROW_ID)} AS r{carried} FROM {source}"
    for expressions in levels:
        sql = f"SELECT *, {', '.join(expressions)} FROM ({sql})"
    return Chain(sql=f"({sql})", steps=tuple(steps), final=final)


def literal(value: str) -> str:
    """Return text as an SQL literal.

    Raises
    ------
    SettingsError
        When it has a NUL character, which SQL text cannot hold.
    """
    if "\0" in value:
        raise SettingsError("a value in a repair must be text without NUL characters", repr(value)[:60])
    return "'" + value.replace("'", "''") + "'"


def number_literal(value: float) -> str:
    """Return a number as a DOUBLE literal that keeps every bit."""
    return f"CAST('{float(value)!r}' AS DOUBLE)"


def trimmed(x: str) -> str:
    """SQL: text without white space around it, missing when nothing is left."""
    return f"nullif(trim({x}, ' \t\n\r' || chr(160)), '')"


def converted(x: str, before: Kind, to: Kind, *, loose: bool, pattern: str | None = None) -> str:
    """SQL: a value of one kind as another kind, missing where that cannot be.

    Parameters
    ----------
    loose : take currency and percent signs off numbers ("$1,200", "12 %" → 12); thousands commas are
        understood in any case
    pattern : strptime pattern of dates and times in text
    """
    if to in TEXTS:
        return _to_text(x, before)
    if to in NUMBERS:
        return _to_number(x, before, whole=to == "integer", loose=loose)
    if to == "boolean":
        return _to_boolean(x, before)
    return _to_time(x, before, SQL_TYPES[to], pattern)


def _to_text(x: str, before: Kind) -> str:
    if before in TEXTS:
        return x
    if before != "number":
        return f"CAST({x} AS VARCHAR)"
    whole = f"CAST(TRY_CAST({x} AS BIGINT) AS VARCHAR)"
    return (
        f"CASE WHEN isnan({x}) THEN NULL WHEN {x} = trunc({x}) AND abs({x}) < 1e15 THEN {whole} "
        f"ELSE CAST({x} AS VARCHAR) END"
    )


def _to_number(x: str, before: Kind, *, whole: bool, loose: bool) -> str:
    if before == "integer" or before == "boolean":
        return f"CAST({x} AS {'BIGINT' if whole else 'DOUBLE'})"
    if before == "number":
        return _whole(x) if whole else x
    if before not in TEXTS:
        return _nothing("BIGINT" if whole else "DOUBLE")
    text = trimmed(x)
    if loose:
        text = f"regexp_replace({text}, '^([+-]?)\\s*[$€£¥]\\s*|\\s*[%€$£¥]$', '\\1', 'g')"
    text = f"lower({text})"
    number = (
        f"CASE WHEN regexp_full_match({text}, {_PLAIN}) THEN TRY_CAST({text} AS DOUBLE) "
        f"WHEN regexp_full_match({text}, {_THOUSANDS}) THEN TRY_CAST(replace({text}, ',', '') AS DOUBLE) END"
    )
    if not whole:
        return number
    # Digits go straight to whole numbers: by way of DOUBLE, 9007199254740993 would become …992.
    digits = f"regexp_replace({text}, ',|\\.0*$', '', 'g')"
    return (
        f"CASE WHEN regexp_full_match({text}, {_WHOLE}) THEN TRY_CAST({digits} AS BIGINT) "
        f"WHEN contains({text}, 'e') AND abs({number}) < {_EXACT} THEN {_whole(number)} END"
    )


def _whole(x: str) -> str:
    return f"CASE WHEN ({x}) = trunc({x}) THEN TRY_CAST({x} AS BIGINT) END"


def _to_boolean(x: str, before: Kind) -> str:
    if before == "boolean":
        return x
    if before in NUMBERS:
        return f"CASE {x} WHEN 1 THEN TRUE WHEN 0 THEN FALSE END"
    if before not in TEXTS:
        return _nothing("BOOLEAN")
    text = f"lower({trimmed(x)})"
    return (
        f"CASE WHEN {text} IN ('true', 't', 'yes', 'y', '1', '1.0') THEN TRUE "
        f"WHEN {text} IN ('false', 'f', 'no', 'n', '0', '0.0') THEN FALSE END"
    )


def _to_time(x: str, before: Kind, sql_type: str, pattern: str | None) -> str:
    if before in ("date", "timestamp"):
        return f"CAST({x} AS {sql_type})"
    if before == "boolean":
        return _nothing(sql_type)
    text = trimmed(x if before in TEXTS else _to_text(x, before))
    if pattern is not None:
        return f"CAST(try_strptime({text}, {literal(pattern)}) AS {sql_type})"
    patterns = ", ".join(literal(item) for item in _DATES)
    parsed = f"CAST(try_strptime({text}, [{patterns}]) AS {sql_type})"
    return f"coalesce({parsed}, CAST(TRY_CAST({text} AS TIMESTAMP) AS {sql_type}))"


def _nothing(sql_type: str) -> str:
    return f"CAST(NULL AS {sql_type})"


def matches(x: str, kind: Kind, values: Sequence[str | float]) -> str:
    """SQL: true where a value is one of these; text is compared without white space around it."""
    if kind in TEXTS:
        texts = [literal(value.strip()) for value in values if isinstance(value, str)]
        numbers = [number_literal(value) for value in values if not isinstance(value, str)]
        parts = [f"trim({x}, ' \t\n\r' || chr(160)) IN ({', '.join(texts)})"] if texts else []
        if numbers:
            parts.append(f"({_to_number(x, 'text', whole=False, loose=False)}) IN ({', '.join(numbers)})")
        return f"({' OR '.join(parts)})"
    if kind in NUMBERS:
        found = [number for value in values if (number := as_number(value)) is not None]
        return f"{x} IN ({', '.join(map(number_literal, found))})" if found else "FALSE"
    sql_type = SQL_TYPES[kind]
    return f"{x} IN ({', '.join(f'TRY_CAST({literal(str(value))} AS {sql_type})' for value in values)})"


def as_number(value: str | float) -> float | None:
    """Return a value of a repair as a number, or None when it is no number."""
    try:
        return float(value)
    except ValueError:
        return None


def duplicates(chained: Chain, columns: Sequence[str], *, where: str) -> str:
    """SELECT the rows (`r`) that repeat an earlier one (`first`) in these columns; missing equals missing.

    Rows are first matched by a hash of 64 bits; only rows whose hash repeats are compared in full, which
    is exact and spares sorting the whole table. Reading the table twice is faster than keeping a copy of it.

    Raises
    ------
    DataError
        When there is no column to compare.
    """
    if not columns:
        raise DataError("finding duplicates needs at least one column", "there is none")
    names = ", ".join(chained.final[column] for column in columns)
    return (
        f"WITH kept AS NOT MATERIALIZED (SELECT r, {names} FROM {chained.sql} WHERE {where}), "
        f"hashed AS (SELECT hash({names}) AS h FROM kept GROUP BY h HAVING count(*) > 1), "
        f"suspects AS (SELECT * FROM kept WHERE hash({names}) IN (SELECT h FROM hashed)), "
        f"marked AS (SELECT r, min(r) OVER (PARTITION BY {names}) AS first FROM suspects) "
        "SELECT r, first FROM marked WHERE r <> first"
    )
