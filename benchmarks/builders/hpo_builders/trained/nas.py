"""Builds the suite `NAS`: small convolutional networks of drawn cells on small images, scored after every epoch."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_builders.order import BUILDERS, Order
from hpo_builders.trained.mlp_updates import optimizer, rates
from hpo_builders.training.recipe import Measured, Recipe
from hpo_builders.vision.cells import CUTS, EDGES, OPERATIONS, column
from hpo_builders.vision.images import ImageProblem
from hpo_builders.vision.material import ImageTasks
from hpo_gym.base import generator, key
from hpo_gym.problem import Objective

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

EPOCHS, BATCH = 8, 20

TRAINING: Mapping[str, Any] = {
    "optimizer": "adamw",
    "learning_rate": 0.02,
    "weight_decay": 0.01,
    "schedule": "one-cycle",
    "one-cycle:warmup": 0.3,
}
"""How every network is trained."""

OBJECTIVES = (
    Objective("size", "weights", protocol="all trained numbers of one network, exact"),
    Objective(
        "latency",
        "multiply-adds",
        protocol="of one image: products of a weight and an input in convolutions and the last layer; counted, not "
        "timed",
    ),
)


def config_space() -> ConfigurationSpace:
    """Return the search space: a cell, repeated, and what is around it.

    The default is a residual cell: two 3 x 3 convolutions, and their input added to the output.
    """
    from ConfigSpace import CategoricalHyperparameter as Choice
    from ConfigSpace import ConfigurationSpace, ForbiddenAndConjunction, ForbiddenEqualsClause
    from ConfigSpace import OrdinalHyperparameter as Ordinal
    from ConfigSpace import UniformIntegerHyperparameter as Integer

    default = {(0, 1): "convolution-3x3", (1, 3): "convolution-3x3", (0, 3): "skip"}
    space = ConfigurationSpace(name="NAS")
    edges = {edge: Choice(column(edge), OPERATIONS, default_value=default.get(edge, "none")) for edge in EDGES}
    space.add(
        *edges.values(),
        Integer("cells", 1, 3, default_value=2),
        Choice("reduction", ["max", "average", "convolution"], default_value="max"),
        Ordinal("width", [4, 8, 16, 24], default_value=16),
        Ordinal("stem", [1, 3, 5], default_value=3),
        Choice("head", ["average", "max", "flatten"], default_value="average"),
        Choice("activation", ["relu", "silu", "tanh", "leaky-relu"], default_value="relu"),
        Choice("normalization", ["none", "batch", "layer"], default_value="batch"),
    )
    space.add(*(ForbiddenAndConjunction(*(ForbiddenEqualsClause(edges[e], "none") for e in cut)) for cut in CUTS))
    return space


def train(problem: ImageProblem, config: Mapping[str, Any], seed: int) -> Measured:
    """Train the networks of a configuration, and count their weights and multiply-adds.

    Raises:
        TrainingFailed: No path leads from the input of a cell to its output; the space has no such configuration.
        MemoryError: There was too little.
    """
    from hpo_builders.vision import layers, training
    from hpo_builders.vision.cell_network import CellNetwork

    start = time.process_time()
    nets, n, channels, size, _ = problem.x.shape
    network = CellNetwork(nets, channels, size, problem.classes, config)
    theta = layers.initialised(network, [generator(key("NAS", "weights", seed, i)) for i in range(nets)])
    batches = training.batches(n, BATCH)
    plan = training.Training(
        network, optimizer(theta, TRAINING), rates(TRAINING, EPOCHS * len(batches)), batches, EPOCHS
    )
    found = training.learn(problem, plan, seed, start)
    counted = layers.weights(network, nets), layers.multiply_adds(network, nets, (channels, size, size))
    return replace(found, objectives=np.array(counted, np.float64))


RECIPE = Recipe(
    suite="NAS",
    title="Cells of small convolutional networks on small images",
    description="Choose the operations of a cell, how often it is repeated, its width, and the stem, reduction, head, "
    "activation and normalisation around it; the learning curve has a point after every epoch, and weights and "
    "multiply-adds are counted.",
    space=config_space,
    material=ImageTasks(limit=20),
    fidelities=tuple(e / EPOCHS for e in range(1, EPOCHS + 1)),
    fidelity="epochs",
    train=train,
    configurations=150,
    cumulative=True,
    libraries=("torch", "numpy"),
    modules=(
        "torch",
        "hpo_builders.vision.cell_network",
        "hpo_builders.vision.layers",
        "hpo_builders.vision.training",
    ),
    objectives=OBJECTIVES,
    study=4,
)


@BUILDERS.register("NAS", extra="build", kind="trained")
def nas(order: Order) -> None:
    """Train the table of the suite `NAS`."""
    from hpo_builders.training.build import build

    build(RECIPE, order)
