"""Builds the suite `Vision`: training a small convolutional network on small images, scored after every epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_builders.order import BUILDERS, Order
from hpo_builders.trained.mlp_updates import optimizer, rates
from hpo_builders.training.recipe import Measured, Recipe
from hpo_builders.vision.images import ImageProblem
from hpo_builders.vision.material import ImageTasks
from hpo_gym.base import generator, key

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace
    from torch import Tensor

EPOCHS = 12


def config_space() -> ConfigurationSpace:
    """Return the search space, from settings that hardly learn to settings that diverge.

    The default is adam at .003 with a constant learning rate, batches of 32 and batch normalisation, and nothing else.
    """
    from ConfigSpace import CategoricalHyperparameter as Choice
    from ConfigSpace import ConfigurationSpace, EqualsCondition
    from ConfigSpace import OrdinalHyperparameter as Ordinal
    from ConfigSpace import UniformFloatHyperparameter as Float
    from ConfigSpace import UniformIntegerHyperparameter as Integer
    from ConfigSpace.hyperparameters import Hyperparameter

    space = ConfigurationSpace(name="Vision")
    rule = Choice("optimizer", ["adam", "adamw", "rmsprop", "sgd"], default_value="adam")
    schedule = Choice("schedule", ["constant", "cosine", "step", "exponential", "one-cycle"], default_value="constant")
    moves, pixels, mixup = (Choice(name, [False, True], default_value=False) for name in ("moves", "pixels", "mixup"))
    children: list[Hyperparameter[Any, Any]] = [
        Float("sgd:momentum", 0.0, 0.99, default_value=0.9),
        Choice("sgd:nesterov", [True, False], default_value=True),
        Float("moves:shift", 0.0, 3.0, default_value=1.0),
        Float("moves:turn", 0.0, 45.0, default_value=10.0),
        Float("moves:zoom", 0.0, 0.4, default_value=0.1),
        Choice("moves:mirror", ["none", "left-right", "both"], default_value="none"),
        Float("pixels:contrast", 0.0, 0.8, default_value=0.2),
        Float("pixels:noise", 0.0, 1.0, default_value=0.1),
        Integer("pixels:erased", 0, 6, default_value=0),
        Float("mixup:alpha", 0.05, 2.0, default_value=0.2, log=True),
        Float("step:factor", 0.05, 0.8, default_value=0.1, log=True),
        Integer("step:drops", 1, 5, default_value=2),
        Float("exponential:last", 1e-3, 0.5, default_value=0.01, log=True),
        Float("one-cycle:warmup", 0.05, 0.5, default_value=0.3),
    ]
    space.add(
        *(rule, moves, pixels, mixup, schedule),
        *children,
        Float("learning_rate", 3e-4, 0.3, default_value=3e-3, log=True),
        Ordinal("batch_size", [8, 16, 32, 64, 128], default_value=32),
        Float("weight_decay", 1e-6, 0.1, default_value=1e-4, log=True),
        Choice("normalization", ["none", "batch", "layer"], default_value="batch"),
        Float("dropout", 0.0, 0.7, default_value=0.0),
        Float("label_smoothing", 0.0, 0.4, default_value=0.0),
    )
    switches = {"moves": moves, "pixels": pixels, "mixup": mixup}
    for child in children:
        group = child.name.split(":")[0]
        parent, value = (switches[group], True) if group in switches else (rule if group == "sgd" else schedule, group)
        space.add(EqualsCondition(child, parent, value))
    return space


def train(problem: ImageProblem, config: Mapping[str, Any], seed: int) -> Measured:
    """Train the networks by a configuration; all epochs from a divergence on failed.

    Raises:
        MemoryError: There was too little.
    """
    from hpo_builders.vision import layers, training
    from hpo_builders.vision.small_cnn import SmallCNN

    start = time.process_time()
    nets, n, channels, size, _ = problem.x.shape
    network = SmallCNN(nets, channels, size, problem.classes, config["normalization"])
    network.head.keep = layers.dropout(config["dropout"], generator(key("Vision", "dropout", seed)))
    theta = layers.initialised(network, [generator(key("Vision", "weights", seed, i)) for i in range(nets)])
    batches = training.batches(n, config["batch_size"])
    plan = training.Training(
        network,
        optimizer(theta, config),
        rates(config, EPOCHS * len(batches)),
        batches,
        EPOCHS,
        smoothing=config["label_smoothing"],
        change=_change(config),
    )
    return training.learn(problem, plan, seed, start)


def _change(config: Mapping[str, Any]) -> Callable[..., tuple[Tensor, Tensor]]:
    from hpo_builders.vision.augmentation import augmented, mixed

    def change(x: Tensor, targets: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        x = augmented(x, config, rng)
        return mixed(x, targets, config["mixup:alpha"], rng) if config["mixup"] else (x, targets)

    return change


RECIPE = Recipe(
    suite="Vision",
    title="Training a small convolutional network on small images",
    description="Tune optimizer, learning rate and its schedule, batch size, weight decay, normalisation, dropout, "
    "label smoothing and augmentation of a small convolutional network; its learning curve has a point after every "
    "epoch.",
    space=config_space,
    material=ImageTasks(limit=18),
    fidelities=tuple(e / EPOCHS for e in range(1, EPOCHS + 1)),
    fidelity="epochs",
    train=train,
    configurations=120,
    cumulative=True,
    libraries=("torch", "numpy"),
    modules=(
        "torch",
        "hpo_builders.vision.augmentation",
        "hpo_builders.vision.layers",
        "hpo_builders.vision.small_cnn",
        "hpo_builders.vision.training",
    ),
    study=4,
)


@BUILDERS.register("Vision", extra="build", kind="trained")
def vision(order: Order) -> None:
    """Train the table of the suite `Vision`."""
    from hpo_builders.training.build import build

    build(RECIPE, order)
