"""The steps of a recipe, learnt on training rows and applied unchanged to every other row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from aimass_core.clean.fitted import FittedMissing, FittedStep
from aimass_core.clean.learn import Encoded, learn
from aimass_core.clean.recipe import Step
from aimass_core.errors import DataError
from aimass_core.intake.change import Change, RuleCount, merged

if TYPE_CHECKING:
    from typing import Self

    import torch

Matrix = NDArray[np.float64]
_STEPS: TypeAdapter[tuple[FittedStep, ...]] = TypeAdapter(tuple[FittedStep, ...])


@dataclass(frozen=True, slots=True)
class Applied:
    """A matrix after the steps.

    Attributes
    ----------
    X : (rows kept, columns with indicators) float64
    kept : (n,) whether each row that came is in `X`; all are, unless training drops some
    counts : cells and rows changed, by rule and column
    """

    X: Matrix
    kept: NDArray[np.bool_]
    counts: tuple[RuleCount, ...]


@dataclass(frozen=True, slots=True)
class FittedSteps:
    """Steps with all they learnt.

    Attributes
    ----------
    input_names : names of the columns that come in
    categorical : columns that hold label codes (indicators, which are appended, do not)
    labels : known labels of each category column
    steps : what was learnt, in order
    """

    input_names: tuple[str, ...]
    categorical: tuple[int, ...]
    labels: dict[str, tuple[str, ...]]
    steps: tuple[FittedStep, ...]
    device: str = "cpu"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that come out: those that came in, then indicators."""
        return (*self.input_names, *(name for name, _ in self._indicators()))

    @property
    def players(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Features with the columns that come out for each: its own, then its indicators."""
        owned = {name: [j] for j, name in enumerate(self.input_names)}
        for j, (_, source) in enumerate(self._indicators(), start=len(self.input_names)):
            owned[source].append(j)
        return tuple((name, tuple(columns)) for name, columns in owned.items())

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Texts of the label codes 0, 1, … of each column that comes out; none for numbers and indicators."""
        found: list[tuple[str, ...]] = []
        for j, name in enumerate(self.input_names):
            known = self.labels[name] if j in self.categorical else ()
            own = any(
                step.values[step.columns.index(j)] == len(known) + 1
                for step in self.steps
                if isinstance(step, FittedMissing) and j in step.columns and j in self.categorical
            )
            codes = range(len(known) + 1 + own) if j in self.categorical else range(0)
            found.append(tuple(str(self.display(j, float(code))) for code in codes))
        return (*found, *(() for _ in self._indicators()))

    def _indicators(self) -> list[tuple[str, str]]:
        taken, found = set(self.input_names), []
        for step in self.steps:
            for j in step.indicated if isinstance(step, FittedMissing) else ():
                name = f"{self.input_names[j]} (missing)"
                while name in taken:
                    name += "'"
                taken.add(name)
                found.append((name, self.input_names[j]))
        return found

    def apply(self, X: Matrix, *, training: bool = False) -> Applied:
        """Apply the steps to encoded rows.

        Parameters
        ----------
        X : (n, p) float64, NaN is missing
        training : drop rows where a step says so; otherwise such rows stay as they are

        Raises
        ------
        DataError
            When the matrix has another number of columns than in training.
        """
        import torch

        x = self._tensor(X)
        kept = torch.ones(x.shape[0], dtype=torch.bool, device=x.device)
        counts: list[RuleCount] = []
        for step in self.steps:
            found = step.found(x)
            if step.drops:
                if training:
                    counts += self._counts(step, found)
                    stays = ~found.any(dim=1)
                    kept[kept.clone()] = stays
                    x = x[stays]
            else:
                counts += self._counts(step, found)
            x = step.changed(x)
        return Applied(X=x.cpu().numpy(), kept=kept.cpu().numpy(), counts=merged(counts))

    def changes(self, X: Matrix, limit: int, *, rows: NDArray[np.int64] | None = None) -> list[Change]:
        """Show up to `limit` changes in training rows, shared among the rules that have any.

        Parameters
        ----------
        X : (n, p) float64
        limit : most changes to return
        rows : (n,) row numbers to show; 1…n when not given
        """
        x = self._tensor(X)
        numbers = np.arange(1, x.shape[0] + 1) if rows is None else rows
        by_column: list[tuple[FittedStep, int, list[tuple[int, float, float]]]] = []
        for step in self.steps:
            found, before = step.found(x), x
            x = step.changed(x)
            for place, j in enumerate(step.columns):
                at = found[:, place].nonzero()[:limit, 0]
                if len(at):
                    rows_found = numbers[at.cpu().numpy()].tolist()
                    values = zip(rows_found, before[at, j].tolist(), x[at, j].tolist(), strict=True)
                    by_column.append((step, j, list(values)))
            if step.drops:
                stays = ~found.any(dim=1)
                x, numbers = x[stays], numbers[stays.cpu().numpy()]
        each = max(1, limit // len(by_column)) if by_column else 0
        return [
            Change(
                row=row,
                column=self.input_names[j],
                before=self.display(j, old),
                after="row not trained on" if step.drops else self.display(j, new),
                rule=step.rule,
            )
            for step, j, values in by_column
            for row, old, new in values[:each]
        ][:limit]

    def _tensor(self, X: Matrix) -> torch.Tensor:
        import torch

        if X.ndim != 2 or X.shape[1] != len(self.input_names):
            raise DataError(
                f"rows to clean must have the {len(self.input_names):,} columns of training",
                f"a matrix of shape {X.shape} came",
            )
        return torch.tensor(X, dtype=torch.float64, device=self.device)

    def _counts(self, step: FittedStep, found: torch.Tensor) -> list[RuleCount]:
        cells = found.sum(dim=0).tolist()
        return [
            RuleCount(rule=step.rule, column=self.input_names[j], cells=int(n), rows=int(n))
            for j, n in zip(step.columns, cells, strict=True)
            if n
        ]

    def display(self, j: int, value: float) -> str | None:
        """Return a value of column `j` as text, None when missing."""
        if np.isnan(value):
            return None
        if j not in self.categorical:
            return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
        known = self.labels[self.input_names[j]]
        if value <= len(known):
            return known[int(value)] if value < len(known) else "other"
        fills = [step for step in self.steps if isinstance(step, FittedMissing) and j in step.columns]
        return fills[-1].label or "missing"

    def to_json(self) -> dict[str, Any]:
        """Return everything learnt as plain JSON values."""
        return {
            "names": list(self.input_names),
            "categorical": list(self.categorical),
            "labels": {name: list(values) for name, values in self.labels.items()},
            "steps": [step.model_dump(mode="json") for step in self.steps],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, device: str = "cpu") -> Self:
        """Rebuild from :meth:`to_json`, to run on a torch device.

        Raises
        ------
        DataError
            When the JSON is not one of ours.
        """
        try:
            return cls(
                input_names=tuple(map(str, data["names"])),
                categorical=tuple(map(int, data["categorical"])),
                labels={str(name): tuple(map(str, items)) for name, items in data["labels"].items()},
                steps=_STEPS.validate_python(tuple(data["steps"])),
                device=device,
            )
        except (KeyError, TypeError, AttributeError, ValueError, ValidationError) as error:
            raise DataError("stored cleaning steps must be complete", f"they are not: {error}") from error


def fit_steps(
    X: Matrix, encoder: Encoded, steps: Sequence[Step], *, device: torch.device | str = "cpu"
) -> FittedSteps:
    """Learn steps on training rows, each on what the ones before it leave.

    Parameters
    ----------
    X : (n, p) encoded training rows, float64, NaN is missing
    encoder : tells names, category columns and labels of the matrix
    steps : in the order they are to be done
    device : torch device to learn and apply on

    Raises
    ------
    DataError
        When a step names a column that is not a feature, or no training row is left.
    SettingsError
        When a step does not fit the kind of a column.
    """
    fitted = FittedSteps(
        input_names=tuple(encoder.names),
        categorical=tuple(encoder.categorical),
        labels={name: tuple(values) for name, values in encoder.labels.items()},
        steps=(),
        device=str(device),
    )
    x = fitted._tensor(X)
    done: list[FittedStep] = []
    for step in steps:
        learnt = learn(step, x, encoder)
        done.append(learnt)
        if learnt.drops:
            x = x[~learnt.found(x).any(dim=1)]
            if not x.shape[0]:
                raise DataError(
                    "cleaning must leave rows to train on",
                    f"step {len(done)} ({step.kind}) drops all that are left",
                    "Choose another action for it, or name fewer columns",
                )
        x = learnt.changed(x)
    return FittedSteps(fitted.input_names, fitted.categorical, fitted.labels, tuple(done), fitted.device)
