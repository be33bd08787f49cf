"""Guessing what each column is for, from its name and a look at its values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from aimass_core.intake.sampling import spread
from aimass_core.schema import NUMERIC, Column, Kind, Role, Schema
from aimass_core.workspace.connection import quoted

if TYPE_CHECKING:
    import duckdb

_CHUNK = 200

_PROTECTED: tuple[tuple[str, str], ...] = (
    ("sex or gender", r"sex|gender|male|female|is_male|is_female|性别|性別"),
    (
        "age",
        r"age|age_?(years|band|group|range)|birth_?(date|day|year)|date_?of_?birth|dob|yob|年龄|年齡|出生.*|生日",
    ),
    ("race or ethnicity", r"race|ethnic(ity)?|ethnic_?group|skin_?colou?r|民族|种族|種族"),
    ("religion", r"religion|religious.*|faith|宗教.*"),
    ("marital status", r"marital(_?status)?|marriage|married|is_married|婚姻.*|婚否"),
    (
        "nationality",
        r"nationality|citizenship|country_?of_?birth|foreign_?worker|national_?origin|国籍|國籍|籍贯",
    ),
    (
        "place of residence, a proxy for origin",
        r"post_?codes?|postal_?code|zip(_?codes?)?|zip3|邮编|邮政编码|郵遞區號",
    ),
    (
        "family",
        r"(nr|n|num|no|number)_?(of_?)?(dependents|children)|dependents|children|pregnan.*|家庭.*|子女.*",
    ),
    ("health", r"disab(led|ility).*|health_?status|残疾.*|健康.*"),
    ("political or sexual life", r"politic.*|union_?member|sexual.*"),
    ("language", r"(native_?|mother_?)?(language|tongue)|母语"),
)
_TARGET = (
    r"target|label|class|y|outcome|response|churn(ed)?|fraud(ulent)?|is_?fraud|fraud_?(flag|label)|default(ed)?|"
    r"is_?default|default(_?payment)?_?next_?month|default_?(flag|status)|bad(_?flag)?|good_?bad|loan_?status|"
    r"serious_?dlqin.*|charged?_?off|delinquent|is_?bad|risk(_?flag)?|目标|标签|是否违约|违约|是否欺诈|欺诈"
)
_ID = (
    r"id|.*_id|id_.*|.*uuid|.*guid|key|.*_key|index|unnamed_?0|row_?(id|nr|num|number)|.*_(no|nr|number|num)|"
    r"url|ssn|编号|序号|.*编号|身份证.*|流水号"
)
_GROUP = (
    r"(customer|client|member|user|household|account|card|borrower|applicant|cust|party)_?(id|no|nr|number|key|ref|num)?|"
    r"客户.*(号|编号|id)|用户.*(号|编号|id)|卡号|账号"
)
_TIME = (
    r"date|time|timestamp|datetime|.*_(date|time|timestamp|at|on|d|dt)|(date|time|dt)_.*|month|period|"
    r"日期|时间|.*日期|.*时间"
)
_FIRST_TIME = "|".join(
    f"{word}.*"
    for word in (
        *("application", "applied", "issue", "transaction", "open", "booking", "order", "event"),
        *("snapshot", "observation", "created"),
    )
)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a sample says of one column."""

    filled: int
    distinct: int
    low: str | None
    high: str | None
    unique: bool
    ordered: bool


