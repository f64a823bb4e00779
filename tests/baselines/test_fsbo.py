"""Few-shot Bayesian optimization: its process against another one, and what training learns."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="FSBO needs: pip install 'hpo-gym[rl]'")

import objectives  # noqa: E402
from small import made, trained  # noqa: E402
from toys import gappy, plain, ragged  # noqa: E402

from hpo_baselines._maml.tasks import Known  # noqa: E402
from hpo_baselines._models.deep_kernel import DeepKernel, Plan, draw, kernel_from, train_kernel  # noqa: E402
from hpo_baselines._models.networks import weights_of  # noqa: E402
from hpo_baselines._transfer.tables import evaluations_of, priors_without  # noqa: E402
from hpo_baselines.fsbo import FewShotBO  # noqa: E402
from hpo_baselines.greedy_portfolio import portfolio_of  # noqa: E402
from hpo_gym.base.errors import DamagedDataError, InvalidValueError  # noqa: E402
from hpo_gym.optimize.learning.saved import read_saved, write_saved  # noqa: E402
from hpo_gym.optimize.protocol import Context  # noqa: E402
from hpo_gym.problem.task import Task  # noqa: E402


def make(**settings: Any) -> FewShotBO:
    optimizer = made("fsbo", **settings)
    assert isinstance(optimizer, FewShotBO)
    return optimizer


def kernel(inputs: int = 3, seed: int = 0) -> DeepKernel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return DeepKernel(inputs, 8)


def points(seed: int, n: int = 9, inputs: int = 3) -> tuple[Any, Any]:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, inputs, generator=g, dtype=torch.float64), torch.rand(n, generator=g, dtype=torch.float64)


# ---------------------------------------------------------------------- the process
def test_the_process_is_that_of_gpytorch() -> None:
    gpytorch = pytest.importorskip("gpytorch", reason="needs the extra 'bo'")
    (x, y), (at, _), deep = points(1), points(2, 5), kernel()
    own = deep.kernel

    class Process(gpytorch.models.ExactGP):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(deep.phi(x).detach(), y, likelihood)
            self.mean_module = gpytorch.means.ConstantMean()
            self.covar_module = gpytorch.kernels.ScaleKernel(gpytorch.kernels.MaternKernel(2.5))

        def forward(self, z: Any) -> Any:
            return gpytorch.distributions.MultivariateNormal(self.mean_module(z), self.covar_module(z))

    likelihood = gpytorch.likelihoods.GaussianLikelihood().double()
    process = Process().double()
    process.mean_module.constant = float(own["mean"])
    process.covar_module.outputscale = float(own["log_signal"].exp())
    process.covar_module.base_kernel.lengthscale = float(own["log_length"].exp())
    likelihood.noise = float(own["log_noise"].exp()) + 1e-4 + 1e-6
    process.train()
    with torch.no_grad():
        likelihood_of = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, process)
        expected = -likelihood_of(process(*process.train_inputs), y)
        assert float(deep(x, y)) == pytest.approx(float(expected), abs=1e-5)
        process.eval()
        said = process(deep.phi(at))
        mean, sd = deep.posterior(x, y, at)
        assert mean.tolist() == pytest.approx(said.mean.tolist(), abs=1e-5)
        assert sd.tolist() == pytest.approx(said.stddev.tolist(), abs=1e-4)


def test_several_tasks_at_once_have_the_likelihood_of_each_alone() -> None:
    tasks, deep = [points(i) for i in range(3)], kernel()
    at_once = deep(*(torch.stack(t) for t in zip(*tasks, strict=True)))
    torch.testing.assert_close(at_once, torch.stack([deep(x, y) for x, y in tasks]))


def test_adaptation_raises_the_likelihood_of_the_trials_and_leaves_what_was_learned() -> None:
    deep, (x, y) = kernel(), points(3)
    before = weights_of(deep)
    adapted = deep.adapted(x, y, steps=30, rate=0.01)
    assert adapted(x, y).item() < deep(x, y).item() - 0.1
    assert all(np.array_equal(p, before[name]) for name, p in weights_of(deep).items())
    one = weights_of(deep.adapted(x[:1], y[:1], steps=30, rate=0.01))  # of one trial nothing is learned
    assert all(np.array_equal(p, before[name]) for name, p in one.items())


# ---------------------------------------------------------------------- training
def known(k: int = 8, m: int = 60, seed: int = 0) -> list[Known]:
    """Of two columns only the first matters, in the same way on all tasks up to its sign."""
    rng, out = np.random.default_rng(seed), []
    for _ in range(k):
        x = rng.uniform(-1, 1, (m, 2)).astype(np.float32)
        wave = np.sin(6.0 * x[:, 0]) * rng.choice([-1.0, 1.0])
        out.append(Known(x, ((wave + 1.0) / 2.0).astype(np.float32), np.zeros(0, np.int64)))
    return out


@pytest.mark.long
def test_a_trained_kernel_predicts_a_new_task_from_few_points() -> None:
    plan = Plan(hidden=32, tasks=8, points=30, outer_steps=150, outer_lr=0.005)
    trained = train_kernel(known(), [], np.random.default_rng(0), plan)
    untrained = train_kernel(known(), [], np.random.default_rng(0), Plan(32, 8, 30, 0, 0.005))
    errors: dict[str, list[float]] = {"trained": [], "untrained": []}
    with torch.no_grad():
        for t in known(12, seed=9):
            x, y = torch.from_numpy(t.x).double(), torch.from_numpy(t.y).double()
            for name, deep in (("trained", trained), ("untrained", untrained)):
                mean, _ = deep.posterior(x[:10], y[:10], x[10:])
                errors[name].append(float(((mean - y[10:]) ** 2).mean()))
    assert np.mean(errors["trained"]) < 0.5 * np.mean(errors["untrained"])


def test_validation_keeps_a_moment_that_training_passed() -> None:
    plan = Plan(hidden=4, tasks=3, points=5, outer_steps=12, outer_lr=0.5)  # so large a step that the end is no good
    held = known(3, seed=4)
    kept = weights_of(train_kernel(known(), held, np.random.default_rng(0), plan))
    assert all(np.isfinite(p).all() for p in kept.values())
    same = weights_of(train_kernel(known(), held, np.random.default_rng(0), plan))
    assert all(np.array_equal(p, same[name]) for name, p in kept.items())


def test_scores_come_on_random_scales_and_points_are_not_drawn_twice() -> None:
    plan = Plan(hidden=4, tasks=5, points=40, outer_steps=1, outer_lr=0.1)
    rng, spans = np.random.default_rng(0), []
    for _ in range(50):
        x, y = draw(known(), rng, plan)
        assert (x.shape, y.shape) == ((5, 40, 2), (5, 40))
        assert all(len({tuple(row) for row in task}) == 40 for task in x.tolist())
        spans += (y.max(1).values - y.min(1).values).tolist()
    assert min(spans) < 1.2
    assert 5.0 < max(spans) < 10.0 + 1e-6  # a task's range is 1, a scale's at least a tenth of it


def test_torch_is_left_as_it_was() -> None:
    torch.manual_seed(5)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    train_kernel(known(), [], np.random.default_rng(0), Plan(4, 2, 5, 1, 0.1))
    kernel_from(weights_of(kernel()), 3, 8)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads


# ---------------------------------------------------------------------- tables of training tasks
def test_a_prior_holds_no_relative_of_its_task() -> None:
    tables = evaluations_of(gappy().members, np.random.default_rng(0))
    priors = priors_without(tables, np.random.default_rng(0), 3)
    for e, prior in zip(tables, priors, strict=True):
        assert e.family not in {other.family for other in prior}
        assert len(prior) >= len(tables) // 2
    assert len({id(p) for p in priors}) == 3


def test_tables_of_training_tasks_are_those_of_the_suite() -> None:
    for suite in (gappy(), plain(), ragged()):
        mine = evaluations_of(suite.tasks("train"), np.random.default_rng(0))
        for found, e in zip(mine, suite.prior(), strict=True):
            there = ~np.isnan(e.score)
            assert (found.name, found.family, found.x.shape) == (e.name, e.family, e.x.shape)
            assert np.array_equal(found.score, e.score, equal_nan=True)
            assert np.array_equal(found.status[there], e.status[there])


# ---------------------------------------------------------------------- the optimizer
def test_the_first_trials_are_the_portfolio_of_the_tasks_trained_on() -> None:
    suite, optimizer = plain(), make(warm_start=4)
    optimizer.train(suite.tasks("train"), np.random.default_rng(0))
    portfolio = portfolio_of(suite.space, suite.prior())
    assert portfolio is not None
    expected = suite.space.decode(np.array([portfolio.x[portfolio.entry(i)] for i in range(4)]))
    task = suite.tasks("test")[0]
    trials = objectives.loop(optimizer_at(optimizer, task), task, budget=4)
    assert [dict(t.config) for t in trials] == expected
    given = [task.run(expected[1])]
    trials = objectives.loop(optimizer_at(optimizer, task), task, budget=3, init=given)
    assert [dict(t.config) for t in trials] == [expected[1], expected[0], expected[2], expected[3]]


def optimizer_at(optimizer: FewShotBO, task: Task) -> FewShotBO:
    optimizer.reset(Context.of(task, objectives.BUDGET), np.random.default_rng(3))
    return optimizer


@pytest.mark.long
def test_a_ridge_whose_place_differs_from_task_to_task_is_found_in_ten_trials() -> None:
    """Of four columns one matters: the kernel knows which, and the run's own scores say where the ridge is."""
    optimizer = make(hidden=16, points=30, outer_steps=150, outer_lr=0.005, tasks=6, inner_steps=0, warm_start=1)
    optimizer.train([ridge(c) for c in (0.1, 0.3, 0.5, 0.7, 0.9, 0.2)], np.random.default_rng(0))
    reached = []
    for seed in range(5):
        task = ridge(0.8)
        optimizer.reset(Context.of(task, 10.0), np.random.default_rng(seed))
        reached.append(max(t.score for t in objectives.loop(optimizer, task, budget=10)))
    assert np.median(reached) > -0.01


