"""Relations that hold whatever the task: what a change of the question must do to the answer, case by case."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import toys

from hpo_gym.env.env import HPOEnv
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.suite import Suite
from hpo_gym.problem.task import Evaluated, Task
from hpo_gym.suites.own.suite import table_suite

CASES = [30, pytest.param(1000, marks=pytest.mark.slow)]
D = 4


def space_of(rng: np.random.Generator, d: int = D) -> list[dict[str, Any]]:
    """Columns of any kind, without conditions, as ConfigSpace's JSON."""
    columns: list[dict[str, Any]] = []
    for j in range(d):
        log = bool(rng.integers(2))
        columns.append([
            {"type": "uniform_float", "lower": 0.01, "upper": 9.0, "default_value": 1.0, "log": log},
            {"type": "uniform_int", "lower": 1, "upper": 9, "default_value": 2, "log": log},
            {"type": "categorical", "choices": ["a", "b", "c"], "default_value": "b", "weights": None},
            {"type": "ordinal", "sequence": [1, 3, 7], "default_value": 3},
        ][rng.integers(4)] | {"name": f"h{j}", "meta": None})  # fmt: skip
    return columns


def search_space(columns: list[dict[str, Any]]) -> SearchSpace:
    return SearchSpace({"hyperparameters": columns, "conditions": [], "forbiddens": []})


@dataclasses.dataclass(frozen=True, eq=False)
class Bowl(Task):
    """A sum over named columns, for any order and unit; its terms are on a grid, so that sums are exact."""

    weights: Any = None
    unit: tuple[float, float] = (1.0, 0.0)

    def evaluate(self, x: Any, fidelity: Any, key: Any) -> Evaluated:
        names = self.space.names
        raw = {n: w * (x[:, names.index(n)] - t) ** 2 for n, (w, t) in self.weights.items()}
        terms = {n: np.rint(v * 2.0**20) / 2.0**20 for n, v in raw.items()}
        score = -sum(terms[n] for n in sorted(terms)) * fidelity
        a, b = self.unit
        return Evaluated(a * score + b, np.ones(len(x)), np.zeros(len(x), np.int8))


def bowl(rng: np.random.Generator, columns: list[dict[str, Any]], unit: tuple[float, float] = (1.0, 0.0)) -> Suite:
    weights = {c["name"]: (2.0 ** rng.integers(-3, 3), rng.integers(9) / 8) for c in columns}
    space = search_space(columns)
    best, worst = unit[1], unit[1] - unit[0] * 8.0 * len(columns)
    task = Bowl("bowl", "bowl", "Bowl", space, best, worst, (0.25, 0.5, 1.0), weights=weights, unit=unit)
    return Suite("Bowl", space, (task,), "function", splits={"train": ("bowl",)}, data_hash="bowl")


def play(env: HPOEnv, actions: Any, seed: int = 1) -> dict[str, Any]:
    """An episode by given actions."""
    obs, info = env.reset(seed=seed)
    out: dict[str, Any] = {"obs": [obs], "rewards": [], "infos": []}
    for action in actions:
        obs, reward, terminated, _, info = env.step(action)
        out["obs"].append(obs), out["rewards"].append(reward), out["infos"].append(info)
        if terminated:
            break
    return out


def column(run: dict[str, Any], name: str) -> list[Any]:
    return [info[name] for info in run["infos"]]


@pytest.mark.long
@pytest.mark.parametrize("cases", CASES)
def test_the_order_of_hyperparameters_changes_nothing_but_their_order(cases):
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        columns, order = space_of(rng), rng.permutation(D)
        actions = rng.uniform(-1, 1, (5, D)).astype(np.float32)
        observer = ["last", "summary", "history"][seed % 3]
        a = HPOEnv(bowl(np.random.default_rng(seed), columns), observer=observer, budget=5)
        b = HPOEnv(reordered(a.suite, columns, order), observer=observer, budget=5)
        one, two = play(a, actions), play(b, actions[:, order])
        assert one["rewards"] == two["rewards"]
        assert column(one, "config") == column(two, "config")
        assert column(one, "incumbent") == column(two, "incumbent")
        if observer == "last":
            np.testing.assert_array_equal(np.array(one["obs"])[:, order], np.array(two["obs"])[:, :D])


def reordered(suite: Suite, columns: list[dict[str, Any]], order: Any) -> Suite:
    space = search_space([columns[j] for j in order])
    return Suite("Bowl", space, (dataclasses.replace(suite.members[0], space=space),), "function",
                 splits={"train": ("bowl",)}, data_hash="bowl")  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("cases", CASES)
