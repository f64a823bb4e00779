"""MAML: the oracle whose answer names the algorithm, the meta-gradient by hand, and what its optimizers do."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="MAML needs: pip install 'hpo-gym[rl]'")

import objectives  # noqa: E402
from small import made  # noqa: E402
from toys import conditional_space, gappy  # noqa: E402

from hpo_baselines._maml import training as maml_training  # noqa: E402
from hpo_baselines._maml.maml import BaseLearner, MetaLearner, mse  # noqa: E402
from hpo_baselines._maml.tasks import FAR, Encoding, Known, Scaling, draw, scaling_of, tables_of  # noqa: E402
from hpo_baselines._maml.training import METHODS, Plan, moments, negative_log_likelihood, train_ensemble  # noqa: E402
from hpo_gym.base.errors import InvalidValueError  # noqa: E402
from hpo_gym.optimize.protocol import Context  # noqa: E402
from hpo_gym.optimize.rollouts import rollout  # noqa: E402
from hpo_gym.problem.suite import Suite  # noqa: E402

A, C, ALPHA = (1.0, 4.0), (0.0, 1.0), 0.2  # L_i = a_i / 2 (theta - c_i)^2


class Point(BaseLearner):
    """theta x: with x = sqrt(a / 2) and y = x c, its squared error is a / 2 (theta - c)^2."""

    def __init__(self, theta: float = 0.0) -> None:
        super().__init__()
        self.theta = torch.nn.Parameter(torch.tensor(theta, dtype=torch.float64))

    def forward(self, x: Any) -> Any:
        return self.theta * x


def quadratic(a: float, c: float, n: int = 1) -> Any:
    x = torch.full((n,), math.sqrt(a / 2.0), dtype=torch.float64)
    return (x, x * c), (x, x * c)


ORACLE = [quadratic(a, c) for a, c in zip(A, C, strict=True)]


def end_of(learner: Any, theta: Any, batch: Any, optimizer: Any = None) -> float:
    """Where training ends."""
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.3) if optimizer is None else optimizer
    for _ in range(400):
        optimizer.zero_grad()
        learner(batch).backward()
        optimizer.step()
    return float(theta)


def network(inputs: int = 3, outputs: int = 1, seed: int = 0) -> BaseLearner:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BaseLearner(inputs, outputs, hidden=(5,)).double()


def task(seed: int, support: int = 4, query: int = 6, inputs: int = 3) -> Any:
    g = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(support + query, k, generator=g, dtype=torch.float64) for k in (inputs, 1))
    return (x[:support], y[:support]), (x[support:], y[support:])


def flat_gradient(learner: Any, batch: Any) -> Any:
    learner.zero_grad()
    learner(batch).backward()
    return torch.cat([p.grad.flatten() for p in learner.parameters()])


# ---------------------------------------------------------------------- the oracle
@pytest.mark.long
@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, 0.2), ({"first_order": True}, 0.5), ({"inner_lr": 0.0}, 0.8)],
    ids=["maml", "first order", "joint training"],
)
@pytest.mark.parametrize("by", ["adam", "sgd"])
def test_the_oracle_tells_which_algorithm_was_built(settings: dict[str, Any], expected: float, by: str) -> None:
    base = Point()
    meta = MetaLearner(base, **{"inner_lr": ALPHA, "outer_lr": 0.1, **settings})
    optimizer = meta.optimizer() if by == "adam" else torch.optim.SGD(meta.parameters(), lr=0.3)
    assert end_of(meta, base.theta, ORACLE, optimizer) == pytest.approx(expected, abs=1e-6)


# ---------------------------------------------------------------------- the meta-gradient
def test_the_meta_gradient_is_that_of_the_formula() -> None:
    """(I - alpha H) g, with H the Hessian of the support's loss and g the query's gradient at theta'."""
    base, alpha = network(), 0.1
    (x, y), (x_query, y_query) = one = task(1)
    names, shapes = zip(*[(n, p.shape) for n, p in base.named_parameters()], strict=True)
    sizes = [s.numel() for s in shapes]

    def loss(theta: Any, x: Any, y: Any) -> Any:
        parts = {n: t.reshape(s) for n, t, s in zip(names, theta.split(sizes), shapes, strict=True)}
        return ((torch.func.functional_call(base, parts, (x,)) - y) ** 2).mean()

    theta = torch.cat([p.detach().flatten() for p in base.parameters()])
    hessian = torch.autograd.functional.hessian(lambda t: loss(t, x, y), theta)
    step = theta - alpha * torch.autograd.functional.jacobian(lambda t: loss(t, x, y), theta)
    g = torch.autograd.functional.jacobian(lambda t: loss(t, x_query, y_query), step)
    by_hand = (torch.eye(len(theta)) - alpha * hessian) @ g
    torch.testing.assert_close(flat_gradient(MetaLearner(base, alpha), [one]), by_hand)
    torch.testing.assert_close(flat_gradient(MetaLearner(base, alpha, first_order=True), [one]), g)
    assert (by_hand - g).abs().max() > 1e-3  # the two can be told apart here


