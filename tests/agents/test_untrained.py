"""The control of the trained policies: it is `ppo-pool` before its first step, and a product of two formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small import EVERY, HERE, rng

pytest.importorskip("stable_baselines3", reason="this agent needs: pip install 'hpo-gym[rl]'")


from hpo_agents._pool.features import FEATURES
from hpo_agents._pool.run import PoolRun
from hpo_agents.ppo_pool import PPOPool
from hpo_agents.untrained import Untrained
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.suite import Suite
from hpo_gym.suites.own.suite import table_suite


@pytest.fixture(scope="module")
def suite() -> Suite:
    """Ten related tasks with a table of thirty rows."""
    from ConfigSpace import ConfigurationSpace

    r = rng(0)
    x = r.random((30, 3))
    scores = (x @ (r.normal(size=(10, 3)) + 2).T).T + 0.1 * r.normal(size=(10, 30))
    names = [f"t{i}" for i in range(10)]
    splits = {"train": names[:6], "val": names[6:8], "test": names[8:]}
    space = ConfigurationSpace({f"x{j}": (0.0, 1.0) for j in range(3)})
    return table_suite("Alike", space, x, scores, tasks=names, splits=splits)


def choices(optimizer: Any, suite: Suite) -> list[dict[str, Any]]:
    """Return all that an optimizer chooses on the test tasks, from both starts."""
    runs = [
        rollout(optimizer, task, 12, prior=suite.prior(), seed=3, n_init=n)
        for task in suite.tasks("test")
        for n in (0, 5)
    ]
    return [dict(config) for run in runs for config in run.configs]


@pytest.mark.parametrize("settings", [{}, {"network": [8], "kind": "set-transformer", "sharpness": 1.0}])
@pytest.mark.parametrize("seed", [0, 7])
def test_it_chooses_what_ppo_pool_does_before_its_first_step(seed: int, settings: Any, suite: Suite) -> None:
    """The policy is that of the algorithm at the start of a training, whatever its seed and network."""
    agent = PPOPool(candidates=16, **settings)
    learner, _ = agent.begin(suite.tasks("train"), (), seed, None)
    agent._actor = learner.actor()
    assert choices(Untrained(), suite) == choices(agent, suite)


@pytest.mark.parametrize("name", [n for n in HERE if EVERY[n].about.get("control") == "untrained"])
def test_each_that_states_it_as_its_control_begins_as_it(name: str, suite: Suite) -> None:
    agent: Any = OPTIMIZERS.get(name)()
    agent._actor = agent.actor_of(agent.scorer())
    assert choices(agent, suite) == choices(Untrained(), suite)


def test_it_takes_the_highest_product_of_both_improvements(suite: Suite) -> None:
    """Its choices are the open rows with the largest sum of two columns of the features."""
    task, context_rng = suite.tasks("test")[0], rng(0)
    context = Context.of(task, 6, suite.prior())
    run, optimizer = PoolRun(context, context_rng), Untrained()
    optimizer.reset(context, rng(0))
    both = [FEATURES.index("improvement"), FEATURES.index("mixture")]
    for _ in range(6):
        rows = run.open_rows()
        value = run.features().at(rows[None])[0][:, both].sum(1)
        query = optimizer.ask()
        assert query is not None
        assert dict(query.config) == dict(run.query(int(rows[np.argmax(value)])).config)
        trial = task.run(query.config)
        run.tell(trial)
        optimizer.tell(trial)
