"""A suite of five rows whose every number can be worked out by hand: what the known answers of the parts are taken on.

    row  depth  kernel    rate  shape    unit cube (d = 4)         shown in [-1, 1]        cells of 5 levels
     0     1    linear      1     -      .125 .125  0   .5*      -.75 -.75  -1    0        0 0 0 2
     1     2    poly        4     2      .375 .375 .5   .25      -.25 -.25   0   -.5       1 1 2 1   (the default)
     2     4    rbf        16     8      .875 .625  1   1         .75  .25   1    1        3 2 4 4
     3     3    sigmoid     2     -      .625 .875 .25  .5*       .25  .75  -.5   0        2 3 1 2
     4     2    poly        8     6      .375 .375 .75  .75      -.25 -.25   .5   .5       1 1 3 3

depth: an integer, 1 to 4, so its value v is shown at (v - 1/2) / 4; kernel: one of four choices, at the middle of its
quarter; rate: 1 to 16, logarithmic, at log2(v) / 4; shape: 0 to 8, at v / 8; * it is active with poly and rbf only, and
at .5 where it is not.

                 score by row                  |   mean  best  worst  |   cost by row    |  meta-features
     task     0      1      2      3      4    |                      |  0  1  2  3  4   |  columns  rows
     a       .5     .625   .875   .375   .75   |   .625  .875   .375  |  1  2  4  1  2   |     7       9    (train)
     b      1.25   -.75    .375   .75    .25   |   .375 1.25   -.75   |  4  1  2  1  2   |     1      99    (train)
     c       .25    .5     0     1       .75   |    .5  1       0     |  4  2  1  1  2   |     0     999    (val)
     d      1       .75    .5     .25   0      |    .5  1       0     |  2  2  2  2  2   |    15    unknown (test)

Meta-train is a and b. Mean: (.625 + .375) / 2 = .5. Eighths from there: a 0 1 3 -1 2, b 6 -10 -1 2 -2; their squares
add up to 15 + 145 = 160, in the mean 16, so the standard deviation is 4 eighths = .5. Mean cost: (10 + 10) / 10 = 2.

                     score in standard deviations from the mean      normalised regret
     task     row     0      1      2      3      4                   0      1      2      3      4
     a                0     .25    .75   -.25    .5                  .75    .5      0      1     .25     (width  .5)
     b               1.5   -2.5   -.25    .5    -.5                   0      1    .4375   .25    .5      (width 2)

Meta-features are shown as log(1 + value), standardised. columns: log 8 and log 2, mean 2 log 2, deviation log 2; rows:
log 10 and log 100, mean 1.5 log 10, deviation .5 log 10. In this order, then a flag for each that is known:

     a    1  -1  1  1        c (log 1, log 1000)    -2  3  1  1
     b   -1   1  1  1        d (log 16, unknown)     2  0  1  0

Mean absolute difference of the columns of two rows, in 32nds (eighths of the unit cube, over four columns):

           1   2   3   4
     0    10  22  12  12        .3125  .6875  .375   .375
     1        16  10   6               .5     .3125  .1875
     2            14  10                      .4375  .3125
     3                12                             .375

An `Episode` is walked in three ways: by the env of one run, by the vector env with all episodes side by side, and by a
policy that is told its trials. What is seen and done must be the same in all of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ConfigSpace as cs
import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import hpo_gym
from hpo_gym.problem.task import Evaluated

ROWS = (
    {"depth": 1, "kernel": "linear", "rate": 1.0},
    {"depth": 2, "kernel": "poly", "rate": 4.0, "shape": 2.0},
    {"depth": 4, "kernel": "rbf", "rate": 16.0, "shape": 8.0},
    {"depth": 3, "kernel": "sigmoid", "rate": 2.0},
    {"depth": 2, "kernel": "poly", "rate": 8.0, "shape": 6.0},
)
SCORES = (
    (0.5, 0.625, 0.875, 0.375, 0.75),
    (1.25, -0.75, 0.375, 0.75, 0.25),
    (0.25, 0.5, 0.0, 1.0, 0.75),
    (1.0, 0.75, 0.5, 0.25, 0.0),
)
COSTS = ((1, 2, 4, 1, 2), (4, 1, 2, 1, 2), (4, 2, 1, 1, 2), (2, 2, 2, 2, 2))
META = (
    {"columns": 7.0, "rows": 9.0},
    {"columns": 1.0, "rows": 99.0},
    {"columns": 0.0, "rows": 999.0},
    {"columns": 15.0, "rows": None},
)
NAMES = ("a", "b", "c", "d")
SPLITS = {"train": ["a", "b"], "val": ["c"], "test": ["d"]}
FIDELITIES = (0.25, 0.5, 1.0)


@functools.cache
def space() -> hpo_gym.SearchSpace:
    """The four hyperparameters; the default configuration is row 1."""
    kernel = cs.CategoricalHyperparameter("kernel", ["linear", "poly", "rbf", "sigmoid"], default_value="poly")
    shape = cs.UniformFloatHyperparameter("shape", 0.0, 8.0, default_value=2.0)
    out = cs.ConfigurationSpace()
    out.add(
        cs.UniformIntegerHyperparameter("depth", 1, 4, default_value=2),
        kernel,
        cs.UniformFloatHyperparameter("rate", 1.0, 16.0, log=True, default_value=4.0),
        shape,
        cs.InCondition(shape, kernel, ["poly", "rbf"]),
    )
    return hpo_gym.SearchSpace(out)


@functools.cache
def plain() -> hpo_gym.Suite:
    """The table above: complete, one fidelity."""
    return hpo_gym.table_suite(
        "Known", space(), ROWS, np.array(SCORES), costs=np.array(COSTS, float), tasks=NAMES, splits=SPLITS,
        meta_features=META,
    )  # fmt: skip


@functools.cache
def gaps() -> hpo_gym.Suite:
    """As `plain`, but row 4 failed on task a and was not measured on task b.

    A failure scores the worst so far; before any success (.375 - .75) / 2 = -.1875, the mean of the worst of a and b.

    Meta-train without the two: mean .5 still; squares of the eighths add up to 11 of four rows and to 141 of four rows,
    (2.75 + 35.25) / 2 = 19, so the standard deviation is sqrt(19) / 8 = .5448624; mean cost (8 + 8) / 8 = 2.
    """
    scores = np.array(SCORES)
    scores[0, 4], scores[1, 4] = -np.inf, np.nan
    return hpo_gym.table_suite(
        "KnownGaps", space(), ROWS, scores, costs=np.array(COSTS, float), tasks=NAMES, splits=SPLITS,
        meta_features=META,
    )  # fmt: skip


@functools.cache
def losses() -> hpo_gym.Suite:
    """As `plain`, but told as losses to minimise, 2.5 - 2 score: a score is minus a loss.

    a: 1.5 1.25 .75 1.75 1; b: 0 4 1.75 1 2. Of meta-train the mean score is -1.5, the standard deviation 1.
    """
    return hpo_gym.table_suite(
        "KnownLosses", space(), ROWS, -(2.5 - 2.0 * np.array(SCORES)), costs=np.array(COSTS, float), tasks=NAMES,
        splits=SPLITS, meta_features=META,
    )  # fmt: skip


@functools.cache
def levels() -> hpo_gym.Suite:
    """As `plain`, with three fidelities: at 1/4 each score is .25 higher, at 1/2 it is .125 lower; costs go along."""
    scores = np.array(SCORES)[..., None] + np.array([0.25, -0.125, 0.0])
    costs = np.array(COSTS, float)[..., None] * np.array(FIDELITIES)
    return hpo_gym.table_suite(
        "KnownLevels", space(), ROWS, scores, costs=costs, fidelities=FIDELITIES, tasks=NAMES, splits=SPLITS,
        meta_features=META,
    )  # fmt: skip


@functools.cache
def epochs() -> hpo_gym.Suite:
    """As `levels`, but one training passes through all fidelities: who keeps checkpoints pays the difference.

    What fails here: on task a, row 3 at 1/2. What falls: on task a, row 4 costs 1.5, 1 and 2.
    """
    scores = np.array(SCORES)[..., None] + np.array([0.25, -0.125, 0.0])
    costs = np.array(COSTS, float)[..., None] * np.array(FIDELITIES)
    scores[0, 3, 1], costs[0, 4, 0] = -np.inf, 1.5
    return hpo_gym.table_suite(
        "KnownEpochs", space(), ROWS, scores, costs=costs, fidelities=FIDELITIES, tasks=NAMES, splits=SPLITS,
        meta_features=META, cumulative=True,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Anywhere(hpo_gym.Task):
    """A task without a table: every point can be evaluated. The score is the mean of its columns in the unit cube,
    the cost the fidelity.
    """

    def evaluate(self, x: NDArray[np.float64], fidelity: NDArray[np.float64], key: NDArray[np.uint64]) -> Evaluated:
        return Evaluated(x.mean(1), np.array(fidelity), np.zeros(len(x), np.int8))


@functools.cache
def anywhere() -> hpo_gym.Suite:
    """Two tasks of `Anywhere` to train on, with three fidelities: an action is not moved to a row."""
    tasks = tuple(Anywhere(n, n, "KnownAnywhere", space(), 1.0, 0.0, FIDELITIES) for n in ("e", "f"))
    return hpo_gym.Suite("KnownAnywhere", space(), tasks, "function", splits={"train": ("e", "f")}, data_hash="toy")


@dataclass(frozen=True)
class Episode:
    """What one run does, on a task, from a seed.

    Attributes:
        given: The rows that the seed gives at the start, which a policy outside the env is told.
    """

    task: str
    actions: Sequence[Any]
    seed: int = 0
    given: tuple[int, ...] = ()


@dataclass
class Walk:
    """What became of an episode: observations (that of the reset first), rewards, ends and trials."""

    seen: list[Any]
    rewards: list[float] = field(default_factory=list)
    ends: list[bool] = field(default_factory=list)
    history: Sequence[hpo_gym.Trial] = ()


def single_env(suite: hpo_gym.Suite | None = None, **keywords: Any) -> gym.Env[Any, Any]:
    """The env of one run, by default on `plain` with a budget of 4."""
    return gym.make("hpo_gym/HPO-v0", suite=suite or plain(), **{"budget": 4, **keywords})


def vector_env(n: int, suite: hpo_gym.Suite | None = None, **keywords: Any) -> Any:
    """The env of `n` runs, by default on `plain` with a budget of 4."""
    return gym.make_vec("hpo_gym/HPO-v0", num_envs=n, suite=suite or plain(), **{"budget": 4, **keywords})


def alone(episodes: Sequence[Episode], suite: hpo_gym.Suite | None = None, **keywords: Any) -> list[Walk]:
    """Walk episodes one after the other, in an env of one run."""
    env, walks = single_env(suite, **keywords), []
    for e in episodes:
        walk = Walk([env.reset(seed=e.seed, options={"task": e.task})[0]])
        for action in e.actions:
            observation, reward, terminated, truncated, _ = env.step(action)
            assert not truncated
            walk.seen.append(observation)
            walk.rewards.append(reward)
            walk.ends.append(terminated)
        walk.history = env.unwrapped.history()
        walks.append(walk)
    return walks


def together(episodes: Sequence[Episode], suite: hpo_gym.Suite | None = None, **keywords: Any) -> list[Walk]:
    """Walk episodes of one length side by side, in the vector env."""
    envs = vector_env(len(episodes), suite, **keywords)
    batch, _ = envs.reset(seed=[e.seed for e in episodes], options={"task": [e.task for e in episodes]})
    walks = [Walk([part(batch, i)]) for i in range(len(episodes))]
    for actions in zip(*(e.actions for e in episodes), strict=True):
        batch, rewards, terminated, truncated, _ = envs.step(np.array(actions))
        assert not truncated.any()
        for i, walk in enumerate(walks):
            walk.seen.append(part(batch, i))
            walk.rewards.append(float(rewards[i]))
            walk.ends.append(bool(terminated[i]))
    for i, walk in enumerate(walks):
        walk.history = envs.unwrapped.history(i)
    return walks


def reported(
    episodes: Sequence[Episode],
    suite: hpo_gym.Suite | None = None,
    *,
    budget: float = 4,
    observer: Any = "last",
    codec: Any = "box",
    scores: str = "raw",
    **env_only: Any,
) -> list[Walk]:
    """Walk episodes by ask and tell. A policy is asked no more once the budget is spent: the last view is missing."""
    suite = suite or plain()
    return [_reported(e, suite, budget, (observer, codec), scores) for e in episodes]


def _reported(e: Episode, suite: hpo_gym.Suite, budget: float, parts: tuple[Any, Any], scores: str) -> Walk:
    actions, walk, trials, task = iter(e.actions), Walk([]), [], suite.task(e.task)

    def policy(observation: Any, rng: np.random.Generator) -> Any:
        walk.seen.append(observation)
        return next(actions)

    optimizer = hpo_gym.PolicyOptimizer(policy, *parts, scores=scores, scale=suite.scale())
    available = getattr(task, "measured", None)
    context = hpo_gym.Context(task.space, budget, task.fidelities, task.pool, available, task.meta_features)
    optimizer.reset(context, np.random.default_rng(0))
    for row in e.given:
        trials.append(task.run(ROWS[row], failed=_worst_of(trials, suite)))
        optimizer.tell(trials[-1])
    while (query := optimizer.ask()) is not None:
        trials.append(task.run(query.config, query.fidelity, failed=_worst_of(trials, suite)))
        optimizer.tell(trials[-1])
    walk.history = trials
    return walk


def _worst_of(trials: Sequence[hpo_gym.Trial], suite: hpo_gym.Suite) -> float:
    """The worst success so far; before any, what is known beforehand."""
    return min((trial.score for trial in trials if not trial.status), default=suite.scale().floor)


WAYS: dict[str, Callable[..., list[Walk]]] = {"alone": alone, "together": together, "told": reported}


def part(batch: Any, i: int) -> Any:
    """The observation of run `i`."""
    return {name: value[i] for name, value in batch.items()} if isinstance(batch, dict) else batch[i]


def assert_shown(seen: Any, wanted: Any) -> None:
    """Compare an observation with its literals: shape, and each number within what float32 rounds."""
    if isinstance(wanted, dict):
        assert set(seen) == set(wanted)
        for name, value in wanted.items():
            assert_shown(seen[name], value)
        return
    if isinstance(wanted, str):
        assert seen == wanted
        return
    assert np.shape(seen) == np.shape(wanted)
    np.testing.assert_allclose(seen, wanted, rtol=1e-6, atol=1e-6)


def assert_walked(walk: Walk, wanted: Sequence[Any]) -> None:
    """Compare all observations of an episode; of one without rewards, which was told, the last is missing."""
    assert len(walk.seen) == len(wanted) - (not walk.rewards)
    for seen, literal in zip(walk.seen, wanted, strict=False):
        assert_shown(seen, literal)