def test_several_inner_steps_are_those_of_plain_autograd() -> None:
    base = network()
    (x, y), (x_query, y_query) = task(3)
    theta = dict(base.named_parameters())
    start = list(theta.values())
    for _ in range(3):
        inner = mse(torch.func.functional_call(base, theta, (x,)), y)
        gradients = torch.autograd.grad(inner, list(theta.values()), create_graph=True)
        theta = {n: p - 0.1 * g for (n, p), g in zip(theta.items(), gradients, strict=True)}
    outer = mse(torch.func.functional_call(base, theta, (x_query,)), y_query)
    expected = torch.cat([g.flatten() for g in torch.autograd.grad(outer, start)])
    meta = MetaLearner(base, 0.1, inner_steps=3)
    torch.testing.assert_close(flat_gradient(meta, [((x, y), (x_query, y_query))]), expected)
    adapted = meta.adapt(x, y)
    torch.testing.assert_close(meta.predict(adapted, x_query), torch.func.functional_call(base, theta, (x_query,)))


# ---------------------------------------------------------------------- the API
def test_tasks_of_other_shapes_weigh_the_same_as_alone() -> None:
    meta = MetaLearner(network(), 0.1, inner_steps=2)
    batch = [task(1), task(2, support=2), task(3), task(4, query=9), task(5, support=2)]
    alone = torch.stack([meta([one]) for one in batch])
    torch.testing.assert_close(meta(batch), alone.mean())
    gradients = torch.stack([flat_gradient(meta, [one]) for one in batch])
    torch.testing.assert_close(flat_gradient(meta, batch), gradients.mean(0))


def test_adapting_leaves_the_initialisation_as_it_is() -> None:
    base = network()
    before = {n: p.detach().clone() for n, p in base.named_parameters()}
    meta = MetaLearner(base, 0.1)
    meta.adapt(*task(1)[0])
    meta([task(1), task(2)])
    assert all(torch.equal(p, before[n]) for n, p in base.named_parameters())


def test_any_module_will_do_and_frozen_parameters_are_not_adapted() -> None:
    base = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    base[0].requires_grad_(False)
    meta = MetaLearner(base, 0.1)
    assert set(meta.adapt(*task(1)[0])) == {"2.weight", "2.bias"}
    meta([task(1), task(2)]).backward()
    assert base[0].weight.grad is None
    assert base[2].weight.grad.abs().sum() > 0


def test_a_loss_of_ones_own_is_used_inside_and_outside() -> None:
    def absolute(prediction: Any, target: Any) -> Any:
        return (prediction - target).abs().mean()

    base = Point(3.0)
    meta = MetaLearner(base, 0.5, loss=absolute)
    x, y = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    assert float(meta.adapt(x, y)["theta"]) == 2.5  # the slope is 1
    assert float(meta([((x, y), (x, y))])) == 2.5


def test_there_is_a_step_size_for_each_step_and_parameter() -> None:
    meta = MetaLearner(network(), 0.1, inner_steps=3, learn_inner_lr=True)
    assert meta.rates().shape == (3, 4)
    assert flat_gradient(meta, [task(1)])[-12:].abs().min() >= 0
    assert meta.log_inner_lr is not None
    assert (meta.log_inner_lr.grad != 0).all()


