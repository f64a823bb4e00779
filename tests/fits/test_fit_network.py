"""The kernel of fits: steps and gradients as PyTorch's, both forms alike, and single numbers by hand."""

from __future__ import annotations

import itertools
import math
import sys

import numpy as np
import pytest
import torch

from hpo_gym.suites.tasks.fits.compiled import by_arrays, by_loops, kernel
from hpo_gym.suites.tasks.fits.network import Net, Plan

FORMS = pytest.mark.parametrize("form", [by_arrays, by_loops])
ACTIVATIONS = torch.nn.ReLU, torch.nn.Tanh, lambda: torch.nn.GELU(approximate="tanh")
ROWS, BATCH, INPUTS, WIDTH, CLASSES = 80, 8, 5, 16, 3
RNG = np.random.default_rng(3)
X = RNG.normal(size=(ROWS, INPUTS)).astype(np.float32)
Y = RNG.integers(0, CLASSES, ROWS).astype(np.int8)
KINDS = [
    (INPUTS, WIDTH, *kind)
    for kind in itertools.product((1, 3), (CLASSES,), (0, 1, 2), (0, 1), (0, 1))  # depth .. activation, norm, AdamW
]
SEED = np.uint64(9)


class Toy:
    """One network of a shape, for the kernel."""

    def __init__(self, shape, scale=1.0):
        inputs, width, depth, classes, _, normalised, adaptive = shape
        rng = np.random.default_rng(5)
        parts, size = [], inputs
        for _ in range(depth):
            parts.append(rng.uniform(-1, 1, size * width) * scale / np.sqrt(size))
            parts += [rng.uniform(0.5, 1.5, width)] * normalised
            parts.append(rng.uniform(-0.5, 0.5, width))
            size = width
        parts.append(rng.uniform(-1, 1, (width + 1) * classes) / np.sqrt(width))
        self.shape = shape
        self.weights = np.concatenate(parts).astype(np.float32)
        self.first = np.zeros_like(self.weights)
        self.second = np.zeros(len(self.weights) * adaptive, np.float32)
        self.running = np.zeros((depth * normalised, 2, width), np.float32)
        self.running[:, 1] = 1

    @property
    def net(self):
        return Net(self.weights, self.first, self.second, self.running, self.shape)

    def train(self, kernel, x, y, rate, decay=0.0, share=0.0, *, batch=BATCH, updates=0, seed=SEED):
        controls = (np.float32(control) for control in (rate, decay, share))
        return kernel.train(self.net, x, y, Plan(batch, *controls, updates, seed))

    def judge(self, kernel, x, y):
        return kernel.judge(self.net, x, y)

    def torch(self):
        """The same network in PyTorch."""
        inputs, width, depth, classes, activation, normalised, _ = self.shape
        modules, size = [], inputs
        for _ in range(depth):
            modules.append(torch.nn.Linear(size, width, bias=not normalised))
            modules += [torch.nn.BatchNorm1d(width)] * normalised
            modules.append(ACTIVATIONS[activation]())
            size = width
        net = torch.nn.Sequential(*[m.__class__(width) if isinstance(m, torch.nn.BatchNorm1d) else m for m in modules])
        net.append(torch.nn.Linear(width, classes))
        at = 0
        with torch.no_grad():
            for p in net.parameters():
                part = torch.from_numpy(self.weights[at : at + p.numel()].copy())
                p.copy_(part.reshape(p.shape[::-1]).mT if p.ndim == 2 else part)
                at += p.numel()
        return net


def flat(tensors):
    """Weights or gradients of PyTorch in the kernel's order."""
    return np.concatenate([(t.detach().mT if t.ndim == 2 else t.detach()).reshape(-1).numpy() for t in tensors])


def near(got, wanted, most=1e-5):
    """Whether two arrays differ by no more than a share of the norm."""
    return np.linalg.norm(np.asarray(got) - wanted) <= most * np.linalg.norm(wanted)


