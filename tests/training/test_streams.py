"""Rows, orders, wrong labels and changes of a stream: by key, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.suites.tasks.training import changes
from hpo_gym.suites.tasks.training.controls import CONTROLS, Controls, control_space
from hpo_gym.suites.tasks.training.generators import FAMILIES, GENERATORS
from hpo_gym.suites.tasks.training.keyed import chunk_order, flipped
from hpo_gym.suites.tasks.training.recipe import Recipe
from hpo_gym.suites.tasks.training.stream import NOISE, StreamSource, stream_of

KEYS = np.array([5, 6, 2**64 - 1], np.uint64)


def test_an_order_reads_each_chunk_once_and_then_all_again_in_another_order() -> None:
    turns = []
    for turn in range(2):
        epochs = [chunk_order(KEYS, np.full(3, 4 * turn + e), 16, 64) for e in range(4)]
        turns.append(np.concatenate(epochs, 1))
        assert (np.sort(turns[-1], 1) == np.arange(64)).all()
    assert (turns[0] != turns[1]).any(1).all() and (turns[0][0] != turns[0][1]).any()


def test_a_share_of_labels_is_wrong_and_never_the_true_one() -> None:
    labels = np.tile(np.array([0, 1, 2, 0], np.int8), (3, 2500))
    out = flipped(labels, KEYS, np.array([0.3, 0.0, 1.0], np.float32), np.array([3, 3, 3]))
    wrong = out != labels
    assert wrong.mean(1) == pytest.approx([0.3, 0.0, 1.0], abs=0.02)
    assert set(out[2].tolist()) == {0, 1, 2}
    first = out[2][labels[2] == 0]
    assert (first == 1).mean() == pytest.approx(0.5, abs=0.03) and not (first == 0).any()


def test_families_are_as_many_as_promised_and_on_one_side() -> None:
    counts = {side: len(families) for side, families in FAMILIES.items()}
    assert counts == {"train": 15, "val": 5, "test": 10} and len(GENERATORS) == 30


@pytest.mark.parametrize("family", GENERATORS)
def test_a_generator_gives_rows_of_a_task_and_the_same_again(family: str) -> None:
    for seed in (0, 1):
        x, y, classes = StreamSource(family, seed).rows(600)
        again = StreamSource(family, seed).rows(600)
        assert (x == again[0]).all() and (y == again[1]).all()
        assert x.shape == (600, 16) and x.dtype == np.float32 and (x[:, 15] == 1).all() and np.isfinite(x).all()
        assert 2 <= classes <= 4 and set(y.tolist()) == set(range(classes))
        spread = x[:, :15].std(0)
        assert ((spread < 1e-6) | ((spread > 0.099) & (spread < 1.001))).all()
        assert np.abs(x[:, :15].mean(0)).max() < 1e-5
        assert 0 <= StreamSource(family, seed).noise <= NOISE
    assert (StreamSource(family, 0).rows(50)[0] != StreamSource(family, 1).rows(50)[0]).any()


def test_a_stream_is_shared_by_copies_and_cannot_be_written() -> None:
    import copy
    import pickle

    stream = stream_of((StreamSource("moons", 0), StreamSource("blobs", 0)), Recipe(chunks=32, validation=64))
    assert stream.x.shape == (2, 32, 16, 16) and stream.valid_x.shape == (2, 64, 16)
    assert copy.deepcopy(stream) is stream
    data = pickle.dumps(stream)
    assert pickle.loads(data) is stream and len(data) < 1000  # noqa: S301 - bytes that this line has just made
    with pytest.raises(ValueError, match="read-only"):
        stream.x[0] = 0


def test_changes_are_one_to_three_of_which_two_in_five_are_jumps_of_3_to_30() -> None:
    drawn = changes.changes_of(np.arange(4000, dtype=np.uint64), 40)
    there = drawn.epoch >= 0
    assert there[:, 0].all() and np.bincount(there.sum(1)).tolist()[0] == 0
    assert (np.bincount(there.sum(1))[1:] / 4000) == pytest.approx([1 / 3] * 3, abs=0.03)
    assert (drawn.epoch[there].min(), drawn.epoch[there].max()) == (5, 35)
    size = np.abs(np.log(drawn.factor))
    assert size.min() >= np.log(3) - 1e-9 and size.max() <= np.log(30) + 1e-9
    assert (drawn.factor > 1).mean() == pytest.approx(0.5, abs=0.03)
    assert (np.bincount(drawn.kind.ravel()) / drawn.kind.size) == pytest.approx([0.4, 0.2, 0.2, 0.2], abs=0.02)
    scale = changes.start_scale(np.arange(4000, dtype=np.uint64))
    assert (scale.min() >= 0.1, scale.max() <= 10) == (True, True)
    assert np.log10(scale).mean() == pytest.approx(0, abs=0.03)


def test_a_rotation_turns_and_a_renaming_leaves_no_class_its_name() -> None:
    turn = changes.rotation(np.array([9], np.uint64), 0)
    assert turn @ turn.T == pytest.approx(np.eye(15), abs=1e-5)
    assert (turn != changes.rotation(np.array([9], np.uint64), 1)).any()
    for classes in (2, 3, 4):
        for amount in (0.0, 0.5, 0.999):
            names = changes.renaming(amount, classes)
            assert sorted(names[:classes].tolist()) == list(range(classes))
            assert (names[:classes] != np.arange(classes)).all() and names[classes:].tolist() == list(range(classes, 4))


def test_controls_read_their_columns() -> None:
    recipe = Recipe()
    space = control_space(recipe, CONTROLS)
    assert space.names == ("learning_rate", "momentum", "batch")
    x = space.encode([{"learning_rate": 0.1, "momentum": 0.5, "batch": 64}, space.default])
    rate, decay, every = Controls(space, recipe)(x)
    assert rate == pytest.approx([0.1, 0.01], rel=1e-6) and decay == pytest.approx([0.5, 0.9])
    assert every.tolist() == [4, 1]
    plain = Controls(control_space(recipe), recipe)(np.array([[0.5]]))
    assert (plain.rate.item(), plain.momentum.item(), plain.every.item()) == pytest.approx((0.01, 0.9, 1))
    with pytest.raises(UnknownNameError, match="momentum"):
        control_space(recipe, ("momentun",))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"slot": 12}, "`slot` must be a power of two, got 12; the nearest below is 8"),
        ({"chunks": 8}, "`slots <= chunks` must hold"),
        ({"hidden": 0}, "`hidden` must be an integer >= 1"),
    ],
)
def test_a_recipe_out_of_range_is_refused(settings: dict[str, int], match: str) -> None:
    with pytest.raises(InvalidValueError, match=match):
        Recipe(**settings)  # type: ignore[arg-type]


def test_a_recipe_of_unknown_names_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="tanh"):
        Recipe(activation="tan")
    with pytest.raises(UnknownNameError, match="adam"):
        Recipe(optimizer="adan")
