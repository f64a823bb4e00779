"""A list of mappings as one space with conditions."""

from typing import Any

import numpy as np
import pytest

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.problem.space.forms import read_space

SVM: list[dict[str, Any]] = [
    {"kernel": ["rbf", "poly"], "C": (0.1, 10.0, "log"), "gamma": (0.01, 1.0, "log")},
    {"kernel": ["linear"], "C": (0.1, 10.0, "log")},
    {"kernel": "sigmoid", "coef0": (0, 3)},
]
NAMES = {"rbf": {"C", "gamma"}, "poly": {"C", "gamma"}, "linear": {"C"}, "sigmoid": {"coef0"}}


def test_each_configuration_is_one_of_a_mapping() -> None:
    space = read_space(SVM)
    assert space.names == ("kernel", "C", "gamma", "coef0")
    drawn = space.decode(np.random.default_rng(0).random((200, space.d)))
    assert {c["kernel"] for c in drawn} == set(NAMES)
    assert all(set(c) - {"kernel"} == NAMES[c["kernel"]] for c in drawn)
    assert space.config_space.get_default_configuration()["kernel"] == "rbf"


def test_what_all_mappings_have_is_always_active() -> None:
    space = read_space([{"k": ["a"], "C": (0.0, 1.0), "d": (1, 3)}, {"k": ["b"], "C": (0.0, 1.0)}])
    assert [c["child"] for c in space.to_json()["conditions"]] == ["d"]
    assert read_space([{"C": (0.0, 1.0)}]) == read_space({"C": (0.0, 1.0)})


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ([{"C": (0.0, 1.0)}, {"D": (0.0, 1.0)}], "one hyperparameter in common"),
        ([{"k": ["a", "b"]}, {"k": ["b", "c"]}], "one hyperparameter in common"),
        ([{"k": (0, 1)}, {"k": (2, 3)}], "one hyperparameter in common"),
        ([{"k": ["a"], "C": (0.0, 1.0)}, {"k": ["b"], "C": (0.0, 2.0)}], "`C` must be the same"),
        ([{"k": ["a"]}, {}], "a hyperparameter in each mapping"),
        ([{"k": ["a"], 1: ["b"]}], "must be texts, got 1"),
        ([], "must be a SearchSpace"),
        ([{"k": ["a"]}, 3], "must be a SearchSpace"),
    ],
    ids=str,
)
def test_what_is_no_such_list_is_refused(given: Any, match: str) -> None:
    with pytest.raises(InvalidValueError, match=match):
        read_space(given)
