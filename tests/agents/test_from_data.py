"""Agents from stored episodes: known answers of each, what they refuse, and that they see runs as they play them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from small import contents, rng

pytest.importorskip("stable_baselines3", reason="these agents need: pip install 'hpo-gym[rl]'")

import torch

import hpo_gym
from hpo_agents._offline.agent import prior_of
from hpo_agents._offline.history import History, HistoryScorer, goal_of
from hpo_agents._offline.lessons import Lessons, lessons_of, seen_at
from hpo_agents._offline.played import Played, played_of
from hpo_agents._offline.rolling import rolled
from hpo_agents._pool.features import FEATURES
from hpo_agents._pool.prior import PoolPrior
from hpo_agents._pool.run import PoolRun
from hpo_agents.bc import BC
from hpo_agents.decision_transformer import DecisionTransformer
from hpo_gym.base.errors import InvalidValueError, SplitError
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.env.runs.runs import Runs
from hpo_gym.optimize.collecting.episodes import Episodes
from hpo_gym.optimize.protocol import Context, LearnsFromData
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.prior import evaluations, scale_of
from hpo_gym.problem.suite import Suite
from hpo_gym.problem.task import Task
from hpo_gym.problem.trial import Query, Trial
from hpo_gym.suites.own.suite import table_suite

torch.set_num_threads(1)

AGENTS = (BC, DecisionTransformer)
BUDGET = 5
each = pytest.mark.parametrize("kind", AGENTS)


def make_suite() -> Suite:
    """Fourteen tasks that agree on the order of 24 rows; the score of row 0 is the lowest."""
    space = ConfigurationSpace({"x": (0.0, 1.0)})
    x = np.linspace(0.0, 1.0, 24)[:, None]
    scores = np.linspace(1.0, 2.0, 14)[:, None] * x[:, 0] ** np.linspace(0.8, 1.2, 14)[:, None]
    names = [f"t{i}" for i in range(14)]
    splits = {"train": names[:8], "val": names[8:11], "test": names[11:]}
    return table_suite("Orderly", space, x, scores, tasks=names, splits=splits)


SUITE = make_suite()
TRAIN = SUITE.tasks("train")


class Lowest:
    """Proposes the open row that earlier tasks know as the worst: the opposite of where the agents begin."""

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        means = [np.mean([e.score for e in c.prior], 0) for c in contexts]
        self._order = [np.argsort(mean, kind="stable") for mean in means]

    def ask_batch(self, runs: Runs) -> tuple[Any, None]:
        at, exists = runs.ordered(runs.at), runs.exists()
        tried = [set(at[i, exists[i]].tolist()) for i in range(runs.n)]
        return np.array([next(r for r in o if r not in t) for o, t in zip(self._order, tried, strict=True)]), None

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.reset_batch([context], [rng])
        self._context, self._tried = context, set[float]()

    def ask(self) -> Query:
        pool = self._context.pool
        assert pool is not None
        row = next(r for r in self._order[0] if float(pool[r, 0]) not in self._tried)
        return Query(self._context.space.from_unit(pool[row]))

    def tell(self, trial: Trial) -> None:
        self._tried.add(float(self._context.space.to_unit(trial.config)[0]))


def played(tasks: Sequence[Task] = TRAIN, n: int = 24, player: Any = None) -> Played:
    return rolled(player or Lowest(), tasks, (np.arange(n) % len(tasks)).tolist(), BUDGET, 0)


def stored(found: Played, suite: Suite = SUITE, **spec: Any) -> Episodes:
    n, h = found.at.shape
    none = np.full((n, h), np.nan)
    return Episodes(
        suite, {"suite": suite.name, "budget": BUDGET, **spec}, tuple(t.name for t in found.tasks), found.task,
        np.zeros(n, np.uint64), np.full(n, "lowest"), found.count, found.at, np.ones((n, h)),
        np.where(found.exists, found.score, np.nan), none, np.zeros((n, h), np.int8), found.drop.sum(1),
    )  # fmt: skip


DATA = stored(played())


def make(kind: Any, **settings: Any) -> Any:
    own = {"candidates": 24, "states": 200, "budget": BUDGET, "network": [8], "segments": 2}
    algorithm = {"batch_size": 32, "learning_rate": 0.01}
    return kind(**{**own, **settings, "algorithm": {**algorithm, **settings.get("algorithm", {})}})


def rows(optimizer: Any, task: Task) -> list[int]:
    assert task.pool is not None
    trials = rollout(optimizer, task, BUDGET, prior=SUITE.prior()).trials
    return [int(np.flatnonzero(task.pool[:, 0] == task.space.to_unit(t.config)[0])[0]) for t in trials]


# ---------------------------------------------------------------------- known answers
@pytest.mark.long
def test_a_clone_of_a_constant_behaviour_plays_it() -> None:
    agent = make(BC, algorithm={"batch_size": 64})
    agent.train_on(DATA, rng(0), steps=10_000)
    for task in SUITE.tasks("test"):
        assert rows(agent, task) == rows(Lowest(), task) == [0, 1, 2, 3, 4]


@pytest.mark.long
def test_a_decision_transformer_plays_the_return_that_it_is_asked_for() -> None:
    good = torch.arange(32) % 2 == 0
    k = len(FEATURES)
    features = torch.zeros(32, 1, 2, k)
    features[:, 0, 0, 1], features[:, 0, 1, 1] = good * 2.0 - 1.0, 1.0 - good * 2.0
    one = torch.ones(32, 1, dtype=torch.bool)
    none, togo = torch.zeros(32, 1, k), -(~good).float()[:, None]
    lessons = Lessons(features, one[:, :, None].expand(32, 1, 2), none, none, togo, one)
    torch.manual_seed(0)
    agent = make(DecisionTransformer, budget=1)
    learner = agent.student(lessons)
    learner.advance(3_000, 0, 0.0, lambda done: None)
    network = learner.module
    assert network.goals.tolist() == pytest.approx([3.0])  # of the best tenth
    seen = torch.zeros(1, 2, k)
    seen[0, :, 1] = torch.tensor([1.0, -1.0])
    for goal, action in ((3.0, 0), (0.0, 1)):
        network.goals.fill_(goal)
        with torch.no_grad():
            assert learner.actor().act({"features": seen, "there": torch.ones(1, 2)}, None, None) == action


def test_the_transformer_reads_no_later_token() -> None:
    torch.manual_seed(0)
    network = HistoryScorer(12, 4, width=8, kind="deepsets", sharpness=1.0)
    parts = [torch.rand(2, 4), torch.rand(2, 4), torch.rand(2, 4, 12), torch.rand(2, 4, 12)]
    before = network.recall(History(*parts))
    changed = [p.clone() for p in parts]
    for part in changed:
        part[:, 2] += 1.0  # of the third trial
    after = network.recall(History(*changed))
    assert torch.allclose(before[:, :2], after[:, :2], atol=1e-6)
    assert (before[:, 2:] - after[:, 2:]).abs().amax((0, 2)).min() > 1e-3


# ---------------------------------------------------------------------- what they see
def test_rewards_and_returns_to_go_by_hand() -> None:
    task = TRAIN[0]
    assert task.pool is not None
    score = np.array([[0.0, 0.5, 0.25, 1.0]]) * (task.best - task.worst) + task.worst
    ones = np.zeros((1, 4), np.int64)
    found = Played((task,), np.array([0]), ones, score, np.array([4]))
    assert Oracle.of([task]).regret(np.zeros(4, int), score[0]).tolist() == pytest.approx([1.0, 0.5, 0.75, 0.0])
    assert found.regret[0].tolist() == pytest.approx([1.0, 0.5, 0.5, 0.0])
    assert found.drop[0].tolist() == pytest.approx([0.0, 0.5, 0.0, 0.5])
    assert found.togo[0].tolist() == pytest.approx([-0.5, -1 / 3, -0.25, 0.0])
    cut = replace(found, count=np.array([2]))
    assert cut.regret[0].tolist() == pytest.approx([1.0, 0.5, 0.5, 0.5])
    assert cut.drop[0].tolist() == pytest.approx([0.0, 0.5, 0.0, 0.0])
    assert goal_of(torch.tensor([0.0, -1.0])).tolist() == pytest.approx([3.0, 0.0], abs=1e-3)


@pytest.mark.parametrize("trial", [0, 1, 4])
def test_a_state_of_the_data_is_that_of_the_run(trial: int) -> None:
    found = played(n=3)
    task = TRAIN[2]
    prior = [e for e in evaluations(TRAIN) if e.family != task.family]
    run = PoolRun(Context.of(task, BUDGET, prior), rng(0))
    assert task.pool is not None
    run.prior = PoolPrior.of(prior, task.pool, scale_of(TRAIN), task.space)  # the scale of all, as in training
    for row, score in zip(found.at[2, :trial], found.score[2, :trial], strict=True):
        run.purse.left()
        run.tell(Trial(run.query(int(row)), float(score), 1.0))
    asked = np.arange(24)[None]
    seen = seen_at(prior_of(TRAIN), found, (np.array([2]), np.array([trial])), asked, BUDGET)
    np.testing.assert_allclose(seen, run.features().at(asked), rtol=1e-4, atol=1e-4)


def test_candidates_are_open_and_the_first_is_the_choice() -> None:
    found = played(n=4)
    lessons = lessons_of(found, prior_of(TRAIN), (1000, 2, 24), BUDGET, rng(0))
    assert lessons.features.shape == (20, 2, 24, 12)
    assert not lessons.features[..., 1][lessons.there & lessons.real[..., None]].any()  # none was tried
    assert lessons.there[:, :, 0].all()
    assert (~lessons.real[:, 1]).sum() == 4  # one for each episode
    whole = lessons_of(found, prior_of(TRAIN), (10, 0, 4), BUDGET, rng(0))
    assert whole.features.shape == (2, 5, 4, 12)  # two episodes of five states


# ---------------------------------------------------------------------- trainings and files
@pytest.mark.long
@each
def test_one_seed_one_training_and_it_loads_as_it_was(kind: Any, tmp_path: Path) -> None:
    assert isinstance(make(kind), LearnsFromData)
    for name in ("a", "b"):
        agent = make(kind, behaviour="test_from_data:Lowest", episodes=4)
        curve = hpo_gym.train(agent, data=DATA, steps=64, out=tmp_path / name, progress=False)
        assert curve[0][0] == 0 and curve[-1][0] == 64
    assert contents(tmp_path / "a")["optimizer.json"] == contents(tmp_path / "b")["optimizer.json"]
    assert agent.seen == {t.family for t in (*TRAIN, *SUITE.tasks("val"))}
    loaded: Any = hpo_gym.load(tmp_path / "a")
    task = SUITE.tasks("test")[0]
    assert rows(loaded, task) == rows(agent, task)


@pytest.mark.long
def test_a_folder_is_read_and_its_budget_taken(tmp_path: Path) -> None:
    small = stored(rolled(Lowest(), TRAIN, [0, 1], 3, 0), budget=3)
    agent = BC(**{**BC.smoke, "budget": None})
    hpo_gym.train(agent, data=small, steps=16, out=tmp_path, progress=False)
    assert agent.budget == 3


# ---------------------------------------------------------------------- refusals
def test_data_of_test_tasks_are_refused_unless_asked_for(tmp_path: Path) -> None:
    tests = stored(played(SUITE.tasks("test"), n=3))
    with pytest.raises(SplitError, match="3, such as 't11'"):
        hpo_gym.train("bc", data=tests, out=tmp_path)
    agent = make(BC)
    hpo_gym.train(agent, data=tests, test_data=True, out=tmp_path, steps=16, progress=False)
    assert {t.family for t in SUITE.tasks("test")} <= agent.seen


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"count": np.zeros(24, np.int64)}, "must hold a trial"),
        ({"at": np.zeros((24, BUDGET, 1))}, "of one pool|with one pool"),
        ({"fidelity": np.full((24, BUDGET), 0.5)}, "full evaluations only, got fidelities down to 0.5"),
        ({"spec": {"n_init": 2}}, "cold start, got `n_init=2`"),
    ],
)
def test_episodes_that_do_not_fit_are_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValueError, match=says):
        played_of(replace(DATA, **change), TRAIN)
