"""The command line as people and scripts meet it: a process with arguments, two streams and an exit code."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Shell:
    """Runs commands in one workspace."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = os.environ | {
            "AIMASS_HOME": str(home),
            "AIMASS_DEVICE": "cpu",
            "AIMASS_USER": "ann",
            "OMP_NUM_THREADS": "1",
        }

    def run(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *map(str, arguments)],
            cwd=ROOT,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def answer(self, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
        """Run with --json; return the one object on standard output."""
        done = self.run(*arguments, "--json")
        assert done.returncode == code, done.stderr
        (line,) = done.stdout.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found


def loans(path: Path, rows: int = 900) -> Path:
    """Write loans whose default depends on income and late payments, with a sentinel and duplicates."""
    draw = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["loan_id", "income", "late", "region", "sex", "defaulted"])
        for number in range(rows):
            income, late = draw.gauss(3000, 800), draw.choice([0, 0, 0, 1, 2, 3])
            bad = draw.random() < 1 / (1 + 2.718 ** (1.2 + (income - 3000) / 500 - 0.9 * late))
            shown = -999 if number % 40 == 0 else round(income, 2)
            record = [f"L{number:05d}", shown, late, draw.choice(["north", "south"]), draw.choice("FM")]
            writer.writerow([*record, int(bad)])
    return path


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("cli") / "home")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loans(tmp_path_factory.mktemp("files") / "loans.csv")


@pytest.fixture(scope="module")
def imported(shell: Shell, file: Path) -> dict[str, Any]:
    return shell.answer("import", file, "--name", "loans")


@pytest.fixture(scope="module")
def cleaned(shell: Shell, imported: dict[str, Any]) -> dict[str, Any]:
    return shell.answer("clean", "loans")


@pytest.fixture(scope="module")
def trained(shell: Shell, cleaned: dict[str, Any]) -> dict[str, Any]:
    return shell.answer(
        "train", "loans", "--target", "defaulted", "--model", "pd", "--family", "scorecard", "--note", "first"
    )


def test_import_answers_with_the_version(imported: dict[str, Any]) -> None:
    assert imported["ref"] == "loans@1"
    assert imported["rows"] == 900
    assert imported["columns"] == 6
    assert imported["roles"]["loan_id"] == "id"
    assert imported["roles"]["sex"] == "protected"


def test_clean_makes_the_next_version_and_counts(cleaned: dict[str, Any]) -> None:
    assert cleaned["ref"] == "loans@2"
    assert cleaned["rows_before"] == 900
    sentinels = [count for count in cleaned["counts"] if count["rule"].startswith("sentinel")]
    assert [(count["column"], count["cells"]) for count in sentinels] == [("income", 23)]


def test_clean_can_be_previewed(shell: Shell, cleaned: dict[str, Any]) -> None:
    found = shell.answer("clean", "loans@1", "--preview")

    assert (found["applied"], found["ref"]) == (False, "loans@1")
    assert found["counts"] == cleaned["counts"]


def test_clean_writes_the_cleaned_rows(shell: Shell, file: Path, tmp_path: Path) -> None:
    shell.answer("import", file, "--name", "other")

    shell.answer("clean", "other", "--out", tmp_path / "cleaned.csv")

    rows = records(tmp_path / "cleaned.csv")
    assert len(rows) == 900
    assert sum(row["income"] == "" for row in rows) == 23


def test_train_answers_with_run_model_and_metrics(trained: dict[str, Any]) -> None:
    assert trained["model"] == "pd"
    assert trained["version"] == 1
    assert trained["dataset"] == "loans@2"
    assert trained["run"]
    assert 0.6 < trained["metrics"]["test.auc"] < 1
    assert trained["metrics"]["test.auc.low"] < trained["metrics"]["test.auc"]
    assert 0 < trained["metrics"]["test.ks"] < 1


def test_evaluate_shows_what_training_measured(shell: Shell, trained: dict[str, Any]) -> None:
    found = shell.answer("evaluate", "pd")

    assert found["metrics"] == trained["metrics"]
    assert found["target"] == "defaulted"


def test_explained_contributions_add_up(shell: Shell, trained: dict[str, Any]) -> None:
    found = shell.answer("explain", "pd", "--row", "17")

    assert found["row"] == 17
    assert found["base"] + sum(found["contributions"].values()) == pytest.approx(found["log_odds"], abs=1e-6)
    assert "sex" not in found["contributions"]


