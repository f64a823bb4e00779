"""Convolutional networks of torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from hpo_gym.problem import AnySpace
from hpo_gym.suites.tasks.ready import READY, Ready
from hpo_gym.suites.tasks.ready._data import rows_of
from hpo_gym.suites.tasks.ready._network import hyperparameters, prepare, training

_EPOCHS = 20
_SIDE = 8  # pixels


@READY.register("digits-cnn", extra="build", data="digits")
class CNN(Ready):
    """Choose the layers of a convolutional network on pictures of 8 x 8 pixels, and how it is trained.

    **Fidelity**: share of its 20 epochs, each a step.
    """

    fidelities = (0.1, 0.3, 1.0)

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

    def prepare(self) -> None:
        prepare(self.data)

    def __call__(
        self, config: Mapping[str, Any], seed: int = 0, fidelity: float = 1.0
    ) -> Iterator[tuple[int, dict[str, float]]]:
        from torch import nn

        def block(before: int, after: int) -> list[Any]:
            norm = [nn.BatchNorm2d(after)] if config["batch_norm"] else []
            return [nn.Conv2d(before, after, config["kernel"], padding="same"), *norm, nn.ReLU(), nn.MaxPool2d(2)]

        def build(inputs: int, outputs: int) -> Any:
            channels = [1, *(config["channels"] * 2**i for i in range(config["blocks"]))]
            blocks = [part for i in range(config["blocks"]) for part in block(channels[i], channels[i + 1])]
            left = (_SIDE >> config["blocks"]) ** 2 * channels[-1]
            head = (nn.Flatten(), nn.Dropout(config["dropout"]), nn.Linear(left, outputs))
            return nn.Sequential(nn.Unflatten(1, (1, _SIDE, inputs // _SIDE)), *blocks, *head)

        epochs = training(rows_of(self.data), build, config, _EPOCHS, seed)
        yield from itertools.islice(epochs, max(1, round(fidelity * _EPOCHS)))
