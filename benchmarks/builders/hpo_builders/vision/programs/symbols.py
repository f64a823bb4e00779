"""Symbols of invented alphabets, written by hand: each has strokes, each stroke is a curve, and no two are alike."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import ink, to_segments
from hpo_builders.vision.nuisances import contrasted, noisy
from hpo_gym.base import Floats, Ints, generator, key

PIECES = 6
"""A stroke is drawn as so many straight pieces."""


def first(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th of ten symbols of two strokes."""
    return _written(alphabet("first", 10, strokes=2), labels, rng, careless=0.13)


def second(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th of eight symbols of three strokes, written more carelessly."""
    return _written(alphabet("second", 8, strokes=3), labels, rng, careless=0.17)


def alphabet(name: str, symbols: int, strokes: int) -> Floats:
    """Return the control points of quadratic curves, ``(symbols, strokes, 3, 2)``; a function of its arguments."""
    return generator(key("vision", "alphabet", name)).uniform(-0.75, 0.75, (symbols, strokes, 3, 2))


def _written(symbols: Floats, labels: Ints, rng: np.random.Generator, careless: float) -> Floats:
    n = len(labels)
    points = symbols[labels] + rng.normal(0, careless, (n, *symbols.shape[1:]))
    turn, size = rng.normal(0, 0.2, n), rng.uniform(0.8, 1.15, n)
    matrix = size[:, None, None] * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]).transpose(
        2, 0, 1
    )
    points = np.einsum("nskd,ned->nske", points, matrix) + rng.uniform(-0.15, 0.15, (n, 1, 1, 2))
    t = np.linspace(0, 1, PIECES + 1)[:, None]
    weights = np.concatenate([(1 - t) ** 2, 2 * t * (1 - t), t**2], axis=1)  # of a quadratic Bezier curve
    curves = np.einsum("pk,nskd->nspd", weights, points)
    pieces = np.stack([curves[:, :, :-1], curves[:, :, 1:]], axis=3).reshape(n, -1, 2, 2)
    width = rng.uniform(0.05, 0.1, (n, 1, 1))
    return noisy(contrasted(ink(to_segments(pieces) - width), rng, 0.6), rng, 0.15)[:, None]