# ---------------------------------------------------------------------- scores as few-shot tasks
def test_the_encoding_is_what_it_says() -> None:
    space = conditional_space()
    # columns: C, kernel, scale | gamma (if rbf, poly), degree (if poly), coef (if degree > 3)
    encode = Encoding(space)
    x = space.encode([
        {"C": 0.01, "kernel": "linear", "scale": True},
        {"C": 100.0, "kernel": "poly", "scale": False, "gamma": 10.0, "degree": 5, "coef": 1.0},
    ])  # fmt: skip
    code = encode(space, x)
    width = {h.name: len(h.choices) if h.kind == "categorical" else 1 for h in space.hyperparameters}
    width |= dict.fromkeys(("gamma", "degree", "coef"), 2)
    assert code.shape == (2, sum(width.values())) == (2, encode.e)
    at = dict(zip(width, np.cumsum([0, *width.values()]).tolist(), strict=False))
    part = {name: code[:, at[name] : at[name] + width[name]].tolist() for name in width}
    kernels = dict(
        zip(next(h for h in space.hyperparameters if h.name == "kernel").choices, np.eye(3).tolist(), strict=True)
    )
    assert part["C"] == [[-1.0], [1.0]]
    assert part["kernel"] == [kernels["linear"], kernels["poly"]]
    assert part["gamma"] == [[0.0, 0.0], [1.0, 1.0]]
    assert part["degree"] == [[0.0, 0.0], [0.75, 1.0]]  # the last of four values, in the middle of its share
    assert part["coef"][0] == [0.0, 0.0]
    assert part["coef"][1] == pytest.approx([2 / 3, 1.0])


def test_a_narrower_space_is_one_whose_last_columns_are_inactive() -> None:
    wide, narrow = objectives.space("floats"), objectives.space("narrow")
    encode = Encoding(wide, least=2)
    assert encode(narrow, np.array([[0.0, 0.75]])).tolist() == [[-1.0, 0.5, 0, 0, 0, 0]]
    assert encode(wide, np.array([[0.0, 0.75, 1.0, 0.5]])).tolist() == [[-1.0, 0.5, 1.0, 1.0, 0.0, 1.0]]
    with pytest.raises(InvalidValueError, match="must be the one trained on"):
        encode.check(objectives.space("conditional"))


def test_scores_are_standardised_over_all_tasks_and_bounded() -> None:
    tables = tables_of(gappy().tasks("train"), np.random.default_rng(0))
    scaling = scaling_of(tables)
    y = [scaling(score[good]) for _, _, score, good in tables]
    assert np.mean([v.mean() for v in y]) == pytest.approx(0.0, abs=1e-9)
    assert np.mean([(v**2).mean() for v in y]) == pytest.approx(1.0)
    with np.errstate(all="raise"):
        assert scaling([-1e308, 1e308]).tolist() == pytest.approx([-FAR, FAR])
    assert scaling_of([]) == Scaling(0.0, 1.0)