def test_another_unit_of_scores_changes_the_unit_alone(cases):
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        columns = space_of(rng)
        a, b = 2.0 ** rng.integers(-9, 9), 0.0 if seed % 2 else float(rng.integers(-9, 9))
        actions = rng.uniform(-1, 1, (6, D)).astype(np.float32)
        for scores, reward in (("rank", "regret"), ("rank", "normalized_improvement"), ("global", "log_regret")):
            options: dict[str, Any] = {"observer": "summary", "scores": scores, "reward": reward, "budget": 6}
            one = play(HPOEnv(bowl(np.random.default_rng(seed), columns), **options), actions)
            two = play(HPOEnv(bowl(np.random.default_rng(seed), columns, (a, b)), **options), actions)
            assert column(one, "config") == column(two, "config")
            assert column(one, "incumbent") == column(two, "incumbent")
            np.testing.assert_array_equal(np.array(column(one, "score")) * a + b, column(two, "score"))
            np.testing.assert_allclose(one["rewards"], two["rewards"], rtol=1e-6, atol=1e-8)
            np.testing.assert_allclose(one["obs"], two["obs"], rtol=1e-4, atol=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("cases", CASES)
def test_a_longer_budget_keeps_the_prefix(cases):
    codecs: list[Any] = ["box", {"name": "pool", "stop": True}, {"name": "move", "fidelity": True}, "move"]
    for seed in range(cases):
        options: dict[str, Any] = {"suite": toys.SUITE_NAMES[seed % 3], "codec": codecs[seed % 4], "n_init": seed % 3}
        short, long = (HPOEnv(**options, budget=b) for b in (3, 5))
        short.action_space.seed(seed)
        actions = [short.action_space.sample() for _ in range(3)]
        one, two = play(short, actions, seed), play(long, actions, seed)
        assert one["infos"] == two["infos"] and one["rewards"] == two["rewards"]


@pytest.mark.parametrize("cases", CASES)
def test_regret_is_never_negative_and_the_incumbent_never_falls(cases):
    codecs: list[Any] = ["box", "move", {"name": "box", "fidelity": True}, {"name": "move", "fidelity": True}]
    for seed in range(cases):
        suite, codec = toys.SUITE_NAMES[seed % 4], codecs[seed // 4 % 4]
        env = HPOEnv(suite, codec=codec, reward="regret", budget=4, n_init=seed % 2)
        env.action_space.seed(seed)
        run = play(env, [env.action_space.sample() for _ in range(40)], seed)
        noisy = env.suite.task(run["infos"][0]["task"]).noisy
        assert all(-1.0 <= r <= 0.0 for r in run["rewards"])
        best = env.suite.task(run["infos"][0]["task"]).best
        incumbents, fidelities = np.array(column(run, "incumbent_score")), np.array(column(run, "fidelity"))
        whole = np.maximum.accumulate([float(seed % 2), *fidelities])[1:] == 1.0  # given points are whole evaluations
        history = env.history()
        whole &= [not history[i].status for i in history.incumbents[seed % 2 :]]  # a failure promises nothing
        assert (best - incumbents[whole] >= (-np.inf if noisy else 0.0)).all()
        assert (np.diff(incumbents[whole]) >= 0).all()  # a first trial at a higher fidelity may lower it
        assert history.incumbent.score == incumbents[-1]


@pytest.mark.parametrize("cases", CASES)
def test_to_minimise_a_loss_is_to_maximise_its_negative(cases):
    """A task that negates its loss at its boundary, as a table does: the best of one is the least loss of the other."""
    space = toys.conditional_space()
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        x, loss = space.sample(rng, 12), rng.integers(0, 64, (1, 12)) / 64
        suite = table_suite("Loss", space, x, -loss, tasks=["t"], splits={"train": ["t"]})
        rows = rng.permutation(12)[:6]
        run = play(HPOEnv(suite, codec="pool", budget=6), rows)
        reported = np.array(column(run, "score"))
        np.testing.assert_array_equal(-reported, loss[0, rows])
        np.testing.assert_array_equal(-np.array(column(run, "incumbent_score")), np.minimum.accumulate(loss[0, rows]))
        assert -suite.task("t").best == loss.min() and -suite.task("t").worst == loss.max()


@pytest.mark.long
@pytest.mark.parametrize("cases", CASES)
def test_given_points_are_the_same_for_every_agent_and_cost_nothing(cases):
    for seed in range(cases):
        suite = toys.SUITE_NAMES[seed % 4]
        agents = [
            HPOEnv(suite, n_init=3, budget=2, codec=c, observer=o) for c, o in (("box", "last"), ("move", "summary"))
        ]
        given = []
        for env in agents:
            env.reset(seed=seed)
            given.append(env.history())
            env.action_space.seed(seed)
            steps = [env.step(env.action_space.sample())[2] for _ in range(2)]
            assert steps == [False, True] and len(env.history()) == 5 and env.history()[:3] == given[-1].trials
        assert given[0] == given[1]
