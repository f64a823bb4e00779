"""Reptile: the initialisation moves towards the end of a task's own training. Torch alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import vmap

from hpo_baselines._maml.maml import Batch, Loss, MetaLearner, descend, mse
from hpo_gym.base import InvalidValueError


class ReptileLearner(nn.Module):
    """Reptile, in the form of `MetaLearner`: `forward` gives a loss for any torch optimizer.

    A task's parameters phi are those after the inner steps from theta. The loss is the mean over tasks of
    |theta - phi|^2 / 2 with phi held fixed. Its gradient is theta - phi, so a step of SGD at rate epsilon is
    theta + epsilon (phi - theta), as published. There is no outer loss: support and query of a task are one training
    set. It is dealt out among the inner steps in its order, so each sees a minibatch of its own.

    **Reference**: Nichol, Achiam and Schulman, "On first-order meta-learning algorithms", 2018,
    https://arxiv.org/abs/1803.02999 (the batched version; theta - phi may be handed to Adam, as there)

    **Differs from the paper**: the inner steps are plain SGD, there also Adam.

    Args:
        base_learner, inner_lr, outer_lr, inner_steps, loss: As in `MetaLearner`. With one inner step, Reptile is joint
            training.

    Attributes:
        meta: The `MetaLearner` that adapts and predicts from the same initialisation, each step on the whole support.
    """

    def __init__(
        self,
        base_learner: nn.Module,
        inner_lr: float = 0.01,
        outer_lr: float = 0.001,
        *,
        inner_steps: int = 5,
        loss: Loss = mse,
    ) -> None:
        super().__init__()
        self.meta = MetaLearner(base_learner, inner_lr, outer_lr, inner_steps=inner_steps, first_order=True, loss=loss)

    def forward(self, task_batch: Sequence[tuple[Batch, Batch]]) -> Tensor:
        """Return the mean of |theta - phi|^2 / 2 over ``[((x_support, y_support), (x_query, y_query)), ...]``, a
        scalar.

        Raises:
            InvalidValueError: There is no task in the batch.
        """
        if not task_batch:
            raise InvalidValueError("`task_batch` must hold at least one task, got none.")
        groups: dict[tuple[torch.Size, ...], list[Batch]] = {}
        for (x, y), (x_query, y_query) in task_batch:
            both = torch.cat([x, x_query]), torch.cat([y, y_query])
            groups.setdefault(tuple(t.shape for t in both), []).append(both)
        return torch.cat([self._distances(group) for group in groups.values()]).mean()

    def _distances(self, tasks: Sequence[Batch]) -> Tensor:
        """|theta - phi|^2 / 2 of each task, ``(k,)``; their tensors have equal shapes."""
        theta = self.meta.theta()
        x, y = (torch.stack(tensors) for tensors in zip(*tasks, strict=True))
        with torch.no_grad():  # phi is held fixed; the inner gradients are taken all the same
            over_tasks = vmap(self._train, in_dims=(None, None, 0, 0), randomness="different")
            phi = over_tasks(theta, self.meta.rates(), x, y)
        distance = [((p - phi[name]) ** 2).reshape(len(tasks), -1).sum(1) for name, p in theta.items()]
        return torch.stack(distance).sum(0) / 2.0

    def _train(self, theta: dict[str, Tensor], rates: Tensor, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        steps = self.meta.inner_steps
        whole = len(x) < steps  # too few for minibatches
        parts = [(x, y)] * steps if whole else list(zip(x.tensor_split(steps), y.tensor_split(steps), strict=True))
        for part, step_rates in zip(parts, rates, strict=True):
            theta = descend(self.meta.loss_of, theta, step_rates, part, first_order=True)
        return theta
