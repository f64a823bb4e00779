"""Builds the suite `MLP`: multilayer perceptrons in torch, scored after every epoch."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION, Fold, Problem
from hpo_builders.data_sets.material import DataSets
from hpo_builders.order import BUILDERS, Order
from hpo_builders.trained.mlp_network import Network, one_thread
from hpo_builders.trained.mlp_updates import optimizer, rates
from hpo_builders.training.recipe import Measured, Recipe, TrainingFailed, unmeasured
from hpo_gym.base import Floats, generator, key

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace
    from torch import Tensor

EPOCHS = 50


# ---------------------------------------------------------------------------------------------- search space
def config_space() -> ConfigurationSpace:
    """Return the search space, from settings that hardly learn to settings that diverge.

    Defaults are those of scikit-learn's `MLPClassifier` where it has one: one layer of 100 rectified units, adam at
    .001 with a weight decay of .0001, momentum .9 by Nesterov. Its batches of 200 rows for up to 200 epochs are about
    400 updates on 250 rows; batches of 32, the default, are as many here. Inputs are standardised, as its
    documentation asks for. Defaults of the schedules are torch's where it has one.
    """
    from ConfigSpace import CategoricalHyperparameter as Choice
    from ConfigSpace import ConfigurationSpace, EqualsCondition, OrdinalHyperparameter
    from ConfigSpace import UniformFloatHyperparameter as Float
    from ConfigSpace import UniformIntegerHyperparameter as Integer

    space = ConfigurationSpace(name="MLP")
    rule = Choice("optimizer", ["adam", "adamw", "rmsprop", "sgd"], default_value="adam")
    momentum = Float("sgd:momentum", 0.0, 0.99, default_value=0.9)
    nesterov = Choice("sgd:nesterov", [True, False], default_value=True)
    schedule = Choice("schedule", ["constant", "cosine", "step", "exponential", "one-cycle"], default_value="constant")
    factor = Float("step:factor", 0.05, 0.8, default_value=0.1, log=True)
    drops = Integer("step:drops", 1, 5, default_value=2)
    last = Float("exponential:last", 1e-3, 0.5, default_value=0.01, log=True)
    warmup = Float("one-cycle:warmup", 0.05, 0.5, default_value=0.3)
    space.add(
        Choice("scaling", ["standard", "min-max", "none"], default_value="standard"),
        *(rule, momentum, nesterov),
        Float("learning_rate", 1e-5, 1.0, default_value=1e-3, log=True),
        *(schedule, factor, drops, last, warmup),
        OrdinalHyperparameter("batch_size", [16, 32, 64, 128, 256], default_value=32),
        Float("weight_decay", 1e-7, 1e-1, default_value=1e-4, log=True),
        Integer("width", 8, 256, default_value=100, log=True),
        Integer("depth", 1, 4, default_value=1),
        Choice("activation", ["relu", "tanh", "elu", "silu", "logistic"], default_value="relu"),
        Choice("normalization", ["none", "batch", "layer"], default_value="none"),
        Float("dropout", 0.0, 0.6, default_value=0.0),
        Choice("class_weight", ["none", "balanced"], default_value="none"),
    )
    space.add(*(EqualsCondition(child, rule, "sgd") for child in (momentum, nesterov)))
    space.add(*(EqualsCondition(c, schedule, c.name.split(":")[0]) for c in (factor, drops, last, warmup)))
    return space


# ---------------------------------------------------------------------------------------------- data
@dataclass(frozen=True, eq=False)
class Data:
    """A problem as tensors, inputs scaled by the training rows of each fold.

    Attributes:
        x, y: Training rows, ``(folds, n, p)`` and ``(folds, n)``.
        weight: Weight of each training row in the loss, ``(folds, n)``.
        x_val, x_test: Validation rows and test rows, ``(folds, r, p)``.
    """

    x: Tensor
    y: Tensor
    weight: Tensor
    x_val: Tensor
    x_test: Tensor


def data(problem: Problem, config: Mapping[str, Any]) -> Data:
    """Scale the inputs of a problem as a configuration says."""
    import torch

    folds = [_scaled(f, config["scaling"]) for f in problem.folds]
    x, x_val, x_test = (torch.from_numpy(np.stack(part).astype(np.float32)) for part in zip(*folds, strict=True))
    labels = np.stack([f.y for f in problem.folds])
    weight = np.ones(labels.shape)
    if problem.kind == CLASSIFICATION and config["class_weight"] == "balanced":
        weight = np.stack([_balanced(y) for y in labels])
    y = torch.from_numpy(labels.astype(np.int64 if problem.kind == CLASSIFICATION else np.float32))
    return Data(x, y, torch.from_numpy(weight.astype(np.float32)), x_val, x_test)


def _scaled(fold: Fold, how: str) -> tuple[Floats, ...]:
    """Training, validation and test rows."""
    x = fold.x
    shift, scale = np.zeros(x.shape[1]), np.ones(x.shape[1])
    if how == "standard":
        shift, scale = x.mean(0), x.std(0)
    elif how == "min-max":
        shift, scale = x.min(0), np.ptp(x, 0)
    scale = np.where(scale > 0, scale, 1.0)
    return tuple((rows - shift) / scale for rows in (x, fold.x_val, fold.x_test))


def _balanced(y: NDArray[Any]) -> Floats:
    """Weights that make every class count alike, with mean 1."""
    _, place, count = np.unique(y, return_inverse=True, return_counts=True)
    return np.asarray(len(y) / (len(count) * count[place]), np.float64)


# ---------------------------------------------------------------------------------------------- training
def train(problem: Problem, config: Mapping[str, Any], seed: int) -> Measured:
    """Train the networks of all folds and score them after every epoch; all epochs from a divergence on failed.

    Raises:
        TrainingFailed: The first epoch diverged.
        MemoryError: torch could not have the memory that it wanted, which it tells by a `RuntimeError`.
    """
    try:
        with one_thread():
            predicted, test, cost = _curves(problem, config, seed)
    except RuntimeError as fault:
        if "can't allocate memory" in str(fault):
            raise MemoryError(str(fault)) from fault
        raise
    if not predicted:
        raise TrainingFailed("A weight or a prediction is not finite after the first epoch.")
    score = scores(problem, [f.y_val for f in problem.folds], np.stack(predicted))
    failed = np.full(EPOCHS - len(predicted), -np.inf)
    test_score = -np.inf if test is None else scores(problem, [f.y_test for f in problem.folds], test[None])[0]
    seconds = np.array(cost + cost[-1:] * (EPOCHS - len(cost)))
    return Measured(np.concatenate([score, failed]), unmeasured(EPOCHS, test_score), seconds)


def _curves(
    problem: Problem, config: Mapping[str, Any], seed: int
) -> tuple[list[NDArray[Any]], NDArray[Any] | None, list[float]]:
    """Predictions of validation rows, ``(folds, r)`` after each epoch until one diverges, those of test rows after the
    last (None: it diverged), and the seconds, those of the divergence too. A last epoch without the one has not the
    other.
    """
    start = time.process_time()
    trainer = Trainer(problem, config, seed)
    predicted: list[NDArray[Any]] = []
    trained, cost = time.process_time() - start, []
    for epoch in range(EPOCHS):
        start = time.process_time()
        trainer.epoch(epoch)
        middle = time.process_time()
        trained += middle - start
        found = trainer.predict()
        cost.append(trained + time.process_time() - middle)
        if found is None:
            break
        predicted.append(found)
    test = trainer.predict(test=True) if len(predicted) == EPOCHS else None
    return predicted if test is not None else predicted[: EPOCHS - 1], test, cost


class Trainer:
    """The networks of all folds of one configuration, epoch by epoch."""

    def __init__(self, problem: Problem, config: Mapping[str, Any], seed: int) -> None:
        """Draw the weights and the order of the rows; what a fold draws does not depend on the other folds."""
        import torch

        self._classes, self._data = problem.classes, data(problem, config)
        folds, n, inputs = self._data.x.shape
        self._batches = batches(n, config["batch_size"])
        self._rates = rates(config, EPOCHS * len(self._batches))
        self._order = torch.from_numpy(np.stack([row_order(seed, i, n) for i in range(folds)]))  # (folds, epochs, n)
        self._folds = torch.arange(folds)[:, None]
        self._dropout = generator(key("MLP", "dropout", seed))
        self.network = Network(
            [inputs, *[config["width"]] * config["depth"], problem.classes or 1],
            [generator(key("MLP", "weights", seed, i)) for i in range(folds)],
            activation=config["activation"],
            normalization=config["normalization"],
            dropout=config["dropout"],
        )
        self._update = optimizer(self.network.parameters, config)

    def epoch(self, epoch: int) -> None:
        """Visit every row once."""
        rows = self._folds, self._order[:, epoch]
        x, y, weight = self._data.x[rows], self._data.y[rows], self._data.weight[rows]
        first = epoch * len(self._batches)
        for batch, rate in zip(self._batches, self._rates[first:], strict=False):
            loss = self._loss(self.network(x[:, batch], self._dropout), y[:, batch], weight[:, batch])
            self._update(self.network.gradient(loss), rate)

    def predict(self, *, test: bool = False) -> NDArray[Any] | None:
        """Classes or values of the validation or test rows, ``(folds, r)``; None: something is not finite."""
        import torch

        with torch.no_grad():
            out = self.network(self._data.x_test if test else self._data.x_val)
            if not (self.network.parameters.sum() + out.sum()).isfinite():  # a sum that overflows diverged as well
                return None
            found = out.argmax(-1) if self._classes else out.squeeze(-1).double()
            return np.asarray(found.numpy())

    def _loss(self, out: Tensor, y: Tensor, weight: Tensor) -> Tensor:
        """Return the sum over folds of the mean over rows, so that no fold changes the gradient of another."""
        from torch.nn import functional

        n = y.shape[1]
        if not self._classes:
            return functional.mse_loss(out.squeeze(-1), y, reduction="sum") / n
        losses = functional.cross_entropy(out.flatten(0, 1), y.flatten(), reduction="none")
        return losses @ weight.flatten() / n


def batches(n: int, size: int) -> list[slice]:
    """Batches of about `size` rows, alike but for one row, so that none is too small to be normalised."""
    steps = max(1, round(n / size))
    ends = [n * i // steps for i in range(steps + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def row_order(seed: int, fold: int, n: int) -> NDArray[np.int64]:
    """Return a permutation of the rows for each epoch, ``(epochs, n)``."""
    rows = np.tile(np.arange(n), (EPOCHS, 1))
    return generator(key("MLP", "order", seed, fold)).permuted(rows, axis=1)


# ---------------------------------------------------------------------------------------------- scores
def scores(problem: Problem, y: Sequence[NDArray[Any]], predicted: NDArray[Any]) -> Floats:
    """Scores ``(e,)``, means over the folds, of what `Trainer.predict` gave, ``(e, folds, r)``, for targets `y`."""
    score = _accuracy if problem.kind == CLASSIFICATION else _r2
    return np.asarray(score(np.stack(y), predicted).mean(1), np.float64)


def _accuracy(y: NDArray[Any], predicted: NDArray[Any]) -> Floats:
    """`Problem.score` of classes ``(e, folds, r)``, shape ``(e, folds)``."""
    share = np.stack([_balanced(labels) for labels in y]) / y.shape[1]
    return np.asarray(((predicted == y) * share).sum(-1), np.float64)


def _r2(y: Floats, predicted: Floats) -> Floats:
    """`Problem.score` of values ``(e, folds, r)``, shape ``(e, folds)``."""
    total = ((y - y.mean(-1, keepdims=True)) ** 2).sum(-1)
    with np.errstate(over="ignore"):
        return np.asarray(np.maximum(1.0 - ((y - predicted) ** 2).sum(-1) / total, -1.0), np.float64)


RECIPE = Recipe(
    suite="MLP",
    title="Multilayer perceptrons on tables of classification and regression",
    description="Tune optimizer, learning rate and its schedule, size, activation, normalisation, dropout, weight "
    "decay and input scaling of a multilayer perceptron; its learning curve has a point after every epoch.",
    space=config_space,
    material=DataSets((CLASSIFICATION, REGRESSION), rows=900, training_rows=250, limit=60),
    fidelities=tuple(e / EPOCHS for e in range(1, EPOCHS + 1)),
    fidelity="epochs",
    train=train,
    configurations=200,
    cumulative=True,
    libraries=("torch", "numpy"),
    modules=("torch",),
    version=2,
)


@BUILDERS.register("MLP", extra="build", kind="trained")
def mlp(order: Order) -> None:
    """Train the table of the suite `MLP`."""
    from hpo_builders.training.build import build

    build(RECIPE, order)
