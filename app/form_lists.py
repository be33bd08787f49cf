"""Controls for settings that hold several things: names, numbers, groups of names, a direction by name."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import BaseModel

from app.text import words

Options = Sequence[str] | Mapping[str, str] | None
"""What may be chosen: names, or names with their titles."""


def many(
    item: Any, label: str, start: Any, options: Options, *, most: int | None, common: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Show the control of a tuple and return its present value.

    Parameters
    ----------
    item : type of what the tuple holds. Text is chosen among options, or typed; models are chosen by their
        first field and keep their other settings; tuples of text are lines of names; anything else is typed
        with commas between.
    most : most things that may be chosen.
    common : key and help of the control.
    """
    if isinstance(item, type) and issubclass(item, BaseModel):
        field = next(iter(item.model_fields))
        present = {str(getattr(value, field)): value for value in start or ()}
        picked = _choice(label, options, list(present), most=most, common=common)
        return tuple(present.get(name) or {field: name} for name in picked)
    if get_origin(item) is tuple:
        return _lines(label, start or (), common)
    if options is not None or item is str:
        return tuple(_choice(label, options, list(start or ()), most=most, common=common))
    typed = st.text_input(
        label,
        ", ".join(str(value) for value in start or ()),
        placeholder="128, 64" if item in (int, float) else "-999, ?, N/A",
        **common,
    )
    return split_values(typed)


def by_name(
    value: Any, label: str, start: Mapping[str, Any], options: Options, *, common: Mapping[str, Any]
) -> dict[str, Any]:
    """Show the control of a dictionary by name and return its present value.

    Parameters
    ----------
    value : type of its values. Of a few words each gets a list of the names it goes with; lists and text are
        typed in a table.
    """
    if get_origin(value) is Literal:
        return _by_word([str(word) for word in get_args(value)], label, start, options, common)
    listed = get_origin(value) is list
    names = ("Name", "Values, parted by commas") if listed else ("From", "To")
    shown = {
        name: ", ".join(f"{part:g}" for part in given) if listed else str(given)
        for name, given in start.items()
    }
    st.markdown(label, help=common.get("help"))
    edited = st.data_editor(
        [dict(zip(names, pair, strict=True)) for pair in shown.items()] or [dict.fromkeys(names, "")],
        key=common["key"],
        num_rows="dynamic",
        column_config={name: st.column_config.TextColumn() for name in names},
        alt=label,
    )
    typed = {str(row[names[0]]): str(row[names[1]] or "") for row in edited if row.get(names[0])}
    return {name: list(split_values(text)) for name, text in typed.items()} if listed else typed


def split_values(text: str) -> tuple[str | float, ...]:
    """Return values typed with commas between: numbers as numbers, the rest as text; quotes keep text."""
    values: list[str | float] = []
    for part in (item.strip() for item in text.split(",")):
        if len(part) > 1 and part[0] == part[-1] and part[0] in "'\"":
            values.append(part[1:-1])
        elif part:
            try:
                values.append(float(part))
            except ValueError:
                values.append(part)
    return tuple(values)


def _choice(
    label: str, options: Options, start: list[str], *, most: int | None, common: Mapping[str, Any]
) -> list[str]:
    titles = options if isinstance(options, Mapping) else {}
    return st.multiselect(
        label,
        list(dict.fromkeys([*(options or ()), *start])),
        start,
        format_func=lambda name: titles.get(name, name),
        accept_new_options=options is None,
        max_selections=most,
        select_all=False,
        persist_state="session",
        **common,
    )


def _by_word(
    words_known: Sequence[str],
    label: str,
    start: Mapping[str, Any],
    options: Options,
    common: Mapping[str, Any],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in words_known:
        left = None if options is None else [name for name in options if name not in found]
        chosen = st.multiselect(
            f"{label}: {words(word).lower()}",
            list(dict.fromkeys([*(left or ()), *(name for name in start if start[name] == word)])),
            [name for name in start if start[name] == word],
            key=f"{common['key']}.{word}",
            help=common.get("help"),
            accept_new_options=options is None,
            select_all=False,
            filter_mode="contains",
            persist_state="session",
        )
        found |= {name: word for name in chosen if name not in found}
    return found


def _lines(
    label: str, start: Sequence[Sequence[str]], common: Mapping[str, Any]
) -> tuple[tuple[str, ...], ...]:
    typed = st.text_area(
        label,
        "\n".join(", ".join(f'"{name}"' if "," in name else name for name in names) for names in start),
        placeholder="One group a line, names parted by commas",
        height=96,
        persist_state="session",
        **common,
    )
    read = csv.reader(typed.splitlines(), skipinitialspace=True)
    groups = (tuple(name.strip() for name in names if name.strip()) for names in read)
    return tuple(group for group in groups if group)
