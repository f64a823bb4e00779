"""Epochs of `Trainings` against the loop that one would write by hand in NumPy, and the same network in PyTorch.

The fixed network has 1,000 weights, 256 rows and batches of 16. `mixed` are the recipes of the suite, most of them
larger. The env gives signals, observations and resets too; the kernel alone is shown in both of its forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from measured import Found, Goal, Group, Ratios, main

# isort: split
import numpy as np
from timing import Case, against

from hpo_gym import HPOVectorEnv
from hpo_gym.suites.tasks.fits.compiled import Kernel, by_arrays, by_loops
from hpo_gym.suites.tasks.fits.network import Net, Plan
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.trainings import trainings_with

F32 = np.float32
INPUTS, WIDTH, CLASSES, ROWS, BATCH, VALID = 15, 48, 5, 256, 16, 128
FIXED = Recipes((WIDTH,), (1,), ("relu",), (False,), ("sgd",), (BATCH,), (ROWS, ROWS))
RATE, DECAY, KEEP = 0.01, 1e-3, 0
GOALS = {"env n=1": Goal(0.5), "kernel in NumPy": Goal(0.5)}
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(ROWS, INPUTS)).astype(F32), RNG.integers(0, CLASSES, ROWS)
VALID_X, VALID_Y = RNG.normal(size=(VALID, INPUTS)).astype(F32), RNG.integers(0, CLASSES, VALID)


def env_case(recipes: Recipes, n: int) -> Case:
    """Steps of the env with its defaults, all runs keeping their settings."""
    env = HPOVectorEnv(n, trainings_with(recipes), autoreset_mode="SAME_STEP")
    env.reset(seed=0)
    actions = np.full(n, KEEP)

    def run(count: int) -> None:
        for _ in range(count):
            env.step(actions)

    return run, n


def kernel_case(form: Callable[[], Kernel]) -> Case:
    """Epochs and validations by the functions that the env calls."""
    kernel, w = form(), (INPUTS + 1) * WIDTH + (WIDTH + 1) * CLASSES
    weights = (RNG.uniform(-1, 1, w) / 4).astype(F32)
    empty = np.zeros((0, 2, WIDTH), F32)
    net = Net(weights, np.zeros(w, F32), weights[:0].copy(), empty, (INPUTS, WIDTH, 1, CLASSES, 0, 0, 0))
    plan = Plan(BATCH, F32(RATE), F32(DECAY), F32(0), 0, np.uint64(1))
    y, valid_y = Y.astype(np.int8), VALID_Y.astype(np.int8)

    def run(count: int) -> None:
        for _ in range(count):
            order = RNG.permutation(ROWS)
            kernel.train(net, X[order], y[order], plan)
            kernel.judge(net, VALID_X, valid_y)

    return run, 1


def plain_case() -> Case:
    """The loop by hand."""
    shapes = (INPUTS, WIDTH), (WIDTH,), (WIDTH, CLASSES), (CLASSES,)
    weights = [(RNG.uniform(-1, 1, shape) / 4).astype(F32) for shape in shapes]
    moved = [np.zeros_like(w) for w in weights]
    first, bias, second, bias2 = weights
    labels, wanted = np.eye(CLASSES, dtype=F32)[Y], np.eye(CLASSES, dtype=F32)[VALID_Y]

    def run(count: int) -> None:
        for _ in range(count):
            order = RNG.permutation(ROWS)
            for k in range(0, ROWS, BATCH):
                rows = order[k : k + BATCH]
                x, y = X[rows], labels[rows]
                hidden = np.maximum(x @ first + bias, 0)
                p = (_softmax(hidden @ second + bias2) - y) / F32(BATCH)
                back = (p @ second.T) * (hidden > 0)
                gradients = x.T @ back, back.sum(0), hidden.T @ p, p.sum(0)
                for w, m, g in zip(weights, moved, gradients, strict=True):
                    m *= F32(0.9)
                    m += g + F32(DECAY) * w
                    w -= F32(RATE) * m
            p = _softmax(np.maximum(VALID_X @ first + bias, 0) @ second + bias2)
            -np.log((p * wanted).sum(1) + F32(1e-12)).mean()

    return run, 1


def _softmax(logits: np.ndarray) -> np.ndarray:
    p = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(p / p.sum(1, keepdims=True))


def torch_case() -> Case:
    """The usual loop in PyTorch, on one thread."""
    import torch

    torch.set_num_threads(1)
    net = torch.nn.Sequential(torch.nn.Linear(INPUTS, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, CLASSES))
    steps = torch.optim.SGD(net.parameters(), RATE, momentum=0.9, weight_decay=DECAY)
    x, y, valid_x, valid_y = (torch.from_numpy(a) for a in (X, Y, VALID_X, VALID_Y))
    loss = torch.nn.functional.cross_entropy

    def run(count: int) -> None:
        for _ in range(count):
            order = torch.randperm(ROWS)
            for k in range(0, ROWS, BATCH):
                rows = order[k : k + BATCH]
                steps.zero_grad()
                loss(net(x[rows]), y[rows]).backward()
                steps.step()
            with torch.no_grad():
                loss(net(valid_x), valid_y).item()

    return run, 1


def measured(cases: Mapping[str, Callable[[], Case]], small: bool) -> Found:
    """Both take turns with the loop by hand."""
    made = {name: case() for name, case in cases.items()}
    return dict(against(made, plain_case(), repeats=5 if small else 11, target=0.2))


def groups(small: bool) -> Mapping[str, Group]:
    """The kernel and one run, then many."""
    one = {
        "env n=1": partial(env_case, FIXED, 1),
        "kernel by numba": partial(kernel_case, by_loops),
        "kernel in NumPy": partial(kernel_case, by_arrays),
        "PyTorch": torch_case,
    }
    many = {"env n=256": partial(env_case, FIXED, 256), "env n=256, mixed": partial(env_case, Recipes(), 256)}
    return {"one": partial(measured, one), **({} if small else {"many": partial(measured, many)})}


RATIOS = Ratios("fits", groups, GOALS)

if __name__ == "__main__":
    main(RATIOS, __doc__)
