"""The mechanics of the classic baselines: known answers, and the same as other implementations."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    Configuration,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    GreaterThanCondition,
    InCondition,
    Integer,
    OrdinalHyperparameter,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_baselines._models.columns import Columns
from hpo_baselines._models.gaussian_process import GaussianProcess, Loss, prior_centre
from hpo_baselines._runs.baseline import Run
from hpo_baselines._runs.guided import Tried
from hpo_baselines._runs.suggest import finished, suggested
from hpo_baselines.cma_es import Strategy, columns_of
from hpo_baselines.differential_evolution import DifferentialEvolution, crossed, mutated, relax, survivors
from hpo_baselines.latin_hypercube import hypercube
from hpo_baselines.local_search import climb
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.nearest.pool import Pool, keys
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Query, Trial

Score = Callable[[np.ndarray], float]


@functools.cache
def floats(d: int = 4) -> SearchSpace:
    return SearchSpace(ConfigurationSpace(space={f"x{j}": (0.0, 1.0) for j in range(d)}))


@functools.cache
def mixed() -> SearchSpace:
    """Every kind of column, and two levels of conditions."""
    cs = ConfigurationSpace()
    kind, rate = Categorical("kind", ["a", "b", "c"]), Float("rate", (1e-4, 1.0), log=True)
    depth, few = Integer("depth", (1, 300), log=True), Integer("few", (0, 4))
    size, colour = OrdinalHyperparameter("size", list("stuvw")), Categorical("colour", list("rgb"))
    cs.add([kind, rate, depth, few, size, colour, Float("x", (-1.0, 1.0))])
    cs.add([EqualsCondition(rate, kind, "b"), InCondition(few, kind, ["b", "c"]), GreaterThanCondition(colour, few, 1)])
    return SearchSpace(cs)


@functools.cache
def grid() -> SearchSpace:
    return SearchSpace(ConfigurationSpace(space={"i": list(range(1, 3)), "j": (1, 9), "k": (1, 9), "l": (1, 90)}))


def drive(optimizer: Any, context: Context, score: Score, trials: int, seed: int = 0) -> np.ndarray:
    """What an optimizer asks for, ``(h, d)``."""
    optimizer.reset(context, np.random.default_rng(seed))
    x = []
    for _ in range(trials):
        query = optimizer.ask()
        if query is None:
            break
        x.append(context.space.to_unit(query.config))
        optimizer.tell(Trial(query, float(score(x[-1]))))
    return np.array(x)


def run_of(space: SearchSpace, scores: list[float], budget: float = 33.0, seed: int = 0) -> Run:
    run = Run(Context(space, budget), np.random.default_rng(seed))
    for x, score in zip(space.sample(np.random.default_rng(1), len(scores)), scores, strict=True):
        run.reported(x, score)
    return run


def bowl(x: np.ndarray) -> float:
    return -float(((x - 0.37) ** 2).sum())


def needs(of: str) -> None:
    if not OPTIMIZERS.installed(of):
        pytest.skip(f"needs the extra {OPTIMIZERS.entries()[of].extra!r}")


@pytest.mark.parametrize(("of", "trials"), [*((n, 120) for n in ("local-search", "cma-es")),
                                           ("de", 180), ("tpe", 80), ("gp-ei", 25)])  # fmt: skip
@pytest.mark.long
def test_a_bowl_is_climbed_three_times_nearer_than_at_random(of: str, trials: int) -> None:
    needs(of)

    def best(who: str, seed: int) -> float:
        x = drive(make_optimizer(who), Context(floats(), float(trials)), bowl, trials, seed)
        return max(bowl(point) for point in x)

    seeds = range(9 if trials >= 120 else 3)
    ours, random = (np.median([best(n, s) for s in seeds]) for n in (of, "random"))
    assert ours > random / 3


# ---------------------------------------------------------------------- Latin hypercube
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 10**6))
def test_a_hypercube_has_one_point_in_each_share_of_each_column(n: int, d: int, seed: int) -> None:
    x = hypercube(np.random.default_rng(seed), n, d)
    assert np.array_equal(np.sort(np.floor(x * n), axis=0), np.tile(np.arange(n)[:, None], d))


def test_a_run_is_one_hypercube_of_its_budget_and_then_another() -> None:
    x = drive(make_optimizer("lhs"), Context(floats(), 12.0), bowl, 24)
    for half in (x[:12], x[12:]):
        assert all(sorted(np.floor(c * 12).tolist()) == list(range(12)) for c in half.T)
    assert not np.array_equal(x[:12], x[12:])


# ---------------------------------------------------------------------- local search
def test_a_climb_ends_where_no_neighbour_is_better_and_goes_up_one_step_at_a_time() -> None:
    run, s = run_of(grid(), [0.0]), grid()
    plan, at = climb(run, Tried(run), run.x[0], bowl(run.x[0])), run.x[0]
    for y in plan:  # what `Run.follow` does, less the claims
        assert keys(y[None])[0] in keys(s.neighbours(at))
        run.reported(np.asarray(y), bowl(np.asarray(y)))
        at = y if bowl(np.asarray(y)) > bowl(at) else at
    assert not np.array_equal(at, run.x[0])
    assert all(bowl(n) <= bowl(at) for n in s.neighbours(at))


def test_a_neighbour_that_was_tried_is_gone_to_without_a_trial() -> None:
    s = grid()
    run = run_of(s, [0.0])
    better = s.neighbours(run.x[0])
    for x in better:
        run.reported(x, 1.0)
    first = next(climb(run, Tried(run), run.x[0], 0.0))
    assert any(keys(np.asarray(first)[None])[0] in keys(s.neighbours(x)) for x in better)
    assert keys(np.asarray(first)[None])[0] not in keys(np.array(run.x))


def test_on_a_plateau_local_search_tries_all_neighbours_and_then_starts_anew() -> None:
    s = grid()
    x = drive(make_optimizer("local-search", starts=1), Context(s, 33.0), lambda x: 0.0, 33)
    around = keys(s.neighbours(x[0]))
    assert sorted(keys(x[1 : 1 + len(around)])) == sorted(around)
    assert keys(x[1 + len(around)][None])[0] not in around


# ---------------------------------------------------------------------- vectors
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_a_relaxed_point_is_the_same_configuration_somewhere_in_its_share(seed: int) -> None:
    rng, s = np.random.default_rng(seed), mixed()
    x, u = s.sample(rng, 20), rng.uniform(0.001, 0.999, (20, s.d))
    moved_ = relax(s, x, u)
    assert np.array_equal(s.snap(moved_), x)
    smooth = [j for j, h in enumerate(s.hyperparameters) if h.kind == "float"]
    active = s.active(x)
    assert np.array_equal(moved_[:, smooth][active[:, smooth]], x[:, smooth][active[:, smooth]])
    assert np.array_equal(moved_[~active], u[~active])


# ---------------------------------------------------------------------- differential evolution
def test_a_mutant_is_base_plus_scaled_difference_and_drawn_anew_outside() -> None:
    base, plus, minus = np.array([[0.2, 0.9, 0.1]]), np.array([[0.8, 0.9, 0.0]]), np.array([[0.4, 0.3, 0.6]])
    v = mutated(base, plus, minus, 0.5, np.array([[0.11, 0.22, 0.33]]))
    assert v == pytest.approx(np.array([[0.4, 0.22, 0.33]]))  # .2 + .5 * .4; 1.2 and -.2 are outside


def test_crossover_takes_the_mutant_below_the_rate_and_always_once() -> None:
    target, mutant = np.zeros((2, 3)), np.ones((2, 3))
    u = np.array([[0.4, 0.5, 0.9], [0.9, 0.9, 0.9]])
    assert crossed(target, mutant, u, np.array([2, 1]), 0.5).tolist() == [[1, 0, 1], [0, 1, 0]]


def test_a_member_is_replaced_by_its_child_unless_that_is_worse() -> None:
    assert survivors([1.0, 5.0, 3.0, 2.0], 4) == [0, 1, 2, 3]
    assert survivors([1.0, 5.0, 3.0, 2.0, 0.5, 5.0, 4.0, 1.0, 1.5], 4) == [8, 5, 6, 3]


def test_parents_are_distinct_and_the_target_goes_round() -> None:
    de, run = DifferentialEvolution(population=5), run_of(floats(), [1.0, 2.0, 3.0, 4.0, 5.0, 0.0])
    for _ in range(50):
        drawn = de._drawn(run)
        assert drawn[0] == 1  # trial 6 is the child of member 1
        assert sorted(set(drawn)) == sorted(drawn)
        assert set(drawn) <= {0, 1, 2, 3, 4}


def test_a_child_with_all_of_the_mutant_is_the_formula_of_its_parents() -> None:
    de, run = DifferentialEvolution(crossover=1.0), run_of(floats(), [1.0] * 8)
    state = run.rng.bit_generator.state
    child = de.children(floats(), [run])[0]
    run.rng.bit_generator.state = state
    _, a, b, c = (run.x[t] for t in de._drawn(run))
    v = a + 0.5 * (b - c)
    inside = (v >= 0) & (v <= 1)
    assert inside.any()
    assert child[inside] == pytest.approx(v[inside], abs=1e-9)


# ---------------------------------------------------------------------- CMA-ES
def test_samples_are_those_of_the_library_with_the_same_seed() -> None:
    cmaes = pytest.importorskip("cmaes", reason="needs the extra 'bo'")
    seed = int(np.random.default_rng(0).integers(2**31))
    bounds = np.tile([0.0, 1.0], (4, 1))
    theirs = cmaes.CMAwM(np.full(4, 0.5), 0.3, bounds, np.zeros(4), seed=seed)
    expected: list[np.ndarray] = []
    for _ in range(6):
        reported = []
        for _ in range(theirs.population_size):
            x, sample = theirs.ask()
            expected.append(x)
            reported.append((sample, -bowl(floats().snap(x[None])[0])))
        theirs.tell(reported)
    x = drive(make_optimizer("cma-es"), Context(floats(), 33.0), bowl, len(expected))
    assert x == pytest.approx(np.array(expected), abs=1e-8)


def test_given_points_set_the_first_mean() -> None:
    pytest.importorskip("cmaes", reason="needs the extra 'bo'")
    optimizer, context = make_optimizer("cma-es", sd=1e-4), Context(floats(), 20.0)
    optimizer.reset(context, np.random.default_rng(0))
    for at, score in ((0.2, 1.0), (0.8, 2.0), (0.5, 0.0)):
        optimizer.tell(Trial(query_at(at), score))
    query = optimizer.ask()
    assert query is not None
    assert floats().to_unit(query.config) == pytest.approx(np.full(4, 0.8), abs=1e-3)


def query_at(at: float) -> Query:
    return Query(floats().from_unit(np.full(4, at)))


@pytest.mark.parametrize("of", ["floats", "mixed", "grid"])
def test_columns_are_smooth_stepped_or_nominal_and_samples_lie_on_their_values(of: str) -> None:
    pytest.importorskip("cmaes", reason="needs the extra 'bo'")
    s = {"floats": floats(), "mixed": mixed(), "grid": grid()}[of]
    c = columns_of(s)
    assert sorted(c.tuned) == list(range(s.d))
    if of == "mixed":
        kinds = [[s.names[j] for j in part] for part in (c.smooth, c.stepped, c.nominal)]
        assert [sorted(k) for k in kinds] == [["depth", "rate", "x"], ["few", "size"], ["colour", "kind"]]
    strategy = Strategy(run_of(s, []), np.full(s.d, 0.5), 0.3, None)
    rng = np.random.default_rng(0)
    for _ in range(4):
        asked = [strategy.ask() for _ in range(strategy.size)]
        x = np.array([a for a, _ in asked])
        for j in c.stepped + c.nominal:
            h = s.hyperparameters[j]
            assert h.units(h.numbers(x[:, j])) == pytest.approx(x[:, j])
        strategy.tell([sample for _, sample in asked], rng.random(strategy.size).tolist())


@pytest.mark.long
def test_a_strategy_that_has_converged_starts_again_elsewhere() -> None:
    pytest.importorskip("cmaes", reason="needs the extra 'bo'")
    s = floats(1)
    x = drive(make_optimizer("cma-es"), Context(s, 700.0), lambda x: -float(abs(x[0] - 0.2)), 700)[:, 0]
    near = abs(x - 0.2) < 1e-6
    assert near.any()
    assert (abs(x[near.argmax() + 1 :] - 0.2) > 0.3).any()


# ---------------------------------------------------------------------- TPE
@pytest.mark.long
def test_proposals_are_those_of_a_study_of_optuna_with_the_same_seed() -> None:
    optuna = pytest.importorskip("optuna", reason="needs the extra 'bo'")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    s, trials = mixed(), 45

    def score(config: Any) -> float:
        near = -abs(math.log(config["depth"] / 20)) - abs(config["x"] - 0.5)
        return near + {"a": 0.0, "b": 1.5 - abs(math.log(config.get("rate", 1.0))), "c": 1.0}[config["kind"]]

    def objective(trial: Any) -> float:
        c: dict[str, Any] = {
            "colour": None,
            "depth": trial.suggest_int("depth", 1, 300, log=True),
            "kind": "abc"[trial.suggest_categorical("kind", range(3))],
            "size": "stuvw"[trial.suggest_int("size", 0, 4)],
            "x": trial.suggest_float("x", -1.0, 1.0),
        }
        if c["kind"] != "a":
            c["few"] = trial.suggest_int("few", 0, 4)
        if c["kind"] == "b":
            c["rate"] = trial.suggest_float("rate", 1e-4, 1.0, log=True)
        if c.get("few", 0) > 1:
            c["colour"] = "rgb"[trial.suggest_categorical("colour", range(3))]
        asked.append({k: v for k, v in c.items() if v is not None})
        return score(c)

    asked: list[dict[str, Any]] = []
    seed = int(np.random.default_rng(7).integers(2**31))
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)
    study, context = optuna.create_study(direction="maximize", sampler=sampler), Context(s, float(trials), starts=1)
    begin = list(itertools.islice(Run(context, np.random.default_rng(0)).stream, 10))
    for x in begin:  # known to the study, as what is given is
        study.add_trial(finished(s, x, score(s.from_unit(x))))
        asked.append(s.from_unit(x))
    study.optimize(objective, n_trials=trials - 10)
    ours = s.decode(drive(make_optimizer("tpe"), context, lambda x: score(s.from_unit(x)), trials, 7))
    assert len({c["kind"] for c in ours[10:]}) > 1
    for mine, theirs in zip(ours, asked, strict=True):
        assert set(mine) == set(theirs)
        for key, value in theirs.items():
            assert mine[key] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value)


def test_a_study_learns_the_row_that_stood_for_its_proposal() -> None:
    optuna = pytest.importorskip("optuna", reason="needs the extra 'bo'")
    s = floats(2)
    pool = s.sample(np.random.default_rng(0), 40)
    optimizer: Any = make_optimizer("tpe")
    studies: list[Any] = []
    made = optimizer._study
    optimizer._study = lambda seed: studies.append(made(seed)) or studies[-1]
    x = drive(optimizer, Context(s, 20.0, pool=pool), bowl, 20)
    assert set(keys(x)) <= set(keys(pool))
    optimizer.ask()
    (study,) = studies
    learned = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    assert s.encode([t.params for t in learned]) == pytest.approx(x)
    assert [t.value for t in learned] == pytest.approx([bowl(p) for p in x])


def test_what_a_hyperparameter_depends_on_is_suggested_before_it() -> None:
    optuna = pytest.importorskip("optuna", reason="needs the extra 'bo'")
    data = mixed().to_json()
    data["hyperparameters"] = data["hyperparameters"][::-1]  # children first
    s = SearchSpace(data)
    depth = {s.names[j]: i for i, level in enumerate(s.layers) for j in level}
    assert depth == {"kind": 0, "depth": 0, "size": 0, "x": 0, "rate": 1, "few": 1, "colour": 2}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(40):
        trial = study.ask()
        config = s.from_unit(suggested(trial, s))
        assert set(trial.params) == set(config)
        study.tell(trial, 0.0)


# ---------------------------------------------------------------------- Gaussian process
def sample_of(n: int = 12, d: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    x = rng.random((n, d))
    return x, np.sin(5.0 * x[:, 0]) + 3.0 * x[:, 1] + 0.1 * rng.normal(size=n) + 40.0, rng.random((30, d))


def sklearn_of(process: GaussianProcess, x: np.ndarray) -> Any:
    """scikit-learn's process of the same standardised scores, with the same hyperparameters."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern

    kernel = ConstantKernel(process.variance) * Matern(np.exp(process.log_parameters[:-1]), nu=2.5)
    noise = process.variance * (np.exp(process.log_parameters[-1]) + 1e-6)
    return GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(x, process.z)


