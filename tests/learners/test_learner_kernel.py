"""The kernel of learners: both forms alike, gradients and steps as PyTorch's, advantages and noise by hand."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch

from hpo_gym.suites.tasks.learners import compiled, vectors
from hpo_gym.suites.tasks.learners.compiled import FREEDOMS, INLINED, MODULES, by_arrays, by_loops
from hpo_gym.suites.tasks.learners.kernel import Learning, Plan, Room, room
from hpo_gym.suites.tasks.learners.network import HIDDEN, INPUTS, NET, OUTPUTS, ROWS
from hpo_gym.suites.tasks.learners.physics import LANES, STATE, STEPS, N, System
from hpo_gym.suites.tasks.loops.compiled import by_numba, by_numpy
from hpo_gym.suites.tasks.policies.physics import PHYSICS

F = np.float32
FORMS = {"loops": by_numba(MODULES, FREEDOMS, INLINED), "arrays": by_numpy(MODULES, vectors)}
EITHER = pytest.mark.parametrize("form", FORMS)
CONSTANTS = np.array(
    [[9.8, 1, 0.1, 0.5, 0.07, 10], [9.8, 1, 1.2, 0.04, 1.4, 0], [1, 0.9, 1.1, 1, 0.7, 4]], F
)  # fmt: skip
KIND = pytest.mark.parametrize("kind", [0, 1, 2], ids=["cartpole", "pendulum", "reacher"])


def filled(seed: int = 0) -> Room:
    """Rows of a middling update, the same for each form."""
    rng, made = np.random.default_rng(seed), room()
    for array in (*made.actor, *made.critic[1:], *made[2:]):
        array[:] = 0.5 * rng.normal(size=array.shape)
    made.goes[:] = rng.random(N) > 0.1
    made.advantage[ROWS:] = 0
    return made


def arrays(rows: Room) -> dict[str, Any]:
    """All arrays of rows, by name."""
    layers = {f"{n}.{k}": a for n in ("actor", "critic") for k, a in getattr(rows, n)._asdict().items()}
    return {**layers, **dict(zip(Room._fields[2:], rows[2:], strict=True))}


def both(call: Any) -> tuple[Any, Any]:
    """Return what a call leaves and returns with each form, rows first."""
    out = []
    for space in FORMS.values():
        rows = filled()
        returned = call(space, rows)
        out.append((rows, returned))
    return out[0], out[1]


# ---------------------------------------------------------------------- two forms
WEIGHTS = np.random.default_rng(4).normal(size=NET).astype(F)
CALLS: dict[str, Any] = {
    "forward": lambda s, r: s["forward"](WEIGHTS, r.actor, 16, 32, True),
    "slopes": lambda s, r: s["slopes"](WEIGHTS, r.actor, r.down, r.gradient[:NET]),
    "noise of one action": lambda s, r: s["normal"](np.uint64(7), 5, r.drawn, 16, 1),
    "noise of two": lambda s, r: s["normal"](np.uint64(7), 5, r.drawn, 16, 2),
    "act": lambda s, r: s["act"](r.actor.out, r.drawn, r.action, F(0.3), 16),
    "advantages": lambda s, r: s["advantages"](r),
    "errors": lambda s, r: s["errors"](r, F(0.1), F(0.4)),
    "moments": lambda s, r: s["moments"](r.advantage),
    "summary": lambda s, r: s["summary"](r),
    "divergence": lambda s, r: s["divergence"](WEIGHTS, r, True),
    "alignment": lambda s, r: s["alignment"](r, r.drawn[:NET]),
}


@pytest.mark.parametrize("name", CALLS)
def test_loops_do_what_arrays_do(name: str) -> None:
    (loops, one), (whole, other) = both(CALLS[name])
    theirs, before = arrays(whole), arrays(filled())
    for field, ours in arrays(loops).items():
        assert ours == pytest.approx(theirs[field], rel=1e-4, abs=2e-4), field
    assert one is None or one == pytest.approx(other, rel=1e-3)
    assert one is not None or any((a != before[field]).any() for field, a in arrays(loops).items())


@EITHER
def test_a_narrow_network_has_four_inputs(form: str) -> None:
    rows, other = filled(), filled()
    rows.actor.x[4 * N :] = 0
    FORMS[form]["forward"](WEIGHTS, rows.actor, 0, N, True)
    other.actor.x[4 * N :] = 0
    FORMS[form]["forward"](WEIGHTS, other.actor, 0, N, False)
    assert rows.actor.out == pytest.approx(other.actor.out, abs=1e-5)


def test_squash_is_nearly_tanh() -> None:
    v = np.linspace(-12, 12, 2001, dtype=np.float32)
    got = np.array([FORMS["loops"]["squash"](a) for a in v])
    assert np.abs(got - np.tanh(v)).max() < 1.5e-4


@KIND
def test_loops_have_the_physics_of_policies(kind: int) -> None:
    found = []
    for space in FORMS.values():
        rows, rng = filled(), np.random.default_rng(1)
        states = (0.4 * rng.normal(size=STATE * LANES)).astype(F)
        states[:2] *= 10  # beyond the limits of a cart, for one
        system = System(kind, CONSTANTS[kind])
        space["start"](system, np.uint64(9), 8, states, 3)
        rows.actor.x[:] = 0
        for t in range(5):
            space["move"](system, states, rows.action, rows.reward, t * LANES)
            space["see"](system, states, rows.actor.x, t * LANES)
        over = [space["ended"](kind, states, np.full(LANES, age)) for age in (0, 99, 100)]
        states[:] = 0
        found.append((rows, states, over, space["ended"](kind, states, np.zeros(LANES, np.int64))))
    (a, _, one, still), (b, _, other, rest) = found
    assert a.reward == pytest.approx(b.reward, abs=2e-5) and a.actor.x == pytest.approx(b.actor.x, abs=2e-4)
    assert one == other == [kind == 0, kind == 0, True] and still == rest and not still


@KIND
def test_a_stage_in_both_forms(kind: int) -> None:
    rng, kinds, constants = np.random.default_rng(2), np.array([kind]), CONSTANTS[kind : kind + 1]
    weights = np.zeros((1, 2, NET), F)
    inputs = (4, 3, 8)[kind]
    weights[0, :, : inputs * HIDDEN] = rng.uniform(-1, 1, (2, inputs * HIDDEN)) * np.sqrt(3 / inputs)
    seen, ends, judged = [], [], []
    for form in (by_loops(), by_arrays()):
        states = form.begun(kinds, constants, np.array([3], np.uint64))
        w = weights.reshape(1, -1).copy()
        of = Learning(w, np.zeros_like(w), np.zeros_like(w), np.zeros((1, NET), F), states, np.arange(16)[None] * 6)
        plan = Plan(kinds, constants, np.array([5], np.uint64), np.array([0]), np.array([0.02], F), np.array([0.5], F))
        seen.append(form.stages(np.array([0]), of, plan)[0])
        ends.append(of)
        judged.append(form.judged(kinds, constants, np.array([4], np.uint64), of.weights)[0])
    assert seen[0] == pytest.approx(seen[1], rel=2e-3, abs=1e-4)
    assert judged[0] == pytest.approx(judged[1], abs=1e-4)
    for name, a, b in zip(Learning._fields, *ends, strict=True):
        assert a == pytest.approx(b, rel=2e-2, abs=2e-3), name
    unused = ends[0].weights.reshape(2, NET)[:, inputs * HIDDEN : INPUTS * HIDDEN]
    assert not unused.any()


# ---------------------------------------------------------------------- against PyTorch, and by hand
@EITHER
def test_gradients_are_pytorchs(form: str) -> None:
    """Of the log-likelihood of drawn actions times advantages, and of half the critic's squared error."""
    rows, space = filled(), FORMS[form]
    space["forward"](WEIGHTS, rows.actor, 0, N, True)
    rows.actor.out[:] = np.tanh(rows.actor.out)
    mean = rows.actor.out.reshape(OUTPUTS, N)[:, :ROWS].T.copy()
    drawn, advantage = rows.drawn.reshape(OUTPUTS, N)[:, :ROWS].T, rows.advantage[:ROWS]
    noise, deviation = 0.7, advantage.std()
    space["errors"](rows, advantage.mean(), F(noise * deviation))
    space["slopes"](WEIGHTS, rows.actor, rows.down, rows.gradient[:NET])
    w = torch.tensor(WEIGHTS, dtype=torch.float64, requires_grad=True)
    x = torch.tensor(rows.actor.x.reshape(INPUTS, N)[:, :ROWS].T.astype(float))
    first, second = w[: 9 * HIDDEN].reshape(9, HIDDEN), w[9 * HIDDEN :].reshape(9, OUTPUTS)
    outputs = torch.tanh(torch.tanh(x @ first[:-1] + first[-1]) @ second[:-1] + second[-1])
    taken = torch.tensor((mean + noise * drawn).astype(float))
    likely = torch.distributions.Normal(outputs, noise).log_prob(taken).sum(1)
    weight = torch.tensor(((advantage - advantage.mean()) / deviation).astype(float))
    (likely * weight).mean().backward()
    assert w.grad is not None
    assert rows.gradient[:NET] == pytest.approx(w.grad.numpy(), rel=1e-3, abs=1e-4)


