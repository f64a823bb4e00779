"""Few-shot Bayesian optimization: its process against another one, and what training learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="FSBO needs: pip install 'hpo-gym[rl]'")

import objectives  # noqa: E402
from small import made  # noqa: E402
from toys import gappy, plain  # noqa: E402

from hpo_baselines._maml.tasks import Known  # noqa: E402
from hpo_baselines._models.deep_kernel import DeepKernel, Plan, draw, train_kernel  # noqa: E402
from hpo_baselines._models.networks import weights_of  # noqa: E402
from hpo_baselines.fsbo import FewShotBO  # noqa: E402
from hpo_baselines.greedy_portfolio import portfolio_of  # noqa: E402
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
@pytest.mark.long
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
