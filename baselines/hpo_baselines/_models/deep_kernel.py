"""A deep kernel: a Gaussian process on features that a network makes, exact, in PyTorch."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hpo_baselines._maml.descent import Descent, descend
from hpo_baselines._maml.tasks import Known
from hpo_baselines._models.networks import load_weights, one_thread

_FEATURES = 16
_JITTER = 1e-6
_LEAST_NOISE = 1e-4
_APART = 0.1  # of the ends of a random scale, as a share of a task's range


class DeepKernel(nn.Module):
    """The marginal likelihood and the posterior of a process with a constant mean, in float64.

    The covariance is a Matern-5/2 kernel of features ``phi(x)``, with a noise on its diagonal; network, length scale,
    signal variance, noise and mean are all parameters.

    Args:
        inputs: Columns of the encoded configurations.
        hidden: Width of both hidden layers.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.phi = nn.Sequential(
            nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, _FEATURES)
        ).double()
        start = {"log_length": 0.0, "log_signal": 0.0, "log_noise": math.log(0.01), "mean": 0.5}
        self.kernel = nn.ParameterDict(
            {name: nn.Parameter(torch.tensor([value], dtype=torch.float64)) for name, value in start.items()}
        )

    def covariance(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the covariance of features ``(..., n, p)`` and ``(..., c, p)``, without noise, ``(..., n, c)``."""
        square = (a * a).sum(-1)[..., :, None] + (b * b).sum(-1)[..., None, :] - 2.0 * a @ b.transpose(-1, -2)
        r = (5.0 * square.clamp_min(0.0) * torch.exp(-2.0 * self.kernel["log_length"]) + 1e-12).sqrt()
        out: Tensor = self.kernel["log_signal"].exp() * (1.0 + r + r * r / 3.0) * torch.exp(-r)
        return out

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Negative log marginal likelihood per score, ``(...)``, of points ``(..., n, e)`` with scores ``(..., n)``."""
        root, half = self._solved(self.phi(x), y)
        log_root = torch.diagonal(root, dim1=-2, dim2=-1).log().sum(-1)
        return (0.5 * (half * half).sum((-1, -2)) + log_root) / y.shape[-1] + 0.5 * math.log(2.0 * math.pi)

    def posterior(self, x: Tensor, y: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the score without noise at ``(c, e)``, given points ``(n, e)``."""
        z, far = self.phi(x), self.phi(at)
        root, half = self._solved(z, y)
        cross = torch.linalg.solve_triangular(root, self.covariance(z, far), upper=False)
        left = self.kernel["log_signal"].exp() - (cross * cross).sum(0)
        return self.kernel["mean"] + (cross.T @ half)[:, 0], left.clamp_min(1e-12).sqrt()

    def adapted(self, x: Tensor, y: Tensor, steps: int, rate: float) -> DeepKernel:
        """Return a copy after steps of Adam on the marginal likelihood of ``(n, e)`` and ``(n,)``."""
        out = copy.deepcopy(self)
        if len(y) > 1:
            parameters = list(out.parameters())
            optimizer = torch.optim.Adam(parameters, lr=rate)
            for _ in range(steps):
                descend(parameters, optimizer, out(x, y))
        return out

    def _solved(self, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the root of the covariance with noise ``(..., n, n)``, and its solution for the scores ``(..., n,
        1)``."""
        noise = self.kernel["log_noise"].exp() + _LEAST_NOISE + _JITTER * self.kernel["log_signal"].exp()
        k = self.covariance(z, z) + noise * torch.eye(z.shape[-2], dtype=z.dtype)
        root = torch.linalg.cholesky(k)
        return root, torch.linalg.solve_triangular(root, (y - self.kernel["mean"])[..., None], upper=False)


def kernel_from(arrays: Mapping[str, NDArray[Any]], inputs: int, hidden: int) -> DeepKernel:
    """Return a kernel with stored parameters; raises as `load_weights`."""
    with torch.random.fork_rng(devices=[]):  # the start is overwritten
        out = DeepKernel(inputs, hidden)
    load_weights(out, arrays)
    return out


@dataclass(frozen=True)
class Plan:
    """Plan of a training.

    Attributes:
        hidden: Width of both hidden layers.
        tasks: Tasks of an outer step.
        points: Points drawn from each.
        outer_steps: Steps of Adam.
        outer_lr: Their size; it falls to 0 as a cosine.
    """

    hidden: int
    tasks: int
    points: int
    outer_steps: int
    outer_lr: float


def train_kernel(
    tasks: Sequence[Known], validation: Sequence[Known], rng: np.random.Generator, plan: Plan
) -> DeepKernel:
    """Train on one thread; torch's global generator stays as it is.

    With validation tasks, the best of six moments by the likelihood on them is kept.
    """
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**63)))
        kernel = DeepKernel(tasks[0].x.shape[1], plan.hidden)
        held = [draw(validation, rng, plan) for _ in range(4)] if validation else []
        descent = Descent(kernel, plan.outer_lr, plan.outer_steps)
        for _ in range(plan.outer_steps):
            descent.step(kernel(*draw(tasks, rng, plan)).mean())
            if held:
                descent.judge(lambda: _loss(kernel, held))
        descent.end()
    return kernel


@torch.no_grad()
def _loss(kernel: DeepKernel, batches: Sequence[tuple[Tensor, Tensor]]) -> float:
    return float(torch.stack([kernel(*batch).mean() for batch in batches]).mean())


def draw(tasks: Sequence[Known], rng: np.random.Generator, plan: Plan) -> tuple[Tensor, Tensor]:
    """Return points ``(k, n, e)`` of some tasks and their scores ``(k, n)``, each task's on a random scale.

    The ends of the scale are drawn from the task's range, [0, 1], at least a tenth of it apart.
    """
    chosen = rng.permutation(len(tasks))[: plan.tasks].tolist()
    rows = [rng.choice(len(tasks[i].y), plan.points, replace=len(tasks[i].y) < plan.points) for i in chosen]
    low = rng.uniform(0.0, 1.0 - _APART, len(chosen))
    span = rng.uniform(_APART, 1.0 - low)
    x = np.stack([tasks[i].x[r] for i, r in zip(chosen, rows, strict=True)]).astype(np.float64)
    y = np.stack([tasks[i].y[r] for i, r in zip(chosen, rows, strict=True)]).astype(np.float64)
    return torch.from_numpy(x), torch.from_numpy((y - low[:, None]) / span[:, None])
