"""The data of the suites FineTune and Pipelines: what is read out of deeppipe_api, what is served, and the files."""

from __future__ import annotations

import functools
import io
import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import pdist
from scipy.stats import rankdata, spearmanr

from hpo_builders import files
from hpo_builders.converted import columns, finetune, nasbench201, pipelines
from hpo_builders.kin import relatives, strangers
from hpo_builders.order import Order
from hpo_gym.base import DamagedDataError
from hpo_gym.problem import SearchSpace, split_of

NAMES = ["FineTune", "Pipelines"]
SPACES: dict[str, Callable[[], dict[str, Any]]] = {
    "FineTune": lambda: columns.space_json("FineTune", finetune.COLUMNS),
    "Pipelines": lambda: columns.space_json("Pipelines", pipelines.COLUMNS),
}


@functools.cache
def suite(name: str) -> dict[str, Any]:
    found: dict[str, Any] = files.read_json(files.DATA / name / "suite.json")
    return found


@functools.cache
def table(name: str) -> dict[str, NDArray[Any]]:
    with np.load(files.DATA / name / "table.npz") as stored:
        return dict(stored)


@functools.cache
def configurations(name: str) -> list[dict[str, Any]]:
    return SearchSpace(suite(name)["space"]).decode(table(name)["x"])


def values_of(name: str, key: str) -> NDArray[Any]:
    return np.array([config.get(key) for config in configurations(name)])


@functools.cache
def families() -> dict[str, str]:
    found: dict[str, str] = files.read_json(files.DATA / "families.json")["families"]
    return found


def archives() -> Path:
    folder = os.environ.get("HPO_GYM_ARCHIVES")
    if not folder:
        pytest.skip("HPO_GYM_ARCHIVES must name the folder of deeppipe_api, oboe and lcdb (170 MB)")
    return Path(folder)


# ------------------------------------------------------------------ both tables
@pytest.mark.parametrize(
    ("name", "k", "m", "d"),
    [("FineTune", 525, 525, 26), ("Pipelines", 138, 12_000, 45)],
)
def test_every_row_is_another_configuration_of_the_space(name: str, k: int, m: int, d: int) -> None:
    space, x = SearchSpace(suite(name)["space"]), table(name)["x"]
    assert x.shape == (m, space.d) == (m, d)
    assert table(name)["score"].shape == (k, m)
    assert {a.dtype for a in table(name).values()} == {np.dtype(np.float32)}
    assert len({json.dumps(c, sort_keys=True) for c in configurations(name)}) == m
    assert np.array_equal(space.encode(configurations(name)).astype(np.float32), x)


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_space_is_the_builders(name: str) -> None:
    assert suite(name)["space"] == SPACES[name]()


@pytest.mark.parametrize(("name", "flat"), [("FineTune", 53), ("Pipelines", 15)])
def test_a_split_is_that_of_the_family_and_has_no_flat_task(name: str, flat: int) -> None:
    tasks, splits = suite(name)["tasks"], suite(name)["splits"]
    family = {t["name"]: t["family"] for t in tasks}
    inside = [n for names in splits.values() for n in names]
    assert len(set(inside)) == len(inside) == len(tasks) - flat
    assert all(split_of(family[n]) == split for split, names in splits.items() for n in names)
    assert all(len(names) >= 15 for names in splits.values())


@pytest.mark.parametrize("name", NAMES)
def test_the_table_is_small_enough_to_ship(name: str) -> None:
    assert sum((files.DATA / name / part).stat().st_size for part in ("suite.json", "table.npz")) < 9e6


# ------------------------------------------------------------------ FineTune
def test_finetune_scores_are_complete_and_at_most_one() -> None:
    score = table("FineTune")["score"]
    assert not np.isnan(score).any()
    assert int(np.isneginf(score).sum()) == suite("FineTune")["preprocessing"]["cells"]["failed"] == 7827
    finite = score[np.isfinite(score)]
    assert -0.2 < finite.min() < 0
    assert 0.99 < finite.max() <= 1
    assert not (finite == 0).any()  # an error of exactly 1 is a failure


