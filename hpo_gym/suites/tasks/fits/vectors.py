"""The operations of `hpo_gym.suites.tasks.fits.network` on whole arrays: NumPy's form, which rounds otherwise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Singles
from hpo_gym.suites.tasks.fits import network as n
from hpo_gym.suites.tasks.fits.numbers import ONE, sequence


def activate(z: Singles, bias: Singles, slope: Singles, activation: int) -> None:
    """Add biases and activate."""
    z += bias
    if activation == 0:
        np.greater(z, 0, out=slope)
        z *= slope
    elif activation == 1:
        np.tanh(z, out=z)
        np.subtract(1, z * z, out=slope)
    else:
        square = z * z
        t = np.tanh(n.ROOT * z * (1 + n.CUBE * square))
        half = 0.5 * (1 + t)
        slope[:] = half + 0.5 * z * (1 - t * t) * n.ROOT * (1 + 3 * n.CUBE * square)
        z *= half


def drop(h: Singles, slope: Singles, share: np.float32, seed: np.uint64, first: int) -> None:
    """Drop units."""
    bits = sequence(seed, h.size // 4, first)
    kept = bits.astype("<u8", copy=False).view("<u2") >= np.uint16(share * np.float32(65536))
    factor = kept.reshape(h.shape) * (ONE / (ONE - share))
    h *= factor
    slope *= factor


def normalise(z: Singles, factor: Singles, running: Singles, hat: Singles, spread: Singles) -> None:
    """Normalise a batch."""
    m = len(z)
    mean, variance = z.mean(0), z.var(0)
    np.divide(1, np.sqrt(variance + n.SPREAD), out=spread)
    running[0] += n.RUNNING * (mean - running[0])
    running[1] += n.RUNNING * (variance * (m / (m - 1)) - running[1])
    np.multiply(z - mean, spread, out=hat)
    np.multiply(hat, factor, out=z)


def denormalise(d: Singles, hat: Singles, scale: Singles, factors: Singles, biases: Singles) -> None:
    """Turn a gradient behind batch norm into that before it."""
    np.sum(d * hat, 0, out=factors)
    d -= (biases + hat * factors) / len(d)
    d *= scale


def descend(d: Singles, slope: Singles, biases: Singles) -> None:
    """Multiply by slopes, and sum columns."""
    d *= slope
    np.sum(d, 0, out=biases)


def judged(room: n.Room, bias: Singles, y: NDArray[np.int8]) -> tuple[float, int]:
    """Turn outputs into the gradient; return losses and hits."""
    out, rows = room.out, np.arange(len(y))
    out += bias
    out -= out.max(1, keepdims=True)
    picked = out[rows, y]
    np.exp(out, out=out)
    mass = out.sum(1)
    out /= mass[:, None] * len(y)
    out[rows, y] -= 1 / len(y)
    np.sum(out, 0, out=room.gradient[-len(bias) :])
    return float((np.log(mass) - picked).sum()), int(np.count_nonzero(picked >= 0))


def sgd(net: n.Net, gradient: Singles, rate: np.float32, decay: np.float32) -> None:
    """Take a step of SGD."""
    moved = net.first
    moved *= n.BETA
    moved += gradient
    moved += decay * net.weights
    np.subtract(net.weights, rate * moved, out=net.weights)


def adamw(net: n.Net, gradient: Singles, keep: np.float32, step: np.float32, scale: np.float32) -> None:
    """Take a step of AdamW."""
    weights, first, second = net.weights, net.first, net.second
    first *= n.BETA
    first += (1 - n.BETA) * gradient
    second *= n.BETA2
    second += (1 - n.BETA2) * gradient * gradient
    weights *= keep
    weights -= step * first / (np.sqrt(second) * scale + n.TINY)
