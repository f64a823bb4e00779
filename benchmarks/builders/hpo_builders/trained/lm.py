"""Builds the suite `LM`: transformers over characters in torch, of three sizes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.language.material import Texts
from hpo_builders.language.shape import SIZES, Size
from hpo_builders.language.texts import Text
from hpo_builders.language.training import Diverged, bits, options_of, saved, shape_of, trained
from hpo_builders.order import BUILDERS, Order
from hpo_builders.trained.mlp_network import one_thread
from hpo_builders.training.recipe import Measured, Recipe
from hpo_gym.problem import Objective, Sizes

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


def config_space() -> ConfigurationSpace:
    """Return the search space, from settings that hardly learn to settings that diverge.

    Defaults are those of nanoGPT's example for a processor (4 layers of width 128, contexts of 64 characters, 12 of
    them in a batch, here 16) where they fit; it warms up for a twentieth of its steps.
    """
    from ConfigSpace import CategoricalHyperparameter as Choice
    from ConfigSpace import ConfigurationSpace, EqualsCondition, InCondition, OrdinalHyperparameter
    from ConfigSpace import UniformFloatHyperparameter as Float

    space = ConfigurationSpace(name="LM")
    rule = Choice("optimizer", ["adamw", "sgd", "lion"], default_value="adamw")
    beta = OrdinalHyperparameter("beta_2", [0.9, 0.95, 0.98, 0.99, 0.999], default_value=0.99)
    momentum = Float("sgd:momentum", 0.0, 0.99, default_value=0.9)
    schedule = Choice("schedule", ["constant", "cosine", "linear", "one-cycle"], default_value="cosine")
    warmup = Float("warmup", 0.0, 0.5, default_value=0.05)
    space.add(
        *(rule, beta, momentum),
        Float("learning_rate", 3e-4, 1.0, default_value=1e-3, log=True),
        *(schedule, warmup),
        OrdinalHyperparameter("batch_size", [256, 512, 1024, 2048], default_value=1024, meta={"unit": "characters"}),
        Float("weight_decay", 1e-4, 1.0, default_value=0.1, log=True),
        Float("clip", 0.1, 10.0, default_value=1.0, log=True),
        Float("width_to_depth", 6.0, 96.0, default_value=32.0, log=True),
        OrdinalHyperparameter("heads", [1, 2, 4], default_value=4),
        OrdinalHyperparameter("context", [16, 32, 64, 128], default_value=64),
        Float("dropout", 0.0, 0.4, default_value=0.0),
        Float("initial_spread", 0.005, 0.5, default_value=0.02, log=True),
        Choice("tied", [True, False], default_value=True),
        Choice("positions", ["learned", "sinusoidal"], default_value="learned"),
        Choice("normalization", ["pre", "post"], default_value="pre"),
    )
    space.add(
        InCondition(beta, rule, ["adamw", "lion"]),
        EqualsCondition(momentum, rule, "sgd"),
        InCondition(warmup, schedule, ["cosine", "linear", "one-cycle"]),
    )
    return space


def train(problem: Text, config: Mapping[str, Any], seed: int) -> Measured:
    """Train a transformer of each size by itself."""
    with one_thread():
        parts = [_measured(problem, size, config, seed) for size in problem.sizes]
    score, test, seconds = np.array(parts).T
    return Measured(score, test, seconds, objectives=objectives(problem, config))


def objectives(problem: Text, config: Mapping[str, Any]) -> NDArray[np.float64]:
    """All weights of the largest transformer, and what it costs to predict one more character, ``(2,)``."""
    shape, has = shape_of(problem.sizes[-1], config), options_of(problem, config)
    size = shape.trained(has.symbols, has.context, tied=has.tied, learned=has.learned, pre=has.pre)
    return np.array([size, shape.operations(has.symbols, has.context)], np.float64)


def _measured(problem: Text, size: Size, config: Mapping[str, Any], seed: int) -> tuple[float, float, float]:
    """Score, test score and processor seconds; the test blocks are predicted when the clock stands."""
    start, last = time.process_time(), size is problem.sizes[-1]
    try:
        model = trained(problem, size, config, seed)
        score = saved(bits(model, problem.validation), len(problem.alphabet))
        seconds = time.process_time() - start
        return score, saved(bits(model, problem.test), len(problem.alphabet)) if last else np.nan, seconds
    except Diverged:
        return -np.inf, -np.inf if last else np.nan, time.process_time() - start


RECIPE = Recipe(
    suite="LM",
    title="Character-level transformers on texts and languages by program",
    description="Tune optimizer, learning rate and its schedule, batch, width to depth, heads, context, regularisation "
    "and first weights of a transformer; a fidelity is a smaller transformer that is trained on fewer characters.",
    space=config_space,
    material=Texts(),
    fidelities=tuple(size.weights / SIZES[-1].weights for size in SIZES),
    fidelity="weights of the blocks of the transformer",
    train=train,
    configurations=80,
    libraries=("torch", "numpy"),
    modules=("torch",),
    objectives=(
        Objective("size", "weights", protocol="all that is trained, embeddings and positions as well"),
        Objective(
            "operations",
            "operations",
            protocol="floating-point operations of the products of matrices that "
            "predict one more character after a full context",
        ),
    ),
    sizes=Sizes(tuple(float(size.weights) for size in SIZES), "weights"),
    study=4,
)


@BUILDERS.register("LM", extra="build", kind="trained")
def lm(order: Order) -> None:
    """Train the table of the suite `LM`."""
    from hpo_builders.training.build import build

    build(RECIPE, order)
