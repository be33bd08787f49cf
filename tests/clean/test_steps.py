from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from aimass_core.clean.recipe import MissingStep, OutlierStep, RareStep, Step
from aimass_core.clean.steps import FittedSteps, fit_steps
from aimass_core.errors import DataError, SettingsError
from aimass_core.features.encoder import Encoder
from aimass_core.intake.change import Change, RuleCount
from aimass_core.schema import Column, Kind

_NAN = float("nan")


def _fit(frame: pd.DataFrame, steps: list[Step], **kinds: Kind) -> tuple[FittedSteps, Encoder, np.ndarray]:
    columns = tuple(Column(name=name, kind=kinds.get(str(name), "number")) for name in frame.columns)
    encoder = Encoder.fit(frame, columns)
    X = encoder.transform(frame)
    return fit_steps(X, encoder, steps), encoder, X


def test_outliers_are_capped_at_limits_learnt_from_training_rows() -> None:
    # quartiles of 1…5 are 2 and 4, so the limits are 2 − 1.5·2 and 4 + 1.5·2
    fitted, _, _ = _fit(pd.DataFrame({"a": [1.0, 2, 3, 4, 5]}), [OutlierStep()])

    done = fitted.apply(np.array([[-100.0], [-1.0], [7.0], [7.01], [_NAN]]))

    np.testing.assert_array_equal(done.X[:, 0], [-1, -1, 7, 7, _NAN])
    assert done.counts == (RuleCount(rule="outlier-capped", column="a", cells=2, rows=2),)
    assert done.kept.all()


def test_quartiles_equal_those_of_numpy() -> None:
    values = np.random.default_rng(0).normal(size=101)
    fitted, _, _ = _fit(pd.DataFrame({"a": values}), [OutlierStep(factor=2)])

    low, high = np.quantile(values, [0.25, 0.75])
    done = fitted.apply(np.array([[-99.0], [99.0]]))

    np.testing.assert_allclose(done.X[:, 0], [low - 2 * (high - low), high + 2 * (high - low)], rtol=1e-14)


def test_outliers_can_be_made_missing_and_filled_by_the_next_step() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4, 1000]})
    fitted, _, X = _fit(frame, [OutlierStep(action="blank"), MissingStep()])

    # the median is learnt after the outlier went: of 1, 2, 3, 4
    np.testing.assert_array_equal(fitted.apply(X).X[:, 0], [1, 2, 3, 4, 2.5])


def test_rows_are_dropped_in_training_only() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4, 1000, _NAN]})
    fitted, _, X = _fit(frame, [OutlierStep(action="drop"), MissingStep(method="drop")])

    training, scoring = fitted.apply(X, training=True), fitted.apply(X)

    assert training.kept.tolist() == [True] * 4 + [False] * 2
    assert training.X[:, 0].tolist() == [1, 2, 3, 4]
    assert [count.rule for count in training.counts] == ["outlier-row-dropped", "missing-row-dropped"]
    np.testing.assert_array_equal(scoring.X, X)
    assert scoring.kept.all()
    assert scoring.counts == ()


def test_columns_of_one_value_in_the_middle_half_are_left_alone() -> None:
    frame = pd.DataFrame({"a": [0.0] * 9 + [50], "empty": [_NAN] * 10})
    fitted, _, X = _fit(frame, [OutlierStep()])

    np.testing.assert_array_equal(fitted.apply(X).X, X)


def test_missing_gets_median_or_most_frequent_label_and_an_indicator() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 4, _NAN], "b": [1.0, 2, 3, 4], "c": ["y", "x", "x", None]})
    fitted, _, X = _fit(frame, [MissingStep(indicator=True)], c="category")

    done = fitted.apply(X)

    assert fitted.names == ("a", "b", "c", "a (missing)", "c (missing)")
    assert fitted.players == (("a", (0, 3)), ("b", (1,)), ("c", (2, 4)))
    assert fitted.categorical == (2,)
    assert done.X[3].tolist() == [2, 4, 0, 1, 1]
    assert done.X[0].tolist() == [1, 1, 1, 0, 0]


def test_what_was_never_missing_in_training_is_filled_later_without_an_indicator() -> None:
    fitted, _, _ = _fit(pd.DataFrame({"a": [1.0, 2, 9]}), [MissingStep(indicator=True)])

    done = fitted.apply(np.array([[_NAN]]))

    assert done.X.tolist() == [[2.0]]
    assert done.counts[0].cells == 1


def test_mode_takes_the_smallest_of_equally_frequent_values() -> None:
    fitted, _, X = _fit(pd.DataFrame({"a": [5.0, 3, 5, 3, 1, _NAN]}), [MissingStep(method="mode")])

    assert fitted.apply(X).X[-1, 0] == 3


