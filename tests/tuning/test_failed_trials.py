"""A tuning speaks up: warnings, reasons, when it ends for its failures, and what is refused before the first trial."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import hpo_gym
from hpo_gym import Status, tune
from hpo_gym.app import app
from hpo_gym.base.errors import InvalidValueError, StateError, StorageFullError, StorageLostError, TrialsFailedError
from hpo_gym.system.jobs.measured import Measured
from hpo_gym.tuning import allowance
from hpo_gym.tuning.allowance import Allowance
from hpo_gym.tuning.failures import counted, kind_of
from hpo_gym.tuning.study import Ended
from hpo_gym.tuning.tuned import COLUMNS, Tuned

SPACE = {"x": (0.0, 1.0)}
QUIET: dict[str, Any] = {"optimizer": "random", "seed": 0, "progress": False}
EXPECTED = pytest.mark.filterwarnings("ignore:Trial .* is no success:UserWarning")


def misspelt(config: dict[str, Any]) -> Any:
    return config["rte"]


LINE = misspelt.__code__.co_firstlineno + 1


def ended(number: int, status: Status, reason: str = "", **reported: Any) -> Ended:
    return Ended(number, number, {"x": 0.5}, Measured(status, reason, **reported))


# ---------------------------------------------------------------------- the first failure is told
@pytest.mark.long
def test_the_first_failed_trial_is_a_warning_with_the_user_s_line() -> None:
    with pytest.warns(UserWarning, match="Trial 1 is no success") as said:
        tune(misspelt, SPACE, budget=2, **QUIET)
    (one,) = said
    assert f"(failed: KeyError: 'rte' (tests/tuning/test_failed_trials.py:{LINE}, in misspelt))" in str(one.message)
    assert one.filename == __file__, "where `tune` was called"


# ---------------------------------------------------------------------- the first ones all fail
@pytest.mark.long
@pytest.mark.parametrize("n_jobs", [1, 2])
@EXPECTED
def test_the_tuning_ends_when_the_first_trials_fail_alike(tmp_path: Path, n_jobs: int) -> None:
    with pytest.raises(TrialsFailedError, match=r"first 3 trials .*KeyError: 'rte' .*max_failures=None") as reported:
        tune(misspelt, SPACE, budget=10, out=tmp_path / "k", n_jobs=n_jobs, **QUIET)
    assert [e.measured.status for e in reported.value.tuned.ended] == [Status.FAILED] * 3
    assert Tuned.load(tmp_path / "k").ended == reported.value.tuned.ended, "they are stored"


@pytest.mark.long
@EXPECTED
def test_max_failures_says_after_how_many() -> None:
    with pytest.raises(TrialsFailedError, match="first 1 trials"):
        tune(misspelt, SPACE, budget=4, max_failures=1, **QUIET)
    assert len(tune(misspelt, SPACE, budget=5, max_failures=None, **QUIET).ended) == 5
    assert len(tune(misspelt, SPACE, budget=3, max_failures=4, **QUIET).ended) == 3
    for wrong in (0, -1, 2.5, True, "3"):
        with pytest.raises(InvalidValueError, match="`max_failures`"):
            tune(misspelt, SPACE, max_failures=wrong, **QUIET)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["another line", "another type", "a success first", "diverged"])
@EXPECTED
def test_failures_that_are_not_alike_or_not_the_first_end_nothing(kind: str, tmp_path: Path) -> None:
    def objective(config: dict[str, Any]) -> Any:
        with (tmp_path / "log").open("a") as log:
            log.write("x")
        n = len((tmp_path / "log").read_text())
        if kind == "diverged":
            return math.nan
        if kind == "a success first" and n == 1:
            return 1.0
        if kind == "another line" and n == 2:
            raise ValueError("here")
        raise KeyError("there") if kind == "another type" and n == 2 else ValueError("there")

    assert len(tune(objective, SPACE, budget=5, **QUIET).ended) == 5


def test_failures_are_counted_by_kind_with_the_first_reason() -> None:
    lost = [
        ended(0, Status.FAILED, "ValueError: 1 (a.py:3, in f)"), ended(1, Status.OK, score=1.0),
        ended(2, Status.TIMEOUT, "it ran longer than 1 s"), ended(3, Status.FAILED, "ValueError: 2 (a.py:3, in f)"),
        ended(4, Status.FAILED, "ValueError: 1 (a.py:4, in f)"), ended(5, Status.INFEASIBLE),
        ended(6, Status.TIMEOUT, "it ran longer than 2 s"), ended(7, Status.FAILED, "KeyError: 1 (a.py:3, in f)"),
    ]  # fmt: skip
    assert counted(lost) == [
        (2, "failed: ValueError: 1 (a.py:3, in f)"), (2, "timeout: it ran longer than 1 s"),
        (1, "failed: ValueError: 1 (a.py:4, in f)"), (1, "infeasible: "), (1, "failed: KeyError: 1 (a.py:3, in f)"),
    ]  # fmt: skip
    assert kind_of(lost[0].measured) == ("failed", "ValueError", "a.py:3, in f")


# ---------------------------------------------------------------------- on the command line
def test_a_file_that_ends_the_process_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text("x: {low: 0.0, high: 1.0}\n")
    Path("ends.py").write_text("import sys\ndef score(config):\n    return 1.0\nsys.exit(0)\n")
    ran = CliRunner().invoke(app, ["tune", "ends.py:score", "--space", "space.yaml"])
    assert isinstance(ran.exception, InvalidValueError)
    assert "'ends.py' must define things" in str(ran.exception) and "__main__" in str(ran.exception)


# ---------------------------------------------------------------------- the folder is gone
def removes(folder: Path) -> None:
    shutil.rmtree(folder)


def replaces(folder: Path) -> None:
    shutil.copytree(folder, f"{folder}-copy")
    shutil.rmtree(folder)
    Path(f"{folder}-copy").rename(folder)


def cuts(folder: Path) -> None:
    os.truncate(folder / "tune.sqlite", 4096)


@pytest.mark.long
@pytest.mark.parametrize("harm", [removes, replaces, cuts])
def test_a_folder_that_is_removed_replaced_or_cut_ends_the_tuning(harm: Any, tmp_path: Path) -> None:
    folder = tmp_path / "k"

    def objective(config: dict[str, Any]) -> float:
        if (folder / "second").exists():
            harm(folder)
        else:
            (folder / "second").touch()
        return float(config["x"])

    how = {"removes": "removed", "replaces": "replaced", "cuts": "cut from"}[harm.__name__]
    with pytest.raises(StorageLostError, match=how) as reported:
        tune(objective, SPACE, budget=5, out=folder, **QUIET)
    assert len(reported.value.tuned.ended) == 2, "the trials so far are not lost"


@pytest.mark.long
def test_what_an_error_of_the_disk_leaves_is_in_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    puts = []

    def put(self: Any, *_: Any, **__: Any) -> None:
        puts.append(1)
        if len(puts) == 4:
            raise StorageFullError("full")

    monkeypatch.setattr("hpo_gym.system.storage.store.Store.put", put)
    with pytest.raises(StorageFullError, match="full") as reported:
        tune(lambda c: c["x"], SPACE, budget=5, out=tmp_path / "k", **QUIET)
    assert len(reported.value.tuned.ended) == 2


# ---------------------------------------------------------------------- columns and counts
@pytest.mark.long
@pytest.mark.parametrize("name", [*COLUMNS, "task", "params_x"])
def test_a_hyperparameter_does_not_overwrite_a_column_and_is_read_again(name: str, tmp_path: Path) -> None:
    space: dict[str, Any] = {name: (0.0, 1.0), "other": ["a", "b"]}
    found = tune(lambda c: c[name] + 100, space, budget=4, **QUIET)
    frame = found.trials()
    assert list(frame["score"]) == [e.measured.score for e in found.ended] and frame["score"].min() >= 100
    assert list(frame[f"params_{name}"]) == [e.config[name] for e in found.ended]
    assert list(frame["trial"]) == [1, 2, 3, 4] and set(frame["status"]) == {"ok"}
    frame.to_csv(tmp_path / "trials.csv", index=False)
    for prior in (tmp_path / "trials.csv", frame):
        given = {**QUIET, "optimizer": "gp-warm"}
        again = tune(lambda c: c[name] + 100, space, budget=1, prior=prior, **given)
        assert again.ended[0].config == found.best_config, "it begins with the best of the file"


# ---------------------------------------------------------------------- free trials
def test_what_is_next_to_free_is_a_millionth_of_the_budget() -> None:
    def trials(cost: float) -> list[Ended]:
        return [ended(i, Status.OK, score=1.0, cost=cost) for i in range(allowance.FREE)]

    assert Allowance(cost=1.0).spent(trials(0.9e-6)) and not Allowance(cost=1.0).spent(trials(1.1e-6))
    assert not Allowance(cost=1.0).spent(trials(0.0)[1:]) and not Allowance().spent(trials(0.0))


# ---------------------------------------------------------------------- refused before the first trial
def test_a_working_directory_that_was_removed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for out in (None, "k"):
        with pytest.raises(StateError, match="working directory must exist"):
            tune(lambda c: c["x"], SPACE, budget=1, out=out, **QUIET)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("n_trials", "budget"), ("n_iter", "budget"), ("num_samples", "budget"), ("loss", 'direction="minimize"'),
     ("minimize", 'direction="minimize"'), ("random_state", "seed"), ("param_distributions", "space")],
)  # fmt: skip
def test_the_name_of_another_tool_is_refused_with_the_one_it_has_here(name: str, meant: str) -> None:
    with pytest.raises(hpo_gym.UnknownNameError, match=f"No keyword '{name}' of `tune`: it is `{meant}` here"):
        tune(misspelt, SPACE, **{name: 3})  # type: ignore[arg-type]
