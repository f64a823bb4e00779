"""Trains the networks of a surrogate, on one thread, each from a seed of its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.surrogates.rows import Rows
from hpo_builders.surrogates.targets import rising, scales, targets
from hpo_gym.problem import SearchSpace
from hpo_gym.suites import LAYERS, Encoding, SurrogateModel

OF_COST, OF_FAILURE = 0.2, 0.3
"""Weights in the loss, where the score has 1."""


@dataclass(frozen=True)
class Plan:
    """Settings of the networks' training.

    Attributes:
        networks: How many, averaged.
        hidden: Units of each hidden layer.
        factors: What a network tells the heads.
        samples: Rows that pass through a network in all, in epochs; at least `epochs`.
        epochs: Least number of passes through all rows.
        batch: Rows of a step.
        rate: Highest learning rate of AdamW, warmed up over a tenth of the steps, then down to 0 by a cosine.
        decay: Weight decay.
        dropout: Share of the units of the third layer that are dropped.
    """

    networks: int = 4
    hidden: int = 128
    factors: int = 32
    samples: int = 1_600_000
    epochs: int = 20
    batch: int = 256
    rate: float = 3e-3
    decay: float = 1e-2
    dropout: float = 0.05


def fit(space: SearchSpace, tasks: Sequence[Rows], plan: Plan) -> SurrogateModel:
    """Fit a surrogate to the rows of tasks."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        data = _Data(space, tasks)
        return _joined([_train(data, plan, seed) for seed in range(plan.networks)], space, tasks)
    finally:
        torch.set_num_threads(threads)


class _Data:
    """Inputs, tasks and targets of all rows."""

    def __init__(self, space: SearchSpace, tasks: Sequence[Rows]) -> None:
        encoding = Encoding(space)
        found = [targets(rows) for rows in tasks]
        self.k, self.f = len(tasks), tasks[0].score.shape[1]
        self.inputs = np.concatenate([encoding(rows.x) for rows in tasks])
        self.task = np.repeat(np.arange(self.k), [len(rows) for rows in tasks])
        normal = np.concatenate([values for values, _ in found])
        self.normal = np.nan_to_num(normal).astype(np.float32)
        self.failed = np.concatenate([failed for _, failed in found]).astype(np.float32)
        lost = np.array([[*rows.failed.sum(0), len(rows)] for rows in tasks])
        self.odds = np.log((lost[:, :-1] + 0.5) / (lost[:, -1:] - lost[:, :-1] + 0.5))  # of failures, (k, f)
        share = np.full(self.f, 0.5 / max(self.f - 1, 1)) if self.f > 1 else np.ones(1)
        share[-1] = 0.5 if self.f > 1 else 1.0
        self.weight = (np.isfinite(normal) * np.append(share, OF_COST * share)).astype(np.float32)
        self.of_failure = (OF_FAILURE * share).astype(np.float32)

    @property
    def q(self) -> int:
        """Outputs of a head."""
        return int((3 if self.failed.any() else 2) * self.f)


def _train(data: _Data, plan: Plan, seed: int) -> dict[str, NDArray[np.float32]]:
    """Return the arrays of one network."""
    import torch
    from torch.nn import functional

    draw = torch.Generator().manual_seed(seed)
    sizes = [data.inputs.shape[1], *[plan.hidden] * (LAYERS - 1), plan.factors]
    arrays: dict[str, Any] = {}
    for i, (p, h) in enumerate(itertools.pairwise(sizes)):
        arrays[f"w{i}"] = (torch.rand(p, h, generator=draw) * 2 - 1) / p**0.5
        arrays[f"b{i}"] = (torch.rand(h, generator=draw) * 2 - 1) / p**0.5
    arrays["head"] = torch.randn(data.k, data.q, plan.factors, generator=draw) / plan.factors**0.5
    arrays["level"] = torch.from_numpy(np.concatenate([np.zeros((data.k, 2 * data.f)), data.odds], 1)[:, : data.q])
    arrays["head"][:, 2 * data.f :] = 0.0
    arrays = {name: value.float().requires_grad_() for name, value in arrays.items()}

    names = ("inputs", "task", "normal", "failed", "weight")
    inputs, task, normal, failed, weight = (torch.from_numpy(getattr(data, name)) for name in names)
    of_failure = torch.from_numpy(data.of_failure)
    n, two = len(inputs), 2 * data.f
    epochs = max(plan.epochs, round(plan.samples / n))
    steps = epochs * -(-n // plan.batch)
    optimizer = torch.optim.AdamW(arrays.values(), lr=plan.rate, weight_decay=plan.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.rate, total_steps=steps, pct_start=0.1)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(n, generator=draw), plan.batch):
            a = inputs[rows]
            for i in range(LAYERS):
                if i == LAYERS - 1:
                    a = a * (torch.rand(a.shape, generator=draw) >= plan.dropout) / (1 - plan.dropout)
                a = a @ arrays[f"w{i}"] + arrays[f"b{i}"]
                if i < LAYERS - 1:
                    a = a * (1 + a / (1 + a.abs())) / 2
            out = torch.einsum("nr,nqr->nq", a, arrays["head"][task[rows]]) + arrays["level"][task[rows]]
            loss = (weight[rows] * (out[:, :two] - normal[rows]) ** 2).sum(1).mean()
            if data.q > two:
                wrong = functional.binary_cross_entropy_with_logits(out[:, two:], failed[rows], reduction="none")
                loss = loss + (wrong * of_failure).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return {name: value.detach().numpy() for name, value in arrays.items()}


def _joined(
    found: Sequence[dict[str, NDArray[np.float32]]], space: SearchSpace, tasks: Sequence[Rows]
) -> SurrogateModel:
    """One surrogate of several networks, which are averaged."""

    def each(name: str) -> NDArray[np.float32]:
        return np.stack([arrays[name] for arrays in found])

    heads = np.concatenate([arrays["head"] / np.float32(len(found)) for arrays in found], 2).astype(np.float32)
    weights, offsets = (tuple(each(f"{letter}{i}") for i in range(LAYERS)) for letter in "wb")
    return SurrogateModel(
        space, weights, offsets, heads, np.asarray(each("level").mean(0), np.float32), scales(tasks), rising(tasks)
    )
