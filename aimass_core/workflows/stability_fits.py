"""What the worker does to see whether reasons come back: fit to bootstrap samples, explain, compare."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimass_core import sealed
from aimass_core.bundle import Bundle
from aimass_core.explain import stability as counting
from aimass_core.explain.shapley import explain
from aimass_core.jobs.progress import Progress, Report
from aimass_core.models import catalog
from aimass_core.workflows import fitting_rows
from aimass_core.workflows.fitting_rows import Prepared, Rows
from aimass_core.workflows.stability import FEWEST, ROW_SECONDS, StabilitySpec, seconds_a_row
from aimass_core.workflows.training import TrainingSpec

if TYPE_CHECKING:
    from aimass_core.models.base import BinaryClassifier
    from aimass_core.split import Split

FORMAT = 1
"""Layout of the folder of refits."""

Ints = npt.NDArray[np.int64]
_A_FIT = 100  # steps of one fit in the progress of all


def compute(folder: Path, report: Report) -> None:
    """Fit a run again to bootstrap samples of its training rows.

    Reads ``rows.parquet``, ``training.json`` and ``stability.json`` of input; writes the sealed folder
    ``refits`` and ``stability.json`` to output.
    """
    began = time.monotonic()
    training = json.loads((folder / "input" / "training.json").read_text("utf-8"))
    asked = json.loads((folder / "input" / "stability.json").read_text("utf-8"))
    how = StabilitySpec.model_validate(asked["spec"])
    spec = TrainingSpec.model_validate(training["spec"])
    steps = (how.refits + 1) * _A_FIT
    report(Progress(step=0, steps=steps, message="Reading rows"))
    bundle = Bundle.load(Path(asked["bundle"]))
    rows = fitting_rows.read(folder / "input" / "rows.parquet", spec)
    parts = fitting_rows.divide(rows, spec)
    prepared = _prepared(bundle, rows, parts, spec)
    refits: list[BinaryClassifier] = []
    for number in range(how.refits):
        label = f"Refit {number + 1} of {how.refits}"

        def told(message: Progress, done: int = number, label: str = label) -> None:
            part = min(_A_FIT - 1, _A_FIT * message.step // max(1, message.steps))
            report(Progress(step=done * _A_FIT + part, steps=steps, message=label))

        told(Progress(step=0, steps=1, message=""))
        chosen = sample(prepared.y, prepared.groups, seed=(how.seed, number))
        refits.append(_refit(prepared, rows, parts, spec, chosen, number, told))
    report(Progress(step=how.refits * _A_FIT, steps=steps, message="Comparing the reasons of test rows"))
    model = _judged(bundle, refits, rows, parts, most=int(asked["rows"]), seed=how.seed)
    _save(folder / "output" / "refits", refits, how, spec)
    content = {
        "spec": how.model_dump(mode="json"),
        "result": {
            "model": model.model_dump(mode="json"),
            "refits_explained": refits_explained(bundle, how.refits),
        },
        "seconds": time.monotonic() - began,
    }
    (folder / "output" / "stability.json").write_text(json.dumps(content, allow_nan=False), "utf-8")
    report(Progress(step=steps, steps=steps, message="Done"))


def sample(y: Ints, groups: npt.NDArray[Any] | None, *, seed: tuple[int, int]) -> Ints:
    """Return a bootstrap sample of rows (positions, ascending, as many as there are or about).

    Each class is drawn by itself, so that a rare outcome keeps its number of rows. Rows of one group are
    drawn together, in classes of groups with and without a bad outcome, because they are not independent.
    """
    random = np.random.default_rng(seed)
    if groups is None:
        drawn = [
            random.choice(found, len(found)) for found in (np.flatnonzero(y == 0), np.flatnonzero(y == 1))
        ]
        return np.sort(np.concatenate(drawn))
    _, unit = np.unique(groups.astype(str), return_inverse=True)
    members = [np.flatnonzero(unit == number) for number in range(int(unit.max()) + 1)]
    bad = np.array([bool(y[rows].any()) for rows in members])
    picked = [random.choice(found, len(found)) for found in map(np.flatnonzero, (bad, ~bad)) if len(found)]
    return np.sort(np.concatenate([members[number] for number in np.concatenate(picked)]))


def refits_explained(bundle: Bundle, refits: int) -> int:
    """Return under how many refits one row is explained, so that it takes about a second at most."""
    return min(refits, max(FEWEST, int(ROW_SECONDS / seconds_a_row(bundle))))


def _prepared(bundle: Bundle, rows: Rows, parts: Split, spec: TrainingSpec) -> Prepared:
    """Return training and validation rows, encoded and cleaned as the model itself learnt it."""
    training = rows.frame.iloc[parts.train]
    applied = bundle.steps.apply(bundle.encoder.transform(training), training=True)
    kept = parts.train[applied.kept]
    held_out = None
    if len(parts.validation):
        found = bundle.steps.apply(bundle.encoder.transform(rows.frame.iloc[parts.validation])).X
        held_out = (found, rows.y[parts.validation])
    return Prepared(
        encoder=bundle.encoder,
        steps=bundle.steps,
        X=applied.X,
        y=rows.y[kept],
        kept=kept,
        held_out=held_out,
        domain=fitting_rows.named(rows, kept, spec.domain),
        groups=fitting_rows.named(rows, kept, spec.split.group_column),
    )


def _refit(
    prepared: Prepared,
    rows: Rows,
    parts: Split,
    spec: TrainingSpec,
    chosen: Ints,
    number: int,
    told: Report,
) -> BinaryClassifier:
    estimator = catalog.build(
        spec.family,
        spec.config,
        categorical=prepared.steps.categorical,
        names=tuple(prepared.steps.names),
        device=spec.device,
        seed=spec.seed + 1 + number,  # training has a chance of its own, which a new sample would change too
    )
    estimator.name_labels(prepared.steps.texts)
    further: dict[str, Any] = {}
    if estimator.takes_unlabelled:
        further["unlabelled"] = fitting_rows.unlabelled(rows, parts, prepared, spec)
    return estimator.fit(
        prepared.X[chosen],
        prepared.y[chosen],
        validation=prepared.held_out,
        domain=None if prepared.domain is None else prepared.domain[chosen],
        progress=told,
        **further,
    )


def _judged(
    bundle: Bundle, refits: list[BinaryClassifier], rows: Rows, parts: Split, *, most: int, seed: int
) -> counting.ModelStability:
    """Compare the reasons of a seeded sample of test rows under every refit."""
    order = np.random.default_rng(seed).permutation(len(parts.test))[:most]
    frame = rows.frame.iloc[np.sort(parts.test[order])]
    X = bundle.prepare(frame, repaired=True).X
    mine = explain(bundle, X, effort="batch")
    probability = bundle.score_prepared(X).probability
    models = [replace(bundle, estimator=refit) for refit in refits]
    values = np.stack([explain(model, X, effort="batch").values for model in models])
    probabilities = np.stack([model.score_prepared(X).probability for model in models])
    return counting.of_model(
        [
            counting.of_row(
                mine.names,
                mine.values[i],
                values[:, i],
                probability=float(probability[i]),
                probabilities=probabilities[:, i],
            )
            for i in range(len(X))
        ]
    )


def _save(path: Path, refits: list[BinaryClassifier], how: StabilitySpec, spec: TrainingSpec) -> None:
    def write(draft: Path) -> None:
        for number, refit in enumerate(refits, start=1):
            refit.save(draft / f"refit-{number:02d}")

    content = {"format": FORMAT, "run": how.run, "family": spec.family, "refits": len(refits)}
    sealed.write_folder(path, write, content)
