"""C1: updates of a training in PyTorch with `hpo_gym.control.Controller`, against the same training without.

32 rows an update, 128 updates an epoch, SGD with momentum, no validation; `end` counts, and its copy of weights.
`plateau` reads two losses, `alignment` cosines of gradients, `jump` norms.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from measured import Found, Goal, Group, Ratios, main

# isort: split
import torch
from timing import Case, against

from hpo_gym.control import Controller

BATCH, UPDATES, MOST = 32, 128, 10**6
POLICIES = ("plateau", "alignment", "jump")
NETS = ("MLP 128-128", "CNN")
GOALS = {f"{net}, plateau": Goal(0.97) for net in NETS}


def made(net: str) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    """A fresh network, and rows."""
    torch.manual_seed(0)
    nn, y = torch.nn, torch.randint(0, 10, (UPDATES, BATCH))
    if net == "CNN":
        first = (nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2))
        return nn.Sequential(*first, nn.Flatten(), nn.Linear(400, 10)), torch.randn(UPDATES, BATCH, 1, 28, 28), y
    layers = (nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
    return nn.Sequential(*layers), torch.randn(UPDATES, BATCH, 64), y


def training(net: str, policy: str | None) -> Case:
    """A case whose iterations are epochs of one training."""
    model, xs, ys = made(net)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    loss_of, control = torch.nn.CrossEntropyLoss(), None
    if policy is not None:
        control = Controller({"name": policy, "rate": 0.001}, model, optimizer, epochs=MOST, classes=10)
        control.begin(2.3, gradient_norm=1.0)

    def run(count: int) -> None:
        for _ in range(count):
            for x, y in zip(xs, ys, strict=True):
                optimizer.zero_grad()
                loss = loss_of(model(x), y)
                loss.backward()
                if control is not None:
                    control.batch(loss)
                optimizer.step()
            if control is not None:
                control.end(validation_loss=2.0)

    return run, UPDATES


def group(net: str, small: bool) -> Found:
    """The policies on one network, with the microseconds that an update takes longer."""
    torch.set_num_threads(1)
    cases = {f"{net}, {policy}": training(net, policy) for policy in POLICIES}
    found = against(cases, training(net, None), repeats=9 if small else 51, target=0.1)
    return {name: {**of, "us": 1e6 / of["rate"] - 1e6 / of["anchor"]} for name, of in found.items()}


def groups(small: bool) -> Mapping[str, Group]:
    """Both networks."""
    return {net: partial(group, net) for net in NETS}


RATIOS = Ratios("control", groups, GOALS)

if __name__ == "__main__":
    main(RATIOS, __doc__)