def optimizer(net, shape, rate, decay):
    if shape[-1]:
        return torch.optim.AdamW(net.parameters(), rate, weight_decay=decay)
    return torch.optim.SGD(net.parameters(), rate, momentum=0.9, weight_decay=decay)


# ---------------------------------------------------------------------- PyTorch
@FORMS
@pytest.mark.parametrize("shape", [k for k in KINDS if not k[-1]], ids=str)
def test_a_gradient_is_that_of_pytorch(form, shape):
    ours = Toy(shape)
    theirs = ours.torch()
    before = ours.weights.copy()
    lost = ours.train(form(), X[:BATCH], Y[:BATCH], 0.0)
    loss = torch.nn.functional.cross_entropy(theirs(torch.from_numpy(X[:BATCH])), torch.from_numpy(Y[:BATCH]).long())
    loss.backward()
    assert lost == pytest.approx(loss.item(), rel=1e-5)
    assert near(ours.first, flat(p.grad for p in theirs.parameters()))  # the first momentum is the gradient
    assert np.array_equal(ours.weights, before)


@FORMS
@pytest.mark.parametrize("shape", KINDS, ids=str)
def test_an_epoch_is_that_of_pytorch(form, shape):
    rate, decay = (0.01, 0.1) if shape[-1] else (0.05, 0.01)
    ours = Toy(shape)
    theirs = ours.torch()
    steps, losses = optimizer(theirs, shape, rate, decay), []
    lost = ours.train(form(), X, Y, rate, decay)
    x, y = torch.from_numpy(X), torch.from_numpy(Y).long()
    for k in range(0, ROWS, BATCH):
        steps.zero_grad()
        loss = torch.nn.functional.cross_entropy(theirs(x[k : k + BATCH]), y[k : k + BATCH])
        loss.backward()
        steps.step()
        losses.append(loss.item())
    assert near(ours.weights, flat(theirs.parameters()))
    assert lost == pytest.approx(np.mean(losses), rel=1e-5)
    theirs.eval()
    with torch.no_grad():
        out = theirs(x)
    loss, accuracy = ours.judge(form(), X, Y)
    assert loss == pytest.approx(torch.nn.functional.cross_entropy(out, y).item(), rel=1e-5)
    assert accuracy == pytest.approx((out.argmax(1) == y).float().mean().item())
    if shape[-2]:
        norms = [m for m in theirs if isinstance(m, torch.nn.BatchNorm1d)]
        assert near(ours.running, np.stack([np.stack([m.running_mean, m.running_var]) for m in norms]))


def test_an_incomplete_batch_is_left_out():
    one, other = Toy(KINDS[0]), Toy(KINDS[0])
    one.train(by_arrays(), X[:15], Y[:15], 0.1)
    other.train(by_arrays(), X[:8], Y[:8], 0.1)
    assert np.array_equal(one.weights, other.weights)


