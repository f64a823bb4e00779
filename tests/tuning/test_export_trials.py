"""Trials as tables and as studies of Optuna: each value is that of the store, to the bit, also after they are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import toys
from reports import left_out

import hpo_gym
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.suites.own.optuna import constraints_of
from hpo_gym.tuning import write_studies, write_table
from hpo_gym.tuning.tuned import Tuned

optuna = pytest.importorskip("optuna", reason="needs Optuna")

RUN = ["suite", "task", "family", "fold", "optimizer", "replicate"]
ENDS = ["fidelity", "score", "test_score", "cost", "status"]
BUDGET = 9


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Conditional trials with failures on several folds, at three fidelities; not to be changed."""
    folder = tmp_path_factory.mktemp("export") / "results"
    with left_out():
        hpo_gym.benchmark(
            ["random", "successive-halving"], toys.gappy(), budget=5, seeds=1, fold="all", tasks=2, engine="serial",
            out=folder, progress=False,
        )  # fmt: skip
    return folder


def objective(config: dict[str, Any]) -> Iterator[tuple[int, Any]]:
    for step in (1, 3, 9):
        if config["n"] == 3:
            raise ValueError("three")
        tested = {"test_score": config["rate"] / 3, "constraints": [config["n"] - 7.5]}
        yield step, {"score": config["rate"] / step, "cost": 0.1 * step, **tested}


@pytest.fixture(scope="module")
def tuning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minimising study with successes, failures, a broken constraint and stopped trials; not to be changed."""
    folder = tmp_path_factory.mktemp("export") / "mine"
    space = {"rate": (1e-3, 1.0, "log"), "n": (1, 9), "score": [True, False], "mixed": [1, "auto", 0.5]}
    hpo_gym.tune(
        objective, space, optimizer="random", budget=24, seed=1, direction="minimize", out=folder, max_failures=None,
        progress=False,
    )  # fmt: skip
    return folder


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, float_precision="round_trip", keep_default_na=False, na_values=[""])


def bits(values: Any) -> list[str]:
    return [float(v).hex() for v in values]


# ---------------------------------------------------------------------- tables
@pytest.mark.long
def test_a_table_of_results_has_a_row_per_trial_and_a_column_per_hyperparameter(results: Path, tmp_path: Path) -> None:
    count = write_table(results, tmp_path / "t.csv", "csv")
    table, trials = read(tmp_path / "t.csv"), hpo_gym.Results.load(results).trials()
    space = toys.gappy().space
    assert list(table) == [*RUN, "trial", *space.names, "fidelity", "score", "cost", "status"]  # no test score is known
    assert count == len(table) == len(trials) > 30 and {"ok", "failed"} == set(table["status"])
    assert len(set(table["fold"])) > 1
    for name in ("score", "cost", "fidelity"):
        assert bits(table[name]) == bits(trials[name]), name
    for name in (*RUN, "trial", "status"):
        assert table[name].tolist() == trials[name].tolist(), name
    for config, (_, row) in zip(trials["config"], table.iterrows(), strict=True):
        assert {n: row[n] for n in space.names if not pd.isna(row[n])} == config


@pytest.mark.long
def test_a_parquet_file_has_the_table_with_its_types(results: Path, tuning: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    for folder in (results, tuning):
        write_table(folder, tmp_path / "t.csv", "csv")
        write_table(folder, tmp_path / "t.parquet", "parquet")
        table, text = pd.read_parquet(tmp_path / "t.parquet"), read(tmp_path / "t.csv")
        assert list(table) == list(text)
        for name in table:
            pd.testing.assert_series_equal(
                table[name].dropna().astype(object), text[name].dropna().astype(object), check_dtype=False
            )
    kinds = {"rate": "Float64", "n": "Int64", "params_score": "boolean", "mixed": "string", "score": "float64"}
    assert {name: str(table[name].dtype) for name in kinds} == kinds


# ---------------------------------------------------------------------- studies
def studies(address: str) -> dict[str, Any]:
    names = optuna.get_all_study_names(address)
    return {name: optuna.load_study(study_name=name, storage=address) for name in names}


@pytest.mark.long
def test_there_is_a_study_per_run_with_its_trials(results: Path, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/x.db"
    count = write_studies(results, address)
    found, trials = studies(address), hpo_gym.Results.load(results).trials()
    runs = list(trials.groupby(RUN, sort=False))
    assert count == len(found) == len(runs) == 8
    for (key, run), (name, study) in zip(runs, found.items(), strict=True):
        suite, task, family, fold, optimizer, replicate = key
        assert name == f"{suite}/{task}/{fold}/{optimizer}/{replicate}"
        assert study.user_attrs == dict(zip(RUN, key, strict=True)) and study.direction.name == "MAXIMIZE"
        for trial, (_, row) in zip(study.trials, run.iterrows(), strict=True):
            good = row["status"] == "ok"
            assert trial.state.name == ("COMPLETE" if good else "FAIL")
            assert trial.params == row["config"] and trial.value == (row["score"] if good else None)
            about = {name: row[name] for name in ("fidelity", "cost", "status")}
            assert trial.user_attrs == {"family": family, **about}
            assert all(trial.distributions[n]._contains(trial.distributions[n].to_internal_repr(v))
                       for n, v in trial.params.items())  # fmt: skip


@pytest.mark.long
def test_a_study_of_a_tuning_has_its_states_steps_and_constraints(tuning: Path, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/x.db"
    assert write_studies(tuning, address) == 1
    ((name, study),) = studies(address).items()
    assert (name, study.direction.name) == ("mine/tuned/random/0", "MINIMIZE")
    ended = sorted(Tuned.load(tuning).ended, key=lambda e: e.number)
    states = {"ok": "COMPLETE", "infeasible": "COMPLETE", "stopped": "PRUNED", "failed": "FAIL"}
    for trial, e in zip(study.trials, ended, strict=True):
        label = e.measured.status.label
        assert trial.state.name == states[label] and trial.params == e.config
        assert trial.intermediate_values == dict(e.steps)
        assert constraints_of(trial) == list(e.measured.constraints)
        assert trial.value == (None if label == "failed" else e.measured.score)
        assert trial.user_attrs.get("test_score") == e.measured.test_score
    assert study.best_value == Tuned.load(tuning).best_score


@pytest.mark.long
def test_nothing_is_left_of_a_file_that_could_not_be_written(
    tuning: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text("before")

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    monkeypatch.setattr(optuna.storages.RDBStorage, "create_new_trial", fail)
    with pytest.raises(KeyboardInterrupt):
        write_table(tuning, tmp_path / "t.csv", "csv")
    with pytest.raises(KeyboardInterrupt):
        write_studies(tuning, f"sqlite:///{tmp_path}/x.db")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("t.csv", "before")]


@pytest.mark.long
def test_places_and_folders_that_cannot_be_are_refused(tuning: Path, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("mine")
    for address in (f"sqlite:///{tmp_path}/x.db", "x.db", "mysql://x", "sqlite:///", f"sqlite:///{tmp_path}/y.db?a=1"):
        with pytest.raises(InvalidValueError, match="`--optuna` must be the address of a new file"):
            write_studies(tuning, address)
    for ending in ("csv", "parquet"):
        with pytest.raises(InvalidValueError, match=rf"`--{ending}` must be a file that ends in '\.{ending}', got 't'"):
            write_table(tuning, tmp_path / "t", ending)
    with pytest.raises(InvalidValueError, match=r"store\.sqlite"):
        write_table(tmp_path, tmp_path / "t.csv", "csv")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x.db", "mine")]
