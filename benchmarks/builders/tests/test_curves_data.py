"""The data of the suite Curves: how runs become cells, what is served, and its files."""

from __future__ import annotations

import functools
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hpo_builders import files
from hpo_builders.converted import curves, lcdb
from hpo_builders.converted.lcdb import FIDELITIES, LEARNERS, MIN_LEARNERS, Curve, Cut
from hpo_builders.flat import expected_random_regret
from hpo_builders.kin import relatives, strangers
from hpo_builders.order import Order
from hpo_gym.base import DamagedDataError
from hpo_gym.problem import SearchSpace, fold_of, split_of

FOLDER = files.DATA / "Curves"
SIZES = np.array([16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1000])


@functools.cache
def suite() -> dict[str, Any]:
    return dict(files.read_json(FOLDER / "suite.json"))


@functools.cache
def table() -> dict[str, NDArray[Any]]:
    with np.load(FOLDER / "table.npz") as stored:
        return dict(stored)


@functools.cache
def names() -> list[str]:
    return [task["name"] for task in suite()["tasks"]]


# ------------------------------------------------------------------ runs become curves
def runs(*rows: str) -> Any:
    head = "openmlid,learner,size_train,size_test,outer_seed,inner_seed,traintime,score_train,score_valid,score_test"
    return lcdb.read_runs(io.BytesIO("\n".join([head, *rows]).encode()))


def test_a_curve_holds_the_means_over_inner_seeds() -> None:
    found = lcdb.curves_of(
        runs(
            "7,SVC_rbf,23,9,1,0,0.1,1,0.5,0.9",
            "7,SVC_rbf,23,9,1,4,0.3,1,0.6,0.7",
            "7,SVC_rbf,16,9,0,0,0.2,1,0.4,0.3",
            "5,SVC_rbf,16,9,0,0,0.2,1,0.1,0.3",
        )
    )
    assert list(found) == [5, 7]
    assert found[7].sizes.tolist() == [16, 23]
    rbf = found[7].values[:, :, list(LEARNERS).index("SVC_rbf")]
    assert rbf[:, 1, 1] == pytest.approx([0.55, 0.8, 0.2])  # validation, test, seconds
    assert rbf[:, 0, 0] == pytest.approx([0.4, 0.3, 0.2])
    assert np.isfinite(found[7].values).sum() == 6


@pytest.mark.parametrize(
    "row",
    [
        "7,SVC_rbf,23,9,1,0,0.1,1,1.5,0.9",
        "7,SVC_rbf,23,9,1,0,0.1,1,0.5,-1",
        "7,SVC_rbf,23,9,1,0,0.1,1,,0.9",
        "7,SVC_rbf,23,9,1,0,-1,1,0.5,0.9",
        "7,SVC_rbf,23,9,5,0,0.1,1,0.5,0.9",
        "7,SVC_new,23,9,1,0,0.1,1,0.5,0.9",
    ],
)
def test_a_run_that_cannot_be_is_refused(row: str) -> None:
    with pytest.raises(DamagedDataError, match="a known learner and seed must hold, got"):
        runs("7,SVC_rbf,23,9,1,0,0.1,1,0.5,0.9", row)


# ------------------------------------------------------------------ curves become cells
def curve(missing: dict[int, list[int]], learners: int = 20) -> Curve:
    """A curve in which the first learners are measured at all sizes but those of `missing`; seconds are the size."""
    values = np.full((3, len(SIZES), len(LEARNERS), 5), np.nan)
    values[:2, :, :learners] = 0.5
    values[2, :, :learners] = SIZES[:, None, None]
    for j, sizes in missing.items():
        values[:, np.isin(SIZES, sizes), j, 0] = np.nan  # one seed is enough to miss
    return Curve(SIZES, values)


def test_fidelities_are_served_by_the_nearest_size_in_the_logarithm() -> None:
    cut = lcdb.cut_of(curve({}))
    assert cut.reference == 1000
    assert cut.sizes.tolist() == [16, 32, 64, 128, 256, 512, 1000]
    assert cut.values[2, 3, :, 2].tolist() == cut.sizes.tolist()
    assert cut.usable
    between = np.array([*SIZES[:-1], 876])  # a 32nd is 27.4 rows: nearer to 23, but not in the logarithm
    assert lcdb.cut_of(Curve(between, curve({}).values)).sizes.tolist() == [16, 32, 64, 128, 256, 512, 876]


def test_two_of_twenty_learners_may_miss_the_full_size_and_one_of_nineteen() -> None:
    two = lcdb.cut_of(curve({0: [1000], 1: [1000]}))
    three = lcdb.cut_of(curve({0: [1000], 1: [1000], 2: [1000]}))
    assert two.reference == 1000
    assert np.isnan(two.values[:, :2, -1]).all() and np.isfinite(two.values[:, 2:]).all()
    assert three.reference == 724
    assert lcdb.cut_of(curve({0: [1000], 1: [1000]}, learners=19)).reference == 724


