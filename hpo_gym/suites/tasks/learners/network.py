"""Networks of a learner as loops that numba compiles: outputs, gradients, and steps of Adam.

All are of one size, whatever the physics: 8 inputs, 8 tanh units, 2 outputs; what a physics has no use for stays 0.
Weights are those of each input to the units ``(INPUTS, HIDDEN)``, their biases, of each unit to the outputs, their
biases. Inputs, units and outputs of rows are flat: number `r` of feature `i` is at ``i N + r``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.suites.tasks.learners.physics import LANES, STEPS, F, N
from hpo_gym.suites.tasks.loops.numbers import ONE, ZERO

INPUTS, HIDDEN, OUTPUTS = 8, 8, 2
ROWS = STEPS * LANES
TOP = HIDDEN * (INPUTS + 1)
NET = TOP + OUTPUTS * (HIDDEN + 1)


class Layers(NamedTuple):
    """Inputs, hidden units and outputs of `N` rows."""

    x: Singles
    h: Singles
    out: Singles


def squash(v: np.float32) -> np.float32:
    """Return tanh, to 1e-4: a continued fraction up to where it reaches 1."""
    v = F(4.97) if v > F(4.97) else (F(-4.97) if v < F(-4.97) else v)
    s = v * v
    return (
        v * (F(135135) + s * (F(17325) + s * (F(378) + s))) / (F(135135) + s * (F(62370) + s * (F(3150) + F(28) * s)))
    )


# ---------------------------------------------------------------------- operations, each with a twin in `vectors`
def forward(w: Singles, of: Layers, start: int, count: int, wide: bool) -> None:
    """Write hidden units and outputs of rows from one on; of four inputs, or all if `wide`."""
    x, h, out = of.x[start:], of.h[start:], of.out[start:]
    for j in range(HIDDEN):
        bias, w0, w1, w2, w3 = w[INPUTS * HIDDEN + j], w[j], w[HIDDEN + j], w[2 * HIDDEN + j], w[3 * HIDDEN + j]
        w4, w5, w6, w7 = w[4 * HIDDEN + j], w[5 * HIDDEN + j], w[6 * HIDDEN + j], w[7 * HIDDEN + j]
        for r in range(count):
            z = bias + w0 * x[r] + w1 * x[N + r] + w2 * x[2 * N + r] + w3 * x[3 * N + r]
            if wide:
                z += w4 * x[4 * N + r] + w5 * x[5 * N + r] + w6 * x[6 * N + r] + w7 * x[7 * N + r]
            h[j * N + r] = squash(z)
    for o in range(OUTPUTS):
        bias, w0, w1, w2, w3 = w[TOP + 16 + o], w[TOP + o], w[TOP + 2 + o], w[TOP + 4 + o], w[TOP + 6 + o]
        w4, w5, w6, w7 = w[TOP + 8 + o], w[TOP + 10 + o], w[TOP + 12 + o], w[TOP + 14 + o]
        for r in range(count):
            z = bias + w0 * h[r] + w1 * h[N + r] + w2 * h[2 * N + r] + w3 * h[3 * N + r]
            out[o * N + r] = z + w4 * h[4 * N + r] + w5 * h[5 * N + r] + w6 * h[6 * N + r] + w7 * h[7 * N + r]


def slopes(w: Singles, of: Layers, d: Singles, g: Singles) -> None:
    """Write the gradient of a network, ``(NET,)``, from that at its outputs, over `ROWS` rows."""
    x, h, down = of.x, of.h, np.empty(ROWS, F)
    for o in range(OUTPUTS):
        total = ZERO
        for r in range(ROWS):
            total += d[o * N + r]
        g[TOP + HIDDEN * OUTPUTS + o] = total
    for j in range(HIDDEN):
        one, two, by, by2, c = ZERO, ZERO, w[TOP + 2 * j], w[TOP + 2 * j + 1], j * N
        for r in range(ROWS):
            v = h[c + r]
            one += v * d[r]
            two += v * d[N + r]
            down[r] = (d[r] * by + d[N + r] * by2) * (ONE - v * v)
        g[TOP + 2 * j], g[TOP + 2 * j + 1] = one, two
        s0, s1, s2, s3, s4, s5, s6, s7, s8 = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
        for r in range(ROWS):
            v = down[r]
            s0, s1, s2, s3 = s0 + v * x[r], s1 + v * x[N + r], s2 + v * x[2 * N + r], s3 + v * x[3 * N + r]
            s4, s5, s6 = s4 + v * x[4 * N + r], s5 + v * x[5 * N + r], s6 + v * x[6 * N + r]
            s7, s8 = s7 + v * x[7 * N + r], s8 + v
        g[j], g[8 + j], g[16 + j], g[24 + j], g[32 + j] = s0, s1, s2, s3, s4
        g[40 + j], g[48 + j], g[56 + j], g[64 + j] = s5, s6, s7, s8


def adam(moments: tuple[Singles, Singles, Singles], g: Singles, rate: np.float32, t: int) -> None:
    """Go up a gradient by step `t` of Adam (.9, .99): weights, first and second moments."""
    w, first, second = moments
    step, by = rate * F(1 / (1 - 0.9**t)), F(1 / (1 - 0.99**t))
    for i in range(2 * NET):
        d = g[i]
        a, b = F(0.9) * first[i] + F(0.1) * d, F(0.99) * second[i] + F(0.01) * d * d
        first[i], second[i] = a, b
        w[i] += step * a / (np.sqrt(b * by) + F(1e-6))
