"""`LightningControl`: a rule or an agent as a callback of Lightning."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Callback

from hpo_gym.base import InvalidValueError
from hpo_gym.control.controller import Controller


class LightningControl(Callback):
    """Let a policy set the learning rate after each validation, and more; `control` is the `Controller`.

    Args:
        policy, arguments: As of `Controller`; `epochs` counts validations. The module has one optimizer, no scheduler.
        monitor, accuracy: Names that the module logs in validation; None: not logged.
    """

    def __init__(self, policy: object, monitor: str = "val_loss", accuracy: str | None = None, **arguments: Any):
        self._policy, self._names, self._arguments, self._state = policy, (monitor, accuracy), arguments, None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        given = {"epochs": trainer.max_epochs, "data": trainer.train_dataloader, **self._arguments}
        self.control = Controller(self._policy, pl_module, trainer.optimizers[0], **given)
        _ = self.control.begin() if self._state is None else self.control.load_state_dict(self._state)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *of: Any) -> None:
        self.control.batch(outputs["loss"])  # the gradient is that of the update

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        seen, (loss, accuracy) = trainer.callback_metrics, self._names
        if loss not in seen and not trainer.sanity_checking:
            raise InvalidValueError(f"`monitor` must be logged in validation, got {loss!r}, logged: {sorted(seen)}.")
        if not trainer.sanity_checking and not self.control.plain.over:
            self.control.end(validation_loss=seen[loss], accuracy=seen.get(accuracy))

    def state_dict(self) -> Any:
        return self.control.state_dict()

    def load_state_dict(self, state_dict: Any) -> None:
        self._state = state_dict
