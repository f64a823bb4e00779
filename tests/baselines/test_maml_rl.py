"""MAML-RL: its gradient against an enumeration of all runs, adaptation that must help, and what the support costs."""

from __future__ import annotations

import copy
import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="MAML needs: pip install 'hpo-gym[rl]'")

from small import made  # noqa: E402
from toys import noisy  # noqa: E402

from hpo_baselines._maml.maml import MetaLearner  # noqa: E402
from hpo_baselines._maml.policy import (  # noqa: E402
    HISTORY,
    Played,
    Policy,
    PolicyPlan,
    advantages,
    features,
    kernel,
    padded,
    placed,
    policy_loss,
    surrogate,
)
from hpo_baselines._maml.policy_training import Arms, play, train_policy  # noqa: E402
from hpo_gym.optimize.rollouts import rollout  # noqa: E402

# ---------------------------------------------------------------------- the gradient
ARMS, SUPPORT, QUERY = 3, 2, 1
SCORE = np.array([0.1, 1.0, -0.7])
SEEN = np.random.default_rng(4).normal(size=(SUPPORT + QUERY, ARMS, 3))


def policy(alpha: float, steps: int = 1) -> MetaLearner:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        base = Policy(3, hidden=3).double()
        for p in base.parameters():
            p.data *= 2.0  # so that the second order shows
    return MetaLearner(base, alpha, inner_steps=steps, loss=policy_loss)


def all_runs(weight: Callable[[float], float] = float) -> Played:
    """Every run of two support trials and a query trial, each weighing by what it comes to."""
    chosen = np.array(list(itertools.product(range(ARMS), repeat=SUPPORT + QUERY)))
    gain = np.maximum.accumulate(SCORE[chosen], 1).mean(1)
    x = torch.from_numpy(np.tile(SEEN, (len(chosen), 1, 1, 1)))
    inner = advantages(SCORE[chosen[:, :SUPPORT]], chosen[:, :SUPPORT], ARMS)
    outer = torch.from_numpy(placed(np.repeat(np.vectorize(weight)(gain)[:, None], SUPPORT + QUERY, 1), chosen, ARMS))
    return Played(x[:, :SUPPORT], x[:, SUPPORT:], torch.from_numpy(inner), outer[:, :SUPPORT], outer[:, SUPPORT:], gain)


def probabilities(meta: MetaLearner, runs: Played) -> Any:
    """How probable each run is: its support at the initialisation, its query after its own inner step, ``(n,)``."""
    before = torch.log_softmax(meta.predict(meta.theta(), runs.x_support), -1)
    over_runs = torch.func.vmap(meta.adapt_from, in_dims=(None, None, 0, 0))
    adapted = over_runs(meta.theta(), meta.rates(), runs.x_support, runs.inner)
    after = torch.log_softmax(torch.func.vmap(meta.predict)(adapted, runs.x_query), -1)
    return torch.exp((before * (runs.support != 0)).sum((1, 2)) + (after * (runs.query != 0)).sum((1, 2)))


def one(runs: Played, i: int) -> Played:
    return Played(*(part[i : i + 1] for part in runs))


def gradient_of(meta: MetaLearner, scalar: Any) -> Any:
    meta.zero_grad()
    scalar.backward()
    return torch.cat([p.grad.flatten() for p in meta.parameters()])


@pytest.mark.long
@pytest.mark.parametrize("steps", [1, 2])
def test_the_expected_gradient_of_the_surrogate_is_that_of_the_expected_return(steps: int) -> None:
    """All runs are enumerated, the return by finite differences: neither a term nor the second order may be missing."""
    meta, runs = policy(2.0, steps), all_runs()

    def expected_return() -> float:
        with torch.no_grad():
            return float((probabilities(meta, runs) * torch.from_numpy(runs.gain)).sum())

    assert float(probabilities(meta, runs).detach().sum()) == pytest.approx(1.0)
    differences, h = [], 1e-6
    with torch.no_grad():
        for p in meta.parameters():
            for i in range(p.numel()):
                kept = p.view(-1)[i].item()
                p.view(-1)[i] = kept + h
                above = expected_return()
                p.view(-1)[i] = kept - h
                differences.append((above - expected_return()) / (2 * h))
                p.view(-1)[i] = kept
    exact = torch.tensor(differences, dtype=torch.float64)
    weight = probabilities(meta, runs).detach()
    found = sum(p * -gradient_of(meta, surrogate(meta, one(runs, i))) for i, p in enumerate(weight))
    torch.testing.assert_close(found, exact, rtol=1e-5, atol=1e-8)
    without = sum(
        p * -gradient_of(meta, meta([((r.x_support[0], r.inner[0]), (r.x_query[0], r.query[0]))]) * QUERY)
        for p, r in ((p, one(runs, i)) for i, p in enumerate(weight))
    )
    assert (without - exact).abs().max() > 1e-3  # MAML's term alone is not the gradient
    first = MetaLearner(meta.base_learner, 2.0, inner_steps=steps, first_order=True, loss=policy_loss)
    rough = sum(p * -gradient_of(first, surrogate(first, one(runs, i))) for i, p in enumerate(weight))
    assert (rough - exact).abs().max() > 1e-3  # neither is the first order


