"""A search space in each form that people have it in is the space that is written by hand."""

from __future__ import annotations

import math
from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest
from scipy import stats

from hpo_gym import live_suite, table_suite
from hpo_gym.errors import InvalidValueError
from hpo_gym.space import Hyperparameter, SearchSpace
from hpo_gym.space.forms import read_space

FLOAT = Hyperparameter("h", "float", 0.5, 2.0, False, (), 1.25)
LOG = Hyperparameter("h", "float", 0.01, 100.0, True, (), pytest.approx(1.0))
WHOLE = Hyperparameter("h", "int", 1, 9, False, (), 5)
LOG_WHOLE = Hyperparameter("h", "int", 1, 100, True, (), 10)
CHOICES = Hyperparameter("h", "categorical", 0, 2, False, ("a", None, True), "a")
CONSTANT = Hyperparameter("h", "constant", 0, 0, False, ("adam",), "adam")


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ((0.5, 2.0), FLOAT), ((0.5, 2), FLOAT), (np.array([0.5, 2.0]).tolist, None),
        ((0.01, 100.0, "log"), LOG),
        ((1, 9), WHOLE), ((np.int64(1), np.int32(9)), WHOLE), ((1, 100, "log"), LOG_WHOLE),
        (["a", None, True], CHOICES), ("adam", CONSTANT), (["adam"], CONSTANT),
        (np.array(["x", "y"]), Hyperparameter("h", "categorical", 0, 1, False, ("x", "y"), "x")),
        ([1, 2.5], Hyperparameter("h", "categorical", 0, 1, False, (1, 2.5), 1)),
        ((3, 3), Hyperparameter("h", "constant", 0, 0, False, (3,), 3)),
        (stats.uniform(0.5, 1.5), FLOAT), (stats.loguniform(0.01, 100.0), LOG), (stats.reciprocal(0.01, 100.0), LOG),
        (stats.randint(1, 10), WHOLE),
        (stats.beta(2, 3, loc=0.5, scale=1.5), FLOAT),
        (cs.Float("h", (0.5, 2.0)), FLOAT), (cs.Integer("h", (1, 9)), WHOLE),
        (cs.OrdinalHyperparameter("h", [1, 3]), Hyperparameter("h", "ordinal", 0, 1, False, (1, 3), 1)),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_a_hyperparameter_in_any_form(given: Any, known: Hyperparameter | None) -> None:
    if known is None:
        with pytest.raises(InvalidValueError, match="`h` must be"):
            read_space({"h": given})
        return
    space = read_space({"h": given, "other": (0.0, 1.0)})
    assert space.names == ("h", "other")
    assert space.hyperparameters[0] == known


def test_distributions_of_optuna() -> None:
    known = pytest.importorskip("optuna.distributions", reason="needs Optuna")
    given = {
        "float": known.FloatDistribution(0.5, 2.0), "log": known.FloatDistribution(0.01, 100.0, log=True),
        "int": known.IntDistribution(1, 9), "logint": known.IntDistribution(1, 100, log=True),
        "choice": known.CategoricalDistribution(["a", None, True]),
        "steps": known.IntDistribution(2, 8, step=3), "halves": known.FloatDistribution(0.0, 1.0, step=0.5),
    }  # fmt: skip
    found = {h.name: h for h in read_space(given).hyperparameters}
    for name, hand in (("float", FLOAT), ("log", LOG), ("int", WHOLE), ("logint", LOG_WHOLE), ("choice", CHOICES)):
        assert (found[name].kind, found[name].low, found[name].high, found[name].log) == (
            hand.kind, hand.low, hand.high, hand.log,
        )  # fmt: skip
        assert found[name].choices == hand.choices
        assert found[name].default == hand.default
    assert found["steps"].kind == "ordinal" and found["steps"].choices == (2, 5, 8)
    assert found["halves"].choices == (0.0, 0.5, 1.0)


def test_whole_spaces() -> None:
    space = cs.ConfigurationSpace({"a": (0.0, 1.0), "b": ["x", "y"]})
    mine = SearchSpace(space)
    assert read_space(mine) is mine
    assert read_space(space) == read_space(space.to_serialized_dict()) == mine


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (3, "must be a SearchSpace"), ({"hyperparameters": [1]}, "JSON of a ConfigSpace"),
        ({}, "at least one hyperparameter"), ({1: (0.0, 1.0)}, "Names in `space`"),
        ({"h": (1,)}, "range of `h`"), ({"h": (1, 2, 3)}, "choices are a list"), ({"h": (0, 1, "log")}, "above 0"),
        ({"h": (2.0, 1.0)}, "the nearest is"), ({"h": (0.0, math.inf)}, "finite bounds"),
        ({"h": ("a", "b")}, "choices are a list"), ({"h": (True, False)}, "choices are a list"),
        ({"h": []}, "at least one choice"), ({"h": ["a", "a"]}, "must differ"), ({"h": [1, 1.0]}, "must differ"),
        ({"h": [len]}, "must be texts"), ({"h": [math.nan]}, "must be texts"), ({"h": {"a": 1}}, "`h` must be"),
        ({"h": stats.norm(0, 1)}, "finite bounds"), ({"h": stats.poisson(3)}, "finite bounds"),
        ({"h": cs.Float("g", (0.0, 1.0))}, "must have this name"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_what_is_no_space_is_refused_in_words(given: Any, match: str) -> None:
    with pytest.raises(InvalidValueError, match=match):
        read_space(given)


def test_true_and_one_are_two_choices() -> None:
    (h,) = read_space({"h": [True, 1]}).hyperparameters
    assert [h.position(True), h.position(1)] == [0.0, 1.0]


def test_suites_take_it() -> None:
    ranges = {"u": (0.0, 2.0), "k": ["a", "b"]}
    suite = table_suite("Made", ranges, [{"u": 0.0, "k": "a"}, {"u": 2.0, "k": "b"}], [[0.0, 1.0]], tasks=["t"])
    assert suite.space == read_space(ranges)
    live = live_suite("Live", ranges, {"t": lambda config: config["u"]})
    assert live.tasks("test")[0].run({"u": 1.5, "k": "a"}).score == 1.5
