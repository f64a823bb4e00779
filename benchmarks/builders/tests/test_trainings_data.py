"""The builder of the tables of `Trainings`: labels, scaling and columns by hand, and two tables made anew."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from hpo_builders.data_sets import roster
from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION
from hpo_builders.data_sets.sources import DataSet
from hpo_builders.trained import trainings
from hpo_gym.suites.tasks.fits import tables

ARCHIVES = os.environ.get("HPO_GYM_ARCHIVES")
needs_archives = pytest.mark.skipif(
    ARCHIVES is None, reason="HPO_GYM_ARCHIVES is not set: a folder with the archives of requirements.txt"
)


def data_set(y: np.ndarray, *columns: np.ndarray, kind: str = CLASSIFICATION) -> DataSet:
    named = tuple(str(i) for i in range(len(columns)))
    return DataSet("toy", kind, columns, named, tuple(c.dtype.kind == "U" for c in columns), y, "", "")


# ------------------------------------------------------------------------------------------------ labels
def test_rare_classes_and_those_beyond_the_most_frequent_are_left_out() -> None:
    data = data_set(np.array(["a"] * 20 + ["b"] * 11 + ["c"] * 40 + ["d"] * 30))
    y, kept = trainings.labels(data, 3)
    assert y.tolist() == [0] * 20 + [1] * 40 + [2] * 30  # 11 rows of b are too few
    assert kept.tolist() == [*range(20), *range(31, 101)]
    assert np.bincount(trainings.labels(data, 2)[0]).tolist() == [40, 30]


def test_a_class_counts_by_its_share_in_the_rows_of_a_table() -> None:
    many = data_set(np.array(["a"] * (2 * trainings.ROWS - 20) + ["b"] * 20))
    assert np.unique(trainings.labels(many, 10)[0]).tolist() == [0]  # 10 of b are expected in a table


def test_a_target_of_numbers_is_cut_at_its_quartiles() -> None:
    y, kept = trainings.labels(data_set(np.arange(100.0), kind=REGRESSION), 10)
    assert np.bincount(y).tolist() == [25, 25, 25, 25]
    assert len(kept) == 100


# ------------------------------------------------------------------------------------------------ features
def test_features_are_standardised_by_the_rows_that_may_be_learned_from() -> None:
    data = data_set(np.array(["a", "b"] * 2), np.array([0.0, 2.0, 10.0, -100.0]), np.array(["u", "v", "u", "v"]))
    x = trainings.features(data, np.arange(4), np.arange(2))
    assert x.tolist() == [
        pytest.approx([-1.0, 1.0]),
        pytest.approx([1.0, -1.0]),
        pytest.approx([5.0, 1.0]),  # 9 standard deviations, limited
        pytest.approx([-5.0, -1.0]),
    ]


def test_a_column_with_far_outliers_is_squeezed() -> None:
    values = np.concatenate([np.tile([1.0, 3.0], 500), [3e4]])
    x = trainings.features(data_set(values, values), np.arange(1001), np.arange(1001))
    assert x[1, 0] - x[0, 0] > 0.5  # without the logarithm the two would be .002 apart


def test_of_many_columns_the_principal_components_stay() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 20)) * np.arange(1, 21)
    narrow = trainings.narrow(x)
    assert narrow.shape == (400, 15)
    assert (narrow**2).mean() == pytest.approx(1.0)
    assert np.diff(narrow.std(0)).max() < 0  # the widest first
    assert np.abs(np.corrcoef(narrow.T) - np.eye(15)).max() < 1e-9
    few = trainings.narrow(x[:, :2])
    assert np.allclose(few, x[:, :2] / np.sqrt((x[:, :2] ** 2).mean()))


def test_a_small_data_set_gives_no_table() -> None:
    x, y = trainings.table(data_set(np.array(["a", "b"] * 200), np.arange(400.0)))
    assert len(x) == len(y) == 0


# ------------------------------------------------------------------------------------------------ with the archives
@needs_archives
@pytest.mark.parametrize("name", ["laser", "car"])
def test_a_shipped_table_is_made_anew(name: str) -> None:
    x, y = trainings.table(roster.entry(name).load(Path(str(ARCHIVES))))
    shipped = tables.table(name)
    assert np.array_equal(y, shipped.y)
    assert np.allclose(x, shipped.x, atol=0.01)  # sums of another BLAS, rounded to float16


@needs_archives
@pytest.mark.parametrize("name", trainings.RESERVED)
@pytest.mark.long
def test_a_reserved_data_set_is_read(name: str) -> None:
    data = trainings.reserved(name, Path(str(ARCHIVES)))
    y, kept = trainings.labels(data, 30)
    assert len(kept) >= 990
    assert trainings.features(data, kept, np.arange(500)).shape[0] == len(y)


@needs_archives
@pytest.mark.long
def test_all_tables_are_made_anew(tmp_path: Path) -> None:
    from hpo_builders.files import read_json
    from hpo_builders.order import Order

    trainings.trainings(Order(Path(str(ARCHIVES)), tmp_path))
    made = read_json(tmp_path / "Trainings" / "index.json")["tables"]
    shipped = read_json(tables.INDEX)["tables"]
    assert [{**one, "sha256": ""} for one in made.values()] == [{**one, "sha256": ""} for one in shipped.values()]
    assert list(made) == list(shipped)