def test_a_stage_at_no_rate_has_the_gradients_of_autograd() -> None:
    """Four updates of a pendulum, collected by the physics of `Policies`; the first moments of Adam hold them all."""
    rng, physics = np.random.default_rng(0), PHYSICS["pendulum"]
    w = np.zeros((1, 2, NET), F)
    w[0, :, : 3 * HIDDEN] = rng.normal(0, 0.5, (2, 3 * HIDDEN))
    w[0, :, INPUTS * HIDDEN :] = rng.normal(0, 0.3, (2, NET - INPUTS * HIDDEN))
    top = slice(9 * HIDDEN, None)
    w[0, :, top].reshape(2, 9, 2)[:, :, 1] = 0
    w = w.reshape(1, -1)
    one, constants, seed = np.array([1]), CONSTANTS[1:2], np.array([5], np.uint64)
    states = by_loops().begun(one, constants, seed)
    of = Learning(
        w.copy(), np.zeros_like(w), np.zeros_like(w), np.zeros((1, NET), F), states.copy(), np.zeros((1, 16), int)
    )
    seen = by_loops().stages(
        np.array([0]), of, Plan(one, constants, seed, np.array([0]), np.zeros(1, F), np.full(1, 0.7, F))
    )[0]

    def net(v: Any, x: Any) -> Any:
        first, last = v[: 9 * HIDDEN].reshape(9, HIDDEN), v[top].reshape(9, OUTPUTS)
        return torch.tanh(x @ first[:3] + first[8]) @ last[:8, 0] + last[8, 0]

    c, state, moment = constants[0, :5, None].astype(float), states.reshape(STATE, LANES)[:2].astype(float), 0.0
    got, drawn = [], np.zeros(OUTPUTS * N, F)
    for u in range(4):
        xs, noise, reward = [], np.zeros((STEPS, LANES)), np.zeros((STEPS, LANES))
        v = torch.tensor(w[0].astype(float), requires_grad=True)
        for t in range(STEPS):
            xs.append(torch.tensor(physics.seen(state, c).T))
            FORMS["arrays"]["normal"](seed[0], (u * STEPS + t) * LANES * OUTPUTS, drawn, 0, 1)
            noise[t] = drawn[:LANES]
            action = np.clip(torch.tanh(net(v[:NET], xs[-1])).detach().numpy() + 0.7 * noise[t], -1, 1)
            state = physics.step(state, action[None], c)
            reward[t] = physics.reward(state, c) * (1 - 0.5 * action**2)
        value = net(v[NET:], torch.stack([*xs, torch.tensor(physics.seen(state, c).T)]))
        known, advantage, so_far = value.detach().numpy(), np.zeros((STEPS, LANES)), 0.0
        for t in range(STEPS - 1, -1, -1):
            so_far = 0.05 * reward[t] + 0.95 * known[t + 1] - known[t] + 0.95 * 0.9 * so_far
            advantage[t] = so_far
        target, scaled = torch.tensor(advantage + known[:-1]), (advantage - advantage.mean()) / (advantage.std() + 1e-4)
        mean = torch.tanh(net(v[:NET], torch.stack(xs)))
        weight = torch.tensor(scaled * noise / 0.7)
        ((weight * mean).mean() - ((target - value[:-1]) ** 2).mean() / 2).backward()
        assert v.grad is not None
        moment = 0.9 * moment + 0.1 * v.grad.numpy()
        got.append(reward.mean())
    assert of.first[0] == pytest.approx(moment, rel=0.01, abs=2e-4) and np.abs(moment).max() > 0.01
    assert (of.weights == w).all() and seen[0] == pytest.approx(np.mean(got), rel=1e-3) and seen[3] == 0 == seen[6]


