"""The recipe of `MLP`: its networks and updates are torch's, folds do not touch each other, any process agrees."""

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo_builders.data_sets.folds import Fold, Problem
from hpo_builders.order import BUILDERS
from hpo_builders.trained import mlp
from hpo_builders.trained.mlp import EPOCHS, RECIPE, Trainer, train
from hpo_builders.trained.mlp_network import Network, activations, one_thread
from hpo_builders.trained.mlp_updates import optimizer, rates
from hpo_builders.training.recipe import TrainingFailed
from hpo_gym.base import generator
from hpo_gym.problem import SearchSpace

torch = pytest.importorskip("torch", reason="needs `pip install 'hpo-gym[rl]'`")
datasets = pytest.importorskip("sklearn.datasets", reason="needs `pip install 'hpo-gym[build]'`")

SPACE = SearchSpace(mlp.config_space())
DEFAULT = SPACE.default
SGD = {"optimizer": "sgd", "sgd:momentum": 0.9, "sgd:nesterov": True}
SAMPLED = SPACE.decode(SPACE.sample(np.random.default_rng(4), 12))
CHILD = """
import os, sys, test_recipe_mlp as t
count = lambda: len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0
before = count()
print(t.digest(), count() - before)
"""


def toy(x, y, classes=0):
    """A problem of three folds of equal size; each has a third of the last quarter for the test."""
    order = np.random.default_rng(0).permutation(len(y))[:240]
    x, y = x[order].astype(float), y[order]
    y = y.astype(int) if classes else (y - y.mean()) / y.std()
    cut = len(y) // 4
    folds = [np.arange(i, 3 * cut, 3) for i in range(3)]
    left = [np.delete(np.arange(3 * cut), rows) for rows in folds]
    tests = np.arange(3 * cut, 3 * cut + cut // 3 * 3).reshape(3, -1)
    made = tuple(Fold(x[a], y[a], x[b], y[b], x[t], y[t]) for a, b, t in zip(left, folds, tests, strict=True))
    return Problem("toy", "classification" if classes else "regression", classes, made)


TOYS = {
    "two classes": toy(*datasets.load_breast_cancer(return_X_y=True), 2),
    "three classes": toy(*datasets.load_wine(return_X_y=True), 3),
    "regression": toy(*datasets.load_diabetes(return_X_y=True)),
}


def changed(**values):
    """The default with other values."""
    config = {**DEFAULT, **values}
    SPACE.encode([config])  # raises where it is none of the space
    return config


def same(a, b):
    return a.score.tobytes() == b.score.tobytes() and a.test_score.tobytes() == b.test_score.tobytes()


def digest():
    """A mark of some results."""
    found = [train(TOYS[name], config, 7) for name in ("three classes", "regression") for config in SAMPLED[:4]]
    return hashlib.sha256(b"".join(r.score.tobytes() + r.test_score.tobytes() for r in found)).hexdigest()


# ---------------------------------------------------------------------------------------------- the space
def test_the_space_has_18_hyperparameters_and_those_of_a_choice_not_made_are_inactive():
    conditional = {n for n in SPACE.names if ":" in n}
    assert (SPACE.d, len(conditional)) == (18, 6)
    assert set(DEFAULT) == {*SPACE.names} - conditional
    schedules = {"cosine": {}, "step": {"step:factor": 0.5, "step:drops": 1}, "one-cycle": {"one-cycle:warmup": 0.1}}
    for name, own in {**schedules, "exponential": {"exponential:last": 0.1}}.items():
        assert set(changed(**SGD, schedule=name, **own)) == {*DEFAULT, *SGD, *own}


def test_the_default_is_that_of_scikit_learn():
    from sklearn.neural_network import MLPClassifier

    own = MLPClassifier().get_params()
    found = (DEFAULT["width"],) * DEFAULT["depth"], *(DEFAULT[n] for n in ("activation", "optimizer", "schedule"))
    assert found == (own["hidden_layer_sizes"], own["activation"], own["solver"], own["learning_rate"])
    assert [DEFAULT["learning_rate"], DEFAULT["weight_decay"]] == pytest.approx(
        [own["learning_rate_init"], own["alpha"]]
    )
    assert SPACE.decode(SPACE.encode([changed(**SGD)]))[0]["sgd:momentum"] == pytest.approx(own["momentum"])
    batches = -(-250 // min(200, 250))  # scikit-learn's "auto"
    assert EPOCHS * len(mlp.batches(250, DEFAULT["batch_size"])) == own["max_iter"] * batches == 400


def test_the_recipe_has_a_fidelity_per_epoch_and_its_builder_is_known():
    assert [round(EPOCHS * f, 9) for f in RECIPE.fidelities] == [*range(1, 51)]
    assert (RECIPE.suite, RECIPE.version) == ("MLP", 2)
    assert (RECIPE.material.rows, RECIPE.material.training_rows) == (900, 250)
    assert (RECIPE.configurations, RECIPE.material.limit) == (200, 60)
    assert BUILDERS.get("MLP") is mlp.mlp


# ---------------------------------------------------------------------------------------------- updates
REFERENCES = {
    "adam": ({}, lambda p, **o: torch.optim.Adam(p, **o)),
    "adamw": ({}, lambda p, **o: torch.optim.AdamW(p, **o)),
    "rmsprop": ({}, lambda p, **o: torch.optim.RMSprop(p, **o)),
    "sgd": ({"sgd:momentum": 0.8, "sgd:nesterov": False}, lambda p, **o: torch.optim.SGD(p, momentum=0.8, **o)),
    "nesterov": (
        {"optimizer": "sgd", "sgd:momentum": 0.8, "sgd:nesterov": True},
        lambda p, **o: torch.optim.SGD(p, momentum=0.8, nesterov=True, **o),
    ),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_an_optimizer_makes_the_updates_of_torch(name):
    own, reference = REFERENCES[name]
    target = torch.linspace(-2, 2, 7, dtype=torch.float64)
    theta, theirs = torch.ones(7, dtype=torch.float64), torch.ones(7, dtype=torch.float64, requires_grad=True)
    update = optimizer(theta, {"optimizer": name, "weight_decay": 0.05, **own})
    other = reference([theirs], lr=0.1, weight_decay=0.05)
    for step in range(40):
        rate = other.param_groups[0]["lr"] = 0.1 / (1 + step)
        theirs.grad = (theirs.detach() - target) ** 3
        update((theta - target) ** 3, rate)
        other.step()
        assert theta.numpy() == pytest.approx(theirs.detach().numpy(), rel=1e-12), step
    assert not np.allclose(theta.numpy(), 1.0, atol=0.1)


SCHEDULES = {
    "cosine": ({}, lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 40)),
    "one-cycle": (
        {"one-cycle:warmup": 0.25},
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.3, total_steps=40, pct_start=0.25, cycle_momentum=False),
    ),
    "step": ({"step:factor": 0.5, "step:drops": 3}, lambda o: torch.optim.lr_scheduler.StepLR(o, 10, 0.5)),
    "exponential": (
        {"exponential:last": 0.01},
        lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.01 ** (1 / 40)),
    ),
    "constant": ({}, lambda o: torch.optim.lr_scheduler.ConstantLR(o, 1.0)),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_that_of_torch(name):
    own, reference = SCHEDULES[name]
    other = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    scheduler, expected = reference(other), []
    for _ in range(40):
        expected.append(other.param_groups[0]["lr"])
        other.step()
        scheduler.step()
    found = rates({"learning_rate": 0.3, "schedule": name, **own}, 40)
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_warm_up_of_few_steps_has_finite_rates():
    for warmup in (0.05, 0.3, 0.5):
        found = rates({"learning_rate": 1.0, "schedule": "one-cycle", "one-cycle:warmup": warmup}, EPOCHS)
        assert len(found) == EPOCHS
        assert all(0 < rate <= 1 for rate in found)
        assert max(found) > 0.9


# ---------------------------------------------------------------------------------------------- networks
def of_torch(network, fold, activation, normalization):
    """The network of one fold, of `torch.nn` modules."""
    kind = {"batch": torch.nn.BatchNorm1d, "layer": torch.nn.LayerNorm}.get(normalization)
    shown = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "elu": torch.nn.ELU, "silu": torch.nn.SiLU}
    parts = []
    for i, layer in enumerate(network.layers):
        linear = torch.nn.Linear(*layer.weight.shape[1:])
        linear.weight.data, linear.bias.data = (
            layer.weight[fold].detach().T.clone(),
            layer.bias[fold, 0].detach().clone(),
        )
        parts.append(linear)
        if i + 1 < len(network.layers):
            parts += [kind(layer.weight.shape[2])] if kind else []
            parts.append({**shown, "logistic": torch.nn.Sigmoid}[activation]())
    return torch.nn.Sequential(*parts)


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
@pytest.mark.parametrize("activation", activations())
def test_a_network_is_that_of_torch_with_its_gradient_and_running_moments(activation, normalization):
    rng = np.random.default_rng(0)
    network = Network([5, 4, 4, 2], [rng, rng, rng], activation=activation, normalization=normalization)
    others = [of_torch(network, i, activation, normalization) for i in range(3)]
    x = torch.from_numpy(rng.normal(size=(3, 9, 5)).astype(np.float32))
    for _ in range(3):  # the running moments move
        out = network(x, rng)
        each = [other(rows) for other, rows in zip(others, x, strict=True)]
        assert out.detach().numpy() == pytest.approx(torch.stack(each).detach().numpy(), abs=1e-5)
    gradient = network.gradient((out**3).sum())
    sum((one**3).sum() for one in each).backward()
    size = network.layers[0].weight.numel()
    expected = torch.stack([other[0].weight.grad.T for other in others])
    assert gradient[:size].view(3, 5, 4).numpy() == pytest.approx(expected.numpy(), abs=1e-4)
    last = torch.stack([other[-1].bias.grad for other in others])
    assert gradient[-6:].view(3, 2).numpy() == pytest.approx(last.numpy(), abs=1e-4)
    assert gradient.shape == network.parameters.shape
    with torch.no_grad():
        each = [other.eval()(rows) for other, rows in zip(others, x, strict=True)]
        assert network(x).numpy() == pytest.approx(torch.stack(each).numpy(), abs=1e-5)


