"""Any settings model as a form."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from aimass_core.clean.recipe import MissingStep, OutlierStep
from aimass_core.errors import SettingsError
from aimass_core.intake.repair import LabelRepair, RangeRepair, SentinelRepair
from aimass_core.models.families.boosting import BoostingConfig
from aimass_core.models.families.dann import DannConfig
from aimass_core.models.families.scorecard import ScorecardConfig
from aimass_core.models.families.transformer import TransformerConfig
from aimass_core.split import SplitConfig
from app import form_lists, forms


def form_of(name: str, **arguments: object) -> AppTest:
    """Show a form of a model of the program and print what it returns."""

    def page(name: str, arguments: dict[str, object]) -> None:
        import streamlit as st

        from aimass_core.clean import recipe
        from aimass_core.intake import readers, repair
        from aimass_core.models.families import bagging, blend, boosting, dann, scorecard, transformer
        from app import forms

        homes = (recipe, repair, bagging, blend, boosting, dann, scorecard, transformer, readers)
        model = next(getattr(home, name) for home in homes if hasattr(home, name))
        made = forms.form(model, key="f", submit="Save", **arguments)
        if made is not None:
            st.session_state["made"] = made.model_dump()

    return AppTest.from_function(
        page, kwargs={"name": name, "arguments": arguments}, default_timeout=30
    ).run()


def saved(page: AppTest) -> dict[str, object]:
    """Press the button and return what the form made."""
    page.button(key="f.submit").click().run()
    assert not page.exception
    made: dict[str, object] = page.session_state["made"]
    return made


@pytest.mark.parametrize("model", [ScorecardConfig, BoostingConfig, DannConfig, TransformerConfig])
def test_an_untouched_form_gives_the_defaults(model: type) -> None:
    assert saved(form_of(model.__name__)) == model().model_dump()


def test_numbers_carry_their_range_and_help() -> None:
    page = form_of("BoostingConfig")

    leaves = page.number_input(key="f.leaves")
    assert (leaves.min, leaves.max, leaves.value) == (2, 1024, 15)
    assert leaves.help == "Most leaves per tree. (from 2 to 1,024)"
    assert page.number_input(key="f.rate").help == "Learning rate, 0 to 1. (above 0, at most 1)"


def test_changed_values_come_back() -> None:
    page = form_of("DannConfig")
    page.number_input(key="f.batch_size").set_value(256)
    page.selectbox(key="f.metric").select("log_loss")

    made = saved(page)

    assert (made["batch_size"], made["metric"]) == (256, "log_loss")


def test_columns_are_chosen_from_the_data() -> None:
    page = form_of("OutlierStep", choices={"columns": ["income", "age"]}, exclude=["kind"])
    page.multiselect(key="f.columns").set_value(["age"])

    assert saved(page) == OutlierStep(columns=("age",)).model_dump()


def test_nothing_chosen_means_all() -> None:
    page = form_of("OutlierStep", choices={"columns": ["income", "age"]}, exclude=["kind"])

    assert saved(page)["columns"] is None


def test_codes_are_numbers_or_text() -> None:
    page = form_of("SentinelRepair", choices={"column": ["income"]}, exclude=["kind"])
    page.text_input(key="f.values").set_value("-999, ?, '0'")

    assert saved(page) == SentinelRepair(column="income", values=(-999.0, "?", "0")).model_dump()


def test_a_bound_is_a_number_or_a_day() -> None:
    page = form_of("RangeRepair", choices={"column": ["when"]}, exclude=["kind"])
    page.text_input(key="f.low").set_value("2020-01-31")
    made = saved(page)

    assert made == RangeRepair(column="when", low=date(2020, 1, 31)).model_dump()


def test_yes_no_or_unknown() -> None:
    page = form_of("ReadOptions")
    assert saved(page)["header"] is None
    page.selectbox(key="f.header").select("No")
    assert saved(page)["header"] is False


def test_initial_values_are_shown_and_hidden_ones_kept() -> None:
    page = form_of(
        "SentinelRepair",
        initial=SentinelRepair(column="b", values=("?",)),
        choices={"column": ["a", "b"]},
        exclude=["kind"],
    )

    assert page.selectbox(key="f.column").value == "b"
    assert saved(page) == SentinelRepair(column="b", values=("?",)).model_dump()


def test_what_is_wrong_is_shown_and_nothing_returned() -> None:
    page = form_of("MissingStep", choices={"columns": ["a"]}, exclude=["kind"])
    page.selectbox(key="f.method").select("constant")
    page.button(key="f.submit").click().run()

    assert not page.exception
    assert "a constant must be given" in page.error[0].value
    assert "made" not in page.session_state


def test_constants_are_numbers_or_text() -> None:
    page = form_of("MissingStep", choices={"columns": ["a"]}, exclude=["kind"])
    page.selectbox(key="f.method").select("constant")
    page.text_input(key="f.constant").set_value("0")

    assert saved(page) == MissingStep(method="constant", constant=0.0).model_dump()


def test_build_names_the_field_as_the_form_does() -> None:
    with pytest.raises(SettingsError, match="Share for testing: Input should be less than"):
        forms.build(SplitConfig, {"test_share": 3.0}, labels={"test_share": "Share for testing"})


def test_build_refuses_what_is_missing() -> None:
    with pytest.raises(SettingsError, match="Mapping"):
        forms.build(LabelRepair, {"column": "a", "mapping": {}})


@pytest.mark.parametrize(
    ("typed", "values"),
    [("", ()), ("1, 2.5", (1.0, 2.5)), ("?, 'a', \"1\"", ("?", "a", "1")), (" , x ,", ("x",)), ("'", ("'",))],
)
def test_values_typed_with_commas(typed: str, values: tuple[object, ...]) -> None:
    assert form_lists.split_values(typed) == values


def test_members_are_chosen_by_family_and_keep_their_settings() -> None:
    titles = {"boosting": "Gradient boosting", "scorecard": "Scorecard", "tabm": "TabM"}
    page = form_of("BlendConfig", choices={"members": titles})
    members = page.multiselect(key="f.members")
    assert members.value == ["scorecard", "boosting", "tabm"]
    members.set_value(["boosting", "scorecard"])

    made = saved(page)

    assert made["members"] == ({"family": "boosting", "config": {}}, {"family": "scorecard", "config": {}})


def test_one_member_only_may_be_chosen_where_there_is_one() -> None:
    page = form_of("BaggingConfig", choices={"members": ["boosting", "scorecard"]})

    assert page.multiselect(key="f.members").proto.max_selections == 1
    assert [member["family"] for member in saved(page)["members"]] == ["boosting"]


def test_directions_are_lists_of_columns_and_no_column_has_two() -> None:
    page = form_of("BoostingConfig", choices={"monotone": ["income", "age", "debt"]})
    page.multiselect(key="f.monotone.up").set_value(["debt"])
    page.multiselect(key="f.monotone.down").set_value(["income", "debt"])

    assert saved(page)["monotone"] == {"debt": "up", "income": "down"}


def test_groups_of_names_are_lines() -> None:
    page = form_of("TransformerConfig")
    page.text_area(key="f.series").set_value('bill 1, bill 2\n\n"paid, 1", "paid, 2" ,')

    assert saved(page)["series"] == (("bill 1", "bill 2"), ("paid, 1", "paid, 2"))


def test_lists_of_models_that_are_made_elsewhere_have_no_control() -> None:
    page = form_of("ScorecardConfig")

    assert not [item for item in page.multiselect if item.key == "f.edits"]
    assert saved(page)["edits"] == ()
