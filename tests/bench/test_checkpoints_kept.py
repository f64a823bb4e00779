"""Comparisons that keep checkpoints: by hand, what is stored and what is refused. A unit is a cost of 2.

row                     0              1              2
cost at 1/4, 1/2, 1     .5  1  2       .5  1  2       .5  1  2
score in full           .5             .25            1          at lower fidelities .125 less
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench_optimizers import Listed

import hpo_gym
from hpo_gym.base.errors import InvalidValueError

LEVELS = (0.25, 0.5, 1.0)
SCORES = np.array([[0.5, 0.25, 1.0]] * 2)[..., None] - np.array([0.125, 0.125, 0.0])
COSTS = np.broadcast_to(2.0 * np.array(LEVELS), SCORES.shape)


def planned(name: str = "Epochs", *, cumulative: bool = True) -> Any:
    import ConfigSpace as cs

    space = cs.ConfigurationSpace()
    space.add(cs.UniformIntegerHyperparameter("row", 0, 2))
    return hpo_gym.table_suite(
        name, space, [{"row": i} for i in range(3)], SCORES, costs=COSTS, fidelities=LEVELS, tasks=["a", "b"],
        splits={"train": ["a"], "test": ["b"]}, cumulative=cumulative,
    )  # fmt: skip


pytestmark = pytest.mark.usefixtures("undrawn")


STEPS = Listed((0, 0.25), (0, 0.5), (0, 1.0), (2, 0.25), (2, 1.0))


def bench(out: Path, suites: Any = None, **more: Any) -> hpo_gym.Results:
    options: dict[str, Any] = {"budget_cost": 2, "seeds": 1, "engine": "serial", "progress": False, **more}
    return hpo_gym.benchmark({"steps": STEPS}, planned() if suites is None else suites, out=out, **options)


def steps(results: hpo_gym.Results, suite: str = "Epochs") -> Any:
    trials = results.trials()
    return trials[(trials["optimizer"] == "steps") & (trials["suite"] == suite)]


@pytest.mark.long
def test_a_comparison_by_hand(tmp_path: Path) -> None:
    """With checkpoints two configurations are trained to the end, at 1 and 2 of 2 units; without, one, at 1.75."""
    kept, plain = bench(tmp_path / "kept", checkpoints=True), bench(tmp_path / "plain")
    assert steps(kept)["spent"].tolist() == [0.25, 0.5, 1.0, 1.25, 2.0]
    assert steps(kept)["cost"].tolist() == [0.5, 0.5, 1.0, 0.5, 1.5]
    assert steps(plain)["spent"].tolist() == [0.25, 0.75, 1.75, 2.0]
    (curves,) = [c for c in kept.curves["Epochs"] if c.optimizer == "steps"]
    assert curves.regret[0, 0, -1] == 0.0  # row 2 in full, at the last point
    (curves,) = [c for c in plain.curves["Epochs"] if c.optimizer == "steps"]
    assert curves.regret[0, 0, -1] == pytest.approx(0.5 / 0.75)
    reported = kept.data["suites"]["Epochs"]["optimizers"]["steps"]
    assert reported["trials"] == 5.0 and reported["cut_trials"] == 0


@pytest.mark.long
def test_runs_in_a_batch_pay_the_difference(tmp_path: Path) -> None:
    """`steps` runs alone, `asha` in a batch."""
    suite = hpo_gym.load_suite("MLP")
    more = {"budget_cost": 2, "seeds": 1, "tasks": 2, "engine": "serial", "progress": False, "split": "val"}
    results = hpo_gym.benchmark("asha", suite, checkpoints=True, out=tmp_path / "out", **more)
    trials = results.trials()
    mine = trials[trials["optimizer"] == "asha"]
    paid = mine.groupby("task")["spent"].last()
    assert len(paid) == 2 and paid.tolist() == pytest.approx([2.0, 2.0])
    for _, run in mine.groupby("task"):
        task = suite.task(run["task"].iloc[0])
        whole = sum(task.run(c, f).cost for c, f in zip(run["config"], run["fidelity"], strict=True))
        assert whole > 2.0 * task.cost_unit


# ---------------------------------------------------------------------- what is said and stored


# ---------------------------------------------------------------------- where
@pytest.mark.long
def test_suites_whose_costs_are_not_cumulative_pay_all_beside_one_whose_are(tmp_path: Path) -> None:
    both = [planned(), planned("Rows", cumulative=False)]
    results = bench(tmp_path / "both", both, checkpoints=True)
    assert steps(results)["spent"].tolist() == [0.25, 0.5, 1.0, 1.25, 2.0]
    assert steps(results, "Rows")["spent"].tolist() == [0.25, 0.75, 1.75, 2.0]


def test_without_such_a_suite_or_a_budget_in_cost_they_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="passes through all fidelities, got 'Rows'"):
        bench(tmp_path / "out", planned("Rows", cumulative=False), checkpoints=True)
    with pytest.raises(InvalidValueError, match="`checkpoints` needs `budget_cost`, got True without it"):
        bench(tmp_path / "out", budget_cost=None, checkpoints=True)
    with pytest.raises(InvalidValueError, match="`checkpoints` must be True or False, got 1"):
        bench(tmp_path / "out", checkpoints=1)
    assert not (tmp_path / "out" / "store.sqlite").exists()
