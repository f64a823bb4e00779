"""The search space against ConfigSpace itself, and its own promises."""

from __future__ import annotations

from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_gym.base.errors import HPOGymError, InvalidValueError, UnknownNameError
from hpo_gym.problem.space import SearchSpace


@st.composite
def hyperparameters(draw: Any, name: str) -> Any:
    kind = draw(st.sampled_from(["float", "log", "int", "logint", "cat", "ord", "const"]))
    if kind == "float":
        low = draw(st.floats(-1e3, 1e3, allow_nan=False))
        return cs.Float(name, (low, low + draw(st.floats(1e-2, 1e3))))
    if kind == "log":
        low = draw(st.floats(1e-6, 1.0))
        return cs.Float(name, (low, low * draw(st.floats(2.0, 1e6))), log=True)
    if kind == "int":
        low = draw(st.integers(-1000, 1000))
        return cs.Integer(name, (low, low + draw(st.integers(1, 2000))))
    if kind == "logint":
        low = draw(st.integers(1, 50))
        return cs.Integer(name, (low, low + draw(st.integers(1, 5000))), log=True)
    if kind == "cat":
        return cs.CategoricalHyperparameter(name, ["a", "b", "c", "d"][: draw(st.integers(2, 4))])
    if kind == "ord":
        return cs.OrdinalHyperparameter(name, [1, 2, 5, 10][: draw(st.integers(2, 4))])
    return cs.Constant(name, draw(st.sampled_from([1, "x", 2.5])))


@st.composite
def spaces(draw: Any) -> cs.ConfigurationSpace:
    """Up to seven hyperparameters; later ones may depend on earlier ones by every kind of condition."""
    space = cs.ConfigurationSpace()
    made = [draw(hyperparameters(f"h{i}")) for i in range(draw(st.integers(1, 7)))]
    space.add(made)
    conjunctions = 0
    for j, child in enumerate(made):
        parents = [p for p in made[:j] if not isinstance(p, cs.Constant)]
        if not parents or draw(st.booleans()):
            continue
        roots = set(space) - set(_children(space))
        chosen = [draw(st.sampled_from(parents)) for _ in range(draw(st.integers(1, 2)))]
        if conjunctions or any(p.name not in roots for p in chosen):
            chosen = chosen[:1]  # ConfigSpace mixes up an "and" and an "or" of one pair, and loses nested ones
        clauses = [_condition(draw, child, parent, parent.name in roots) for parent in chosen]
        if len(clauses) == 2 and clauses[0].parent == clauses[1].parent:
            clauses = clauses[:1]
        conjunctions += len(clauses) - 1
        conjunction = draw(st.sampled_from([cs.AndConjunction, cs.OrConjunction]))
        space.add(clauses[0] if len(clauses) == 1 else conjunction(*clauses))
    return space


def _children(space: cs.ConfigurationSpace) -> list[str]:
    return [c["child"] for c in space.to_serialized_dict()["conditions"]]


def _condition(draw: Any, child: Any, parent: Any, root: bool) -> Any:
    if isinstance(parent, cs.CategoricalHyperparameter):
        values = list(parent.choices)
        kinds = [cs.EqualsCondition, cs.InCondition]
        if root:  # ConfigSpace lets "not equal" hold on an inactive parent, against its own documentation
            kinds.append(cs.NotEqualsCondition)
        kind = draw(st.sampled_from(kinds))
        return kind(child, parent, values[:2] if kind is cs.InCondition else draw(st.sampled_from(values)))
    if isinstance(parent, cs.OrdinalHyperparameter):
        value = draw(st.sampled_from(list(parent.sequence)[:-1]))
        return cs.GreaterThanCondition(child, parent, value)
    middle = parent.lower + 0.37 * (parent.upper - parent.lower)  # not the default, which ConfigSpace rounds
    value = int(middle) if isinstance(parent, cs.UniformIntegerHyperparameter) else float(middle)
    return draw(st.sampled_from([cs.GreaterThanCondition, cs.LessThanCondition]))(child, parent, value)


