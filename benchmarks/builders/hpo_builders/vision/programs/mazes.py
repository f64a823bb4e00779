"""Mazes without loops: the class is the algorithm that carved them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpo_builders.vision.canvas import SIZE
from hpo_builders.vision.nuisances import noisy
from hpo_gym.base import Floats, Ints

SIDE = SIZE // 2
Cell = tuple[int, int]
Edge = tuple[Cell, Cell]


def binary_tree(rng: np.random.Generator) -> list[Edge]:
    """Each cell opens to the right or downwards."""
    right = rng.random((SIDE, SIDE)) < 0.5
    edges = []
    for r in range(SIDE):
        for c in range(SIDE):
            if c + 1 < SIDE and (right[r, c] or r + 1 == SIDE):
                edges.append(((r, c), (r, c + 1)))
            elif r + 1 < SIDE:
                edges.append(((r, c), (r + 1, c)))
    return edges


def sidewinder(rng: np.random.Generator) -> list[Edge]:
    """Corridors to the right, each with one way up."""
    u = rng.random((SIDE, SIDE, 2))
    edges = [((0, c), (0, c + 1)) for c in range(SIDE - 1)]
    for r in range(1, SIDE):
        start = 0
        for c in range(SIDE):
            if c + 1 < SIDE and u[r, c, 0] < 0.5:
                edges.append(((r, c), (r, c + 1)))
            else:
                up = start + int(u[r, c, 1] * (c + 1 - start))
                edges.append(((r, up), (r - 1, up)))
                start = c + 1
    return edges


def depth_first(rng: np.random.Generator) -> list[Edge]:
    """Return a walk that goes on from its last cell, and back where there is none: long corridors."""
    return _grown(rng, lambda u, count: count - 1)


def prim(rng: np.random.Generator) -> list[Edge]:
    """Grows from any of its cells: many short dead ends."""
    return _grown(rng, lambda u, count: int(u * count))


def _grown(rng: np.random.Generator, choose: Callable[[float, int], int]) -> list[Edge]:
    u = iter(rng.random(8 * SIDE * SIDE).tolist())
    start = (int(next(u) * SIDE), int(next(u) * SIDE))
    active, seen, edges = [start], {start}, []
    while active:
        at = choose(next(u), len(active))
        r, c = active[at]
        around = [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
        free = [p for p in around if p not in seen and 0 <= p[0] < SIDE and 0 <= p[1] < SIDE]
        if not free:
            active.pop(at)
            continue
        new = free[int(next(u) * len(free))]
        edges.append(((r, c), new))
        seen.add(new)
        active.append(new)
    return edges


MAKERS = (binary_tree, sidewinder, depth_first, prim)


def makers(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th of `MAKERS`; each maze is turned by a multiple of 90 degrees, or not, and mirrored, or not."""
    images = np.stack([drawn(MAKERS[c](rng)) for c in labels])
    for i, (turn, mirror) in enumerate(zip(rng.integers(0, 4, len(labels)), rng.random(len(labels)), strict=True)):
        image = np.rot90(images[i], turn)
        images[i] = image[:, ::-1] if mirror < 0.5 else image
    return noisy(images, rng, 0.25)[:, None]


def drawn(edges: list[Edge]) -> Floats:
    """Open ground is 1, walls are 0; cell (r, c) is the pixel (2 r, 2 c)."""
    image = np.zeros((SIZE, SIZE))
    image[::2, ::2] = 1.0
    for (r, c), (s, d) in edges:
        image[r + s, c + d] = 1.0
    return image
