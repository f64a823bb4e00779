"""A search space in each form that people have it in is the space that is written by hand."""

from __future__ import annotations

import math
from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest
from scipy import stats

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.problem.space import Hyperparameter, SearchSpace
from hpo_gym.problem.space.forms import read_space

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


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (3, "must be a SearchSpace"), ({"hyperparameters": [1]}, "JSON of a ConfigSpace"),
        ({}, "at least one hyperparameter"), ({1: (0.0, 1.0)}, "Names in `space`"),
        ({"h": (1,)}, "range of `h`"), ({"h": (1, 2, 3)}, "choices are a list"), ({"h": (0, 1, "log")}, "above 0"),
        ({"h": (2.0, 1.0)}, "the nearest is"), ({"h": (0.0, math.inf)}, "finite bounds"),
        ({"h": ("a", "b")}, "choices are a list"), ({"h": (True, False)}, "choices are a list"),
        ({"h": []}, "at least one choice"), ({"h": ["a", "a"]}, "must differ"), ({"h": [1, 1.0]}, "must differ"),
        ({"h": [len]}, "must be texts"), ({"h": [math.nan]}, "must be texts"),
        ({"h": {"a": 1}}, "must have `low` and `high`"),
        ({"h": stats.norm(0, 1)}, "finite bounds"), ({"h": stats.poisson(3)}, "finite bounds"),
        ({"h": cs.Float("g", (0.0, 1.0))}, "must have this name"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_what_is_no_space_is_refused_in_words(given: Any, match: str) -> None:
    with pytest.raises(InvalidValueError, match=match):
        read_space(given)


def test_units_and_exact_values_go_through_json_and_config_space() -> None:
    space = read_space({"t": {"low": 1, "high": 9, "log": True, "unit": "hours"}, "u": {"low": 0.5, "high": 2.0}})
    assert [(h.kind, h.log, h.unit) for h in space.hyperparameters] == [("int", True, "hours"), ("float", False, None)]
    for again in (SearchSpace(space.to_json()), SearchSpace(space.config_space), read_space(space.config_space)):
        assert [h.unit for h in again.hyperparameters] == ["hours", None]
    bare = read_space({"t": (1, 9, "log"), "u": (0.5, 2.0)})
    assert space.to_json(units=False) == bare.to_json() and space == bare and hash(space) == hash(bare)
    tall = read_space({"t": cs.Float("t", (0.0, 1.0), meta={"unit": "m", "note": "kept"})})
    assert tall.hyperparameters[0].unit == "m"
    assert tall.to_json(units=False)["hyperparameters"][0]["meta"] == {"note": "kept"}
    exact = tall.keeping({"t": [0.1, 0.5]})
    assert (exact.decode(tall.to_unit({"t": 0.1})[None]), exact == tall) == ([{"t": 0.1}], True)
    assert SearchSpace(exact.to_json()).hyperparameters[0].exact == (0.1,)  # the encoding holds a half
    for wrong in (0.1, ["a"], [2.0], [float("nan")]):
        with pytest.raises(InvalidValueError, match="`exact` of `t` must be numbers in"):
            read_space({"t": cs.Float("t", (0.0, 1.0), meta={"exact": wrong})})
    for wrong in (3, " ", ["s"]):
        with pytest.raises(InvalidValueError, match="`unit` of `t` must be a text such as 'seconds'"):
            read_space({"t": {"low": 1, "high": 2, "unit": wrong}})