def test_predictions_are_those_of_scikit_learn_for_the_same_hyperparameters() -> None:
    pytest.importorskip("sklearn", reason="needs the extra 'bo'")
    x, y, at = sample_of()
    process = GaussianProcess(x, y, np.log([0.4, 0.9, 2.0, 1e-3]))
    mean, sd = sklearn_of(process, x).predict(at, return_std=True)
    ours = process.predict(at)
    assert ours[0] == pytest.approx(mean * y.std() + y.mean(), rel=1e-9)
    assert ours[1] == pytest.approx(sd * y.std(), rel=1e-6)


def test_one_score_left_out_is_predicted_as_by_a_process_without_it() -> None:
    pytest.importorskip("sklearn", reason="needs the extra 'bo'")
    x, y, _ = sample_of()
    process = GaussianProcess(x, y, np.log([0.4, 0.9, 2.0, 1e-3]))
    model, (means, sds) = sklearn_of(process, x), process.leave_one_out()
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        mean, sd = model.fit(x[rest], process.z[rest]).predict(x[i : i + 1], return_std=True)
        assert means[i] == pytest.approx(mean[0] * y.std() + y.mean(), rel=1e-9)
        assert sds[i] == pytest.approx(np.sqrt(sd[0] ** 2 + model.alpha) * y.std(), rel=1e-6)