def test_constants_fill_columns_of_their_kind() -> None:
    frame = pd.DataFrame({"a": [1.0, _NAN], "c": ["x", None]})
    steps: list[Step] = [
        MissingStep(method="constant", constant=-1.0),
        MissingStep(method="constant", constant="none"),
    ]
    fitted, _, X = _fit(frame, steps, c="category")

    done = fitted.apply(X)

    # code 1 is "other", so a label of its own is 2
    assert done.X[1].tolist() == [-1, 2]
    assert fitted.changes(X, 10)[-1] == Change(
        row=2, column="c", before=None, after="none", rule="missing-filled-constant"
    )


def test_a_column_without_any_value_stays_missing_rather_than_made_up() -> None:
    fitted, _, X = _fit(pd.DataFrame({"a": [_NAN, _NAN], "b": [1.0, 2]}), [MissingStep()])

    done = fitted.apply(X)

    assert np.isnan(done.X[:, 0]).all()
    assert done.counts == ()


def test_rare_labels_become_other_as_unseen_ones_are() -> None:
    frame = pd.DataFrame({"c": ["x"] * 60 + ["y"] * 39 + ["z"]})
    fitted, encoder, X = _fit(frame, [RareStep(min_share=0.02)], c="category")

    done = fitted.apply(X)
    unseen = encoder.transform(pd.DataFrame({"c": ["new", "z", "y", None]}))

    assert done.counts == (RuleCount(rule="rare-to-other", column="c", cells=1, rows=1),)
    np.testing.assert_array_equal(fitted.apply(unseen).X[:, 0], [3, 3, 1, _NAN])


def test_json_gives_the_same_steps() -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"a": generator.normal(size=200), "c": generator.choice(list("xyz"), 200)})
    frame.loc[::7, "a"] = _NAN
    steps: list[Step] = [OutlierStep(factor=1.0), RareStep(min_share=0.4), MissingStep(indicator=True)]
    fitted, _, X = _fit(frame, steps, c="category")

    again = FittedSteps.from_json(json.loads(json.dumps(fitted.to_json(), allow_nan=False)))

    assert again == fitted
    np.testing.assert_array_equal(again.apply(X).X, fitted.apply(X).X)


def test_a_row_is_cleaned_the_same_alone_and_among_others() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3, _NAN, 99], "b": [5.0, _NAN, 7, 8, 9]})
    fitted, _, X = _fit(frame, [OutlierStep(), MissingStep(indicator=True)])

    together = fitted.apply(X).X

    for i in range(len(X)):
        np.testing.assert_array_equal(fitted.apply(X[i : i + 1]).X[0], together[i])
    assert fitted.apply(X[:0]).X.shape == (0, 4)


def test_input_is_never_changed() -> None:
    _, encoder, X = _fit(pd.DataFrame({"a": [1.0, 2, 3, 4, 1000, _NAN]}), [])
    before = X.copy()

    fit_steps(X, encoder, [OutlierStep(), MissingStep()]).apply(X, training=True)

    np.testing.assert_array_equal(X, before)


def test_changes_name_rows_and_values_of_every_rule() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4, 1000, _NAN]})
    fitted, _, X = _fit(frame, [OutlierStep(action="drop"), MissingStep()])

    changes = fitted.changes(X, 10, rows=np.arange(101, 107))

    assert changes == [
        Change(row=105, column="a", before="1,000", after="row not trained on", rule="outlier-row-dropped"),
        Change(row=106, column="a", before=None, after="2.5", rule="missing-filled-median"),
    ]
    assert fitted.changes(X, 1) == changes[:1] or len(fitted.changes(X, 1)) == 1


@pytest.mark.parametrize(
    ("step", "error", "text"),
    [
        (OutlierStep(columns=("z",)), DataError, "`z` must be a feature"),
        (OutlierStep(columns=("c",)), SettingsError, "`c` must be a number"),
        (RareStep(columns=("a",)), SettingsError, "`a` must be a category"),
        (MissingStep(method="constant", constant="x", columns=("a",)), SettingsError, "must be a number"),
    ],
)
def test_steps_that_do_not_fit_are_refused(step: Step, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        _fit(pd.DataFrame({"a": [1.0, _NAN], "c": ["x", "y"]}), [step], c="category")


def test_dropping_every_row_is_refused() -> None:
    with pytest.raises(DataError, match="rows to train on"):
        _fit(pd.DataFrame({"a": [_NAN, 1.0], "b": [1.0, _NAN]}), [MissingStep(method="drop")])


def test_matrices_of_another_width_and_broken_json_are_refused() -> None:
    fitted, _, _ = _fit(pd.DataFrame({"a": [1.0, 2]}), [OutlierStep()])

    with pytest.raises(DataError, match="1 columns"):
        fitted.apply(np.zeros((1, 2)))
    with pytest.raises(DataError, match="must be complete"):
        FittedSteps.from_json({"names": ["a"]})
    assert math.isfinite(fitted.apply(np.zeros((1, 1))).X[0, 0])
