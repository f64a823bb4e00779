"""Importances of hyperparameters and parallel coordinates: known answers, and what the page shows without them."""

from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

from hpo_gym.problem import SearchSpace, Status
from hpo_gym.system import Measured
from hpo_gym.tuning.importances import importances
from hpo_gym.tuning.page import page
from hpo_gym.tuning.study import Ended, Study, StudyPlan
from hpo_gym.tuning.tuned import Tuned

SPACE = ConfigurationSpace()
SPACE.add(
    Float("rate", (1e-4, 1.0), log=True), Integer("depth", (1, 9)), Categorical("kind", ["plain", "<deep>"]),
    Float("drop", (0.0, 0.5)), Categorical("one", ["only"]),
)  # fmt: skip
SPACE.add(EqualsCondition(SPACE["drop"], SPACE["kind"], "<deep>"))


def study(n: int, direction: str = "maximize", lost: int = 0) -> Study:
    """A study of random trials whose score depends on `rate` alone, the last ones without success."""
    space, rng = SearchSpace(SPACE), np.random.default_rng(0)
    sign = -1.0 if direction == "minimize" else 1.0
    ended = []
    for i in range(n):
        config = space.from_unit(space.sample(rng, 1)[0])
        good = Measured(Status.OK, "", -sign * (np.log10(config["rate"]) + 2.0) ** 2)
        ended.append(Ended(i, i, config, Measured(Status.FAILED, "boom") if i >= n - lost else good))
    return Study(StudyPlan(space.to_json(), "random", {}, direction, 0, ""), ended)


# ---------------------------------------------------------------------- importances
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_what_alone_decides_is_the_most_important(direction: str) -> None:
    pytest.importorskip("optuna", reason="needs Optuna")
    found = Tuned.of(study(60, direction)).importances()
    assert next(iter(found)) == "rate" and found["rate"] > 0.5
    assert sum(found.values()) == pytest.approx(1.0) and list(found.values()) == sorted(found.values(), reverse=True)
    assert set(found) <= {"rate", "depth", "kind", "drop"}, "one with a single value is no matter"


@pytest.mark.long
def test_few_successes_or_equal_scores_say_nothing() -> None:
    pytest.importorskip("optuna", reason="needs Optuna")
    assert importances(study(20, lost=6)) == {} and importances(study(15)) != {}
    equal = study(20)
    equal.ended[:] = [Ended(e.number, e.order, e.config, Measured(Status.OK, "", 1.0)) for e in equal.ended]
    assert importances(equal) == {}
    assert "15 successes with different scores show importances." in page(equal)