def test_an_inner_step_makes_probable_what_was_better_than_the_mean() -> None:
    meta, runs = policy(0.7), all_runs()
    i = [1, 2, 0]  # a good and a bad one
    at = next(j for j in range(len(runs.gain)) if [int(r.argmax()) for r in runs.inner[j].abs()] == i[:2])
    x, inner = runs.x_support[at], runs.inner[at]
    with torch.no_grad():
        after, before = (meta.predict(p, x).log_softmax(-1) for p in (meta.adapt(x, inner), meta.theta()))
    assert float(((after - before) * inner).sum()) > 0


# ---------------------------------------------------------------------- what the policy sees
def test_features_by_hand() -> None:
    x = np.array([[0.0], [1.0], [3.0]])
    reported = np.array([True, False, True])
    k = kernel(x, x, 4.0)
    assert k[0].tolist() == pytest.approx([1.0, math.exp(-1.0), math.exp(-9.0)])
    seen = features(x, k, np.array([0.5, 99.0, 2.0]), reported, np.array([True, False, False]))
    assert seen.shape == (3, 1 + 1 + HISTORY)
    assert (seen[0, 0] < -1e8, seen[1, 0], seen[2, 0]) == (True, 0.0, 0.0)
    near, far = math.exp(-1.0), math.exp(-4.0)  # of the second to the first and the third
    mean = (0.5 * near + 2.0 * far) / (near + far + 0.1)
    assert seen[1, 1:].tolist() == pytest.approx([1.0, mean, near, far, 2.0, 2 / 7])


def test_without_a_history_its_columns_are_zero() -> None:
    x = np.ones((2, 4, 3), np.float32)
    nothing = np.zeros((2, 4), bool)
    assert not features(x, kernel(x, x, 1.0), np.zeros((2, 4)), nothing, nothing)[..., 4:].any()
    alone = features(x[0], np.zeros((4, 0)), np.zeros(0), np.zeros(0, bool), nothing[0])
    assert alone.shape == (4, 1 + 3 + HISTORY)
    mixed = features(x, kernel(x, x, 1.0), np.zeros((2, 4)), np.array([[1, 0, 0, 0], [0] * 4], bool), nothing)
    assert mixed[0, :, 4:].any()
    assert not mixed[1, :, 4:].any()


def test_what_is_closed_is_not_chosen_and_does_not_adapt() -> None:
    seen = padded([SEEN[0], SEEN[1][:2]])
    meta = policy(0.7)
    with torch.no_grad():
        shares = torch.softmax(meta.predict(meta.theta(), torch.from_numpy(seen)), -1)
        alone = torch.softmax(meta.predict(meta.theta(), torch.from_numpy(SEEN[1][:2])), -1)
    assert float(shares[1, 2]) == 0.0
    torch.testing.assert_close(shares[1, :2], alone)


