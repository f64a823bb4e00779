"""Numbers that kernels share: constants in float32, tanh of many at once, and the splitmix64 sequence."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Keys

ZERO, HALF, ONE, THREE = np.float32(0), np.float32(0.5), np.float32(1), np.float32(3)
UP = tuple(np.float32(c) for c in (
    4.89352455891786e-3, 6.37261928875436e-4, 1.48572235717979e-5, 5.12229709037114e-8, -8.60467152213735e-11,
    2.00018790482477e-13, -2.76076847742355e-16,
))  # fmt: skip
DOWN = tuple(np.float32(c) for c in (4.89352518554385e-3, 2.268434632439e-3, 1.18534705686654e-4, 1.19825839466702e-6))
LARGEST = np.float32(7.90531110763549805)
"""Of tanh: polynomials of the square above and below, as in Eigen, and the number where it is 1."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX, MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
S16, S27, S30, S31, LOW = (np.uint64(i) for i in (16, 27, 30, 31, 0xFFFF))


def tanh(v: np.float32) -> np.float32:
    """Return tanh to some units in the last place, a ratio of polynomials, of many numbers at once."""
    v = LARGEST if v > LARGEST else (-LARGEST if v < -LARGEST else v)
    s = v * v
    up = ((((((UP[6] * s + UP[5]) * s + UP[4]) * s + UP[3]) * s + UP[2]) * s + UP[1]) * s + UP[0]) * v
    return up / (((DOWN[3] * s + DOWN[2]) * s + DOWN[1]) * s + DOWN[0])


def splitmix(seed: np.uint64, number: int) -> np.uint64:
    """Return a number of the splitmix64 sequence of a seed."""
    bits = seed + np.uint64(number + 1) * GOLDEN
    bits = (bits ^ (bits >> S30)) * MIX
    bits = (bits ^ (bits >> S27)) * MIX2
    return bits ^ (bits >> S31)


def sequence(seed: np.uint64, count: int, first: int = 0) -> Keys:
    """Return numbers of the splitmix64 sequence of a seed, ``(count,)``, by NumPy."""
    bits = seed + np.arange(first + 1, first + 1 + count, dtype=np.uint64) * GOLDEN
    bits = (bits ^ (bits >> S30)) * MIX
    bits = (bits ^ (bits >> S27)) * MIX2
    return np.asarray(bits ^ (bits >> S31))
