"""From cleaned columns to the numeric matrix that every model family takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from aimass_core.errors import DataError
from aimass_core.features.values import days, number, text_label, to_days, to_labels, to_numbers
from aimass_core.schema import TEMPORAL, Column

if TYPE_CHECKING:
    from typing import Self

Matrix = npt.NDArray[np.float64]


class Encoder:
    """Turns rows of a data set into a float64 matrix with one column per feature.

    Numbers stay as they are (infinities become missing), booleans become 0 and 1, dates and
    timestamps days since 1970-01-01, categories the index of their label in sorted order. A
    label that was not there at `fit` becomes the index after the last one. NaN means missing.
    Encoding a row depends on nothing but that row.

    Attributes
    ----------
    columns : the feature columns, in matrix order.
    labels : known labels of each category column, sorted.
    """

    def __init__(self, columns: tuple[Column, ...], labels: Mapping[str, tuple[str, ...]]) -> None:
        if not columns:
            raise DataError(
                "a model needs at least one feature column",
                "none was given",
                "Set the role of at least one column to `feature`",
            )
        for column in columns:
            if column.kind == "text":
                raise DataError(
                    f"feature `{column.name}` must be a number, date or category",
                    "it is free text",
                    "Set its role to `ignore`, or its type to `category` in Clean",
                )
        self.columns = columns
        self.labels = dict(labels)
        self._index = {name: pd.Index(values, dtype=object) for name, values in self.labels.items()}

    @classmethod
    def fit(cls, frame: pd.DataFrame, columns: tuple[Column, ...]) -> Self:
        """Learn the labels of the category columns.

        Parameters
        ----------
        frame : training rows; other columns are ignored.
        columns : the features, in the order the matrix will have.

        Raises
        ------
        DataError
            When a column is absent, is free text, or there is none.
        """
        _need(frame, columns)
        labels = {
            column.name: tuple(sorted(set(to_labels(frame[column.name]).dropna())))
            for column in columns
            if column.kind == "category"
        }
        return cls(columns, labels)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the matrix columns."""
        return tuple(column.name for column in self.columns)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Indices of the matrix columns that hold label codes."""
        return tuple(j for j, column in enumerate(self.columns) if column.kind == "category")

    def transform(self, frame: pd.DataFrame) -> Matrix:
        """Return the matrix of these rows, shape (n, p).

        Raises
        ------
        DataError
            When a column is absent or a value is not of the column's kind; names row and value.
        """
        _need(frame, self.columns)
        matrix = np.empty((len(frame), len(self.columns)), dtype=np.float64)
        for j, column in enumerate(self.columns):
            series = frame[column.name]
            if column.kind == "category":
                matrix[:, j] = self._codes(column.name, series)
            elif column.kind in TEMPORAL:
                matrix[:, j] = to_days(series, column, _row_numbers(frame))
            else:
                matrix[:, j] = to_numbers(series, column, _row_numbers(frame))
        return matrix

    def _codes(self, name: str, series: pd.Series[Any]) -> Matrix:
        labels = to_labels(series)
        codes = self._index[name].get_indexer(pd.Index(labels.to_numpy(dtype=object), dtype=object))
        codes = np.where(codes < 0, len(self._index[name]), codes).astype(np.float64)
        codes[labels.isna().to_numpy()] = np.nan
        return np.asarray(codes, dtype=np.float64)

    def display(self, row: Mapping[str, Any] | pd.Series[Any] | pd.DataFrame) -> dict[str, str]:
        """Return the feature values of one row as text for people ("12,500", "2005-04-30", "missing")."""
        first = row.iloc[0] if isinstance(row, pd.DataFrame) else row
        return {column.name: self._display(column, first[column.name]) for column in self.columns}

    def _display(self, column: Column, value: Any) -> str:
        if pd.isna(value) or (isinstance(value, str) and not value.strip()):
            return "missing"
        if column.kind == "category":
            return text_label(value)
        if column.kind in TEMPORAL:
            return days(to_days(pd.Series([value]), column, None)[0], column.kind)
        found = to_numbers(pd.Series([value]), column, None)[0]
        if column.kind == "boolean" and found in (0.0, 1.0):
            return "yes" if found else "no"
        return number(found)

    def display_code(self, j: int, value: float) -> str:
        """Return one matrix value of column `j` as text ("other" for a label not seen in training)."""
        column = self.columns[j]
        if np.isnan(value):
            return "missing"
        if column.kind == "category":
            known = self.labels[column.name]
            return known[int(value)] if 0 <= int(value) < len(known) else "other"
        if column.kind in TEMPORAL:
            return days(value, column.kind)
        if column.kind == "boolean" and value in (0.0, 1.0):
            return "yes" if value else "no"
        return number(value)

    def to_json(self) -> dict[str, Any]:
        """Return everything learnt as plain JSON values."""
        return {
            "columns": [column.model_dump(mode="json") for column in self.columns],
            "labels": {name: list(values) for name, values in self.labels.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild an encoder from `to_json`.

        Raises
        ------
        DataError
            When the JSON is not one of ours.
        """
        try:
            columns = tuple(Column.model_validate(item) for item in data["columns"])
            labels = {str(name): tuple(map(str, values)) for name, values in data["labels"].items()}
            complete = labels.keys() == {c.name for c in columns if c.kind == "category"}
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataError("the stored encoder must be complete", f"it is not: {error}") from error
        if not complete:
            raise DataError("the stored encoder must be complete", "labels of a column are missing")
        return cls(columns, labels)


def _need(frame: pd.DataFrame, columns: tuple[Column, ...]) -> None:
    absent = [column.name for column in columns if column.name not in frame.columns]
    if absent:
        named = ", ".join(f"`{name}`" for name in absent[:8]) + (", …" if len(absent) > 8 else "")
        raise DataError(
            "every feature of the model must be a column of the data",
            f"missing: {named}",
            "Add the column; leave its cells empty where the value is unknown",
        )
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError("column names must differ", f"`{twice}` occurs twice", "Rename one of them")


def _row_numbers(frame: pd.DataFrame) -> npt.NDArray[Any] | None:
    return frame["_row"].to_numpy() if "_row" in frame.columns else None