def ridge(at: float) -> Task:
    return objectives.Objective(
        f"ridge-{at}", f"ridge-{at}", "Test", objectives.space("floats"), 0.0, -1.0,
        function=lambda x: -((x[:, 0] - at) ** 2),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"hidden": 0}, "hidden"), ({"points": 1}, "points"), ({"inner_steps": -1}, "inner_steps"),
        ({"warm_start": 65}, "warm_start <= 64"), ({"outer_lr": 0.0}, "outer_lr > 0"),
        ({"inner_lr": math.nan}, "inner_lr > 0"),
    ],
)  # fmt: skip
def test_impossible_settings_are_refused(settings: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidValueError, match=rule):
        make(**settings).train(gappy().tasks("train"), np.random.default_rng(0))


def test_steps_bound_the_points_that_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    import hpo_baselines._models.deep_kernel as module

    drawn = []

    def counted(*arguments: Any) -> Any:
        out = draw(*arguments)
        drawn.append(out[1].numel())
        return out

    monkeypatch.setattr(module, "draw", counted)
    for steps in (0, 17, 100):
        drawn.clear()
        make(outer_steps=1000).train(gappy().tasks("train"), np.random.default_rng(0), steps=steps)
        assert steps - 18 < sum(drawn) <= steps  # of three tasks, six points each


# ---------------------------------------------------------------------- files
def test_the_file_of_another_optimizer_is_refused(tmp_path: Path) -> None:
    about, arrays = read_saved(trained("fsbo").folder, "fsbo", 1)
    write_saved(tmp_path, "maml", about, arrays, weights=True)
    with pytest.raises(DamagedDataError, match="`optimizer` and `version`"):
        make().load(tmp_path)


def test_arrays_that_are_not_the_kernels_are_refused() -> None:
    arrays = weights_of(kernel())
    for wrong in (
        {**arrays, "phi.0.bias": np.zeros(3)},
        {name: p for name, p in arrays.items() if name != "kernel.mean"},
        {**arrays, "more": np.zeros(1)},
        {**arrays, "kernel.mean": np.array([np.nan])},
    ):
        with pytest.raises(InvalidValueError, match="must be"):
            kernel_from(wrong, 3, 8)