# ---------------------------------------------------------------------- training
def sides(k: int, seed: int, m: int = 40) -> list[Arms]:
    """Lines that rise or fall: the first trials tell which."""
    rng, out = np.random.default_rng(seed), []
    for _ in range(k):
        x = rng.uniform(-1, 1, (m, 1)).astype(np.float32)
        y = (rng.choice([-1.0, 1.0]) * x[:, 0]).astype(np.float32)
        out.append(Arms(x, 2 * y, 2 * y, (y + 1.0) / 2.0, np.argsort(-y)[: m // 10]))
    return out


BLIND = PolicyPlan(
    hidden=16, support=3, query=3, sample=20, outer_steps=100, inner_lr=1.0, outer_lr=0.01, width=1e-6
)  # the width lets no trial tell of another, so only the inner step can say on which side the best is


@pytest.mark.long
def test_the_inner_step_finds_the_side_and_without_it_nothing_can() -> None:
    meta = train_policy(sides(40, 0), [], np.random.default_rng(0), BLIND)
    still = copy.deepcopy(meta)
    assert still.log_inner_lr is not None
    still.log_inner_lr.data.fill_(-50.0)

    def last(meta: MetaLearner) -> float:
        """The mean reward of the greedy trial after the support."""
        plan = PolicyPlan(**{**vars(BLIND), "query": 1, "cheap": True, "episodes": 8})
        return float(play(meta, sides(60, 9), np.random.default_rng(1), plan, greedy=True).gain.mean())

    assert last(meta) > 0.7
    assert last(still) < 0.6


def test_training_makes_no_more_trials_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    from hpo_baselines._maml import policy_training as maml_policy_training

    made = []

    def counted(*args: Any, **kw: Any) -> Played:
        runs = play(*args, **kw)
        made.append(len(runs.gain) * (runs.support.shape[1] + runs.query.shape[1]))
        return runs

    monkeypatch.setattr(maml_policy_training, "play", counted)
    for trials, expected in ((0, 0), (95, 0), (96, 96), (300, 288)):  # 4 tasks, 4 runs, 6 trials
        made.clear()
        plan = PolicyPlan(hidden=4, support=3, query=3, sample=8, tasks=4, episodes=4, outer_steps=50, trials=trials)
        train_policy(sides(6, 0), [], np.random.default_rng(0), plan)
        assert sum(made) == expected


def test_what_a_run_comes_to_is_the_mean_of_the_best_so_far() -> None:
    arms = sides(2, 0)
    plan = PolicyPlan(hidden=4, support=2, query=3, sample=10, episodes=5)
    meta = train_policy(arms, [], np.random.default_rng(0), PolicyPlan(**{**vars(plan), "outer_steps": 0}))
    whole = play(meta, arms, np.random.default_rng(3), plan)
    cheap = play(meta, arms, np.random.default_rng(3), PolicyPlan(**{**vars(plan), "cheap": True}))
    chosen = torch.cat([whole.support, whole.query], 1).abs().argmax(-1)
    assert whole.gain.shape == (10,)
    assert ((whole.gain >= 0) & (whole.gain <= 1)).all()
    assert (torch.cat([whole.support, whole.query], 1) != 0).sum(-1).max() == 1
    assert all(len(set(row.tolist())) == 5 for row in chosen)  # nothing is tried twice
    assert not np.array_equal(whole.gain, cheap.gain)
    advantage = torch.cat([whole.support, whole.query], 1).sum(-1).numpy().reshape(2, 5, 5)
    assert advantage.mean(1) == pytest.approx(0.0, abs=1e-6)  # against the other runs on the task


# ---------------------------------------------------------------------- runs
@functools.cache
def trained(**settings: Any) -> Any:
    optimizer = made("maml-rl", **settings)
    optimizer.train(noisy().tasks("train"), np.random.default_rng(0))
    return optimizer


def test_the_support_is_cheap_and_its_cost_is_part_of_the_budget() -> None:
    for task in noisy().tasks("test"):
        history = rollout(trained(), task, 6)
        fidelities = history.fidelities
        assert fidelities[:3] == pytest.approx([1 / 3] * 3)
        assert set(fidelities[3:-1]) == {1.0}
        assert 5.0 < sum(fidelities) <= 6.0 + 1e-9
        assert sum(fidelities) == pytest.approx(6.0)


def test_a_budget_that_pays_for_no_support_still_ends_in_a_full_evaluation() -> None:
    for budget in (1.0, 1.4, 2.0):
        history = rollout(trained(), noisy().tasks("test")[0], budget)
        assert max(history.fidelities) == 1.0
        assert sum(history.fidelities) <= budget + 1e-9


def test_the_adapted_parameters_depend_on_the_support_alone() -> None:
    """Runs on two tasks start alike; once their scores differ, so do the policies."""
    optimizer = trained(fidelity=1.0)
    a, b = noisy().tasks("test")
    first = [[dict(t.config) for t in rollout(optimizer, task, 5)] for task in (a, a, b)]
    assert first[0] == first[1]
    assert first[0] != first[2]
