"""Update rules of one flat vector of parameters and schedules of the learning rate: torch's, without its overhead.

`benchmarks/builders/tests/test_recipe_mlp.py` compares both with `torch.optim`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

BETA_1, BETA_2, ALPHA, EPSILON = 0.9, 0.999, 0.99, 1e-8  # torch's defaults
FIRST, LAST = 1 / 25, 1 / 25e4  # of the one-cycle schedule, shares of its highest learning rate, torch's defaults

Update = Callable[["Tensor", float], None]
"""Moves the parameters by a gradient, which it may overwrite, and a learning rate."""


def optimizer(theta: Tensor, config: Mapping[str, Any]) -> Update:
    """Return the update rule of a configuration, for the parameters `theta`, which it changes in place."""
    decay = config["weight_decay"]
    match config["optimizer"]:
        case "sgd":
            return _sgd(theta, decay, config["sgd:momentum"], config["sgd:nesterov"])
        case "rmsprop":
            return _rmsprop(theta, decay)
        case name:
            return _adam(theta, decay, decoupled=name == "adamw")


def _sgd(theta: Tensor, decay: float, momentum: float, nesterov: bool) -> Update:
    velocity = theta.new_zeros(theta.shape)

    def update(gradient: Tensor, rate: float) -> None:
        gradient.add_(theta, alpha=decay)
        velocity.mul_(momentum).add_(gradient)
        theta.add_(gradient.add_(velocity, alpha=momentum) if nesterov else velocity, alpha=-rate)

    return update


def _rmsprop(theta: Tensor, decay: float) -> Update:
    square = theta.new_zeros(theta.shape)

    def update(gradient: Tensor, rate: float) -> None:
        gradient.add_(theta, alpha=decay)
        square.mul_(ALPHA).addcmul_(gradient, gradient, value=1 - ALPHA)
        theta.addcdiv_(gradient, square.sqrt().add_(EPSILON), value=-rate)

    return update


def _adam(theta: Tensor, decay: float, *, decoupled: bool) -> Update:
    mean, square = theta.new_zeros(theta.shape), theta.new_zeros(theta.shape)
    step = 0

    def update(gradient: Tensor, rate: float) -> None:
        nonlocal step
        step += 1
        if decoupled:
            theta.mul_(1 - rate * decay)
        else:
            gradient.add_(theta, alpha=decay)
        mean.lerp_(gradient, 1 - BETA_1)
        square.mul_(BETA_2).addcmul_(gradient, gradient, value=1 - BETA_2)
        root = square.sqrt().div_(math.sqrt(1 - BETA_2**step)).add_(EPSILON)
        theta.addcdiv_(mean, root, value=-rate / (1 - BETA_1**step))

    return update


def rates(config: Mapping[str, Any], steps: int) -> list[float]:
    """Return the learning rate of each of `steps` steps."""
    return [config["learning_rate"] * _share(config, step, steps) for step in range(steps)]


def _share(config: Mapping[str, Any], step: int, steps: int) -> float:
    past = step / steps
    match config["schedule"]:
        case "cosine":
            return 0.5 + 0.5 * math.cos(math.pi * past)
        case "step":
            return float(config["step:factor"] ** math.floor(past * (config["step:drops"] + 1)))
        case "exponential":
            return float(config["exponential:last"] ** past)
        case "one-cycle":
            top = config["one-cycle:warmup"] * steps - 1
            if step <= top:
                return _cosine(FIRST, 1.0, step / top)
            return _cosine(1.0, LAST, (step - top) / (steps - 1 - top))
    return 1.0


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))