@EITHER
def test_steps_are_those_of_pytorchs_adam(form: str) -> None:
    rng = np.random.default_rng(3)
    w, first, second = rng.normal(size=2 * NET).astype(F), np.zeros(2 * NET, F), np.zeros(2 * NET, F)
    theirs = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    steps = torch.optim.Adam([theirs], 0.03, betas=(0.9, 0.99), eps=1e-6, maximize=True)
    for t in range(1, 6):
        g = rng.normal(size=2 * NET).astype(F)
        FORMS[form]["adam"]((w, first, second), g, F(0.03), t)
        theirs.grad = torch.tensor(g, dtype=torch.float64)
        steps.step()
    assert w == pytest.approx(theirs.detach().numpy(), abs=1e-5)


@EITHER
def test_advantages_by_hand(form: str) -> None:
    """Lane 0: rewards 1 in the last two steps, values 2, and 3 after the last; lane 1 ends in the last step."""
    rows = room()
    rows.goes[:ROWS] = 1
    at = (STEPS - 1) * LANES
    rows.reward[at : at + 2], rows.reward[at - LANES : at - LANES + 2] = 1, 1
    rows.critic.out[:ROWS], rows.critic.out[ROWS:N] = 2, 3
    rows.goes[at + 1], rows.after[at + 1] = 0, 5
    FORMS[form]["advantages"](rows)
    last = 0.05 + 0.95 * 3 - 2
    before = 0.05 + 0.95 * 2 - 2 + 0.95 * 0.9 * last
    assert rows.advantage[[at, at - LANES]] == pytest.approx([last, before], abs=1e-6)
    ended = 0.05 + 0.95 * 5 - 2
    assert rows.advantage[[at + 1, at + 1 - LANES]] == pytest.approx(
        [ended, 0.05 + 0.95 * 2 - 2 + 0.95 * 0.9 * ended], abs=1e-6
    )


