"""The families' defaults reach their accuracy on real credit data; the benchmark measures what it says."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.models.catalog import FAMILIES
from benchmarks import credit, fraud, public
from tests.shared_data import shared_path


@pytest.mark.shared
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("family", ["scorecard", "boosting"])
def test_quick_family_reaches_its_target_and_its_peer(family: str) -> None:
    shared_path("credit/taiwan_default.csv")

    (row,) = credit.run(only=(f"taiwan-{family}",))

    assert row.met
    assert row.ours is not None
    assert row.peer is not None
    assert row.ours > row.peer - 0.001


def test_every_family_is_measured() -> None:
    names = set(credit.cases())

    for key, card in FAMILIES.items():
        assert f"memory-{key}" in names
        assert not card.labelled or {f"taiwan-{key}", f"time-{key}"} <= names
    assert set(credit.QUICK) <= names


@pytest.mark.shared
def test_loans_are_tested_on_the_year_after_those_learnt_from_and_know_nothing_of_their_end() -> None:
    shared_path("credit/lending_club_2007_2011.csv.gz")

    part = public.lending()

    assert (len(part.y), len(part.test_y)) == (20_814, 21_721)
    assert part.ordered
    later = ("pymnt", "total_rec", "recover", "settlement", "out_prncp", "last_credit", "funded")
    assert not [name for name in part.names if any(word in name for word in later)]
    assert not {"id", "member_id", "zip_code", "desc", "title", "emp_title", "loan_status"} & set(part.names)


@pytest.mark.shared
def test_transactions_are_tested_on_the_last_of_the_time() -> None:
    shared_path("fraud/ulb_creditcard.parquet")

    part = public.ulb()

    assert (len(part.y), len(part.test_y), int(part.test_y.sum())) == (199_364, 85_443, 108)
    assert "Time" not in part.names


def test_recall_counts_frauds_above_the_goods_allowed() -> None:
    goods, frauds = np.linspace(0, 1, 2_000), np.array([0.5, 0.9985, 0.9992, 2.0])
    y = np.repeat([0, 1], [2_000, 4])

    # Two of 2,000 goods may be flagged, so the third from above is the limit: 0.998999.
    assert fraud.recall(y, np.concatenate([goods, frauds])) == 0.5


def test_case_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    shared_path("credit/taiwan_default.csv")

    with pytest.raises(ValueError, match="no case begins with magic"):
        list(credit.run(only=("magic",)))


@pytest.mark.parametrize("measure", [credit.run, fraud.run])
def test_absent_data_is_named(monkeypatch: pytest.MonkeyPatch, measure: object) -> None:
    monkeypatch.setenv("AIMASS_SHARED", "/nowhere")
    fraud._part.cache_clear()

    with pytest.raises(FileNotFoundError, match="set AIMASS_SHARED"):
        list(measure())  # type: ignore[operator]
