"""Learning curves of LCDB: its runs, their means, and the training sizes that serve the fidelities.

The source trains each learner on the first 16, 23, 32, 45, ... rows of a training set, for five outer seeds, which draw
the test rows, and up to 25 inner seeds, which draw the validation rows. In one run the sizes are walked upwards: what
takes too long ends it, what raises an error is skipped. So a size that is missing below one that is there is a failure,
and one above all others was not measured.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import DamagedDataError

if TYPE_CHECKING:
    import pandas as pd

FIDELITIES = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
OUTER_SEEDS = 5
MIN_LEARNERS = 8
"""A data set is kept if at least so many learners are measured at all fidelities."""

SVM, KERNEL = "svm", "svm:kernel"
LEARNERS: Mapping[str, Mapping[str, str]] = {
    # the name in the source: the configuration
    "SVC_linear": {"learner": "linear-svm"},  # LinearSVC: not SVC with a linear kernel
    "SVC_poly": {"learner": SVM, KERNEL: "poly"},
    "SVC_rbf": {"learner": SVM, KERNEL: "rbf"},
    "SVC_sigmoid": {"learner": SVM, KERNEL: "sigmoid"},
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis": {"learner": "linear-discriminant"},
    "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis": {"learner": "quadratic-discriminant"},
    "sklearn.ensemble.ExtraTreesClassifier": {"learner": "extra-trees"},
    "sklearn.ensemble.GradientBoostingClassifier": {"learner": "gradient-boosting"},
    "sklearn.ensemble.RandomForestClassifier": {"learner": "random-forest"},
    "sklearn.linear_model.LogisticRegression": {"learner": "logistic-regression"},
    "sklearn.linear_model.PassiveAggressiveClassifier": {"learner": "passive-aggressive"},
    "sklearn.linear_model.Perceptron": {"learner": "perceptron"},
    "sklearn.linear_model.RidgeClassifier": {"learner": "ridge"},
    "sklearn.linear_model.SGDClassifier": {"learner": "sgd"},
    "sklearn.naive_bayes.BernoulliNB": {"learner": "bernoulli-nb"},
    "sklearn.naive_bayes.MultinomialNB": {"learner": "multinomial-nb"},
    "sklearn.neighbors.KNeighborsClassifier": {"learner": "k-nearest-neighbors"},
    "sklearn.neural_network.MLPClassifier": {"learner": "mlp"},
    "sklearn.tree.DecisionTreeClassifier": {"learner": "decision-tree"},
    "sklearn.tree.ExtraTreeClassifier": {"learner": "extra-tree"},
}


# ---------------------------------------------------------------------------------------------- reading
def read(path: Path) -> tuple[dict[int, dict[str, str]], pd.DataFrame]:
    """Return the rows of meta-features by OpenML id, and all runs with their accuracies in whole ten-thousandths."""
    with tarfile.open(path) as archive:
        text = io.TextIOWrapper(_member(archive, "datasets.csv"), "utf-8")
        about = {int(row["openmlid"]): row for row in csv.DictReader(text)}
        return about, read_runs(_member(archive, "database-accuracy.csv"))


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    member = archive.extractfile(f"lcdb-0.1.0/lcdb/{name}")
    assert member is not None  # the archive's checksum was verified
    return member


def read_runs(file: IO[bytes]) -> pd.DataFrame:
    """Return the runs of a table of the source, scores and seconds in whole ten-thousandths, as which they are written.

    Raises:
        DamagedDataError: An accuracy that is none, a learner or a seed that is unknown.
    """
    import pandas as pd

    keys, scores = ["openmlid", "size_train", "learner", "outer_seed"], ["score_valid", "score_test"]
    runs = pd.read_csv(file, usecols=[*keys, *scores, "traintime"])
    bad = ~runs[scores].ge(0).all(axis=1) | ~runs[scores].le(1).all(axis=1) | ~runs["traintime"].ge(0)
    bad |= ~runs["learner"].isin(list(LEARNERS)) | ~runs["outer_seed"].between(0, OUTER_SEEDS - 1)
    if bad.any():
        row = runs[bad].iloc[0].to_dict()
        raise DamagedDataError(f"`0 <= accuracy <= 1` and a known learner and seed must hold, got {row}.")
    whole = (runs[[*scores, "traintime"]] * 10_000).round().astype(np.int64)  # sums are exact on any machine
    return pd.concat([runs[keys], whole], axis=1)


# ---------------------------------------------------------------------------------------------- curves
@dataclass(frozen=True, eq=False)
class Curve:
    """Measurements on one data set.

    Attributes:
        sizes: Training sizes, ascending, ``(a,)``.
        values: Validation accuracy, test accuracy and seconds, means over the inner seeds, ``(3, a, m, r)``; NaN where
            there is no run.
    """

    sizes: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cut:
    """A data set at the fidelities.

    Attributes:
        reference: Training size of a full evaluation.
        sizes: Training sizes that serve the fidelities, ``(f,)``.
        values: As a curve's, ``(3, m, f, r)``; NaN in all seeds where not measured, scores of -inf where it failed.
    """

    reference: int
    sizes: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def usable(self) -> bool:
        """Return whether the fidelities differ in size, and enough learners are measured at all of them."""
        learners = int((~np.isnan(self.values[0]).any((1, 2))).sum())
        return len(set(self.sizes.tolist())) == len(FIDELITIES) and learners >= MIN_LEARNERS


def curves_of(runs: pd.DataFrame) -> dict[int, Curve]:
    """Return the curves of each data set, by ascending OpenML id."""
    grouped = runs.groupby(["openmlid", "size_train", "learner", "outer_seed"], sort=True)
    means = grouped[["score_valid", "score_test", "traintime"]].sum().div(grouped.size(), axis=0) / 10_000
    out = {}
    place = {name: j for j, name in enumerate(LEARNERS)}
    for i, part in means.groupby(level=0, sort=True):
        _, size, learner, seed = (np.asarray(part.index.get_level_values(level)) for level in range(4))
        sizes, at = np.unique(size, return_inverse=True)
        values = np.full((3, len(sizes), len(LEARNERS), OUTER_SEEDS), np.nan)
        values[:, at, [place[name] for name in learner], seed] = part.to_numpy().T
        out[int(str(i))] = Curve(sizes, values)
    return out


def cut_of(curve: Curve) -> Cut:
    """Cut a curve at the fidelities.

    A cell is measured if all outer seeds are there, so that learners are compared on the same rows. The reference is
    the largest size at which at least 90 % of the data set's learners are measured; a fidelity is served by the size
    nearest to its share of the reference, in the logarithm.
    """
    measured = ~np.isnan(curve.values[0]).any(2)  # (a, m)
    learners = int(measured.any(0).sum())
    enough = np.flatnonzero(measured.sum(1) >= learners - learners // 10)
    reference = int(curve.sizes[enough[-1] if enough.size else 0])  # never so many at once: of no use, see `usable`
    distance = np.abs(np.log(curve.sizes) - np.log(np.multiply(FIDELITIES, reference))[:, None])
    at = distance.argmin(1)
    later = np.logical_or.accumulate(measured[::-1], 0)[::-1]  # measured here or at a larger size
    values = np.where(measured[..., None], curve.values, np.nan)
    values[:2] = np.where((later & ~measured)[..., None], -np.inf, values[:2])
    return Cut(reference, curve.sizes[at], values[:, at].swapaxes(1, 2))