def test_a_size_missing_below_a_measured_one_is_a_failure_in_all_seeds() -> None:
    cut = lcdb.cut_of(curve({4: [16, 64]}))
    assert (cut.values[:2, 4, [0, 2]] == -np.inf).all()
    assert np.isnan(cut.values[2, 4, [0, 2]]).all()
    assert np.isfinite(cut.values[:, 4, [1, 3, 4, 5, 6]]).all()


def test_a_learner_without_runs_is_not_measured() -> None:
    assert np.isnan(lcdb.cut_of(curve({}, learners=10)).values[:, 10:]).all()


def test_data_sets_with_few_learners_or_few_sizes_are_not_usable() -> None:
    assert lcdb.cut_of(curve({}, learners=8)).usable
    assert not lcdb.cut_of(curve({}, learners=7)).usable
    few = Curve(SIZES[:11], curve({}).values[:, :11])  # a 64th and a 32nd of 512 rows are both 16
    assert not lcdb.cut_of(few).usable


def test_a_data_set_whose_learners_are_never_measured_together_is_not_usable() -> None:
    assert not lcdb.cut_of(curve({j: SIZES.tolist() for j in range(20)})).usable
    halves = {j: SIZES[6:].tolist() if j < 10 else SIZES[:6].tolist() for j in range(20)}
    assert not lcdb.cut_of(curve(halves)).usable


def test_a_score_is_the_mean_of_its_stored_repeats() -> None:
    values = np.random.default_rng(0).uniform(size=(3, 20, 7, 5))
    values[:2, 3, 2] = -np.inf
    out = curves.table([Cut(1000, SIZES[:7], values)])
    assert out["repeats"].shape == (1, 20, 7, 5)
    there = np.isfinite(out["score"])
    assert np.array_equal(out["score"][there], out["repeats"][there].mean(-1, dtype=float).astype(np.float32))
    assert np.isnan(out["repeats"][~there]).all()
    assert out["test_score"][0, 0, 0] == pytest.approx(values[1, 0, 0].mean())
    assert out["cost"][0, 0, 0] == pytest.approx(values[2, 0, 0].mean(), rel=1e-3)
    assert np.isneginf(out["score"]).sum() == 1


# ------------------------------------------------------------------ what is served
def cell(task: str, fidelity: float, **config: str) -> tuple[int, int, int]:
    row = list(LEARNERS.values()).index(config)
    return names().index(task), row, FIDELITIES.index(fidelity)


@pytest.mark.parametrize(
    ("learner", "fidelity", "score", "test_score", "cost"),
    [
        ("linear-svm", 1.0, 0.82782, 0.833664, 0.287532),
        ("linear-svm", 1 / 64, 0.737496, 0.738916, 0.003356),  # at 64 rows
        ("random-forest", 1.0, 0.95014, 0.951328, 0.593028),
    ],
)
def test_cells_of_spambase_are_those_added_up_by_hand(
    learner: str, fidelity: float, score: float, test_score: float, cost: float
) -> None:
    at = cell("44", fidelity, learner=learner)
    assert table()["score"][at] == pytest.approx(score, abs=1e-6)
    assert table()["test_score"][at] == pytest.approx(test_score, abs=1e-6)
    assert table()["cost"][at] == pytest.approx(cost, rel=1e-3)


def test_arrays_tell_the_same_cells_measured_failed_and_missing() -> None:
    score, test, cost, repeats = (table()[name] for name in ("score", "test_score", "cost", "repeats"))
    finite = np.isfinite(score)
    assert score.shape == (len(names()), len(LEARNERS), len(FIDELITIES))
    assert ((score >= 0) & (score <= 1) == finite).all() and ((test >= 0) & (test <= 1) == finite).all()
    assert (np.isfinite(cost) == finite).all() and (cost[finite] > 0).all()
    assert np.array_equal(np.isneginf(test), np.isneginf(score))
    assert (np.isfinite(repeats) == finite[..., None]).all() and not np.isinf(repeats).any()
    assert score[finite] == pytest.approx(repeats[finite].mean(-1), abs=1e-6)


def test_the_account_counts_the_cells_of_the_table() -> None:
    score, account = table()["score"], suite()["preprocessing"]
    found = {"measured": np.isfinite(score), "failed": np.isneginf(score), "not measured": np.isnan(score)}
    assert account["cells"] == {name: int(c.sum()) for name, c in found.items()}
    assert account["rows"]["measured at all fidelities"] == int((~np.isnan(score)).all(2).sum())


