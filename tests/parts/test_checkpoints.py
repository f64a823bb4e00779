"""Checkpoints: known answers on `toy_suite.epochs`, where a unit of every task is a cost of 2, and the env of one run,
that of many and a rollout beside each other, on tables, several suites at once, and tasks without a pool.

Of task a, rows 0 and 2 cost 1 and 4 in full, a quarter and a half of it at 1/4 and 1/2; row 3 fails at 1/2; row 4 costs
1.5, 1 and 2.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_suite as known

import hpo_gym
from hpo_builders.training.recipe import Recipe
from hpo_gym.base.errors import DamagedDataError, InvalidValueError
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.costs import CUMULATIVE, WITH_COSTS
from hpo_gym.problem.trial import Query
from hpo_gym.suites.mixed import mixed
from hpo_gym.system.storage.whole import sealed

QUARTER, HALF, FULL = 0, 1, 2


def one(**options: Any) -> hpo_gym.HPOEnv:
    keywords = {"codec": {"name": "pool", "fidelity": True}, "budget_cost": 8.0, "task": "a", "checkpoints": True}
    return hpo_gym.HPOEnv(known.epochs(), **{**keywords, **options})


def costs_of(*actions: tuple[int, int], **options: Any) -> list[float]:
    env = one(**options)
    env.reset(seed=0)
    return [env.step(np.array(action))[4]["cost"] for action in actions]


# ---------------------------------------------------------------------- by hand
def test_a_trial_pays_what_lies_beyond_the_highest_lower_fidelity() -> None:
    assert costs_of((2, QUARTER), (2, HALF), (2, FULL)) == [1.0, 1.0, 2.0]
    assert costs_of((2, QUARTER), (0, QUARTER), (2, FULL), (0, HALF)) == [1.0, 0.25, 3.0, 0.25]
    assert costs_of((2, QUARTER), (2, HALF), (2, FULL), checkpoints=False) == [1.0, 2.0, 4.0]


def test_another_configuration_or_a_higher_fidelity_spares_nothing() -> None:
    assert costs_of((2, HALF), (0, FULL), (2, QUARTER)) == [2.0, 1.0, 1.0]
    assert costs_of((2, FULL), (2, HALF), (2, QUARTER)) == [4.0, 2.0, 1.0]


def test_the_same_fidelity_again_is_paid_again() -> None:
    assert costs_of((0, FULL), (0, FULL), (0, FULL)) == [1.0, 1.0, 1.0]
    assert costs_of((2, QUARTER), (2, HALF), (2, HALF), (2, FULL), (2, FULL)) == [1.0, 1.0, 1.0, 2.0, 2.0]


def test_a_failure_leaves_no_checkpoint() -> None:
    env = one()
    env.reset(seed=0)
    infos = [env.step(np.array([3, level]))[4] for level in (QUARTER, HALF, FULL)]
    assert [i["status"] for i in infos] == ["ok", "failed", "ok"]
    assert [i["cost"] for i in infos] == [0.25, 0.25, 0.75]  # the last goes on from 1/4


def test_a_price_is_never_below_zero() -> None:
    assert costs_of((4, QUARTER), (4, HALF), (4, FULL)) == [1.5, 0.0, 1.0]  # 1 is less than 1.5


def test_a_trial_is_cut_by_the_price_to_be_paid() -> None:
    """Budget 2, in cost 4: row 2 in full takes 4; after 1/2, which took 2, it takes the 2 that are left."""
    env = one(budget_cost=2.0)
    env.reset(seed=0)
    first, second = env.step(np.array([2, HALF])), env.step(np.array([2, FULL]))
    assert [s[4]["cost"] for s in (first, second)] == [2.0, 2.0]
    assert [s[2] for s in (first, second)] == [False, True] and second[4]["status"] == "ok"
    env = one(budget_cost=1.75)
    env.reset(seed=0)
    first, second = env.step(np.array([2, HALF])), env.step(np.array([2, FULL]))
    assert second[4]["status"] == "timeout" and second[4]["cost"] == 1.5 and second[2]


def test_given_points_are_full_and_spare_nothing() -> None:
    env = one(n_init=5)
    env.reset(seed=0)
    assert sorted(env.history().costs) == [1.0, 1.0, 2.0, 2.0, 4.0]
    assert [env.step(np.array([2, level]))[4]["cost"] for level in (QUARTER, FULL)] == [1.0, 3.0]


def test_the_next_episode_knows_nothing_of_the_last_one() -> None:
    env = one()
    for _ in range(3):
        env.reset()
        assert env.step(np.array([2, HALF]))[4]["cost"] == 2.0
    many = hpo_gym.HPOVectorEnv(2, known.epochs(), codec={"name": "pool", "fidelity": True}, budget_cost=2, task="a",
                                checkpoints=True, autoreset_mode="SAME_STEP")  # fmt: skip
    many.reset(seed=0)
    many.step(np.array([[2, HALF], [0, HALF]]))
    _, _, ended, _, infos = many.step(np.array([[2, FULL], [0, FULL]]))
    assert ended.tolist() == [True, False] and infos["cost"][1] == 0.5
    _, _, _, _, infos = many.step(np.array([[2, HALF], [0, FULL]]))
    assert infos["cost"].tolist() == [2.0, 0.5]


def test_a_run_that_stands_still_keeps_its_checkpoints() -> None:
    many = hpo_gym.HPOVectorEnv(2, known.epochs(), codec={"name": "pool", "fidelity": True, "stop": True}, task="a",
                                budget_cost=8, checkpoints=True, autoreset_mode="DISABLED")  # fmt: skip
    many.reset(seed=0)
    stop = int(many.single_action_space.nvec[0]) - 1
    many.step(np.array([[2, HALF], [2, HALF]]))
    _, _, ended, _, _ = many.step(np.array([[0, HALF], [stop, HALF]]))
    assert ended.tolist() == [False, True]
    many.reset(options={"reset_mask": ended})
    _, _, _, _, infos = many.step(np.array([[2, FULL], [2, FULL]]))
    assert infos["cost"].tolist() == [2.0, 4.0]


# ---------------------------------------------------------------------- optimizers


def test_a_context_says_whether_checkpoints_are_kept_and_what_a_trial_took() -> None:
    seen: list[Context] = []
    spent: list[float] = []

    class Thrice:
        def reset(self, context: Context, rng: np.random.Generator) -> None:
            seen.append(context)

        def ask(self) -> Query | None:
            at = len(spent) % 3
            return Query(known.ROWS[2], known.FIDELITIES[at])

        def tell(self, trial: Any) -> None:
            spent.append(seen[-1].charge(trial))

    history = rollout(Thrice(), known.epochs().task("a"), budget_cost=2.0, checkpoints=True)
    assert seen[-1].checkpoints and history.costs == (1.0, 1.0, 2.0) and spent == [0.5, 0.5, 1.0]
    spent.clear()
    history = rollout(Thrice(), known.epochs().task("a"), budget_cost=2.0)
    assert not seen[-1].checkpoints and history.costs == (1.0, 2.0, 1.0)
    assert not Context.of(known.levels().task("a"), 2.0, unit=2.0, checkpoints=True).checkpoints


# ---------------------------------------------------------------------- which tasks
def test_the_shipped_suites_that_are_cumulative_are_those_whose_recipes_say_so() -> None:
    from hpo_builders.trained import boosting, linear, svm

    recipes: list[Recipe] = [m.RECIPE for m in (boosting, linear, svm)]
    assert {r.suite: r.cumulative for r in recipes} == {r.suite: r.suite in CUMULATIVE for r in recipes}
    shipped = [name for name in WITH_COSTS if hpo_gym.load_suite(name).members[0].cumulative]
    assert sorted(shipped) == sorted(CUMULATIVE)


@pytest.mark.parametrize("name", CUMULATIVE)
def test_cumulative_costs_rise_with_the_fidelity(name: str) -> None:
    """But for a few cells of Boosting and Studies in which the clock of one fidelity stumbled: there a price is 0."""
    step = np.diff(np.asarray(hpo_gym.load_suite(name).table.cost, float), axis=-1)
    share = (step < 0.0).mean()
    assert share < 2e-4 if name in ("Boosting", "Studies") else share == 0.0


# ---------------------------------------------------------------------- files
def test_a_folder_keeps_it_and_an_older_one_says_nothing(tmp_path: Path) -> None:
    known.epochs().save(tmp_path / "new")
    known.levels().save(tmp_path / "old")
    said = json.loads((tmp_path / "new" / "suite.json").read_text())
    assert said["cost"] == {"cumulative": True} and said["format"] == 1
    assert "cost" not in json.loads((tmp_path / "old" / "suite.json").read_text())
    new, old = hpo_gym.load_suite(tmp_path / "new"), hpo_gym.load_suite(tmp_path / "old")
    assert new.members[0].cumulative and not old.members[0].cumulative
    new.save(tmp_path / "again")
    assert (tmp_path / "again" / "suite.json").read_bytes() == (tmp_path / "new" / "suite.json").read_bytes()
    said["cost"]["cumulative"] = 1
    del said["checksum"]
    (tmp_path / "new" / "suite.json").write_bytes(sealed(said))
    with pytest.raises(DamagedDataError, match=r"`cost\.cumulative`: Input should be a valid boolean"):
        hpo_gym.load_suite(tmp_path / "new")


def table(**more: Any) -> hpo_gym.Suite:
    scores = np.array(known.SCORES)
    return hpo_gym.table_suite("Mine", known.space(), known.ROWS, scores, **{"costs": scores + 2.0, **more})


@pytest.mark.parametrize("value", [1, "yes", None])
def test_a_table_that_says_neither_yes_nor_no_is_refused(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="`cumulative` must be True or False, got"):
        table(cumulative=value)
    with pytest.raises(InvalidValueError, match=r"`cost\.cumulative`: .* boolean"):
        table(about={"cost": {"cumulative": value}})
    with pytest.raises(InvalidValueError, match=r"`cost`: .*'hours'"):
        table(about={"cost": "hours"}, cumulative=True)
    with pytest.raises(InvalidValueError, match="`cumulative` needs `costs`, got none; the nearest is False"):
        table(costs=None, cumulative=True)


# ---------------------------------------------------------------------- refused
def test_without_a_budget_in_cost_they_are_refused() -> None:
    for options in ({"budget_cost": None}, {"budget_cost": None, "budget": 4}):
        with pytest.raises(
            InvalidValueError, match=r"`checkpoints` needs `budget_cost`, .*nearest is `checkpoints=Fal"
        ):
            one(**options)
    with pytest.raises(InvalidValueError, match="`checkpoints` needs `budget_cost`"):
        rollout(hpo_gym.make_optimizer("random"), known.epochs().task("a"), 3, checkpoints=True)


def test_where_they_spare_nothing_they_are_refused_with_the_suites_that_have_them() -> None:
    with pytest.raises(
        InvalidValueError, match=r"got 'SVM': .*nearest is `checkpoints=False`\. .*Boosting, Control, M"
    ):
        hpo_gym.HPOEnv("SVM", budget_cost=33, checkpoints=True)
    with pytest.raises(InvalidValueError, match="passes through all fidelities, got 'KnownLevels'"):
        rollout(hpo_gym.make_optimizer("random"), known.levels().task("a"), budget_cost=3, checkpoints=True)
    several = mixed([known.epochs(), known.levels()])
    hpo_gym.HPOEnv(several, budget_cost=33, checkpoints=True)
    with pytest.raises(InvalidValueError, match="passes through all fidelities, got 'KnownLevels'"):
        hpo_gym.HPOEnv(several, task="KnownLevels/a", budget_cost=33, checkpoints=True)
