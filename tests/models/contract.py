"""What every model family promises; each family's test class inherits these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import logit
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from aimass_core.errors import DataError
from aimass_core.evaluate.discrimination import auc
from aimass_core.jobs.progress import Progress
from aimass_core.models.base import BinaryClassifier
from aimass_core.models.catalog import FAMILIES, build, load_estimator

CATEGORY = 3
"""Column of the fixture that holds label codes 0, 1, 2."""


def bank(rows: int = 800, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose log-odds are known: 1.5 x0 - x1 + (2 if label is 2), with gaps in x1; x2 is noise."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, 4))
    X[:, CATEGORY] = random.integers(0, 3, rows)
    odds = 1.5 * X[:, 0] - X[:, 1] + np.where(X[:, CATEGORY] == 2, 2.0, 0.0) - 0.7
    y = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    X[random.random(rows) < 0.1, 1] = np.nan
    return X, y


def files(folder: Path) -> list[Path]:
    """Return the files of a saved model; an ensemble has a folder a member."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


class CancelledError(Exception):
    """Stands for a person pressing cancel."""


class FamilyContract:
    """Tests that hold for any family; a subclass names the family and settings that train quickly."""

    key: ClassVar[str]
    quick: ClassVar[dict[str, Any]] = {}

    @classmethod
    def new(cls, **settings: Any) -> BinaryClassifier:
        return build(cls.key, {**cls.quick, **settings}, categorical=(CATEGORY,), device="cpu", seed=7)

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls) -> BinaryClassifier:
        X, y = bank()
        return cls.new().fit(X, y)

    def test_it_learns_what_can_be_learnt(self, fitted: BinaryClassifier) -> None:
        X, y = bank(4_000, seed=2)

        found = auc(y, fitted.predict_proba(X)[:, 1])

        # Knowing the true log-odds but not the gaps gives about 0.86.
        assert 0.80 < found < 0.90

    def test_defaults_are_those_of_the_config(self) -> None:
        estimator = type(self.new())()
        params = estimator.get_params()

        config = FAMILIES[self.key].config().model_dump()

        assert {name: params[name] for name in config} == config
        assert params.keys() - config.keys() == {"categorical", "names", "device", "seed"}

    def test_settings_survive_clone(self) -> None:
        estimator = self.new()

        copy = clone(estimator)

        assert copy.get_params() == estimator.get_params()
        with pytest.raises(NotFittedError):
            copy.log_odds(bank(5)[0])

    def test_a_saved_model_scores_the_same(self, fitted: BinaryClassifier, tmp_path: Path) -> None:
        X, _ = bank(500, seed=3)
        X[0, CATEGORY] = 9
        X[1] = np.nan

        fitted.save(tmp_path / "model")
        loaded = load_estimator(self.key, tmp_path / "model")

        np.testing.assert_allclose(loaded.log_odds(X), fitted.log_odds(X), rtol=0, atol=1e-12)
        assert loaded.get_params() == fitted.get_params()
        assert loaded.classes_.tolist() == fitted.classes_.tolist()
        suffixes = {path.suffix for path in files(tmp_path / "model")}
        assert suffixes <= {".json", ".txt", ".safetensors"}

    def test_a_loaded_model_can_be_saved_again(self, fitted: BinaryClassifier, tmp_path: Path) -> None:
        fitted.save(tmp_path / "a")

        load_estimator(self.key, tmp_path / "a").save(tmp_path / "b")

        for path in files(tmp_path / "a"):
            again = tmp_path / "b" / path.relative_to(tmp_path / "a")
            assert again.read_bytes() == path.read_bytes()

    def test_text_classes_survive_save(self, tmp_path: Path) -> None:
        X, y = bank(300)
        estimator = self.new().fit(X, np.where(y == 1, "späť", "paid"))

        estimator.save(tmp_path)
        loaded = load_estimator(self.key, tmp_path)

        assert loaded.classes_.tolist() == ["paid", "späť"]
        assert loaded.predict(X).tolist() == estimator.predict(X).tolist()

    def test_torn_files_are_named(self, fitted: BinaryClassifier, tmp_path: Path) -> None:
        fitted.save(tmp_path / "whole")
        for number, name in enumerate(
            path.relative_to(tmp_path / "whole") for path in files(tmp_path / "whole")
        ):
            folder = tmp_path / f"torn-{number}"
            fitted.save(folder)
            (folder / name).write_bytes((folder / name).read_bytes()[:60])

            with pytest.raises(DataError, match="must be complete"):
                load_estimator(self.key, folder)

    def test_another_familys_files_are_refused(self, fitted: BinaryClassifier, tmp_path: Path) -> None:
        fitted.save(tmp_path)
        other = next(key for key in FAMILIES if key != self.key)

        with pytest.raises(DataError, match=f"this is a {self.key} model"):
            load_estimator(other, tmp_path)

    def test_an_unseen_label_is_scored(self, fitted: BinaryClassifier) -> None:
        X, _ = bank(20)
        X[:, CATEGORY] = 3

        odds = fitted.log_odds(X)
        X[:, CATEGORY] = 1_000

        assert np.isfinite(odds).all()
        # Two labels that were never seen are equally unknown.
        np.testing.assert_array_equal(fitted.log_odds(X), odds)

    def test_missing_values_are_scored_anywhere(self, fitted: BinaryClassifier) -> None:
        X, _ = bank(5)
        for j in range(X.shape[1]):
            gap = X.copy()
            gap[:, j] = np.nan
            assert np.isfinite(fitted.log_odds(gap)).all()
        assert np.isfinite(fitted.log_odds(np.full((1, 4), np.nan))).all()

    def test_extreme_values_are_scored(self, fitted: BinaryClassifier) -> None:
        X, _ = bank(4)
        X[0, 0], X[1, 0], X[2, CATEGORY] = 1e300, -1e300, -5

        assert np.isfinite(fitted.log_odds(X)).all()

    def test_empty_and_constant_columns_are_no_trouble(self) -> None:
        X, y = bank(300)
        X = np.column_stack([X, np.full(300, np.nan), np.full(300, 4.2), np.zeros(300)])

        estimator = self.new().fit(X, y)
        changed = X.copy()
        changed[:, 4:] = 1.0

        assert np.isfinite(estimator.log_odds(X)).all()
        assert np.isfinite(estimator.log_odds(changed)).all()

    @pytest.mark.parametrize("value", [0, 1, "bad"])
    def test_one_class_is_refused(self, value: Any) -> None:
        X, _ = bank(50)

        with pytest.raises(DataError, match="only one class"):
            self.new().fit(X, np.full(50, value))

    def test_three_classes_are_refused(self) -> None:
        X, _ = bank(60)

        with pytest.raises(ValueError, match="Only binary classification"):
            self.new().fit(X, np.arange(60) % 3)

    def test_infinities_and_sparse_matrices_are_refused(self, fitted: BinaryClassifier) -> None:
        X, _ = bank(5)
        X[0, 0] = np.inf

        with pytest.raises(ValueError, match="infinity"):
            fitted.log_odds(X)
        with pytest.raises(TypeError, match=r"[Ss]parse"):
            fitted.log_odds(sparse.csr_matrix((5, 4)))

    def test_the_same_seed_gives_the_same_model(self, fitted: BinaryClassifier) -> None:
        X, y = bank()

        again = self.new().fit(X, y)

        np.testing.assert_array_equal(again.log_odds(X), fitted.log_odds(X))

    def test_scores_do_not_depend_on_the_batch(self, fitted: BinaryClassifier) -> None:
        X, _ = bank(9_000, seed=5)

        whole = fitted.log_odds(X)

        for rows in ([0], [8_191], [8_192], range(100, 107), range(3_000, 8_999)):
            np.testing.assert_allclose(fitted.log_odds(X[list(rows)]), whole[list(rows)], rtol=0, atol=1e-10)

    def test_probability_is_the_logistic_of_log_odds(self, fitted: BinaryClassifier) -> None:
        X, _ = bank(50)

        p = fitted.predict_proba(X)

        np.testing.assert_allclose(logit(p[:, 1]), fitted.log_odds(X), atol=1e-9)
        np.testing.assert_allclose(p.sum(axis=1), 1.0)

    def test_frames_and_arrays_score_the_same(self, fitted: BinaryClassifier) -> None:
        X, y = bank(300)
        frame = pd.DataFrame(X, columns=["a", "b", 'c "<b>"', "类"])

        estimator = self.new().fit(frame, pd.Series(y))

        assert estimator.feature_names_in_.tolist() == list(frame.columns)
        np.testing.assert_array_equal(estimator.log_odds(frame), self.new().fit(X, y).log_odds(X))

    def test_progress_is_reported_in_order(self) -> None:
        X, y = bank()
        held_out = bank(200, seed=9)
        seen: list[Progress] = []

        self.new().fit(X, y, validation=held_out, progress=seen.append)

        assert seen
        assert [message.step for message in seen] == list(range(1, len(seen) + 1))
        assert all(message.step <= message.steps for message in seen)
        assert all(message.message for message in seen)
        seconds = [message.seconds for message in seen]
        assert seconds == sorted(seconds)

    def test_cancel_leaves_the_estimator_as_it_was(self) -> None:
        X, y = bank(300)

        def cancel(message: Progress) -> None:
            raise CancelledError

        fresh = self.new()
        with pytest.raises(CancelledError):
            fresh.fit(X, y, progress=cancel)
        with pytest.raises(NotFittedError):
            fresh.log_odds(X)

        fitted = self.new().fit(X, y)
        before = fitted.log_odds(X)
        with pytest.raises(CancelledError):
            fitted.fit(X, 1 - y, progress=cancel)
        np.testing.assert_array_equal(fitted.log_odds(X), before)

    def test_validation_with_another_class_is_refused(self) -> None:
        X, y = bank(100)

        with pytest.raises(DataError, match="classes of the training rows"):
            self.new().fit(X, y, validation=(X, y + 1))

    def test_one_class_validation_is_no_trouble(self) -> None:
        X, y = bank(200)

        estimator = self.new().fit(X, y, validation=(X[y == 0], y[y == 0]))

        assert np.isfinite(estimator.log_odds(X)).all()

    def test_a_rare_class_is_no_trouble(self) -> None:
        X, y = bank(400)
        y[:] = 0
        y[:2] = 1

        p = self.new().fit(X, y).predict_proba(X)[:, 1]

        assert np.isfinite(p).all()
        assert p.mean() < 0.2

    def test_rows_of_weight_zero_are_not_learnt_from(self) -> None:
        X, y = bank(600)
        weight = np.ones(600)
        weight[300:] = 0.0
        flipped = y.copy()
        flipped[300:] = 1 - flipped[300:]

        estimator = self.new().fit(X, flipped, sample_weight=weight)

        fresh, truth = bank(1_000, seed=8)
        assert auc(truth, estimator.predict_proba(fresh)[:, 1]) > 0.75
