"""Networks of small images: torch's own, counted by hand; augmentation with known answers; what is learned."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install 'hpo-gym[rl]'`")

from hpo_builders.trained import nas, vision  # noqa: E402
from hpo_builders.trained.mlp_updates import optimizer, rates  # noqa: E402
from hpo_builders.training.recipe import TrainingFailed  # noqa: E402
from hpo_builders.vision import augmentation, images, layers, training  # noqa: E402
from hpo_builders.vision.cell_network import CellNetwork  # noqa: E402
from hpo_builders.vision.cells import EDGES, alive, column  # noqa: E402
from hpo_builders.vision.small_cnn import SmallCNN  # noqa: E402
from hpo_gym.problem import SearchSpace  # noqa: E402

CELLS = SearchSpace(nas.config_space())
EMPTY = {column(edge): "none" for edge in EDGES}
TINY = {**CELLS.default, **EMPTY, "edge-0-3": "convolution-1x1", "cells": 1, "width": 4, "normalization": "none"}


def generators(nets):
    return [np.random.default_rng(i) for i in range(nets)]


def halves(n=600, noise=1.0, classes=2):
    """Images that are brighter on the left or on the right: a problem with a known best score of about 1."""
    rng, y = np.random.default_rng(0), np.arange(n) % classes
    x = rng.normal(0, noise, (n, 1, 12, 12))
    x[y == 1, :, :, 6:] += 1.0
    x[y == 0, :, :, :6] += 1.0
    return images.divided("halves", classes, x, y, learn=100, choose=150)


# ---------------------------------------------------------------------------------------------- cells
def test_edges_on_no_path_from_the_input_to_the_output_are_not_built():
    config = {**EMPTY, "edge-0-1": "skip", "edge-1-2": "max-3x3", "edge-0-3": "skip"}
    assert alive(config) == {(0, 3): "skip"}, "node 2 leads nowhere"
    config = {**EMPTY, "edge-1-3": "skip", "edge-1-2": "skip", "edge-2-3": "skip", "edge-0-2": "skip"}
    assert set(alive(config)) == {(0, 2), (2, 3)}, "nothing comes into node 1"
    config = {**EMPTY, "edge-0-1": "skip", "edge-1-2": "skip", "edge-2-3": "skip"}
    assert set(alive(config)) == {(0, 1), (1, 2), (2, 3)}


def test_the_space_forbids_exactly_the_cells_without_a_path():
    patterns = [{**CELLS.default, **dict(zip(EMPTY, values, strict=True))}
                for values in itertools.product(("none", "skip"), repeat=6)]  # fmt: skip
    found = [bool(alive(config)) for config in patterns]
    assert found.count(False) > 10
    for config, path in zip(patterns, found, strict=True):
        if path:
            assert CELLS.legal(CELLS.encode([config])).all()
        else:
            with pytest.raises(ValueError, match="forbidden"):
                CELLS.encode([config])


def test_a_cell_without_a_path_gives_no_network():
    with pytest.raises(TrainingFailed, match="No path leads"):
        CellNetwork(1, 1, 12, 2, {**TINY, **EMPTY})


def counted(config, channels=1, size=8, classes=2, nets=2):
    network = CellNetwork(nets, channels, size, classes, config)
    return layers.weights(network, nets), layers.multiply_adds(network, nets, (channels, size, size))


def test_weights_and_multiply_adds_of_a_tiny_network_are_those_counted_by_hand():
    """Stem 3 x 3 to 4 channels on 8 x 8 pixels, halved by maxima, one convolution 1 x 1 on 4 x 4, means, 2 classes."""
    assert counted(TINY) == (9 * 4 + 4 + 4 * 4 + 4 + 4 * 2 + 2, 36 * 64 + 16 * 16 + 8)
    assert counted({**TINY, "edge-0-3": "skip"}) == (9 * 4 + 4 + 4 * 2 + 2, 36 * 64 + 8)
    assert counted({**TINY, "head": "flatten"}) == (40 + 20 + 4 * 16 * 2 + 2, 36 * 64 + 16 * 16 + 4 * 16 * 2)
    assert counted({**TINY, "edge-0-3": "depthwise-3x3"}) == (40 + 9 * 4 + 4 + 10, 36 * 64 + 9 * 4 * 16 + 8)
    halved = {**TINY, "reduction": "convolution", "normalization": "batch", "cells": 2, "width": 8}
    per_reduction, per_cell = 9 * 64 + 16, 64 + 16
    assert counted(halved, channels=3, classes=5) == (
        9 * 3 * 8 + 16 + 2 * per_reduction + 2 * per_cell + 8 * 5 + 5,
        9 * 3 * 8 * 64 + (576 + 64) * 16 + (576 + 64) * 4 + 40,
    )


def test_counts_do_not_depend_on_how_many_networks_are_side_by_side_nor_on_dead_edges():
    config = {**TINY, "edge-0-3": "convolution-3x3", "edge-0-1": "depthwise-3x3", "edge-1-3": "convolution-1x1"}
    assert counted(config, nets=1) == counted(config, nets=3)
    assert counted({**config, "edge-2-3": "convolution-3x3"}) == counted(config)


# ---------------------------------------------------------------------------------------------- layers
def module_of(convolution, net, nets, inputs, outputs):
    """The layer of one network, of torch's modules."""
    own = convolution.filter
    each = own.groups > nets
    made = torch.nn.Conv2d(inputs, outputs, own.kernel_size, own.stride, own.padding,
                           groups=inputs if each else 1, bias=own.bias is not None)  # fmt: skip
    rows = slice(net * outputs, net * outputs + outputs)
    made.weight.data = own.weight.detach()[rows].clone()
    if own.bias is not None:
        made.bias.data = own.bias.detach()[rows].clone()
    normal = {"BatchNorm2d": torch.nn.BatchNorm2d, "GroupNorm": lambda c: torch.nn.GroupNorm(1, c)}
    kind = type(convolution.normal).__name__
    return torch.nn.Sequential(made, *([normal[kind](outputs)] if kind in normal else []))


