"""MAML: an initialisation from which a few gradient steps are enough. Torch alone; knows nothing of hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from hpo_gym.base import InvalidValueError

Batch = tuple[Tensor, Tensor]
"""Inputs ``(n, ...)`` and targets ``(n, ...)`` of one task."""

Parameters = Mapping[str, Tensor]
"""Parameters of a base learner by name; with a leading axis, those of `k` tasks."""

Loss = Callable[[Tensor, Tensor], Tensor]


def mse(prediction: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error."""
    return ((prediction - target) ** 2).mean()


class BaseLearner(nn.Module):
    """The module to adapt to a task. With `inputs`, a small smooth network; without, a base for your own learner.

    Your subclass calls ``super().__init__()``, and brings its parameters and its `forward`. Any other module works as
    well. Parameters that do not require gradients are not adapted.

    Args:
        inputs: Columns of the input; None: no layers, the subclass defines `forward`.
        outputs: Columns of the output.
        hidden: Widths of the hidden layers.
    """

    def __init__(self, inputs: int | None = None, outputs: int = 1, hidden: Sequence[int] = (64, 64)) -> None:
        super().__init__()
        if inputs is not None:
            widths, layers = [inputs, *hidden], list[nn.Module]()
            for before, after in pairwise(widths):
                layers += [nn.Linear(before, after), nn.SiLU()]  # smooth: second derivatives matter
            self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Predict, ``(n, inputs)`` -> ``(n, outputs)``."""
        if "layers" not in self._modules:
            raise NotImplementedError(
                "A `BaseLearner` without `inputs` must be subclassed with a `forward` of its own."
            )
        out: Tensor = self.layers(x)
        return out


class MetaLearner(nn.Module):
    """Model-agnostic meta-learning, with the whole second-order gradient.

        theta* = argmin_theta mean_i L_i(theta_i'),   theta_i' = theta - alpha grad L_i(theta)

    where the inner step is on a task's support and the outer loss on its query. The gradient of a task's term is
    (I - alpha H_i) grad L_i(theta_i'), where H_i is the Hessian of the support's loss: `torch.func` differentiates
    through the inner gradient. Tasks of equal shapes are done by one `vmap`, one group of shapes after the other.

        meta = MetaLearner(BaseLearner(1))
        optimizer = meta.optimizer()
        for batch in batches:
            optimizer.zero_grad()
            meta(batch).backward()
            optimizer.step()
        theta_new = meta.adapt(x_support, y_support)
        y = meta.predict(theta_new, x)

    **Reference**: Finn, Abbeel and Levine, "Model-agnostic meta-learning for fast adaptation of deep networks", ICML
    2017, https://arxiv.org/abs/1703.03400. Learned step sizes: one for each step and parameter tensor, as in Antoniou,
    Edwards and Storkey, "How to train your MAML", ICLR 2019, https://arxiv.org/abs/1810.09502

    **Differs from the paper**: the mean over tasks instead of their sum.

    Args:
        base_learner: The module to find an initialisation for. Its parameters are the meta-parameters: a step of the
            outer optimizer changes this module itself.
        inner_lr: alpha; 0 gives joint training.
        outer_lr: Step size of `optimizer()`.
        inner_steps: Gradient steps on the support, each on the whole of it.
        first_order: Take H_i as 0 (first-order MAML).
        learn_inner_lr: Whether the logarithms of the step sizes are meta-parameters too; they start at `inner_lr`.
        loss: Of prediction and target, a scalar.
    """

    log_inner_lr: nn.Parameter | None

    def __init__(
        self,
        base_learner: nn.Module,
        inner_lr: float = 0.01,
        outer_lr: float = 0.001,
        *,
        inner_steps: int = 1,
        first_order: bool = False,
        learn_inner_lr: bool = False,
        loss: Loss = mse,
    ) -> None:
        super().__init__()
        if not (inner_lr > 0.0 or (inner_lr == 0.0 and not learn_inner_lr)):
            raise InvalidValueError(f"`inner_lr >= 0` must hold (> 0 where it is learned), got {inner_lr}.")
        if not outer_lr > 0.0:
            raise InvalidValueError(f"`outer_lr > 0` must hold, got {outer_lr}.")
        if inner_steps < 1:
            raise InvalidValueError(f"`inner_steps >= 1` must hold, got {inner_steps}; the nearest is 1.")
        self.base_learner, self.loss = base_learner, loss
        self.inner_lr, self.outer_lr = inner_lr, outer_lr
        self.inner_steps, self.first_order = inner_steps, first_order
        theta = list(self.theta().values())
        if not theta:
            raise InvalidValueError("`base_learner` must have a parameter that requires gradients, got none.")
        self.log_inner_lr = None
        if learn_inner_lr:
            start = torch.full((inner_steps, len(theta)), inner_lr, dtype=theta[0].dtype, device=theta[0].device)
            self.log_inner_lr = nn.Parameter(start.log())

    def forward(self, task_batch: Sequence[tuple[Batch, Batch]]) -> Tensor:
        """Return the meta-loss of ``[((x_support, y_support), (x_query, y_query)), ...]``, a scalar.

        Raises:
            InvalidValueError: There is no task in the batch.
        """
        if not task_batch:
            raise InvalidValueError("`task_batch` must hold at least one task, got none.")
        groups: dict[tuple[torch.Size, ...], list[tuple[Tensor, ...]]] = {}
        for support, query in task_batch:
            tensors = (*support, *query)
            groups.setdefault(tuple(t.shape for t in tensors), []).append(tensors)
        return torch.cat([self._losses(group) for group in groups.values()]).mean()

    def optimizer(self) -> torch.optim.Optimizer:
        """Adam at `outer_lr` on all meta-parameters; any other torch optimizer does as well."""
        return torch.optim.Adam([p for p in self.parameters() if p.requires_grad], lr=self.outer_lr)

    def theta(self) -> dict[str, Tensor]:
        """Return the initialisation: the adapted parameters of the base learner, by name."""
        return {name: p for name, p in self.base_learner.named_parameters() if p.requires_grad}

    def rates(self) -> Tensor:
        """Return the size of each inner step for each parameter of `theta`, ``(inner_steps, p)``."""
        if self.log_inner_lr is not None:
            return self.log_inner_lr.exp()
        first = next(iter(self.theta().values()))
        return torch.full((self.inner_steps, len(self.theta())), self.inner_lr, dtype=first.dtype, device=first.device)

    def adapt(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Return the parameters after the inner steps on one support, differentiable in the meta-parameters."""
        return self.adapt_from(self.theta(), self.rates(), x, y)

    def adapt_from(self, theta: dict[str, Tensor], rates: Tensor, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Return `adapt` as a function of its initialisation and step sizes, for `vmap` and `grad`."""
        for step_rates in rates.unbind():
            theta = descend(self.loss_of, theta, step_rates, (x, y), first_order=self.first_order)
        return theta

    def predict(self, parameters: Parameters, x: Tensor) -> Tensor:
        """Return the base learner's output for `x` with other parameters."""
        out: Tensor = functional_call(self.base_learner, dict(parameters), (x,))
        return out

    def loss_of(self, parameters: Parameters, x: Tensor, y: Tensor) -> Tensor:
        """Return the loss on `x` and `y` with other parameters."""
        return self.loss(self.predict(parameters, x), y)

    def _losses(self, tasks: Sequence[tuple[Tensor, ...]]) -> Tensor:
        """Return the outer loss of each task, ``(k,)``; their tensors have equal shapes."""
        theta, rates = self.theta(), self.rates()
        if len(tasks) == 1:
            return self._task_loss(theta, rates, tasks[0])[None]
        stacked = tuple(torch.stack(tensors) for tensors in zip(*tasks, strict=True))
        over_tasks = vmap(self._task_loss, in_dims=(None, None, 0), randomness="different")
        losses: Tensor = over_tasks(theta, rates, stacked)
        return losses

    def _task_loss(self, theta: dict[str, Tensor], rates: Tensor, task: tuple[Tensor, ...]) -> Tensor:
        x, y, x_query, y_query = task
        return self.loss_of(self.adapt_from(theta, rates, x, y), x_query, y_query)


def descend(
    loss: Callable[[dict[str, Tensor], Tensor, Tensor], Tensor],
    theta: dict[str, Tensor],
    rates: Tensor,
    batch: Batch,
    *,
    first_order: bool,
) -> dict[str, Tensor]:
    """One gradient step from `theta` at rates ``(p,)``, one a parameter; `first_order`: the gradient is held fixed."""
    gradient = grad(loss)(theta, *batch)
    if first_order:
        gradient = {name: g.detach() for name, g in gradient.items()}
    return {name: p - rates[j] * gradient[name] for j, (name, p) in enumerate(theta.items())}