def known(m: int = 50, k: int = 6, seed: int = 0, slope: float = 1.0) -> list[Known]:
    """Lines whose level and sign differ from task to task: one or two points tell them."""
    rng, out = np.random.default_rng(seed), []
    for _ in range(k):
        x = rng.uniform(-1, 1, (m, 1)).astype(np.float32)
        y = (slope * rng.choice([-1.0, 1.0]) * x[:, 0] + rng.normal()).astype(np.float32)
        out.append(Known(x, y, np.argsort(-y)[: m // 10]))
    return out


def test_a_query_holds_no_point_of_the_support() -> None:
    rng, t = np.random.default_rng(0), known(k=1)[0]
    for good in (False, True):
        for size in (1, 5, 20):
            (x, y), (x_query, y_query) = draw(t, rng, size, 30, good)
            assert (x.shape, y.shape, x_query.shape, y_query.shape) == ((size, 1), (size,), (30, 1), (30,))
            assert not set(y.tolist()) & set(y_query.tolist())
            assert len(set(y_query.tolist())) == 30
            assert not good or set(y.tolist()) <= set(t.y[t.good].tolist())
    (_, y), (_, y_query) = draw(known(k=3, m=12)[0], rng, 10, 40, False)
    assert len(y_query) == 40
    assert len(set(y_query.tolist())) == 2  # what is left, again and again


def test_the_likelihood_is_that_of_a_normal() -> None:
    out, y = torch.randn(20, 2, dtype=torch.float64), torch.randn(20, dtype=torch.float64)
    mean, log_variance = moments(out)
    normal = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    expected = -normal.log_prob(y).mean() - 0.5 * math.log(2 * math.pi)
    torch.testing.assert_close(negative_log_likelihood(out, y), expected)
    low, high = maml_training.LOG_VARIANCE
    bounds = moments(torch.tensor([[0.0, -1e9], [0.0, 1e9]]))[1]
    assert bounds.tolist() == [low, high]
    assert float(negative_log_likelihood(out[:0], y[:0])) == 0.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.long
def test_an_adapted_network_predicts_a_new_line_from_few_points(method: str) -> None:
    """The sign of the slope and the level differ, so without adaptation only a wide guess is possible."""
    plan = Plan(method, members=1, hidden=32, inner_steps=5, inner_lr=0.02, outer_lr=0.003, outer_steps=250, tasks=10)
    (meta,) = train_ensemble(known(k=100), [], np.random.default_rng(0), plan)
    before, after = [], []
    with torch.no_grad():
        for t in known(k=20, seed=9):
            x, y = torch.from_numpy(t.x), torch.from_numpy(t.y)
            before.append(float(mse(meta.predict(meta.theta(), x)[:, 0], y)))
            after.append(float(mse(meta.predict(meta.adapt(x[:10], y[:10]), x[10:])[:, 0], y[10:])))
    assert np.mean(after) < 0.5 * np.mean(before)


@pytest.mark.long
def test_training_draws_no_more_points_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    real = maml_training.draw

    def counted(t: Known, rng: np.random.Generator, support: int, query: int, good: bool) -> Any:
        drawn.append(support + query)
        return real(t, rng, support, query, good)

    monkeypatch.setattr(maml_training, "draw", counted)
    for trials in (0, 30, 1000):
        drawn.clear()
        plan = Plan(members=3, hidden=4, outer_steps=100, tasks=4, query=8, trials=trials)
        train_ensemble(known(), [], np.random.default_rng(0), plan)
        assert sum(drawn) <= trials
        assert sum(drawn) > trials - 3 * 29 or trials == 0


# ---------------------------------------------------------------------- the optimizers
@functools.cache
def trained(name: str) -> Any:
    optimizer = make(name)
    optimizer.train(gappy().tasks("train"), np.random.default_rng(0))
    return optimizer


def make(name: str, **settings: Any) -> Any:
    return made(name, **{"members": 2, **settings})


def choices(optimizer: Any, suite: Suite, n_init: int = 0) -> list[Any]:
    return [[dict(t.config) for t in rollout(optimizer, t, 6, n_init=n_init)] for t in suite.tasks("test")]


def test_a_member_that_diverges_keeps_its_initialisation() -> None:
    ensemble = trained("maml").ensemble
    assert ensemble is not None
    x = np.ones((2, 3, trained("maml")._encoding.e), np.float32)
    y = np.array([[0.0, 0.0, 0.0], [np.inf, 0.0, 0.0]])
    adapted = ensemble.adapt(x, y)
    start = ensemble.adapt(x[:, :0], y[:, :0])
    for name, p in adapted.items():
        assert torch.equal(p[:, 1], start[name][:, 1])
        assert p.isfinite().all()
    assert any(not torch.equal(p[:, 0], start[name][:, 0]) for name, p in adapted.items())


def test_the_restart_is_from_the_initialisation_at_every_trial() -> None:
    """What was told counts, not in which asks it was told: a run with given points goes on as one that chose them."""
    t = gappy().tasks("test")[0]
    optimizer = trained("maml")
    first = rollout(optimizer, t, 4)
    optimizer.reset(Context.of(t, 4), np.random.default_rng(0))
    for trial in first.trials[:3]:
        optimizer.tell(trial)
    again = optimizer.ask()
    assert again is not None
    assert dict(again.config) == dict(first[3].config)
