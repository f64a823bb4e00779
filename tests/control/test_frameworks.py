"""Controllers in the real Trainer of Hugging Face, Lightning and Keras, on tiny data, offline."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.base.errors import InvalidValueError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.long

from hpo_gym.control import AutoRate, Control  # noqa: E402

RULE = {"name": "plateau", "rate": 0.02, "factor": 0.5, "patience": 0}


def weights(lr: float = 0.1) -> tuple[Any, Any]:
    model = torch.nn.Linear(2, 2)
    return model, torch.optim.SGD([{"params": [model.weight]}, {"params": [model.bias], "lr": lr / 2}], lr=lr)


# ---------------------------------------------------------------------------------------------- AutoRate
def test_a_scheduler_sets_the_rates_of_the_plain_form() -> None:
    _, optimizer = weights()
    schedule, plain = AutoRate(optimizer, RULE, epochs=4), Control(RULE, epochs=4)
    assert isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau)
    rates = [plain.begin()["learning_rate"]]
    for loss in (1.0, 1.1, 0.9, 0.95, 0.8, 0.7):
        assert schedule.get_last_lr() == [g["lr"] for g in optimizer.param_groups] == [rates[-1], rates[-1] / 2]
        schedule.step(torch.tensor(loss))
        if not plain.over:
            rates.append(plain.step(validation_loss=float(np.float32(loss)))["learning_rate"])
    assert rates == pytest.approx([0.02, 0.02, 0.01, 0.01, 0.01])  # after the last epoch the rate stays


def test_the_guard_of_a_scheduler_leaves_the_weights() -> None:
    model, optimizer = weights()
    before = model.weight.detach().clone()
    schedule = AutoRate(optimizer, "constant", epochs=4)
    for loss in (1.0, 1.4):
        schedule.step(loss)
    # the first loss is taken for .9 of a guess, so .05 of one are .056
    assert schedule.control.log[1].guard.startswith("the validation loss 1.4 is above 1.356: no learning rate above")
    assert torch.equal(model.weight, before) and AutoRate(optimizer, epochs=2, guard=False).control.guarded is None


def test_a_scheduler_goes_on_alike() -> None:
    (_, optimizer), (_, other) = weights(), weights()
    schedule, again = AutoRate(optimizer, RULE, epochs=6), AutoRate(other, RULE, epochs=6)
    for loss in (1.0, 1.1, 1.2):
        schedule.step(loss)
    again.load_state_dict(schedule.state_dict())
    assert again.get_last_lr() == schedule.get_last_lr()
    again.step(1.3, train_loss=1.0)
    schedule.step(1.3, train_loss=1.0)
    assert again.get_last_lr() == schedule.get_last_lr() != [0.02, 0.01]


# ---------------------------------------------------------------------------------------------- Hugging Face
def test_the_trainer_of_hugging_face_hands_over_its_evaluations(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    config = transformers.BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, num_labels=2
    )
    transformers.set_seed(0)
    model = transformers.BertForSequenceClassification(config)
    rows = [{"input_ids": [1 + i % 7, 2 + i % 3, 3], "labels": i % 2} for i in range(16)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule = AutoRate(optimizer, {**RULE, "rate": 1e-3}, epochs=3, classes=2)
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), num_train_epochs=3, eval_strategy="epoch", save_strategy="epoch", use_cpu=True,
        report_to=[], disable_tqdm=True, per_device_train_batch_size=8, metric_for_best_model="loss",
    )  # fmt: skip
    trainer = transformers.Trainer(
        model, arguments, train_dataset=rows, eval_dataset=rows, optimizers=(optimizer, schedule)
    )
    trainer.train()
    told = [row.told["validation_loss"] for row in schedule.control.log]
    assert (
        told == [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry] and len(told) == 3
    )
    (again, rate), state = (
        (AutoRate(optimizer, {**RULE, "rate": 1e-3}, epochs=3, classes=2), schedule.get_last_lr()),
        None,
    )
    state = torch.load(tmp_path / "checkpoint-6" / "scheduler.pt", weights_only=True)
    again.load_state_dict(state)
    assert again.get_last_lr() == rate


# ---------------------------------------------------------------------------------------------- Lightning
def test_a_callback_of_lightning_controls_and_resumes(tmp_path: Path) -> None:
    lightning = pytest.importorskip("lightning.pytorch")
    from hpo_gym.control import LightningControl

    class Net(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.net, self.rates = torch.nn.Linear(2, 2), list[float]()

        def loss(self, batch: Any) -> Any:
            return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])

        def training_step(self, batch: Any, at: int) -> Any:
            self.rates.append(self.optimizers().param_groups[0]["lr"])
            return self.loss(batch)

        def validation_step(self, batch: Any, at: int) -> None:
            self.log("val_loss", self.loss(batch))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)

    x = torch.randn(32, 2, generator=torch.Generator().manual_seed(0))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, (x[:, 0] > 0).long()), batch_size=16)

    def trained(epochs: int, checkpoint: str | None = None) -> tuple[Any, Any, Any]:
        torch.manual_seed(0)
        module, callback = Net(), control()
        trainer = lightning.Trainer(
            max_epochs=epochs, callbacks=[callback], accelerator="cpu", logger=False, enable_progress_bar=False,
            enable_model_summary=False, enable_checkpointing=False, default_root_dir=tmp_path,
        )  # fmt: skip
        trainer.fit(module, loader, loader, ckpt_path=checkpoint)
        return trainer, module, callback

    def control() -> Any:
        return LightningControl({"name": "cosine", "rate": 0.3}, classes=2, epochs=4)

    _, whole, callback = trained(4)
    log = callback.control.log
    assert whole.rates == [row.settings["learning_rate"] for row in log for _ in range(2)] and len(log) == 4
    assert callback.control.plain.rows == 32 and all(0 < row.told["train_loss"] < 2 for row in log)
    trainer, _, _ = trained(2)
    trainer.save_checkpoint(tmp_path / "half.ckpt")
    _, rest, again = trained(4, str(tmp_path / "half.ckpt"))
    assert rest.rates == whole.rates[4:] and torch.equal(rest.net.weight, whole.net.weight)
    assert [row.told for row in again.control.log] == [row.told for row in log]
    with pytest.raises(
        InvalidValueError, match=r"`monitor` must be logged in validation, got 'loss', logged: .'val_loss'"
    ):
        lightning.Trainer(
            max_epochs=1, callbacks=[LightningControl("cosine", "loss")], accelerator="cpu", logger=False,
            enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False,
        ).fit(Net(), loader, loader)  # fmt: skip


# ---------------------------------------------------------------------------------------------- Keras
def test_a_callback_of_keras_controls_and_goes_back() -> None:
    keras = pytest.importorskip("keras")
    from hpo_gym.control import KerasControl

    x = np.random.default_rng(0).normal(size=(32, 2)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)

    def fitted(callback: Any, epochs: int = 3) -> Any:
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, metrics=["accuracy"])
        return model, model.fit(
            x, y, validation_data=(x, y), epochs=epochs, batch_size=16, verbose=0, callbacks=[callback]
        )

    callback = KerasControl({"name": "cosine", "rate": 0.3}, classes=2)
    model, history = fitted(callback)
    log = callback.control.log
    assert [row.told["validation_loss"] for row in log] == pytest.approx(history.history["val_loss"])
    assert [row.told["accuracy"] for row in log] == pytest.approx(history.history["val_accuracy"])
    assert float(model.optimizer.learning_rate) == pytest.approx(callback.control.settings["learning_rate"])
    wild = KerasControl({"name": "constant", "rate": 1e5}, classes=2, space={"learning_rate": (1e-5, 1e6, "log")})
    model, _ = fitted(wild, 1)
    assert wild.control.back and math.isclose(float(model.optimizer.learning_rate), 5e4, rel_tol=1e-4)
    keras.utils.set_random_seed(0)
    fresh = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), fresh.get_weights(), strict=True))
    with pytest.raises(InvalidValueError, match="`monitor` must be in the logs, got 'val_los'"):
        fitted(KerasControl("cosine", "val_los"))
    both = {"learning_rate": (1e-5, 1.0, "log"), "weight_decay": (1e-5, 1.0, "log")}
    with pytest.raises(InvalidValueError, match="a policy must set 'learning_rate' alone"):
        fitted(KerasControl("cosine", space=both))
