"""Versions of data sets: finding, paging, sampling."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.workflows import importing
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version


@pytest.fixture
def version(workspace: Workspace, tmp_path: Path) -> Version:
    """500 rows: k falls from 499 to 0, label cycles through a, b and missing."""
    path = tmp_path / "rows.csv"
    path.write_text("k,label\n" + "".join(f"{499 - i},{['a', 'b', ''][i % 3]}\n" for i in range(500)))
    return importing.import_file(workspace, path, name="rows", actor="ann")


def test_versions_are_found_by_name_number_and_id(workspace: Workspace, version: Version) -> None:
    for ref in ("rows", "rows@1", version.version_id):
        assert datasets.get(workspace, ref) == version


@pytest.mark.parametrize("ref", ["other", "rows@2", "@1", ""])
def test_an_unknown_version_is_not_found(workspace: Workspace, version: Version, ref: str) -> None:
    with pytest.raises(NotFoundError, match="`rows`"):
        datasets.get(workspace, ref)


def test_pages_follow_the_file(workspace: Workspace, version: Version) -> None:
    page = datasets.page(workspace, version, offset=120, limit=3)

    assert page["_row"].tolist() == [121, 122, 123]
    assert page["k"].tolist() == [379, 378, 377]


def test_pages_can_be_sorted_and_filtered(workspace: Workspace, version: Version) -> None:
    ascending = datasets.page(workspace, version, offset=2, limit=2, order_by="k")
    descending = datasets.page(workspace, version, limit=2, order_by="label", descending=True)
    last_rows = datasets.page(workspace, version, limit=2, order_by="_row", descending=True)
    one = datasets.page(workspace, version, where_row=7, columns=["k"])

    assert ascending["k"].tolist() == [2, 3]
    assert descending["label"].tolist() == ["b", "b"]
    assert last_rows["_row"].tolist() == [500, 499]
    assert one.to_dict("records") == [{"_row": 7, "k": 493}]


def test_a_page_beyond_the_end_is_empty(workspace: Workspace, version: Version) -> None:
    assert datasets.page(workspace, version, offset=500).empty
    assert datasets.page(workspace, version, offset=500, order_by="k").empty


def test_pages_of_a_table_with_gaps_count_rows_not_numbers(workspace: Workspace, version: Version) -> None:
    table = datasets.new_table()
    with workspace.writing() as cursor:
        cursor.execute(f"CREATE TABLE {table} AS SELECT * FROM {version.table} WHERE _row % 2 = 0")
        child_id = datasets.add_version(
            cursor,
            dataset="rows",
            table=table,
            schema=version.schema,
            rows=250,
            parent=version,
            source_name="rows.csv",
            source_sha256=version.source_sha256,
            source_bytes=version.source_bytes,
            actor="ann",
        )
    child = datasets.get(workspace, child_id)

    assert datasets.page(workspace, child, offset=10, limit=2)["_row"].tolist() == [22, 24]
    assert [v.version for v in datasets.versions(workspace, "rows")] == [2, 1]
    assert [v.ref for v in datasets.datasets(workspace)] == ["rows@2"]


@pytest.mark.parametrize(("offset", "limit"), [(-1, 5), (0, -1), (0, 10_001)])
def test_impossible_pages_are_refused(
    workspace: Workspace, version: Version, offset: int, limit: int
) -> None:
    with pytest.raises(SettingsError):
        datasets.page(workspace, version, offset=offset, limit=limit)


def test_unknown_columns_are_refused(workspace: Workspace, version: Version) -> None:
    with pytest.raises(DataError, match="`nope`"):
        datasets.page(workspace, version, order_by="nope")


def test_samples_repeat_and_keep_the_order(workspace: Workspace, version: Version) -> None:
    first = datasets.sample(workspace, version, rows=50, seed=1)
    again = datasets.sample(workspace, version, rows=50, seed=1)
    other = datasets.sample(workspace, version, rows=50, seed=2)

    pd.testing.assert_frame_equal(first, again)
    assert first["_row"].is_monotonic_increasing
    assert first["_row"].nunique() == 50
    assert first["_row"].tolist() != other["_row"].tolist()


def test_value_counts_and_rows(workspace: Workspace, version: Version) -> None:
    assert datasets.value_counts(workspace, version, "label", limit=9) == [
        ("a", 167),
        ("b", 167),
        (None, 166),
    ]
    assert datasets.row(workspace, version, 3) == {"k": 497, "label": None}
    with pytest.raises(NotFoundError, match="row 501"):
        datasets.row(workspace, version, 501)


def test_roles_and_recipes_keep_the_latest(workspace: Workspace, version: Version) -> None:
    datasets.set_roles(workspace, version.version_id, version.schema.with_roles({"k": "ignore"}), actor="bo")
    datasets.set_recipe(workspace, version.version_id, {"steps": [1]}, actor="bo")
    datasets.set_recipe(workspace, version.version_id, {"steps": [2]}, actor="bo")

    assert datasets.get(workspace, "rows").schema.column("k").role == "ignore"
    assert datasets.recipe_json(workspace, version.version_id) == {"steps": [2]}


def test_a_row_is_named_by_its_id_or_else_by_its_number(workspace: Workspace, version: Version) -> None:
    schema = version.schema.with_roles({"k": "id"})
    datasets.set_roles(workspace, version.version_id, schema, actor="ann")
    with_id = datasets.get(workspace, version.version_id)

    assert datasets.row_number(workspace, with_id, "499") == 1
    assert datasets.row_number(workspace, with_id, "500") == 500
    with pytest.raises(NotFoundError, match="'x7'"):
        datasets.row_number(workspace, with_id, "x7")


def test_an_id_of_several_rows_names_none(workspace: Workspace, version: Version) -> None:
    schema = version.schema.with_roles({"label": "id", "k": "feature"})
    datasets.set_roles(workspace, version.version_id, schema, actor="ann")

    with pytest.raises(DataError, match="several"):
        datasets.row_number(workspace, datasets.get(workspace, version.version_id), "a")
