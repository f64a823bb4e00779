"""What a user tells `tune` beside objective and space: beliefs, meta-features, when to stop, no optimizer at all."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from hpo_gym import Context, Evaluations, Query, Trial, tune
from hpo_gym.problem.space.forms import read_space
from hpo_gym.system import Store
from hpo_gym.tuning.auto import Choice, chosen
from hpo_gym.tuning.earlier import earlier_tasks
from hpo_gym.tuning.matching import matched
from hpo_gym.tuning.stored_study import FILE, PLAN
from hpo_gym.tuning.tuned import Tuned

SPACE = {"x": (0.0, 1.0), "kind": ["a", "b"]}


class Listener:
    """Proposes a list, and keeps its context and what it is told."""

    contexts: ClassVar[list[Context]] = []
    reported: ClassVar[list[Trial]] = []
    believes: ClassVar[bool] = True
    places: ClassVar[tuple[float, ...]] = (0.5, 0.25, 0.75, 0.125, 0.625, 0.0)

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.contexts.append(context)
        self.reported.clear()
        self.left = list(self.places)

    def ask(self) -> Query:
        return Query({"x": self.left.pop(0), "kind": "a"})

    def tell(self, trial: Trial) -> None:
        self.reported.append(trial)


def constant(config: dict[str, Any]) -> float:
    return 1.0


# ---------------------------------------------------------------------- beliefs and meta-features
@pytest.mark.long
def test_the_optimizer_is_told_of_beliefs_and_meta_features() -> None:
    tuned = tune(
        constant, SPACE, optimizer=Listener, budget=1, seed=0, belief={"x": ("normal", 0.5, 0.25)},
        meta_features={"rows": 150, "skew": None},
    )  # fmt: skip
    context = Listener.contexts[-1]
    assert context.belief is not None
    assert context.belief.log_density(context.space.encode([{"x": 0.75, "kind": "a"}])) == pytest.approx([-0.5])
    assert context.meta_features == {"rows": 150.0, "skew": None}
    assert tuned.evaluations().meta_features == {"rows": 150.0, "skew": None}  # as an earlier task


# ---------------------------------------------------------------------- early stopping
def climb(config: dict[str, Any]) -> Any:
    for step in range(1, 10):
        yield step, config["x"] * step


@pytest.mark.long
def test_trials_behind_the_best_third_are_stopped() -> None:
    """By hand: rungs 1, 3 and 9. Of less than three one goes on if it is the best, of three to five likewise, of six if
    it is one of the two best: .5 and .75 are, as they come to a rung, and 0 is behind .75 and .625."""
    found = tune(climb, SPACE, optimizer=Listener, budget=6, seed=0)
    assert [len(e.steps) for e in found.ended] == [9, 1, 9, 1, 1, 1]
    assert [e.stopped for e in found.ended] == [False, True, False, True, True, True]
    assert [e.measured.score for e in found.ended] == [4.5, 0.25, 6.75, 0.125, 0.625, 0.0]
    assert found.best_config == {"x": 0.75, "kind": "a"}
    assert found.trials()["stopped"].tolist() == [e.stopped for e in found.ended]


@pytest.mark.long
def test_a_stopped_trial_is_never_the_best_and_is_stored_as_stopped(tmp_path: Path) -> None:
    def falling(config: dict[str, Any]) -> Any:
        for step in range(1, 5):
            yield step, config["x"] - step  # the longer, the worse

    found = tune(falling, SPACE, optimizer=Listener, budget=3, seed=0, out=tmp_path)
    assert [e.stopped for e in found.ended] == [False, True, False]
    assert found.best_score == -3.25 < found.ended[1].measured.score
    assert [e.stopped for e in Tuned.load(tmp_path).ended] == [False, True, False]


# ---------------------------------------------------------------------- "auto"
def of_size(size: int) -> Evaluations:
    x = read_space(SPACE).sample(np.random.default_rng(0), size)
    return Evaluations("t", "t", x, x[:, 1], np.ones(size), np.zeros(size, np.int8))


def test_auto_takes_what_learns_from_earlier_tasks_where_there_are_some() -> None:
    space, nothing = read_space(SPACE), replace(of_size(20), score=np.full(20, np.nan))

    def choice(*prior: Evaluations, in_cost: bool = False) -> Choice:
        return chosen(space, earlier_tasks(prior, space), in_cost=in_cost)

    for many in (1, 5, 6, 60):  # tunings
        assert choice(*[of_size(33)] * many)[::2] == ("gp-fade", many < 6)
    tables = [of_size(100)] * 5
    assert choice(*tables)[::2] == ("gp-fade", True)
    assert choice(*tables, of_size(99))[::2] == ("gp-fade", False)
    assert choice(*tables, of_size(100), of_size(33))[::2] == ("transfer-mix", False)
    assert choice(*tables, of_size(100), in_cost=True)[::2] == ("transfer-time", False)
    said = "2 of 2 hyperparameters matched, 533 of 533 configurations inside your ranges, 0 mapped"
    assert choice(*tables, of_size(33)).why == f"6 earlier tasks are known, 5 of 100 evaluations or more; {said}"
    other = earlier_tasks([*tables, of_size(100)], space)
    wide = replace(other, mapped=1, inside=other.rows - 1)
    assert (
        chosen(space, wide)[::2] == ("gp-fade", False)
        and "of 100 evaluations or more, of another space" in chosen(space, wide).why
    )
    assert choice()[:3] == ("gp-ei", "no earlier task is known", True)
    assert choice(nothing)[::2] == ("gp-ei", True) and choice(nothing).why.startswith(
        "no earlier task is known; 2 of 2"
    )


TREES = {
    "learning_rate": (0.01, 1.0, "log"), "n_estimators": (10, 100, "log"), "num_leaves": (2, 64, "log"),
    "reg_alpha": (0.1, 1.0), "kind": ["a", "b"], "fixed": [1],
}  # fmt: skip


@pytest.mark.parametrize(("names", "said"), [
    (("num_leaves", "reg_alpha"), r"60 earlier tasks have 2 of 5 hyperparameters \(not learning_rate, n_e"),
    (("learning_rate", "num_leaves", "reg_alpha"), "60 earlier tasks have `learning_rate` without `n_estimators`"),
    (("iterations", "num_leaves", "reg_alpha"), "60 earlier tasks have `n_estimators` without `learning_rate`"),
    (("eta", "iterations", "num_leaves"), ""), (("num_leaves", "reg_alpha", "kind"), ""),
])  # fmt: skip
def test_earlier_tasks_count_by_what_they_have_of_the_space(names: tuple[str, ...], said: str) -> None:
    other = {"eta": "learning_rate", "iterations": "n_estimators"}
    source, space = read_space({name: TREES[other.get(name, name)] for name in names}), read_space(TREES)
    x = source.sample(np.random.default_rng(0), 20)
    e = Evaluations("t", "t", x, x[:, 0], np.ones(20), np.zeros(20, np.int8))
    prior = matched([e] * 60, source, space)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = chosen(space, prior)
    if not said:
        assert not seen and (found.optimizer, found.default_first, len(found.prior)) == ("gp-fade", False, 60)
        return
    assert len(seen) == 1 and re.search(said, str(seen[0].message))
    assert (found.optimizer, found.default_first, len(found.prior)) == ("gp-ei", True, 0)
    assert found.why.startswith("no earlier task is known that counts; ")


@pytest.mark.long
def test_a_study_goes_on_with_the_choice_of_auto_that_it_was_begun_with(tmp_path: Path) -> None:
    space = {"x": (0.0, 1.0)}
    begun = tune(constant, space, budget=1, seed=0, prior=tune(constant, space, budget=2, seed=0), out=tmp_path)
    old = replace(begun.plan, optimizer="random", init=(), why="6 earlier tasks are known")  # by another rule
    with Store(tmp_path / FILE) as store:
        store.meta_set(PLAN, json.dumps(asdict(old), sort_keys=True))
    more = tune(constant, space, budget=2, prior=tune(constant, space, budget=2, seed=0), out=tmp_path, resume=True)
    assert (more.plan.optimizer, more.plan.why, len(more.ended)) == ("random", old.why, 2)