def test_validation_and_test_accuracy_agree_in_the_mean() -> None:
    finite = np.isfinite(table()["score"])
    gap = table()["score"][finite] - table()["test_score"][finite]
    assert abs(gap.mean()) < 0.002 and np.abs(gap).mean() < 0.02


def test_learners_are_better_and_slower_with_more_rows() -> None:
    score, cost = table()["score"], table()["cost"].astype(float)
    both = np.isfinite(score[..., [0, -1]]).all(-1)
    better = [(score[both[:, j], j, -1] > score[both[:, j], j, 0]).mean() for j in range(len(LEARNERS))]
    slower = [(cost[both[:, j], j, -1] > cost[both[:, j], j, 0]).mean() for j in range(len(LEARNERS))]
    assert np.median(better) > 0.9 and np.sort(better)[1] > 0.7  # the SVM with a sigmoid kernel is worse as often
    assert np.median(slower) > 0.95 and min(slower) > 0.7


def test_rows_are_all_configurations_of_the_space() -> None:
    space = SearchSpace(suite()["space"])
    assert space.decode(table()["x"]) == [dict(c) for c in LEARNERS.values()]
    choices = {h.name: len(h.choices) for h in space.hyperparameters}
    assert choices["learner"] - 1 + choices["svm:kernel"] == len(LEARNERS)


def test_the_shipped_space_is_the_builders() -> None:
    built = SearchSpace(curves.config_space()).to_json()
    assert {**built, "python_module_version": "1.2.0"} == suite()["space"]


# ------------------------------------------------------------------ tasks
def test_tasks_are_in_order_and_each_serves_enough_learners() -> None:
    assert [int(n) for n in names()] == sorted({int(n) for n in names()})
    assert len(names()) >= 200
    assert (~np.isnan(table()["score"])).all(2).sum(1).min() >= MIN_LEARNERS


def test_the_full_size_is_at_most_the_rows_that_are_left_to_train_on() -> None:
    meta = [t["meta"] for t in suite()["tasks"] if t["meta"]["n_rows"] is not None]
    assert len(meta) >= 180
    for m in meta:
        left = max(int(int(m["n_rows"] * 0.9) * 0.9), m["n_rows"] - 10_000)
        assert m["n_train"] <= left
    assert np.mean([m["n_train"] >= 0.8 * m["n_rows"] for m in meta]) > 0.9


def test_families_are_those_of_all_suites() -> None:
    known = files.read_json(files.DATA / "families.json")["families"]
    for task in suite()["tasks"]:
        i = int(task["name"])
        assert task["family"] == curves.RELATIVES.get(i, strangers.family_of(i, known))
    assert not [i for i in curves.RELATIVES if f"openml:{i}" in known]  # what families.json says comes first


def test_data_sets_that_other_suites_know_by_name_stand_on_the_same_side() -> None:
    family = {int(t["name"]): t["family"] for t in suite()["tasks"]}
    shared = [(name, i) for name, ids in relatives.OPENML.items() for i in ids if i in family]
    assert len(shared) > 20
    for name, i in shared:
        one, other = relatives.family(name), family[i]
        assert (split_of(one), fold_of(one)) == (split_of(other), fold_of(other)), (name, i)
    assert relatives.family("fars") == family[40672]


def test_splits_are_by_family_and_leave_out_the_flat_tasks() -> None:
    served = (~np.isnan(table()["score"])).all(2)
    full = np.where(served, table()["score"][..., -1], np.nan)
    flat = {n for n, s in zip(names(), full, strict=True) if expected_random_regret(s) < 0.01}
    split = {name: side for side, members in suite()["splits"].items() for name in members}
    assert flat == set(suite()["preprocessing"]["flat"]["tasks"])
    assert split == {t["name"]: split_of(t["family"]) for t in suite()["tasks"] if t["name"] not in flat}


# ------------------------------------------------------------------ files
def test_shipped_files_are_those_of_the_manifest() -> None:
    manifest = files.read_json(files.DATA / files.MANIFEST)
    for name in ("suite.json", "table.npz"):
        assert manifest[f"Curves/{name}"]["sha256"] == files.sha256(FOLDER / name)


def test_the_description_names_no_folder_of_the_builders_machine() -> None:
    assert "/tmp" not in json.dumps(suite()) and "/home" not in json.dumps(suite())


@pytest.mark.skipif("HPO_GYM_ARCHIVES" not in os.environ, reason="HPO_GYM_ARCHIVES names no folder of archives")
@pytest.mark.long  # it builds the whole table: 5 s
def test_the_builder_gives_the_shipped_bytes(tmp_path: Path) -> None:
    curves.curves(Order(archives=Path(os.environ["HPO_GYM_ARCHIVES"]), out=tmp_path))
    for name in ("suite.json", "table.npz"):
        assert (tmp_path / "Curves" / name).read_bytes() == (FOLDER / name).read_bytes()
