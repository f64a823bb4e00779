"""The recipe of `LM`: updates and schedules by hand, what is learned, and the same bits in any order and process."""

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from hpo_builders.language import texts
from hpo_builders.language.material import Texts
from hpo_builders.language.shape import SIZES, Size
from hpo_builders.language.training import Diverged, drawn, saved, trained
from hpo_builders.language.updates import optimizer, rates
from hpo_builders.order import BUILDERS, Order
from hpo_builders.trained import lm
from hpo_builders.trained.lm import RECIPE, train
from hpo_builders.training import build as training
from hpo_gym.problem import SearchSpace
from hpo_gym.suites import load_suite

torch = pytest.importorskip("torch", reason="needs `pip install 'hpo-gym[rl]'`")

SPACE = SearchSpace(lm.config_space())
DEFAULT = SPACE.default
SMALL = (Size(500, 4096), Size(1000, 8192), Size(2000, 16_384))


def changed(**values):
    """The default with other values."""
    config = {**DEFAULT, **values}
    for name, rule in (("beta_2", ("adamw", "lion")), ("sgd:momentum", ("sgd",))):
        if config["optimizer"] not in rule:
            config.pop(name, None)
    if config["schedule"] == "constant":
        config.pop("warmup")
    SPACE.encode([config])  # raises where it is none of the space
    return config


