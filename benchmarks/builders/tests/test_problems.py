"""From a data set to a problem: which rows choose, which are for the test, and what becomes of the columns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from hpo_builders.data_sets import problems
from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION, Fold, Problem
from hpo_builders.data_sets.material import DataSets
from hpo_builders.data_sets.problems import FOLDS, REPEATS, meta_features, problem
from hpo_builders.data_sets.sources import DataSet
from hpo_gym.base import InvalidValueError
from hpo_gym.tuning import MAX_LEVELS

PLENTY = 10**6

DIGEST = DataSets((CLASSIFICATION,), 150, 80, None).digest


def _data(
    y: NDArray[np.generic], *columns: NDArray[np.generic], kind: str = CLASSIFICATION, name: str = "toy"
) -> DataSet:
    number = np.arange(len(y), dtype=np.float64)  # tells rows apart
    x = (number, *columns)
    categorical = tuple(c.dtype.kind == "U" for c in x)
    return DataSet(name, kind, x, tuple(str(i) for i in range(len(x))), categorical, y, "", "")


def _classes(*counts: int) -> NDArray[np.str_]:
    return np.repeat([f"class {chr(97 + i)}" for i in range(len(counts))], counts)


def _values(n: int) -> NDArray[np.float64]:
    return np.random.default_rng(n).normal(7, 3, n)


def _rows(x: NDArray[np.float64]) -> set[int]:
    found = {int(v) for v in x[:, 0]}
    assert len(found) == len(x), "a row stands twice in one part"
    return found


def _repeats(ready: Problem) -> list[tuple[Fold, ...]]:
    assert len(ready.folds) == REPEATS * FOLDS == 9
    return [ready.folds[0:3], ready.folds[3:6], ready.folds[6:9]]


def _chosen(folds: tuple[Fold, ...]) -> set[int]:
    """The rows that one repeat validates on."""
    return set.union(*(_rows(fold.x_val) for fold in folds))


def _tested(ready: Problem) -> set[int]:
    return set.union(*(_rows(fold.x_test) for fold in ready.folds))


@pytest.fixture
def ready() -> Problem:
    """312 rows: 50, 25 and 3 of the classes for the test, 150, 75 and 9 that choose, which thirds divide."""
    return problem(_data(_classes(200, 100, 12)), 250, PLENTY, 0)


# ------------------------------------------------------------------------------------------------ who sees what
SETS = {
    "classes": (_data(_classes(200, 100, 12)), 250, 60),
    "all rows": (_data(_classes(100, 60)), PLENTY, PLENTY),
    "regression": (_data(_values(500), kind=REGRESSION), 300, 100),
    "three parts for the test": (_data(_classes(1000, 600)), 301, 90),
    "nine parts for the test": (_data(_values(5000), kind=REGRESSION), 302, 90),
}


@pytest.mark.parametrize("name", SETS)
def test_no_row_has_two_parts_to_play(name: str) -> None:
    """A fold does not validate on what it trained on, and nothing that any model is tested on chose anything."""
    data, rows, training_rows = SETS[name]
    ready = problem(data, rows, training_rows, 0)
    for fold in ready.folds:
        assert not _rows(fold.x) & _rows(fold.x_val)
    chose = set.union(*(_rows(part) for fold in ready.folds for part in (fold.x, fold.x_val)))
    assert not chose & _tested(ready)
    assert chose and len(chose) <= rows


@pytest.mark.parametrize("name", SETS)
def test_each_row_has_its_own_target_in_every_part(name: str) -> None:
    data, rows, training_rows = SETS[name]
    ready = problem(data, rows, training_rows, 0)
    learned = sorted(_chosen(ready.folds[:3]) | _chosen(ready.folds[3:6]) | _chosen(ready.folds[6:]))
    if data.kind == CLASSIFICATION:
        expected = np.searchsorted(np.unique(data.y), data.y)
    else:
        expected = (data.y - data.y[learned].mean()) / data.y[learned].std()
    for fold in ready.folds:
        for x, y in ((fold.x, fold.y), (fold.x_val, fold.y_val), (fold.x_test, fold.y_test)):
            assert y == pytest.approx(expected[x[:, 0].astype(int)], abs=1e-12)


def test_the_validation_parts_of_each_repeat_partition_the_rows_that_choose(ready: Problem) -> None:
    whole = _chosen(ready.folds[:3])
    assert len(whole) == 150 + 75 + 9
    for folds in _repeats(ready):
        parts = [_rows(fold.x_val) for fold in folds]
        assert sum(map(len, parts)) == len(set.union(*parts))
        assert set.union(*parts) == whole
        for k, fold in enumerate(folds):
            assert _rows(fold.x) == whole - parts[k], "a fold trains on what it does not validate on"


def test_where_thirds_do_not_divide_the_rows_at_most_two_are_left_out() -> None:
    ready = problem(_data(_classes(400, 400)), 301, PLENTY, 0)
    for folds in _repeats(ready):
        assert [len(fold.y_val) for fold in folds] == [100] * 3
        assert [len(fold.y) for fold in folds] == [200] * 3
        assert len(_chosen(folds)) == 300
    assert len(set.union(*(_chosen(folds) for folds in _repeats(ready)))) <= 301


def test_the_repeats_are_divided_anew(ready: Problem) -> None:
    """Two parts of different repeats share about a third, so neither is the other, nor a neighbour moved along."""
    for one, two in itertools.combinations(_repeats(ready), 2):
        for a, b in itertools.product(one, two):
            share = len(_rows(a.x_val) & _rows(b.x_val)) / len(a.y_val)
            assert 0.15 < share < 0.55
            assert not np.array_equal(a.x, b.x)


def test_classes_keep_their_shares_in_every_part(ready: Problem) -> None:
    for fold in ready.folds:
        assert np.bincount(fold.y).tolist() == [100, 50, 6]
        assert np.bincount(fold.y_val).tolist() == [50, 25, 3]
        assert np.bincount(fold.y_test).tolist() == [50, 25, 3]


def test_a_small_class_keeps_its_least_rows_where_few_are_drawn() -> None:
    ready = problem(_data(_classes(2000, 20)), 102, PLENTY, 0)
    for folds in _repeats(ready):  # by their share there would be one
        assert sum(int((fold.y_val == 1).sum()) for fold in folds) == problems.MIN_CLASS == 12
        assert len(_chosen(folds)) == 102


@pytest.mark.parametrize("rows", [150, 333, 381, 511, PLENTY])
def test_as_many_rows_choose_as_asked_for_where_a_quarter_stays_for_the_test(rows: int) -> None:
    ready = problem(_data(_classes(*[51] * 9, 52)), rows, PLENTY, 0)
    assert len(_chosen(ready.folds[:3])) == min(rows, 511 - 10 * 13)


# ------------------------------------------------------------------------------------------------ training rows
def test_a_fold_trains_on_the_first_of_its_rows(ready: Problem) -> None:
    few = problem(_data(_classes(200, 100, 12)), 250, 60, 0)
    for fold, whole in zip(few.folds, ready.folds, strict=True):
        assert np.array_equal(fold.x, whole.x[:60]) and np.array_equal(fold.y, whole.y[:60])
        assert np.array_equal(fold.x_val, whole.x_val) and np.array_equal(fold.x_test, whole.x_test)


def test_the_first_rows_of_a_fold_hold_every_class_and_then_the_shares(ready: Problem) -> None:
    shares = np.array([100, 50, 6]) / 156
    for fold in ready.folds:
        assert sorted(fold.y[:3].tolist()) == [0, 1, 2]
        for n in (20, 60, 120):  # one row of each class is ahead of its turn
            assert np.bincount(fold.y[:n]) == pytest.approx(n * shares, abs=2)


def test_the_first_rows_of_regression_hold_all_quarters_of_the_target() -> None:
    ready = problem(_data(_values(800), kind=REGRESSION), PLENTY, 40, 0)
    for fold in ready.folds:
        cuts = np.quantile(fold.y_val, [0.25, 0.5, 0.75])
        assert np.bincount(np.searchsorted(cuts, fold.y), minlength=4) == pytest.approx([10] * 4, abs=3)


# ------------------------------------------------------------------------------------------------ test rows
def test_a_quarter_of_each_class_is_for_the_test_however_many_rows_may_choose() -> None:
    ready = problem(_data(_classes(400, 40, 14)), PLENTY, PLENTY, 0)
    for fold in ready.folds:
        assert np.bincount(fold.y_test).tolist() == [100, 10, 4]  # a quarter of 14 is 3.5
    assert len(_chosen(ready.folds[:3])) == 300 + 30 + 9  # of the 10 of the last class, thirds are 3


def test_a_quarter_of_each_quarter_of_a_target_is_for_the_test() -> None:
    y = _values(400)
    ready = problem(_data(y, kind=REGRESSION), PLENTY, PLENTY, 0)
    rank = y.argsort().argsort()
    assert np.bincount(rank[sorted(_tested(ready))] // 100).tolist() == [25] * 4


@pytest.mark.parametrize(
    ("counts", "parts", "size"),
    [
        ((200, 200), 1, 100),  # 100 stay for the test
        ((750, 749), 1, 1199),
        ((750, 750), 3, 400),
        ((1950, 1949), 3, 1199),  # 3,599
        ((1950, 1950), 9, 400),
        ((3876, 24), 3, 1200),  # 12 rows of the rare class are for the test: 9 parts would have one each
        ((3888, 12), 1, 3600),  # 3 rows
        ((8000, 2000), 9, 444),  # 4,000 of 9,700
    ],
)
def test_test_rows_are_dealt_among_the_models_as_their_number_allows(
    counts: tuple[int, ...], parts: int, size: int
) -> None:
    ready = problem(_data(_classes(*counts)), 300, PLENTY, 0)
    seen = [_rows(fold.x_test) for fold in ready.folds]
    assert [len(rows) for rows in seen] == [size] * 9
    assert len({frozenset(rows) for rows in seen}) == parts
    assert len(_tested(ready)) == parts * size == problems.test_rows(ready), "parts have no row in common"
    times = {1: 9, 3: 3, 9: 1}[parts]
    assert all(sum(row in rows for rows in seen) == times for row in _tested(ready))
    if parts == 3:
        for folds in _repeats(ready):  # each row once a repeat
            assert set.union(*(_rows(fold.x_test) for fold in folds)) == _tested(ready)
    for fold in ready.folds:
        assert len(np.unique(fold.y_test)) == len(counts)


def test_test_rows_are_4000_at_most_and_keep_the_shares_of_the_classes() -> None:
    ready = problem(_data(_classes(8000, 2000)), 300, PLENTY, 0)
    assert 4000 - 9 < len(_tested(ready)) <= problems.TEST_ROWS == 4000
    for fold in ready.folds:
        assert np.bincount(fold.y_test) == pytest.approx([4 / 5 * 444, 1 / 5 * 444], abs=1)


# ------------------------------------------------------------------------------------------------ what decides
def test_the_same_arguments_give_the_same_problem_whatever_came_before() -> None:
    data = _data(_classes(200, 100))
    first = problem(data, 150, 80, 0)
    problem(data, 120, 80, 3)
    assert DIGEST(problem(data, 150, 80, 0)) == DIGEST(first)


@pytest.mark.parametrize(("name", "rows", "seed"), [("toy", 150, 1), ("other", 150, 0), ("toy", 151, 0)])
def test_name_rows_and_seed_decide_which_rows_are_for_what(name: str, rows: int, seed: int) -> None:
    y = _classes(200, 100)
    first, other = problem(_data(y), 150, 80, 0), problem(_data(y, name=name), rows, 80, seed)
    assert _tested(first) != _tested(other)
    for a, b in zip(first.folds, other.folds, strict=True):
        assert _rows(a.x_val) != _rows(b.x_val)


def test_every_part_of_a_problem_is_in_its_digest(ready: Problem) -> None:
    marks = {DIGEST(ready)}
    for name in ("x", "y", "x_val", "y_val", "x_test", "y_test"):
        last = Fold(**{**vars(ready.folds[-1]), name: getattr(ready.folds[-1], name) + 1})
        marks.add(DIGEST(Problem("toy", ready.kind, ready.classes, (*ready.folds[:-1], last))))
    assert len(marks) == 7


# ------------------------------------------------------------------------------------------------ refusals
def test_rare_classes_are_left_out_and_the_rest_is_numbered_from_zero() -> None:
    ready = problem(_data(_classes(100, 5, 80)), 500, PLENTY, 0)
    assert ready.classes == 2
    assert np.unique(ready.folds[0].y).tolist() == [0, 1]
    assert not (_chosen(ready.folds) | _tested(ready)) & set(range(100, 105))


@pytest.mark.parametrize(
    ("y", "rule"),
    [
        (_classes(80, 20), "120 rows or more, got 100"),
        (_classes(150, 5), r"two classes of 12 rows, got \[150, 5\]"),
        (_classes(*[12] * 100), "`rows` must be 400 or more for 100 classes, got 300"),
    ],
)
def test_a_data_set_that_is_too_small_is_refused(y: NDArray[np.str_], rule: str) -> None:
    with pytest.raises(InvalidValueError, match=rule):
        problem(_data(y), 300, 100, 0)


def test_too_many_columns_are_refused() -> None:
    columns = np.random.default_rng(0).normal(size=(problems.MAX_COLUMNS, 200))
    with pytest.raises(InvalidValueError, match="1 to 64 columns"):
        problem(_data(_classes(100, 100), *columns), 200, 100, 0)


# ------------------------------------------------------------------------------------------------ targets
def test_a_regression_target_is_standardised_on_the_rows_of_the_folds() -> None:
    ready = problem(_data(_values(400), kind=REGRESSION), 400, 50, 0)
    for folds in _repeats(ready):  # 300 rows, which thirds divide
        learned = np.concatenate([fold.y_val for fold in folds])
        assert abs(learned.mean()) < 1e-9
        assert learned.std() == pytest.approx(1)
    tested = ready.folds[0].y_test
    assert abs(tested.mean()) > 1e-4 and abs(tested.std() - 1) > 1e-4


def test_only_a_positive_heavy_tailed_target_is_logged() -> None:
    tail = np.exp(np.random.default_rng(0).normal(0, 2, 400))
    assert problems.is_logged(_data(tail, kind=REGRESSION))
    assert not problems.is_logged(_data(tail - 10, kind=REGRESSION))
    assert not problems.is_logged(_data(np.log(tail), kind=REGRESSION))
    logged = problem(_data(tail, kind=REGRESSION), 400, 400, 0)
    learned = sorted(_chosen(logged.folds[:3]))
    expected = (np.log(tail) - np.log(tail[learned]).mean()) / np.log(tail[learned]).std()
    for fold in logged.folds:
        assert fold.y_test == pytest.approx(expected[fold.x_test[:, 0].astype(int)])


# ------------------------------------------------------------------------------------------------ columns
def test_what_stands_in_test_rows_changes_nothing_that_a_model_learns_from() -> None:
    rng = np.random.default_rng(0)
    number, y = rng.normal(size=300), _classes(150, 150)
    number[::3] = np.nan
    level = np.array(["a", "b", "c", ""])[rng.integers(4, size=300)]
    before = problem(_data(y, number, level), 150, 90, 0)
    hidden = sorted(_tested(before))
    number[hidden], level[hidden] = 1e6, "new"
    after = problem(_data(y, number, level), 150, 90, 0)
    for a, b in zip(before.folds, after.folds, strict=True):
        assert np.array_equal(a.x, b.x) and np.array_equal(a.x_val, b.x_val)
        assert (b.x_test[:, 1] == 1e6).all()


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
    assert x.shape[1] == 1 + MAX_LEVELS + 1
    assert (x[:, 1:].sum(1) == 1).all()


# ------------------------------------------------------------------------------------------------ meta-features
def test_meta_features_of_classification_by_hand() -> None:
    """150 + 50 rows: 112 + 38 choose; the second column is "a" in the first half and missing in the other."""
    data = _data(_classes(150, 50), np.repeat(["a", ""], 100))
    ready = problem(data, PLENTY, PLENTY, 0)
    first = np.array(sorted(_chosen(ready.folds[:3])), float)
    assert meta_features(ready, data) == {
        "n_rows": 150,
        "n_columns": 2,
        "n_classes": 2,
        "majority_share": pytest.approx(112 / 150, abs=1e-6),
        "minority_share": pytest.approx(38 / 150, abs=1e-6),
        "numeric_share": 0.5,
        "missing_share": 0.25,
        "is_regression": 0,
        "rows_per_column": 75,
        "mean_correlation": pytest.approx(abs(np.corrcoef(first, first < 100)[0, 1]), abs=1e-6),
        "mean_skewness": pytest.approx((_skew(first) + _skew(first < 100)) / 2, abs=1e-6),
        "target_skewness": None,
    }


def test_meta_features_of_regression_by_hand() -> None:
    y = np.arange(200.0) ** 2
    data = _data(y, kind=REGRESSION)
    ready = problem(data, PLENTY, 40, 0)
    chose = sorted(_chosen(ready.folds[:3]))
    assert len(chose) == 150
    assert y.min() == 0, "nothing is logged"
    skew = ((y[chose] - y[chose].mean()) ** 3).mean() / y[chose].std() ** 3
    meta = meta_features(ready, data)
    assert meta["n_rows"] == meta["rows_per_column"] == 150
    assert (meta["n_classes"], meta["is_regression"], meta["mean_correlation"]) == (0, 1, 0)
    assert meta["majority_share"] is meta["minority_share"] is None
    assert meta["target_skewness"] == pytest.approx(skew, abs=1e-6)


def _skew(column: NDArray[np.generic]) -> float:
    """Absolute skewness by its definition."""
    x = column.astype(float)
    return abs(float(((x - x.mean()) ** 3).mean() / ((x - x.mean()) ** 2).mean() ** 1.5))