def test_the_loss_is_the_likelihood_of_scikit_learn_at_the_variances_estimate_and_the_prior() -> None:
    pytest.importorskip("sklearn", reason="needs the extra 'bo'")
    x, y, _ = sample_of()
    p = np.log([0.4, 0.9, 2.0, 1e-3])
    process, n = GaussianProcess(x, y, p), len(y)
    likelihood = sklearn_of(process, x).log_marginal_likelihood_value_
    centre = prior_centre(3)
    prior = 0.5 * ((p[:3] - centre[:3]) ** 2).sum() + 0.5 * ((p[3] + 6.0) / 2.0) ** 2
    quadratic = process.variance * (n + 1) - 1.0
    expected = -likelihood - 0.5 * quadratic / process.variance - 0.5 * n * np.log(2.0 * np.pi) + prior
    assert Loss(x, process.z, centre)(p)[0] == pytest.approx(expected, rel=1e-9)


def test_the_gradient_of_the_loss_is_its_slope_and_vanishes_where_the_search_ends() -> None:
    x, y, _ = sample_of()
    centre, step = prior_centre(3), 1e-5
    loss = Loss(x, (y - y.mean()) / y.std(), centre)
    for p in (centre, np.log([0.4, 0.9, 2.0, 1e-3])):
        slope = [(loss(p + e)[0] - loss(p - e)[0]) / (2 * step) for e in np.eye(4) * step]
        assert loss(p)[1] == pytest.approx(slope, abs=1e-6)
    found = GaussianProcess.fit(x, y, iterations=200).log_parameters
    assert loss(found)[1] == pytest.approx(np.zeros(4), abs=1e-2)