@pytest.mark.long
@settings(deadline=None, max_examples=50)
@given(spaces(), st.integers(0, 2**31))
def test_decode_encode_decode_is_idempotent(config_space: cs.ConfigurationSpace, seed: int) -> None:
    space = SearchSpace(config_space)
    configs = space.decode(np.random.default_rng(seed).random((20, space.d)))
    x = space.encode(configs)
    assert space.decode(x) == configs
    assert np.array_equal(space.encode(space.decode(x)), x)
    assert np.array_equal(space.snap(x), x)


@given(spaces(), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_one_configuration_is_that_of_a_batch_bit_for_bit(config_space: cs.ConfigurationSpace, seed: int) -> None:
    space, rng = SearchSpace(config_space), np.random.default_rng(seed)
    x = np.concatenate([rng.random((20, space.d)), np.zeros((1, space.d)), np.ones((1, space.d))])
    for point, config in zip(x, space.decode(x), strict=True):
        one = space.from_unit(point)
        assert (one, [type(v) for v in one.values()]) == (config, [type(v) for v in config.values()])
        if space.legal(point[None])[0]:
            assert space.to_unit(config).tobytes() == space.encode([config])[0].tobytes()


def test_one_configuration_by_hand() -> None:
    space = SearchSpace(cs.ConfigurationSpace({"u": (0.0, 2.0), "n": (1, 4), "c": ["a", "b"]}))
    assert space.names == ("c", "n", "u")
    assert space.from_unit(np.array([0.5, 0.5, 0.25])) == {"c": "b", "n": 2, "u": 0.5}  # 2.5 is rounded to even
    assert space.to_unit({"u": 0.5, "n": 2, "c": "b"}).tolist() == [0.75, 0.375, 0.25]


@pytest.mark.long
@settings(deadline=None, max_examples=40)
@given(spaces(), st.integers(2, 9))
def test_levels_reach_every_choice_and_both_ends(config_space: cs.ConfigurationSpace, count: int) -> None:
    space = SearchSpace(config_space)
    for h, u in zip(space.hyperparameters, space.levels(count), strict=True):
        values = h.values(h.numbers(u))
        assert len(set(map(str, values))) == len(values)
        assert len(values) == h.size if h.choices else len(values) <= max(count, 1)
        if not h.choices:
            assert (values[0], values[-1]) == (h.low, h.high)


@pytest.mark.parametrize(("low", "high", "log"), [(0.01, 0.5, True), (1e-4, 3.0, True), (3.0, 300.0, True),
                                                  (-0.3, 0.1, False)])  # fmt: skip
def test_ends_of_a_range_are_decoded_exactly(low: float, high: float, log: bool) -> None:
    space = SearchSpace(cs.ConfigurationSpace(space=[cs.Float("x", (low, high), log=log)]))
    ends = np.array([[0.0], [1.0], [1.0 - 2.0**-40]])
    assert [config["x"] for config in space.decode(ends)] == [low, high, high]
    assert space.encode(space.decode(ends))[:, 0].tolist() == [0.0, 1.0, 1.0]


def test_forbidden_clauses_are_obeyed() -> None:
    config_space = cs.ConfigurationSpace({"a": ["p", "q"], "b": (0, 9), "c": (0, 9)})
    clause = cs.ForbiddenAndConjunction(
        cs.ForbiddenEqualsClause(config_space["a"], "p"), cs.ForbiddenInClause(config_space["b"], [1, 2, 3])
    )
    config_space.add(clause, cs.ForbiddenLessThanRelation(config_space["b"], config_space["c"]))
    space = SearchSpace(config_space)
    for config in space.decode(space.sample(np.random.default_rng(0), 300)):
        cs.Configuration(config_space, values=config)  # raises where it is forbidden
        assert config["b"] >= config["c"]
    with pytest.raises(InvalidValueError, match="forbidden"):
        space.to_unit({"a": "p", "b": 2, "c": 0})


@pytest.fixture
def small() -> SearchSpace:
    config_space = cs.ConfigurationSpace({"kernel": ["rbf", "linear"], "C": cs.Float("C", (0.1, 10.0), log=True)})
    gamma = cs.Float("gamma", (0.01, 1.0))
    config_space.add(gamma, cs.EqualsCondition(gamma, config_space["kernel"], "rbf"))
    return SearchSpace(config_space)


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        ({"kernel": "rbf", "C": 1.0}, InvalidValueError, "`gamma` is active"),
        ({"kernel": "linear", "C": 1.0, "gamma": 0.5}, InvalidValueError, "`gamma` is inactive"),
        ({"kernel": "linear", "C": 11.0}, InvalidValueError, "nearest is 10"),
        ({"kernel": "linear", "C": float("nan")}, InvalidValueError, "nan"),
        ({"kernel": "linear", "C": "1"}, InvalidValueError, "'1'"),
        ({"kernel": "linear", "C": True}, InvalidValueError, "True"),
        ({"kernel": "poly", "C": 1.0}, InvalidValueError, "'poly'"),
        ({"kernel": "linear", "c": 1.0}, UnknownNameError, "Did you mean 'C'"),
        ({}, InvalidValueError, "is active"),
    ],
)
def test_a_wrong_configuration_is_refused_with_the_rule(
    small: SearchSpace, config: Any, error: Any, words: str
) -> None:
    with pytest.raises(error, match=words):
        small.to_unit(config)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"forbiddens": [{"type": "EQUALS", "name": "z", "value": 1}]}, "of a forbidden clause"),
        ({"forbiddens": [{"type": "AND", "clauses": [3]}]}, "as ConfigSpace"),
        ({"forbiddens": [{"type": "SOMETIMES", "name": "a", "value": 0.5}]}, "kind of ConfigSpace"),
        ({"forbiddens": [{"type": "RELATION_LT", "left": "a", "right": "z"}]}, "'z'"),
        ({"forbiddens": [{"type": "EQUALS", "name": "a"}]}, "as ConfigSpace"),
        ({"forbiddens": [{"name": "a", "value": 0.5}]}, "as ConfigSpace"),
        ({"conditions": [{"type": "EQ", "child": "b", "parent": "z", "value": 1}]}, "of a condition"),
        ({"conditions": [{"type": "EQ", "child": "z", "parent": "a", "value": 0.5}]}, "of a condition"),
        ({"conditions": [{"type": "EQ", "parent": "a", "value": 0.5}]}, "as ConfigSpace"),
        ({"conditions": [{"type": "EQ", "child": "b", "name": "a", "value": 0.5}]}, "as ConfigSpace"),
        ({"conditions": [{"type": "RELATION_LT", "child": "b", "left": "a", "right": "a"}]}, "as ConfigSpace"),
        ({"conditions": [{"type": "AND", "child": "b", "clauses": []}]}, "as ConfigSpace"),
        ({"forbiddens": [{"type": "EQUALS", "name": "a", "parent": "b", "value": 0.5}]}, "as ConfigSpace"),
        ({"forbiddens": [{"type": "AND", "conditions": []}]}, "as ConfigSpace"),
        ({"conditions": [{"type": "NEAR", "child": "b", "parent": "a", "value": 0.5}]}, "kind of ConfigSpace"),
    ],
)  # fmt: skip
def test_clauses_that_could_not_be_evaluated_are_refused_at_once(part, message):
    columns = [
        {"type": "uniform_float", "name": name, "lower": 0.0, "upper": 1.0, "default_value": 0.5, "log": False}
        for name in "ab"
    ]
    with pytest.raises(HPOGymError, match=message):
        SearchSpace({"hyperparameters": columns, **part})
