"""Training from a data set version to a recorded run, through a real worker process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from aimass_core.bundle import Bundle
from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.jobs.job import Job
from aimass_core.jobs.progress import Progress
from aimass_core.schema import Column
from aimass_core.split import SplitConfig
from aimass_core.workflows import evaluating, fitting, training
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace import audit, datasets, runs
from aimass_core.workspace.connection import Workspace, now, open_workspace
from tests.made import add_dataset, train_here, train_now
from tests.shared_data import shared_path
from tests.small_models import COLUMNS, FAMILIES, QUICK, applicants

TARGET = Column(name="y", kind="integer", role="target")


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "home", threads=1)
    yield workspace
    workspace.close()


def spec(**settings: Any) -> TrainingSpec:
    return TrainingSpec.model_validate({"dataset": "loans", "family": "scorecard"} | settings)


def compute_here(ws: Workspace, folder: Path, **settings: Any) -> Bundle:
    """Run prepare and compute in this process."""
    (folder / "input").mkdir(parents=True)
    (folder / "output").mkdir()
    asked = {"config": QUICK["scorecard"], "bootstrap": 0} | settings
    training.prepare(ws, spec(**asked).model_dump(mode="json"), folder)
    fitting.compute(folder, lambda message: None)
    return Bundle.load(folder / "output" / "bundle")


@pytest.mark.parametrize("family", FAMILIES)
def test_training_makes_a_run_that_scores_as_it_was_measured(ws: Workspace, family: str) -> None:
    frame = applicants(500)
    add_dataset(ws, frame)
    messages: list[Progress] = []

    run = train_here(ws, family, messages=messages)

    assert run.name == f"loans {family}"
    assert (run.family, run.created_by, run.spec["positive"]) == (family, "ann", ["1"])
    assert run.metrics["train.rows"] + run.metrics["validation.rows"] + run.metrics["test.rows"] == 500
    assert run.metrics["test.auc.low"] <= run.metrics["test.auc"] <= run.metrics["test.auc.high"]
    assert run.metrics["test.auc"] > 0.6
    said = " ".join(message.message for message in messages)
    assert all(word in said for word in ("Reading", "Dividing", "Measuring", "Explaining", "Saving", "Done"))
    assert [m.step for m in messages] == sorted(m.step for m in messages)
    scores = evaluating.scores(ws, run.run_id)
    np.testing.assert_array_equal(frame["y"].iloc[scores["_row"] - 1], scores["y"])
    model = evaluating.bundle(ws, run.run_id)
    honest = (
        "plan" in model.manifest.config
    )  # learnt from its validation rows too, which others scored for it
    known = scores[scores["part"] == "test"] if honest else scores
    again = model.score(frame.iloc[known["_row"] - 1])
    np.testing.assert_allclose(again.log_odds, known["log_odds"], atol=1e-6)
    assert [event.action for event in audit.events(ws, subject=run.run_id)] == ["run.train"]


def test_a_worker_process_trains_as_this_one(ws: Workspace) -> None:
    add_dataset(ws, applicants(300))
    messages: list[Progress] = []

    there, here = train_now(ws, messages=messages), train_here(ws)

    np.testing.assert_array_equal(
        evaluating.scores(ws, there.run_id)["log_odds"], evaluating.scores(ws, here.run_id)["log_odds"]
    )
    assert messages[-1].message == "Done"


def test_second_run_of_a_name_gets_a_number(ws: Workspace) -> None:
    add_dataset(ws, applicants(200))

    first, second = train_here(ws, name="mine"), train_here(ws, name="mine")

    assert (first.name, second.name) == ("mine", "mine 2")


def test_same_seed_gives_the_same_model(ws: Workspace, tmp_path: Path) -> None:
    add_dataset(ws, applicants(300))

    one = compute_here(ws, tmp_path / "a", family="dann", config=QUICK["dann"], device="cpu", seed=3)
    two = compute_here(ws, tmp_path / "b", family="dann", config=QUICK["dann"], device="cpu", seed=3)

    rows = applicants(50, seed=9)
    np.testing.assert_allclose(one.score(rows).log_odds, two.score(rows).log_odds, atol=1e-12)


def test_nothing_is_learnt_from_test_rows(ws: Workspace, tmp_path: Path) -> None:
    frame = applicants(400)
    steps = [
        {"kind": "outliers", "action": "cap"},
        {"kind": "missing", "method": "median", "indicator": True},
        {"kind": "rare", "min_share": 0.05},
    ]
    one = add_dataset(ws, frame)
    datasets.set_recipe(ws, one.version_id, {"repairs": [], "steps": steps}, actor="ann")
    before = compute_here(ws, tmp_path / "a")
    scores = pd.read_parquet(tmp_path / "a" / "output" / "bundle" / "test_scores.parquet")
    tested = scores.loc[scores["part"] == "test", "_row"].to_numpy() - 1
    changed = frame.copy()
    changed.loc[tested, "income"] = 1e9
    changed.loc[tested, "late"] = 1_000
    changed.loc[tested, "town"] = "Atlantis"
    two = add_dataset(ws, changed)
    datasets.set_recipe(ws, two.version_id, {"repairs": [], "steps": steps}, actor="ann")

    after = compute_here(ws, tmp_path / "b")

    assert len(tested) == 120
    for name in ("encoder.json", "steps.json", "model/estimator.json"):
        assert (before.path / name).read_bytes() == (after.path / name).read_bytes(), name  # type: ignore[operator]
    np.testing.assert_array_equal(before.reference, after.reference)
    assert "Atlantis" not in json.dumps(after.encoder.to_json())


def test_recipe_is_fitted_counted_and_kept(ws: Workspace, tmp_path: Path) -> None:
    version = add_dataset(ws, applicants(400))
    steps = [{"kind": "missing", "columns": ["income"], "method": "drop"}]
    datasets.set_recipe(ws, version.version_id, {"repairs": [], "steps": steps}, actor="ann")

    model = compute_here(ws, tmp_path / "a")

    assert model.manifest.rows["dropped"] > 10
    assert model.manifest.rows["train"] + model.manifest.rows["dropped"] == 224  # 400 × 0.7 × 0.8
    assert model.manifest.rows["test"] == 120  # a row to be judged is never dropped


def test_step_on_a_column_that_is_not_a_feature_is_left_out(ws: Workspace, tmp_path: Path) -> None:
    version = add_dataset(ws, applicants(300))
    steps = [{"kind": "missing", "columns": ["income", "late"]}, {"kind": "missing", "columns": ["late"]}]
    datasets.set_recipe(ws, version.version_id, {"repairs": [], "steps": steps}, actor="ann")

    model = compute_here(ws, tmp_path / "a", features=["income", "town"])

    assert len(model.steps.steps) == 1


def test_rows_without_a_target_are_left_out_and_counted(ws: Workspace, tmp_path: Path) -> None:
    frame = applicants(300).astype({"y": "Int64"})
    frame.loc[:19, "y"] = pd.NA
    add_dataset(ws, frame)

    plan = training.plan(ws, spec())
    model = compute_here(ws, tmp_path / "a")

    assert (plan.rows, plan.without_target) == (280, 20)
    assert any("20 of 300 rows have no target" in note for note in plan.notes)
    assert model.manifest.rows["without_target"] == 20
    assert len(model.applicants) == 300  # applicants without an outcome are applicants


def test_raw_rows_go_through_the_repairs_of_the_version(ws: Workspace, tmp_path: Path) -> None:
    frame = applicants(300)
    add_dataset(ws, frame, repairs=[{"kind": "sentinel", "column": "income", "values": [-999.0]}])

    model = compute_here(ws, tmp_path / "a")

    raw = applicants(5, seed=2)
    np.testing.assert_allclose(
        model.score(raw.assign(income=-999.0)).log_odds, model.score(raw.assign(income=np.nan)).log_odds
    )


@pytest.mark.parametrize("method", ["time", "group"])
def test_division_takes_its_column_from_the_roles(ws: Workspace, tmp_path: Path, method: str) -> None:
    frame = applicants(400)
    add_dataset(ws, frame, roles={"since": "time", "late": "group"})

    found = training.check(ws, spec(split={"method": method, "test_share": 0.4}))
    if method == "time":
        model = compute_here(ws, tmp_path / "a", split={"method": "time"})
        scores = pd.read_parquet(model.path / "test_scores.parquet")  # type: ignore[operator]
        tested = scores.loc[scores["part"] == "test", "_row"].to_numpy() - 1
        others = np.setdiff1d(np.arange(400), tested)
        assert frame["since"].iloc[tested].min() >= frame["since"].iloc[others].max()
        assert "since" not in [column.name for column in model.input_columns]

    assert found.split.time_column == ("since" if method == "time" else None)
    assert found.split.group_column == ("late" if method == "group" else None)
    assert set(found.features or ()) == {"income", "town", "owner"}


def test_groups_stay_together(ws: Workspace, tmp_path: Path) -> None:
    frame = applicants(400).assign(customer=np.repeat(np.arange(100), 4))
    add_dataset(ws, frame, columns=(*COLUMNS, Column(name="customer", kind="integer", role="group"), TARGET))

    model = compute_here(ws, tmp_path / "a", split={"method": "group"})

    scores = pd.read_parquet(model.path / "test_scores.parquet")  # type: ignore[operator]
    tested = frame["customer"].iloc[scores.loc[scores["part"] == "test", "_row"] - 1]
    assert tested.value_counts().eq(4).all()


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"dataset": "nothing"}, NotFoundError, "data set `nothing`"),
        ({"target": "no such"}, DataError, "column `no such`"),
        ({"target": "since"}, DataError, "category or a number"),
        ({"family": "forest"}, NotFoundError, "one of .*scorecard.*boosting"),
        ({"config": {"bins": 1}}, SettingsError, "`bins`"),
        ({"config": {"colour": 1}}, SettingsError, "`colour`"),
        ({"positive": ["9"]}, SettingsError, "'9' does not"),
        ({"positive": ["0", "1"]}, SettingsError, "all of them do"),
        ({"target": "late"}, SettingsError, r"it has 5: '\d' \(\d+ rows\)"),
        ({"features": ["income", "y"]}, SettingsError, "it is the target"),
        ({"features": ["sex"]}, SettingsError, "it is protected"),
        ({"features": ["memo"]}, SettingsError, "free text"),
        ({"features": ["number"]}, SettingsError, "identifies rows"),
        ({"features": []}, DataError, "at least one feature"),
        ({"split": {"method": "time"}}, SettingsError, "needs a time column"),
        ({"split": {"method": "time", "time_column": "town"}}, SettingsError, "must be a date or a number"),
        ({"split": {"method": "group"}}, SettingsError, "needs a group column"),
        ({"domain": "town"}, SettingsError, "can be made blind to a domain"),
        ({"family": "dann", "domain": "y"}, SettingsError, "must not be the target"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_any_work(
    ws: Workspace, settings: dict[str, Any], error: type[Exception], words: str
) -> None:
    extra = (
        Column(name="sex", kind="category", role="protected"),
        Column(name="memo", kind="text"),
        Column(name="number", kind="integer", role="id"),
    )
    frame = applicants(100).assign(sex="f", memo="words", number=range(100))
    add_dataset(ws, frame, columns=(*COLUMNS, *extra, TARGET))

    with pytest.raises(error, match=words):
        training.plan(ws, spec(**settings))


def test_target_of_one_class_is_refused(ws: Workspace) -> None:
    add_dataset(ws, applicants(100).assign(y=1))

    with pytest.raises(DataError, match=r"only '1' \(100 rows\)"):
        training.check(ws, spec())


def test_target_without_any_value_is_refused(ws: Workspace) -> None:
    add_dataset(ws, applicants(100).assign(y=pd.array([None] * 100, dtype="Int64")))

    with pytest.raises(DataError, match="all its values are missing"):
        training.check(ws, spec())


def test_version_without_a_target_is_refused(ws: Workspace) -> None:
    add_dataset(ws, applicants(100), roles={"y": "ignore"})

    with pytest.raises(SettingsError, match="has none"):
        training.check(ws, spec())


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (["good", "bad"], "bad"),
        (["no", "yes"], "yes"),
        (["default", "paid"], "default"),
        ([0, 1], "1"),
        ([1.0, 0.0], "1"),
        ([True, False], "true"),
        (["2", "1"], "1"),
        (["left", "left", "left", "right"], "right"),
        (["A", "B", "B"], "A"),
    ],
)
def test_positive_class_is_guessed_and_said(ws: Workspace, values: list[Any], positive: str) -> None:
    frame = applicants(120).assign(y=(values * 120)[:120])
    kind = (
        "boolean" if isinstance(values[0], bool) else "category" if isinstance(values[0], str) else "number"
    )
    add_dataset(ws, frame, columns=(*COLUMNS, Column(name="y", kind=kind, role="target")))

    plan = training.plan(ws, spec())

    assert plan.spec.positive == (positive,)
    assert f"'{positive}' counts as positive in `y`; this was guessed." in plan.notes


def test_three_classes_are_trained_once_the_positive_ones_are_named(ws: Workspace, tmp_path: Path) -> None:
    labels = np.array(["paid", "late", "lost"])[np.arange(300) % 3]
    frame = applicants(300).assign(y=labels)
    add_dataset(ws, frame, columns=(*COLUMNS, Column(name="y", kind="category", role="target")))

    model = compute_here(ws, tmp_path / "a", positive=["late", "lost"])

    assert (model.manifest.positive, model.manifest.negative) == (("late", "lost"), ("paid",))
    scores = pd.read_parquet(model.path / "test_scores.parquet")  # type: ignore[operator]
    np.testing.assert_array_equal(scores["y"], (labels[scores["_row"] - 1] != "paid").astype(int))


def test_protected_columns_are_learnt_from_only_on_the_record(ws: Workspace) -> None:
    columns = (*COLUMNS, Column(name="sex", kind="category", role="protected"), TARGET)
    add_dataset(ws, applicants(200).assign(sex=["f", "m"] * 100), columns=columns)

    plain, allowed = train_here(ws), train_here(ws, allow_protected=True)

    assert "sex" not in plain.spec["features"]
    assert "sex" in allowed.spec["features"]
    assert evaluating.bundle(ws, allowed.run_id).manifest.protected == ("sex",)
    assert not audit.events(ws, subject=plain.run_id, action="run.protected")
    [event] = audit.events(ws, subject=allowed.run_id, action="run.protected")
    assert (event.detail["columns"], event.actor) == (["sex"], "ann")


def test_domain_is_not_a_feature(ws: Workspace, tmp_path: Path) -> None:
    add_dataset(ws, applicants(300))

    model = compute_here(ws, tmp_path / "a", family="dann", config=QUICK["dann"], domain="town", device="cpu")

    assert model.manifest.domain == "town"
    assert "town" not in [column.name for column in model.input_columns]


def test_names_with_quotes_markup_and_other_scripts_are_trained_on(ws: Workspace, tmp_path: Path) -> None:
    odd = ('in"come', "<b>stadt</b>", "晚 🙂", "since", "owner", "目标'")
    frame = applicants(200).rename(columns=dict(zip([*(c.name for c in COLUMNS), "y"], odd, strict=True)))
    columns = [c.model_copy(update={"name": n}) for c, n in zip((*COLUMNS, TARGET), odd, strict=True)]
    add_dataset(ws, frame, columns=columns)

    model = compute_here(ws, tmp_path / "a")

    assert [column.name for column in model.input_columns] == list(odd[:-1])
    assert np.isfinite(model.score(frame).log_odds).all()


def test_failed_training_leaves_the_workspace_as_it_was(ws: Workspace) -> None:
    add_dataset(ws, applicants(30).assign(y=[1] * 2 + [0] * 28))

    with pytest.raises(DataError, match="rows must hold both classes"):
        train_now(ws)

    assert runs.runs(ws) == []
    assert list(ws.bundles.iterdir()) == []


def test_record_can_be_tried_again_after_a_crash(ws: Workspace, tmp_path: Path) -> None:
    add_dataset(ws, applicants(200))
    folder = tmp_path / "job"
    compute_here(ws, folder)
    job = Job("job-1", "training", "t", {}, "running", now(), "ann", now(), {})
    with pytest.raises(RuntimeError), ws.writing():  # noqa: PT012
        training.record(ws, job, folder)
        raise RuntimeError("the server dies before it commits")
    assert runs.runs(ws) == []

    result = training.record(ws, job, folder)

    assert training.record(ws, job, folder) == result
    assert [run.run_id for run in runs.runs(ws)] == [result["run_id"]]
    assert evaluating.bundle(ws, result["run_id"]).manifest.target == "y"


def test_estimate_grows_with_the_rows(ws: Workspace) -> None:
    add_dataset(ws, applicants(200), name="small")
    add_dataset(ws, applicants(20_000), name="large")

    small, large = (training.estimate(ws, spec(dataset=name, family="dann")) for name in ("small", "large"))

    assert 0 < small.seconds < large.seconds
    assert 0 < small.memory_bytes <= large.memory_bytes


def test_classes_are_listed_with_their_counts(ws: Workspace) -> None:
    frame = applicants(100).assign(y=[None, *["b"] * 60, *["a"] * 38, "  "])
    version = add_dataset(ws, frame, columns=(*COLUMNS, Column(name="y", kind="category", role="target")))

    assert training.target_classes(ws, version, "y") == [("b", 60), ("a", 38)]
    with pytest.raises(DataError, match="column `z`"):
        training.target_classes(ws, version, "z")


def test_split_settings_are_part_of_the_spec() -> None:
    assert spec().split == SplitConfig()


@pytest.mark.shared
def test_taiwan_default_is_learnt(ws: Workspace) -> None:
    frame = pd.read_csv(shared_path("credit/taiwan_default.csv")).sample(6_000, random_state=0)
    target = "default.payment.next.month"
    roles = {"ID": "id", target: "target", "GENDER": "protected", "AGE": "protected", "MARRIAGE": "protected"}
    columns = [Column(name=name, kind="integer", role=roles.get(name, "feature")) for name in frame.columns]
    add_dataset(ws, frame, columns=columns)

    run = train_now(ws, "boosting", config={"trees": 80})

    assert run.metrics["test.auc"] > 0.74
    assert "GENDER" not in run.spec["features"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"search": {"folds": 20}}, "`folds` of the search must not be more than the rows"),
        ({"family": "stacking", "config": {"folds": 20}}, "`folds` of the settings must not be more"),
        ({"family": "auto", "config": {}, "search": {}}, "needs settings to search among"),
        ({"family": "auto", "config": {"budget_seconds": 0}}, "`budget_seconds`"),
        ({"search": {"by": "validation"}, "split": {"validation_share": 0}}, "needs validation rows"),
        ({"calibration": "platt", "split": {"validation_share": 0}}, "needs 10 validation rows"),
        ({"unlabelled": True}, "needs a family that can do without"),
        ({"family": "isolation", "unlabelled": True, "target": "y"}, "`target` must be empty"),
        ({"family": "isolation", "unlabelled": True, "calibration": "platt"}, "nothing to judge"),
        ({"family": "isolation", "unlabelled": True, "search": {}}, "nothing to judge"),
    ],
)
def test_ways_of_training_that_cannot_be_gone_are_refused_before_any_work(
    ws: Workspace, settings: dict[str, Any], words: str
) -> None:
    frame = applicants(300)
    frame["y"] = (np.arange(300) < 24).astype(int)  # so few that 20 folds do not have one each
    add_dataset(ws, frame)
    family = settings.get("family", "scorecard")

    with pytest.raises(SettingsError, match=words):
        training.plan(ws, spec(**({"family": family, "config": {}} | settings)))


def test_budget_of_zero_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        spec(search={"budget_seconds": 0})


def test_search_is_made_kept_and_shown_live(ws: Workspace) -> None:
    add_dataset(ws, applicants(400))
    messages: list[Progress] = []

    run = train_here(
        ws, "boosting", search={"budget_seconds": 300, "trials": 4, "folds": 2}, messages=messages
    )

    kept = evaluating.extra(ws, run.run_id, "search")
    assert kept is not None
    assert len(kept["trials"]) == 4
    assert run.spec["config"] == kept["config"]
    assert evaluating.bundle(ws, run.run_id).manifest.config == kept["config"]
    shown = [message.detail for message in messages if message.detail is not None]
    assert shown[-1]["trials"] == kept["trials"]
    assert [message.step for message in messages] == sorted(message.step for message in messages)


def test_folds_of_a_search_keep_groups_together(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from aimass_core.models import inner

    frame = applicants(400).assign(customer=np.repeat([f"c{n}" for n in range(100)], 4))
    add_dataset(ws, frame, columns=(*COLUMNS, TARGET, Column(name="customer", kind="category", role="group")))
    seen: list[Any] = []
    real = inner.folds
    monkeypatch.setattr(inner, "folds", lambda y, **given: seen.append(given["groups"]) or real(y, **given))

    train_here(ws, split={"method": "group"}, search={"trials": 1, "folds": 2})

    (groups,) = seen
    assert len(set(groups)) == 56  # 100 customers, 70 % of them not tested, 80 % of those trained on


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_calibration_is_learnt_on_validation_rows_and_shown_on_test_rows(ws: Workspace, method: str) -> None:
    add_dataset(ws, applicants(900))
    settings = {"config": {"trees": 400, "rate": 0.3, "min_child": 2, "patience": 400}, "seed": 1}

    plain = train_here(ws, "boosting", **settings)
    mended = train_here(ws, "boosting", calibration=method, **settings)

    shown = evaluating.extra(ws, mended.run_id, "calibration")
    assert evaluating.extra(ws, plain.run_id, "calibration") is None
    assert shown is not None
    assert (shown["asked"], shown["method"], shown["rows"]) == (method, method, 270)
    assert shown["before"]["log_loss"] == pytest.approx(plain.metrics["test.log_loss"])
    assert shown["after"]["log_loss"] == pytest.approx(mended.metrics["test.log_loss"])
    assert len(shown["before"]["reliability"]) == len(shown["after"]["reliability"]) == 10
    model = evaluating.bundle(ws, mended.run_id)
    assert model.calibrator is not None
    assert model.calibrator.method == method
    prepared = model.prepare(applicants(50, seed=4)).X
    raw = model.estimator.log_odds(prepared)
    np.testing.assert_array_equal(model.raw_log_odds(prepared), raw)
    np.testing.assert_array_equal(model.score_prepared(prepared).log_odds, model.calibrator.apply(raw))
    assert mended.metrics["test.auc"] == pytest.approx(plain.metrics["test.auc"], abs=1e-9)
    if method == "platt":  # a curve needs more validation rows than these 126
        assert mended.metrics["test.log_loss"] < plain.metrics["test.log_loss"]


def test_calibration_auto_says_why_it_did_nothing(ws: Workspace) -> None:
    add_dataset(ws, applicants(600))

    run = train_here(ws, calibration="auto")

    shown = evaluating.extra(ws, run.run_id, "calibration")
    assert shown is not None
    assert shown["method"] == "none"
    assert set(shown["validation_log_loss"]) == {"none", "platt", "isotonic"}
    assert evaluating.bundle(ws, run.run_id).calibrator is None


def test_rows_divided_by_time_reach_the_family_in_order_of_time(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimass_core.models.auto import AutoClassifier

    frame = applicants(400)
    columns = [c if c.name != "since" else c.model_copy(update={"role": "time"}) for c in COLUMNS]
    frame["late"] = frame["since"].rank(method="first").astype(int)  # the order, as a feature
    add_dataset(ws, frame, columns=(*columns, TARGET))
    seen: list[Any] = []
    real = AutoClassifier.fit

    def fit(self: AutoClassifier, X: Any, y: Any, **given: Any) -> Any:
        seen.append((self.ordered, X[:, 2], given["validation"][0][:, 2]))
        return real(self, X, y, **given)

    monkeypatch.setattr(AutoClassifier, "fit", fit)

    train_here(ws, "auto", split={"method": "time"})

    ((ordered, train, validation),) = seen
    assert ordered
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()
    assert train.max() < validation.min()


def test_what_a_family_reports_is_kept_under_its_name(ws: Workspace) -> None:
    add_dataset(ws, applicants(300))

    run = train_here(ws, "auto")

    tried, members = (evaluating.extra(ws, run.run_id, name) for name in ("auto", "members"))
    assert tried is not None
    assert members is not None
    assert {item["family"] for item in tried["tried"]} == {"scorecard", "boosting"}
    assert sum(member["weight"] for member in members["members"]) == pytest.approx(1.0)
    assert run.spec["config"]["plan"]
    for name in ("nothing", "../manifest", "manifest.json"):
        assert evaluating.extra(ws, run.run_id, name) is None