def toy(sizes=SMALL, text="a cat sat on a mat, and a rat on a hat. "):
    return texts.cut("toy", text * (90_000 // len(text)), 16_384, sizes)


def same(a, b):
    return a.score.tobytes() == b.score.tobytes() and a.test_score.tobytes() == b.test_score.tobytes()


# ---------------------------------------------------------------------------------------------- the space
def test_the_space_has_17_hyperparameters_and_those_of_a_choice_not_made_are_inactive():
    assert SPACE.d == 17 and {*SPACE.names} - {*DEFAULT} == {"sgd:momentum"}
    assert {*changed(optimizer="sgd", **{"sgd:momentum": 0.9})} == {*SPACE.names} - {"beta_2"}
    assert {*changed(optimizer="lion", schedule="constant")} == {*SPACE.names} - {"sgd:momentum", "warmup"}


def test_fidelities_are_shares_of_the_weights_and_the_builder_is_known():
    assert RECIPE.fidelities == RECIPE.sizes.shares == (1 / 16, 1 / 4, 1)
    assert RECIPE.sizes.values == (5_000, 20_000, 80_000) and not RECIPE.cumulative
    assert BUILDERS.get("LM") is lm.lm and RECIPE.configurations == 80


def test_each_batch_is_whole():
    for size in SIZES:
        assert all(size.characters % batch == 0 for batch in (256, 512, 1024, 2048))


# ---------------------------------------------------------------------------------------------- updates
def updated(config, gradients, rate=0.5, decay=0.0, clip=10.0, start=(1.0, -2.0)):
    theta = torch.tensor(start, dtype=torch.float64)
    update = optimizer(
        theta, torch.tensor([1.0, 0.0], dtype=torch.float64), {**config, "weight_decay": decay, "clip": clip}
    )
    for gradient in gradients:
        update(torch.tensor(gradient, dtype=torch.float64), rate)
    return theta.tolist()


def test_sgd_by_hand():
    # velocities (1, -1), then .5 * (1, -1) + (0, 2) = (.5, 1.5)
    assert updated({"optimizer": "sgd", "sgd:momentum": 0.5}, [(1, -1), (0, 2)]) == [1 - 0.75, -2 - 0.25]


def test_lion_by_hand():
    # signs of .1 g: (1, -1); mean .5 * g = (.5, -.5); signs of .9 * mean + .1 * (-9, 2) = (-.45, -.25): (-1, -1)
    assert updated({"optimizer": "lion", "beta_2": 0.5}, [(1, -1), (-9, 2)]) == [1 - 0.5 + 0.5, -2 + 0.5 + 0.5]


def test_weight_decay_is_decoupled_and_acts_where_it_is_told():
    found = updated({"optimizer": "sgd", "sgd:momentum": 0.0}, [(0, 0), (0, 0)], decay=0.1)
    assert found == pytest.approx([0.95**2, -2])


def test_a_long_gradient_is_cut_to_the_norm_and_a_short_one_is_left():
    sgd = {"optimizer": "sgd", "sgd:momentum": 0.0}
    assert updated(sgd, [(3, 4)], rate=1.0, clip=1.0) == pytest.approx([1 - 0.6, -2 - 0.8])
    assert updated(sgd, [(0.3, 0.4)], rate=1.0, clip=1.0) == pytest.approx([1 - 0.3, -2 - 0.4])


def test_adamw_makes_the_updates_of_torch():
    target = torch.linspace(-2, 2, 7, dtype=torch.float64)
    theta, theirs = torch.ones(7, dtype=torch.float64), torch.ones(7, dtype=torch.float64, requires_grad=True)
    update = optimizer(
        theta,
        torch.ones(7, dtype=torch.float64),
        {"optimizer": "adamw", "beta_2": 0.95, "weight_decay": 0.05, "clip": 1e9},
    )
    other = torch.optim.AdamW([theirs], lr=0.1, betas=(0.9, 0.95), weight_decay=0.05)
    for step in range(40):
        rate = other.param_groups[0]["lr"] = 0.1 / (1 + step)
        theirs.grad = (theirs.detach() - target) ** 3
        update((theta - target) ** 3, rate)
        other.step()
        assert theta.numpy() == pytest.approx(theirs.detach().numpy(), rel=1e-12), step


# ---------------------------------------------------------------------------------------------- schedules
def test_schedules_by_hand():
    def found(schedule, **own):
        return rates({"schedule": schedule, "learning_rate": 2.0, **own}, 8)

    assert found("constant") == [2.0] * 8
    assert found("linear", warmup=0.0) == pytest.approx([2 * (1 - i / 8) for i in range(8)])
    assert found("linear", warmup=0.5) == pytest.approx([0.5, 1, 1.5, 2, 2, 1.5, 1, 0.5])
    half = 0.1 + 0.9 / 2
    assert found("cosine", warmup=0.5)[:5] == pytest.approx([0.5, 1, 1.5, 2, 2])
    assert found("cosine", warmup=0.0)[4] == found("cosine", warmup=0.5)[6] == pytest.approx(2 * half)
    cycle = found("one-cycle", warmup=0.5)
    assert [cycle[0], cycle[2], cycle[4], cycle[6]] == pytest.approx([2 / 25, 1 + 1 / 25, 2, 1])
    assert found("one-cycle", warmup=0.0)[0] == 2.0
    for schedule in ("linear", "cosine", "one-cycle"):
        assert all(0 < rate <= 2 for rate in found(schedule, warmup=0.05))


# ---------------------------------------------------------------------------------------------- training
def test_windows_lie_in_one_piece_and_depend_on_the_seed():
    pieces = np.repeat(np.arange(16, dtype=np.uint8)[:, None], 300, 1)
    pieces[:, 1::2] += 16
    found = drawn(pieces, 128, 400, seed=1)
    assert found.shape == (400, 129) and {*(found % 16)[:, 0]} == {*range(16)}
    assert (found % 16 == found[:, :1] % 16).all() and (abs(np.diff(found.astype(int), axis=1)) == 16).all()
    assert (drawn(pieces, 128, 400, seed=1) == found).all() and (drawn(pieces, 128, 400, seed=2) != found).any()


def test_a_periodic_text_is_learned_to_almost_no_bits():
    config = changed(learning_rate=0.01, batch_size=256, context=64, initial_spread=0.1, beta_2=0.95)
    text = toy((Size(2000, 32_768),), "abcdefghijklmnop")
    found = train(text, config, 0)
    assert (1 - found.score[0]) * 4 < 0.03  # bits; log2(16) = 4
    assert found.test_score[0] == pytest.approx(found.score[0], abs=0.005)


def test_more_weights_and_characters_learn_more():
    found = train(toy(), changed(learning_rate=0.01, batch_size=256), 0)
    assert found.score[0] < found.score[1] < found.score[2]
    assert np.isnan(found.test_score[:2]).all() and np.isfinite(found.test_score[2]) and (found.cost > 0).all()
    assert 0.2 < found.score[2] <= 1


def test_a_loss_that_is_not_finite_is_a_failure_of_its_size_alone():
    wild = changed(optimizer="sgd", learning_rate=1.0, clip=10.0, initial_spread=0.5, **{"sgd:momentum": 0.99})
    endless = {**wild, "learning_rate": 1e38}
    with pytest.raises(Diverged):
        trained(toy(), SMALL[0], endless, 0)
    found = train(toy(), endless, 0)
    assert np.isneginf(found.score).all() and np.isneginf(found.test_score[-1]) and np.isfinite(found.cost).all()
    assert (found.objectives > 0).all()


def test_a_score_is_the_share_of_bits_that_is_saved():
    assert saved(6.0, 64) == 0 and saved(3.0, 64) == 0.5 and saved(0.0, 64) == 1 and saved(600.0, 64) == -1


def test_objectives_are_weights_and_operations_of_the_largest_model():
    text = toy(SIZES)
    found = lm.objectives(text, changed(width_to_depth=96.0))
    d, h, v = 80, 333, len(text.alphabet)
    block = 4 * d * d + 4 * d + 2 * d * h + h + d + 4 * d
    assert found.tolist() == [block + d * (v + 64 + 2), 2 * (4 * d * d + 2 * d * h + 2 * 64 * d + v * d)]


def test_a_result_depends_on_text_configuration_and_seed_alone():
    text = toy()
    configs = SPACE.decode(SPACE.sample(np.random.default_rng(4), 5))
    once = [train(text, config, 7) for config in configs]
    again = [train(text, config, 7) for config in reversed(configs)][::-1]
    assert all(same(a, b) for a, b in zip(once, again, strict=True))
    alone = train(toy(SMALL[2:]), configs[0], 7)
    assert alone.score[0] == once[0].score[2], "no size depends on the others"
    assert not same(once[0], train(text, configs[0], 8))


CHILD = """
import test_recipe_lm as t
print(t.some_results())
"""


def some_results():
    """Scores of two configurations, as text."""
    others = {"optimizer": "lion", "normalization": "post"}
    return " ".join(train(toy(), changed(dropout=0.2, **own), 5).score.tobytes().hex() for own in ({}, others))


@pytest.mark.long
def test_another_process_with_more_threads_finds_the_same_bits():
    folder = str(Path(__file__).parent)
    said = [
        subprocess.run(
            [sys.executable, "-c", CHILD], check=True, capture_output=True, text=True, cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join([folder, *sys.path])},
        ).stdout
        for threads in ("1", "4")
    ]  # fmt: skip
    assert said[0] == said[1] == some_results() + "\n"


# ---------------------------------------------------------------------------------------------- a table
@dataclass(frozen=True, eq=False)
class Brief(Texts):
    """The texts of the suite, learned by small transformers."""

    def problem(self, entry, archives, seed):
        return replace(super().problem(entry, archives, seed), sizes=SMALL)


@pytest.mark.long
def test_a_small_table_is_built_and_read(tmp_path):
    made = replace(RECIPE, material=Brief(), study=1)
    order = Order(tmp_path / "none", tmp_path / "out", tmp_path / "work", engine="serial", rows=3)
    order = replace(order, tasks=("sums-64k", "records-16k"))
    training.build(made, order)
    suite = load_suite(tmp_path / "out" / "LM")
    assert [t.name for t in suite.members] == ["sums-64k", "records-16k"]
    assert [t.family for t in suite.members] == ["text:sums", "text:records"]
    score, test = suite.table.score, suite.table.test_score
    assert score.shape == (2, 3, 3) and np.isfinite(score).any() and (score[0] != score[1]).any()
    assert np.isnan(test[..., :2]).all() and not np.isnan(test[..., 2]).any()
    expected = lm.objectives(
        Brief().problem(Brief().entry("sums-64k"), tmp_path, 0), suite.space.decode(suite.table.x[:1])[0]
    )
    assert suite.table.objectives[0, 0].tolist() == expected.tolist()
    training.build(made, replace(order, work=tmp_path / "again", out=tmp_path / "other"))
    other = load_suite(tmp_path / "other" / "LM").table
    assert (other.score.tobytes(), other.test_score.tobytes()) == (score.tobytes(), test.tobytes())
