"""`Controller`: a rule or an agent at anybody's training in PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from hpo_gym.base import InvalidValueError, StateError
from hpo_gym.control.control import Control, Row, Settings
from hpo_gym.control.knobs import Knobs, facts_of, say_of


class Controller:
    """Let a policy set learning rate, weight decay and dropout of a training before each epoch.

        control = Controller("plateau", model, optimizer, epochs=25, classes=10)
        for epoch in control:
            for x, y in loader:
                ...  # zero_grad, loss, backward
                control.batch(loss)
                optimizer.step()
            control.end(validation_loss=...)

    After an accident (`Guard`) `end` puts back weights and optimizer of the best epoch, `restore_best` the weights.

    Args:
        policy: As of `Control`.
        model: Its `Dropout` modules are set where the policy sets dropout.
        optimizer: See `Knobs`.
        epochs: Of the training.
        data: The loader of the training rows, for `rows` and `batch`; it is not read.
        arguments: Others of `Control`, `classes` or `guess` above all; the rest is found in the model and so on.
    """

    def __init__(
        self, policy: object, model: torch.nn.Module, optimizer: torch.optim.Optimizer, *, epochs: int,
        data: Any = None, **arguments: Any,
    ) -> None:  # fmt: skip
        if not isinstance(model, torch.nn.Module) or not isinstance(optimizer, torch.optim.Optimizer):
            kinds = f"{type(model).__name__} and {type(optimizer).__name__}"
            raise InvalidValueError(f"`model` must be a torch.nn.Module, `optimizer` one of torch.optim, got {kinds}.")
        plain = Control(policy, epochs=epochs, **{**facts_of(model, optimizer, data), **arguments})
        self.plain = plain
        say_of(plain, model)
        self.tuned, self.trials, self.save = plain.tuned, plain.trials, plain.save
        self._model, self._optimizer = model, optimizer
        self._knobs = Knobs(optimizer, plain.controls, model)
        self._losses = list[torch.Tensor]()  # of the updates of an epoch, which wait for no device
        self._good: dict[str, Any] | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return dict(self.plain.settings)

    @property
    def log(self) -> list[Row]:
        """A row for each epoch: settings, losses, the word of the guard, signals."""
        return self.plain.log

    def begin(self, validation_loss: Any = None, accuracy: Any = None, **signals: Any) -> Settings:
        """Begin the training, and set everything for its first epoch; the loop does it if you do not.

        Args:
            validation_loss, accuracy: Before the first update; None: those of a guess.
            signals: As of `Control.begin`.
        """
        return self._went(self.plain.begin(validation_loss, accuracy, **signals))

    def batch(self, loss: torch.Tensor) -> None:
        """Take an update, for the mean training loss of the epoch; with gradient scaling, the loss before it."""
        self._losses.append(loss.detach())

    def end(
        self, validation_loss: Any = None, train_loss: Any = None, accuracy: Any = None, **signals: Any
    ) -> Settings:
        """Report an epoch, and set everything for the next one; arguments as of `Control.step`."""
        if not self.settings:
            raise StateError("Call `begin`, or loop `for epoch in control`, before `end`.")
        self._knobs.watch()
        measured = torch.stack(self._losses).mean().item() if self._losses else None
        self._losses.clear()
        train_loss = measured if train_loss is None else train_loss
        return self._went(self.plain.step(train_loss, validation_loss, accuracy, **signals))

    def __iter__(self) -> Iterator[int]:
        """Yield the number of each epoch that is left, from 0."""
        if not self.settings:
            self.begin()
        while not self.plain.over:
            yield (epoch := len(self.log))
            if len(self.log) == epoch:
                raise StateError(f"Call `end(validation_loss=...)` at the end of epoch {epoch}, once.")

    def restore_best(self) -> int:
        """Put back the weights with the lowest validation loss; return after how many epochs it was reached."""
        if self._good is None:
            raise StateError("Call `restore_best` after the training has begun.")
        self._model.load_state_dict(self._good["model"])
        return self.plain.best

    def state_dict(self) -> dict[str, Any]:
        """Return the state after an epoch, for a checkpoint beside those of model and optimizer."""
        return {"control": self.plain.state_dict(), "ratios": self._knobs.ratios, "good": self._good}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue a training with the same settings; load model and optimizer before."""
        self.plain.load_state_dict(state["control"])
        self._knobs.ratios, self._good = dict(state["ratios"]), state["good"]
        if self.settings:
            self._knobs.set(self.settings)

    def _went(self, settings: Settings) -> Settings:
        """Keep the best state, or go back to it, and set everything for the next epoch."""
        optimizer = self._optimizer if self.plain.guarded and self.plain.guarded.restores else None
        if self.plain.best == len(self.log):
            state = {"model": self._model.state_dict(), "optimizer": optimizer.state_dict() if optimizer else {}}
            self._good = _copied(state)
        elif self.plain.back and optimizer and self._good:
            self.restore_best()
            optimizer.load_state_dict(_copied(self._good["optimizer"]))
        self._knobs.set(settings)
        return settings


def _copied(state: Any) -> Any:
    """Return a copy of a state, several times as fast as `copy.deepcopy`."""
    if isinstance(state, torch.Tensor):
        return state.detach().clone()
    if isinstance(state, dict):
        return {name: _copied(value) for name, value in state.items()}
    return [_copied(value) for value in state] if isinstance(state, list) else copy.deepcopy(state)
