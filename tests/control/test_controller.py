"""`Controller`: groups, decay, dropout, the mean loss, the guard goes back, a resumed training goes on alike."""

from __future__ import annotations

import copy
import io
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hpo_baselines.autopilot import FILE as AUTOPILOT
from hpo_gym.base.errors import InvalidValueError, StateError
from hpo_gym.control import Guard
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.trial import Query, Trial

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.long

from hpo_gym.control import AutoRate, Controller  # noqa: E402


class Fixed:
    """Set given settings, and note what is told."""

    def __init__(self, *settings: dict[str, float], reads: tuple[str, ...] = ()) -> None:
        self.given, self.reads = settings, reads
        self.controls = tuple(settings[0])

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.context, self.trials = context, list[Trial]()

    def ask(self) -> Query:
        return Query(self.given[len(self.trials) % len(self.given)])

    def tell(self, trial: Trial) -> None:
        self.trials.append(trial)


def rate(value: float) -> dict[str, float]:
    return {"learning_rate": value}


@pytest.fixture(autouse=True)
def same_weights() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def net(dropout: float = 0.1) -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 3))


def rows() -> tuple[Any, Any]:
    x = torch.randn(96, 4, generator=torch.Generator().manual_seed(1))
    return x, (x[:, 0] > 0).long() + (x[:, 1] > 0).long()


def epoch(model: Any, optimizer: Any, control: Any) -> dict[str, float]:
    """Train three updates; return the losses."""
    x, y = rows()
    model.train()
    for k in range(3):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x[k::6]), y[k::6])
        loss.backward()
        control.batch(loss)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(x[3::6])
        return {
            "validation_loss": torch.nn.functional.cross_entropy(out, y[3::6]).item(),
            "accuracy": (out.argmax(1) == y[3::6]).float().mean().item(),
        }


# ---------------------------------------------------------------------------------------------- settings
def test_all_groups_keep_their_ratios_and_those_without_decay_stay_so() -> None:
    model = net()
    groups = [{"params": model[0].parameters(), "lr": 0.2, "weight_decay": 0.0},
              {"params": model[4].parameters(), "lr": 0.05, "weight_decay": 0.02},
              {"params": model[1].parameters(), "lr": 0.2, "weight_decay": 0.01}]  # fmt: skip
    optimizer = torch.optim.SGD(groups, momentum=0.9)
    policy = Fixed({"learning_rate": 1.0, "weight_decay": 0.1, "dropout": 0.4})
    control = Controller(policy, model, optimizer, epochs=2, classes=3)
    control.begin()
    assert [g["lr"] for g in optimizer.param_groups] == pytest.approx([1.0, 0.25, 1.0])
    assert [g["weight_decay"] for g in optimizer.param_groups] == pytest.approx([0.0, 0.1, 0.05])
    assert model[3].p == pytest.approx(0.4)


@pytest.mark.parametrize(("name", "decoupled"), [("SGD", None), ("Adam", True), ("AdamW", True)])
def test_where_no_group_decays_all_do_and_adam_decays_as_adamw(name: str, decoupled: bool | None) -> None:
    model = net()
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.1, weight_decay=0.0)
    policy = Fixed({"learning_rate": 0.01, "weight_decay": 0.1})
    Controller(policy, model, optimizer, epochs=2, classes=3).begin()
    (group,) = optimizer.param_groups
    assert group["weight_decay"] == pytest.approx(0.1) and group.get("decoupled_weight_decay") is decoupled


def test_decay_stays_coupled_where_it_was() -> None:
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1, weight_decay=0.01)
    Controller(Fixed({"learning_rate": 0.01, "weight_decay": 0.1}), model, optimizer, epochs=2, classes=3).begin()
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is False


def test_a_policy_of_the_rate_alone_leaves_decay_and_dropout() -> None:
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(0.1), weight_decay=0.01)
    control = Controller("cosine", model, optimizer, epochs=2)
    control.begin()
    (group,) = optimizer.param_groups
    assert isinstance(group["lr"], torch.Tensor) and group["lr"].item() == pytest.approx(
        control.settings["learning_rate"]
    )
    assert group["weight_decay"] == 0.01 and model[3].p == 0.1


def test_a_group_added_later_has_the_rate_of_the_first() -> None:
    model = net()
    optimizer = torch.optim.SGD(model[0].parameters(), lr=0.2)
    control = Controller(Fixed(rate(0.5)), model, optimizer, epochs=2)
    optimizer.add_param_group({"params": model[4].parameters()})
    control.begin()
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.5]


def test_a_setting_without_effect_is_said(caplog: pytest.LogCaptureFixture) -> None:
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    Controller(Fixed({"learning_rate": 0.1, "dropout": 0.2}), model, optimizer, epochs=2)
    assert "no `Dropout` module" in caplog.text