def test_a_step_moves_the_layers_with_the_flat_vector():
    network = Network([2, 3, 1], [np.random.default_rng(0)])
    before = network.layers[0].weight.detach().clone()
    network.parameters.add_(1.0)
    assert (network.layers[0].weight.detach() - before).numpy() == pytest.approx(np.ones((1, 2, 3)), abs=1e-6)


def test_dropout_keeps_the_mean_in_training_and_does_nothing_otherwise():
    network = Network([3, 4000, 1], [np.random.default_rng(0)], dropout=0.4)
    x = torch.ones((1, 1, 3))
    with torch.no_grad():
        plain = float(network(x))
        drawn = [float(network(x, generator(seed))) for seed in range(200)]
        assert float(network(x)) == plain
    assert np.std(drawn) > 0
    assert np.mean(drawn) == pytest.approx(plain, abs=5 * np.std(drawn) / np.sqrt(200))
    assert drawn[3] == pytest.approx(float(network(x, generator(3)).detach()), rel=0)


def test_a_unit_stays_where_its_sixteen_bits_are_below_the_share_kept():
    network = Network([3, 5, 1], [np.random.default_rng(0)], dropout=0.25)
    draws = np.random.default_rng(8).bit_generator.random_raw(4)
    bits = [int(draw) >> shift & 0xFFFF for draw in draws for shift in (0, 16, 32, 48)][:15]
    mask = network._mask(torch.zeros((1, 3, 5)), np.random.default_rng(8))
    assert mask.flatten().tolist() == pytest.approx([4 / 3 if b < 49152 else 0 for b in bits], rel=1e-7)
    assert mask.shape == (1, 3, 5) and 0 < sum(b < 49152 for b in bits) < 15