# ---------------------------------------------------------------------- both forms
@pytest.mark.parametrize("shape", KINDS, ids=str)
def test_both_forms_are_alike_after_three_epochs(shape):
    nets = Toy(shape), Toy(shape)
    for net, form in zip(nets, (by_arrays(), by_loops()), strict=True):
        for epoch in range(3):
            net.train(form, X, Y, 0.01, 0.01, 0.3, updates=epoch * ROWS // BATCH, seed=np.uint64(epoch))
    assert near(nets[0].weights, nets[1].weights)
    assert nets[0].judge(by_arrays(), X, Y) == pytest.approx(nets[1].judge(by_loops(), X, Y), rel=1e-5)


@FORMS
@pytest.mark.parametrize("share", [0.1, 0.5, 0.7])
def test_dropout_drops_its_share_and_keeps_the_mean(form, share):
    """One layer, ReLU, positive inputs and weights: of all units the mean stays, and its share is 0."""
    draw = form().train.__globals__ if form is by_arrays else form().train.py_func.__globals__
    h, slope = np.ones((400, 64), np.float32), np.full((400, 64), 2, np.float32)
    draw["drop"](h, slope, np.float32(share), np.uint64(2**64 - 3), 17)
    assert np.mean(h == 0) == pytest.approx(share, abs=0.01)
    assert h.mean() == pytest.approx(1, abs=0.025)
    assert np.array_equal(slope, 2 * h)
    assert h.max() == np.float32(1) / (np.float32(1) - np.float32(share))


def test_masks_are_those_of_splitmix64_in_both_forms():
    """The first outputs of splitmix64 with seed 0, published: e220a8397b1dcdaf, 6e789e6aa1b965f4."""
    bits = [0xCDAF, 0x7B1D, 0xA839, 0xE220, 0x65F4, 0xA1B9, 0x9E6A, 0x6E78]
    for space in (by_arrays().train.__globals__, by_loops().train.py_func.__globals__):
        h, slope = np.ones((2, 4), np.float32), np.ones((2, 4), np.float32)
        space["drop"](h, slope, np.float32(0.625), np.uint64(0), 0)  # at least .625 * 65536 = 0xA000
        assert (h.reshape(-1) > 0).tolist() == [b >= 0xA000 for b in bits]
        late = np.ones((1, 4), np.float32)
        space["drop"](late, late.copy(), np.float32(0.625), np.uint64(0), 1)
        assert np.array_equal(late[0], h[1])


# ---------------------------------------------------------------------- by hand
@FORMS
def test_one_update_of_one_unit_by_hand(form):
    """Input 2, unit .5 * 2 = 1, logits (1, 0), class 1: p = e / (1 + e)."""
    net = Toy((1, 1, 1, 2, 0, 0, 0))
    net.weights[:] = [0.5, 0, 1, 0, 0, 0]  # input to unit, its bias, unit to outputs, their biases
    x, y = np.array([[2.0]], np.float32), np.array([1], np.int8)
    p = math.e / (1 + math.e)
    lost = net.train(form(), x, y, 0.1, 0.2, batch=1)
    assert lost == pytest.approx(math.log(1 + math.e), rel=1e-6)
    gradient = np.array([2 * p, p, p, -p, p, -p])  # the unit's is p * 1 + (-p) * 0
    moved = gradient + 0.2 * np.array([0.5, 0, 1, 0, 0, 0])
    assert near(net.weights, np.array([0.5, 0, 1, 0, 0, 0]) - 0.1 * moved, 1e-6)
    assert near(net.first, moved, 1e-6)


@FORMS
def test_a_tie_of_outputs_is_a_hit_and_the_loss_of_a_guess(form):
    net = Toy((INPUTS, WIDTH, 1, CLASSES, 0, 0, 0))
    net.weights[:] = 0
    assert net.judge(form(), X, Y) == (pytest.approx(math.log(CLASSES), rel=1e-6), 1.0)


@FORMS
def test_a_network_that_blows_up_is_not_finite_and_raises_nothing(form):
    net = Toy((INPUTS, WIDTH, 2, CLASSES, 2, 0, 0))
    with np.errstate(all="ignore"):
        for _ in range(20):
            net.train(form(), X, Y, 3.0, 3.0)
    assert not np.linalg.norm(net.weights) < 1e6


@FORMS
@pytest.mark.parametrize("activation", [0, 1, 2])
def test_weights_that_are_no_numbers_are_not_healed(form, activation):
    net = Toy((INPUTS, WIDTH, 1, CLASSES, activation, 0, 0))
    net.weights[0] = np.nan
    with np.errstate(all="ignore"):
        assert math.isnan(net.judge(form(), X, Y)[0])


# ---------------------------------------------------------------------- which form
def test_without_numba_the_operations_are_those_of_numpy(monkeypatch):
    assert kernel() is by_loops()
    kept = by_loops.__wrapped__, kernel.__wrapped__
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr("hpo_gym.suites.tasks.fits.compiled.by_loops", kept[0])
    assert kept[1]() is by_arrays()
