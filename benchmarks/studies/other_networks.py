"""`autopilot` at networks that no search, and no other study, has seen: whether it carries over to them.

Each is trained by a loop of torch around `Controller`, as a user writes it, on data sets that no table of `Trainings`
is related to: two wide layers, four layers of tanh, and residual blocks with layer norm. Beside it are torch's
optimizers at their defaults, two cosines, and `polynomial`. Checkpoints are chosen by validation rows and judged by
test rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import frame
import numpy as np
from frame import Table
from scipy.stats import gmean
from torch_fits import OPTIMIZERS, Rows, one_thread, rows_of
from torch_loops import Autopilot, Constant, trained

if TYPE_CHECKING:
    from torch import nn

LOOKS = "test rows of data sets that are in no suite"
EPOCHS, N, SEEDS = 24, 512, (0, 1)
DATA_SETS = ("optdigits", "letter", "satimage", "phoneme", "spambase", "german")
CHEAP = {("two wide layers", "german"): ("default",)}

Found = Mapping[str, Any]


def wide(rows: Rows) -> nn.Module:
    """Return two layers of 256 units."""
    from torch import nn

    def hidden(inputs: int) -> list[nn.Module]:
        return [nn.Linear(inputs, 256), nn.ReLU(), nn.Dropout(0.0)]

    return nn.Sequential(*hidden(rows.train[0].shape[1]), *hidden(256), nn.Linear(256, rows.classes))


def tanh(rows: Rows) -> nn.Module:
    """Return four layers of 48 units of tanh."""
    from torch import nn

    sizes = [rows.train[0].shape[1], 48, 48, 48, 48]
    layers = [nn.Sequential(nn.Linear(*pair), nn.Tanh(), nn.Dropout(0.0)) for pair in itertools.pairwise(sizes)]
    return nn.Sequential(*layers, nn.Linear(48, rows.classes))


def residual(rows: Rows) -> nn.Module:
    """Return three blocks with layer norm, whose outputs are added to their inputs, 96 units wide."""
    from torch import Tensor, nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inside = nn.Sequential(
                nn.LayerNorm(96), nn.Linear(96, 96), nn.GELU(), nn.Dropout(0.0), nn.Linear(96, 96)
            )

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = x + self.inside(x)
            return out

    return nn.Sequential(nn.Linear(rows.train[0].shape[1], 96), Block(), Block(), Block(), nn.Linear(96, rows.classes))


class Cosine(Constant):
    """Torch's own cosine to 0, from a rate for each optimizer."""

    rates: Mapping[str, float] = {"sgd": 0.1, "adamw": 0.001}

    def __init__(self, model: nn.Module, optimizer: str, rows: Rows, epochs: int) -> None:
        import torch

        super().__init__(model, optimizer, rows, epochs)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rates[optimizer]
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, epochs)

    def end(self, validation_loss: float) -> None:
        """Make the step of the scheduler."""
        self.schedule.step()


class OtherCosine(Cosine):
    """The same from other rates."""

    rates: Mapping[str, float] = {"sgd": 0.03, "adamw": 0.003}


class Polynomial(Autopilot):
    """`polynomial` by the `Controller`."""

    policy = "polynomial"


NETWORKS: Mapping[str, Callable[[Rows], nn.Module]] = {
    "two wide layers": wide, "four layers of tanh": tanh, "residual, layer norm": residual,
}  # fmt: skip
LOOPS: Mapping[str, Callable[..., Constant]] = {
    "default": Constant, "cosine .1, .001": Cosine, "cosine .03, .003": OtherCosine, "polynomial": Polynomial,
    "autopilot": Autopilot,
}  # fmt: skip

cells = frame.grid(NETWORKS, DATA_SETS)


def cell(network: str, data_set: str, names: tuple[str, ...] = ()) -> dict[str, dict[str, list[float]]]:
    """Return the test scores of each loop with each optimizer, by seed."""
    with one_thread():
        drawn = [rows_of(data_set, N, seed, images=False) for seed in SEEDS]
        return {
            name: {
                optimizer: [
                    round(trained(LOOPS[name], NETWORKS[network], optimizer, rows, seed, EPOCHS), 5)
                    for seed, rows in zip(SEEDS, drawn, strict=True)
                ]
                for optimizer in OPTIMIZERS
            }
            for name in names or LOOPS
        }


def log_ratio(cell: Mapping[str, Mapping[str, list[float]]], name: str, base: str) -> float:
    """Return the mean logarithm of the losses of one loop in parts of another's."""
    return float(np.mean([np.subtract(cell[base][o], cell[name][o]) for o in OPTIMIZERS]))


def tables(found: Found) -> dict[str, Table]:
    """Return the losses of `autopilot` in parts of another loop's, by network, over all, and at the worst data set."""
    rows = []
    for base in (name for name in LOOPS if name != "autopilot"):
        known = np.exp([[log_ratio(of[d], "autopilot", base) for d in DATA_SETS] for of in found.values()])
        each = [f"{x:.2f}" for x in (*gmean(known, 1), gmean(known, None), gmean(known, 0).max())]
        rows.append((f"`{base}`", *each))
    return {"ratios": Table.of(("`autopilot` /", *found, "all", "worst data set"), rows)}
