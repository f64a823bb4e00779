"""`AutoRate`: a rule or an agent as a scheduler of PyTorch that is stepped with the validation loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from hpo_gym.control.control import Control, Settings
from hpo_gym.control.knobs import Knobs, facts_of, say_of


class AutoRate(torch.optim.lr_scheduler.ReduceLROnPlateau):
    """Let a policy set the learning rate at each `step(validation_loss)`.

    It takes the place of `ReduceLROnPlateau`, so that a Trainer of Hugging Face hands it the validation loss after each
    evaluation. After `epochs` steps the rate stays. The guard lowers the rate, and leaves the weights.

    Args:
        optimizer: See `Knobs`.
        policy: As of `Control`.
        epochs: Steps of the training: evaluations.
        model: For policies that set dropout, or read facts about the network.
        arguments: Others of `Control`.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, policy: object = "plateau", *, epochs: int,
        model: torch.nn.Module | None = None, **arguments: Any,
    ) -> None:  # fmt: skip
        super().__init__(optimizer)
        facts = {} if model is None else facts_of(model, optimizer, None)
        control = Control(policy, epochs=epochs, **{**facts, **arguments})
        self.control = control
        if model is not None:
            say_of(control, model)
        control.guarded = None if control.guarded is None else replace(control.guarded, restores=False)
        self._knobs = Knobs(optimizer, control.controls, model)
        self._set(control.begin())

    def step(self, metrics: Any, epoch: int | None = None, **told: Any) -> None:  # type: ignore[override]
        """Report the validation loss, and set the next rate; `told` is as of `Control.step`."""
        if not self.control.over:
            self.last_epoch += 1
            self._set(self.control.step(validation_loss=metrics, **told))

    def _set(self, settings: Settings) -> None:
        self._knobs.set(settings)
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return everything that was reported, as plain values."""
        return {"control": self.control.state_dict(), "ratios": self._knobs.ratios, "last_epoch": self.last_epoch}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue a training with the same settings."""
        self.control.load_state_dict(state_dict["control"])
        self._knobs.ratios, self.last_epoch = dict(state_dict["ratios"]), state_dict["last_epoch"]
        self._set(self.control.settings)
