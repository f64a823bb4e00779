"""C1: the share of a training in PyTorch that `hpo_gym.control.Controller` takes, in batches of 32 rows.

128 updates an epoch, SGD with momentum, no validation; the CPU clock runs on its own calls: `batch` after each update,
and `end` with its copy of the weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median

from measured import Found, Goal, Group, Ratios, main

# isort: split
import torch

from hpo_gym.control import Controller

BATCH, UPDATES = 32, 128
POLICY = "plateau"
NETS = ("MLP 128-128", "CNN")
GOALS = {f"{net}, {POLICY}": Goal(0.03) for net in NETS}


def made(net: str) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    """A fresh network, and rows."""
    torch.manual_seed(0)
    nn, y = torch.nn, torch.randint(0, 10, (UPDATES, BATCH))
    if net == "CNN":
        first = (nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2))
        return nn.Sequential(*first, nn.Flatten(), nn.Linear(400, 10)), torch.randn(UPDATES, BATCH, 1, 28, 28), y
    layers = (nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
    return nn.Sequential(*layers), torch.randn(UPDATES, BATCH, 64), y


def epoch_of(net: str) -> Callable[[], tuple[float, float]]:
    """A function that trains an epoch, and returns the seconds of the controller and all seconds."""
    model, xs, ys = made(net)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    loss_of, clock = torch.nn.CrossEntropyLoss(), time.process_time
    control = Controller({"name": POLICY, "rate": 0.001}, model, optimizer, epochs=10**6, classes=10)
    control.begin(2.3)

    def epoch() -> tuple[float, float]:
        first, taken = clock(), 0.0
        for x, y in zip(xs, ys, strict=True):
            optimizer.zero_grad()
            loss = loss_of(model(x), y)
            loss.backward()
            start = clock()
            control.batch(loss)
            taken += clock() - start
            optimizer.step()
        start = clock()
        control.end(validation_loss=2.0 / (1.0 + len(control.log)))  # the best one, which is copied
        last = clock()
        return taken + last - start, last - first

    return epoch


def group(net: str, small: bool) -> Found:
    """The policy on one network."""
    torch.set_num_threads(1)
    epoch = epoch_of(net)
    seen = [epoch() for _ in range(5 if small else 25)][1:]
    own = median(taken for taken, _ in seen) / UPDATES * 1e6
    return {f"{net}, {POLICY}": {"share": median(taken / whole for taken, whole in seen), "us of an update": own}}


def groups(small: bool) -> Mapping[str, Group]:
    """Both networks."""
    return {net: partial(group, net) for net in NETS}


RATIOS = Ratios("control", groups, GOALS, less=True, aim="share", most=0.03)

if __name__ == "__main__":
    main(RATIOS, __doc__)
