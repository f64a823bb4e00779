"""The suite `Curves`: choice of a learner and a training size; learning curves as measured for LCDB."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("Curves", kind="table")
def curves() -> TableSuite:
    """Choose a scikit-learn classifier with default hyperparameters for a data set.

    **Search space**: the learner, one of 18, and the kernel if it is the SVM: 20 configurations, all of them rows.

    **Fidelity**: share of the training rows, from 1/64 by factors of 2 to 1, served by the nearest training size that
    the source walks (16, 23, 32, 45, ...). The meta-feature `n_train` is the number of rows at 1.

    **Score**: accuracy on validation rows, mean over five seeds of the split, in [0, 1]; **test score**: on test rows;
    **repeats**: the five seeds. **Cost**: seconds to train. A learner that raised an error at a size is a failure
    there; one that was not measured up to the full size is no row of the task.

    **Tasks**: 219 OpenML data sets, named by their ids; data sets that are relatives are of one family. 100 of them are
    flat (five random learners are expected to be less than .01 short of the best) and in no split.

    **Best score**: the table's own maximum, so it is exact for the learners that were measured on the task.

    **Source**: Mohr, Viering, Loog and van Rijn, "LCDB 1.0: An Extensive Learning Curves Database for Classification
    Tasks", ECML PKDD 2022; Python package `lcdb` 0.1.0, MIT. How the table was made:
    `benchmarks/builders/hpo_builders/converted/curves.py`.
    """
    return load_folder(DATA / "Curves")
