"""The scorecard's panel on Evaluate: bins shown, edits tried, undone, kept in the address, trained."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
from streamlit.testing.v1 import AppTest

from aimass_core.models.families.scorecard import BinEdit
from aimass_core.workflows import binning, scorecard_export
from aimass_core.workspace import joblog, runs
from aimass_core.workspace.connection import Workspace
from app.exports import excel_bytes
from app.panels import scorecard_draft
from tests.pages.conftest import OpenPage, shown

RUN = "loans scorecard"


def bins(page: AppTest) -> list[str]:
    """What falls into each bin, by the table."""
    return next(list(item.value["Bin"]) for item in page.dataframe if "Weight of evidence" in item.value)


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def way(page: AppTest, name: str) -> Any:
    return next(item for item in page.button_group if name in item.options).set_value(name)


def editing(open_page: OpenPage, run: runs.Run, feature: str = "income", **address: str) -> AppTest:
    page = open_page("evaluate", run=run.name, **address)
    page.selectbox(key=f"bins.feature.{run.run_id}").set_value(feature).run()
    return page.toggle(key=f"bins.edit.{run.run_id}").set_value(True).run()


def test_a_run_without_bins_has_no_panel(trained: Workspace, open_page: OpenPage) -> None:
    page = open_page("evaluate", run="loans boosting")

    assert not page.exception
    assert "Points and bins" not in shown(page.header)


def test_shows_the_bins_of_the_most_informative_feature(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, RUN)
    first = binning.features(trained, run.run_id)[0]

    page = open_page("evaluate", run=RUN)

    assert not page.exception
    assert "Points and bins" in shown(page.header)
    held = [row for row in first.rows if row.rows > 0]
    table = next(item.value for item in page.dataframe if "Weight of evidence" in item.value)
    assert list(table["Points"]) == [f"{row.points:.1f}" for row in held]
    assert sum(int(text.replace(",", "")) for text in table["Rows"]) == run.metrics["train.rows"]


def test_a_merge_is_tried_kept_and_undone(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, RUN)
    page = editing(open_page, run)
    learnt = bins(page)

    way(page, "Merge two bins").run()
    assert len(bins(page)) == len(learnt) - 1
    assert page.button(key="bins.undo").disabled
    press(page, f"bins.keep.{run.run_id}")
    kept = shown(page.markdown)
    page = press(page, "bins.undo")

    assert "join the bins at the edge" in kept
    assert "No edits" in shown(page.caption)
    assert page.button(key="bins.undo").disabled


def test_a_moved_edge_shows_at_once(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, RUN)
    page = editing(open_page, run)
    before = bins(page)
    slider = next(item for item in page.select_slider if item.label == "New place")
    lowest = min(binning.places(trained, run.run_id, "income", low=None, high=slider.value))

    page = slider.set_value(lowest).run()

    assert not page.exception
    assert bins(page)[0] == f"≤ {lowest:,.10g}" != before[0]
    assert "not trained yet" in shown(page.caption)


def test_edits_in_the_address_survive_a_reload(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, RUN)
    edge = binning.scorecard(trained, run.run_id).binning_.edges[0][3]
    edits = (BinEdit(kind="merge", feature="income", edge=float(edge)),)

    page = editing(open_page, run, bins=scorecard_draft.packed_edits(run.run_id, edits))

    assert f"join the bins at the edge {edge:,.10g}" in shown(page.markdown)
    assert page.query_params["bins"] == scorecard_draft.packed_edits(run.run_id, edits)


def test_an_address_of_another_run_or_torn_is_left_alone(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, RUN)
    for text in ("nonsense", scorecard_draft.packed_edits("another", ()), "eJyrVg"):
        page = editing(open_page, run, bins=text)

        assert not page.exception
        assert "No edits" in shown(page.caption)


def test_an_edit_that_no_longer_fits_can_be_dropped(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, RUN)
    edits = (BinEdit(kind="merge", feature="income", edge=-12345.5),)
    page = editing(open_page, run, bins=scorecard_draft.packed_edits(run.run_id, edits))
    assert "edge that is there" in shown(page.error)

    page = press(page, "bins.restart")

    assert not page.error
    assert "No edits" in shown(page.caption)


def test_training_with_the_bins_submits_the_edits(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, RUN)
    edge = float(binning.scorecard(trained, run.run_id).binning_.edges[0][0])
    edits = (BinEdit(kind="merge", feature="income", edge=edge),)
    page = editing(open_page, run, bins=scorecard_draft.packed_edits(run.run_id, edits))

    press(page, "bins.train")

    (job,) = [job for job in joblog.jobs(trained) if job.spec["name"] == "loans scorecard edited"]
    assert job.spec["config"]["edits"][0]["edge"] == edge


def test_groups_of_labels_are_merged_and_parted(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, RUN)
    page = editing(open_page, run, "region")
    groups = next(item for item in page.multiselect if item.label == "Groups to merge")

    page = groups.set_value([0, 2]).run()
    assert bins(page)[:2] == ["east, south", "north"]
    press(page, f"bins.keep.{run.run_id}")
    way(page, "Part labels").run()
    labels = next(item for item in page.multiselect if item.label == "Labels to part from it")
    page = labels.set_value(["south"]).run()

    assert bins(page)[:3] == ["east", "south", "north"]


def test_a_bin_is_split(trained: Workspace, open_page: OpenPage) -> None:
    run = runs.get(trained, RUN)
    page = editing(open_page, run, "late **months** <b>")
    learnt = bins(page)
    way(page, "Merge two bins").run()
    page = press(page, f"bins.keep.{run.run_id}")

    page = way(page, "Split a bin").run()

    assert not page.exception
    assert len(bins(page)) in (len(learnt), len(learnt) - 1)
    assert "late" in shown(page.markdown)


def test_excel_holds_every_bin_as_plain_values(trained: Workspace) -> None:
    run = runs.get(trained, RUN)
    card = binning.scorecard(trained, run.run_id)

    book = openpyxl.load_workbook(
        io.BytesIO(excel_bytes(scorecard_export.points_tables(trained, run.run_id)))
    )

    rows = list(book["Points"].iter_rows(values_only=True))
    assert len(rows) == 1 + sum(card.binning_.sizes)
    assert book.sheetnames == ["Points", "Scale", "Edits"]
    assert not any(cell.data_type == "f" for sheet in book for row in sheet for cell in row)