def test_weights_lie_within_the_bound_of_torch():
    weight = Network([16, 500, 1], [np.random.default_rng(0)]).layers[0].weight.detach()
    assert 0.24 < float(weight.abs().max()) <= 0.25


# ---------------------------------------------------------------------------------------------- training
def trained(problem, config, epochs=3, seed=1):
    """Predictions after some epochs, ``(folds, r)``."""
    with one_thread():
        trainer = Trainer(problem, config, seed)
        for epoch in range(epochs):
            trainer.epoch(epoch)
        return trainer.predict()


def test_a_training_is_that_of_torch():
    """Three epochs of the last fold, with modules, optimizer and loss of torch from the same weights and rows."""
    for name in ("three classes", "regression"):
        problem = TOYS[name]
        config = changed(depth=2, normalization="batch")
        config |= {"schedule": "exponential", "exponential:last": 1e-9}  # steep, so that no step has a wrong rate
        trainer, data = Trainer(problem, config, 1), mlp.data(problem, config)
        model = of_torch(trainer.network, 2, "relu", "batch")
        assert len(model) == 7
        loss = torch.nn.CrossEntropyLoss() if problem.classes else lambda a, b: ((a[:, 0] - b) ** 2).mean()
        adam = torch.optim.Adam(model.parameters(), weight_decay=config["weight_decay"])
        parts = mlp.batches(data.x.shape[1], config["batch_size"])
        steps = iter(rates(config, EPOCHS * len(parts)))
        for epoch in range(3):
            trainer.epoch(epoch)
            for part in parts:
                rows = mlp.row_order(1, 2, data.x.shape[1])[epoch, part]
                adam.param_groups[0]["lr"] = next(steps)
                adam.zero_grad()
                loss(model(data.x[2, rows]), data.y[2, rows]).backward()
                adam.step()
        for test, rows in ((False, data.x_val), (True, data.x_test)):
            with torch.no_grad():
                expected, found = model.eval()(rows[2]), trainer.network(rows)[2]
            assert found.numpy() == pytest.approx(expected.numpy(), abs=2e-4), name
            predicted = expected.argmax(1) if problem.classes else expected[:, 0]
            assert trainer.predict(test=test)[2] == pytest.approx(predicted.numpy(), abs=2e-4)


