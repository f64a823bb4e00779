"""`Knobs`: where the settings of a training are in PyTorch, and what is known of a network before it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import torch

from hpo_gym.base import InvalidValueError
from hpo_gym.control.control import DECAY, DROPOUT, RATE, Control
from hpo_gym.system import LOGGER

_NORMS = (torch.nn.modules.batchnorm._NormBase, torch.nn.LayerNorm, torch.nn.GroupNorm)


class Knobs:
    """Set learning rate and weight decay of all parameter groups, and the `Dropout` modules of a model.

    The first group with a rate above 0 gets the rate itself, the others keep their ratio to it. The same for weight
    decay, coupled or decoupled as the optimizer has it: groups without stay so, unless no group has any; then all get
    it, and Adam decays as AdamW does.

    Args:
        optimizer: With its groups as the user made them.
        names: Of the settings.
        model: None: no dropout can be set.

    Attributes:
        ratios: Of the groups, by the name of the setting.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, names: Collection[str], model: torch.nn.Module | None) -> None:
        self._optimizer, groups = optimizer, optimizer.param_groups
        self._were, self._said = list[float](), False
        decays = all(DECAY in group for group in groups)
        there = [RATE, *([DECAY] if decays else []), *([] if model is None else [DROPOUT])]
        if not {*names} <= {*there}:
            kind = type(optimizer).__name__
            raise InvalidValueError(f"Settings must be of {there} with {kind}, the policy sets {list(names)}.")
        self.ratios = {RATE: _ratios(groups, "lr")} | ({DECAY: _ratios(groups, DECAY)} if DECAY in names else {})
        if DECAY in names and not any(group[DECAY] for group in groups):
            for group in groups:
                group.update({"decoupled_weight_decay": True} if "decoupled_weight_decay" in group else {})
        modules = model.modules() if model is not None and DROPOUT in names else ()
        self._dropouts = [m for m in modules if isinstance(m, torch.nn.modules.dropout._DropoutNd)]
        if DROPOUT in names and not self._dropouts:
            LOGGER.warning("the model has no `Dropout` module: the setting `dropout` has no effect")

    def watch(self) -> None:
        """Say once that something else, such as a scheduler, has set the learning rate."""
        there = self._rates()
        if not self._said and self._were and not all(map(math.isclose, there, self._were)):
            LOGGER.warning("learning rates must be left alone, something set %s where %s were", there, self._were)
            self._said = True

    def _rates(self) -> list[float]:
        return [float(group["lr"]) for group in self._optimizer.param_groups]

    def set(self, settings: Mapping[str, float]) -> None:
        """Set everything for the next epoch."""
        for i, group in enumerate(self._optimizer.param_groups):  # a new list after each `load_state_dict`
            for name, ratios in self.ratios.items():
                key, value = "lr" if name == RATE else name, settings[name] * (ratios[i] if i < len(ratios) else 1.0)
                if isinstance(group[key], torch.Tensor):
                    group[key].fill_(value)
                else:
                    group[key] = value
        for module in self._dropouts:
            module.p = settings[DROPOUT]
        self._were = self._rates()


def _ratios(groups: list[dict[str, Any]], key: str) -> list[float]:
    values = [float(group[key]) for group in groups]
    base = next((value for value in values if value > 0.0), None)
    return [1.0 if base is None else value / base for value in values]


def facts_of(model: torch.nn.Module, optimizer: torch.optim.Optimizer, data: Any) -> dict[str, Any]:
    """Return what is known of a training; rows and batch, if there is a loader."""
    modules = list(model.modules())
    layers = [m for m in modules if isinstance(m, (torch.nn.Linear, torch.nn.modules.conv._ConvNd))]
    rows = getattr(getattr(data, "dataset", None), "__len__", lambda: None)
    return {
        "weights": sum(p.numel() for p in model.parameters() if p.requires_grad) or None,
        "layers": max(len(layers) - 1, 0),
        "normalised": any(isinstance(m, _NORMS) for m in modules),
        "adaptive": bool({"betas", "eps"} & set(optimizer.defaults)),
        "rows": rows(),
        "batch": getattr(data, "batch_size", None),
    }


def say_of(control: Control, model: torch.nn.Module) -> None:
    """Warn where a policy of fully connected networks controls one with weights outside linear layers and norms."""
    owners = [module for module in model.modules() if next(module.parameters(recurse=False), None) is not None]
    kinds = sorted({type(module).__name__ for module in owners if not isinstance(module, (torch.nn.Linear, *_NORMS))})
    if control.fully_connected and kinds:
        made = f"{control.name!r} was made for fully connected networks"
        LOGGER.warning("%s, and nobody has measured it on others: the model has %s", made, ", ".join(kinds))
