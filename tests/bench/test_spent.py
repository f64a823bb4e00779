"""Comparisons on a budget in cost: regret at points of it, worked out by hand on the tables of `planned`; what is
stored, resumed, merged and refused.

One task is judged, `b`; `a` is there to learn from. A unit of both is a cost of 2.

    row        0     1     2     3
    cost       1     2     4     1        unit (1 + 2 + 4 + 1) / 4 = 2
    score      .5    .25   1     0        regret .5 .75 0 1, in the mean .5625
    test       .5    1     .75   0        regret .5 0 .25 1, in the mean .4375
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys
from bench_optimizers import rows

import hpo_gym
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.bench.incumbent import regret_of
from hpo_gym.bench.merging import merge
from hpo_gym.bench.spent import cut_trials, points, spent_of, waiting
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Status

SCORES = np.array([[0.5, 0.25, 1.0, 0.0], [0.5, 0.25, 1.0, 0.0]])
TESTS = np.array([[0.5, 1.0, 0.75, 0.0], [0.5, 1.0, 0.75, 0.0]])
COSTS = np.array([[1.0, 2.0, 4.0, 1.0], [1.0, 2.0, 4.0, 1.0]])


def planned(*, test: bool = False, costs: Any = COSTS, name: str = "Planned") -> Any:
    import ConfigSpace as cs

    space = cs.ConfigurationSpace()
    space.add(cs.UniformIntegerHyperparameter("row", 0, 3))
    return hpo_gym.table_suite(
        name, SearchSpace(space), [{"row": i} for i in range(4)], SCORES, costs=costs, tasks=["a", "b"],
        test_scores=TESTS if test else None, splits={"train": ["a"], "test": ["b"]},
    )  # fmt: skip


def run(order: str, budget: float, **more: Any) -> Any:
    return hpo_gym.rollout(rows(order), planned().task("b"), budget_cost=budget, **more)


# ---------------------------------------------------------------------- by hand
def test_regret_at_the_points_of_a_budget_by_hand() -> None:
    """Budget 3: points every 1/11. Row 0 ends at .5, row 2 at 2.5; row 1 would take 1 of the .5 that are left."""
    history = run("021", 3.0)
    assert history.costs == (1.0, 4.0, 1.0) and history.statuses[-1] is Status.TIMEOUT
    assert history.scores == (0.5, 1.0, 0.5)  # a cut trial is served the worst seen
    regret = regret_of(history, planned().task("b"), budget_cost=3.0)
    assert regret.tolist() == [0.5625] * 5 + [0.5] * 22 + [0.0] * 6
    assert regret.mean() == pytest.approx((5 * 0.5625 + 22 * 0.5) / 33)


def test_what_ends_at_a_point_counts_there() -> None:
    """Budget 33 on units of one point: rows 0 and 3 end together at point 1."""
    history = run("03", 33.0)
    assert len(history) == 66 and set(history.statuses) == {Status.OK}
    regret = regret_of(history, planned().task("b"), budget_cost=33.0)
    assert regret.tolist() == [0.5] * 33


def test_a_run_without_a_trial_that_ended_stands_at_a_random_configuration() -> None:
    history = run("2", 1.0)
    assert history.statuses == (Status.TIMEOUT,)
    assert regret_of(history, planned().task("b"), budget_cost=1.0).tolist() == [0.5625] * 33


def test_what_was_spent_after_each_trial() -> None:
    cost = np.array([3.0, 1.0, 4.0, 1.0])
    assert spent_of(cost, 2.0, 1).tolist() == [0.0, 0.5, 2.5, 3.0]
    assert points(66.0)[[0, -1]].tolist() == [2.0, 66.0]
    ok, out = np.zeros(3, np.int8), np.array([0, 0, 2], np.int8)
    arrays = {"spent": np.array([0.5, 2.5, 3.0]), "status": ok}
    assert waiting(arrays, 3.0) == 5 and cut_trials(arrays) == 0
    assert waiting({**arrays, "status": out}, 3.0) == 5 and cut_trials({**arrays, "status": out}) == 1
    assert waiting({"spent": np.empty(0), "status": np.empty(0, np.int8)}, 3.0) == 33


def test_an_optimizer_can_count_what_it_spends() -> None:
    optimizer = rows("021")
    hpo_gym.rollout(optimizer, planned().task("b"), budget_cost=3.0)
    assert optimizer.context.unit == 2.0 and optimizer.context.budget == 3.0
    assert optimizer.spent == 3.0


@pytest.mark.long
@pytest.mark.parametrize("test", [False, True])
def test_a_comparison_by_hand(test: bool, undrawn: None, tmp_path: Path) -> None:
    results = hpo_gym.benchmark({"listed": rows("021")}, planned(test=test), budget_cost=3, seeds=1,
                                engine="serial", out=tmp_path / "out", progress=False)  # fmt: skip
    (curves,) = [c for c in results.curves["Planned"] if c.optimizer == "listed"]
    ahead, behind = (0.4375, 0.25) if test else (0.5625, 0.0)
    assert curves.regret[0, 0].tolist() == [ahead] * 5 + [0.5] * 22 + [behind] * 6 and curves.cost == 3.0
    reported = results.data["suites"]["Planned"]["optimizers"]["listed"]
    assert reported["auc"][0] == pytest.approx((5 * ahead + 22 * 0.5 + 6 * behind) / 33, abs=1e-6)
    assert (reported["trials"], reported["cut_trials"], reported["failed_cells"]) == (3.0, 1, 0)
    assert results.failed_trials["Planned"]["listed"] == {}
    protocol = results.data["protocol"]
    assert protocol["budget_cost"] == 3.0 and "budget" not in protocol
    trials = results.trials()
    assert trials[trials["optimizer"] == "listed"]["spent"].tolist() == [0.5, 2.5, 3.0]
    assert "@" not in results.to_markdown().splitlines()[0] and "regret@0.4545" in results.to_markdown()


# ---------------------------------------------------------------------- stored, resumed, merged
def bench(out: Path, **more: Any) -> hpo_gym.Results:
    options: dict[str, Any] = {"seeds": 2, "budget_cost": 3.5, "engine": "serial", "progress": False, **more}
    return hpo_gym.benchmark(["random"], toys.gappy(), out=out, **options)


def untimed(out: Path) -> Any:
    return {k: v for k, v in json.loads((out / "results.json").read_text()).items() if k != "timings"}


@pytest.mark.long
def test_the_same_bytes_again_and_resumed(undrawn: None, tmp_path: Path) -> None:
    bench(tmp_path / "a")
    bench(tmp_path / "b", seeds=1)
    bench(tmp_path / "b", resume=True)
    assert untimed(tmp_path / "a") == untimed(tmp_path / "b")
    again = hpo_gym.Results.load(tmp_path / "a")
    assert json.loads(json.dumps({k: v for k, v in again.data.items() if k != "timings"})) == untimed(tmp_path / "a")


@pytest.mark.long
def test_budgets_of_two_kinds_are_not_gone_on_with_nor_merged(undrawn: None, tmp_path: Path) -> None:
    bench(tmp_path / "cost")
    bench(tmp_path / "plain", budget_cost=None, budget=33)
    bench(tmp_path / "more", budget_cost=4)
    for other, said in (("plain", "None"), ("more", r"4\.0")):
        with pytest.raises(InvalidValueError, match=rf"must share `budget_cost`: .* 3\.5.* {said}|{said}.* 3\.5"):
            merge([tmp_path / "cost", tmp_path / other], tmp_path / "joined")
    with pytest.raises(InvalidValueError, match=r"`resume` must keep `budget_cost=3\.5`"):
        bench(tmp_path / "cost", budget_cost=None, budget=33, resume=True)
    first, second = bench(tmp_path / "1", shard="1/2"), bench(tmp_path / "2", shard="2/2")
    assert not first.errors and not second.errors
    merge([tmp_path / "1", tmp_path / "2"], tmp_path / "both")
    both, whole = (hpo_gym.Results.load(tmp_path / name).data["suites"] for name in ("both", "cost"))
    assert both == whole


# ---------------------------------------------------------------------- refused
@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), True, "3"])
def test_a_budget_that_is_none_is_refused(value: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="`budget_cost` must be a finite number in"):
        bench(tmp_path / "out", budget_cost=value)
    assert not (tmp_path / "out").exists()


def test_what_does_not_go_together_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"`budget` and `budget_cost` exclude each other, got 33, 3\.5"):
        bench(tmp_path / "out", budget=33)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InvalidValueError, match=r"must pay for the cheapest trial of each task, got 0\.1; .* is 0\.5 "):
        hpo_gym.benchmark("random", planned(), budget_cost=0.1, out=tmp_path / "out")
    with pytest.raises(InvalidValueError, match="needs measured costs, 'Plain' has none"):
        hpo_gym.benchmark("random", toys.plain(), budget_cost=3, out=tmp_path / "out")
    with pytest.raises(InvalidValueError, match="needs measured costs, 'Functions' has none"):
        hpo_gym.benchmark("random", toys.formulas(), budget_cost=3, out=tmp_path / "out")
    assert not (tmp_path / "out" / "store.sqlite").exists()


@pytest.mark.long
def test_hypervolumes_need_evaluations(undrawn: None, tmp_path: Path) -> None:
    results = bench(tmp_path / "out", tasks=1, seeds=1)
    with pytest.raises(InvalidValueError, match=r"Hypervolumes need a budget in full evaluations, .* 3\.5 in cost"):
        results.hypervolume(["score", "cost"])


def test_regret_is_of_one_budget() -> None:
    with pytest.raises(InvalidValueError, match="`budget` and `budget_cost` exclude each other"):
        regret_of(run("0", 3.0), planned().task("b"), 3, budget_cost=3.0)
