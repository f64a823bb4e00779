"""Rows that are small pictures, counts, answers, or a folded sheet."""

from __future__ import annotations

import numpy as np

from hpo_gym.suites.tasks.training.generators.common import WIDTH, Rows, classes_of, cut, widened


def ellipsoids(rng: np.random.Generator, rows: int) -> Rows:
    """Clouds of one centre that are long in different directions."""
    k, d = classes_of(rng), int(rng.integers(3, 8))
    y, shapes = rng.integers(0, k, rows), rng.normal(size=(k, d, d)) / np.sqrt(d)
    return np.einsum("id,ide->ie", rng.normal(size=(rows, d)), shapes[y]) + 0.1 * rng.normal(size=(rows, d)), y


def bars(rng: np.random.Generator, rows: int) -> Rows:
    """Draw a line across a picture of 3 x 5 pixels; the label is its direction and half."""
    k = classes_of(rng)
    y, place = rng.integers(0, k, rows), rng.integers(0, 2, rows)
    picture = np.zeros((rows, 3, 5))
    for i, (kind, at) in enumerate(zip(y.tolist(), place.tolist(), strict=True)):
        line = (slice(None), at) if kind == 0 else (at, slice(None)) if kind == 1 else (slice(None), at + 3)
        picture[(i, *line) if kind < 3 else (i, 2, slice(at, at + 4))] = 1.0
    return picture.reshape(rows, WIDTH) + rng.uniform(0.3, 0.6) * rng.normal(size=(rows, WIDTH)), y


def segments(rng: np.random.Generator, rows: int) -> Rows:
    """Draw digits as seven lamps, some of them wrong (Breiman and others, "CART", 1984), in groups of digits."""
    lit = ("1110111", "0010010", "1011101", "1011011", "0111010", "1101011", "1101111", "1010010", "1111111", "1111011")
    lamps = np.array([[int(c) for c in digit] for digit in lit])
    digit, group = rng.integers(0, 10, rows), rng.permutation(np.arange(10) % classes_of(rng))
    x = lamps[digit] ^ (rng.random((rows, 7)) < rng.uniform(0.02, 0.1))
    return widened(rng, x + 0.1 * rng.normal(size=(rows, 7))), group[digit]


def counts(rng: np.random.Generator, rows: int) -> Rows:
    """Draw the counts of some words in a text of a topic."""
    k, d = classes_of(rng), int(rng.integers(6, 16))
    rates, y = rng.dirichlet(np.full(d, 0.7), k) * rng.uniform(8, 20), rng.integers(0, k, rows)
    return np.sqrt(rng.poisson(rates[y])), y


def roll(rng: np.random.Generator, rows: int) -> Rows:
    """Label points by their place along a rolled sheet."""
    k, t = classes_of(rng), rng.uniform(1.5 * np.pi, rng.uniform(3, 4.5) * np.pi, rows)
    x = np.stack([t * np.cos(t), t * np.sin(t), rng.uniform(-8, 8, rows)], 1) / 8
    return widened(rng, x + rng.uniform(0.02, 0.08) * rng.normal(size=(rows, 3))), cut(t, k)


def votes(rng: np.random.Generator, rows: int) -> Rows:
    """Answers yes or no to 15 questions, each party with its own leanings, and how many were yes."""
    k = classes_of(rng, 3)
    y, leaning = rng.integers(0, k, rows), rng.beta(0.6, 0.6, (k, WIDTH))
    return 2.0 * (rng.random((rows, WIDTH)) < leaning[y]) - 1.0 + 0.1 * rng.normal(size=(rows, WIDTH)), y


def distances(rng: np.random.Generator, rows: int) -> Rows:
    """Label rows by the distance of two points."""
    d, k = int(rng.integers(1, 4)), classes_of(rng, 3)
    x = rng.normal(size=(rows, 2 * d))
    return widened(rng, x), cut(((x[:, :d] - x[:, d:]) ** 2).sum(1), k)
