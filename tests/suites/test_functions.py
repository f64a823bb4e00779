"""Function tasks: their optima, their names, their bits, their noise."""

import numpy as np
import pytest

from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.task import SeparateTasks, noise_keys
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.tasks.formulas import FORMULAS
from hpo_gym.suites.tasks.function import FunctionBatch, function_name, function_task

KINDS = [(f.name, d) for f in FORMULAS.values() for d in f.dims if d <= 8]
NAMES = [function_name(name, d, seed) for name, d in KINDS if d <= 6 for seed in (0, 17)]

# Values printed in the literature (Surjanovic and Bingham) or worked by hand from the definitions.
LITERATURE = [
    ("ackley", (0, 0), 0.0),
    ("ackley", (1, 1), 20 - 20 * np.exp(-0.2) + np.e - np.e),
    ("beale", (3, 0.5), 0.0),
    ("beale", (0, 0), 1.5**2 + 2.25**2 + 2.625**2),
    ("branin", (-np.pi, 12.275), 0.397887),
    ("branin", (np.pi, 2.275), 0.397887),
    ("branin", (9.42478, 2.475), 0.397887),
    ("branin", (0, 0), 55.602113),
    ("dixon-price", (1, 2**-0.5), 0.0),
    ("dixon-price", (0, 0, 1), 1 + 3 * 4.0),
    ("drop-wave", (0, 0), -1.0),
    ("ellipsoid", (1, 1, 1), 1 + 1e3 + 1e6),
    ("goldstein-price", (0, -1), 3.0),
    ("goldstein-price", (-0.6, -0.4), 30.0),
    ("goldstein-price", (1.8, 0.2), 84.0),
    ("griewank", (0, 0, 0), 0.0),
    ("griewank", (100.0,), 1 + 2.5 - np.cos(100.0)),
    ("hartmann", (0.114614, 0.555649, 0.852547), -3.86278),
    ("hartmann", (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573), -3.32237),
    ("himmelblau", (-2.805118, 3.131312), 0.0),
    ("himmelblau", (3.584428, -1.848126), 0.0),
    ("himmelblau", (0, 0), 170.0),
    ("levy", (1, 1, 1), 0.0),
    ("levy", (5.0,), 1.0),
    ("powell", (3, -1, 0, 1), 215.0),
    ("rastrigin", (1, 2, 3), 14.0),
    ("rosenbrock", (-1.2, 1), 24.2),
    ("salomon", (0.5, 0), 2.05),
    ("schwefel", (420.968746, 420.968746), 0.0),
    ("schwefel", (0, 0), 2 * 418.982887),
    ("shekel", (4, 4, 4, 4), -10.5363),
    ("shekel", (1, 1, 1, 1), -5.1285),
    ("six-hump-camel", (0.0898, -0.7126), -1.0316285),
    ("six-hump-camel", (-0.0898, 0.7126), -1.0316285),
    ("six-hump-camel", (1, 1), 4 - 2.1 + 1 / 3 + 1),
    ("sphere", (1, 2), 5.0),
    ("styblinski-tang", (-2.903534, -2.903534), -78.33233),
    ("three-hump-camel", (1, 1), 2 - 1.05 + 1 / 6 + 2),
    ("zakharov", (1, 1), 2 + 1.5**2 + 1.5**4),
]


@pytest.mark.parametrize(("name", "point", "value"), LITERATURE)
def test_formula_has_its_value_of_the_literature(name, point, value):
    z = np.array(point, float)[:, None]
    assert FORMULAS[name].value(z)[0] == pytest.approx(value, rel=2e-5, abs=2e-5)


