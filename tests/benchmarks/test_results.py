"""The page of results says what was measured, with machine, date and what was missed."""

from __future__ import annotations

from pathlib import Path

from benchmarks import results, rows
from benchmarks.rows import Row

MET = Row(benchmark="credit", case="auto | all", metric="auc", ours=0.78651, target=">= 0.785", met=True)
MISSED = Row(benchmark="credit", case="tabm", metric="seconds", ours=41.25, target="<= 30", met=False)


def test_page_has_tables_with_command_machine_and_what_was_missed() -> None:
    page = results.page({"credit": [MET, MISSED]}, machine="two cores", date="2026-01-02")

    assert "Machine: two cores. Date: 2026-01-02." in page
    assert "`python -m benchmarks credit`: 1 of 2 targets met." in page
    assert "| auto \\| all | auc | 0.7865 |  |  |  |  | >= 0.785 | yes |" in page
    assert "| tabm | seconds | 41.25 |  |  |  |  | <= 30 | **NO** |" in page


def test_rows_of_another_day_stand_under_their_date() -> None:
    page = results.page(
        {"credit": [MET], "credit, 2026-01-01": [MISSED]}, machine="two cores", date="2026-01-02"
    )

    assert "## credit, 2026-01-01\n\n`python -m benchmarks credit`: 0 of 1 targets met." in page


def test_rows_of_single_cases_join_those_of_earlier_runs(tmp_path: Path) -> None:
    rows.write([MET, MISSED], tmp_path / "rows.json")
    again = MISSED.model_copy(update={"ours": 20.0, "met": True})
    new = MET.model_copy(update={"case": "new"})

    found = rows.merged(rows.read(tmp_path / "rows.json"), [again, new])

    assert found == [MET, again, new]


def test_machine_is_named() -> None:
    assert "cores" in results.machine()