def test_facts_come_from_model_optimizer_and_loader() -> None:
    model, (x, y) = net(), rows()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=16)
    names = ("rows", "batch", "weights", "layers", "normalised", "adaptive", "classes")
    for maker, adaptive in ((torch.optim.SGD, 0.0), (torch.optim.AdamW, 1.0), (torch.optim.RMSprop, 1.0)):
        policy = Fixed(rate(0.1), reads=names)
        control = Controller(policy, model, maker(model.parameters(), lr=0.1), epochs=2, data=loader, classes=3)
        control.begin()
        seen = control.plain._optimizer.context.signals  # type: ignore[attr-defined]
        assert seen == {"rows": 96, "batch": 16, "weights": 4 * 8 + 8 + 16 + 8 * 3 + 3, "layers": 1, "normalised": 1,
                        "adaptive": adaptive, "classes": 3}  # fmt: skip


# ---------------------------------------------------------------------------------------------- measures
def test_the_training_loss_is_the_mean_over_the_updates_of_an_epoch() -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    control = Controller(Fixed(rate(0.1), reads=("training_loss",)), model, optimizer, epochs=3, guess=1.0)
    for losses in ((0.9, 0.7, 0.5, 0.3), (0.4, 0.2)):
        control.begin() if not control.settings else None
        for loss in losses:
            control.batch(torch.tensor(loss))
        control.end(validation_loss=0.6)
    assert [row.told["train_loss"] for row in control.log] == pytest.approx([0.6, 0.3])
    with pytest.raises(InvalidValueError, match=r"where `batch\(loss\)` follows each `backward\(\)`"):
        control.end(validation_loss=1.0)


# ---------------------------------------------------------------------------------------------- the loop
@pytest.mark.parametrize("policy", ["plateau", "cosine", "random-schedule"])
def test_a_training_is_controlled_to_its_end(policy: str) -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    control = Controller(policy, model, optimizer, epochs=6, classes=3)
    control.begin(1.2)
    rates = []
    for _ in control:
        rates.append(optimizer.param_groups[0]["lr"])
        control.end(**epoch(model, optimizer, control))
    assert rates == [row.settings["learning_rate"] for row in control.log] and len(rates) == 6
    assert control.log[-1].told["validation_loss"] < 1.1


def test_an_epoch_without_an_end_is_refused() -> None:
    model = net()
    control = Controller("cosine", model, torch.optim.SGD(model.parameters(), lr=0.1), epochs=3)
    with pytest.raises(StateError, match="before `end`"):
        control.end(validation_loss=1.0)
    with pytest.raises(StateError, match=r"Call `end\(validation_loss=...\)` at the end of epoch 0"):
        for _ in control:
            pass
    with pytest.raises(InvalidValueError, match=r"`model` must be a torch.nn.Module"):
        Controller("cosine", optimizer := torch.optim.SGD(model.parameters(), lr=0.1), optimizer, epochs=3)
    with pytest.raises(InvalidValueError, match=r"the policy sets .*'momentum'"):
        Controller(Fixed(rate(0.1)), model, optimizer, epochs=3,
                   space={"learning_rate": (1e-5, 1.0, "log"), "momentum": (0.0, 0.9)})  # fmt: skip


# ---------------------------------------------------------------------------------------------- the guard
def test_an_accident_puts_back_weights_statistics_and_momentum_of_the_best_epoch() -> None:
    model = net(0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    control = Controller(Fixed(rate(0.1), rate(0.1), rate(8.0), rate(4.0)), model, optimizer, epochs=5, guess=1.0)
    iterator = iter(control)
    next(iterator)
    epoch(model, optimizer, control)
    control.end(validation_loss=0.5)
    best, state = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict()["state"])
    for loss in (0.51, math.nan):
        next(iterator)
        epoch(model, optimizer, control)
        control.end(validation_loss=loss)
    said = "a loss is not finite: back to the weights after 1 epochs, and no learning rate above 4 for 8 epochs"
    assert control.log[-1].guard == said
    assert all(torch.equal(value, best[name]) for name, value in model.state_dict().items())
    now = optimizer.state_dict()["state"]
    assert all(torch.equal(now[i]["momentum_buffer"], state[i]["momentum_buffer"]) for i in state)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(4.0)
    control.end(validation_loss=100.0)  # and again, from the same weights
    assert torch.equal(model[0].weight, best["0.weight"]) and optimizer.param_groups[0]["lr"] == pytest.approx(0.1)