def test_columns_of_choices_by_hand() -> None:
    """The root of a half where a choice is taken: two other choices are 1 apart, as the ends of a range."""
    space = ConfigurationSpace()
    space.add(Categorical("c", ["p", "q", "r"]), Float("u", (0.0, 1.0)))
    columns, half = Columns(SearchSpace(space), one_hot=True), math.sqrt(0.5)
    x = columns.space.encode([{"c": "p", "u": 0.0}, {"c": "r", "u": 0.25}])
    assert columns(x).tolist() == [[half, 0, 0, 0], [0, 0, half, 0.25]]
    pool = Pool(columns.space, x)
    assert columns(pool.x, pool) is columns(pool.x, pool) and columns(pool.x, pool).tolist() == columns(x).tolist()
    assert Columns(columns.space, one_hot=False)(x) is x


# ---------------------------------------------------------------------- SMAC
@pytest.mark.long
def test_after_a_random_design_proposals_are_those_of_smacs_own_facade_with_the_same_seed(tmp_path: Path) -> None:
    smac = pytest.importorskip("smac", reason="needs the extra 'smac'")
    from hpo_baselines.smac import ordered

    s, seed = mixed(), int(np.random.default_rng(7).integers(2**31))
    x = drive(make_optimizer("smac"), Context(s, 20.0, starts=3), bowl, 20, 7)
    assert np.array_equal(x[:5], drive(make_optimizer("random"), Context(s, 20.0, starts=3), bowl, 5))  # a quarter
    facade = smac.HyperparameterOptimizationFacade
    scenario = smac.Scenario(s.config_space, output_directory=tmp_path, deterministic=True, n_trials=20, seed=seed)
    none = facade.get_initial_design(scenario, n_configs=0)
    search = ordered(facade.get_acquisition_maximizer(scenario))
    theirs = facade(
        scenario, initial_design=none, acquisition_maximizer=search, logging_level=False, overwrite=True
    )  # fmt: skip
    history = smac.runhistory
    for point in x[:5]:
        config = Configuration(s.config_space, values=s.from_unit(point))
        theirs.tell(history.TrialInfo(config, seed=0), history.TrialValue(cost=-bowl(point)), save=False)
    expected = []
    for _ in range(15):
        info = theirs.ask()
        expected.append(s.to_unit(dict(info.config)))
        theirs.tell(info, history.TrialValue(cost=-bowl(expected[-1])), save=False)
    assert np.array_equal(x[5:], np.array(expected))