def test_changes_that_would_let_a_row_pass(shell: Shell, trained: dict[str, Any]) -> None:
    before = shell.answer("explain", "pd", "--row", "17")
    below = before["probability"] * 0.95

    found = shell.answer("explain", "pd", "--row", "17", "--below", f"{below}")["counterfactuals"]
    said = shell.run("explain", "pd", "--row", "17", "--below", "1")

    assert (found["status"], found["probability"]) == ("turned", pytest.approx(before["probability"]))
    assert all(answer["probability"] < below for answer in found["answers"])
    assert all(change["feature"] != "sex" for answer in found["answers"] for change in answer["changes"])
    assert "nothing would have to change" in said.stdout


def test_score_writes_one_decision_a_row(
    shell: Shell, trained: dict[str, Any], file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scored.csv"

    found = shell.answer("score", "pd", file, "--out", out)

    assert (found["rows"], found["out"], found["model"]) == (900, str(out), "pd")
    rows = records(out)
    assert len(rows) == 900
    assert sum(found["outcomes"].values()) == 900
    row = shell.answer("explain", "pd", "--row", "17")
    assert float(rows[16]["probability"]) == pytest.approx(row["probability"], abs=1e-9)


def test_a_setting_of_the_family_is_passed_on(shell: Shell, cleaned: dict[str, Any]) -> None:
    found = shell.answer(
        "train", "loans", "--target", "defaulted", "--model", "trees", "--family", "boosting",
        *("--set", "trees=20", "--run", "few")
    )  # fmt: skip

    assert (found["family"], found["run"]) == ("boosting", "few")


def test_search_calibration_and_settings_can_be_asked_for_and_trained_again(
    shell: Shell, trained: dict[str, Any]
) -> None:
    searched = shell.answer(
        *("train", "loans", "--target", "defaulted", "--model", "found", "--family", "boosting"),
        *("--config", '{"trees": 30}', "--set", "leaves=5", "--calibration", "platt"),
        *("--search", "--search-trials", "2", "--search-folds", "2", "--budget", "120"),
    )

    again = shell.answer("rerun", searched["run"])

    assert again["agrees"] is True
    assert again["difference"] == 0.0
    assert again["versions"] == []


def test_automatic_choice_is_the_default_and_keeps_to_its_families(
    shell: Shell, trained: dict[str, Any]
) -> None:
    found = shell.answer(
        *("train", "loans", "--target", "defaulted", "--model", "auto", "--budget", "120"),
        *("--config", '{"families": ["scorecard", "boosting"], "folds": 2, "tries": 1}'),
    )

    assert found["family"] == "auto"
    assert found["metrics"]["test.auc"] > 0.6


def test_model_without_a_target_can_be_trained(shell: Shell, trained: dict[str, Any]) -> None:
    found = shell.answer(
        *("train", "loans", "--model", "odd", "--family", "isolation", "--unlabelled"),
        *("--set", "trees=20"),
    )

    assert found["target"] is None
    assert found["metrics"]["test.auc"] is None


def test_families_are_listed_with_their_settings(shell: Shell) -> None:
    found = {item["family"]: item for item in shell.answer("families")["families"]}

    assert {"auto", "scorecard", "boosting", "tabm", "stacking", "isolation"} <= set(found)
    assert "budget_seconds" in found["auto"]["settings"]
    assert "trees" in found["boosting"]["searchable"]
    assert found["isolation"]["labelled"] is False


def test_people_get_text_and_progress_goes_to_standard_error(shell: Shell, trained: dict[str, Any]) -> None:
    done = shell.run("evaluate", "pd")

    assert done.returncode == 0
    assert "auc" in done.stdout
    assert "95% low" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (("evaluate", "nothing"), 1, "NotFoundError"),
        (("train", "loans", "--target", "income", "--model", "m"), 1, "SettingsError"),
        (("train", "loans", "--target", "nothing", "--model", "m"), 1, "DataError"),
        (("train", "loans", "--target", "defaulted", "--model", "a/b"), 1, "SettingsError"),
        (("train", "loans", "--target", "defaulted", "--model", "m", "--set", "x"), 1, "SettingsError"),
        (("train", "loans", "--target", "defaulted", "--model", "m", "--set", "x=1"), 1, "SettingsError"),
        (("train", "loans", "--target", "defaulted", "--model", "m", "--budget", "0"), 1, "SettingsError"),
        (("train", "loans", "--target", "defaulted", "--model", "m", "--config", "[1]"), 1, "NotFoundError"),
        (("train", "loans", "--target", "defaulted", "--model", "m", "--config", "{1"), 1, "SettingsError"),
        (("train", "loans", "--target", "defaulted", "--model", "m", "--search"), 1, "SettingsError"),
        (
            ("train", "loans", "--target", "defaulted", "--model", "m", "--search-trials", "3"),
            1,
            "SettingsError",
        ),
        (
            ("train", "loans", "--target", "defaulted", "--model", "m", "--family", "dann", "--budget", "9"),
            1,
            "SettingsError",
        ),
        (("train", "loans", "--target", "defaulted", "--model", "m", "--unlabelled"), 1, "SettingsError"),
        (("rerun", "nothing"), 1, "NotFoundError"),
        (
            ("train", "loans", "--target", "defaulted", "--model", "m", "--test-share", "2"),
            1,
            "SettingsError",
        ),
        (("explain", "pd", "--row", "100000"), 1, "NotFoundError"),
        (("import", "nothing.csv", "--name", "x"), 1, "DataError"),
        (("import", "nothing.csv", "--name", "x", "--encoding", "klingon"), 1, "SettingsError"),
        (("evaluate",), 2, "UsageError"),
        (("explain", "pd", "--row", "first"), 1, "NotFoundError"),
        (("explain", "pd", "--row", "0"), 1, "NotFoundError"),
        (
            ("train", "loans", "--target", "defaulted", "--model", "m", "--family", "magic"),
            1,
            "NotFoundError",
        ),
        (("paint",), 2, "UsageError"),
    ],
)
def test_what_goes_wrong_is_one_object_and_a_code(
    shell: Shell, trained: dict[str, Any], arguments: tuple[str, ...], code: int, kind: str
) -> None:
    error = shell.answer(*arguments, code=code)["error"]

    assert error["type"] == kind
    assert error["exit_code"] == code
    assert error["message"]


