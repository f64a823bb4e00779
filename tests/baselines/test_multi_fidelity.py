"""Multi-fidelity baselines: brackets, promotions, densities, curves, and what they all keep to.

A repeat is the same configuration at the same fidelity; what goes on is asked for at a higher one.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer
from scipy import stats

from hpo_baselines._models.kde import Density
from hpo_baselines._runs.brackets import affordable, bracket, cost, sizes
from hpo_baselines._runs.multi_fidelity import FidelityRun, rungs
from hpo_baselines.bohb import BOHB
from hpo_baselines.hyperband import round_of
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.optimize.rollouts import Run
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.table import Table, TableTask
from hpo_gym.problem.task import Evaluated, Task
from hpo_gym.problem.trial import Query, Trial
from hpo_gym.suites.load import load_suite

NAMES = sorted(n for n, e in OPTIMIZERS.entries().items() if e.about.get("family") == "multi-fidelity")
THIRDS = (1 / 9, 1 / 3, 1.0)
EPOCHS = tuple(e / 50 for e in range(1, 51))

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Objective(Task):
    """A task that scores points and fidelities by a function; where it says NaN, the trial fails."""

    function: Score = None  # type: ignore[assignment]

    def evaluate(self, x: Any, fidelity: Any, key: Any) -> Evaluated:
        score = np.asarray(self.function(x, np.asarray(fidelity, float)), float)
        failed = np.isnan(score)
        return Evaluated(np.where(failed, self.worst, score), np.asarray(fidelity), failed.astype(np.int8))


def curve(x: np.ndarray, f: np.ndarray) -> np.ndarray:
    """A peak at .3, whose height is learned with the fidelity."""
    return -((x - 0.3) ** 2).sum(1) - 0.1 * (1 - f)


SCORES: dict[str, Score] = {
    "curve": curve,
    "some fail": lambda x, f: np.where(x[:, 0] < 0.5, np.nan, curve(x, f)),
    "fails late": lambda x, f: np.where((x[:, 0] < 0.5) & (f > 0.5), np.nan, curve(x, f)),
    "all fail": lambda x, f: np.full(len(x), np.nan),
    "constant": lambda x, f: np.zeros(len(x)),
    "huge": lambda x, f: np.where(x[:, 0] < 0.5, -1e308, 1e308),
    "tiny": lambda x, f: 1.0 + 1e-16 * np.rint(1000 * x[:, 0]),
}


def conditional() -> ConfigurationSpace:
    """Two methods; one of them has a solver."""
    cs = ConfigurationSpace()
    method, solver = Categorical("method", ["a", "b"]), Categorical("solver", ["s", "t", "u"])
    cs.add([method, solver, Float("rate", (1e-4, 1.0), log=True), Integer("depth", (1, 40), log=True)])
    cs.add(EqualsCondition(solver, method, "b"))
    return cs


@functools.cache
def space(name: str) -> SearchSpace:
    spaces: dict[str, Callable[[], Any]] = {
        "floats": lambda: ConfigurationSpace(space={f"x{j}": (0.0, 1.0) for j in range(3)}),
        "line": lambda: ConfigurationSpace(space={"x": (0.0, 1.0)}),
        "conditional": conditional,
        "finite": lambda: ConfigurationSpace(space={"a": [1, 2, 3], "b": (1, 3)}),
    }
    return SearchSpace(spaces[name]())


def objective(
    of: str = "floats", score: str | Score = "curve", fidelities: Sequence[float] = THIRDS, name: str = "task"
) -> Objective:
    function = SCORES[score] if isinstance(score, str) else score
    return Objective(name, name, "Test", space(of), 1.0, -9.0, tuple(fidelities), function=function)


@functools.cache
def table(m: int = 24, fidelities: tuple[float, ...] = THIRDS) -> tuple[TableTask, ...]:
    """Two tasks on one pool with failures, rows that were not measured, and a configuration that stands there twice."""
    rng = np.random.default_rng(3)
    x = space("conditional").sample(rng, m)
    x[-1] = x[0]
    score = (rng.normal(size=(2, m, 1)) + 0.3 * rng.normal(size=(2, m, len(fidelities)))).astype(np.float32)
    score[:, 1:9:3, 1:] = -np.inf
    score[:, 5, 0] = -np.inf
    score[0, [2, 7]] = np.nan
    score[1, 3] = np.nan
    t = Table(space("conditional"), x, score, fidelities=fidelities)
    return tuple(TableTask(f"t{i}", f"f{i}", "Test", t.space, 5.0, -5.0, fidelities, table=t, index=i) for i in (0, 1))


def loop(
    optimizer: Any, task: Task, budget: float, seed: int = 0, init: Sequence[Trial] = ()
) -> tuple[list[Trial], list[Query]]:
    """Trials and queries of a run by ask and tell, driven as the benchmark does."""
    run = Run(task, budget, seed)
    optimizer.reset(Context.of(task, budget), np.random.default_rng([seed, 7]))
    for trial in init:
        optimizer.tell(trial)
    queries = []
    while not run.over:
        query = optimizer.ask()
        if query is None:
            break
        queries.append(query)
        optimizer.tell(run.submit(query))
    return run.trials, queries


def start(name: str, task: Task, budget: float, seed: int = 0, **settings: Any) -> list[Trial]:
    return loop(make_optimizer(name, **settings), task, budget, seed)[0]


def seen(trials: Sequence[Trial]) -> list[tuple[Any, float, float]]:
    return [(dict(t.config), t.fidelity, t.score) for t in trials]


def by_config(trials: Sequence[Trial]) -> dict[str, list[float]]:
    """Fidelities at which each configuration was evaluated, in order."""
    out: dict[str, list[float]] = {}
    for trial in trials:
        out.setdefault(str(sorted(trial.config.items())), []).append(trial.fidelity)
    return out


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


TASKS: list[Task] = [objective("floats"), objective("conditional", fidelities=EPOCHS), objective("finite"), *table()]
IDS = ["floats", "conditional, 50 epochs", "finite", "a pool", "a pool with gaps"]


# ---------------------------------------------------------------------- brackets
def test_brackets_are_those_of_the_hyperband_papers_table() -> None:
    """Table 1 of Li et al., JMLR 18, 2018: R = 81, eta = 3; (n_i, r_i) by bracket s."""
    paper = {
        4: [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        3: [(27, 3), (9, 9), (3, 27), (1, 81)],
        2: [(9, 9), (3, 27), (1, 81)],
        1: [(6, 27), (2, 81)],
        0: [(5, 81)],
    }
    levels = [r / 81 for r in range(1, 82)]
    at = rungs(levels, 3)
    assert [s for s, _ in round_of(len(at) - 1, 3)] == [4, 3, 2, 1, 0]
    for s, n in round_of(len(at) - 1, 3):
        r = [round(81 * levels[i]) for i in at[-(s + 1) :]]
        assert list(zip(sizes(n, s + 1, 3), r, strict=True)) == paper[s]


def test_a_bracket_costs_the_sum_of_its_rungs() -> None:
    ninths = (1 / 9, 1 / 3, 1.0)
    assert cost(9, ninths, 3) == pytest.approx(3.0)  # 9 / 9 + 3 / 3 + 1
    assert cost(5, ninths, 3) == pytest.approx(5 / 9 + 1 / 3 + 1)
    assert affordable(9, ninths, 3, 2.0) == 5  # 6 would be 6 / 9 + 2 / 3 + 1
    assert affordable(9, ninths, 3, 1.6) == 0  # 3 are 1.67: fewer than eta is no halving
    assert affordable(9, ninths, 3, 3.0 - 1e-12) == 9  # sums of thirds round
    assert affordable(5, (1.0,), 3, 4.0) == 0


@pytest.mark.parametrize(
    ("suite", "expected"),
    [
        ("SVM", (1 / 9, 1 / 3, 1)),
        ("Linear", (1 / 9, 1 / 3, 1)),
        ("Boosting", (1 / 8, 1 / 4, 1)),
        ("Studies", (1 / 8, 1 / 4, 1)),
        ("MLP", (2 / 50, 6 / 50, 17 / 50, 1)),
        ("Curves", (1 / 32, 1 / 8, 1 / 4, 1)),
        ("AutoML", (1,)),
    ],
)
def test_rungs_are_levels_that_the_suite_has(suite: str, expected: tuple[float, ...]) -> None:
    levels = load_suite(suite).tasks("train")[0].fidelities
    assert [levels[i] for i in rungs(levels, 3)] == pytest.approx(expected)


def test_levels_too_near_for_a_factor_make_one_rung() -> None:
    assert rungs((0.5, 1.0), 3) == (1,)
    assert rungs((0.5, 1.0), 2) == (0, 1)
    assert rungs((0.1, 0.11, 1.0), 2) == (1, 2)  # 1, 1/2, 1/4, 1/8: 1/2 is nearest to 1, 1/4 and 1/8 to .11
    assert bracket(0, 0, 3) == 1


def test_hyperband_evaluates_its_brackets_rung_by_rung() -> None:
    f = [round(t.fidelity, 3) for t in start("hyperband", objective(), 8)]
    a, b, c = 0.111, 0.333, 1.0
    assert f == [a] * 9 + [b] * 3 + [c] + [b] * 3 + [c] + [c] * 3


def test_the_best_of_a_rung_go_on_and_of_equals_the_earliest() -> None:
    trials = start("successive-halving", objective(), 3)
    x = [t.config for t in sorted(trials[:9], key=lambda t: -t.score)[:3]]
    assert [t.config for t in trials[9:12]] == x
    assert trials[12].config == x[0]
    equal = start("successive-halving", objective(score="constant"), 3)
    assert [t.config for t in equal[9:]] == [equal[0].config, equal[1].config, equal[2].config, equal[0].config]


def test_a_bracket_of_the_whole_budget_is_successive_halving_as_published() -> None:
    f = Counter(round(t.fidelity, 3) for t in start("successive-halving", objective(), 33, configurations=99))
    assert f == {0.111: 99, 0.333: 33, 1.0: 11}


@pytest.mark.parametrize("budget", [1.0, 1.5, 2.0, 3.7])
def test_a_last_bracket_is_cut_and_the_rest_goes_to_the_best_that_were_stopped(budget: float) -> None:
    trials = start("hyperband", objective(), budget)
    assert sum(t.fidelity == 1.0 for t in trials) >= 1
    if budget == 3.7:  # nine, three, one cost 3; what is left pays for no full evaluation
        assert [round(t.fidelity, 3) for t in trials[13:]] == [0.333, 0.333]
    if budget == 2.0:
        assert [round(t.fidelity, 3) for t in trials] == [0.111] * 5 + [0.333, 1.0, 0.111]
    four = start("hyperband", objective(), 9.0)
    stopped = [t for t in four[:-1] if round(t.fidelity, 3) == 0.333 and len(by_config(four[:-1])[_key(t)]) < 3]
    last = four[-1]
    assert last.fidelity == 1.0
    assert max(stopped, key=lambda t: t.score if t.config not in _full(four[:-1]) else -9).config == last.config


def _key(trial: Trial) -> str:
    return str(sorted(trial.config.items()))


def _full(trials: Sequence[Trial]) -> list[Any]:
    return [t.config for t in trials if t.fidelity == 1.0]


# ---------------------------------------------------------------------- ASHA
def test_asha_promotes_as_worked_out_by_hand() -> None:
    """eta = 2, rungs 1/4, 1/2, 1; the configurations a, b, .. have the scores below at all rungs."""
    scores = {"a": 3.0, "b": 1.0, "c": 5.0, "d": 4.0, "e": 2.0, "f": 6.0}
    expected = [
        ("a", 0.25),
        ("b", 0.25),
        ("a", 0.5),  # the best of two
        ("c", 0.25),  # one in two of three is one: c, not yet known; so c starts
        ("c", 0.5),  # the best of three at 1/4
        ("c", 1.0),  # the best of two at 1/2: the highest rung is looked at first
        ("d", 0.25),
        ("d", 0.5),  # two of four, c and d; c has gone on
        ("e", 0.25),  # one of three at 1/2 is c, two of four at 1/4 are c and d: nothing to promote
        ("f", 0.25),  # of five, two: c and d
        ("f", 0.5),  # of six, three: f, c, d
        ("f", 1.0),  # of four at 1/2 (a, c, d, f), two: f and c
    ]
    task = objective("line", fidelities=(0.25, 0.5, 1.0))
    optimizer = make_optimizer("asha", eta=2)
    optimizer.reset(Context.of(task, 30), np.random.default_rng(0))
    letters: dict[float, str] = {}
    got = []
    for _ in expected:
        query = optimizer.ask()
        assert query is not None
        letter = letters.setdefault(query.config["x"], "abcdef"[len(letters) % 6])
        got.append((letter, query.fidelity))
        optimizer.tell(Trial(query, scores[letter]))
    assert got == expected


def test_asha_can_leave_out_low_rungs() -> None:
    assert {round(t.fidelity, 3) for t in start("asha", objective(), 6, skip=1)} == {0.333, 1.0}
    assert {t.fidelity for t in start("asha", objective(), 6, skip=9)} == {1.0}


# ---------------------------------------------------------------------- densities
def test_the_density_of_floats_is_the_mean_of_products_of_cut_normals() -> None:
    rng = np.random.default_rng(0)
    centres, x = rng.random((7, 3)), rng.random((20, 3))
    d = Density(space("floats"), centres)
    for widen in (1.0, 3.0):
        h = d.width * widen
        kernels = stats.truncnorm.pdf(x[:, None], -centres / h, (1 - centres) / h, loc=centres, scale=h)
        assert np.exp(d.log(x, widen)) == pytest.approx(kernels.prod(2).mean(1), rel=1e-9)
    assert d.width == pytest.approx(1.06 * centres.std(0) * 7 ** (-1 / 7))


def test_the_density_of_one_categorical_counts_with_one_added() -> None:
    s = SearchSpace(ConfigurationSpace(space={"c": list("abcd")}))
    d = Density(s, s.encode([{"c": c} for c in "aaab"]))
    p = np.exp(d.log(s.encode([{"c": c} for c in "abcd"])))
    assert p == pytest.approx(np.array([4, 2, 1, 1]) / 8)


def test_samples_follow_the_density() -> None:
    d = Density(space("line"), np.array([[0.05], [0.1], [0.6]]))
    x = d.sample(np.random.default_rng(2), 4000)[:, 0]
    h = float(d.width[0])

    def cdf(u: np.ndarray) -> np.ndarray:
        parts = [stats.truncnorm.cdf(u, -c / h, (1 - c) / h, loc=c, scale=h) for c in (0.05, 0.1, 0.6)]
        return np.asarray(np.mean(parts, axis=0))

    assert stats.kstest(x, cdf).pvalue > 0.01
    s = space("conditional")
    centres = s.encode([{"method": "b", "solver": "t", "rate": 0.1, "depth": 4}] * 8)
    some = s.decode(Density(s, centres).sample(np.random.default_rng(3), 2000))
    method = Counter(c["method"] for c in some)
    assert method["a"] / 2000 == pytest.approx(1 / 10, abs=0.03)  # one of 8 + 2
    solver = Counter(c.get("solver") for c in some if c["method"] == "b")
    assert solver["s"] / method["b"] == pytest.approx(1 / 11, abs=0.03)  # one of 8 + 3


def test_far_from_all_centres_a_density_is_small_not_an_error() -> None:
    d = Density(space("line"), np.full((3, 1), 0.5))  # one value: the smallest bandwidth
    with np.errstate(all="raise", under="ignore"):
        far = d.log(np.array([[0.0], [1.0], [0.5]]))
    assert np.isfinite(far).all()
    assert far[2] > 5 > -1e4 > far[0]


# ---------------------------------------------------------------------- BOHB
class Counted(BOHB):
    """Counts how new configurations came about."""

    drawn = 0
    none = 0

    def _drawn(self, run: Any, model: Any) -> Any:
        self.drawn += 1
        return super()._drawn(run, model)


@pytest.mark.long
def test_bohb_draws_two_thirds_from_its_model_once_there_is_one() -> None:
    optimizer = Counted()
    trials, _ = loop(optimizer, objective("line"), 60)
    new = len(by_config(trials))  # of 15 in 8 full evaluations
    without = 4  # d + 3 trials at one fidelity, the fourth of them told before the fifth is drawn
    share = optimizer.drawn / (new - without)
    assert new > 100
    assert abs(share - 2 / 3) < 3 * np.sqrt(2 / 9 / new)
    for explore, expected in ((1.0, 0), (0.0, new - without)):
        optimizer = Counted(explore=explore)
        loop(optimizer, objective("line"), 60)
        assert optimizer.drawn == expected


def test_bohb_models_the_highest_fidelity_that_has_enough_trials() -> None:
    task = objective("line")
    run = FidelityRun(Context.of(task, 30), np.random.default_rng(0))
    x = (np.arange(40) + 0.5)[:, None] / 40
    for i in range(40):
        run.reported(x[i], float(-abs(x[i, 0] - 0.3)), THIRDS[0])
    assert BOHB()._model(run).of == (0, 40)  # type: ignore[union-attr]
    for i in range(3):
        run.reported(x[i], 0.0, THIRDS[2])
    assert BOHB()._model(run).of == (0, 40)  # type: ignore[union-attr]
    for i in range(4):
        run.reported(x[i], float(i), THIRDS[1])
    model = BOHB()._model(run)
    assert model is not None
    assert model.of == (1, 4)  # d + 3 = 4
    assert model.good.x[:, 0].tolist() == x[[3, 2], 0].tolist()  # the best d + 1
    assert model.bad.x[:, 0].tolist() == x[[1, 0], 0].tolist()


# ---------------------------------------------------------------------- what all of them keep to
@pytest.mark.parametrize("task", TASKS, ids=IDS)
@pytest.mark.parametrize("budget", [0.5, 1.0, 2.5, 7.0])
def test_the_budget_is_spent_exactly(name: str, task: Task, budget: float) -> None:
    optimizer = make_optimizer(name)
    trials, queries = loop(optimizer, task, budget)
    spent = sum(t.fidelity for t in trials)
    assert [t.fidelity for t in trials] == [q.fidelity for q in queries]  # none had to be lowered
    assert {t.fidelity for t in trials} <= set(task.fidelities)
    assert spent <= budget + 1e-9
    assert optimizer._runs[0].spent == pytest.approx(spent)  # type: ignore[attr-defined]
    everything = task.space.size == 9 or task.pool is not None
    assert spent > budget - task.fidelities[0] + 1e-9 or everything or spent == pytest.approx(budget)
    if budget >= 1:
        assert max(t.fidelity for t in trials) == 1.0


def test_what_is_given_costs_nothing(name: str) -> None:
    task = objective()
    init = [task.run(c) for c in task.space.decode(task.space.sample(np.random.default_rng(3), 5))]
    trials, _ = loop(make_optimizer(name), task, 3, init=init)
    assert sum(t.fidelity for t in trials) > 3 - 1 / 9
    assert not {_key(t) for t in trials} & {_key(t) for t in init}
    assert max(t.fidelity for t in trials) == 1.0  # what it finds itself is evaluated in full, too


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_of_a_configuration_only_more_is_asked_for(name: str, task: Task) -> None:
    for fidelities in by_config(start(name, task, 9)).values():
        assert fidelities == sorted(set(fidelities))


@pytest.mark.parametrize("blind", ["asha", "hyperband", "successive-halving"])
def test_one_fidelity_makes_those_without_a_model_random_search(blind: str) -> None:
    single = Table(space("conditional"), table()[0].pool, table()[0].table.score[:, :, -1:])
    pool = TableTask("t", "f", "Test", single.space, 5.0, -5.0, table=single, index=0)
    for task in (objective(fidelities=(1.0,)), pool):
        assert seen(start(blind, task, 15)) == seen(start("random", task, 15))
