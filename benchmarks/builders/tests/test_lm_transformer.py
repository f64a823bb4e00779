"""The transformer of `LM`: its weights are counted by hand, it sees no future, and it is torch's."""

import numpy as np
import pytest

from hpo_builders.language.shape import SIZES, Shape, fitted
from hpo_builders.language.texts import cut
from hpo_builders.language.training import bits
from hpo_builders.language.transformer import Options, Transformer, waves
from hpo_gym.base import generator

torch = pytest.importorskip("torch", reason="needs `pip install 'hpo-gym[rl]'`")

SHAPE = Shape(8, 2, 16)


def model(shape=SHAPE, seed=0, **options):
    return Transformer(
        shape, Options(**{"symbols": 10, "context": 6, "heads": 2, "spread": 0.5, **options}), generator(seed)
    )


# ---------------------------------------------------------------------------------------------- counts
def test_weights_are_those_counted_by_hand():
    attention = 3 * 8 * 8 + 3 * 8 + 8 * 8 + 8
    hidden = 8 * 16 + 16 + 16 * 8 + 8
    assert SHAPE.weights == 2 * (attention + hidden + 4 * 8) == 1200
    assert SHAPE.trained(10, 6, tied=True, learned=True, pre=True) == 1200 + 10 * 8 + 6 * 8 + 2 * 8
    assert SHAPE.trained(10, 6, tied=False, learned=False, pre=False) == 1200 + 2 * 10 * 8


@pytest.mark.parametrize("pre", [True, False])
@pytest.mark.parametrize("learned", [True, False])
@pytest.mark.parametrize("tied", [True, False])
def test_a_transformer_has_as_many_weights_as_its_shape_says(tied, learned, pre):
    found = model(tied=tied, learned=learned, pre=pre).parameters.numel()
    assert found == SHAPE.trained(10, 6, tied=tied, learned=learned, pre=pre)


def test_operations_of_one_more_character_are_those_counted_by_hand():
    products = 4 * 8 * 8 + 2 * 8 * 16  # of each block: query, key, value, output; hidden layer in and out
    attention = 2 * 6 * 8  # scores of 6 keys, mean of 6 values
    assert SHAPE.operations(10, 6) == 2 * (2 * (products + attention) + 10 * 8)


def test_a_shape_has_the_weights_that_are_asked_for_and_about_the_ratio():
    for size in SIZES:
        for ratio in np.geomspace(6, 96, 40):
            shape = fitted(size.weights, ratio)
            assert shape.weights == pytest.approx(size.weights, rel=0.012)
            assert shape.width % 4 == 0 and 1 <= shape.blocks <= 4 and shape.hidden > 2 * shape.width
    assert fitted(80_000, 96) == Shape(80, 1, 333)  # (80,000 - 4 * 80 * 80 - 9 * 80) / (2 * 80 + 1) = 333.4
    assert [fitted(80_000, ratio).blocks for ratio in (6, 16, 30, 96)] == [4, 3, 2, 1]
    assert [fitted(size.weights, 12).blocks for size in SIZES] == [1, 2, 4], "a ratio asks for depth as a model grows"


# ---------------------------------------------------------------------------------------------- what it computes
@pytest.mark.parametrize("options", [{}, {"pre": False, "learned": False, "tied": False, "heads": 4}])
def test_a_later_character_changes_no_earlier_prediction(options):
    net = model(**options)
    windows = torch.from_numpy(np.random.default_rng(0).integers(10, size=(3, 6)))
    before = net(windows)
    for place in range(6):
        changed = windows.clone()
        changed[:, place] = (changed[:, place] + 1) % 10
        after = net(changed)
        assert torch.equal(after[:, :place], before[:, :place])
        assert not torch.isclose(after[:, place:], before[:, place:]).all(-1).any(), "all later ones are changed"