@pytest.mark.long
def test_costs_keep_the_order_of_scores_and_are_of_a_size_that_smac_can_scale() -> None:
    pytest.importorskip("smac", reason="needs the extra 'smac'")
    from hpo_baselines.smac import cost_of

    scores = [-1e308, -1e9, -1000.5, -1000.0, -3.0, 0.0, 0.5, 1000.0, 1001.0, 1e12, 1e308]
    costs = [cost_of(score) for score in scores]
    assert costs == sorted(costs, reverse=True)
    assert len(set(costs)) == len(costs)
    assert costs[4:8] == [3.0, 0.0, -0.5, -1000.0]
    assert all(c - 1e-10 != c for c in costs)


# ---------------------------------------------------------------------- genetic algorithm from a portfolio
def test_after_the_portfolio_children_come_of_the_best_by_hand() -> None:
    s = floats(1)
    pool = s.snap(np.array([[0.0], [0.1], [0.25], [0.45], [0.7], [1.0]]))
    scores = ([0.0, 0.0, 1.0, 0.0, 0.0, 0.6], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0])  # together 1 and .25 are the best two
    prior = tuple(
        Evaluations(f"t{i}", f"t{i}", pool, np.array(y), np.ones(6), np.zeros(6, np.int8)) for i, y in enumerate(scores)
    )
    # Of 64 draws the best is a parent, and a child without crossing and mutation is that parent: it was tried, so the
    # nearest that was not stands for it. Of .25: .1, then .45, which is nearer to .37; of .45: .7.
    alike = make_optimizer("ga-portfolio", population=2, crossover=0.0, mutation=0.0, tournament=64)
    asked = drive(alike, Context(s, 5.0, pool=pool, prior=prior), bowl, 5)
    assert asked[:, 0] == pytest.approx([1.0, 0.25, 0.1, 0.45, 0.7])
