"""`hpo_gym.text.parse`: any configuration comes back whatever its form; anything else is refused, and soon."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_spaces import odd_space

from hpo_gym.problem import Query, SearchSpace
from hpo_gym.text import Unreadable, parse

SPACE = SearchSpace(
    {
        "hyperparameters": [
            {"type": "uniform_float", "name": "rate", "lower": 0.001, "upper": 1.0, "default_value": 0.1, "log": True},
            {"type": "categorical", "name": "kernel", "choices": ["rbf", "none", "Poly"], "default_value": "rbf"},
            {"type": "uniform_int", "name": "degree", "lower": 2, "upper": 5, "default_value": 3, "log": False},
            {"type": "categorical", "name": "bias", "choices": [True, False], "default_value": True},
            {"type": "constant", "name": "solver", "value": "smo"},
        ],
        "conditions": [{"type": "EQ", "child": "degree", "parent": "kernel", "value": "Poly"}],
        "forbiddens": [
            {"type": "AND", "clauses": [
                {"type": "EQUALS", "name": "kernel", "value": "none"},
                {"type": "EQUALS", "name": "bias", "value": True},
            ]},
        ],
    }
)  # fmt: skip
RBF = {"rate": 0.5, "kernel": "rbf", "bias": True, "solver": "smo"}
POLY = {"rate": 0.5, "kernel": "Poly", "degree": 4, "bias": False, "solver": "smo"}


@pytest.mark.parametrize(
    "text, wanted",
    [
        ('{"config": {"rate": 0.5, "kernel": "rbf", "bias": true}, "fidelity": 1.0}', RBF),
        ('{"rate": 0.5, "kernel": "rbf", "bias": true, "solver": "smo"}', RBF),
        ("{'rate': .5, 'kernel': 'rbf', 'bias': True,}", RBF),
        ('{RATE: "5e-1", Kernel: RBF, bias: "TRUE"}', RBF),
        ('Try\n```json\n{"config": {"rate": 0.5, "kernel": "rbf", "bias": true}}\n```\nas $\\frac{1}{2}$.', RBF),
        ('First {"rate": 9}, but {"config": {"rate": 0.5, "kernel": "rbf", "bias": true}, "why": "it\'s {good}"}', RBF),
        ('{"config": {"rate": 0.5, "kernel": "rbf", "bias": true, "degree": null}, "reason": "x"}', RBF),
        ('{"rate": 0.5, "kernel": "rbf", "bias": true, "degree": "does not apply"}', RBF),
        ('{"config": {"rate": 0.5, "kernel": "poly", "bias": "false", "degree": "4"}}', POLY),
        ('{"rate": 0.5, "kernel": "Poly", "bias": false, "degree": 4.0}', POLY),
        ('{"rate": 0.5, "kernel": null, "bias": false}', {**RBF, "kernel": "none", "bias": False}),
    ],
)  # fmt: skip
def test_the_form_does_not_matter(text: str, wanted: dict[str, Any]) -> None:
    query = parse(text, SPACE)
    assert query == Query(wanted)
    assert [type(v) for v in query.config.values()] == [type(wanted[k]) for k in query.config]


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "must have a JSON object .*got none"),
        ("Let me think about it.", "got none"),
        ('{"rate": null, "kernel": "rbf", "bias": true}', r"\['rate'\] must be given"),
        ("{}", r"\['rate', 'kernel', 'bias'\] must be given"),
        ('{"rate": 0.5, "kernel": "rbf"}', r"\['bias'\] must be given: they are active. Got only"),
        ('{"rate": 2, "kernel": "rbf", "bias": true}', r"`rate` .* in \[0.001, 1\], got 2; .*nearest is 1"),
        ('{"rate": 0.5, "kernel": "Poly", "bias": true, "degree": 6}', r"`degree` .* in \[2, 5\], got 6.*nearest is 5"),
        ('{"rate": 0.5, "kernel": "Poly", "bias": true, "degree": 2.5}', "`degree` must be an integer"),
        ('{"rate": 0.5, "kernel": "rbg", "bias": true}', r"`kernel` .* \['rbf', 'none', 'Poly'\], got 'rbg'"),
        ('{"rate": 0.5, "kernel": "rbf", "bias": 1}', r"`bias` must be one of \[True, False\], got 1"),
        ('{"rate": true, "kernel": "rbf", "bias": true}', "`rate` must be a number"),
        ('{"rate": NaN, "kernel": "rbf", "bias": true}', "`rate` must be a number"),
        ('{"rate": 1e999, "kernel": "rbf", "bias": true}', "`rate` must be a number"),
        ('{"rate": "", "kernel": "rbf", "bias": true}', "`rate` must be a number"),
        ('{"rate": [0.5], "kernel": "rbf", "bias": true}', "`rate` must be a number"),
        ('{"rat": 0.5, "kernel": "rbf", "bias": true}', r"No hyperparameter 'rat'\. Did you mean 'rate'\?"),
        ('{"rate": 0.5, "kernel": "rbf", "bias": true, "solver": "sgd"}', r"`solver` must be one of \['smo'\]"),
        ('{"rate": 0.5, "RATE": 0.6, "kernel": "rbf", "bias": true}', "Each hyperparameter must be given once"),
        ('{"rate": 0.5, "rate": 0.6, "kernel": "rbf", "bias": true}', "a name stands twice"),
        ('{"rate": 0.5, "kernel": "none", "bias": true}', "A forbidden clause of the space"),
        ('{"rate": 0.5, "kernel": "rbf", "bias": true, "fidelity": 0.5}', r"`fidelity` must be .* \[1.0\], got 0.5"),
        ('{"config": {"rate": 0.5, "kernel": "rbf", "bias": true}, "fidelty": 0.5}', "Did you mean 'fidelity'"),
        ('{"config": {"rate": 0.5, "kernel": "rbf", "bias": true}', "broken JSON"),
        ('{"rate": 0.1, "kernel": "rbf", "bias": true} or {"rate": 0.5, "kernel": "rbf", "bias": tr', "broken JSON"),
        ('{"config": {"rate": 0.5 "kernel": "rbf", "bias": true}}', "broken JSON"),
    ],
)  # fmt: skip
def test_the_meaning_does(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=re.compile(why, re.DOTALL)):
        parse(text, SPACE)


def test_a_fidelity_may_be_rounded_as_a_text_rounds_it() -> None:
    given = {"rate": 0.5, "kernel": "rbf", "bias": True}
    for said, meant in ((0.3333, 1 / 3), ("0.1111", 1 / 9), (1, 1.0), (None, 1.0)):
        assert parse(json.dumps({"config": given, "fidelity": said}), SPACE, (1 / 9, 1 / 3, 1.0)) == Query(RBF, meant)
    with pytest.raises(Unreadable, match=r"got 0\.35; the nearest is 0\.333333"):
        parse(json.dumps({**given, "fidelity": 0.35}), SPACE, (1 / 9, 1 / 3, 1.0))


def test_hidden_names_are_read_and_the_true_ones_are_neither_read_nor_told() -> None:
    assert parse('{"h1": 0.5, "h2": "c", "h3": 4, "h4": "B"}', SPACE, names=False) == Query(POLY)
    for text in ('{"rate": 0.5, "h2": "c", "h3": 4, "h4": "b"}', '{"h1": 0.5, "h2": "poly", "h3": 4, "h4": "b"}',
                 '{"h1": 7, "h2": "a", "h4": "b"}', '{"h1": 0.5, "h2": "b", "h4": "a"}', '{"h2": "c"}'):  # fmt: skip
        with pytest.raises(Unreadable) as refused:
            parse(text, SPACE, names=False)
        told = str(refused.value).replace(text, "")
        assert not re.search("kernel|degree|bias|Poly|rbf", told), told


# ---------------------------------------------------------------------- properties
def printed(draw: Any, config: dict[str, Any]) -> str:
    """A configuration in one of many forms."""
    case = draw(st.sampled_from([str, str.upper, str.title]))
    words = draw(st.booleans())
    values = {case(k): str(v) if words or not isinstance(v, (bool, int, float, str)) else v for k, v in config.items()}
    body: Any = {"config": values, "Fidelity": 1} if draw(st.booleans()) else values
    text = draw(
        st.sampled_from([repr, json.dumps, lambda v: json.dumps(v, indent=2), lambda v: repr(v).replace(" ", "")])
    )(body)
    text = re.sub(r"}", ",}", text) if draw(st.booleans()) and config else text
    before, after = draw(
        st.sampled_from([("", ""), ("```json\n", "\n```"), ("I'd say: ", " It's {fine}."), ("{x} ", "")])
    )
    return f"{before}{text}{after}"


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.booleans(), st.data())
def test_any_configuration_of_any_space_comes_back(seed: int, d: int, names: bool, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    space = odd_space(rng, d)
    x = space.snap(rng.random((20, d)))
    config = space.from_unit(x[space.legal(x)][0]) if space.legal(x).any() else None
    if config is None:
        return
    shown = config
    if not names:
        from hpo_gym.text.naming import renamed

        shown = {h.name: value for h, value in renamed(space, names, config)}
    query = parse(printed(data.draw, shown), space, names=names)
    assert query is not None and query.config == config
    assert list(query.config) == list(config)
