"""The catalogue: building, settings, estimates, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.models.catalog import FAMILIES, build, check_config, estimate, load_estimator
from aimass_core.models.estimate import default_batch_size
from aimass_core.models.families.dann import DannConfig


@pytest.mark.parametrize("key", FAMILIES)
def test_settings_reach_the_estimator(key: str) -> None:
    estimator = build(key, FAMILIES[key].config(), categorical=(1, 2), device="cpu", seed=5)

    params = estimator.get_params()
    assert (params["categorical"], params["device"], params["seed"]) == ((1, 2), "cpu", 5)
    assert estimator.family == key


def test_a_config_and_its_dict_mean_the_same() -> None:
    assert check_config("dann", {"width": 64}) == check_config("dann", DannConfig(width=64))


@pytest.mark.parametrize(
    ("config", "named"), [({"widht": 64}, "`widht`"), ({"width": -1}, "`width`"), ({"bins": "x"}, "`bins`")]
)
def test_a_wrong_setting_is_named(config: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        build("dann", config)


def test_unknown_families_are_named() -> None:
    with pytest.raises(NotFoundError, match="'forest' was given"):
        build("forest", {})


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        load_estimator("dann", tmp_path / "nowhere")


@pytest.mark.parametrize("key", FAMILIES)
def test_more_rows_need_more_time_and_memory(key: str) -> None:
    small = estimate(key, {}, 10_000, 20, "cpu")
    large = estimate(key, {}, 1_000_000, 20, "cpu")

    # The automatic choice is given its time, however many rows there are.
    assert 0 < small.seconds < large.seconds or FAMILIES[key].group == "automatic"
    assert small.seconds <= small.most_seconds
    # A million rows of 20 numbers are 160 MB before anything is done with them.
    assert large.memory_bytes - small.memory_bytes > 160_000_000


def test_more_trees_need_more_time() -> None:
    few = estimate("boosting", {"trees": 100}, 50_000, 20)
    many = estimate("boosting", {"trees": 1_000}, 50_000, 20)

    assert 5 < many.seconds / few.seconds < 10


@pytest.mark.parametrize(
    ("rows", "device", "expected"),
    [
        (50, "cpu", 32),
        (20_000, "cpu", 256),
        (200_000, "cpu", 2_048),
        (10**7, "cpu", 4_096),
        (10**7, "cuda", 16_384),
    ],
)
def test_batches_grow_with_the_rows(rows: int, device: str, expected: int) -> None:
    assert default_batch_size(rows, device) == expected


def test_importing_the_catalogue_loads_no_heavy_library() -> None:
    code = (
        "import sys, aimass_core.models.catalog; "
        "print([m for m in ('torch', 'sklearn', 'lightgbm', 'pandas', 'scipy', 'numpy') if m in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