@pytest.mark.parametrize("pre", [True, False])
def test_a_transformer_is_that_of_torch(pre):
    net = model(pre=pre, tied=False)
    with torch.no_grad():  # biases and normalisations that show
        net.parameters.add_(torch.from_numpy(generator(1).normal(0, 0.1, net.parameters.numel())).float())
    leaves = iter(net._leaves)
    embeddings, places = next(leaves), next(leaves)
    windows = torch.from_numpy(np.random.default_rng(0).integers(10, size=(3, 6)))
    x = embeddings[windows] + places
    mask = torch.nn.Transformer.generate_square_subsequent_mask(6)
    for _ in range(2):
        layer = torch.nn.TransformerEncoderLayer(
            8, 2, 16, dropout=0.0, activation="gelu", batch_first=True, norm_first=pre
        )
        attention, (norm1, norm2) = layer.self_attn, (layer.norm1, layer.norm2)
        for target in (
            *(norm1.weight, norm1.bias, attention.in_proj_weight, attention.in_proj_bias),
            *(attention.out_proj.weight, attention.out_proj.bias, norm2.weight, norm2.bias),
            *(layer.linear1.weight, layer.linear1.bias, layer.linear2.weight, layer.linear2.bias),
        ):
            target.data.copy_(next(leaves).data)
        x = layer(x, src_mask=mask, is_causal=True)
    if pre:
        x = torch.nn.functional.layer_norm(x, (8,), next(leaves), next(leaves))
    expected = x @ next(leaves).T
    assert net(windows).detach().numpy() == pytest.approx(expected.detach().numpy(), abs=1e-5)
    assert next(leaves, None) is None


def test_a_gradient_is_the_slope_of_the_loss():
    net = model(tied=True)
    windows = torch.from_numpy(np.random.default_rng(0).integers(10, size=(4, 6)))

    def loss():
        return (net(windows) ** 2).mean()

    gradient = net.gradient(loss())
    way = torch.from_numpy(generator(2).normal(size=gradient.numel())).float()
    with torch.no_grad():
        net.parameters.add_(way, alpha=1e-3)
        above = float(loss())
        net.parameters.add_(way, alpha=-2e-3)
        below = float(loss())
    assert (above - below) / 2e-3 == pytest.approx(float(gradient @ way), rel=0.02)


def test_a_model_that_knows_nothing_needs_the_bits_of_the_alphabet():
    text = cut("x", "abcdefgh" * 9000, 4096)
    net = model(symbols=8, context=64, spread=0.0)
    assert bits(net, text.validation) == pytest.approx(3.0, abs=1e-6)


def test_the_bits_of_blocks_are_a_mean_over_windows_side_by_side():
    text = cut("x", "the quick brown fox. " * 4000, 4096)
    net = model(symbols=len(text.alphabet), context=32)
    total = 0.0
    for block in torch.from_numpy(text.test.astype(np.int64)):
        for start in range(0, 1024, 32):
            chance = torch.log_softmax(net(block[start : start + 32][None])[0], -1)
            total -= chance[torch.arange(32), block[start + 1 : start + 33]].sum().item()
    assert bits(net, text.test) == pytest.approx(total / (16 * 1024) / np.log(2), rel=1e-5)


def test_waves_are_sines_and_cosines():
    found = waves(4, 4)
    assert found[0].tolist() == [0, 0, 1, 1]
    assert found[1] == pytest.approx([np.sin(1), np.sin(0.01), np.cos(1), np.cos(0.01)])
    assert (waves(64, 20) ** 2).mean() == pytest.approx(0.5), "so that sqrt(2) makes its root mean square 1"


# ---------------------------------------------------------------------------------------------- what is drawn
def test_first_weights_have_their_spread_and_those_that_add_less():
    net = model(Shape(64, 2, 256), symbols=40, spread=0.1)
    drawn = net._leaves
    assert drawn[0].std().item() == pytest.approx(0.1, rel=0.05)
    assert drawn[4].std().item() == pytest.approx(0.1, rel=0.05)  # query, key, value
    assert [drawn[i].std().item() for i in (6, 12)] == pytest.approx([0.1 / 2] * 2, rel=0.05)  # sqrt(2 * 2 blocks)
    assert drawn[2].eq(1).all() and drawn[3].eq(0).all()
    biases = 2 * (3 * 64 + 64 + 256 + 64) + 5 * 2 * 64
    assert int((net.decayed == 0).sum()) == biases, "weight decay acts on matrices only"


def test_dropout_leaves_out_its_share_in_training_only():
    net = model(dropout=0.25)
    x = torch.ones(400, 100)
    found = net._thinned(x, generator(3))
    assert found.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert float((found == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    windows = torch.zeros((2, 6), dtype=torch.int64)
    assert torch.equal(net(windows), net(windows))
    assert not torch.equal(net(windows, generator(0)), net(windows, generator(1)))
    assert torch.equal(net(windows, generator(0)), net(windows, generator(0)))
