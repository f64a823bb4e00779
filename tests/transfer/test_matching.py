"""Tasks of another search space: each value where it belongs, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

from hpo_baselines._transfer.surrogate import Surrogate
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.space import SearchSpace
from hpo_gym.tuning.matching import matched


def space(*parts, conditions=()) -> SearchSpace:
    made = ConfigurationSpace()
    made.add(*parts)
    made.add(*conditions)
    return SearchSpace(made)


def task(of: SearchSpace, configs, score) -> Evaluations:
    x = of.encode(configs)
    return Evaluations("t", "f", x, np.array(score), np.ones(len(x)), np.zeros(len(x), np.int8))


TARGET = space(
    Float("C", (0.1, 10.0), log=True, default=1.0),
    Float("gamma", (0.0, 1.0)),
    Integer("degree", (2, 5), default=3),
    Categorical("kernel", ["poly", "rbf", "linear"], default="rbf"),
)


def test_values_keep_their_meaning_and_what_the_target_lacks_is_left_out():
    source = space(
        Float("C", (0.01, 100.0), log=True),
        Integer("degree", (1, 4)),
        Categorical("kernel", ["linear", "sigmoid", "poly"]),
        Float("other", (0.0, 1.0)),
    )
    configs = [
        {"C": 10.0, "degree": 4, "kernel": "poly", "other": 0.5},
        {"C": 1.0, "degree": 2, "kernel": "linear", "other": 0.1},
        {"C": 100.0, "degree": 2, "kernel": "poly", "other": 0.1},  # C is too large
        {"C": 1.0, "degree": 1, "kernel": "poly", "other": 0.1},  # and this degree too low
        {"C": 1.0, "degree": 2, "kernel": "sigmoid", "other": 0.1},  # no such kernel
    ]
    found = matched(task(source, configs, [1.0, 2.0, 3.0, 4.0, 5.0]), source, TARGET)
    assert found is not None
    assert found.score.tolist() == [1.0, 2.0]
    assert np.isnan(found.x).all(0).tolist() == [n == "gamma" for n in TARGET.names]
    seen = np.where(np.isnan(found.x), 0.5, found.x)
    assert TARGET.decode(TARGET.snap(seen)) == [
        {"C": pytest.approx(10.0), "gamma": 0.5, "degree": 4, "kernel": "poly"},
        {"C": pytest.approx(1.0), "gamma": 0.5, "degree": 2, "kernel": "linear"},
    ]


@pytest.mark.parametrize(
    "other",
    [
        Float("C", (0.1, 10.0)),  # linear
        Integer("C", (1, 10), log=True),
        Categorical("kernel", ["a", "b"]),  # no choice in common
        Categorical("degree", [2, 3]),
        Float("c", (0.1, 10.0), log=True),
    ],
)
def test_another_name_kind_or_unit_is_another_hyperparameter(other):
    source = space(other)
    assert matched(task(source, [source.default], [1.0]), source, TARGET) is None


def test_true_is_not_one():
    source, target = space(Categorical("a", [True, False])), space(Categorical("a", [1, 0]))
    assert matched(task(source, [{"a": True}], [1.0]), source, target) is None


def test_an_inactive_value_is_the_default_and_the_same_space_changes_nothing():
    kernel, degree = Categorical("kernel", ["rbf", "poly"]), Integer("degree", (2, 9))
    source = space(kernel, degree, conditions=[EqualsCondition(degree, kernel, "poly")])
    e = task(
        source, [{"kernel": "rbf"}, {"kernel": "poly", "degree": 9}, {"kernel": "poly", "degree": 5}], [1.0, 2.0, 3.0]
    )
    found = matched(e, source, TARGET)
    assert found is not None and found.score.tolist() == [1.0, 3.0]
    degree_column = TARGET.names.index("degree")
    assert found.x[0, degree_column] == TARGET.default_x[degree_column]
    assert matched(e, source, source) is e


def test_a_task_without_a_success_left_says_nothing():
    source = space(Float("C", (0.1, 100.0), log=True))
    assert matched(task(source, [{"C": 50.0}], [1.0]), source, TARGET) is None


def test_what_is_marginal_decides_nothing():
    source = space(Float("C", (0.1, 10.0), log=True))
    rng = np.random.default_rng(0)
    configs = source.decode(source.sample(rng, 40))
    found = matched(task(source, configs, [-(np.log(c["C"]) ** 2) for c in configs]), source, TARGET)
    assert found is not None
    made = Surrogate(TARGET, found)
    x = TARGET.sample(rng, 200)
    same = x.copy()
    same[:, 1:] = TARGET.default_x[1:]  # all but C
    assert made(x) == pytest.approx(made(same), abs=1e-12)
    best = TARGET.from_unit(x[made(x).argmax()])["C"]
    assert 0.7 < best < 1.4


@pytest.mark.parametrize(("theirs", "mine", "same"), [
    ("multiple of scale", "multiple of scale", True), (None, None, True),
    ("multiple of scale", None, False), (None, "multiple of scale", False), ("hours", "seconds", False),
])  # fmt: skip
def test_values_of_another_unit_say_nothing(theirs: str | None, mine: str | None, same: bool) -> None:
    def of(unit: str | None, order: int) -> SearchSpace:
        meta = None if unit is None else {"unit": unit}
        return space(*(Float("gamma", (0.01, 100.0), log=True, meta=meta), Float("C", (0.1, 10.0)))[::order])

    source = of(theirs, 1)
    e = task(source, [{"gamma": 30.0, "C": 2.0}], [1.0])
    for order in (1, -1):  # equal spaces, and columns in another order
        target = of(mine, order)
        found = matched(e, source, target)
        assert found is not None
        gamma, c = (found.x[0, target.names.index(name)] for name in ("gamma", "C"))
        assert target.hyperparameters[target.names.index("C")].numbers(np.array([c]))[0] == pytest.approx(2.0)
        assert np.isnan(gamma) != same
