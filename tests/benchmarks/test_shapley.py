"""The benchmark of explanations: parts can be chosen, and a reason is put at what is printed with it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from aimass_core.explain.reasons import Reason, Reasons
from aimass_core.schema import Column
from benchmarks import public, shapley, shapley_reasons
from benchmarks.rows import Row


def made(rows: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    late = random.choice([0, 3], rows, p=[0.7, 0.3])
    return pd.DataFrame(
        {
            "ID": np.arange(rows),
            "GENDER": 1,
            "LATE": late,
            "LIMIT": 10_000,
            public.TAIWAN_TARGET: (random.random(rows) < 0.1 + 0.2 * late).astype(np.int64),
        }
    )


def reason(feature: str, typical: str) -> Reasons:
    one = Reason(
        feature=feature,
        value="3",
        typical=typical,
        contribution=1.0,
        error=0.0,
        direction="raises",
        text="",
    )
    return Reasons(principal=(one,), tail=(), favourable=())


def test_only_the_parts_asked_for_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def part(name: str) -> Row:
        return Row(benchmark="shapley", case=name, metric="m", ours=1.0)

    monkeypatch.setattr(shapley, "PARTS", {name: lambda quick, n=name: [part(n)] for name in shapley.PARTS})

    assert [row.case for row in shapley.run(only=("trees", "one"))] == ["trees", "one decision"]
    assert [row.case for row in shapley.run()] == list(shapley.PARTS)


def test_top_reason_is_put_at_what_is_printed() -> None:
    frame = pd.DataFrame({"town": ["Ulm", "Rom", "Bonn"], "limit": [1, 2, 3]})
    model = SimpleNamespace(
        input_columns=(Column(name="town", kind="category"), Column(name="limit", kind="integer"))
    )
    told = [reason("town", "Rom"), reason("limit", "50,000"), reason("limit", "missing")]

    found = shapley_reasons.put_at_reference(frame, told, model)  # type: ignore[arg-type]

    assert found["town"].tolist() == ["Rom", "Rom", "Bonn"]
    assert found["limit"].tolist() == [1, 50_000.0, None]
    assert frame["limit"].tolist() == [1, 2, 3]


def test_scores_of_declined_rows_fall_where_points_say_so() -> None:
    found = shapley_reasons.moved(made(900), "scorecard", count=40)

    by_reference = {row.case.rpartition(" ")[2]: row for row in found}
    assert by_reference["applicants"].ours == by_reference["population"].ours == 1.0
    # Those at the cut-off are as late as those who are declined: nothing moves, and that does not count.
    assert by_reference["cutoff"].ours == 0.0
    assert [row.met for row in found] == [False, True, True]
    assert "40 declined rows" in found[0].case


def test_without_the_public_data_the_part_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.setenv("AIMASS_SHARED", str(tmp_path))

    assert shapley_reasons.rows(quick=True) == []
    assert "left out" in capsys.readouterr().err