@pytest.mark.parametrize(("name", "d"), KINDS)
def test_minimum_is_at_the_minimiser_and_nothing_anywhere_is_lower(name, d):
    f, rng = FORMULAS[name], np.random.default_rng(0)
    at = np.array(f.minimiser(d), float)[:, None]
    assert f.value(at)[0] == pytest.approx(f.minimum(d), abs=1e-12 * max(1.0, 420.0 * d if name == "schwefel" else 1.0))
    width = (np.broadcast_to(f.high, d) - np.broadcast_to(f.low, d))[:, None]
    for spread in (3.0, 0.5, 0.05, 1e-3, 1e-6):  # far outside the box, down to a local search around the minimiser
        z = at + spread * width * rng.standard_normal((d, 4000))
        assert f.value(z).min() >= f.minimum(d) - 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_known_optimum_scores_best_and_nothing_scores_more(name):
    task, rng = function_task(name), np.random.default_rng(1)
    d, best = task.space.d, task.optimum_x
    assert ((best > 0) & (best < 1)).all()
    assert np.array_equal(task.space.snap(best[None])[0], best)
    assert task.noise_free(best[None])[0] == pytest.approx(task.best, abs=1e-9)
    near = [np.clip(best + s * rng.standard_normal((1000, d)), 0, 1) for s in (0.1, 1e-2, 1e-4)]
    x = np.concatenate([rng.random((20_000, d)), *near])
    z = task.landscape.at(np.zeros(len(x), int), x)
    assert task.formula.value(z).min() >= task.formula.minimum(d) - 1e-9  # scores are clipped at `best`, values are not
    scores = task.noise_free(x)
    assert np.isfinite(scores).all()
    assert scores.max() <= task.best
    assert task.worst < np.median(scores) < task.best


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("brannin-d2-s1", UnknownNameError, "Did you mean 'branin'"),
        ("branin-d2", UnknownNameError, "Did you mean 'branin-d2-s0'"),
        ("branin-d2-s-1", UnknownNameError, "<function>-d<dimension>-s<seed>"),
        ("branin-d3-s1", InvalidValueError, "nearest is 2"),
        ("hartmann-d5-s1", InvalidValueError, "nearest is 6"),
        ("ackley-d0-s1", InvalidValueError, "nearest is 1"),
        ("branin-d2-s01", InvalidValueError, "write 'branin-d2-s1'"),
        ("branin-d2-s1-n0.10", InvalidValueError, "write 'branin-d2-s1-n0.1'"),
        ("branin-d2-s1-n0", InvalidValueError, "write 'branin-d2-s1'"),
        ("branin-d2-s1000000000", InvalidValueError, "seed <= 999999999"),
        ("branin-d2-s1-n11", InvalidValueError, "noise <= 10"),
    ],
)
def test_wrong_name_is_refused_with_the_nearest(name, error, message):
    with pytest.raises(error, match=message):
        function_task(name)


# ------------------------------------------------------------------ bits
def instance(n):
    return np.random.default_rng(7).integers(0, 2**63, n).astype(np.uint64)


def test_a_bank_a_task_and_single_points_give_the_same_bits():
    tasks = [function_task(name) for name in [*NAMES, "branin-d2-s17-n0.1", "ackley-d4-s3-n0.5"]]
    fast, slow = batch_of(tasks, 6), SeparateTasks(tasks, 6)
    assert isinstance(fast, FunctionBatch)
    rng = np.random.default_rng(3)
    task, w = rng.integers(0, len(tasks), 1500), instance(1500)
    x = fast.place(task, rng.random((1500, 6)))
    assert np.array_equal(x, slow.place(task, np.asarray(x)))
    share = np.ones(1500)
    scores = fast.evaluate(task, x, share, w)[0]
    assert np.array_equal(scores, slow.evaluate(task, x, share, w)[0])
    assert np.array_equal(scores, fast.evaluate(task, x, None, w)[0])
    for i in range(0, 1500, 7):
        t = tasks[task[i]]
        one = x[i : i + 1, : t.space.d]
        keys = noise_keys(w[i : i + 1], one, np.ones(1), t)
        assert t.evaluate(one, np.ones(1), keys).score[0] == scores[i]


def test_golden_scores_have_not_moved():
    """Renew only together with the suite's version: published results depend on these values."""
    got = [function_task(n).run(function_task(n).space.default, seed=5).score for n in GOLDEN]
    assert got == pytest.approx(list(GOLDEN.values()), abs=1e-9)


GOLDEN = {
    "branin-d2-s17": -0.4065409779712742,
    "hartmann-d6-s1": -5.599944707688669,
    "schwefel-d4-s2-n0.2": -8.728749802173612,
}


# ------------------------------------------------------------------ noise
def test_noise_is_drawn_by_key():
    task, plain = function_task("branin-d2-s17-n0.1"), function_task("branin-d2-s17")
    x = task.space.sample(np.random.default_rng(0), 4000)
    one = np.ones(len(x))
    a, b = instance(len(x)), instance(len(x)) + np.uint64(1)
    first = task.evaluate(x, one, noise_keys(a, x, one, task)).score
    assert np.array_equal(first, task.evaluate(x, one, noise_keys(a, x, one, task)).score)
    assert (first != task.evaluate(x, one, noise_keys(b, x, one, task)).score).all()
    assert np.array_equal(task.noise_free(x), plain.noise_free(x))
    z = (first - plain.noise_free(x)) / (0.1 * (task.best - task.worst))
    assert abs(z.mean()) < 4 / np.sqrt(len(x))
    assert abs(z.std() - 1) < 0.05


# ------------------------------------------------------------------ the suite


def test_suite_makes_further_tasks_on_their_familys_side():
    suite = load_suite("Functions")
    assert "branin-d2-s1700" not in {t.name for t in suite.members}
    assert suite.split(suite.task("branin-d2-s1700")) == "test"
    assert suite.split(suite.task("ackley-d5-s1-n0.1")) == "train"
    assert suite.split(suite.task("powell-d4-s99")) == "val"
    assert suite.task("branin-d2-s0") in suite.members