def test_weights_differ_by_fold_and_by_seed_and_dropout_by_seed():
    config = changed(dropout=0.5)
    first, other = (Trainer(TOYS["regression"], config, seed) for seed in (1, 2))
    weights = [w for t in (first, other) for w in t.network.layers[0].weight.detach()]
    assert all(not torch.allclose(a, b, atol=0.01) for i, a in enumerate(weights) for b in weights[:i])
    other.network.parameters.copy_(first.network.parameters)
    other._order = first._order
    first.epoch(0)
    other.epoch(0)
    assert not torch.allclose(first.network.parameters, other.network.parameters)


def test_infinite_weights_are_a_divergence_even_where_predictions_are_finite():
    trainer = Trainer(TOYS["regression"], changed(activation="tanh"), 1)
    assert trainer.predict() is not None
    trainer.network.layers[0].weight.data[1, :, 3] = 0.0
    trainer.network.layers[0].bias.data[1, :, 3] = np.inf
    with torch.no_grad():
        assert trainer.network(mlp.data(TOYS["regression"], DEFAULT).x_val).isfinite().all()
    assert trainer.predict() is None


def test_one_thread_gives_back_the_threads_that_there_were():
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(TrainingFailed), one_thread():
            assert torch.get_num_threads() == 1
            raise TrainingFailed
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_a_fold_does_not_change_what_another_learns(normalization):
    for name in ("three classes", "regression"):
        problem, config = TOYS[name], changed(normalization=normalization, class_weight="balanced", depth=2)
        alone = trained(replace(problem, folds=problem.folds[:1]), config)
        assert trained(problem, config)[0] == pytest.approx(alone[0], abs=1e-4), name


def test_an_epoch_visits_every_row_once_in_an_order_of_its_own():
    order = mlp.row_order(5, 0, 90)
    assert (np.sort(order, axis=1) == np.arange(90)).all()
    assert order.shape == (EPOCHS, 90)
    assert len({row.tobytes() for row in order} | {row.tobytes() for row in mlp.row_order(5, 1, 90)}) == 2 * EPOCHS
    for n, size in ((250, 16), (250, 32), (88, 256), (90, 64), (10, 16), (333, 128)):
        sizes = [b.stop - b.start for b in mlp.batches(n, size)]
        assert sum(sizes) == n
        assert max(sizes) - min(sizes) <= 1
        assert [b.start for b in mlp.batches(n, size)] == [0, *np.cumsum(sizes)[:-1]]
        assert len(sizes) == max(1, round(n / size))


