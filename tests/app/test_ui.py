"""The parts of pages: boundary, charts with their data, tables, selectors, exports."""

from __future__ import annotations

import json
import logging

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import exports, nav


def shown(script: object) -> AppTest:
    """Run a function as a page."""
    return AppTest.from_function(script, default_timeout=30).run()  # type: ignore[arg-type]


def test_an_expected_error_says_what_came_and_what_to_do() -> None:
    def page() -> None:
        from aimass_core.errors import DataError
        from app.boundary import boundary

        with boundary():
            raise DataError("`in<b>come` must be numeric", "14 rows are *text*", "Map them in Clean")

    result = shown(page)

    assert not result.exception
    assert result.error[0].value == (
        "**`in<b>come` must be numeric\\.**\n\n14 rows are \\*text\\*\\.\n\n"
        ":material/arrow_forward: Map them in Clean\\."
    )


def test_a_bug_is_logged_with_the_id_that_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    def page() -> None:
        from app.boundary import boundary

        with boundary():
            raise ZeroDivisionError("secret detail")

    with caplog.at_level(logging.ERROR, logger="aimass"):
        result = shown(page)

    assert not result.exception
    message = result.error[0].value
    assert "secret detail" not in message
    (record,) = [record for record in caplog.records if record.name == "aimass"]
    incident = record.getMessage().split()[1].rstrip(":")
    assert f"`{incident}`" in message
    assert record.exc_info is not None


def test_stopping_and_rerunning_pass_the_boundary() -> None:
    def page() -> None:
        import streamlit as st

        from app.boundary import boundary

        with boundary():
            st.markdown("before")
            st.stop()
        st.markdown("after")

    result = shown(page)

    assert not result.error
    assert [item.value for item in result.markdown] == ["before"]


def test_a_live_panel_carries_its_own_boundary() -> None:
    def page() -> None:
        from aimass_core.errors import NotFoundError
        from app.boundary import live

        @live()
        def panel() -> None:
            raise NotFoundError("the run must exist", "it was deleted")

        panel()

    result = shown(page)

    assert not result.exception
    assert "The run must exist" in result.error[0].value


def test_a_chart_comes_with_its_data() -> None:
    def page() -> None:
        from app.charts.template import figure
        from app.ui import chart

        chart(figure(), {"x": [1, 2], "y": [3, 4]}, "Two & points", note="All rows.")

    result = shown(page)

    assert not result.exception
    (button,) = result.get("download_button")
    assert button.proto.label == "Data as CSV"
    assert [item.value for item in result.caption] == ["All rows."]


def test_a_chart_can_be_saved_as_an_image_and_has_no_other_tool() -> None:
    def page() -> None:
        from app.charts.template import figure
        from app.ui import chart

        chart(figure(height=300), {"x": [1], "y": [2]}, "Income of `a/b`")

    (found,) = shown(page).get("plotly_chart")
    config = json.loads(found.proto.config)

    assert config["modeBarButtons"] == [["toImage"]]
    assert config["displayModeBar"] is True
    assert config["toImageButtonOptions"] == {"format": "png", "scale": 2, "filename": "income-of-a-b"}


def test_metrics_are_labelled_and_explained() -> None:
    def page() -> None:
        from app.ui import metrics

        metrics([("AUC", "0.783", "Area under the curve."), ("Rows", "30,000", "")])

    result = shown(page)

    assert [(m.label, m.value) for m in result.metric] == [("AUC", "0.783"), ("Rows", "30,000")]


def test_a_confirmed_button_asks_first() -> None:
    def page() -> None:
        import streamlit as st

        from app.ui import confirm

        if confirm("Delete", "Really?", key="delete"):
            st.markdown("deleted")

    result = shown(page)
    assert [item.value for item in result.markdown] == ["Really?"]

    result.button(key="delete").click().run()
    assert "deleted" in [item.value for item in result.markdown]


def test_pages_of_a_table_ask_for_their_rows_only() -> None:
    def page() -> None:
        import pandas as pd
        import streamlit as st

        from app.tables import paged

        def fetch(offset: int, limit: int) -> pd.DataFrame:
            st.session_state["asked"] = (offset, limit)
            return pd.DataFrame({"n": range(offset, min(offset + limit, 1_010))})

        paged(1_010, fetch, "Numbers", key="numbers")

    result = shown(page)
    assert result.session_state["asked"] == (0, 25)

    result.number_input(key="numbers.page").set_value(41).run()
    assert result.session_state["asked"] == (1_000, 25)
    assert result.caption[0].value == "Rows 1,001 to 1,010 of 1,010."


def test_an_empty_table_has_one_page() -> None:
    def page() -> None:
        import pandas as pd

        from app.tables import paged

        paged(0, lambda offset, limit: pd.DataFrame({"n": []}), "Nothing", key="nothing")

    result = shown(page)

    assert not result.exception
    assert result.number_input(key="nothing.page").max == 1


def test_csv_neutralises_formulas_in_cells_and_names() -> None:
    frame = pd.DataFrame({"=name": ["=1+1", "@x", "plain", None], "n": [-1.5, 2.0, 3.0, 4.0]})

    lines = exports.csv_bytes(frame).decode("utf-8-sig").splitlines()

    assert lines == ["'=name,n", "'=1+1,-1.5", "'@x,2.0", "plain,3.0", ",4.0"]


@pytest.mark.parametrize(
    ("text", "name"),
    [("ROC of `a/b`", "roc-of-a-b"), ("../..", "data"), ("收入 分布", "收入-分布"), ("x" * 99, "x" * 60)],
)
def test_file_names_are_harmless(text: str, name: str) -> None:
    assert exports.file_name(text) == name


def test_pages_are_in_the_order_of_the_work() -> None:
    assert [page.title for page in nav.PAGES] == [
        "Overview",
        "Data",
        "Clean",
        "Train",
        "Evaluate",
        "Explain",
        "Decisions",
    ]
