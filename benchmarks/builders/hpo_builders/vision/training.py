"""Training of networks on images: epochs of batches, scored after each."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from hpo_builders.trained.mlp_network import one_thread
from hpo_builders.trained.mlp_updates import Update
from hpo_builders.training.recipe import Measured, unmeasured
from hpo_builders.vision.images import ImageProblem
from hpo_builders.vision.layers import gradient
from hpo_gym.base import generator, key

Change = Callable[[Tensor, Tensor, np.random.Generator], tuple[Tensor, Tensor]]
"""From the images of an epoch of one network ``(n, channels, h, w)``, their targets ``(n, classes)`` and a generator to
those that are learned from."""


@dataclass(frozen=True, eq=False)
class Training:
    """Network and settings of a training.

    Attributes:
        network: Maps ``(n, nets * channels, h, w)`` to ``(nets, n, classes)``.
        update: Moves all its parameters by a gradient and a learning rate.
        rates: Learning rate of each step.
        batches: Rows of each step of an epoch.
        epochs: How many.
        smoothing: Share of a target that is spread over all classes.
        change: Augmentation, or None.
    """

    network: nn.Module
    update: Update
    rates: Sequence[float]
    batches: Sequence[slice]
    epochs: int
    smoothing: float = 0.0
    change: Change | None = None


def batches(n: int, size: int) -> list[slice]:
    """Batches of about `size` rows, alike but for one row."""
    steps = max(1, round(n / size))
    ends = [n * i // steps for i in range(steps + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def learn(problem: ImageProblem, training: Training, seed: int, start: float) -> Measured:
    """Train, and score after every epoch; from a divergence on, all epochs failed.

    Args:
        problem: The images.
        training: What is trained, and how.
        seed: Decides the order of the images and their augmentation.
        start: Processor time at which work on the network began.

    Raises:
        MemoryError: There was too little.
    """
    score, cost = np.full(training.epochs, -np.inf), np.zeros(training.epochs)
    test = -np.inf
    with one_thread(), _memory():
        learner = Learner(problem, training, seed)
        for epoch in range(training.epochs):
            learner.epoch(epoch)
            predicted = learner.predict(problem.x_val)
            cost[epoch:] = time.process_time() - start
            if predicted is None:
                break
            score[epoch] = accuracy(problem.y_val, predicted)
        else:
            predicted = learner.predict(problem.x_test)
            test = -np.inf if predicted is None else accuracy(problem.y_test, predicted)
    if test == -np.inf:
        score[-1] = test
    return Measured(score, unmeasured(training.epochs, test), cost)


@contextmanager
def _memory() -> Iterator[None]:
    """torch tells by a `RuntimeError` that it could not have the memory that it wanted."""
    try:
        yield
    except RuntimeError as fault:
        if "can't allocate memory" in str(fault):
            raise MemoryError(str(fault)) from fault
        raise


def accuracy(y: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Balanced accuracy of predictions ``(nets, r)`` of classes ``(r,)``, mean over the networks."""
    _, place, count = np.unique(y, return_inverse=True, return_counts=True)
    weight = 1 / (len(count) * count[place])
    return float(((predicted == y) * weight).sum(1).mean())


class Learner:
    """The networks of one configuration, epoch by epoch."""

    def __init__(self, problem: ImageProblem, training: Training, seed: int) -> None:
        """Draw the order of the images; what is drawn for a network does not depend on the other networks."""
        self.training = training
        nets, n = problem.y.shape
        self.nets = nets
        self.x = torch.from_numpy(problem.x)
        hot = functional.one_hot(torch.from_numpy(problem.y), problem.classes).float()
        self.targets = hot * (1 - training.smoothing) + training.smoothing / problem.classes
        keys = [key("vision", "order", seed, net) for net in range(nets)]
        rows = np.tile(np.arange(n), (training.epochs, 1))
        self.order = torch.from_numpy(np.stack([generator(k).permuted(rows, axis=1) for k in keys]))
        self.changes = [generator(key("vision", "augmentation", seed, net)) for net in range(nets)]

    def epoch(self, epoch: int) -> None:
        """Visit every image once."""
        x, targets = self._images(epoch)
        network, training = self.training.network.train(), self.training
        first = epoch * len(training.batches)
        for batch, rate in zip(training.batches, training.rates[first:], strict=False):
            out = functional.log_softmax(network(x[batch]), 2)
            y = targets[:, batch]
            loss = -(out * y).sum() / y.shape[1]  # a sum over networks of means over images
            training.update(gradient(loss, network), rate)

    def _images(self, epoch: int) -> tuple[Tensor, Tensor]:
        """Images of an epoch ``(n, nets * channels, h, w)`` and their targets ``(nets, n, classes)``, in its order."""
        found = []
        for net in range(self.nets):
            rows = self.order[net, epoch]
            x, targets = self.x[net, rows], self.targets[net, rows]
            if self.training.change is not None:
                x, targets = self.training.change(x, targets, self.changes[net])
            found.append((x, targets))
        x = torch.cat([images for images, _ in found], 1)
        return x.contiguous(memory_format=torch.channels_last), torch.stack([t for _, t in found])

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.int64] | None:
        """Classes of images ``(r, channels, h, w)`` by every network, ``(nets, r)``; None: something is not finite."""
        network = self.training.network.eval()
        images = torch.from_numpy(x).repeat(1, self.nets, 1, 1).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            out = torch.cat([network(part) for part in torch.split(images, CHUNK)], 1)
            total = out.sum() + sum(p.sum() for p in network.parameters())  # one that overflows diverged as well
            if not total.isfinite():
                return None
            return np.asarray(out.argmax(2).numpy())


CHUNK = 100
"""Images that are predicted at once, as many as the processor's cache holds."""
