"""The guard of a training in PyTorch, at the usual learning rate and far above it, and one training under control.

Small networks learn two data sets of scikit-learn under a cosine with warm-up, 20 epochs, three seeds, with the guard
and without, from the same start on the same batches. Losses are those of the validation rows. The rule was settled on
digits, so this is no test of it. The picture is `docs/figures/control.png`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import frame
import numpy as np
from frame import Table
from matplotlib.figure import Figure

from hpo_gym.bench import INK, MUTED, VIBRANT, save, theme

LOOKS = "data sets of scikit-learn"
SETS, EPOCHS, BATCH, SEEDS = ("digits", "breast_cancer"), 20, 25, (0, 1, 2)
TIMES = ("1", "10", "30", "100")
GUARD = {"with": True, "without": False}
NETS: Mapping[str, tuple[str, int, bool, str, float]] = {
    "tanh, SGD": ("Tanh", 1, False, "SGD", 0.05),
    "ReLU, SGD": ("ReLU", 1, False, "SGD", 0.05),
    "batch norm, SGD": ("ReLU", 1, True, "SGD", 0.05),
    "ReLU, AdamW": ("ReLU", 1, False, "AdamW", 1e-3),
    "three layers, AdamW": ("ReLU", 3, False, "AdamW", 1e-3),
}
"""Activation, hidden layers of 48 units, batch norm, optimizer and its usual rate."""
PLAIN = "tanh, SGD"

Found = Mapping[str, Any]

cells = frame.grid(NETS, TIMES)


@cache
def rows(name: str) -> tuple[Any, Any]:
    """Return the standardised inputs and the classes of a data set."""
    import torch
    from sklearn import datasets

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return torch.tensor((x - x.mean(0)) / (x.std(0) + 1e-9)).float(), torch.tensor(y)


def network(net: str, inputs: int, classes: int, rate: float) -> tuple[Any, Any]:
    """Return a network and its optimizer."""
    import torch
    from torch import nn

    activation, depth, normalised, optimizer, _ = NETS[net]
    layers: list[nn.Module] = []
    for fan_in in [inputs, *[48] * (depth - 1)]:
        layers += [nn.Linear(fan_in, 48), *([nn.BatchNorm1d(48)] if normalised else []), getattr(nn, activation)()]
    model = nn.Sequential(*layers, nn.Linear(48, classes))
    options = {"momentum": 0.9} if optimizer == "SGD" else {}
    return model, getattr(torch.optim, optimizer)(model.parameters(), lr=rate, **options)


def trained(data: str, net: str, policy: Any, rate: float, guard: bool, seed: int) -> Any:
    """Return the `Controller` of a training after its end."""
    import torch

    from hpo_gym.control import Controller

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        x, y = rows(data)
        model, optimizer = network(net, x.shape[1], int(y.max()) + 1, rate)
        order = torch.randperm(len(x))
        learn, judge = order[: len(x) // 2], order[len(x) // 2 :]
        control = Controller(
            policy, model, optimizer, epochs=EPOCHS, classes=int(y.max()) + 1, rows=len(learn), batch=BATCH, guard=guard
        )
        for _ in control:
            model.train()
            for some in learn[torch.randperm(len(learn))].split(BATCH):  # type: ignore[no-untyped-call]
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(model(x[some]), y[some])
                loss.backward()  # type: ignore[no-untyped-call]
                control.batch(loss)
                optimizer.step()
            model.eval()
            with torch.no_grad():
                control.end(validation_loss=torch.nn.functional.cross_entropy(model(x[judge]), y[judge]))
    return control


def cell(net: str, times: str, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the accidents, and the last and the lowest loss of each training, with the guard and without."""
    rate = NETS[net][-1] * float(times)
    found: dict[str, Any] = {}
    for name in names or GUARD:
        ended = [trained(d, net, {"name": "cosine", "rate": rate}, rate, GUARD[name], s) for d in SETS for s in SEEDS]
        losses = [[row.told["validation_loss"] for row in control.log if not row.guard] for control in ended]
        found[name] = {
            "accidents": [sum(bool(row.guard) for row in control.log) for control in ended],
            "last": [_told(part[-1] if part else np.nan) for part in losses],
            "lowest": [_told(np.nanmin(part) if part else np.nan) for part in losses],
        }
    return found


