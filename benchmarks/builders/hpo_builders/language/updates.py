"""Update rules of one flat vector of parameters, and schedules of the learning rate.

Weight decay is decoupled in all rules (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

BETA_1, EPSILON = 0.9, 1e-8
FIRST = 1 / 25  # of the one-cycle schedule, a share of its highest learning rate: torch's default
FLOOR = 0.1  # where the cosine ends: nanoGPT's min_lr

Update = Callable[["Tensor", float], None]
"""Moves the parameters by a gradient, which it may overwrite, and a learning rate."""


def optimizer(theta: Tensor, decayed: Tensor, config: Mapping[str, Any]) -> Update:
    """Return the update rule of a configuration, for the parameters `theta`, which it changes in place.

    Args:
        theta: All parameters.
        decayed: Where weight decay acts, a vector of 0 and 1.
        config: `optimizer` and its settings, `weight_decay` and `clip`, the largest norm that a gradient keeps.
    """
    rule = _RULES[config["optimizer"]](theta, config)
    decay, clip = decayed * config["weight_decay"], config["clip"]

    def update(gradient: Tensor, rate: float) -> None:
        norm = float(gradient.norm())
        if norm > clip:
            gradient.mul_(clip / norm)
        theta.addcmul_(theta, decay, value=-rate)
        rule(gradient, rate)

    return update


def _sgd(theta: Tensor, config: Mapping[str, Any]) -> Update:
    velocity, momentum = theta.new_zeros(theta.shape), config["sgd:momentum"]

    def update(gradient: Tensor, rate: float) -> None:
        theta.add_(velocity.mul_(momentum).add_(gradient), alpha=-rate)

    return update


def _adamw(theta: Tensor, config: Mapping[str, Any]) -> Update:
    mean, square, beta = theta.new_zeros(theta.shape), theta.new_zeros(theta.shape), config["beta_2"]
    step = 0

    def update(gradient: Tensor, rate: float) -> None:
        nonlocal step
        step += 1
        mean.lerp_(gradient, 1 - BETA_1)
        square.mul_(beta).addcmul_(gradient, gradient, value=1 - beta)
        root = square.sqrt().div_(math.sqrt(1 - beta**step)).add_(EPSILON)
        theta.addcdiv_(mean, root, value=-rate / (1 - BETA_1**step))

    return update


def _lion(theta: Tensor, config: Mapping[str, Any]) -> Update:
    """Chen et al., "Symbolic discovery of optimization algorithms", 2023, algorithm 2."""
    mean, beta = theta.new_zeros(theta.shape), config["beta_2"]

    def update(gradient: Tensor, rate: float) -> None:
        theta.add_(mean.lerp(gradient, 1 - BETA_1).sign_(), alpha=-rate)
        mean.lerp_(gradient, 1 - beta)

    return update


_RULES: Mapping[str, Callable[[Tensor, Mapping[str, Any]], Update]] = {"adamw": _adamw, "sgd": _sgd, "lion": _lion}


def rates(config: Mapping[str, Any], steps: int) -> list[float]:
    """Return the learning rate of each of `steps` steps."""
    schedule, warmup = config["schedule"], config.get("warmup", 0.0)
    return [config["learning_rate"] * _share(schedule, warmup, step, steps) for step in range(steps)]


def _share(schedule: str, warmup: float, step: int, steps: int) -> float:
    """Return shares of the highest learning rate; `warmup` is the share of steps in which it rises."""
    if schedule == "constant":
        return 1.0
    past = step / steps
    if past < warmup:
        if schedule == "one-cycle":
            return 1.0 + (FIRST - 1.0) * _falling(past / warmup)
        return min(1.0, (step + 1) / (warmup * steps))
    left = (past - warmup) / (1 - warmup)
    match schedule:
        case "linear":
            return 1.0 - left
        case "cosine":
            return FLOOR + (1 - FLOOR) * _falling(left)
    return _falling(left)


def _falling(share: float) -> float:
    """Half a cosine from 1 to 0."""
    return 0.5 + 0.5 * math.cos(math.pi * share)
