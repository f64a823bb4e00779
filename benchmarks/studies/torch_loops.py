"""Plain loops of torch around others' schedulers and optimizers, and around `Controller`, one training each.

Networks, first weights, rows, batches, checkpoint and judgement are those of `torch_fits`. Everything that a library
brings stays at its default; libraries are imported where they are used:
`pip install transformers prodigyopt dadaptation schedulefree`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from torch_fits import BATCH, LARGEST, MAKERS, Rows, one_thread, rows_of, score

if TYPE_CHECKING:
    from torch import nn

DEFAULTS: Mapping[str, Mapping[str, float]] = {"sgd": {"lr": 0.01, "momentum": 0.9}, "adamw": {"lr": 0.001}}
"""Of torch's optimizers: SGD has no default of its own with momentum, which is set here; AdamW decays by .01."""


class Constant:
    """Torch's optimizer at its default, and what a loop calls around it."""

    def __init__(self, model: nn.Module, optimizer: str, rows: Rows, epochs: int) -> None:
        self.model, self.rows, self.epochs = model, rows, epochs
        self.optimizer: Any = self.of(optimizer)

    def of(self, name: str) -> Any:
        """Return the optimizer of the weights."""
        import torch

        kind: Any = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[name]
        return kind(self.model.parameters(), **DEFAULTS[name], fused=True)

    def train(self) -> None:
        """Begin to train."""
        self.model.train()

    def judge(self) -> None:
        """Begin to judge."""
        self.model.eval()

    def batch(self, loss: Any) -> None:
        """Take the loss of a batch, before the update."""

    def end(self, validation_loss: float) -> None:
        """Take the loss after an epoch, in nats."""


class Autopilot(Constant):
    """`Controller` as a user calls it."""

    policy = "autopilot"

    def __init__(self, model: nn.Module, optimizer: str, rows: Rows, epochs: int) -> None:
        from hpo_gym.control import Controller

        super().__init__(model, optimizer, rows, epochs)
        known = {"rows": len(rows.train[1]), "batch": BATCH, "classes": rows.classes}
        self.control = Controller(self.policy, model, self.optimizer, epochs=epochs, **known)
        self.control.begin()

    def batch(self, loss: Any) -> None:
        """Hand on a loss."""
        self.control.batch(loss)

    def end(self, validation_loss: float) -> None:
        """Hand on a loss."""
        self.control.end(validation_loss=validation_loss)


class Greedy(Constant):
    """GreedyLR of Hugging Face's transformers, a step an epoch, on torch's optimizer at its default."""

    def __init__(self, model: nn.Module, optimizer: str, rows: Rows, epochs: int) -> None:
        from transformers.optimization import GreedyLR

        super().__init__(model, optimizer, rows, epochs)
        self.scheduler = GreedyLR(self.optimizer)

    def end(self, validation_loss: float) -> None:
        """Make the step of the scheduler."""
        self.scheduler.step(validation_loss)


class Adaptation(Constant):
    """D-Adaptation: of SGD, or of Adam."""

    def of(self, name: str) -> Any:
        """Return the optimizer of the weights."""
        import dadaptation

        return {"sgd": dadaptation.DAdaptSGD, "adamw": dadaptation.DAdaptAdam}[name](self.model.parameters())


class Prodigy(Constant):
    """Prodigy, an Adam."""

    def of(self, name: str) -> Any:
        """Return the optimizer of the weights."""
        import prodigyopt

        assert name == "adamw"
        return prodigyopt.Prodigy(self.model.parameters())


class ScheduleFree(Constant):
    """Schedule-free SGD or AdamW: it judges by a mean of the weights, for which batch norms are computed anew."""

    def of(self, name: str) -> Any:
        """Return the optimizer of the weights."""
        import schedulefree

        kinds: Any = {"sgd": schedulefree.SGDScheduleFree, "adamw": schedulefree.AdamWScheduleFree}
        return kinds[name](self.model.parameters())

    def train(self) -> None:
        """Begin to train."""
        super().train()
        self.optimizer.train()

    def judge(self) -> None:
        """Begin to judge, as the library's page says."""
        import torch

        self.optimizer.eval()
        if any(isinstance(module, torch.nn.BatchNorm1d) for module in self.model.modules()):
            with torch.no_grad():
                for batch in torch.split(self.rows.train[0], BATCH)[:50]:
                    self.model(batch)
        super().judge()


LOOPS: Mapping[str, Callable[..., Constant]] = {
    "autopilot": Autopilot,
    "GreedyLR": Greedy,
    "D-Adaptation": Adaptation,
    "Prodigy": Prodigy,
    "schedule-free": ScheduleFree,
}


def trained(
    make: Callable[..., Constant],
    maker: Callable[[Rows], nn.Module],
    optimizer: str,
    rows: Rows,
    seed: int,
    epochs: int,
) -> float:
    """Return the test score of the checkpoint after a training."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(seed)
    order = torch.Generator().manual_seed(seed)
    model = maker(rows)
    loop, (x, y) = make(model, optimizer, rows, epochs), rows.train

    def judged(part: tuple[Any, Any]) -> float:
        with torch.no_grad():
            loss = float(cross_entropy(model(part[0]), part[1])) / math.log(rows.classes)
        return loss if loss < LARGEST else LARGEST

    model.eval()
    best, test = judged(rows.validation), judged(rows.test)
    for _ in range(epochs):
        loop.train()
        for batch in torch.randperm(len(y), generator=order)[: len(y) // BATCH * BATCH].view(-1, BATCH):
            loop.optimizer.zero_grad()
            loss = cross_entropy(model(x[batch]), y[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            loop.batch(loss)
            loop.optimizer.step()
        loop.judge()
        if (now := judged(rows.validation)) < best:
            best, test = now, judged(rows.test)
        loop.end(now * math.log(rows.classes))
    return float(score(np.array(test)))


def alone(name: str, place: tuple[str, str, str, int, int], epochs: int) -> float:
    """Return the score of one of `LOOPS` at a place: kind, optimizer, data set, rows, seed."""
    kind, optimizer, data_set, n, seed = place
    with one_thread():
        return trained(
            LOOPS[name], MAKERS[kind], optimizer, rows_of(data_set, n, seed, images=kind == "CNN"), seed, epochs
        )