@EITHER
def test_noise_is_nearly_normal_and_of_splitmix64(form: str) -> None:
    """The first output for seed 0 is published: e220a8397b1dcdaf."""
    drawn, all_ = np.zeros(OUTPUTS * N, F), []
    FORMS[form]["normal"](np.uint64(0), 0, drawn, 0, 2)
    four = 0xE220 + 0xA839 + 0x7B1D + 0xCDAF
    assert drawn[0] == pytest.approx((four - 131070) * np.sqrt(3) / 65536, rel=1e-6)
    for seed in range(200):
        FORMS[form]["normal"](np.uint64(seed), 0, drawn, 0, 2)
        all_.append(drawn.reshape(OUTPUTS, N)[:, :LANES].copy())
    assert np.mean(all_) == pytest.approx(0, abs=0.04) and np.std(all_) == pytest.approx(1, abs=0.03)
    FORMS[form]["normal"](np.uint64(0), 0, drawn, 0, 0)
    assert not drawn[N : N + LANES].any()


def test_what_is_seen_of_actions_and_critic_by_hand() -> None:
    """Advantages 1, values 0 and 2: targets 1 and 3 of variance 1, so the error is 1; mean actions .5 of one output."""
    rows = room()
    rows.advantage[:ROWS], rows.critic.out[:ROWS:2], rows.actor.out[:ROWS], rows.reward[:ROWS] = 1, 2, 0.5, 0.25
    for space in FORMS.values():
        assert space["summary"](rows) == pytest.approx((0.25, 1, 0.25), rel=1e-5)


def test_without_numba_the_operations_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled.kernel() is by_loops()
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr(compiled, "by_loops", by_loops.__wrapped__)
    assert compiled.kernel.__wrapped__() is by_arrays()
