"""Tasks of another search space: each value where it belongs, by hand."""

from __future__ import annotations

import numpy as np
import optuna
import pandas as pd
import pytest
import yaml
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer, OrdinalHyperparameter

from hpo_gym.base import DATA, InvalidValueError
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.space.forms import read_space
from hpo_gym.suites.own.space import widened
from hpo_gym.tuning.earlier import earlier_tasks
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


def one(e: Evaluations, source: SearchSpace, target: SearchSpace) -> Evaluations:
    (found,) = matched([e], source, target).tasks
    return found


def values(e: Evaluations, target: SearchSpace, name: str) -> list:
    column = target.names.index(name)
    h = target.hyperparameters[column]
    return h.values(h.numbers(e.x[:, column]))


def test_values_keep_their_meaning_and_what_is_beyond_a_range_is_moved_to_its_end():
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
        {"C": 1.0, "degree": 2, "kernel": "sigmoid", "other": 0.1},  # no such kernel: none can stand for it
    ]
    said = matched([task(source, configs, [1.0, 2.0, 3.0, 4.0, 5.0])], source, TARGET)
    (found,) = said.tasks
    assert found.score.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert np.isnan(found.x).all(0).tolist() == [n == "gamma" for n in TARGET.names]
    assert values(found, TARGET, "C") == pytest.approx([10.0, 1.0, 10.0, 1.0])
    assert values(found, TARGET, "degree") == [4, 2, 2, 2]
    assert values(found, TARGET, "kernel") == ["poly", "linear", "poly", "poly"]
    assert (said.rows, said.inside, said.mapped) == (5, 2, 2)
    assert str(said) == (
        "3 of 4 hyperparameters matched (not gamma), 2 of 5 configurations inside your ranges, 2 mapped"
    )


def test_values_match_whatever_their_scale_and_steps():
    source = space(
        Integer("n", (1, 100), log=True), Float("rate", (0.0, 2.0)), OrdinalHyperparameter("size", [16, 32, 64])
    )
    target = space(Integer("n", (2, 60)), Float("rate", (0.01, 1.0), log=True), Integer("size", (20, 40)))
    configs = [{"n": 7, "rate": 0.1, "size": 32}, {"n": 100, "rate": 0.0, "size": 16}]
    found = one(task(source, configs, [1.0, 2.0]), source, target)
    assert values(found, target, "n") == [7, 60]
    assert values(found, target, "rate") == pytest.approx([0.1, 0.01])
    assert values(found, target, "size") == [32, 20]
    back = one(
        task(target, [{"n": 7, "rate": 0.1, "size": 27}, {"n": 2, "rate": 1.0, "size": 40}], [1, 2]), target, source
    )
    assert values(back, source, "size") == [32, 32], "the nearest step"


@pytest.mark.parametrize(("theirs", "mine"), [
    ("reg_lambda", "lambda_l2"), ("reg_lambda", "l2_leaf_reg"), ("lambda_l2", "l2_regularization"),
    ("learning_rate", "eta"), ("learning_rate", "a__learning_rate"), ("svc__C", "C"), ("a__eta", "b__learning_rate"),
    ("colsample_bytree", "feature_fraction"), ("subsample", "bagging_fraction"),
])  # fmt: skip
def test_synonyms_and_steps_of_pipelines_are_one_hyperparameter(theirs: str, mine: str) -> None:
    source, target = space(Float(theirs, (0.1, 1.0))), space(Float(mine, (0.1, 1.0), log=True), Float("x", (0.0, 1.0)))
    found = one(task(source, [{theirs: 0.5}], [1.0]), source, target)
    assert values(found, target, mine) == pytest.approx([0.5])


def test_one_name_comes_before_its_synonyms_and_two_synonyms_are_none():
    target = space(Float("eta", (0.0, 1.0)))
    both = space(Float("learning_rate", (0.0, 1.0)), Float("eta", (0.0, 1.0)))
    found = one(task(both, [{"learning_rate": 0.25, "eta": 0.75}], [1.0]), both, target)
    assert values(found, target, "eta") == pytest.approx([0.75])
    two = space(Float("learning_rate", (0.0, 1.0)), Float("shrinkage_rate", (0.0, 1.0)))
    assert matched([task(two, [two.default], [1.0])], two, target).tasks == ()
    steps = space(Float("a__C", (0.0, 1.0)), Float("b__C", (0.0, 1.0)))
    assert matched([task(steps, [steps.default], [1.0])], steps, space(Float("C", (0.0, 1.0)))).tasks == ()


def test_lightgbm_calls_them_alike():
    from lightgbm.basic import _ConfigAliases

    said = yaml.safe_load((DATA / "synonyms.yaml").read_text(encoding="utf-8"))
    for group in (g["names"] for g in said["names"] if "LightGBM" in g["source"]):
        others = {name for other in group for name in _ConfigAliases.get(other)}
        assert set(group) - others <= {"l2_leaf_reg", "iterations", "border_count"}, "names of CatBoost"


def test_a_choice_and_its_word_in_a_suite_are_one():
    source = space(Categorical("class_weight", ["none", "balanced"]), Categorical("shrinking", ["yes", "no"]))
    target = read_space({"class_weight": [None, "balanced"], "shrinking": [True, False]})
    found = one(task(source, [{"class_weight": "none", "shrinking": "no"}], [1.0]), source, target)
    assert values(found, target, "class_weight") == [None] and values(found, target, "shrinking") == [False]


@pytest.mark.parametrize(
    "other",
    [
        Integer("C", (1, 10), log=True),
        Categorical("kernel", ["a", "b"]),  # no choice in common
        Categorical("degree", [2, 3]),
        OrdinalHyperparameter("degree", [2, 3, -1]),  # its order is not that of its numbers
        Float("c", (0.1, 10.0), log=True),
    ],
)
def test_another_name_kind_or_unit_is_another_hyperparameter(other):
    source = space(other)
    assert matched([task(source, [source.default], [1.0])], source, TARGET).tasks == ()


