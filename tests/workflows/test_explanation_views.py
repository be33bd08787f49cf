"""Views of many explained rows: which rows, the same numbers as they were stored, and clear refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aimass_core.errors import DataError, SettingsError
from aimass_core.explain.contributions import Contributions
from aimass_core.explain.dependence import dependence
from aimass_core.explain.mix import by_period, shift
from aimass_core.explain.segments import segmented
from aimass_core.workflows import evaluating, explanation_views, explanations
from aimass_core.workflows.explanation_views import LEAST_DECISIONS, Source
from aimass_core.workspace import cases, datasets, picked, registry, runs
from aimass_core.workspace import explanations as stored
from aimass_core.workspace.cases import Decision
from aimass_core.workspace.connection import Workspace, new_id, open_workspace
from tests.made import add_dataset, train_here
from tests.small_models import applicants
from tests.trained import FAMILIES, Trained
from tests.workflows.test_explanations import done


def _run(ws: Workspace, model: str) -> str:
    return registry.get(ws, model).run_id


def _source(ws: Workspace, run: str) -> Source:
    found = explanation_views.source(ws, run)
    assert found is not None
    return found


@pytest.mark.parametrize("model", ["boosting", "additive"])
def test_rows_explained_for_a_view_are_those_that_are_stored(
    trained: Trained, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, run = trained.ws, _run(trained.ws, model)
    tested = evaluating.scores(ws, run).query("part == 'test'")["_row"]
    with monkeypatch.context() as nothing_stored:  # whatever other tests have explained
        nothing_stored.setattr(explanation_views, "newest", lambda ws, run: "")
        live = _source(ws, run)
    assert live.stored is None
    assert sorted(live.found.rows.tolist()) == sorted(tested.tolist())
    assert live.rows_total == len(tested)

    explanation_id = done(ws, explanations.ExplanationSpec(run=run))

    kept = _source(ws, run)
    assert kept.stored is not None
    assert kept.stored.explanation_id == explanation_id == explanation_views.newest(ws, run)
    assert kept.found.names == live.found.names
    order = np.argsort(live.found.rows)
    np.testing.assert_array_equal(kept.found.rows, live.found.rows[order])
    np.testing.assert_allclose(kept.found.values, live.found.values[order], atol=1e-9)
    row = int(kept.found.rows[3])
    one = stored.of_row(ws, explanation_id, row).set_index("feature")["contribution"]
    np.testing.assert_allclose(kept.found.values[3], one[list(kept.found.names)], atol=1e-12)


@pytest.mark.parametrize("model", FAMILIES)
def test_views_open_for_every_family(trained: Trained, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanation_views, "LIVE_SECONDS", 1e9)
    monkeypatch.setattr(explanation_views, "LIVE_ROWS", 40)
    monkeypatch.setattr(explanation_views, "newest", lambda ws, run: "")
    ws, run = trained.ws, _run(trained.ws, model)

    found = _source(ws, run).found

    features = explanation_views.features(ws, run, found)
    assert len(found) == 40
    assert sum(item.rows for item in dependence(found, features, found.by_importance()[0]).bins) == 40
    by_job = segmented(found, explanation_views.column(ws, run, found, "job"))
    assert sum(item.rows for item in by_job.segments) == 40
    mix, _ = explanation_views.mix(ws, run, found, "since", by="year")
    assert sum(item.rows for item in mix.periods) == 40


def test_more_rows_than_memory_holds_are_sampled_the_same_way(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(trained.ws, "scorecard")
    done(trained.ws, explanations.ExplanationSpec(run=run))
    whole = _source(trained.ws, run)
    monkeypatch.setattr(explanation_views, "MOST_CELLS", 40 * len(whole.found.names))

    one, two = _source(trained.ws, run), _source(trained.ws, run)

    assert len(one.found) == 40
    assert one.rows_total == len(whole.found)
    assert one.found.rows.tolist() == two.found.rows.tolist()
    assert set(one.found.rows.tolist()) < set(whole.found.rows.tolist())


def test_a_slow_model_is_not_explained_while_somebody_waits(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explanation_views, "LIVE_SECONDS", 1e-6)

    assert explanation_views.source(trained.ws, _run(trained.ws, "tabm")) is None


def test_values_are_those_of_the_rows(trained: Trained) -> None:
    ws, run = trained.ws, _run(trained.ws, "boosting")
    found = _source(ws, run).found

    features = {item.name: item for item in explanation_views.features(ws, run, found)}

    version = datasets.get(ws, runs.get(ws, run).version_id)
    frame = datasets.frame(ws, version).set_index("_row").loc[found.rows]
    assert tuple(features) == found.names
    np.testing.assert_array_equal(features["income"].values, frame["income"].to_numpy(dtype=float))
    job = features["job"]
    texts = [None if value != value else job.labels[int(value)] for value in job.values]
    assert texts == [None if value is None or value != value else value for value in frame["job"]]


def test_segments_leave_out_target_and_ids(trained: Trained) -> None:
    names = [c.name for c in explanation_views.segment_columns(trained.ws, _run(trained.ws, "boosting"))]

    assert "job" in names
    assert not {"default", "customer"} & set(names)


def test_rows_are_followed_by_the_month_of_their_date(trained: Trained) -> None:
    ws, run = trained.ws, _run(trained.ws, "boosting")
    found = _source(ws, run).found

    mix, without = explanation_views.mix(ws, run, found, "since")

    version = datasets.get(ws, runs.get(ws, run).version_id)
    frame = picked.rows(ws, version, found.rows.tolist(), ["since"])
    months = pd.to_datetime(frame["since"]).dt.strftime("%Y-%m").value_counts().sort_index()
    assert {period.label: period.rows for period in mix.periods} == months.to_dict()
    assert without == 0
    top = found.top()
    january = pd.to_datetime(frame["since"]).dt.strftime("%Y-%m").to_numpy() == mix.periods[0].label
    assert mix.periods[0].top.tolist() == np.bincount(top[january] % 6, minlength=6).tolist()


def test_numbers_are_cut_into_equal_parts_and_labels_cannot_order(trained: Trained) -> None:
    ws, run = trained.ws, _run(trained.ws, "boosting")
    found = _source(ws, run).found

    assert len(explanation_views.mix(ws, run, found, "age")[0].periods) == 10
    with pytest.raises(SettingsError, match="must be a date or a number"):
        explanation_views.mix(ws, run, found, "job")


def test_a_model_agrees_with_itself(trained: Trained) -> None:
    ws, run = trained.ws, _run(trained.ws, "boosting")
    one = _source(ws, run)

    found = explanation_views.compared(ws, run, one, run, one)

    assert found.agreement.top.value == 1.0
    assert found.agreement.apart == ()


def test_two_models_are_compared_on_test_rows_of_both(trained: Trained) -> None:
    ws = trained.ws
    a, b = _run(ws, "scorecard"), _run(ws, "additive")
    done(ws, explanations.ExplanationSpec(run=b, part="all"))
    first, second = _source(ws, a), _source(ws, b)

    found = explanation_views.compared(ws, a, first, b, second)

    tested = set(evaluating.scores(ws, a).query("part == 'test'")["_row"].tolist())
    assert set(found.a.rows.tolist()) == tested
    place = int(found.a.rows[0])
    np.testing.assert_allclose(found.b.values[0], second.found.values[second.found.rows == place][0])


def test_too_few_common_rows_are_said(trained: Trained) -> None:
    ws, run = trained.ws, _run(trained.ws, "boosting")
    one = _source(ws, run)
    few = Source(one.found.taken(np.arange(5)), None, "test rows", 5, "", "")

    with pytest.raises(DataError, match="at least 30 test rows"):
        explanation_views.compared(ws, run, one, run, few)


def _decision(ws: Workspace, run: str, number: int, day: datetime, parts: dict[str, float]) -> Decision:
    model = registry.of_runs(ws)[run][0]
    listed = sorted(
        ({"feature": k, "contribution": v} for k, v in parts.items()), key=lambda r: -r["contribution"]
    )
    against = [item for item in listed if item["contribution"] > 0]
    return Decision(
        decision_id=new_id(),
        batch_id="b",
        model_id=model.model_id,
        policy_id="p",
        source="test",
        subject=str(number),
        input={"age": number},
        input_sha256="0",
        probability=0.5,
        log_odds=0.0,
        outcome="approve",
        reasons={
            "explained": True,
            "principal": against[:4],
            "tail": against[4:],
            "favourable": [item for item in listed if item["contribution"] <= 0],
        },
        reference="population",
        decided_at=day,
        decided_by="ana",
        bundle_sha256="0",
    )


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[tuple[Workspace, str]]:
    """A workspace in which nobody else decides, and its one run, registered."""
    ws = open_workspace(tmp_path / "home", threads=1)
    add_dataset(ws, applicants(300))
    run = train_here(ws, name="card").run_id
    registry.register(ws, run, name="card", actor="ana")
    yield ws, run
    ws.close()


def test_decisions_are_followed_by_month(apart: tuple[Workspace, str]) -> None:
    ws, run = apart
    assert explanation_views.decisions(ws, run) == 0
    with pytest.raises(DataError, match=f"at least {LEAST_DECISIONS} decisions"):
        explanation_views.decision_mix(ws, run)
    random = np.random.default_rng(0)
    names = [name for name, _ in evaluating.bundle(ws, run).players]
    values = random.normal(size=(240, len(names)))
    values[120:, names.index("late")] += 2.0  # planted: in the second month late speaks against most
    values[:5] = -np.abs(values[:5])
    days = [datetime(2026, 9, 1 + k % 28) if k < 120 else datetime(2026, 10, 1 + k % 28) for k in range(240)]
    made = [
        _decision(ws, run, k, days[k], dict(zip(names, map(float, values[k]), strict=True)))
        for k in range(240)
    ]
    cases.add_decisions(ws, made)

    found = explanation_views.decision_mix(ws, run)

    expected = by_period(
        Contributions(np.arange(240), tuple(names), values), np.repeat([0, 1], 120), ("2026-09", "2026-10")
    )
    assert (found.rows, found.left_out, found.reference) == (240, 0, "population")
    for one, two in zip(found.mix.periods, expected.periods, strict=True):
        assert (one.label, one.rows, one.top.tolist()) == (two.label, two.rows, two.top.tolist())
        np.testing.assert_allclose(one.sums, two.sums)
        np.testing.assert_allclose(one.weights(), two.weights())
    moved = shift(found.mix, "2026-09", "2026-10")
    assert moved.verdict == "large"
    assert moved.changes[0].feature == "late"


def test_decisions_without_reasons_are_not_counted(apart: tuple[Workspace, str]) -> None:
    ws, run = apart
    one = _decision(ws, run, 1, datetime(2026, 9, 1), {"late": 1.0})
    object.__setattr__(one, "reasons", {"explained": False, "principal": [], "tail": [], "favourable": []})
    cases.add_decisions(ws, [one])

    assert explanation_views.decisions(ws, run) == 0