def guess(cursor: duckdb.DuckDBPyConnection, table: str, columns: Sequence[tuple[str, Kind]]) -> Schema:
    """Return the columns with guessed roles, each with a note that says why.

    At most one target and one time column are guessed; the analyst confirms. Values are looked at in a sample
    of evenly spread rows; that a column is empty or constant is checked on all rows.
    """
    rows = int(cursor.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
    looks = _looks(cursor, table, columns, rows)
    target = _target(columns, looks)
    chosen: dict[str, tuple[Role, str]] = {}
    for name, kind in columns:
        look = looks[name]
        chosen[name] = ("target", target[1]) if name == target[0] else _role(name, kind, look)
    time = _time(columns, chosen)
    made = []
    for name, kind in columns:
        role, note = chosen[name]
        if role == "time" and name != time:
            role, note = "ignore", "another date; only one column can be the time of the row"
        made.append(Column(name=name, kind=kind, role=role, note=note))
    return Schema(columns=tuple(made))


def _role(name: str, kind: Kind, look: _Look) -> tuple[Role, str]:
    word, what = snake_case(name), protected_by_name(name)
    if look.filled == 0:
        return "ignore", "all values are missing"
    if look.distinct <= 1:
        return "ignore", "all values are the same"
    if what is not None:
        return "protected", f"the name says {what}: used to measure fairness, not to train"
    repeated = look.distinct < 0.9 * look.filled
    if re.fullmatch(_GROUP, word) and look.distinct > 20:
        if repeated:
            return "group", "the name says whose row it is, and values repeat"
        if kind != "number":
            return "id", "the name says whose row it is, and every value is another"
    if re.fullmatch(_ID, word) and look.distinct > 20 and kind in ("integer", "text", "category"):
        if not repeated:
            return "id", "the name says identifier, and every value is another"
        if kind == "text":
            return "ignore", "the name says identifier, but values repeat"
    if kind in ("date", "timestamp"):
        return "time", "a date or time"
    clock = re.fullmatch(r"timestamp|(event_)?time(_?(s|sec|seconds))?", word)
    if kind in ("integer", "number") and clock and look.ordered:
        return "time", "the name says time, and values never fall"
    if kind == "integer" and look.unique and look.ordered and _dense(look):
        return "id", "counts the rows"
    if kind == "text":
        if not repeated:
            return "ignore", "free text: nearly every value is another"
        return "ignore", "free text: too many different values for a category"
    return "feature", ""


def protected_by_name(name: str) -> str | None:
    """Return what protected characteristic a column's name says it holds ("age"), None when it says none."""
    word = snake_case(name)
    return next((what for what, pattern in _PROTECTED if re.fullmatch(pattern, word)), None)


def _target(columns: Sequence[tuple[str, Kind]], looks: dict[str, _Look]) -> tuple[str | None, str]:
    """Return the likely target: a name that says so and few values; the last column counts for more."""
    best: tuple[float, str | None, str] = (0.0, None, "")
    last = columns[-1][0]
    for name, kind in columns:
        look = looks[name]
        if not 2 <= look.distinct <= 12 or kind in ("text", "date", "timestamp"):
            continue
        word = snake_case(name)
        score, note = 0.0, ""
        if re.fullmatch(_TARGET, word):
            score, note = 2.0, "the name says outcome"
        elif re.search(r"(^|_)(default|fraud|churn|target|label|outcome)(_|$)", word):
            score, note = 1.2, "the name says outcome"
        if name == last and look.distinct == 2:
            score, note = score + 1.1, note or "the last column, with two values"
        if score and look.distinct == 2:
            score += 0.5
        if score > best[0] and score >= 1.2:
            best = (score, name, note)
    return best[1], best[2]


def _time(columns: Sequence[tuple[str, Kind]], chosen: dict[str, tuple[Role, str]]) -> str | None:
    """Return the column that says when the row came to be: the one whose name says so, else the first."""
    names = [name for name, _ in columns if chosen[name][0] == "time"]
    named = [name for name in names if re.fullmatch(_FIRST_TIME, snake_case(name))]
    return next(iter(named or names), None)


def _looks(
    cursor: duckdb.DuckDBPyConnection, table: str, columns: Sequence[tuple[str, Kind]], rows: int
) -> dict[str, _Look]:
    names = [name for name, _ in columns]
    found = _ranges(cursor, table, names, spread(rows, 10_000))
    flat = [name for name in names if found[name][1] <= 1]
    # Rare values, such as fraud, escape a sample.
    found |= _ranges(cursor, table, flat, "TRUE", exact=False)
    looks = {}
    for name in names:
        filled, distinct, low, high = found[name]
        looks[name] = _Look(filled, distinct, low, high, distinct == filled > 0, False)
    asked = [
        name
        for name, kind in columns
        if (kind == "integer" and looks[name].unique and _dense(looks[name]))
        or (kind in NUMERIC and looks[name].filled and "time" in snake_case(name))
    ]
    for name in _ordered(cursor, table, asked, rows):
        looks[name] = replace(looks[name], ordered=True)
    return looks


def _ranges(
    cursor: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], where: str, *, exact: bool = True
) -> dict[str, tuple[int, int, str | None, str | None]]:
    """Return filled and distinct values, lowest and highest, by column; inexact: 2 stands for any more."""
    found = {}
    for start in range(0, len(names), _CHUNK):
        part = names[start : start + _CHUNK]
        fields = []
        for name in part:
            column = quoted(name)
            distinct = (
                f"count(DISTINCT {column})"
                if exact
                else f"CASE WHEN min({column}) = max({column}) THEN 1 "
                f"WHEN count({column}) = 0 THEN 0 ELSE 2 END"
            )
            fields += [
                f"count({column})",
                distinct,
                f"CAST(min({column}) AS VARCHAR)",
                f"CAST(max({column}) AS VARCHAR)",
            ]
        row = cursor.execute(f"SELECT {', '.join(fields)} FROM {table} WHERE {where}").fetchall()[0]
        for i, name in enumerate(part):
            found[name] = row[4 * i : 4 * i + 4]
    return found


def _ordered(cursor: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], rows: int) -> list[str]:
    """Return the columns whose values never fall from one sampled row to the next."""
    found = []
    for start in range(0, len(names), _CHUNK):
        part = names[start : start + _CHUNK]
        fields = ", ".join(f"CAST({quoted(name)} AS DOUBLE) AS c{i}" for i, name in enumerate(part))
        arrays = cursor.execute(
            f"SELECT {fields} FROM {table} WHERE {spread(rows, 10_000)} ORDER BY _row"
        ).fetchnumpy()
        for i, name in enumerate(part):
            values = np.ma.compressed(np.ma.masked_invalid(arrays[f"c{i}"]))
            if not (np.diff(values) < 0).any():
                found.append(name)
    return found


def _dense(look: _Look) -> bool:
    return look.low in ("0", "1") and look.filled > 20


def snake_case(name: str) -> str:
    """Return a name in snake case: `CustomerID` and `customer.id` become `customer_id`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[\s.\-/:]+", "_", parted).strip("_").lower()
