"""A search keeps to time and number, prunes, can be stopped, and is never worse than its start."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from aimass_core.errors import DataError, SettingsError
from aimass_core.jobs.progress import Progress
from aimass_core.models import catalog, search
from aimass_core.models.family import Choice, Span
from aimass_core.models.search import Found
from aimass_core.models.search_config import SearchConfig
from tests.models.contract import CATEGORY, CancelledError, bank


def found(family: str = "boosting", config: dict[str, Any] | None = None, **settings: Any) -> Found:
    X, y = bank(500)
    given = {
        name: settings.pop(name) for name in ("validation", "progress", "seed", "ordered") if name in settings
    }
    how = SearchConfig.model_validate({"budget_seconds": 600, "trials": 6, "folds": 2} | settings)
    start = {"trees": 15} if config is None else config
    return search.search(family, start, X, y, how=how, categorical=(CATEGORY,), device="cpu", **given)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes on by a second whenever it is looked at."""
    time = [0.0]

    def look() -> float:
        time[0] += 1.0
        return time[0]

    monkeypatch.setattr(search.time, "monotonic", look)
    return time


def test_the_best_trial_is_taken_and_none_is_better() -> None:
    result = found()

    values = {trial.number: trial.value for trial in result.trials if trial.value is not None}
    assert len(result.trials) == 6
    assert result.best is not None
    assert values[result.best] == min(values.values())
    best = result.trials[result.best]
    assert {name: result.config[name] for name in best.settings} == best.settings
    assert catalog.check_config("boosting", result.config).model_dump() == result.config


def test_the_settings_given_are_tried_first_and_stay_where_nothing_is_better() -> None:
    result = found(trials=1)

    assert [trial.settings for trial in result.trials] == [{}]
    assert result.config["trees"] == 15
    assert result.ended == "All trials were made."


def test_settings_keep_to_the_space() -> None:
    result = found(trials=8)
    space = catalog.family("boosting").space

    for trial in result.trials[1:]:
        assert set(trial.settings) == set(space)
        for name, value in trial.settings.items():
            item = space[name]
            if isinstance(item, Choice):
                assert value in item.values
            else:
                assert isinstance(item, Span)
                assert item.low <= value <= item.high
                assert isinstance(value, int) or not item.whole


def test_same_seed_same_trials() -> None:
    one, two, other = found(seed=1), found(seed=1), found(seed=2)

    assert [(t.settings, t.value) for t in one.trials] == [(t.settings, t.value) for t in two.trials]
    assert [t.settings for t in one.trials] != [t.settings for t in other.trials]


@pytest.mark.parametrize("metric", ["auc", "average_precision"])
def test_a_measure_that_should_be_high_is_maximised(metric: str) -> None:
    result = found(metric=metric)

    values = [trial.value for trial in result.trials if trial.value is not None]
    assert result.best is not None
    assert result.trials[result.best].value == max(values)


def test_validation_rows_can_judge_and_a_fit_can_be_pruned_within() -> None:
    result = found(
        "dann",
        {"width": 8, "depth": 1, "epochs": 6, "patience": 6},
        by="validation",
        validation=bank(150, seed=3),
        trials=10,
    )

    assert result.judged_by == "the validation rows"
    assert {trial.state for trial in result.trials} >= {"done", "pruned"}
    assert all(trial.value is None for trial in result.trials if trial.state == "pruned")


def test_time_that_is_used_up_ends_it(clock: list[float]) -> None:
    result = found(budget_seconds=60, trials=200)

    assert 1 <= len(result.trials) < 200
    assert result.ended == "The time was used up."


def test_without_time_for_one_trial_the_settings_stay(clock: list[float]) -> None:
    result = found(budget_seconds=2, trials=200)

    assert result.best is None
    assert [trial.state for trial in result.trials] == ["out of time"]
    assert result.config["trees"] == 15


def test_a_cancel_goes_through() -> None:
    def cancel(message: Progress) -> None:
        if message.detail is not None and len(message.detail["trials"]) == 2:
            raise CancelledError

    with pytest.raises(CancelledError):
        found(progress=cancel)


def test_live_results_show_all_trials_and_the_best() -> None:
    said: list[Progress] = []

    result = found(progress=said.append)

    details = [message.detail for message in said if message.detail is not None]
    assert [len(detail["trials"]) for detail in details] == [1, 2, 3, 4, 5, 6]
    assert details[-1]["best"]["number"] == result.best
    assert [message.step for message in said] == sorted(message.step for message in said)
    assert json.loads(said[-1].model_dump_json())["detail"]["kind"] == "search"
    assert json.loads(json.dumps(result.to_json()))["best"] == result.best


def test_trial_that_fails_is_noted_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    real, count = catalog.build, [0]

    def build(*given: Any, **named: Any) -> Any:
        count[0] += 1
        if count[0] == 4:  # the second trial, at its second fold
            raise SettingsError("these settings contradict each other")
        return real(*given, **named)

    monkeypatch.setattr(catalog, "build", build)

    result = found()

    assert [trial.state for trial in result.trials].count("failed") == 1
    assert "contradict" in next(trial.message for trial in result.trials if trial.state == "failed")
    assert result.best is not None


def test_settings_that_do_not_work_at_all_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*given: Any, **named: Any) -> Any:
        raise DataError("no row is left")

    monkeypatch.setattr(catalog, "build", build)

    with pytest.raises(DataError, match="no row is left"):
        found()


@pytest.mark.parametrize(
    ("family", "settings", "words"),
    [("auto", {}, "names none"), ("boosting", {"by": "validation"}, "needs some")],
)
def test_search_that_cannot_be_made_is_refused(family: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        found(family, {}, **settings)


@pytest.mark.parametrize(
    "family", [key for key, card in catalog.FAMILIES.items() if card.space and card.labelled]
)
def test_every_space_gives_settings_that_are_valid(family: str) -> None:
    space, random = catalog.family(family).space, np.random.default_rng(0)

    for _ in range(20):
        settings: dict[str, Any] = {}
        for name, item in space.items():
            if isinstance(item, Choice):
                settings[name] = item.values[random.integers(len(item.values))]
            else:
                value = float(random.uniform(item.low, item.high))
                settings[name] = round(value) if item.whole else value
        assert catalog.check_config(family, settings)
