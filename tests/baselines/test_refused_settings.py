"""Settings of baselines that have no meaning are refused, where a run or a training first reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small import need
from toys import gappy

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import OPTIMIZERS, Context

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("asha", {"skip": -1}, "skip >= 0"),
    ("bohb", {"explore": 1.5}, "explore <= 1"),
    ("cma-es", {"population": 3}, "population >= 4"),
    ("cma-es", {"sd": 0.0}, "0 < sd"),
    ("de", {"crossover": 1.1}, "crossover <= 1"),
    ("ebgp", {"shrinkage": 1.5}, "shrinkage <= 1"),
    ("fsbo", {"points": 1}, "points"),
    ("ga", {"population": -1}, "population >= 1"),
    ("ga", {"tournament": 0}, "must hold"),
    ("ga-portfolio", {"offspring": 0}, "offspring >= 1"),
    ("gp-ei", {"n_init": 0}, "n_init >= 1"),
    ("gp-ei-per-cost", {"cost_exponent": np.inf}, "0 <= cost_exponent < inf"),
    ("gp-warm", {"rows": 0}, "rows >= 1"),
    ("grid", {"levels": 1}, "levels >= 2"),
    ("hyperband", {"eta": 2.5}, "eta"),
    ("local-search", {"starts": 0}, "starts >= 1"),
    ("maml", {"members": 0}, "`members` must be an integer >= 1"),
    ("maml-rl", {"sample": 5}, r"`sample >= support \+ query`"),
    ("meta-knn", {"bandwidth": 0.0}, "0 < bandwidth < inf"),
    ("nsga2", {"population": 3}, "must hold"),
    ("portfolio-per-cost", {"exponent": -0.1}, "exponent"),
    ("random-cheapest", {"cost_exponent": -0.1}, "cost_exponent"),
    ("rgpe", {"samples": 0}, "samples >= 1"),
    ("smac", {"retrain": 0}, "retrain >= 1"),
    ("successive-halving", {"configurations": 0}, "configurations >= 1"),
    ("taf-r", {"bandwidth": 0.0}, "bandwidth > 0"),
    ("task-mixture", {"temperature": np.nan}, "temperature > 0"),
    ("tpe", {"candidates": 0}, "candidates >= 1"),
    ("transfer-mix", {"noise": 0.0}, "noise > 0"),
    ("transfer-time", {"processes": ["forest"]}, "matern, trees, exp"),
    ("transfer-time", {"test_weight": np.nan}, "test_weight"),
]


@pytest.mark.parametrize(("name", "settings", "words"), REFUSED, ids=lambda value: str(value))
def test_settings_without_a_meaning_are_refused(name: str, settings: dict[str, Any], words: str) -> None:
    need(name)
    optimizer: Any = make_optimizer(name, **settings)
    suite = gappy()
    with pytest.raises(InvalidValueError, match=words):
        if OPTIMIZERS.entries()[name].about.get("trainable"):
            optimizer.train(suite.tasks("train"), np.random.default_rng(0))
        optimizer.reset(Context.of(suite.tasks("test")[0], 5.0, suite.prior()), np.random.default_rng(0))
        optimizer.ask()
