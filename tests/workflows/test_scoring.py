"""Rows become decisions: whole, alone, stored all or none."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from aimass_core.decide.default import Costs
from aimass_core.decide.policy import Policy
from aimass_core.errors import AimassError, ConflictError, DataError, NotFoundError, SettingsError
from aimass_core.workflows import evaluating, scorer, scoring
from aimass_core.workspace import audit, cases, registry
from tests.trained import FAMILIES, Trained


@pytest.fixture
def model(trained: Trained, request: pytest.FixtureRequest) -> str:
    """A model of its own for this test, without a policy yet; boosting unless the test says otherwise."""
    family = getattr(request, "param", "boosting")
    name = f"own-{abs(hash(request.node.name)):x}"
    run_id = registry.get(trained.ws, family).run_id
    registry.register(trained.ws, run_id, name=name, actor="ana")
    return name


each_family = pytest.mark.parametrize("model", list(FAMILIES), indirect=True)


@each_family
def test_a_decision_is_what_bundle_and_policy_say(trained: Trained, model: str) -> None:
    bundle = evaluating.bundle(trained.ws, registry.get(trained.ws, model).run_id)
    expected = bundle.score(trained.raw.iloc[:40])
    scoring.set_policy(trained.ws, model, Policy(kind="credit", low=0.25, high=0.35), actor="ana")

    made = scoring.decide(trained.ws, model, trained.rows(40), source="form", actor="ben")

    np.testing.assert_allclose([d.probability for d in made], expected.probability, rtol=0, atol=1e-12)
    np.testing.assert_allclose([d.log_odds for d in made], expected.log_odds, rtol=0, atol=1e-12)
    for decision in made:
        p = decision.probability
        assert decision.outcome == ("approve" if p < 0.25 else "refer" if p < 0.35 else "decline")
        assert cases.get(trained.ws, decision.decision_id) == decision
    assert made[0].input == trained.rows(1)[0]
    assert made[7].subject == "C-00008"
    assert {(d.model, d.policy_version, d.source, d.decided_by) for d in made} == {
        (f"{model}@1", 1, "form", "ben")
    }


@each_family
def test_reasons_add_up_to_the_score_and_none_is_hidden(trained: Trained, model: str) -> None:
    made = scoring.decide(trained.ws, model, trained.rows(25), source="t", actor="ana", store=False)

    for decision in made:
        why = decision.reasons
        parts = [r["contribution"] for side in ("principal", "tail", "favourable") for r in why[side]]
        assert why["base"] + sum(parts) == pytest.approx(decision.log_odds, abs=1e-6)
        assert len(why["principal"]) <= 4
        against = [r["contribution"] for r in (*why["principal"], *why["tail"])]
        assert against == sorted(against, reverse=True)
        assert all(part > 0 for part in against)
        features = {r["feature"] for side in ("principal", "tail", "favourable") for r in why[side]}
        assert features <= {"income", "age", "job", "since", "owner"}


@each_family
def test_a_row_is_decided_alike_alone_among_others_and_as_a_frame(trained: Trained, model: str) -> None:
    rows = trained.rows(30)
    frame = trained.raw.iloc[:30]

    together = scoring.decide(trained.ws, model, rows, source="t", actor="ana", store=False)
    backwards = scoring.decide(trained.ws, model, rows[::-1], source="t", actor="ana", store=False)[::-1]
    framed = scoring.decide(trained.ws, model, frame, source="t", actor="ana", store=False)
    alone = [
        scoring.decide(trained.ws, model, [row], source="t", actor="ana", store=False)[0] for row in rows
    ]

    for one, *others in zip(together, backwards, framed, alone, strict=True):
        for other in others:
            assert other.log_odds == pytest.approx(one.log_odds, abs=1e-9)
            assert other.outcome == one.outcome
            assert [r["feature"] for r in other.reasons["principal"]] == [
                r["feature"] for r in one.reasons["principal"]
            ]
            assert other.subject == one.subject


def test_the_sentinel_code_counts_as_missing(trained: Trained, model: str) -> None:
    row = trained.rows(1)[0]

    code, missing, text = scoring.decide(
        trained.ws,
        model,
        [{**row, "income": -999}, {**row, "income": None}, {**row, "income": "-999"}],
        source="t",
        actor="ana",
        store=False,
    )

    assert code.log_odds == missing.log_odds == text.log_odds
    assert code.input["income"] == -999


def test_without_a_policy_the_default_one_is_set_once_and_recorded(trained: Trained, model: str) -> None:
    suggested = scoring.default_policy(trained.ws, model)

    scoring.decide(trained.ws, model, trained.rows(1), source="t", actor="ben", store=False)
    scoring.decide(trained.ws, model, trained.rows(1), source="t", actor="ana", store=False)

    (stored,) = scoring.policies(trained.ws, model)
    assert Policy.model_validate(stored.policy) == suggested
    assert (stored.version, stored.set_by) == (1, "ben")
    assert len(audit.events(trained.ws, subject=model, action="policy.set")) == 1


def test_suggested_cut_offs_are_chosen_on_validation_rows(trained: Trained, model: str) -> None:
    run_id = registry.get(trained.ws, model).run_id
    scored = evaluating.scores(trained.ws, run_id)
    held_out = set(scored.loc[scored["part"] == "validation", "probability"]) | {0.0, 1.0}

    suggested = scoring.default_policy(trained.ws, model)

    assert "validation rows" in suggested.note
    assert {suggested.low, suggested.high} <= held_out


def test_dearer_bads_lower_both_suggested_cut_offs(trained: Trained, model: str) -> None:
    cheap = scoring.default_policy(trained.ws, model, costs=Costs(false_positive=1, false_negative=1))
    dear = scoring.default_policy(trained.ws, model, costs=Costs(false_positive=1, false_negative=50))

    assert dear.low < cheap.low
    assert dear.high < cheap.high


def test_the_policy_in_force_decides_and_older_decisions_keep_theirs(trained: Trained, model: str) -> None:
    scoring.set_policy(trained.ws, model, Policy(kind="credit", low=0, high=0), actor="ana")
    (first,) = scoring.decide(trained.ws, model, trained.rows(1), source="t", actor="ana")
    scoring.set_policy(trained.ws, model, Policy(kind="credit", low=1, high=1), actor="ana")
    (second,) = scoring.decide(trained.ws, model, trained.rows(1), source="t", actor="ana")

    assert (first.outcome, first.policy_version) == ("decline", 1)
    assert (second.outcome, second.policy_version) == ("approve", 2)
    assert cases.get(trained.ws, first.decision_id).policy_version == 1


def test_a_policy_of_the_other_kind_is_refused(trained: Trained, model: str) -> None:
    with pytest.raises(SettingsError, match="must be one for credit; it is for fraud"):
        scoring.set_policy(trained.ws, model, Policy(kind="fraud", low=0, high=1), actor="ana")
    cases.set_policy(trained.ws, model, {"kind": "fraud", "low": 0.1, "high": 0.2}, actor="ana")
    with pytest.raises(SettingsError, match="must be one for credit; version 1 is for fraud"):
        scoring.decide(trained.ws, model, trained.rows(1), source="t", actor="ana")


def test_an_unknown_model_is_said_to_be_unknown(trained: Trained) -> None:
    with pytest.raises(NotFoundError, match="model `nope` must be registered"):
        scoring.decide(trained.ws, "nope", trained.rows(1), source="t", actor="ana")
    with pytest.raises(NotFoundError):
        scoring.set_policy(trained.ws, "nope", Policy(kind="credit", low=0, high=1), actor="ana")


def changed(rows: list[dict[str, Any]], number: int, **values: Any) -> list[dict[str, Any]]:
    return [{**row, **values} if i == number else row for i, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"income": "a lot"}, "`income` must be a number.*row 3, 'a lot'"),
        ({"age": "1_000"}, "`age` must be a.*row 3, '1_000'"),
        ({"since": "soon"}, "`since` must be a date.*row 3, 'soon'"),
        ({"income": [1]}, "row 3: a cell of `income` must be a number"),
        ({"note": "\ud800"}, "row 3: `note` must be valid Unicode"),
    ],
)
def test_a_bad_value_is_named_and_nothing_is_stored(
    trained: Trained, model: str, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        scoring.decide(trained.ws, model, changed(trained.rows(5), 2, **values), source="t", actor="ana")

    assert cases.find(trained.ws, model=model) == ([], 0)
    assert audit.events(trained.ws, action="decision.score", subject=model) == []


def test_an_absent_key_is_no_missing_value(trained: Trained, model: str) -> None:
    rows = trained.rows(3)
    del rows[1]["income"], rows[1]["job"]

    with pytest.raises(
        DataError, match="row 2 must have every feature of the model; missing: `income`, `job`"
    ):
        scoring.decide(trained.ws, model, rows, source="t", actor="ana")
    with pytest.raises(DataError, match="the rows must have every feature of the model; missing: `age`"):
        scoring.decide(trained.ws, model, trained.raw.drop(columns="age"), source="t", actor="ana")
    with pytest.raises(DataError, match="row 1 must be an object"):
        scoring.decide(trained.ws, model, [[1, 2]], source="t", actor="ana")  # type: ignore[list-item]
    twice = pd.concat([trained.raw, trained.raw[["age"]]], axis=1)
    with pytest.raises(DataError, match="`age` occurs twice"):
        scoring.decide(trained.ws, model, twice, source="t", actor="ana")


@pytest.mark.parametrize("count", [0, 10_001])
def test_too_few_and_too_many_rows_are_refused(trained: Trained, model: str, count: int) -> None:
    with pytest.raises(SettingsError, match=f"1 to 10,000 rows can be decided at once; {count:,} came"):
        scoring.decide(trained.ws, model, trained.rows(1) * count, source="t", actor="ana")


def test_one_subject_a_row(trained: Trained, model: str) -> None:
    made = scoring.decide(
        trained.ws, model, trained.rows(2), source="t", actor="ana", store=False, subjects=["A", None]
    )
    assert [d.subject for d in made] == ["A", None]
    with pytest.raises(SettingsError, match="one subject for each row; 1 for 2 rows came"):
        scoring.decide(trained.ws, model, trained.rows(2), source="t", actor="ana", subjects=["A"])


def test_further_columns_are_kept_and_do_not_decide(trained: Trained, model: str) -> None:
    row = trained.rows(1)[0]

    plain, more = scoring.decide(
        trained.ws, model, [row, {**row, "branch": "Nord", "default": None}], source="t", actor="ana"
    )

    assert plain.log_odds == more.log_odds
    assert cases.get(trained.ws, more.decision_id).input["branch"] == "Nord"


def test_reasons_can_be_left_out(trained: Trained, model: str) -> None:
    (made,) = scoring.decide(trained.ws, model, trained.rows(1), source="t", actor="ana", reasons=False)

    assert made.reasons["explained"] is False
    assert cases.get(trained.ws, made.decision_id) == made


@pytest.mark.parametrize("reference", ["population", "applicants", "cutoff"])
def test_the_reference_is_kept_with_the_reasons(trained: Trained, model: str, reference: Any) -> None:
    scoring.set_policy(trained.ws, model, Policy(kind="credit", low=0.3, high=0.4), actor="ana")

    (made,) = scoring.decide(
        trained.ws, model, trained.rows(1), source="t", actor="ana", store=False, reference=reference
    )

    assert made.reference == reference
    assert ("cut-off" in made.reasons["reference_text"]) == (reference == "cutoff")


def test_too_many_slow_reasons_are_refused_rather_than_left_out(
    trained: Trained, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scorer.Scorer, "explainable", lambda self: 3)

    with pytest.raises(SettingsError, match=r"at most 3 rows .* with reasons at once; 4 came"):
        scoring.decide(trained.ws, model, trained.rows(4), source="t", actor="ana")
    assert len(scoring.decide(trained.ws, model, trained.rows(3), source="t", actor="ana", store=False)) == 3
    without = scoring.decide(
        trained.ws, model, trained.rows(4), source="t", actor="ana", store=False, reasons=False
    )
    assert len(without) == 4


def test_a_network_gives_reasons_for_many_rows_at_once(trained: Trained) -> None:
    made = scoring.decide(trained.ws, "dann", trained.rows(700), source="t", actor="ana", store=False)

    assert all(decision.reasons["explained"] for decision in made)
    (alone,) = scoring.decide(
        trained.ws, "dann", trained.rows(1, start=650), source="t", actor="ana", store=False
    )
    assert [r["feature"] for r in made[650].reasons["principal"]] == [
        r["feature"] for r in alone.reasons["principal"]
    ]


@each_family
def test_a_file_is_decided_like_its_rows(
    trained: Trained, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "CHUNK", 64)
    seen: list[tuple[int, int]] = []

    result = scoring.score_file(
        trained.ws,
        model,
        trained.path,
        tmp_path / "out.parquet",
        actor="ana",
        store=True,
        progress=lambda done, total: seen.append((done, total)),
    )

    table = pq.read_table(tmp_path / "out.parquet").to_pydict()
    assert list(table) == ["row", "customer", "probability", "log_odds", "outcome", "reasons", "decision_id"]
    assert table["row"] == list(range(1, 901))
    assert table["customer"] == trained.raw["customer"].tolist()
    assert seen[0] == (64, 900)
    assert seen[-1] == (900, 900)
    assert (result.rows, result.model, result.stored, result.explained) == (900, f"{model}@1", True, True)
    assert sum(result.outcomes.values()) == 900
    assert cases.counts(trained.ws, batch_id=result.batch_id) == result.outcomes
    expected = scoring.decide(trained.ws, model, trained.rows(100), source="t", actor="ana", store=False)
    for i, one in enumerate(expected):
        assert table["log_odds"][i] == pytest.approx(one.log_odds, abs=1e-9)
        assert table["outcome"][i] == one.outcome
        stored = cases.get(trained.ws, table["decision_id"][i])
        assert stored.subject == one.subject
        assert [r["text"] for r in stored.reasons["principal"]] == [
            r["text"] for r in one.reasons["principal"]
        ]
        assert table["reasons"][i] == " ".join(r["text"] for r in one.reasons["principal"])
    assert list((trained.ws.home / "tmp").iterdir()) == []


def test_formulas_in_a_csv_are_made_harmless(trained: Trained, model: str, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    trained.raw.head(3).assign(customer=["=1+1", "@SUM(A1)", "-5"]).to_csv(source, index=False)

    scoring.score_file(trained.ws, model, source, tmp_path / "out.csv", actor="ana")

    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["customer"] for row in rows] == ["'=1+1", "'@SUM(A1)", "'-5"]
    assert all(float(row["probability"]) > 0 for row in rows)
    assert all(row["decision_id"] == "" for row in rows)
    assert not any(cell.startswith(("=", "@", "+")) for row in rows for cell in row.values())


@pytest.mark.parametrize("store", [True, False])
def test_a_bad_row_deep_in_a_file_leaves_nothing(
    trained: Trained, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: bool
) -> None:
    monkeypatch.setattr(scoring, "CHUNK", 10)
    bad = trained.raw.head(40).astype({"income": object})
    bad.loc[24, "income"] = "a lot"
    bad.to_csv(tmp_path / "in.csv", index=False)

    with pytest.raises(DataError, match=r"row 5, 'a lot'.*after the first 20 of the file"):
        scoring.score_file(
            trained.ws, model, tmp_path / "in.csv", tmp_path / "out.csv", actor="ana", store=store
        )

    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    assert cases.find(trained.ws, model=model)[1] == 0
    assert list((trained.ws.home / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ("out.xlsx", SettingsError, "must end in .csv or .parquet"),
        ("no/such/out.csv", SettingsError, "folder of the file to write must exist"),
        ("in.csv", SettingsError, "must not be the one to read"),
    ],
)
def test_an_impossible_output_is_refused_and_the_input_stays(
    trained: Trained, model: str, tmp_path: Path, out: str, error: type[AimassError], message: str
) -> None:
    trained.raw.head(3).to_csv(tmp_path / "in.csv", index=False)
    before = (tmp_path / "in.csv").read_bytes()

    with pytest.raises(error, match=message):
        scoring.score_file(trained.ws, model, tmp_path / "in.csv", tmp_path / out, actor="ana")

    assert (tmp_path / "in.csv").read_bytes() == before


def test_a_file_that_is_not_there_is_said_to_be_absent(trained: Trained, model: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the file must exist; `nope.csv` does not"):
        scoring.score_file(trained.ws, model, tmp_path / "nope.csv", tmp_path / "out.csv", actor="ana")


def test_a_failed_store_of_a_file_leaves_no_file_either(
    trained: Trained, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise ConflictError("the disk must have room")

    monkeypatch.setattr(cases, "add_decisions_from", full)

    with pytest.raises(ConflictError):
        scoring.score_file(trained.ws, model, trained.path, tmp_path / "out.csv", actor="ana", store=True)

    assert list(tmp_path.iterdir()) == []
