"""Baselines of several objectives: their numbers by hand, what they are told, and that they find trade-offs."""

from typing import Any

import numpy as np
import pytest

from hpo_baselines._runs.baseline import Ground
from hpo_baselines._runs.several import VectorRun
from hpo_baselines.parego import chebyshev
from hpo_gym.base.errors import HPOGymError
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.objectives.objective import Objective
from hpo_gym.problem.space.forms import read_space
from hpo_gym.problem.trial import Query, Status, Trial
from hpo_gym.suites.own.suite import TableSuite, table_suite

SIZE = (Objective("size"),)
NAMES = [name for name in ("nsga2", "parego") if OPTIMIZERS.installed(name)]


def test_one_number_of_two_objectives_by_hand() -> None:
    vectors = np.array([[0.0, 10.0], [1.0, 0.0], [0.5, 5.0], [-1.0, -10.0]])
    good = np.array([True, True, True, False])
    # what each lacks of the best, in ranges of the successes, times its weight
    lacks = [(0.75, 0.0), (0.0, 0.25), (0.375, 0.125), (1.5, 0.5)]
    expected = [-(max(a, b) + 0.05 * (a + b)) for a, b in lacks]
    assert chebyshev(vectors, good, np.array([0.75, 0.25])).tolist() == pytest.approx(expected)


def test_an_objective_that_does_not_vary_says_nothing() -> None:
    vectors = np.array([[0.0, 3.0], [1.0, 3.0]])
    assert chebyshev(vectors, np.ones(2, bool), np.array([0.5, 0.5])).tolist() == pytest.approx([-0.525, 0.0])


def run_of(objectives: Any = None, further: tuple[Objective, ...] = SIZE) -> VectorRun:
    context = Context(read_space({"x": (0.0, 1.0)}), 10.0, objectives=further)
    return VectorRun(context, np.random.default_rng(0), Ground(context), objectives)


def test_a_run_has_the_score_and_all_that_is_told_beside_it_or_the_cost() -> None:
    assert run_of().outcomes.names == ("score", "size")
    assert run_of(further=()).outcomes.names == ("score", "cost")
    assert run_of(["cost", "size"]).outcomes.names == ("cost", "size")


def test_a_failure_is_below_all_successes_in_each_objective() -> None:
    run = run_of()
    score, cost, size = np.array([0.5, 0.9, 0.2]), np.ones(3), np.array([[10.0], [4.0], [7.0]])
    run.came(score, cost, size, np.array([0, 7, 0], np.int8))
    # successes span score .2 .. .5 and -size -10 .. -7
    assert run.vectors().tolist() == [[0.5, -10.0], [pytest.approx(-0.1), -13.0], [0.2, -7.0]]
    lost = run_of()
    lost.came(score, cost, size, np.array([1, 7, 2], np.int8))
    assert lost.vectors().tolist() == [[0.0, 0.0]] * 3


def trade() -> TableSuite:
    """41 x 10 x 10 points: the front is where j = k = 0, and both objectives fall with either."""
    rows = [{"i": i, "j": j, "k": k} for i in range(41) for j in range(10) for k in range(10)]
    i, j, k = np.array([[r["i"], r["j"], r["k"]] for r in rows], np.float64).T
    off, space = 4.0 * (j + k), {"i": (0, 40), "j": (0, 9), "k": (0, 9)}
    size = {"values": [i + off], "direction": "minimize"}
    return table_suite("Trade", space, rows, [i - off], tasks=["t"], objectives={"size": size})


@pytest.mark.parametrize("name", NAMES)
def test_what_is_told_of_a_trial_is_its_own_vector(name: str) -> None:
    task = trade().task("t")
    optimizer: Any = make_optimizer({"name": name, "objectives": ["size", "score"]})
    history = rollout(optimizer, task, 8)
    vectors = optimizer._runs[0].vectors()
    assert vectors.tolist() == [[-t.objectives["size"], t.score] for t in history]
    assert len({tuple(t.config.items()) for t in history}) == 8


@pytest.mark.parametrize("name", NAMES)
def test_constraints_keep_it_among_what_is_feasible(name: str) -> None:
    from hpo_gym.suites.own.constrained import constrained

    suite = table_suite("C", {"i": (0, 99)}, [{"i": i} for i in range(100)], [np.arange(100.0)], tasks=["t"],
                        objectives={"size": {"values": [np.arange(100.0)], "direction": "minimize"}})  # fmt: skip
    task = constrained(suite, {"size": 50.0}).task("t")
    history = rollout(make_optimizer(name), task, 40)
    late = [t.status is Status.OK for t in history[20:]]
    assert np.mean(late) > 0.6  # half of all rows


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("settings", "message"),
    [({"objectives": ["score", "sise"]}, "No objective 'sise'"), ({"objectives": []}, "a list")],
)
def test_unknown_objectives_are_refused_at_the_first_reset(name: str, settings: Any, message: str) -> None:
    optimizer = make_optimizer({"name": name, **settings})
    with pytest.raises(HPOGymError, match=message):
        optimizer.reset(Context.of(trade().task("t"), 10), np.random.default_rng(0))


@pytest.mark.skipif("nsga2" not in NAMES, reason="pymoo is not installed")
def test_the_first_children_are_those_of_the_library_itself() -> None:
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.evaluator import Evaluator
    from pymoo.core.population import Population
    from pymoo.core.problem import Problem
    from pymoo.problems.static import StaticProblem

    space = read_space({"x": (0.0, 1.0), "y": (0.0, 1.0)})
    context = Context(space, 40.0)
    optimizer: Any = make_optimizer({"name": "nsga2", "population": 8})
    optimizer.reset(context, np.random.default_rng(3))
    x, f = [], []
    reported = []
    for t in range(16):
        query = optimizer.ask()
        point = space.to_unit(query.config)
        reported.append(point)
        score, cost = float(point[0]), float((point[0] - point[1]) ** 2)
        if t < 8:
            x.append(point)
            f.append([-score, cost])
        optimizer.tell(Trial(Query(query.config), score, cost))
    rng = np.random.default_rng(3)
    rng.integers(2**63)  # the seed of the random configurations
    problem = Problem(n_var=2, n_obj=2, xl=0.0, xu=1.0)
    library = NSGA2(pop_size=8, sampling=Population.new(X=np.array(x)))
    library.setup(problem, termination=("n_gen", 9), seed=int(rng.integers(2**31)), verbose=False)
    first = library.ask()
    Evaluator().eval(StaticProblem(problem, F=np.array(f)), first)
    library.tell(infills=first)
    assert np.allclose(np.array(reported[8:]), library.ask().get("X"))
