"""The families' defaults reach their accuracy on real credit data."""

from __future__ import annotations

import pytest

from benchmarks import credit
from tests.shared_data import shared_path


@pytest.mark.shared
@pytest.mark.timeout(1_200)
def test_every_family_reaches_its_target_and_beats_its_peer() -> None:
    shared_path("credit/taiwan_default.csv")

    rows = credit.run()

    assert [row.case.split(",")[0] for row in rows] == ["scorecard", "boosting", "dann"]
    assert {row.case: row.ours for row in rows if not row.met} == {}
    assert all(row.ours > row.peer for row in rows)


def test_absent_data_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIMASS_SHARED", "/nowhere")

    with pytest.raises(FileNotFoundError, match="set AIMASS_SHARED"):
        credit.run()