def standardised(score: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks within a task, of mean 0 and spread 1: less is better."""
    ranks = np.array([rankdata(-s) for s in score])
    return np.asarray((ranks - ranks.mean(1, keepdims=True)) / ranks.std(1, keepdims=True))


def test_a_pipeline_is_good_on_its_own_task_and_on_the_variants_of_its_data_set() -> None:
    ranks = standardised(table("FineTune")["score"])
    at = np.array([np.roll(ranks, lag, axis=1).diagonal().mean() for lag in range(525)])
    kin = np.arange(525) % 35 == 0
    assert at[0] == pytest.approx(-0.65, abs=0.005)
    assert at[kin][1:].mean() == pytest.approx(-0.50, abs=0.005)
    assert at[~kin].mean() == pytest.approx(0.02, abs=0.006)
    assert at[~kin].min() > -0.15


def test_variants_and_data_sets_of_one_origin_are_of_one_family() -> None:
    kin: dict[str, set[str]] = {}
    for t in suite("FineTune")["tasks"]:
        kin.setdefault(t["name"].split("-", 1)[1], set()).add(t["family"])
    assert len(kin) == 35
    assert all(len(found) == 1 for found in kin.values())
    assert len(set.union(*kin.values())) == 17
    assert kin["mnist"] == kin["emnist_mnist"] == kin["emnist_byclass"] == {families()["openml:554"]}
    assert kin["kmnist"] == kin["mnist"]
    assert kin["fashion_mnist"] == {families()["openml:40996"]}
    assert kin["cifar10"] == kin["cifar100"] == {families()["openml:40926"]}
    assert set(sum(finetune.KIN.values(), ())) <= set(kin)


def test_image_sets_have_the_families_of_other_suites() -> None:
    family = {t["name"].removeprefix("0-"): t["family"] for t in suite("FineTune")["tasks"]}
    for name in ("cifar10", "cifar100", "mnist", "fashion_mnist", "kmnist", "omniglot"):
        assert family[name] == relatives.family(name.replace("_", "-")), name
    nets = {task["name"]: task["family"] for task in nasbench201.TASKS.values()}
    assert family["cifar10"] == nets["cifar10"]
    for name in (
        "imagenet_resized_32x32",
        "imagenette",
        "stanford_dogs",
        "cycle_gan_apple2orange",
    ):
        assert family[name] == nets["imagenet16-120"], name
    assert family["cycle_gan_horse2zebra"] == nets["imagenet16-120"]
    others = {relatives.family(name) for name in ("digits", "penbased", "semeion")}  # digits of other origin
    assert not others & set(family.values())


def test_integers_of_finetune_are_used_from_end_to_end() -> None:
    for h in SearchSpace(suite("FineTune")["space"]).hyperparameters:
        used = [c[h.name] for c in configurations("FineTune") if h.name in c]
        if h.choices:
            assert set(used) == set(h.choices), h.name
        elif h.kind == "int":
            assert min(used) == h.low, h.name
            assert h.name == "steps_per_epoch" or max(used) >= h.high - 1, h.name


def test_an_error_of_exactly_one_is_a_failure() -> None:
    score = finetune.scores(np.array([[0.25, 1.0, 1.0625]]))
    assert score.tolist() == [[0.75, -np.inf, -0.0625]]
    with pytest.raises(DamagedDataError, match="score <= 1"):
        finetune.scores(np.array([[3.0]]))


def test_normalised_scores_reach_from_the_worst_success_to_the_best() -> None:
    scaled = finetune.normalised(np.array([[0.5, 0.75, 1.0, -np.inf], [2.0, 2.0, 2.0, 2.0]], np.float32))
    assert scaled.tolist() == [[0, 0.5, 1, -np.inf], [0, 0, 0, 0]]


# ------------------------------------------------------------------ Pipelines
def test_pipelines_scores_are_shares_and_rows_are_measured_often() -> None:
    score = table("Pipelines")["score"]
    measured = np.isfinite(score)
    assert not np.isinf(score).any()
    assert score[measured].min() >= 0
    assert score[measured].max() <= 1
    assert measured.mean(0).min() >= pipelines.MIN_ROW
    assert int(measured.sum()) == suite("Pipelines")["preprocessing"]["cells"]["measured"]
    assert 0.8 < measured.mean() < 0.9


def test_both_preprocessors_and_all_estimators_are_left() -> None:
    chosen = list(
        zip(
            values_of("Pipelines", "preprocessor"),
            values_of("Pipelines", "estimator"),
            strict=True,
        )
    )
    assert len(set(chosen)) == 2 * 11 - 1
    assert (
        "pca",
        "multinomial-nb",
    ) not in chosen  # it refuses the negative numbers of PCA
    assert 0.3 < np.mean([p == "polynomial" for p, _ in chosen]) < 0.5


def medians(name: str, rows: NDArray[np.bool_], tasks: list[str]) -> NDArray[np.float64]:
    names = [t["name"] for t in suite(name)["tasks"]]
    score = table(name)["score"][[names.index(t) for t in tasks]][:, rows].astype(np.float64)
    known = np.where(np.isfinite(score), score, np.nan)
    return np.array([np.nanmedian(row) if np.isfinite(row).any() else np.nan for row in known])


def shared_tasks() -> list[str]:
    known = {t["name"] for t in suite("AutoML")["tasks"]}
    return [t["name"] for t in suite("Pipelines")["tasks"] if t["name"] in known]


def profile(name: str, estimator: str, **steps: str) -> NDArray[np.float64]:
    """Median score of an estimator less that of the random forest, on each shared task."""
    right = np.all([values_of(name, key) == value for key, value in steps.items()], axis=0)
    names = (estimator, "random-forest")
    own, forest = (medians(name, right & (values_of(name, "estimator") == e), shared_tasks()) for e in names)
    return own - forest


def likeness(estimator: str, named: str, preprocessor: str) -> float:
    """Spearman's correlation of an estimator's profile in Pipelines with that of the estimator `named` in AutoML."""
    mine = profile("Pipelines", estimator, preprocessor=preprocessor)
    theirs = profile("AutoML", named, encoder="one-hot", reducer="none")
    good = np.isfinite(mine) & np.isfinite(theirs)
    assert good.sum() > 30
    return float(spearmanr(mine[good], theirs[good])[0])


@pytest.mark.parametrize(
    ("estimator", "named"),
    [
        ("decision-tree", "decision-tree"),
        ("gaussian-nb", "gaussian-nb"),
        ("k-nearest-neighbors", "k-nearest-neighbors"),
        (
            "lda",
            "logistic-regression",
        ),  # of the linear ones that `AutoML` has, the nearest
    ],
)
def test_estimators_behave_most_like_those_that_they_are_named_by(estimator: str, named: str) -> None:
    known = sorted(set(values_of("AutoML", "estimator")) - {"random-forest"})
    found = {name: likeness(estimator, name, "polynomial") for name in known}
    assert len(found) == 10
    assert max(found, key=found.__getitem__) == named
    assert found[named] > 0.5


def test_entropy_makes_the_random_forest_slower_and_not_extra_trees() -> None:
    share = np.isfinite(table("Pipelines")["score"]).mean(0)
    slower = {}
    for name in ("extra-trees", "random-forest"):
        entropy, gini = (values_of("Pipelines", f"{name}:criterion") == c for c in ("entropy", "gini"))
        slower[name] = share[gini].mean() - share[entropy].mean()
    assert slower["random-forest"] > 0.04  # each cut of a forest costs a logarithm
    assert abs(slower["extra-trees"]) < 0.02


def test_interactions_alone_are_measured_more_often() -> None:
    share = np.isfinite(table("Pipelines")["score"]).mean(0)
    alone = values_of("Pipelines", "polynomial:interaction_only")
    assert share[alone == True].mean() > share[alone == False].mean()  # noqa: E712 - inactive is None


def test_families_of_pipelines_are_those_of_the_map() -> None:
    tasks = suite("Pipelines")["tasks"]
    assert [t["name"] for t in tasks] == sorted((t["name"] for t in tasks), key=int)
    assert all(t["family"] == strangers.family_of(int(t["name"]), families()) for t in tasks)
    known = [t for t in tasks if f"openml:{t['name']}" in families()]
    assert len(known) == 106
    assert all(t["family"] == families()[f"openml:{t['name']}"] for t in known)


# ------------------------------------------------------------------ strangers
def test_no_entry_of_the_map_changes() -> None:
    ids = [int(key.removeprefix("openml:")) for key in families() if key.startswith("openml:")]
    assert len(ids) > 600
    assert all(strangers.family_of(i, families()) == families()[f"openml:{i}"] for i in ids)


@pytest.mark.parametrize(
    ("i", "family"),
    [
        (1569, "a"),  # an entry
        (1567, "a"),  # its kin
        (2, "openml-2"),
        (700, "openml-2"),
        (942, "openml-2"),
        (1050, "openml-2"),
        (2000, "c"),  # 20 from either side: the lower
        (2001, "d"),
        (2060, "d"),  # 40 away
        (2061, "openml-2061"),
        (701, "openml-701"),
        (1, "openml-1"),
    ],
)
def test_a_stranger_gets_the_family_that_is_on_the_safe_side(i: int, family: str) -> None:
    known = {
        "openml:1569": "a",
        "openml:1980": "c",
        "openml:2020": "d",
        "data:2060": "x",
    }
    assert strangers.family_of(i, known) == family


def test_kin_are_in_the_map() -> None:
    for stranger, known in strangers.KIN.items():
        assert f"openml:{known}" in families()
        assert f"openml:{stranger}" not in families()


# ------------------------------------------------------------------ columns
PARTS = [
    columns.choice("kind", (0, 1), ["a", "b"], "a"),
    columns.integer("n", 2, (5, 20), columns.logarithmic(5, 20), 10, ("kind", ("b",)), log=True),
    columns.grid("step", 3, [0.0, 0.5, 1.0], 0.5),
    columns.flag("on", 4, True),
    columns.real("rate", 5, (1.0, 3.0), columns.linear(1, 3), 2.0),
]
A = [1, 0, 0, 0.5, 1, 0.25]
B = [0, 1, 0.5, 1, 0, 1 + 1e-8]


def test_columns_are_read_back_to_values() -> None:
    assert columns.configurations(PARTS, np.array([A, B])) == [
        {"kind": "a", "step": 0.5, "on": True, "rate": 1.5},
        {"kind": "b", "n": 10, "step": 1.0, "on": False, "rate": 3.0},
    ]


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, 1, "kind"),  # two-hot
        (1, 0, "kind"),  # no choice at all
        (2, 0.51, "n"),  # no integer
        (2, 1.5, "n"),  # 40
        (3, 0.25, "step"),
        (4, 0.5, "on"),
        (5, 1.01, "rate"),
        (5, np.nan, "rate"),
    ],
)
def test_a_number_that_is_no_value_is_refused(at: int, value: float, message: str) -> None:
    row = list(B)
    row[at] = value
    with pytest.raises(DamagedDataError, match=f"`{message}` cannot take"):
        columns.configurations(PARTS, np.array([A, row]))


def test_a_hyperparameter_that_varies_where_it_is_inactive_is_refused() -> None:
    with pytest.raises(DamagedDataError, match="`n` must be constant"):
        columns.configurations(PARTS, np.array([A, [1, 0, 0.5, 0.5, 1, 0.25]]))


def test_equal_rows_are_refused() -> None:
    one, two = columns.configurations(PARTS, np.array([A, B]))
    assert columns.canonical_points("X", PARTS, [one, two]).shape == (2, 5)
    with pytest.raises(DamagedDataError, match="different configurations"):
        columns.canonical_points("X", PARTS, [one, two, one])


# ------------------------------------------------------------------ reading
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_file_is_read_row_by_row(size: int) -> None:
    text = '{"pipelines": [[1.0, 0.5], [2.0, 0.25]], "error": [[NaN, 0.0]], "ids": ["3", "4"]}'
    stream = pipelines._Stream(io.StringIO(text), size)
    assert list(stream.rows("pipelines")) == [[1.0, 0.5], [2.0, 0.25]]
    assert np.array_equal(list(stream.rows("error")), [[np.nan, 0.0]], equal_nan=True)
    assert json.loads("{" + stream.rest().lstrip(", ")) == {"ids": ["3", "4"]}


def test_another_entry_or_an_early_end_is_refused() -> None:
    with pytest.raises(DamagedDataError, match="next entry must be 'error'"):
        list(pipelines._Stream(io.StringIO('{"pipelines": [[1.0]]}')).rows("error"))
    with pytest.raises(DamagedDataError, match="it ends"):
        list(pipelines._Stream(io.StringIO('{"error": [[1.0], [2.')).rows("error"))


def source(score: Any = ((0.0,),), marks: Any = ((66, 0.5),), group: int = 7) -> pipelines.Source:
    rows = np.zeros((len(marks), 72))
    for row, (column, value) in zip(rows, marks, strict=True):
        row[column] = value
    selector = np.array([[0, group]] * len(marks))
    ids = tuple(range(len(score), 0, -1))
    return pipelines.Source(rows, selector, np.array(score, np.float32), ids)


def test_the_group_of_four_is_told_apart_by_its_columns() -> None:
    marks = [(66, 0.5), (67, 0.1), (69, 0.1), (71, 1.0)]
    found = [pipelines.ESTIMATORS[e] for e in pipelines.estimators(source(marks=marks))]
    assert found == ["qda", "bernoulli-nb", "multinomial-nb", "gaussian-nb"]
    assert pipelines.ESTIMATORS[pipelines.estimators(source(marks=[(52, 0.5)], group=5))[0]] == "decision-tree"
    with pytest.raises(DamagedDataError, match="one of its four"):
        pipelines.estimators(source(marks=[(66, 0.0)]))


def test_tasks_of_few_values_or_of_many_best_rows_are_left_out() -> None:
    many = np.arange(400) / 400
    few = np.floor(many * 49) / 49
    often = np.minimum(many, many[-4])  # 4 of 400 rows are best
    rare = np.minimum(many, many[-2])  # 2 of 400
    gaps = np.where(np.arange(400) % 2 == 0, np.nan, many)
    assert pipelines.kept_tasks(source([many, few, often, rare, gaps])).tolist() == [
        4,
        3,
        0,
    ]  # by id, 1, 2 and 5


def test_rows_are_drawn_of_those_that_are_measured_often() -> None:
    score = np.ones((10, 1000), np.float32)
    score[:5, ::2] = np.nan
    score[:4, 1] = np.nan
    rows = pipelines.kept_rows(score, 100)
    assert len(rows) == 100
    assert (rows % 2 == 1).all()
    assert (np.diff(rows) > 0).all()
    assert 1 in pipelines.kept_rows(score)  # measured on .6
    assert abs(rows.mean() - 500) < 100
    more = pipelines.kept_rows(score, 200)
    assert set(rows) < set(more)


# ------------------------------------------------------------------ archives
@functools.cache
def pmf(folder: Path) -> pipelines.Source:
    return pipelines.read(folder / finetune.WHEEL)


def test_finetune_is_built_to_the_shipped_bytes(tmp_path: Path) -> None:
    finetune.finetune(Order(archives(), tmp_path))
    same_bytes("FineTune", tmp_path)


def test_points_of_finetune_give_the_values_of_the_file() -> None:
    read = finetune.read(archives() / finetune.WHEEL)
    agree("FineTune", columns.configurations(finetune.COLUMNS, read.pipelines))
    last = {c.name: read.names[c.at[0]].rsplit(".", 1)[1] for c in finetune.COLUMNS}
    renamed = {
        "architecture",
        "optimizer",
        "scheduler",
        "simple_model",
    }  # one-hot: the choice follows the name
    assert all(name == found for name, found in last.items() if name not in renamed)
    assert all(name in read.names[c.at[0]] for c in finetune.COLUMNS if (name := c.name) in renamed)
    used = sorted(j for c in finetune.COLUMNS for j in c.at)
    assert used == list(range(35))


def likeness_of_distances(x: NDArray[np.float64], ranks: NDArray[np.float64]) -> float:
    """Correlation of distances between rows of `x` with those (1 - r) between columns of `ranks`, over all pairs."""
    pairs = np.triu_indices(len(x), 1)
    profiles = np.asarray(np.corrcoef(ranks.T))
    return float(np.asarray(np.corrcoef(pdist(x, "sqeuclidean"), 1 - profiles[pairs]))[0, 1])


def explained(x: NDArray[np.float64], ranks: NDArray[np.float64]) -> float:
    """Share of the variance of all ranks that is linear in the columns of `x`."""
    matrix = np.column_stack([np.ones(len(x)), x])
    fitted = matrix @ np.linalg.lstsq(matrix, ranks.T, rcond=None)[0]
    return float(1 - ((ranks.T - fitted) ** 2).mean())


def test_settings_explain_the_scores_in_the_inferred_order_alone() -> None:
    read = finetune.read(archives() / finetune.WHEEL)
    x, ranks = read.pipelines, standardised(-read.error)
    as_stored = x[np.argsort(finetune.rows_of(read.tasks))]
    blocks = x.reshape(15, 35, 35)
    rng = np.random.default_rng(0)
    shuffled = [explained(blocks[:, rng.permutation(35)].reshape(x.shape), ranks) for _ in range(40)]
    assert explained(x, ranks) == pytest.approx(0.353, abs=0.001)
    assert explained(as_stored, ranks) == pytest.approx(0.071, abs=0.001)
    assert max(shuffled) < 0.1
    assert likeness_of_distances(x, ranks) > 0.14
    assert abs(likeness_of_distances(as_stored, ranks)) < 0.01


def test_exchanging_two_data_sets_explains_less() -> None:
    read = finetune.read(archives() / finetune.WHEEL)
    blocks, ranks = read.pipelines.reshape(15, 35, 35), standardised(-read.error)
    centred = blocks - blocks.mean((0, 1))
    u, s, _ = np.linalg.svd(centred.reshape(525, 35), full_matrices=False)
    basis, best = u[:, s > 1e-8].reshape(15, 35, -1), 0.0
    order = np.arange(35)
    found = ((basis.reshape(525, -1).T @ ranks.T) ** 2).sum()
    for a, b in itertools.combinations(range(35), 2):
        order[[a, b]] = b, a
        best = max(
            best,
            float(((basis[:, order].reshape(525, -1).T @ ranks.T) ** 2).sum() / found),
        )
        order[[a, b]] = a, b
    assert best < 1


def test_pipelines_that_often_fail_start_with_nusvc() -> None:
    often = np.isneginf(table("FineTune")["score"]).mean(0) > 0.2
    assert often.sum() == 30
    assert set(values_of("FineTune", "simple_model")[often]) == {"NuSVC"}


def test_true_settings_would_show_in_the_scores() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((525, 35))
    ranks = standardised(rng.normal(size=(525, 5)) @ x[:, :5].T + rng.normal(0, 1, (525, 525)))
    assert explained(x, ranks) > 0.2
    assert likeness_of_distances(x, ranks) > 0.05
    assert abs(likeness_of_distances(rng.permutation(x), ranks)) < 0.01


@pytest.mark.long  # it builds the whole table: 14 s
def test_pipelines_are_built_to_the_shipped_bytes_and_give_the_values_of_the_file(
    tmp_path: Path,
) -> None:
    pipelines.pipelines(Order(archives(), tmp_path))
    same_bytes("Pipelines", tmp_path)
    read = pmf(archives())
    kept = pipelines.kept_tasks(read)
    rows = pipelines.kept_rows(read.score[kept])
    every = columns.configurations(pipelines.COLUMNS, pipelines.matrix(read))
    agree("Pipelines", [every[i] for i in rows.tolist()])
    assert np.array_equal(read.score[np.ix_(kept, rows)], table("Pipelines")["score"], equal_nan=True)
    unused = sorted(set(range(72)) - {j for c in pipelines.COLUMNS for j in c.at} - {71})
    for group in np.unique(read.selector, axis=0):  # what is left out tells nothing that the choices do not
        inside = read.pipelines[(read.selector == group).all(1)][:, unused]
        assert (inside == inside[0]).all()


@pytest.mark.long
def test_extra_trees_and_random_forest_are_not_swapped() -> None:
    read = pmf(archives())
    tasks = [t["name"] for t in suite("AutoML")["tasks"] if int(t["name"]) in read.ids]
    at = [read.ids.index(int(t)) for t in tasks]
    extra, forest = ((read.selector == [0, e]).all(1) for e in (0, 1))
    both = np.isfinite(read.score[at][:, extra]).any(1) & np.isfinite(read.score[at][:, forest]).any(1)
    assert both.sum() > 250
    at, tasks = list(np.array(at)[both]), list(np.array(tasks)[both])
    mine = np.nanmedian(read.score[at][:, extra], 1) - np.nanmedian(read.score[at][:, forest], 1)
    right = (values_of("AutoML", "encoder") == "one-hot") & (values_of("AutoML", "reducer") == "none")
    own = [medians("AutoML", right & (values_of("AutoML", "estimator") == e), tasks) for e in pipelines.ESTIMATORS[:2]]
    assert spearmanr(mine, own[0] - own[1])[0] > 0.3  # swapped, it would be negative


def same_bytes(name: str, built: Path) -> None:
    for file in ("table.npz", "suite.json"):
        assert files.sha256(built / name / file) == files.sha256(files.DATA / name / file)


def agree(name: str, configs: list[dict[str, Any]]) -> None:
    """The configurations of the table are these: exactly, but for the float32 of real numbers."""
    for mine, theirs in zip(configurations(name), configs, strict=True):
        assert mine.keys() == theirs.keys()
        for key, value in theirs.items():
            assert mine[key] == (pytest.approx(value, rel=1e-6, abs=1e-7) if isinstance(value, float) else value), key