@pytest.mark.parametrize("normalization", layers.NORMALIZATIONS)
@pytest.mark.parametrize("each", [False, True])
def test_layers_side_by_side_are_those_of_torch_one_by_one(normalization, each):
    nets, inputs = 3, 4
    outputs = inputs if each else 5
    layer = layers.Convolution(nets, inputs, outputs, 3, normalization, each=each)
    layers.initialised(layer, generators(nets))
    x = torch.randn(6, nets * inputs, 7, 7, generator=torch.Generator().manual_seed(0))
    for way in ("train", "eval"):
        out = getattr(layer, way)()(x)
        for net in range(nets):
            own = getattr(module_of(layer, net, nets, inputs, outputs), way)()
            if way == "eval" and normalization == "batch":
                own.train()(x[:, net * inputs : net * inputs + inputs])
                own.eval()
            expected = own(x[:, net * inputs : net * inputs + inputs])
            found = out[:, net * outputs : net * outputs + outputs]
            assert found.detach().numpy() == pytest.approx(expected.detach().numpy(), abs=1e-4)


def test_a_flat_vector_moves_the_network_and_its_gradient_is_that_of_torch():
    network = SmallCNN(2, 1, 8, 3, "batch")
    theta = layers.initialised(network, generators(2))
    assert theta.numel() == sum(p.numel() for p in network.parameters())
    out = network(torch.ones(4, 2, 8, 8) * torch.arange(4.0)[:, None, None, None])
    loss = (out**2).sum()
    found = layers.gradient(loss, network)
    loss = (network(torch.ones(4, 2, 8, 8) * torch.arange(4.0)[:, None, None, None]) ** 2).sum()
    loss.backward()
    assert found.numpy() == pytest.approx(torch.cat([p.grad.flatten() for p in network.parameters()]).numpy(), rel=1e-4)
    theta.add_(1.0)
    assert float(network.head.bias.detach().min()) == 1.0


def test_weights_are_drawn_within_the_bound_of_he_and_each_network_has_its_own():
    network = SmallCNN(2, 1, 12, 3, "none")
    layers.initialised(network, generators(2))
    weight = network.convolutions[1].filter.weight.detach()
    bound = np.sqrt(6 / (9 * 12))
    assert 0.97 * bound < float(weight.abs().max()) <= bound
    assert not torch.equal(weight[:24], weight[24:])
    alone = SmallCNN(1, 1, 12, 3, "none")
    layers.initialised(alone, generators(2)[1:])
    assert torch.equal(alone.convolutions[1].filter.weight, network.convolutions[1].filter.weight[24:])


