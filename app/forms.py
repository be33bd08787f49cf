"""Any frozen pydantic model as a form: labels from names, help from descriptions, limits from constraints.

A field's type decides its control: `bool` a toggle, numbers a number box with the field's range, `Literal` a
select box, `str` a text box, `tuple[str, …]` a multi-select, `tuple[float | str, …]` a list parted by commas,
`dict[str, …]` a table of two columns, another model a group of its own. `… | None` may be left empty.
A tuple of models has no control.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from enum import Enum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import streamlit as st
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from aimass_core.errors import SettingsError
from app.boundary import show_error
from app.form_lists import Options, by_name, many
from app.text import number, words

Model = TypeVar("Model", bound=BaseModel)

_YES_NO = ("Yes", "No")
_BROWSER_LARGEST = 2**53 - 1
"""Largest whole number a browser holds exactly; limits beyond it are left to pydantic."""


def form(
    model: type[Model],
    *,
    key: str,
    submit: str = "Save",
    initial: Model | None = None,
    choices: Mapping[str, Options] | None = None,
    labels: Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    columns: int = 2,
    icon: str | None = None,
) -> Model | None:
    """Show a form for a model; return the instance in the one run in which it was submitted and is valid.

    Parameters
    ----------
    key : unique on the page; the fields' keys begin with it.
    initial : values to begin with; default: the model's defaults.
    choices : field → values to choose from (or value → title), for columns and other names only known at
        run time. A list of models has no control without.
    labels : field → label (markdown) where the field's name does not say enough.
    exclude : fields not shown; they keep their initial or default value.
    columns : fields side by side; on a narrow screen they stand below each other.
    """
    with st.form(key, enter_to_submit=False):
        values = fields(
            model,
            key=key,
            initial=initial,
            choices=choices,
            labels=labels,
            exclude=exclude,
            columns=columns,
        )
        pressed = st.form_submit_button(submit, type="primary", icon=icon, key=f"{key}.submit")
    if not pressed:
        return None
    try:
        return build(model, values, labels=labels)
    except SettingsError as error:
        show_error(error)
        return None


def fields(
    model: type[BaseModel],
    *,
    key: str,
    initial: BaseModel | None = None,
    choices: Mapping[str, Options] | None = None,
    labels: Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    columns: int = 2,
) -> dict[str, Any]:
    """Show the controls of a model's fields, in a form or not, and return their present values.

    Excluded fields come back with their initial value when there is one. Pass the result to :func:`build`.
    """
    every = model.model_fields
    hidden = {*exclude, *(name for name in every if _closed(every[name], name, choices))}
    kept = [name for name in every if initial is not None and name in hidden]
    values: dict[str, Any] = {name: getattr(initial, name) for name in kept}
    shown = [(name, field) for name, field in every.items() if name not in hidden]
    wide = columns > 1 and len(shown) > 1
    slots: list[Any] = []
    for position, (name, field) in enumerate(shown):
        if (
            position % columns == 0
        ):  # row by row, so that the order holds on a narrow screen and for the Tab key
            slots = list(st.columns(columns)) if wide else [st.container()]
        label = (labels or {}).get(name) or field.title or words(name)
        start = (
            getattr(initial, name) if initial is not None else field.get_default(call_default_factory=True)
        )
        with slots[position % len(slots)]:
            values[name] = _control(
                field.annotation,
                field,
                label=label,
                key=f"{key}.{name}",
                start=None if start is PydanticUndefined else start,
                options=(choices or {}).get(name),
            )
    return values


def build(model: type[Model], values: Mapping[str, Any], *, labels: Mapping[str, str] | None = None) -> Model:
    """Return the model with these values.

    Raises
    ------
    SettingsError
        When a value is missing or out of range; it names the field as the form does.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        label = (labels or {}).get(name) or words(name) or "The settings"
        reason = first["msg"].removeprefix("Value error, ")
        came = "" if isinstance(first.get("input"), dict) else f"{first.get('input')!r} came"
        raise SettingsError(f"{label}: {reason}", came, "Change it and save again") from error


def range_text(field: FieldInfo) -> str:
    """Return a field's limits in words: `from 2 to 100`, `above 0, at most 1`; empty without limits."""
    limits = _limits(field)
    if "ge" in limits and "le" in limits:
        return f"from {_plain(limits['ge'])} to {_plain(limits['le'])}"
    phrases = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    return ", ".join(f"{phrase} {_plain(limits[name])}" for name, phrase in phrases.items() if name in limits)


