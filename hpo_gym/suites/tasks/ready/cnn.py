"""Convolutional networks of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpo_gym.problem import AnySpace
from hpo_gym.suites.tasks.ready import READY
from hpo_gym.suites.tasks.ready._network import Network, hyperparameters

_SIDE = 8  # pixels


@READY.register("digits-cnn", extra="build", data="digits")
class CNN(Network):
    """Choose the layers of a convolutional network on pictures of 8 x 8 pixels, and how it is trained.

    **Fidelity**: share of its 20 epochs, each a step.
    """

    epochs = 20

    def space(self) -> AnySpace:
        from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

        space = ConfigurationSpace()
        space.add(
            *hyperparameters(),
            Integer("blocks", (1, 3), default=2), Integer("channels", (4, 32), log=True, default=16),
            Categorical("kernel", [3, 5], default=3), Float("dropout", (0.0, 0.7), default=0.0),
            Categorical("batch_norm", [True, False], default=True),
        )  # fmt: skip
        return space

    def build(self, config: Mapping[str, Any], inputs: int, outputs: int) -> Any:
        from torch import nn

        def block(before: int, after: int) -> list[Any]:
            norm = [nn.BatchNorm2d(after)] if config["batch_norm"] else []
            return [nn.Conv2d(before, after, config["kernel"], padding="same"), *norm, nn.ReLU(), nn.MaxPool2d(2)]

        channels = [1, *(config["channels"] * 2**i for i in range(config["blocks"]))]
        blocks = [part for i in range(config["blocks"]) for part in block(channels[i], channels[i + 1])]
        left = (_SIDE >> config["blocks"]) ** 2 * channels[-1]
        head = (nn.Flatten(), nn.Dropout(config["dropout"]), nn.Linear(left, outputs))
        return nn.Sequential(nn.Unflatten(1, (1, _SIDE, inputs // _SIDE)), *blocks, *head)
