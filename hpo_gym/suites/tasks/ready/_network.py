"""Training of ready tasks' networks: by epochs, each a step."""

from __future__ import annotations

import functools
import itertools
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_gym.suites.tasks.ready._data import DataRows, OnRows, rows_of, standardised


class Network(OnRows):
    """A network, whose epochs are steps.

    Attributes:
        epochs: Of a full training.
    """

    library = "torch"
    epochs: ClassVar[int]
    fidelities = (0.1, 0.3, 1.0)

    @abstractmethod
    def build(self, config: Mapping[str, Any], inputs: int, outputs: int) -> Any:
        """Make a network of so many inputs and outputs."""

    def prepare(self) -> None:
        import torch

        torch.optim.AdamW([torch.zeros(1, requires_grad=True)]).step()  # imports a good part of torch
        super().prepare()

    def __call__(
        self, config: Mapping[str, Any], seed: int = 0, fidelity: float = 1.0
    ) -> Iterator[tuple[int, dict[str, float]]]:
        epochs = training(rows_of(self.data), functools.partial(self.build, config), config, self.epochs, seed)
        yield from itertools.islice(epochs, max(1, round(fidelity * self.epochs)))


def hyperparameters() -> list[Any]:
    """Return the hyperparameters of a training, for any network."""
    from ConfigSpace import Categorical, Float, Integer

    return [
        Categorical("optimizer", ["adam", "sgd"], default="adam"),
        Float("learning_rate", (1e-5, 1.0), log=True, default=1e-3),
        Integer("batch_size", (8, 256), log=True, default=32),
        Float("weight_decay", (1e-6, 1.0), log=True, default=1e-2),
    ]


def training(
    rows: DataRows, build: Callable[[int, int], Any], config: Mapping[str, Any], epochs: int, seed: int
) -> Iterator[tuple[int, dict[str, float]]]:
    """Train on four fifths of the rows, validate on the rest; yield number, score and test score of each epoch.

    The learning rate falls to 0 along half a cosine over a full training.

    Args:
        build: Makes a network of so many inputs and outputs.
        config: `optimizer`, `learning_rate`, `batch_size` and `weight_decay`; the rest is the network's.
        seed: Of first weights, batches and dropout, by torch's global generator.
    """
    import torch
    from torch.nn.functional import cross_entropy, mse_loss

    torch.manual_seed(seed)
    kept, held = next(rows.folds())
    scaled = standardised(rows.x[kept], rows.x[held], rows.x_test)
    x, x_held, x_test = (torch.as_tensor(part, dtype=torch.float32) for part in scaled)
    y = torch.as_tensor(rows.y[kept], dtype=torch.int64 if rows.classes else torch.float32)
    network, loss_of = build(x.shape[1], rows.classes or 1), cross_entropy if rows.classes else mse_loss
    kind = {"adam": torch.optim.AdamW, "sgd": torch.optim.SGD}[config["optimizer"]]
    options = {"momentum": 0.9} if config["optimizer"] == "sgd" else {}
    optimizer = kind(
        network.parameters(), lr=config["learning_rate"], weight_decay=config["weight_decay"], **options
    )  # fmt: skip

    def outputs(points: object) -> NDArray[np.float64]:
        network.eval()
        with torch.no_grad():
            return np.asarray(network(points).numpy(), np.float64)

    def score(out: NDArray[np.float64], truth: NDArray[Any]) -> float:
        return rows.score(truth, out.argmax(1) if rows.classes else out[:, 0])

    for epoch in range(1, epochs + 1):
        for group in optimizer.param_groups:
            group["lr"] = config["learning_rate"] * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / epochs))
        network.train()
        order: Any = torch.randperm(len(x))
        for batch in order.split(config["batch_size"]):
            out = network(x[batch])
            loss: Any = loss_of(out if rows.classes else out[:, 0], y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        out = outputs(x_held)
        if not np.isfinite(out).all():
            yield epoch, {"score": math.nan}
            return
        test = score(np.nan_to_num(outputs(x_test)), rows.y_test)
        yield epoch, {"score": score(out, rows.y[held]), "test_score": test}