def _control(annotation: Any, field: FieldInfo, *, label: str, key: str, start: Any, options: Options) -> Any:
    kind, optional = _unwrapped(annotation)
    limits = range_text(field)
    description = " ".join(part for part in (field.description, f"({limits})" if limits else "") if part)
    common: dict[str, Any] = {"key": key, "help": description or None}
    origin = get_origin(kind)
    if origin is tuple:
        found = many(get_args(kind)[0], label, start, options, most=_most(field), common=common)
        return found or (None if optional else ())
    if origin is dict:
        return by_name(get_args(kind)[1], label, start or {}, options, common=common) or (
            None if optional else {}
        )
    if options is not None or origin is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return _select(kind, label, start, options, optional=optional, common=common)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        with st.container(border=True):
            st.markdown(f"**{label}**", help=common["help"])
            return fields(kind, key=key, initial=start, columns=1)
    if kind is bool and optional:
        start = None if start is None else _YES_NO[not start]
        picked = _select(Literal["Yes", "No"], label, start, None, optional=True, common=common)
        return None if picked is None else picked == "Yes"
    if kind is bool:
        return st.toggle(label, bool(start), persist_state="session", **common)
    if kind is float and {date, str} & set(get_args(annotation)):
        typed = st.text_input(label, "" if start is None else str(start), **common).strip()
        return _number_or_date(typed) if typed else None
    if kind in (int, float):
        return _number(kind, field, label, start, optional=optional, common=common)
    if kind is date:
        return st.date_input(label, start, persist_state="session", **common)
    text = st.text_input(label, "" if start is None else str(start), persist_state="session", **common)
    return None if optional and not text else text


def _select(
    kind: Any,
    label: str,
    start: Any,
    options: Options,
    *,
    optional: bool,
    common: dict[str, Any],
) -> Any:
    known = list(options) if options is not None else list(get_args(kind) or kind)
    if optional:
        return st.selectbox(
            label,
            known,
            index=known.index(start) if start in known else None,
            format_func=_option,
            placeholder="Not set",
            persist_state="session",
            **common,
        )
    index = known.index(start) if start in known else 0
    format_func = str if options is not None else _option
    return st.selectbox(label, known, index=index, format_func=format_func, persist_state="session", **common)


def _number(
    kind: type, field: FieldInfo, label: str, start: Any, *, optional: bool, common: dict[str, Any]
) -> Any:
    limits = _limits(field)
    low, high = limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt"))
    if kind is int:
        low = low + 1 if low is not None and "ge" not in limits else low
        high = high - 1 if high is not None and "le" not in limits else high
    value = start if start is not None or optional else (low if low is not None else 0)
    step = 1 if kind is int else _step(value)
    return st.number_input(
        label,
        min_value=None if low is None or abs(low) > _BROWSER_LARGEST else kind(low),
        max_value=None if high is None or abs(high) > _BROWSER_LARGEST else kind(high),
        value=None if value is None else kind(value),
        step=step,
        format="%d" if kind is int else "%g",
        placeholder="Not set" if optional else None,
        persist_state="session",
        **common,
    )


def _number_or_date(text: str) -> float | date | str:
    """Return what was typed where a number or a day may stand; pydantic refuses what is neither."""
    for read in (float, date.fromisoformat):
        with suppress(ValueError):
            return read(text)
    return text


def _unwrapped(annotation: Any) -> tuple[Any, bool]:
    """Return the type without `| None` and whether None is allowed; of other unions the first member."""
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        return members[0], len(members) < len(get_args(annotation))
    return annotation, False


def _closed(field: FieldInfo, name: str, choices: Mapping[str, Options] | None) -> bool:
    """Whether a field holds models that nobody said the choice of: those are made elsewhere."""
    kind, _ = _unwrapped(field.annotation)
    item = next(iter(get_args(kind)), None) if get_origin(kind) is tuple else None
    models = isinstance(item, type) and issubclass(item, BaseModel)
    return models and name not in (choices or {})


def _most(field: FieldInfo) -> int | None:
    """Return how many things a field may hold at most."""
    return next((item.max_length for item in field.metadata if getattr(item, "max_length", None)), None)


def _limits(field: FieldInfo) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if getattr(item, name, None) is not None:
                found[name] = getattr(item, name)
    return found


def _step(value: float | None) -> float:
    """Return a tenth of the value's power of ten: 0.01 for 0.3, 0.0001 for 0.001."""
    if not value:
        return 0.01
    return (
        float(10.0 ** (len(str(int(abs(value)))) - 2)) if abs(value) >= 1 else float(f"1e{_power(value) - 1}")
    )


def _power(value: float) -> int:
    return int(f"{abs(value):e}".partition("e")[2])


def _option(value: object) -> str:
    return words(str(value.value if isinstance(value, Enum) else value))


def _plain(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else number(value, 6)