def test_an_error_for_people_is_on_standard_error_without_a_traceback(
    shell: Shell, trained: dict[str, Any]
) -> None:
    done = shell.run("evaluate", "nothing")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: model `nothing` must be registered")
    assert "Traceback" not in done.stderr


def test_a_setting_that_does_not_fit_is_named(shell: Shell) -> None:
    done = shell.run("doctor", AIMASS_PORT="high")

    assert done.returncode == 1
    assert "AIMASS_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_finds_a_whole_workspace(shell: Shell, trained: dict[str, Any]) -> None:
    found = shell.answer("doctor")

    assert found["ok"] is True
    assert found["workspace"]["state"] == "healthy"
    assert found["workspace"]["models"] >= 1
    assert found["versions"]["duckdb"] == "1.5.5"
    assert found["device"]["device"] == "cpu"


def test_doctor_finds_a_bundle_that_was_edited(shell: Shell, trained: dict[str, Any], tmp_path: Path) -> None:
    copy = Shell(shutil.copytree(shell.home, tmp_path / "home"))
    manifests = sorted((copy.home / "bundles").glob("*/manifest.json"))
    manifest = next(path for path in manifests if "defaulted" in path.read_text("utf-8"))  # it had a target
    manifest.write_text(manifest.read_text("utf-8").replace("defaulted", "Defaulted"), "utf-8")

    found = copy.answer("doctor", code=1)

    assert found["ok"] is False
    (failed,) = [check for check in found["checks"] if check["state"] == "failed"]
    assert failed["check"] == "workspace"


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_cancels_the_training_and_keeps_nothing(shell: Shell, cleaned: dict[str, Any]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "train", "loans", "--target", "defaulted", "--model", "slow",
         "--family", "dann", "--set", "epochs=500", "--set", "patience=500", "--json"],
        cwd=ROOT,
        env=shell.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    with process:
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:
            if "poch" in line:  # the worker is in the middle of it
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        process.wait(120)

    assert process.returncode == 130
    assert json.loads(rest)["error"]["type"] == "Stopped"
    assert shell.answer("evaluate", "slow", code=1)["error"]["type"] == "NotFoundError"
    assert shell.answer("doctor")["workspace"]["active_jobs"] == 0


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['aimass', '--help']\n"
        "import app.cli\n"
        "try: app.cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'pandas', 'duckdb', 'streamlit', 'sklearn', 'numpy', 'plotly', 'fastapi'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert "Usage: aimass" in done.stdout
    assert done.stderr.strip() == "[]"
