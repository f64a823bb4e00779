"""One step of a network, an optimizer and an epoch, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpo_gym.suites.tasks.training.epoch import EpochRows, Settings, Trainer
from hpo_gym.suites.tasks.training.network import ABSENT, ExampleBatch, Network, initial, layers, probe
from hpo_gym.suites.tasks.training.recipe import Recipe
from hpo_gym.suites.tasks.training.updates import Weights, adam, due, momentum

F32 = np.float32


def one_row(label: int, absent: int = 2) -> ExampleBatch:
    """The row (2, 0, .., 0, 1) of a task with `absent` classes less than four."""
    x, y, mask = np.zeros((1, 1, 16), F32), np.zeros((1, 4, 1), F32), np.zeros((1, 4, 1), F32)
    x[0, 0, 0], x[0, 0, 15], y[0, label, 0] = 2, 1, 1
    mask[0, 4 - absent :, 0] = ABSENT
    return ExampleBatch(x, y, mask)


def no_moments(n: int, p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moments and updates of Adam at the start."""
    return np.zeros((n, p), F32), np.zeros((n, p), F32), np.zeros(n, np.int64)


def one_unit() -> np.ndarray:
    """Weights of one hidden unit that copies the first column, and outputs (0, ln 3) for the row above."""
    weights = np.zeros((1, Recipe(hidden=1).weights), F32)
    first, second, _ = layers(weights, 1)
    first[0, 0, 0], second[0, 1, 0] = 1, math.log(3) / 2
    return weights


def test_loss_and_gradient_of_one_row_by_hand() -> None:
    """The unit is 2, the outputs 0 and ln 3, their shares 1/4 and 3/4, and the true class is the first."""
    weights, out = one_unit(), np.empty((1, Recipe(hidden=1).weights), F32)
    loss = Network(Recipe(hidden=1), 1, 1).gradient(layers(weights, 1), one_row(0), layers(out, 1))
    assert loss == pytest.approx([math.log(4)], rel=1e-6)
    first, second, _ = layers(out, 1)
    assert second[0, :, 0] == pytest.approx([-1.5, 1.5, 0, 0], abs=1e-6)  # (share - truth) * unit
    assert second[0, :, 1] == pytest.approx([-0.75, 0.75, 0, 0], abs=1e-6)
    back = 0.75 * math.log(3) / 2
    assert first[0, 0, [0, 1, 15]] == pytest.approx([2 * back, 0, back], rel=1e-5)


def test_a_unit_below_zero_has_no_gradient_and_tanh_has_its_slope() -> None:
    weights = one_unit()
    layers(weights, 1)[0][0, 0, 0] = -1
    out = np.empty_like(weights)
    Network(Recipe(hidden=1), 1, 1).gradient(layers(weights, 1), one_row(0), layers(out, 1))
    assert not layers(out, 1)[0].any()
    Network(Recipe(hidden=1, activation="tanh"), 1, 1).gradient(layers(weights, 1), one_row(1), layers(out, 1))
    h = math.tanh(-2.0)
    share = 1 / (1 + 3 ** (h / 2))  # of the first class; the outputs are 0 and h ln 3 / 2
    back = -share * math.log(3) / 2 * (1 - h * h)
    assert layers(out, 1)[0][0, 0, 0] == pytest.approx(2 * back, rel=1e-4)


def test_losses_say_who_is_right() -> None:
    losses, right = Network(Recipe(hidden=1), 1, 1).losses(layers(one_unit(), 1), one_row(1))
    assert losses[0, 0] == pytest.approx(math.log(4 / 3), rel=1e-6) and right.all()
    losses, right = Network(Recipe(hidden=1), 1, 1).losses(layers(one_unit(), 1), one_row(0))
    assert losses[0, 0] == pytest.approx(math.log(4), rel=1e-6) and not right.any()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_gradient_is_that_of_finite_differences(activation: str) -> None:
    recipe, rng = Recipe(hidden=5, activation=activation), np.random.default_rng(3)
    net = Network(recipe, 2, 8)
    x = rng.normal(size=(2, 8, 16)).astype(F32)
    x[:, :, 15] = 1
    y = np.eye(4, dtype=F32)[rng.integers(0, 3, (2, 8))].swapaxes(1, 2)
    absent = np.zeros((2, 4, 1), F32)
    absent[:, 3] = ABSENT
    batch = ExampleBatch(x, np.ascontiguousarray(y), absent)
    weights = initial(np.array([3, 4], np.uint64), recipe)
    out, room = np.empty_like(weights), np.empty_like(weights)
    net.gradient(layers(weights, 5), batch, layers(out, 5))
    for place in rng.choice(recipe.weights - 6, 25, replace=False).tolist():  # the last six belong to no class
        step = np.zeros_like(weights)
        step[:, place] = 2e-3
        up, down = (net.gradient(layers(weights + s * step, 5), batch, layers(room, 5)).astype(float) for s in (1, -1))
        assert (up - down) / 4e-3 == pytest.approx(out[:, place], abs=3e-3), place