@pytest.mark.parametrize("guard", [True, False])
def test_the_best_weights_are_there_at_the_end(guard: bool) -> None:
    model = net(0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    control = Controller(Fixed(rate(0.1)), model, optimizer, epochs=3, guess=1.0, guard=guard)
    with pytest.raises(StateError, match="Call `restore_best` after the training has begun"):
        control.restore_best()
    kept = []
    for t in control:
        epoch(model, optimizer, control)
        kept.append(copy.deepcopy(model.state_dict()))
        control.end(validation_loss=(0.6, 0.5, 0.55)[t])
    assert torch.equal(model[0].weight, kept[2]["0.weight"]) and control.restore_best() == 2
    assert all(torch.equal(value, kept[1][name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("seed", [0, 1])
def test_a_rate_thirty_times_too_high_is_survived_and_the_usual_one_left_alone(seed: int) -> None:
    from sklearn.datasets import load_digits

    x, y = (torch.tensor(part) for part in load_digits(return_X_y=True))
    x = (x.float() - x.float().mean()) / x.float().std()

    def trained(lr: float, guard: bool) -> tuple[float, int]:
        torch.manual_seed(seed)
        model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10))
        optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        control = Controller({"name": "cosine", "rate": lr}, model, optimizer, epochs=12, classes=10, guard=guard)
        for _ in control:
            for rows in torch.randperm(500).split(20):
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
                loss.backward()
                control.batch(loss)
                optimizer.step()
            with torch.no_grad():
                control.end(validation_loss=torch.nn.functional.cross_entropy(model(x[500:]), y[500:]))
        control.restore_best()
        with torch.no_grad():
            end = torch.nn.functional.cross_entropy(model(x[500:]), y[500:]).item()
        return end, sum(bool(row.guard) for row in control.log)

    usual, wild, without = trained(0.05, True), trained(1.5, True), trained(1.5, False)
    assert usual[0] < 0.4 and usual[1] == 0
    assert wild[0] < 0.6 * without[0] and wild[1] > 0


@pytest.mark.parametrize("guard", [False, Guard(restores=False)])
def test_without_restoring_the_weights_stay(guard: Any) -> None:
    model = net(0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    control = Controller(Fixed(rate(0.1)), model, optimizer, epochs=2, classes=3, guard=guard)
    control.begin()
    epoch(model, optimizer, control)
    moved = copy.deepcopy(model.state_dict())
    control.end(validation_loss=50.0)
    assert torch.equal(model[0].weight, moved["0.weight"])
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 if guard is False else 0.05)


# ---------------------------------------------------------------------------------------------- resuming
@pytest.mark.parametrize("policy", ["plateau", "random-schedule"])
def test_a_resumed_training_goes_on_alike(policy: str) -> None:
    def begun() -> tuple[Any, Any, Any]:
        torch.manual_seed(3)
        model = net(0.0)
        groups = [{"params": model[0].parameters()}, {"params": model[4].parameters(), "lr": 0.01}]
        optimizer = torch.optim.Adam(groups, lr=0.02)
        control = Controller(policy, model, optimizer, epochs=6, classes=3, seed=5)
        return model, optimizer, control

    model, optimizer, control = begun()
    control.begin(1.2)
    saved = b""
    for t in control:
        control.end(**epoch(model, optimizer, control))
        if t == 2:
            torch.save([one.state_dict() for one in (model, optimizer, control)], stream := io.BytesIO())
            saved = stream.getvalue()
    other, others, again = begun()
    for one, state in zip((other, others, again), torch.load(io.BytesIO(saved), weights_only=True), strict=True):
        one.load_state_dict(state)
    assert [t for t in again if again.end(**epoch(other, others, again))] == [3, 4, 5]
    assert [row.settings for row in again.log] == [row.settings for row in control.log]
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in other.state_dict().items())
    assert [g["lr"] for g in others.param_groups] == [g["lr"] for g in optimizer.param_groups]


@pytest.mark.parametrize("odd", [torch.nn.Conv1d(1, 2, 3), torch.nn.GRU(2, 2), torch.nn.Embedding(3, 2)])
def test_autopilot_stays_and_warns_where_a_network_is_not_fully_connected(odd: Any, caplog: Any) -> None:
    def said() -> list[str]:
        return [message.split()[-1] for message in caplog.messages if "made for fully connected networks" in message]

    facts: Any = {"classes": 3, "rows": 96, "batch": 16}
    for inside in (torch.nn.LayerNorm(8), odd):
        assert not said()
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), inside, torch.nn.Dropout())
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        assert Controller("autopilot", model, optimizer, epochs=12, **facts).plain.name == "autopilot"
    assert said() == [type(odd).__name__]
    mine = {"name": "autopilot", "numbers": json.loads(AUTOPILOT.read_text(encoding="utf-8"))["numbers"]}
    Controller(mine, model, optimizer, epochs=12, **facts)
    assert len(said()) == 1
    assert AutoRate(optimizer, "autopilot", epochs=12, model=model, **facts).control.name == "autopilot"
    assert len(said()) == 2


def test_a_scheduler_beside_is_noticed_once(caplog: Any) -> None:
    model = net()
    groups = [{"params": model[0].parameters(), "lr": 1.0}, {"params": model[4].parameters()}]
    optimizer = torch.optim.SGD(groups, 0.5)
    control = Controller(Fixed(rate(0.4)), model, optimizer, epochs=4)
    for k in control:
        if k == 1:
            assert not caplog.messages
        optimizer.param_groups[1]["lr"] *= 0.5 if k else 1.0
        control.end(validation_loss=1.0)
    said = "learning rates must be left alone, something set [0.4, 0.1] where [0.4, 0.2] were"
    assert caplog.messages == [said]
