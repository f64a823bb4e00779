"""Bayesian optimization with a warm start from earlier tasks: first trials and hyperparameters."""

from __future__ import annotations

import numpy as np

from hpo_baselines._models.columns import Columns
from hpo_baselines._models.experts import check_experts, processes_of
from hpo_baselines._models.model_based import Model
from hpo_baselines._models.portfolio_first import PortfolioFirst, check_first
from hpo_baselines._runs.baseline import Run
from hpo_baselines.gp_ei import GPModel
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("gp-warm", family="transfer", trainable=False)
class WarmStartedGP(PortfolioFirst):
    """`gp-ei` with a warm start: the first trials are the portfolio's, and the kernel's prior is the earlier tasks'.

    The median of the length scales' prior, also the start of the search for hyperparameters, is the geometric mean over
    Gaussian processes of the tasks of `context.prior`. The initial design does not count as first trials. Without a
    prior:
    `gp-ei`.

    **Reference**: Feurer, Springenberg and Hutter, "Initializing Bayesian hyperparameter optimization via
    meta-learning", AAAI 2015, https://doi.org/10.1609/aaai.v29i1.9354; Wistuba, Schilling and Schmidt-Thieme, "Learning
    hyperparameter optimization initializations", DSAA 2015.

    **Differs from the paper**: the first trials are those of the greedy portfolio of all earlier tasks, not the best
    configurations of the ones with the nearest meta-features; hyperparameters of the kernel are transferred too.

    Args:
        n_init: Trials of the portfolio.
        rows: Number of points for the process of an earlier task.
        draw: Seed of the draw of these points.
        one_hot: Whether a categorical has a column for each choice (see `Columns`).
    """

    version = 2
    believes = True

    def __init__(self, n_init: int = 5, rows: int = 80, draw: int = 0, one_hot: bool = True) -> None:
        self.n_init, self.rows, self.draw, self.one_hot = n_init, rows, draw, one_hot

    def check(self) -> None:
        check_first(self.n_init, 1)
        check_experts(self.rows, self.draw)

    def begin(self, run: Run) -> Model:
        columns = Columns(run.space, self.one_hot)
        processes = processes_of(columns, tuple(run.context.prior), self.rows, self.draw)
        if not processes:
            return GPModel(run, one_hot=self.one_hot)
        return GPModel(run, 1, one_hot=self.one_hot, centre=np.mean([p.log_parameters for p in processes], axis=0))