def test_momentum_by_hand() -> None:
    """v = .9 * .5 - .1 * 2 = .25, w = 1 + .25; who is not due stays."""
    weights = value, moved, *_ = Weights(np.ones((2, 1), F32), np.full((2, 1), 0.5, F32), *no_moments(2, 0))
    rate, decay = np.full((2, 1), 0.1, F32), np.full((2, 1), 0.9, F32)
    momentum(weights, np.full((2, 1), 2, F32), rate, decay, np.array([True, False]))
    assert value[:, 0] == pytest.approx([1.25, 1.0]) and moved[:, 0] == pytest.approx([0.25, 0.5])
    momentum(weights, np.full((2, 1), 2, F32), rate, decay, None)
    assert value[:, 0] == pytest.approx([1.25 + 0.025, 1.25])


def test_two_steps_of_adam_by_hand() -> None:
    """Gradients 2 and -1, beta1 .9: the first step is the rate, the second .1 (.08/.19) / (.0496/.0199)**.5."""
    weights = Weights(np.ones((1, 1), F32), np.zeros((1, 1), F32), *no_moments(1, 1))
    rate, decay = np.full((1, 1), 0.1, F32), np.full((1, 1), 0.9, F32)
    adam(weights, np.full((1, 1), 2, F32), rate, decay, None)
    assert weights.value[0, 0] == pytest.approx(0.9, rel=1e-5)
    adam(weights, np.full((1, 1), -1, F32), rate, decay, None)
    assert weights.moved[0, 0] == pytest.approx(-0.1 * (0.08 / 0.19) / math.sqrt(0.0496 / 0.0199), rel=1e-4)
    assert weights.value[0, 0] == pytest.approx(0.87333, abs=1e-5) and weights.times.tolist() == [2]


def test_a_batch_of_several_slots_is_due_when_it_is_full() -> None:
    assert due(0, np.ones(3, int)).all()
    every = np.array([1, 2, 4])
    full = [due(slot, every).tolist() for slot in range(4)]
    assert full == [[True, False, False], [True, True, False], [True, False, False], [True, True, True]]


def rows(labels: list[int]) -> EpochRows:
    """One run, a slot for each label, each of the one row above."""
    x, y = np.zeros((1, len(labels), 1, 16), F32), np.zeros((1, len(labels), 4, 1), F32)
    x[..., 0], x[..., 15] = 2, 1
    for slot, label in enumerate(labels):
        y[0, slot, label, 0] = 1
    absent = np.zeros((1, 4, 1), F32)
    absent[:, 2:] = ABSENT
    return EpochRows(x, y, absent)


def epoch(labels: list[int], rate: float, every: int = 1) -> tuple[Weights, np.ndarray]:
    recipe = Recipe(hidden=1, slot=1, slots=len(labels), chunks=8)
    weights = Weights.of(1, recipe)
    settings = Settings(np.full(1, rate, F32), np.zeros(1, F32), np.array([every]))
    return weights, np.array(Trainer(recipe, 1).epoch(weights, settings, lambda block: rows(labels)))[:, 0]


def test_what_is_seen_of_an_epoch_by_hand() -> None:
    """All weights 0, so outputs do too: the gradient is that of the two biases, +-1/2, of norm 1 / sqrt 2."""
    _, (loss, first, last, gradient, alignment, moved) = epoch([0, 0, 0, 0], 0.0)
    assert (loss, first, last) == pytest.approx([math.log(2)] * 3)
    assert (gradient, alignment, moved) == pytest.approx([math.sqrt(0.5), 1.0, 0.0])
    assert epoch([0, 1, 0, 1], 0.0)[1][4] == pytest.approx(-1.0)
    assert epoch([0, 0, 1, 1], 0.0)[1][4] == pytest.approx(1 / 3)  # alike, opposite, alike


def test_one_update_of_an_epoch_by_hand() -> None:
    """The bias of the true class goes up by rate / 2, and the loss of the second slot is ln(1 + exp(-rate))."""
    weights, seen = epoch([0, 0], 0.4)
    second = layers(weights.value, 1)[1]
    assert seen[1:3] == pytest.approx([math.log(2), math.log(1 + math.exp(-0.4))])
    share = 1 / (1 + math.exp(0.4))
    assert second[0, :2, 1] == pytest.approx([0.2 + 0.4 * share, -0.2 - 0.4 * share])
    assert seen[5] == pytest.approx(math.sqrt((2 * 0.2**2 + 2 * (0.4 * share) ** 2) / 2))


def test_a_larger_batch_is_the_mean_of_its_slots() -> None:
    """Two slots of opposite labels cancel; of two alike the update is that of one."""
    assert not epoch([0, 1], 0.4, every=2)[0].value.any()
    assert layers(epoch([0, 0], 0.4, every=2)[0].value, 1)[1][0, :2, 1] == pytest.approx([0.2, -0.2])


def test_sharpness_by_hand() -> None:
    """Of a network of zero weights the loss is that of the biases: H = [[1, -1], [-1, 1]] / 4, so its top is 1/2."""
    weights = np.zeros((1, Recipe(hidden=1).weights), F32)
    norm, sharpness = probe(Network(Recipe(hidden=1), 1, 1), weights, one_row(0))
    assert norm == pytest.approx([math.sqrt(0.5)]) and sharpness == pytest.approx([0.5], abs=2e-3)


def test_weights_at_the_start_have_the_variance_of_their_layer() -> None:
    recipe = Recipe(hidden=32)
    first, second, _ = layers(initial(np.arange(300, dtype=np.uint64), recipe), 32)
    assert first.var() == pytest.approx(1 / 16, rel=0.02) and second.var() == pytest.approx(1 / 32, rel=0.02)
    assert abs(first.mean()) < 0.003 and recipe.weights == 644 and Recipe().weights == 324
