"""The kernel of fits: epochs and judgements of one network in float32, in the part of Python that numba compiles.

`hpo_gym.suites.tasks.fits.compiled` compiles what is here. Without numba, operations of the same names in
`hpo_gym.suites.tasks.fits.vectors` replace those at the end, which are loops over numbers. Steps are PyTorch's:
SGD with momentum and weight decay in the gradient, AdamW with weight decay apart, batch norm, and dropout after each
activation.

Weights lie one after the other: of each hidden layer those of its inputs ``(inputs, width)``, the factors of batch norm
if there is any, and biases; then those of the outputs ``(width, classes)`` and their biases. With batch norm a layer
has no other biases, which it would take out again. Activations are 0 ReLU, 1 tanh, and 2 GELU in the form with tanh.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Singles
from hpo_gym.suites.tasks.fits.numbers import GOLDEN, HALF, LOW, ONE, S16, THREE, ZERO, splitmix, tanh

Shape = tuple[int, int, int, int, int, int, int]
BLOCK = 128
"""Rows that are judged at once: few enough for the cache."""

BETA, BETA2, TINY = np.float32(0.9), np.float32(0.999), np.float32(1e-8)
"""Momentum, or decay of AdamW's first moment; decay of its second; the term added to its root."""
RUNNING, SPREAD = np.float32(0.1), np.float32(1e-5)
"""Of batch norm: share of a batch in the running statistics, and the term added to variances."""
ROOT, CUBE = np.float32(0.7978845608028654), np.float32(0.044715)  # of GELU


class Net(NamedTuple):
    """A network and the state of its optimizer.

    Attributes:
        weights: All weights, ``(w,)``.
        first: Momentum, or first moments of AdamW, ``(w,)``.
        second: Its second moments, ``(w,)``; of SGD empty.
        running: Running means and variances of batch norm, ``(depth, 2, width)``; without any empty.
        shape: Inputs, width, depth, classes, activation, and 1 or 0 for batch norm and for AdamW.
    """

    weights: Singles
    first: Singles
    second: Singles
    running: Singles
    shape: Shape


class Plan(NamedTuple):
    """An epoch: rows of an update, learning rate, weight decay, dropout, updates so far, seed of its masks."""

    batch: int
    rate: np.float32
    decay: np.float32
    dropout: np.float32
    updates: int
    seed: np.uint64


class Room(NamedTuple):
    """Room for `n` rows: activations, their slopes, and values that batch norm has normalised, ``(depth, n, width)``;
    1 / root of its variances ``(depth, width)``; outputs ``(n, classes)``; and the gradient of the weights."""

    h: Singles
    slope: Singles
    hat: Singles
    spread: Singles
    out: Singles
    gradient: Singles


def train(net: Net, x: Singles, y: NDArray[np.int8], plan: Plan) -> float:
    """Take an update on each whole batch of rows ``(n, inputs)``, in place; return the mean loss before it, in nats."""
    room, lost = room_for(net, plan.batch), 0.0
    count = len(y) // plan.batch
    for k in range(count):
        start, end = k * plan.batch, (k + 1) * plan.batch
        forward(net, x[start:end], room, plan, k)
        lost += judged(room, biases_of(net), y[start:end])[0]
        backward(net, x[start:end], room)
        if net.shape[6]:
            t = plan.updates + k + 1
            step, scale = plan.rate / np.float32(1 - 0.9**t), np.float32(1 / math.sqrt(1 - 0.999**t))
            adamw(net, room.gradient, ONE - plan.rate * plan.decay, step, scale)
        else:
            sgd(net, room.gradient, plan.rate, plan.decay)
    return lost / (count * plan.batch)


def judge(net: Net, x: Singles, y: NDArray[np.int8]) -> tuple[float, float]:
    """Return mean loss in nats and accuracy on rows ``(n, inputs)`` of classes ``(n,)``."""
    lost, right = 0.0, 0
    for start in range(0, len(y), BLOCK):
        labels = y[start : start + BLOCK]
        room = room_for(net, len(labels))
        forward(net, x[start : start + BLOCK], room, Plan(0, ZERO, ZERO, ZERO, 0, GOLDEN), -1)
        loss, hits = judged(room, biases_of(net), labels)
        lost, right = lost + loss, right + hits
    return lost / len(y), right / len(y)


