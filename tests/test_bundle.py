"""A bundle scores raw rows, travels without loss and refuses to be edited."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aimass_core.bundle import Bundle
from aimass_core.errors import ConflictError, DataError, NotFoundError
from tests.small_models import FAMILIES, applicants, small, train

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_loaded_bundle_scores_as_the_trained_one(family: str, tmp_path: Path) -> None:
    trained, rows = small(family), applicants(50, seed=1)

    trained.save(tmp_path / "b")
    loaded = Bundle.load(tmp_path / "b")

    np.testing.assert_allclose(loaded.score(rows).log_odds, trained.score(rows).log_odds, atol=1e-12)
    assert loaded.manifest == trained.manifest
    np.testing.assert_array_equal(loaded.reference, trained.reference)
    np.testing.assert_array_equal(loaded.applicants_log_odds, trained.applicants_log_odds)


def test_fresh_process_gives_the_same_scores(tmp_path: Path) -> None:
    rows = applicants(20, seed=2)
    for family in FAMILIES:
        small(family).save(tmp_path / family)
    rows.to_parquet(tmp_path / "rows.parquet")
    code = (
        "import sys, json, pandas as pd; from pathlib import Path; from aimass_core.bundle import Bundle;"
        "r = pd.read_parquet(sys.argv[1]);"
        "print(json.dumps([Bundle.load(Path(p)).score(r).log_odds.tolist() for p in sys.argv[2:]]))"
    )

    done = subprocess.run(
        [
            *(sys.executable, "-c", code, str(tmp_path / "rows.parquet")),
            *(str(tmp_path / family) for family in FAMILIES),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )

    for family, found in zip(FAMILIES, json.loads(done.stdout), strict=True):
        np.testing.assert_allclose(found, small(family).score(rows).log_odds, atol=1e-9, err_msg=family)


@pytest.mark.parametrize("family", FAMILIES)
def test_score_of_a_row_does_not_depend_on_other_rows(family: str) -> None:
    model, rows = small(family), applicants(60, seed=3)

    together = model.score(rows).log_odds
    alone = np.concatenate([model.score(rows.iloc[[i]]).log_odds for i in range(len(rows))])
    shuffled = model.score(rows.iloc[::-1]).log_odds[::-1]

    np.testing.assert_allclose(alone, together, atol=1e-9)
    np.testing.assert_allclose(shuffled, together, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_as_text_score_as_typed_rows(family: str) -> None:
    model, rows = small(family), applicants(40, seed=4)
    text = pd.DataFrame(
        {
            "income": rows["income"].map(lambda v: "" if np.isnan(v) else repr(v)),
            "town": rows["town"],
            "late": rows["late"].astype(str),
            "since": rows["since"].dt.strftime("%Y-%m-%d"),
            "owner": rows["owner"].map({True: "true", False: "false"}),
            "not a feature": "x",
        }
    )

    np.testing.assert_allclose(model.score(text).log_odds, model.score(rows).log_odds, atol=1e-12)


def test_probability_is_the_logistic_of_the_log_odds() -> None:
    scores = small("boosting").score(applicants(30, seed=5))

    np.testing.assert_allclose(scores.probability, 1 / (1 + np.exp(-scores.log_odds)), atol=1e-15)


def test_no_rows_give_no_scores() -> None:
    assert small("scorecard").score(applicants(3).iloc[:0]).probability.shape == (0,)


def test_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="missing: `late`"):
        small("scorecard").score(applicants(3).drop(columns="late"))


def test_text_in_a_number_is_named_with_its_row() -> None:
    rows = applicants(3).astype({"late": object})
    rows.loc[1, "late"] = "often"

    with pytest.raises(DataError, match="row 2, 'often'"):
        small("scorecard").score(rows)


def test_column_twice_is_refused() -> None:
    rows = applicants(3)
    with pytest.raises(DataError, match="`late` occurs twice"):
        small("scorecard").score(pd.concat([rows, rows[["late"]]], axis=1))


@pytest.mark.parametrize("family", FAMILIES)
def test_unseen_label_infinity_and_all_missing_get_a_score(family: str) -> None:
    rows = applicants(3)
    rows.loc[0, "town"] = "Atlantis"
    rows.loc[1, "income"] = np.inf
    empty = rows.iloc[[2]].astype(object)
    empty.loc[:, :] = None

    infinite = rows.iloc[[1]].assign(income=np.nan)
    model = small(family)

    assert np.isfinite(model.score(rows).log_odds).all()
    assert np.isfinite(model.score(empty).log_odds).all()
    np.testing.assert_allclose(model.score(infinite).log_odds, model.score(rows).log_odds[1], atol=1e-12)


def test_repairs_of_the_data_set_are_done_on_raw_rows_only() -> None:
    repairs = (
        {"kind": "sentinel", "column": "income", "values": [-999.0]},
        {"kind": "duplicates", "columns": None},
    )
    model = train("scorecard", applicants(), repairs=repairs)
    raw = applicants(4, seed=6).assign(income=-999.0)
    blank = raw.assign(income=np.nan)

    np.testing.assert_allclose(model.score(raw).log_odds, model.score(blank).log_odds)
    assert len(model.score(pd.concat([raw, raw])).log_odds) == 8  # rows to score are never dropped
    assert model.score(raw, repaired=True).log_odds != pytest.approx(model.score(blank).log_odds)


def test_values_are_shown_for_people() -> None:
    rows = applicants(2).assign(
        income=[12_500.0, np.inf], town=["Atlantis", None], late=[3, 0], owner=[True, False]
    )
    rows["since"] = pd.to_datetime(["2021-02-03", None])

    assert small("scorecard").display(rows) == [
        {"income": "12,500", "town": "Atlantis", "late": "3", "since": "2021-02-03", "owner": "yes"},
        {"income": "missing", "town": "missing", "late": "0", "since": "missing", "owner": "no"},
    ]


def test_missing_indicator_belongs_to_its_feature() -> None:
    model = small("scorecard")

    assert model.players[0] == ("income", (0, 5))
    assert [name for name, _ in model.players] == [column.name for column in model.input_columns]


@pytest.mark.parametrize(
    "name", ["encoder.json", "steps.json", "reference.safetensors", "model/estimator.json", "note.txt"]
)
def test_edited_file_is_refused_by_name(name: str, tmp_path: Path) -> None:
    small("scorecard").save(tmp_path / "b", extras={"note.txt": b"note"})
    file = tmp_path / "b" / name
    file.write_bytes(file.read_bytes()[:-1] + b"!")

    with pytest.raises(DataError, match=f"{name} of b must be as it was written"):
        Bundle.load(tmp_path / "b")


def test_missing_file_is_refused(tmp_path: Path) -> None:
    small("dann").save(tmp_path / "b")
    (tmp_path / "b" / "model" / "network.safetensors").unlink()

    with pytest.raises(DataError, match="is missing"):
        Bundle.load(tmp_path / "b")


def test_edited_manifest_is_refused(tmp_path: Path) -> None:
    small("scorecard").save(tmp_path / "b")
    file = tmp_path / "b" / "manifest.json"
    file.write_text(file.read_text("utf-8").replace('"credit"', '"fraud"'), "utf-8")

    with pytest.raises(DataError, match="edited or torn"):
        Bundle.load(tmp_path / "b")


def test_torn_manifest_is_refused(tmp_path: Path) -> None:
    small("scorecard").save(tmp_path / "b")
    file = tmp_path / "b" / "manifest.json"
    file.write_text(file.read_text("utf-8")[:200], "utf-8")

    with pytest.raises(DataError, match="must be whole"):
        Bundle.load(tmp_path / "b")


def test_bundle_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    small("scorecard").save(tmp_path / "b")
    file = tmp_path / "b" / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | {"format": 99}), "utf-8")

    with pytest.raises(DataError, match="must not be newer"):
        Bundle.load(tmp_path / "b")


def test_absent_bundle_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no manifest"):
        Bundle.load(tmp_path / "nothing")


def test_bundle_is_never_written_over(tmp_path: Path) -> None:
    small("scorecard").save(tmp_path / "b")

    with pytest.raises(ConflictError, match="must not exist"):
        small("boosting").save(tmp_path / "b")
    assert Bundle.load(tmp_path / "b").manifest.family == "scorecard"


def test_failed_save_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be writable"):
        small("scorecard").save(tmp_path / "b", extras={"no/such/folder.txt": b""})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_folder_holds_data_and_no_pickle(family: str, tmp_path: Path) -> None:
    small(family).save(tmp_path / "b")

    files = [file for file in (tmp_path / "b").rglob("*") if file.is_file()]

    assert {file.suffix for file in files} <= {".json", ".safetensors", ".txt"}
    tensors = [file for file in files if file.suffix == ".safetensors"]
    # A file of tensors begins with the length of its header, which may be any number, and then the header.
    assert all(file.read_bytes()[8:9] == b"{" for file in tensors)
    others = [file for file in files if file not in tensors]
    assert not [file for file in others if file.read_bytes()[:2] in (b"\x80\x04", b"\x80\x05", b"PK")]