def _with_third(x, value):
    """The first two columns and a constant one."""
    return np.column_stack([x[:, :2], np.full(len(x), value)])


def test_inputs_are_scaled_by_the_training_rows_of_their_fold():
    problem = TOYS["three classes"]
    third = {"x": 3.0, "x_val": 5.0, "x_test": 7.0}  # constant where it is learned from
    folds = tuple(
        replace(fold, **{name: _with_third(getattr(fold, name), value) for name, value in third.items()})
        for fold in problem.folds
    )
    cut = replace(problem, folds=folds)
    for how, low, high in (("standard", np.mean, np.std), ("min-max", np.min, np.max)):
        found = mlp.data(cut, changed(scaling=how))
        inputs = found.x.numpy()
        assert low(inputs, axis=1) == pytest.approx(np.zeros((3, 3)), abs=1e-6)
        assert high(inputs, axis=1)[:, :2] == pytest.approx(np.ones((3, 2)), abs=1e-6)
        assert (inputs[..., 2] == 0).all()  # constant
        assert (found.x_val[..., 2] == 5 - 3).all()
        assert (found.x_test[..., 2] == 7 - 3).all()
        for fold, rows in zip(folds, found.x_test.numpy(), strict=True):
            shift, scale = low(fold.x[:, :2], axis=0), (np.ptp if how == "min-max" else np.std)(fold.x[:, :2], axis=0)
            assert rows[:, :2] == pytest.approx((fold.x_test[:, :2] - shift) / scale, rel=1e-5, abs=1e-5)
    plain = mlp.data(cut, changed(scaling="none"))
    assert plain.x_val.numpy()[1] == pytest.approx(folds[1].x_val, rel=1e-6)
    assert plain.x_test.numpy()[1] == pytest.approx(folds[1].x_test, rel=1e-6)


def test_scores_are_those_of_the_problem():
    rng = np.random.default_rng(0)
    for problem in TOYS.values():
        y = np.stack([f.y_val for f in problem.folds])
        if problem.classes:
            predicted = rng.integers(problem.classes, size=(4, *y.shape))
        else:
            predicted = y + rng.normal(size=(4, *y.shape)) * np.array([0.1, 0.5, 1.2, 1e200])[:, None, None]
        found = mlp.scores(problem, list(y), predicted)
        assert found.shape == (4,)
        for e, by_fold in enumerate(predicted):
            pairs = zip(y, by_fold, strict=True)
            assert found[e] == pytest.approx(np.mean([problem.score(*pair) for pair in pairs]), abs=1e-12)


def test_the_validation_rows_are_scored_after_every_epoch_and_the_test_rows_after_the_last():
    for problem in TOYS.values():
        found = train(problem, DEFAULT, 3)
        with one_thread():
            trainer, expected = Trainer(problem, DEFAULT, 3), []
            for epoch in range(EPOCHS):
                trainer.epoch(epoch)
                pairs = zip(problem.folds, trainer.predict(), strict=True)
                expected.append(np.mean([problem.score(f.y_val, p) for f, p in pairs]))
            last = zip(problem.folds, trainer.predict(test=True), strict=True)
            test = np.mean([problem.score(f.y_test, p) for f, p in last])
        assert found.score == pytest.approx(expected, abs=1e-12)
        assert found.test_score[-1] == pytest.approx(test, abs=1e-12)
        assert np.isnan(found.test_score[:-1]).all()


def test_balanced_weights_are_those_of_scikit_learn_and_change_classification_only():
    from sklearn.utils.class_weight import compute_sample_weight

    x, y = datasets.make_classification(240, 10, weights=[0.85], flip_y=0.1, random_state=0)
    rare = toy(x, y, 2)
    found = mlp.data(rare, changed(class_weight="balanced")).weight.numpy()
    expected = [compute_sample_weight("balanced", f.y) for f in rare.folds]
    assert found == pytest.approx(np.stack(expected), rel=1e-6)
    plain, balanced = (train(rare, changed(class_weight=w), 0) for w in ("none", "balanced"))
    assert balanced.score[9] > plain.score[9] + 0.05
    none, other = (train(TOYS["regression"], changed(class_weight=w), 0) for w in ("none", "balanced"))
    assert same(none, other)
    assert (mlp.data(TOYS["regression"], changed(class_weight="balanced")).weight == 1).all()


