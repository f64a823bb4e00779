"""Multilayer perceptrons of torch."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from hpo_gym.problem import AnySpace
from hpo_gym.suites.tasks.ready import READY
from hpo_gym.suites.tasks.ready._network import Network, hyperparameters


@READY.register("diabetes-mlp", extra="build", data="diabetes")
@READY.register("digits-mlp", extra="build", data="digits")
class MLP(Network):
    """Choose the layers of a perceptron and how it is trained. **Fidelity**: share of its 30 epochs, each a step."""

    epochs = 30

    def space(self) -> AnySpace:
        from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

        space = ConfigurationSpace()
        space.add(
            *hyperparameters(),
            Integer("layers", (1, 4), default=2), Integer("width", (8, 256), log=True, default=64),
            Float("dropout", (0.0, 0.7), default=0.0), Categorical("activation", ["relu", "tanh", "gelu"]),
        )  # fmt: skip
        return space

    def build(self, config: Mapping[str, Any], inputs: int, outputs: int) -> Any:
        from torch import nn

        activation = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}[config["activation"]]
        widths = [inputs, *[config["width"]] * config["layers"]]
        parts = [
            part
            for before, after in itertools.pairwise(widths)
            for part in (nn.Linear(before, after), activation(), nn.Dropout(config["dropout"]))
        ]
        return nn.Sequential(*parts, nn.Linear(widths[-1], outputs))