def _told(loss: float) -> float:
    return round(float(loss), 5) if np.isfinite(loss) else 1e3


def again(found: Found) -> tuple[Any, Any]:
    """Return the accidents at the usual rate anew, and as stored: losses depend on the machine."""
    return cell(PLAIN, "1", ("with",))["with"]["accidents"], found[PLAIN]["1"]["with"]["accidents"]


# ---------------------------------------------------------------------- tables and the picture
def tables(found: Found) -> dict[str, Table]:
    """Return a row for each rate."""
    made = []
    for times in TIMES:
        part = [of[times] for of in found.values() if times in of]
        acted = [n > 0 for of in part for n in of["with"]["accidents"]]
        shown = [_mean(part, guard, which) for which in ("last", "lowest") for guard in ("without", "with")]
        made.append((f"× {times}", f"{sum(acted)} of {len(acted)}", *shown))
    heads = ("rate", "guard acted in", "last loss", "last, guard", "lowest loss", "lowest, guard")
    return {"guard": Table.of(heads, made)}


def values(found: Found) -> dict[str, int]:
    """Return in how many trainings at the usual rate the guard acted."""
    return {"usual": sum(n > 0 for of in found.values() for n in of["1"]["with"]["accidents"])}


def _mean(part: Any, guard: str, which: str) -> str:
    return f"{np.exp(np.mean([np.log(x + 1e-3) for of in part for x in of[guard][which]])):.3f}"


def draw(_: Any) -> None:
    """Train and draw."""
    usual, high = NETS[PLAIN][-1], 30 * NETS[PLAIN][-1]
    left: dict[str, tuple[Any, dict[str, Any]]] = {
        "cosine": ({"name": "cosine", "rate": usual}, {"color": INK, "linestyle": (0, (5.0, 1.6))}),
        "autopilot": ("autopilot", {"color": VIBRANT[0], "linewidth": 2.2}),
    }
    right: dict[str, tuple[Any, dict[str, Any]]] = {
        "without a guard": ({"name": "cosine", "rate": high}, {"color": MUTED}),
        "with a guard": ({"name": "cosine", "rate": high}, {"color": VIBRANT[0], "linewidth": 2.2}),
    }
    with theme():
        figure = Figure(figsize=(9.0, 4.4), dpi=110)
        axes = figure.subplots(2, 2, sharex=True, height_ratios=(3, 2))
        for column, (lines, title) in enumerate(((left, "usual rates"), (right, "thirty times the usual rate"))):
            for name, (policy, style) in lines.items():
                log = trained("digits", PLAIN, policy, high if column else usual, name != "without a guard", 0).log
                epochs, losses = np.arange(1, EPOCHS + 1), [row.told["validation_loss"] for row in log]
                axes[0, column].plot(epochs, losses, label=f"{name}  {losses[-1]:.2f}", **style)
                rates = [row.settings["learning_rate"] for row in log]
                axes[1, column].plot(epochs, rates, drawstyle="steps-mid", **style)
                acted = [i for i, row in enumerate(log) if row.guard]
                axes[0, column].plot(epochs[acted], [losses[i] for i in acted], "o", color=VIBRANT[3], zorder=3)
            axes[0, column].set_title(title, loc="left", weight="bold")
            axes[0, column].legend(fontsize=8, title="last loss", title_fontsize=8, edgecolor="none")
            axes[0, column].set(yscale="log", ylim=(None, (1.0, 12.0)[column]))
            axes[1, column].set(xlabel="epoch", yscale="log", xlim=(0.5, EPOCHS + 0.5), xticks=range(5, EPOCHS + 1, 5))
        axes[0, 0].set_ylabel("validation loss")
        axes[1, 0].set_ylabel("learning rate")
        figure.tight_layout()
        save(figure, frame.FIGURES / "control.png")
