"""`KerasControl`: a rule or an agent as a callback of Keras."""

from __future__ import annotations

from typing import Any

import keras

from hpo_gym.base import InvalidValueError
from hpo_gym.control.control import Control, Settings


class KerasControl(keras.callbacks.Callback):  # type: ignore[misc]
    """Let a policy that sets the learning rate alone do so after each epoch; `control` is the `Control`.

    Args:
        policy, arguments: As of `Control`.
        monitor, accuracy: Names of the validation loss, and of the accuracy, in the logs of `fit`.
    """

    def __init__(self, policy: object, monitor: str = "val_loss", accuracy: str = "val_accuracy", **arguments: Any):
        super().__init__()
        self._policy, self._names, self._arguments, self._good = policy, (monitor, accuracy), arguments, list[Any]()

    def on_train_begin(self, logs: Any = None) -> None:
        self.model.optimizer.build(self.model.trainable_variables)
        found = {"epochs": self.params["epochs"], "weights": self.model.count_params(), **self._arguments}
        self.control = control = Control(self._policy, **found)
        if control.controls != ("learning_rate",):
            raise InvalidValueError(f"With Keras a policy must set 'learning_rate' alone, got {control.controls}.")
        self._went(control.begin())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seen, (loss, accuracy) = logs or {}, self._names
        if loss not in seen:
            raise InvalidValueError(f"`monitor` must be in the logs, got {loss!r}, logged: {sorted(seen)}.")
        self._went(self.control.step(seen.get("loss"), seen[loss], seen.get(accuracy)))

    def _went(self, settings: Settings) -> None:
        variables, control = [*self.model.variables, *self.model.optimizer.variables], self.control
        for variable, value in zip(variables, self._good if control.back else (), strict=False):
            variable.assign(value)
        if control.guarded and control.guarded.restores and control.best == len(control.log):
            self._good = [keras.ops.copy(variable) for variable in variables]
        self.model.optimizer.learning_rate = settings["learning_rate"]
