"""The outer loop of a training: its steps, and the best of some moments."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

_CHECKS = 6  # moments of the training at which the validation tasks are asked
_CLIP = 10.0  # norm of a gradient, at most


class Descent:
    """Steps of Adam with a size that falls to 0 as a cosine.

    Args:
        module: The module to train.
        rate: The size of the first step.
        steps: Their number.
    """

    def __init__(self, module: nn.Module, rate: float, steps: int) -> None:
        self.module, self.rate, self.steps, self.done = module, rate, steps, 0
        self._parameters = [p for p in module.parameters() if p.requires_grad]
        self._optimizer = torch.optim.Adam(self._parameters, lr=rate)
        self._checks = {round(steps * (i + 1) / _CHECKS) for i in range(_CHECKS)}
        self._least, self._kept = math.inf, copy.deepcopy(module.state_dict())

    def step(self, loss: Tensor) -> None:
        """Follow the gradient of a loss; one that is not finite changes nothing."""
        for group in self._optimizer.param_groups:
            group["lr"] = self.rate * 0.5 * (1.0 + math.cos(math.pi * self.done / self.steps))
        descend(self._parameters, self._optimizer, loss)
        self.done += 1

    def judge(self, loss: Callable[[], float]) -> None:
        """At one of six moments, ask how good the module is; the less, the better."""
        if self.done in self._checks and (found := loss()) < self._least:
            self._least, self._kept = found, copy.deepcopy(self.module.state_dict())

    def end(self) -> None:
        """Restore the module at its best judged moment; unchanged without a judgement."""
        if math.isfinite(self._least):
            self.module.load_state_dict(self._kept)


def descend(parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step, of a clipped gradient; where that is not finite, nothing changes."""
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    if torch.nn.utils.clip_grad_norm_(parameters, _CLIP).isfinite():
        optimizer.step()