def test_dropout_leaves_out_its_share_and_keeps_the_mean():
    keep = layers.dropout(0.25, np.random.default_rng(0))
    out = keep(torch.ones(2, 100, 200))
    assert out.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert float((out == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert layers.dropout(0.0, np.random.default_rng(0)) is None


# ---------------------------------------------------------------------------------------------- augmentation
class Always:
    """A generator whose draws are as large as they can be."""

    def uniform(self, low, high, size):
        return np.full(size, high)

    def random(self, size):
        return np.zeros(size)

    def integers(self, low, high, size):
        return np.full(size, high - 1)


IMAGE = torch.arange(2 * 3 * 4 * 4, dtype=torch.float32).reshape(2, 3, 4, 4)


def test_an_image_that_is_moved_by_nothing_is_the_same():
    assert augmentation.moved(IMAGE, 0.0, 0.0, 0.0, Always()).numpy() == pytest.approx(IMAGE.numpy(), abs=1e-4)


def test_a_shift_of_one_pixel_is_to_the_right_and_down_and_repeats_the_border():
    found = augmentation.moved(IMAGE, 1.0, 0.0, 0.0, Always())
    assert found[:, :, 1:, 1:].numpy() == pytest.approx(IMAGE[:, :, :-1, :-1].numpy(), abs=1e-4)
    assert found[:, :, 0, 0].numpy() == pytest.approx(IMAGE[:, :, 0, 0].numpy(), abs=1e-4)


def test_a_turn_by_90_degrees_is_that_of_numpy():
    found = augmentation.moved(IMAGE, 0.0, 90.0, 0.0, Always()).numpy()
    assert found == pytest.approx(np.rot90(IMAGE.numpy(), 1 if found[0, 0, 0, 0] == 3 else -1, (2, 3)), abs=1e-3)
    assert found[0, 0, 0, 0] != 0


def test_a_zoom_enlarges_about_the_middle():
    ramp = torch.arange(8.0).repeat(1, 1, 8, 1) - 3.5
    found = augmentation.moved(ramp, 0.0, 0.0, 1.0, Always())
    assert found.numpy() == pytest.approx((ramp / 2).numpy(), abs=1e-5), "twice as large: half as steep"


def test_mirrors_flip_the_sides_that_they_say():
    assert torch.equal(augmentation.mirrored(IMAGE, "none", Always()), IMAGE)
    assert torch.equal(augmentation.mirrored(IMAGE, "left-right", Always()), IMAGE.flip(3))
    assert torch.equal(augmentation.mirrored(IMAGE, "both", Always()), IMAGE.flip(3).flip(2))
    drawn = augmentation.mirrored(torch.arange(2.0).repeat(1000, 1, 1, 1), "left-right", np.random.default_rng(0))
    assert float((drawn[:, 0, 0, 0] == 1).float().mean()) == pytest.approx(0.5, abs=0.06)


def test_contrast_and_brightness_change_about_the_mean():
    found = augmentation.recontrasted(IMAGE, 0.5, Always())
    middle = IMAGE.mean((1, 2, 3), keepdim=True)
    assert found.numpy() == pytest.approx(((IMAGE - middle) * 1.5 + middle + 0.5).numpy(), abs=1e-4)


def test_a_square_is_erased_also_where_it_lies_over_the_border():
    x = torch.ones(1, 2, 6, 6)
    found = augmentation.erased(x, 4, Always())  # its middle is the last pixel: two lines and columns are inside
    assert float(found.sum()) == 2 * (36 - 9) and float(found[0, 0, 3:, 3:].sum()) == 0
    assert augmentation.erased(x, 0, Always()) is x


def test_mixed_images_and_targets_are_of_the_same_share():
    x = torch.eye(5)[:, None, :, None].repeat(1, 1, 1, 2)
    mixed, targets = augmentation.mixed(x, torch.eye(5), 1.0, np.random.default_rng(0))
    assert mixed[:, 0, :, 0].numpy() == pytest.approx(targets.numpy(), abs=1e-6)
    assert targets.sum(1).numpy() == pytest.approx(np.ones(5), abs=1e-6) and float(targets.max()) < 1


# ---------------------------------------------------------------------------------------------- training
def plan(network, theta, epochs=4, rate=0.01, n=100):
    config = {"optimizer": "adam", "weight_decay": 0.0, "learning_rate": rate, "schedule": "constant"}
    parts = training.batches(n, 20)
    return training.Training(network, optimizer(theta, config), rates(config, epochs * len(parts)), parts, epochs)


def test_a_network_learns_which_half_is_brighter_and_the_test_agrees():
    problem = halves()
    network = SmallCNN(2, 1, 12, 2, "batch")
    found = training.learn(problem, plan(network, layers.initialised(network, generators(2))), 0, 0.0)
    assert found.score[-1] > 0.97 and found.test_score[-1] > 0.97
    assert np.isnan(found.test_score[:-1]).all() and (np.diff(found.cost) > 0).all()


def test_labels_that_say_nothing_are_not_learned():
    problem = halves()
    rng = np.random.default_rng(1)
    shuffled = replace(
        problem,
        y=rng.permuted(problem.y, axis=1),
        y_val=rng.permutation(problem.y_val),
        y_test=rng.permutation(problem.y_test),
    )
    network = SmallCNN(2, 1, 12, 2, "batch")
    found = training.learn(shuffled, plan(network, layers.initialised(network, generators(2))), 0, 0.0)
    assert abs(found.score[-1] - 0.5) < 0.12


@pytest.mark.parametrize("normalization", layers.NORMALIZATIONS)
def test_a_network_learns_the_same_beside_another(normalization):
    problem = halves()
    outs = []
    for nets in (2, 1):
        network = SmallCNN(nets, 1, 12, 2, normalization)
        theta = layers.initialised(network, generators(nets))
        part = replace(problem, x=problem.x[:nets], y=problem.y[:nets])
        learner = training.Learner(part, plan(network, theta), 5)
        for epoch in range(2):
            learner.epoch(epoch)
        with torch.no_grad():
            outs.append(network.eval()(torch.from_numpy(problem.x_val).repeat(1, nets, 1, 1))[0].numpy())
    assert outs[0] == pytest.approx(outs[1], abs=2e-2 * float(np.abs(outs[1]).max()))


def test_a_training_is_that_of_torch():
    """Two epochs of one network, with modules, optimizer and loss of torch from the same weights and rows."""
    problem = halves()
    network = SmallCNN(2, 1, 12, 2, "batch")
    theta = layers.initialised(network, generators(2))
    parts = [module_of(c, 1, 2, c.filter.weight.shape[1], len(c.filter.weight) // 2) for c in network.convolutions]
    linear = torch.nn.Linear(network.head.weight.shape[1], 2)
    linear.weight.data, linear.bias.data = (
        network.head.weight[1].detach().T.clone(),
        network.head.bias[1, 0].detach().clone(),
    )
    pool, relu = torch.nn.MaxPool2d(2), torch.nn.ReLU()
    model = torch.nn.Sequential(parts[0], relu, pool, parts[1], relu, pool, parts[2], relu, torch.nn.Flatten(), linear)
    chosen = plan(network, theta, rate=1e-3)
    learner = training.Learner(problem, chosen, 3)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss = torch.nn.CrossEntropyLoss()
    for epoch in range(2):
        learner.epoch(epoch)
        for batch in chosen.batches:
            rows = learner.order[1, epoch, batch]
            adam.zero_grad()
            loss(model(torch.from_numpy(problem.x[1])[rows]), torch.from_numpy(problem.y[1])[rows]).backward()
            adam.step()
    with torch.no_grad():
        expected = model.eval()(torch.from_numpy(problem.x_val))
        found = network.eval()(torch.from_numpy(problem.x_val).repeat(1, 2, 1, 1))[1]
    assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-2 * float(expected.abs().max()))


def test_an_epoch_visits_every_image_once_and_another_in_another_order():
    problem = halves()
    network = SmallCNN(2, 1, 12, 2, "none")
    learner = training.Learner(problem, plan(network, layers.initialised(network, generators(2))), 0)
    assert np.array_equal(np.sort(learner.order.numpy(), 2), np.tile(np.arange(100), (2, 4, 1)))
    assert not torch.equal(learner.order[0, 0], learner.order[0, 1])
    assert not torch.equal(learner.order[0, 0], learner.order[1, 0])
    assert [b.stop - b.start for b in training.batches(100, 30)] == [33, 33, 34]


def test_accuracy_counts_every_class_alike_and_is_the_mean_of_the_networks():
    y = np.array([0, 0, 0, 1])
    assert training.accuracy(y, np.array([[0, 0, 0, 0]])) == 0.5
    assert training.accuracy(y, np.array([[0, 0, 0, 1], [1, 1, 1, 1]])) == 0.75


def test_a_divergence_fails_from_its_epoch_on():
    problem = halves()
    network = SmallCNN(2, 1, 12, 2, "none")
    theta = layers.initialised(network, generators(2))
    bad = plan(network, theta)
    rate = [0.0] * 10 + [1e30] * 10
    found = training.learn(problem, training.Training(network, bad.update, rate, bad.batches, 4), 0, 0.0)
    assert np.isfinite(found.score[:2]).all() and np.isneginf(found.score[2:]).all()
    assert np.isneginf(found.test_score[-1]) and found.cost[-1] == found.cost[2]


def test_smoothed_targets_spread_their_share():
    network = SmallCNN(2, 1, 12, 2, "none")
    base = plan(network, layers.initialised(network, generators(2)))
    made = training.Training(network, base.update, base.rates, base.batches, 4, smoothing=0.2)
    assert set(np.unique(training.Learner(halves(), made, 0).targets.numpy()).round(6)) == {
        np.float32(0.1),
        np.float32(0.9),
    }


# ---------------------------------------------------------------------------------------------- recipes
SPACES = {"NAS": (nas, CELLS), "Vision": (vision, SearchSpace(vision.config_space()))}


@pytest.mark.parametrize("name", SPACES)
def test_cells_are_the_same_bits_in_any_order(name):
    module, space = SPACES[name]
    toy = module.RECIPE.material.toy()
    configs = space.decode(space.sample(np.random.default_rng(3), 4))
    forth = [module.train(toy, config, 7) for config in configs]
    back = [module.train(toy, config, 7) for config in configs[::-1]][::-1]
    for a, b in zip(forth, back, strict=True):
        assert a.score.tobytes() == b.score.tobytes() and a.test_score.tobytes() == b.test_score.tobytes()
    other = module.train(toy, configs[0], 8)
    assert not np.array_equal(other.score, forth[0].score) or not np.array_equal(other.test_score, forth[0].test_score)


@pytest.mark.parametrize("name", SPACES)
def test_a_recipe_has_a_fidelity_for_every_epoch_and_its_builder_is_known(name):
    from hpo_builders.order import BUILDERS

    module, space = SPACES[name]
    recipe = module.RECIPE
    assert [round(module.EPOCHS * f, 9) for f in recipe.fidelities] == [*range(1, module.EPOCHS + 1)]
    assert recipe.cumulative and recipe.suite == name and BUILDERS.get(name) is getattr(module, name.lower())
    assert len(module.train(recipe.material.toy(), space.default, 0).score) == module.EPOCHS


def test_objectives_of_nas_are_its_counts():
    toy = nas.RECIPE.material.toy()
    found = nas.train(toy, TINY, 0)
    assert found.objectives.tolist() == list(counted(TINY, size=12))
    assert [(o.name, o.unit, o.direction) for o in nas.RECIPE.objectives] == [
        ("size", "weights", "minimize"),
        ("latency", "multiply-adds", "minimize"),
    ]


def test_an_augmentation_that_is_not_chosen_has_no_settings():
    space = SPACES["Vision"][1]
    conditional = {n for n in space.names if ":" in n}
    assert (space.d, len(conditional)) == (25, 14) and set(space.default) == {*space.names} - conditional


@pytest.mark.long
def test_every_setting_of_vision_changes_what_is_learned():
    space = SPACES["Vision"][1]
    toy = vision.RECIPE.material.toy()
    base = vision.train(toy, space.default, 0)
    still = {"moves:shift": 0.0, "moves:turn": 0.0, "moves:zoom": 0.0, "moves:mirror": "none"}
    other = {
        "optimizer": {"optimizer": "sgd", "sgd:momentum": 0.5, "sgd:nesterov": True},
        "learning_rate": {"learning_rate": 0.1},
        "schedule": {"schedule": "one-cycle", "one-cycle:warmup": 0.5},
        "batch_size": {"batch_size": 8},
        "weight_decay": {"weight_decay": 0.1},
        "normalization": {"normalization": "none"},
        "dropout": {"dropout": 0.7},
        "label_smoothing": {"label_smoothing": 0.4},
        "mirror": {"moves": True, **still, "moves:mirror": "both"},
        "turn": {"moves": True, **still, "moves:turn": 45.0},
        "noise": {"pixels": True, "pixels:contrast": 0.0, "pixels:noise": 1.0, "pixels:erased": 0},
        "erased": {"pixels": True, "pixels:contrast": 0.0, "pixels:noise": 0.0, "pixels:erased": 6},
        "mixup": {"mixup": True, "mixup:alpha": 1.0},
    }
    for name, values in other.items():
        found = vision.train(toy, {**space.default, **values}, 0)
        assert not np.array_equal(found.score, base.score), name