def test_an_inactive_value_is_the_default_and_the_same_space_changes_nothing():
    kernel, degree = Categorical("kernel", ["rbf", "poly"]), Integer("degree", (2, 9))
    source = space(kernel, degree, conditions=[EqualsCondition(degree, kernel, "poly")])
    e = task(
        source, [{"kernel": "rbf"}, {"kernel": "poly", "degree": 9}, {"kernel": "poly", "degree": 5}], [1.0, 2.0, 3.0]
    )
    found = one(e, source, TARGET)
    assert values(found, TARGET, "degree") == [3, 5, 5], "the default, and 9 moved to the end of the range"
    assert one(e, source, source) is e


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
        found = one(e, source, target)
        gamma, c = (found.x[0, target.names.index(name)] for name in ("gamma", "C"))
        assert target.hyperparameters[target.names.index("C")].numbers(np.array([c]))[0] == pytest.approx(2.0)
        assert np.isnan(gamma) != same


@pytest.mark.parametrize(("theirs", "mine", "value"), [
    ("inches", "inches", 3.0), ("2 * inches", "inches", 6.0), ("inches", "2 * inches", 1.5),
    ("2.0 * inches", "4e0 * inches", 1.5), ("1e-07 * inches", "5e-08 * inches", 6.0),
])  # fmt: skip
def test_a_value_keeps_its_meaning_in_a_multiple_of_a_unit(theirs: str, mine: str, value: float) -> None:
    source, target = (read_space({"x": {"low": 1.0, "high": 8.0, "unit": unit}}) for unit in (theirs, mine))
    found = one(task(source, [{"x": 3.0}], [1.0]), source, target)
    assert target.from_unit(found.x[0])["x"] == pytest.approx(value)


# ---------------------------------------------------------------------- files, frames, studies
ROWS = [
    {"C": 1.0, "gamma": 0.5, "degree": 2, "kernel": "rbf", "score": 0.1},
    {"C": 100.0, "gamma": 0.25, "degree": 9, "kernel": "poly", "score": 0.2},  # beyond two ranges
    {"C": 0.0, "gamma": 0.5, "degree": 5, "kernel": "linear", "score": 0.3},  # of no logarithm
    {"C": 10.0, "gamma": 0.5, "degree": 5, "kernel": "cosine", "score": 0.4},  # of no choice
]
THERE = {  # score: C, degree, gamma, kernel
    0.1: [0.5, 0.125, 0.5, 0.5],
    0.2: [1.0, 0.875, 0.25, 1 / 6],
    0.3: [0.0, 0.875, 0.5, 5 / 6],
}


@pytest.mark.parametrize("form", ["frame", "file"])
def test_values_of_a_file_or_frame_are_mapped_like_those_of_a_suite(form: str, tmp_path) -> None:
    prior = pd.DataFrame(ROWS)
    if form == "file":
        prior.to_csv(tmp_path / "trials.csv", index=False)
        prior = tmp_path / "trials.csv"
    found = earlier_tasks(prior, TARGET)
    assert str(found) == "4 of 4 hyperparameters matched, 1 of 4 configurations inside your ranges, 2 mapped"
    (known,) = found
    assert dict(zip(known.score.tolist(), known.x.tolist(), strict=True)) == {
        score: pytest.approx(x, abs=1e-7) for score, x in THERE.items()
    }


def test_a_file_may_lack_a_hyperparameter_and_what_fits_is_as_it_was() -> None:
    frame = pd.DataFrame(ROWS[:1] * 2).assign(C=[1.0, 10.0])
    found = earlier_tasks(frame.drop(columns="gamma"), TARGET)
    assert "3 of 4 hyperparameters matched (not gamma), 2 of 2 configurations" in str(found)
    assert np.isnan(found.tasks[0].x[:, 2]).all()
    assert widened(TARGET, frame) is TARGET
    whole = space(OrdinalHyperparameter("steps", [10, 100]))
    assert widened(whole, pd.DataFrame({"steps": [30, 10]})).hyperparameters[0].choices == (10, 30, 100)


@pytest.mark.parametrize(("value", "said"), [
    ({"degree": 3.5}, r"row 1: `degree` must be an integer in \[2, 5\], got 3\.5; the nearest is 4"),
    ({"C": "much"}, r"row 1: `C` must be a number in \[0\.1, 10\], got 'much'"),
    ({"C": None}, r"row 1: `C` is active and must be given"),
])  # fmt: skip
def test_what_is_no_value_at_all_is_refused_with_its_row(value, said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        earlier_tasks(pd.DataFrame([ROWS[0], ROWS[0] | value, ROWS[0] | {"C": 3.0}]), TARGET)


def test_a_study_of_optuna_may_have_another_space() -> None:
    wider = optuna.distributions.FloatDistribution(0.01, 100.0, log=True)
    more = optuna.distributions.FloatDistribution(0.0, 1.0)
    study = optuna.create_study(direction="maximize")
    for c in (1.0, 100.0):
        study.add_trial(
            optuna.create_trial(params={"C": c, "more": 0.5}, distributions={"C": wider, "more": more}, value=c)
        )
    found = earlier_tasks(study, TARGET)
    assert str(found).startswith("1 of 4 hyperparameters matched") and str(found).endswith("your ranges, 1 mapped")
    (known,) = found
    assert dict(zip(known.score.tolist(), known.x[:, 0].tolist(), strict=True)) == pytest.approx({1.0: 0.5, 100.0: 1.0})