def room_for(net: Net, n: int) -> Room:
    """Return room for so many rows."""
    _, width, depth, classes, _, _, _ = net.shape
    h, slope = np.empty((depth, n, width), np.float32), np.empty((depth, n, width), np.float32)
    hat, spread = np.empty_like(h), np.empty((depth, width), np.float32)
    return Room(h, slope, hat, spread, np.empty((n, classes), np.float32), np.empty_like(net.weights))


def biases_of(net: Net) -> Singles:
    """Return the biases of the outputs."""
    return net.weights[len(net.weights) - net.shape[3] :]


def forward(net: Net, x: Singles, room: Room, plan: Plan, update: int) -> None:
    """Write outputs without biases, activations and their slopes; of update -1, as judged."""
    inputs, width, depth, classes, activation, normalised, _ = net.shape
    weights, before, at, size = net.weights, x, 0, inputs
    for j in range(depth):
        h, end = room.h[j], at + size * width
        np.dot(before, weights[at:end].reshape(size, width), h)
        if normalised:
            if update < 0:
                h -= net.running[j, 0]
                h *= weights[end : end + width] / np.sqrt(net.running[j, 1] + SPREAD)
            else:
                normalise(h, weights[end : end + width], net.running[j], room.hat[j], room.spread[j])
            end += width
        activate(h, weights[end : end + width], room.slope[j], activation)
        if plan.dropout > ZERO:
            drop(h, room.slope[j], plan.dropout, plan.seed, (update * depth + j) * (len(x) * width // 4))
        before, at, size = h, end + width, width
    np.dot(before, weights[at : at + width * classes].reshape(width, classes), room.out)


def backward(net: Net, x: Singles, room: Room) -> None:
    """Write the gradient of the weights from that of the outputs, ``(n, classes)``."""
    inputs, width, depth, classes, _, normalised, _ = net.shape
    weights, gradient, out = net.weights, room.gradient, room.out
    end = len(weights) - classes
    at = end - width * classes
    np.dot(room.h[depth - 1].T, out, gradient[at:end].reshape(width, classes))
    d = np.dot(out, weights[at:end].reshape(width, classes).T)
    for j in range(depth - 1, -1, -1):
        size = width if j else inputs
        before = room.h[j - 1] if j else x
        end = at - width
        descend(d, room.slope[j], gradient[end:at])
        if normalised:
            scale = weights[end - width : end] * room.spread[j]
            denormalise(d, room.hat[j], scale, gradient[end - width : end], gradient[end:at])
            end -= width
        at = end - size * width
        np.dot(before.T, d, gradient[at:end].reshape(size, width))
        if j:
            d = np.dot(d, weights[at:end].reshape(size, width).T)


# ---------------------------------------------------------------------- operations, each with a twin in `vectors`
def activate(z: Singles, bias: Singles, slope: Singles, activation: int) -> None:
    """Add the biases, and write the activation into `z` ``(n, width)`` and its derivative into `slope`."""
    for i in range(len(z)):
        row, to = z[i], slope[i]
        if activation == 0:
            for j in range(len(row)):
                v = row[j] + bias[j]
                to[j] = ONE if v > ZERO else ZERO
                row[j] = v if v > ZERO else v * ZERO  # not a number stays so
        elif activation == 1:
            for j in range(len(row)):
                t = tanh(row[j] + bias[j])
                row[j], to[j] = t, ONE - t * t
        else:
            for j in range(len(row)):
                v = row[j] + bias[j]
                t = tanh(ROOT * (v + CUBE * v * v * v))
                row[j] = HALF * v * (ONE + t)
                to[j] = HALF * (ONE + t) + HALF * v * (ONE - t * t) * ROOT * (ONE + THREE * CUBE * v * v)


def drop(h: Singles, slope: Singles, share: np.float32, seed: np.uint64, first: int) -> None:
    """Drop units: each with 16 bits of the splitmix64 sequence of the seed from number `first` on, four at a time."""
    least, up = np.uint64(share * np.float32(65536)), ONE / (ONE - share)
    unit, change = h.reshape(-1), slope.reshape(-1)
    for i in range(len(unit) // 4):
        bits = splitmix(seed, first + i)
        for j in range(4):
            factor = up if bits & LOW >= least else ZERO
            unit[4 * i + j] *= factor
            change[4 * i + j] *= factor
            bits >>= S16


def normalise(z: Singles, factor: Singles, running: Singles, hat: Singles, spread: Singles) -> None:
    """Normalise columns of `z` ``(n, width)`` and multiply them; write them before that, and 1 / root of variances."""
    n, width = z.shape
    mean, variance = np.zeros(width, np.float32), np.zeros(width, np.float32)
    for i in range(n):
        for j in range(width):
            mean[j] += z[i, j]
    mean /= np.float32(n)
    for i in range(n):
        for j in range(width):
            v = z[i, j] - mean[j]
            variance[j] += v * v
    variance /= np.float32(n)
    for j in range(width):
        spread[j] = ONE / np.sqrt(variance[j] + SPREAD)
        running[0, j] += RUNNING * (mean[j] - running[0, j])
        running[1, j] += RUNNING * (variance[j] * np.float32(n / (n - 1)) - running[1, j])
    for i in range(n):
        for j in range(width):
            v = (z[i, j] - mean[j]) * spread[j]
            hat[i, j], z[i, j] = v, v * factor[j]


def denormalise(d: Singles, hat: Singles, scale: Singles, factors: Singles, biases: Singles) -> None:
    """Turn a gradient behind batch norm into that before it, and write that of its factors; that of biases is known."""
    n, width = d.shape
    factors[:] = ZERO
    for i in range(n):
        for j in range(width):
            factors[j] += d[i, j] * hat[i, j]
    part = ONE / np.float32(n)
    for i in range(n):
        for j in range(width):
            d[i, j] = scale[j] * (d[i, j] - part * (biases[j] + hat[i, j] * factors[j]))


def descend(d: Singles, slope: Singles, biases: Singles) -> None:
    """Multiply a gradient ``(n, width)`` by slopes, and write the sums of its columns."""
    biases[:] = ZERO
    for i in range(len(d)):
        row, by = d[i], slope[i]
        for j in range(len(row)):
            row[j] *= by[j]
            biases[j] += row[j]


def judged(room: Room, bias: Singles, y: NDArray[np.int8]) -> tuple[float, int]:
    """Add biases to the outputs, turn them into the gradient of the mean loss; return summed losses, and hits."""
    lost, right, part, sums = 0.0, 0, ONE / np.float32(len(y)), room.gradient[len(room.gradient) - len(bias) :]
    sums[:] = ZERO
    for i in range(len(y)):
        row = room.out[i]
        most = -np.float32(np.inf)
        for k in range(len(row)):
            row[k] += bias[k]
            most = row[k] if row[k] > most else most
        picked, mass = row[y[i]] - most, ZERO
        for k in range(len(row)):
            row[k] = np.exp(row[k] - most)
            mass += row[k]
        lost += np.log(mass) - picked
        right += picked >= ZERO
        for k in range(len(row)):
            row[k] *= part / mass
        row[y[i]] -= part
        sums += row
    return lost, right


def sgd(net: Net, gradient: Singles, rate: np.float32, decay: np.float32) -> None:
    """Take a step of SGD with momentum."""
    weights, moved = net.weights, net.first
    for i in range(len(weights)):
        v = BETA * moved[i] + gradient[i] + decay * weights[i]
        moved[i] = v
        weights[i] -= rate * v


def adamw(net: Net, gradient: Singles, keep: np.float32, step: np.float32, scale: np.float32) -> None:
    """Take a step of AdamW: `keep` is the share of the weights that stays, `step` and `scale` correct the moments."""
    weights, first, second = net.weights, net.first, net.second
    for i in range(len(weights)):
        g = gradient[i]
        a, b = BETA * first[i] + (ONE - BETA) * g, BETA2 * second[i] + (ONE - BETA2) * g * g
        first[i], second[i] = a, b
        weights[i] = keep * weights[i] - step * a / (np.sqrt(b) * scale + TINY)