def test_curves_rise_and_the_default_is_good():
    floor = {"two classes": 0.9, "three classes": 0.9, "regression": 0.3}
    for name, problem in TOYS.items():
        found = train(problem, DEFAULT, 0)
        assert found.score.shape == found.test_score.shape == found.cost.shape == (EPOCHS,)
        assert found.score[-1] > floor[name]
        assert found.test_score[-1] > floor[name] - 0.1
        assert found.score[-10:].mean() > found.score[:3].mean() + 0.02
        idle = train(problem, changed(learning_rate=1e-5), 0)
        assert idle.score[-1] < found.score[-1] - 0.05


def test_the_cost_grows_with_epochs_and_is_nearly_all_the_processor_time_of_a_cell():
    problem, config = TOYS["two classes"], changed(batch_size=16, depth=2)
    train(problem, config, 0)
    start = time.process_time()
    cost = train(problem, config, 0).cost
    spent = time.process_time() - start
    assert 0 < cost[0] < cost[EPOCHS // 2] < cost[-1] < spent
    assert cost[-1] > 0.5 * spent


# ---------------------------------------------------------------------------------------------- same bytes
def test_a_result_is_a_function_of_problem_configuration_and_seed():
    problem, config = TOYS["three classes"], changed(dropout=0.2)
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy(), torch.get_num_threads()  # noqa: NPY002
    first = train(problem, config, 5)
    train(problem, SAMPLED[0], 6)
    torch.manual_seed(0)
    assert same(train(problem, config, 5), first)
    assert not same(train(problem, config, 6), first)
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    torch.random.set_rng_state(before[0])
    train(problem, config, 5)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[2]


@pytest.mark.long
def test_another_process_gives_the_same_bytes_in_one_thread():
    paths = map(str, Path(__file__).parents[:4])
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "5", "PYTHONPATH": os.pathsep.join(paths)}
    ran = subprocess.run([sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [digest(), "0"]


def test_every_configuration_gives_a_curve():
    for config in SAMPLED:
        found = train(TOYS["three classes"], config, 0)
        assert ((found.score >= 0) & (found.score <= 1)).all()
        assert (found.cost > 0).all()


# ---------------------------------------------------------------------------------------------- what fails
def test_all_epochs_from_a_divergence_on_failed_and_those_before_stay():
    config = changed(**SGD, scaling="none", learning_rate=1.0)
    found = train(TOYS["regression"], config, 0)
    lived = int(np.isfinite(found.score).sum())
    assert 0 < lived < EPOCHS
    assert np.isfinite(found.score[:lived]).all()
    assert np.isneginf(found.score[lived:]).all()
    assert np.isnan(found.test_score[:-1]).all() and np.isneginf(found.test_score[-1])
    assert (found.cost[lived:] == found.cost[lived]).all()
    assert found.cost[lived] > found.cost[lived - 1]


def test_a_test_prediction_that_is_not_finite_fails_the_last_epoch():
    problem = TOYS["three classes"]
    plain = train(problem, DEFAULT, 0)
    bad = replace(problem.folds[2], x_test=np.full_like(problem.folds[2].x_test, np.nan))
    found = train(replace(problem, folds=(*problem.folds[:2], bad)), DEFAULT, 0)
    assert found.score[:-1].tolist() == plain.score[:-1].tolist()
    assert found.score[-1] == found.test_score[-1] == -np.inf


def test_a_divergence_in_the_first_epoch_is_raised():
    wide = replace(TOYS["regression"], folds=tuple(replace(f, x=1e6 * f.x) for f in TOYS["regression"].folds))
    with pytest.raises(TrainingFailed, match="not finite after the first epoch"):
        train(wide, changed(**SGD, scaling="none", learning_rate=1.0), 0)


def test_a_divergence_of_one_fold_fails_the_configuration():
    problem = TOYS["regression"]
    bad = replace(problem.folds[2], x=1e9 * problem.folds[2].x)
    with pytest.raises(TrainingFailed, match="not finite"):
        train(replace(problem, folds=(*problem.folds[:2], bad)), changed(**SGD, scaling="none"), 0)
