"""Files and frames of trials: what is in them is served, the space is read off the columns, faults have their line."""

from __future__ import annotations

import csv
import math
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import ConfigSpace as cs
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hpo_gym
from hpo_gym.base.errors import HPOGymError, InvalidValueError, UnknownNameError
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Status
from hpo_gym.suites.own.space import infer_space
from hpo_gym.suites.own.trials import suite_from_csv
from hpo_gym.suites.own.values import typed
from hpo_gym.text import outline

SVM = """task,kernel,C,gamma,shrink,score,seconds
a,rbf,0.01,0.1,True,0.5,1
a,linear,100,,False,0.7,2
a,poly,1.5,0.3,True,failed,3
b,linear,100,,False,0.2,4
b,rbf,0.01,0.1,True,,5
b,poly,1.5,0.3,True,0.9,
"""
SAFE = [HealthCheck.function_scoped_fixture]


def written(folder: Path, text: str) -> Path:
    path = folder / "trials.csv"
    path.write_text(text, encoding="utf-8")
    return path


def words(space: SearchSpace) -> list[str]:
    return list(outline(space, names=True)[1:])


# ---------------------------------------------------------------------------------------------- what is served
@pytest.mark.smoke
def test_the_space_and_each_line_are_read(tmp_path: Path) -> None:
    suite = suite_from_csv(written(tmp_path, SVM), cost="seconds")
    assert suite.name == "trials" and words(suite.space) == [
        "- C: 0.01 to 100, log scale",
        "- kernel: linear, poly, rbf",
        "- shrink: false, true",
        "Only if kernel = poly or rbf:",
        "- gamma: 0.1 to 0.3",
    ]
    linear = {"kernel": "linear", "C": 100.0, "shrink": False}
    poly = {"kernel": "poly", "C": 1.5, "shrink": True, "gamma": 0.3}
    rbf = {"kernel": "rbf", "C": 0.01, "shrink": True, "gamma": 0.1}
    a, b = suite.task("a"), suite.task("b")
    assert (a.run(linear).score, a.run(linear).cost) == (0.7, 2)
    assert (a.run(poly).status, a.run(poly, failed=0.5).score) == (Status.FAILED, 0.5)
    assert b.run(rbf).config != rbf  # not measured, so another row answers
    assert (b.run(poly).score, b.run(poly).cost) == (0.9, 4.5)  # unknown cost: the median of the known ones
    assert suite.table.x.shape == (3, 4)  # both tasks share a pool


def test_tasks_with_other_configurations_have_their_own_pools_in_an_order_by_key(tmp_path: Path) -> None:
    text = "task,i,score\n" + "".join(f"{t},{10 * t + i},{i}\n" for t in range(4) for i in range(10 - t))
    suite = suite_from_csv(written(tmp_path, text))
    assert suite.table.x.shape == (4, 10, 1) and [t.measured.sum() for t in suite.members] == [10, 9, 8, 7]
    places = [[int(suite.space.decode(x[None])[0]["i"]) for x in task.pool[task.measured]] for task in suite.members]
    assert [sorted(of) for of in places] == [list(range(10 * t, 10 * t + 10 - t)) for t in range(4)]
    assert all(of != sorted(of) for of in places)


def test_rows_stand_in_an_order_by_key_whatever_the_order_of_the_lines(tmp_path: Path) -> None:
    lines = [f"{task},{i},{i}\n" for task in "ab" for i in range(400)]
    suite = suite_from_csv(written(tmp_path, "task,i,score\n" + "".join(lines)))
    other = suite_from_csv(written(tmp_path, "task,i,score\n" + "".join(sorted(lines, key=lambda t: t[::-1]))))
    scores = suite.table.score[0, :, 0]
    assert scores.tolist() == other.table.score[other.members[0].index, :, 0].tolist()
    assert abs(np.corrcoef(scores, np.arange(400))[0, 1]) < 0.1  # a line's place tells nothing of its score


def test_repeats_count_by_their_mean_and_a_failed_one_as_the_worst_of_its_task(tmp_path: Path) -> None:
    text = "i,score,c\n0,1,1\n0,2,3\n0,failed,5\n1,failed,1\n1,failed,1\n2,,1\n2,4,1\n"
    with pytest.warns(UserWarning, match="1 repeat of 1 measured configuration failed") as warned:
        suite = suite_from_csv(written(tmp_path, text), cost="c")
    (task,) = suite.members
    assert task.name == "trials"
    assert (task.run({"i": 0}).score, task.run({"i": 0}).cost) == pytest.approx(((1 + 2 + 1) / 3, 3))
    assert task.run({"i": 1}).status == Status.FAILED
    assert task.run({"i": 2}).score == 4
    suite.save(tmp_path / "kept")
    assert hpo_gym.load_suite(tmp_path / "kept").about["preprocessing"] == [str(warned[0].message)]


def test_a_loss_is_negated_and_an_infinite_one_is_a_failure(tmp_path: Path) -> None:
    task = suite_from_csv(written(tmp_path, "i,score\n0,0.25\n1,inf\n2,0.5\n"), loss=True).members[0]
    assert (task.best, task.worst) == (-0.25, -0.5)
    assert task.run({"i": 1}).status == Status.FAILED
    with pytest.raises(InvalidValueError, match=r"line 3.*'-inf'"):
        suite_from_csv(written(tmp_path, "i,score\n0,1\n1,-inf\n"), loss=True)


def test_a_nan_score_is_a_failure_and_an_empty_one_was_not_measured(tmp_path: Path) -> None:
    suite = suite_from_csv(written(tmp_path, "i,score\n1,2\n2,nan\n3,\n4,5\n"))
    assert [suite.members[0].run({"i": i}).status for i in (1, 2)] == [Status.OK, Status.FAILED]
    order = np.argsort(suite.members[0].pool[:, 0])
    assert suite.table.measured[0, order].tolist() == [True, True, False, True]
    frame = pd.DataFrame({"i": [1, 2, 3], "score": [2.0, math.nan, 4.0]})
    assert sorted(suite_from_csv(frame).table.score.ravel().tolist()) == [-math.inf, 2.0, 4.0]


@pytest.mark.smoke
def test_fidelities_families_and_test_scores_have_columns(tmp_path: Path) -> None:
    text = "task,i,epochs,score,test,origin,seed\na,0,5,1,9,o,7\na,0,50,2,8,o,7\na,1,5,3,7,o,7\na,1,50,4,6,o,7\n"
    suite = suite_from_csv(
        written(tmp_path, text), fidelity="epochs", family="origin", test_score="test", ignore=["seed"], name="E"
    )
    assert suite.table.fidelities == (0.1, 1.0)
    assert suite.members[0].family == "o"
    assert suite.members[0].run({"i": 1}, 0.1).score == 3
    assert sorted(suite.table.test_score[0].tolist()) == [[7, 6], [9, 8]]


def test_a_cost_may_be_a_duration(tmp_path: Path) -> None:
    text = "i,d,score\n1,0 days 00:01:30.5,2\n2,1 days 00:00:01,3\n"
    suites = [suite_from_csv(written(tmp_path, text), cost="d")]
    frame = pd.read_csv(tmp_path / "trials.csv")
    suites.append(suite_from_csv(frame.assign(d=pd.to_timedelta(frame["d"])), cost="d"))
    assert [sorted(suite.table.cost.ravel().tolist()) for suite in suites] == [[90.5, 86401.0]] * 2


def test_one_family_is_for_tests_only(tmp_path: Path) -> None:
    suite = suite_from_csv(written(tmp_path, "C,score\n0.1,1\n0.2,2\n"))
    assert [len(suite.tasks(split)) for split in ("train", "val", "test")] == [0, 0, 1]
    several = suite_from_csv(written(tmp_path, "task,origin,C,score\na,x,0.1,1\nb,x,0.2,2\n"), family="origin")
    assert [len(several.tasks(split)) for split in ("train", "val", "test")] == [0, 0, 2]


# ---------------------------------------------------------------------------------------------- the space
def test_a_given_space_decides_what_a_text_means(tmp_path: Path) -> None:
    space = cs.ConfigurationSpace()
    space.add(cs.CategoricalHyperparameter("size", [32, 64]), cs.UniformFloatHyperparameter("lr", 0.1, 10, log=True))
    space.add(cs.OrdinalHyperparameter("flag", [False, True]))
    suite = suite_from_csv(written(tmp_path, "size,lr,flag,score\n64,1,true,0.5\n32.0,1e0,False,0.25\n"), space)
    assert suite.space == SearchSpace(space)
    assert suite.members[0].run({"size": 64, "lr": 1.0, "flag": True}).score == 0.5


def test_conditions_on_conditions_and_on_whole_numbers_are_found(tmp_path: Path) -> None:
    columns = {"c": ["", "", "1", "2"], "b": ["", "x", "y", "y"], "a": ["off", "on", "on", "on"]}
    frame = pd.DataFrame({name: typed(pd.Series(texts)) for name, texts in columns.items()})
    assert words(infer_space(frame)) == [
        "- a: off, on",
        "Only if a = on:",
        "- b: x, y",
        "Only if b = y:",
        "- c: integer 1 to 2",
    ]
    path = written(tmp_path, "layers,w1,w2,score\n1,8.0,,1\n2,16.0,8.0,2\n3,8.0,16.0,3\n1,32.0,,4\n")
    assert words(suite_from_csv(path).space) == [
        "- layers: integer 1 to 3",
        "- w1: 8 to 32",
        "Only if layers > 1:",
        "- w2: integer 8 to 16",
    ]


def test_bounds_are_those_of_the_file_to_the_last_digit(tmp_path: Path) -> None:
    path = written(tmp_path, "x,y,score\n0.13522751314108516,1e-13,1\n0.7,0.5,2\n")
    suite = suite_from_csv(path)
    x, y = suite.space.hyperparameters
    assert (x.low, x.high, x.log) == (0.13522751314108516, 0.7, False)
    assert (y.low, y.high, y.log) == (1e-13, 0.5, True)
    assert suite.members[0].run({"x": 0.13522751314108516, "y": 1e-13}).score == 1


UNCLEAR = {
    "counter": ("goes up with each row", lambda i: i),
    "job": ("goes up with each row", lambda i: 4000 + 3 * i),
    "time": ("goes up with each row", lambda i: 1.7e9 + i / 7),
    "uuid": ("has 25 different texts in 25 rows", lambda i: f"a{i}f"),
    "when": ("has 25 different texts in 25 rows", lambda i: f"2026-01-{i + 1:02d} 10:00:00.5"),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_a_column_that_may_be_no_hyperparameter_is_refused_with_its_options(tmp_path: Path, name: str) -> None:
    why, value = UNCLEAR[name]
    path = written(tmp_path, f"C,{name},score\n" + "".join(f"{i % 5 / 4},{value(i)},{i}\n" for i in range(25)))
    with pytest.raises(InvalidValueError, match=rf"{name}' {why}.*`--ignore {name}`.*`--hyperparameters C,{name}`"):
        suite_from_csv(path)
    assert suite_from_csv(path, ignore=[name]).space.names == ("C",)
    assert suite_from_csv(path, hyperparameters=["C", name]).space.names == ("C", name)
    assert suite_from_csv(path, hyperparameters=["C"]).space.names == ("C",)  # the rest is ignored


@pytest.mark.parametrize("tasks", [1, 2])
def test_a_whole_number_of_its_own_in_each_row_is_taken_with_a_warning(tmp_path: Path, tasks: int) -> None:
    lines = [f"{t},{i % 5 / 4},{7 * i % 25},{i % 24},{i}\n" for t in range(tasks) for i in range(25)]
    path = written(tmp_path, "task,C,run,depth,score\n" + "".join(lines))
    with pytest.warns(
        UserWarning, match=r"^column 'run' is .*each row of a task has another whole number.*`--ignore run`"
    ) as told:
        suite = suite_from_csv(path)
    assert suite.space.names == ("C", "depth", "run") and len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert suite_from_csv(path, ignore=["run"]).space.names == ("C", "depth")
        assert suite_from_csv(path, hyperparameters=["C", "run"]).space.names == ("C", "run")


CLEAR = {
    "a float in no order": lambda i: 1 / (7 * i % 31 + 1),
    "a whole number that comes again": lambda i: i % 24,
    "sizes of layers": lambda i: f"{i % 3 + 14}-{16}-{32}",
    "words": lambda i: "abc"[i % 3],
}


@pytest.mark.parametrize("name", CLEAR)
def test_a_hyperparameter_needs_no_option(tmp_path: Path, name: str) -> None:
    text = "C,h,score\n" + "".join(f"{i % 5 / 4},{CLEAR[name](i)},{i}\n" for i in range(25))
    assert set(suite_from_csv(written(tmp_path, text)).space.names) == {"C", "h"}
    text = "depth,C,empty,score\n" + "".join(f"{i},1,,{i % 7}\n" for i in range(30))  # nothing else varies
    with pytest.warns(UserWarning, match="left out of the search space: empty; what `hyperparameters` names is taken"):
        assert set(suite_from_csv(written(tmp_path, text)).space.names) == {"depth", "C"}


def test_a_state_tells_what_failed_and_what_was_not_finished(tmp_path: Path) -> None:
    path = written(tmp_path, "i,score,status\n1,1,done\n2,5,FAIL\n3,3,ok\n4,9,running\n")
    with pytest.warns(UserWarning) as warned:
        (task,) = suite_from_csv(path).members
    assert [str(w.message).partition(":")[2][:9] for w in warned] == [" 1 trial ", " status; "]
    assert (task.best, task.run({"i": 2}).status, len(task.pool)) == (3, Status.FAILED, 3)
    assert suite_from_csv(path, ignore=["status"]).members[0].best == 9


# ---------------------------------------------------------------------------------------------- how it is written
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_given(tmp_path: Path, delimiter: str) -> None:
    lines = ["C{}kernel{}score", "0.1{}rbf{}0.5", '2{}"a{}b"{}0.7']
    path = written(tmp_path, "\n".join(line.replace("{}", delimiter) for line in lines))
    suite = suite_from_csv(path, delimiter=delimiter)
    assert suite.members[0].run({"C": 2.0, "kernel": f"a{delimiter}b"}).score == 0.7
    if delimiter != ",":
        with pytest.raises(UnknownNameError, match=r"No column 'score'.*`--delimiter`"):
            suite_from_csv(path)


def test_a_decimal_comma_is_given(tmp_path: Path) -> None:
    path = written(tmp_path, "C;layers;score\n0,1;64,32;0,5\n1,5;64,64;nan\n2,5;64,64;-,75\n")
    suite = suite_from_csv(path, delimiter=";", decimal=",")
    assert words(suite.space) == ["- C: 0.1 to 2.5", "- layers: 64.32 to 64.64"]
    assert (suite.members[0].best, suite.members[0].worst) == (0.5, -0.75)
    with pytest.raises(InvalidValueError, match=r"line 2: `score`.*'0,5'. For decimal commas give decimal=','"):
        suite_from_csv(path, delimiter=";")


def test_blank_lines_byte_order_marks_and_all_line_ends_are_read_over(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfi,score\r\n\r\n1,2\n   \n2,3\r3,bad\n")
    with pytest.raises(InvalidValueError, match=r"line 6: `score`.*'bad'"):
        suite_from_csv(path)


def test_a_frame_gives_what_its_file_gives(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"task": ["a", "a", "b", "b"], "C": [0.1, 2.5, 0.1, 2.5], "n": [1, 20, 1, 20],
         "fast": [True, False, True, False], "k": pd.Categorical(["x", "y", "x", "y"]),
         "w": [None, 3.0, None, 3.0], "score": [0.5, 0.25, 1.0, 2.0]}
    )  # fmt: skip
    frame.to_csv(tmp_path / "t.csv", index=False)
    one, two = suite_from_csv(frame, name="S"), suite_from_csv(tmp_path / "t.csv", name="S")
    assert one.data_hash == two.data_hash == suite_from_csv(frame.convert_dtypes(), name="S").data_hash
    assert (one.space.hyperparameters[-1].name, one.space.hyperparameters[-1].choices) == ("w", (3,))
    assert one.space.active(one.members[0].pool).all(1).tolist() == [
        c["fast"] is False for c in one.space.decode(one.members[0].pool)
    ]
    with pytest.raises(InvalidValueError, match="a file or a frame of pandas, got list"):
        suite_from_csv([{"C": 1, "score": 2}])  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match=r"columns must have names, each once, got \['C'\] more than once"):
        suite_from_csv(pd.DataFrame([[1, 2, 3]], columns=["C", "C", "score"]))
    with pytest.raises(InvalidValueError, match="at least one row, got none"):
        suite_from_csv(pd.DataFrame({"C": [], "score": []}))


def test_parquet_gives_what_csv_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    frame = pd.DataFrame({"C": [0.1, 2.5, 7.0], "k": ["x", None, "x"], "w": ["p", "q", "p"], "score": [0.5, 0.25, 1.0]})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    one, two = (suite_from_csv(tmp_path / f"t.{kind}") for kind in ("parquet", "csv"))
    assert one.data_hash == two.data_hash
    frame[frame.C > 1].to_parquet(tmp_path / "part.parquet")  # its index is a column of the file
    assert suite_from_csv(tmp_path / "part.parquet").space.names == ("C", "w", "k")
    (tmp_path / "no.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InvalidValueError, match="must be a Parquet file"):
        suite_from_csv(tmp_path / "no.parquet")
    monkeypatch.setattr("hpo_gym.base.registry._importable", lambda package: package != "pyarrow")
    with pytest.raises(hpo_gym.MissingExtraError, match=r"pip install 'hpo-gym\[parquet\]'"):
        suite_from_csv(tmp_path / "t.parquet")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_of_very_many_rows_is_refused_and_a_pipe_is_none(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    monkeypatch.setattr("hpo_gym.suites.own.reading._ROWS", 2)
    frame = pd.DataFrame({"C": [1, 3, 5], "score": [2, 4, 6]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InvalidValueError, match=r"at most 2 rows .* got 3 rows of 2 columns"):
        suite_from_csv(tmp_path / f"t.{kind}")
    os.mkfifo(tmp_path / f"pipe.{kind}")
    with pytest.raises(InvalidValueError, match="must be a file, it is a pipe or a device"):
        suite_from_csv(tmp_path / f"pipe.{kind}")


# ---------------------------------------------------------------------------------------------- faults
FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no score column": ("i\n1\n", {}, r"No column 'score'.*`--score`.*Known: \['i'\]"),
    "misspelt cost": ("i,score,cost\n1,2,3\n2,3,4\n", {"cost": "costs"}, "Did you mean 'cost'"),
    "misspelt task": ("i,score\n1,2\n2,3\n", {"task": "dataset"}, "dataset"),
    "misspelt ignore": ("i,score\n1,2\n2,3\n", {"ignore": ["seed"]}, "seed"),
    "misspelt hyperparameter": ("run,i,score\n1,2,3\n2,3,4\n", {"hyperparameters": ["runn"]}, "Did you mean 'run'"),
    "score is no number": ('task,i,score\na,1,2\n\n"a",2,"n/o"\n', {}, r"line 4: `score`.*'n/o'"),
    "score over two lines before": ('k,score\n"x\ny",1\nz,bad\n', {}, r"line 4.*'bad'"),
    "score infinite": ("i,score\n1,inf\n", {}, "line 2.*'inf'"),
    "cost negative": ("i,score,c\n1,1,1\n2,1,-1\n", {"cost": "c"}, "line 3: `c`.*'-1'"),
    "cost no duration": ("i,score,c\n1,1,0:10:00\n2,1,1:xx\n", {"cost": "c"}, "line 3: `c`.*a duration.*'1:xx'"),
    "fidelity zero": ("i,score,f\n1,1,1\n2,1,0\n", {"fidelity": "f"}, "line 3: `f`.*'0'"),
    "task empty": ("task,i,score\na,1,1\n,2,1\n", {}, "line 3: `task`"),
    "two families": ("task,i,score,f\na,1,1,x\na,2,1,y\n", {"family": "f"}, "line 3.*one family.*'x'.*'y'"),
    "short line": ("i,j,score\n1,2,3\n1,2\n", {}, "line 3.*3 values.*got 2"),
    "long line": ("i,j,score\n1,2,3\n1,2,3,4\n", {}, "line 3.*3 values.*got 4"),
    "no lines": ("i,score\n", {}, "at least one line"),
    "empty file": ("", {}, "at least one line"),
    "column without a name": ("i,,score\n0,1,2\n1,2,3\n", {}, "names"),
    "first column without a name": (",i,score\na,1,2\nb,2,3\n", {}, "names"),
    "column twice": ("i,i,score\n0,1,2\n", {}, "each once"),
    "one row": ("i,j,score\n1,2,3\n", {}, "at least two different configurations, got one"),
    "two roles": ("i,score\n1,2\n2,3\n", {"cost": "score"}, "one role, 'score' is `score` and `cost`"),
    "a hyperparameter of another role": ("i,score\n1,2\n2,3\n", {"hyperparameters": ["score"]}, "must have one role"),
    "wrong delimiter": ("i,score\n1,2\n", {"delimiter": ",,"}, "`delimiter` must be one character"),
    "wrong decimal": ("i,score\n1,2\n", {"decimal": "x"}, "`decimal` must be"),
    "nothing finished": ("i,score,state\n1,1,RUNNING\n2,1,PRUNED\n", {}, "`state` says that none is"),
    "no hyperparameter": ("task,score\na,1\n", {}, "hyperparameter"),
    "empty column that is named": ("i,j,score\n0,,2\n1,,2\n", {"hyperparameters": ["i", "j"]}, "'j' must have a value"),
    "unexplained gap": ("k,j,score\nx,1,2\nx,,2\ny,1,3\n", {}, "explains where 'j' is empty"),
    "all failed": ("i,score\n0,failed\n1,\n", {}, "'trials' must have a configuration with a score that did not fail"),
    "quote not closed": ('i,score\n"0,1\n', {}, "CSV"),
    "beyond the space": ("i,score\n0,1\n7,1\n", {"space": {"i": (0, 3)}}, r"line 3: `i`.*nearest is 3"),
    "no number of the space": ("i,score\n0,1\nx,1\n", {"space": {"i": (0, 3)}}, r"line 3: `i`.*'x'"),
    "not in the space": ("j,score\n0,1\n", {"space": {"i": (0, 3)}}, "'j'"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_named_with_its_line_or_its_option(tmp_path: Path, case: str) -> None:
    text, options, message = FAULTS[case]
    with pytest.raises((InvalidValueError, UnknownNameError), match=message):
        suite_from_csv(written(tmp_path, text), **options)


# ---------------------------------------------------------------------------------------------- to the last bit
def numbers(n: int = 60) -> pd.DataFrame:
    """Columns of each kind and scale, of which the encoding alone would round most."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "tenths": rng.choice([0.0, 0.1, 0.3, 0.7, 1.0], n), "share": rng.random(n), "signed": rng.normal(0, 1e9, n),
        "small": rng.random(n) * 1e-12, "log": 10.0 ** rng.uniform(-12, 6, n), "decimals": np.round(rng.random(n), 5),
        "int": rng.integers(-9, 9, n), "logint": np.exp(rng.uniform(0, 20, n)).astype(np.int64),
        "flag": rng.random(n) < 0.5, "word": rng.choice(["a", "b"], n), "one": 0.1, "score": np.arange(n) / n,
    })  # fmt: skip
    frame.loc[frame.word == "a", "log"] = np.nan
    return frame


@pytest.mark.parametrize("how", ["csv", "frame", "space", "configs"])
def test_values_come_back_to_the_last_bit(tmp_path: Path, how: str) -> None:
    frame, columns = numbers(), {"hyperparameters": list(numbers().columns[:-1])}
    file = written(tmp_path, frame.to_csv(index=False))
    plain = SearchSpace(suite_from_csv(frame, **columns).space.to_json(units=False))
    configs = [row.dropna().to_dict() for _, row in frame.drop(columns="score").iterrows()]
    if how == "configs":
        scores, names = frame.score.to_numpy()[None], {"tasks": ["trials"], "splits": {"test": ["trials"]}}
        suite = hpo_gym.table_suite("trials", plain, configs, scores, **names)
    else:
        space = plain if how == "space" else None
        suite = suite_from_csv(frame if how == "frame" else file, space, name="trials", **columns)
    x, scores = suite.table.x, suite.table.score
    rounded = hpo_gym.table_suite("trials", plain, x, scores, tasks=["trials"], splits=suite.splits)
    assert suite.data_hash == rounded.data_hash and plain.decode(x) != suite.space.decode(x)
    suite.save(tmp_path / "suite")
    again = hpo_gym.load_suite(tmp_path / "suite")
    task = again.task("trials")
    for config, score in zip(configs, frame.score, strict=True):
        trial = task.run(config)
        assert (trial.config, trial.score) == (config, score)
    env = hpo_gym.HPOEnv(again, split="test", codec="pool", budget=len(frame))
    env.reset(seed=0)
    seen = [env.step(row)[4]["config"] for row in range(len(frame))]
    assert {c["share"]: c for c in seen} == {c["share"]: c for c in configs}


def test_values_that_one_point_stands_for_are_one_and_said_to_be(tmp_path: Path) -> None:
    text = "wd,score\n0,1\n1e-12,2\n0.1,3\n1,4\n"
    with pytest.warns(UserWarning, match="closer than 2.-32 of the range, so taken for one: values of wd"):
        suite = suite_from_csv(written(tmp_path, text))
    served = {suite.table.config(0, row)["wd"]: suite.table.score[0, row, 0] for row in range(3)}
    assert served == {0: 1.5, 0.1: 3, 1: 4}


# ---------------------------------------------------------------------------------------------- whatever is in it
@pytest.mark.long
@settings(deadline=None, max_examples=60, suppress_health_check=SAFE)
@given(st.data(), st.booleans())
def test_any_table_comes_back_from_its_file(tmp_path: Path, data: st.DataObject, give_space: bool) -> None:
    kinds = data.draw(st.lists(st.sampled_from(["int", "float", "text", "flag"]), min_size=1, max_size=3))
    value = {
        "int": st.integers(-1000, 1000),
        "float": st.floats(1e-12, 1e3).map(lambda v: float(f"{v:.6g}")),
        "text": st.sampled_from(["a", "b,c", 'd"e']),
        "flag": st.booleans(),
    }
    rows = data.draw(st.lists(st.tuples(*(value[k] for k in kinds)), min_size=2, max_size=8, unique=True))
    scores = {
        t: {
            r: data.draw(st.floats(-1, 1))
            for r in data.draw(st.permutations(rows))[: data.draw(st.integers(least, len(rows)))]
        }
        for t, least in (("a", 2), ("b", 1))
    }
    names, delimiter = [f"h{i}" for i in range(len(kinds))], data.draw(st.sampled_from(",;\t|"))
    path = tmp_path / "any.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file, delimiter=delimiter)
        out.writerow(["task", *names, "score"])
        out.writerows([t, *row, s] for t, cells in scores.items() for row, s in cells.items())
    options: dict[str, Any] = {"delimiter": delimiter, "hyperparameters": names}
    suite = suite_from_csv(path, **options)
    if give_space:
        suite = suite_from_csv(path, suite.space, **options)
    for task, cells in scores.items():
        for row, score in cells.items():
            config = dict(zip(names, row, strict=True))
            trial = suite.task(task).run(config)
            assert trial.score == score
            assert trial.config == config
        assert suite.task(task).measured.sum() == len(cells)


CELL = st.one_of(
    st.sampled_from(["", "nan", "failed", "-inf", "inf", "1e400", "1e308", "-1e308", "5e-324", "1" * 400, "0", "-0.0",
                     "1", "true", "FALSE", "None", "2026-01-01", "0 days 00:00:01", "FAIL", "PRUNED", "1,5", "1;5",
                     "a|b", '"', "\x00", "\u2028", "é", " x ", "²", "1_000", "0x10"]),
    st.integers(-5, 5).map(str),
    st.floats(allow_nan=False).map(repr),
    st.text(max_size=4),
)  # fmt: skip
PLAIN = st.one_of(st.integers(-5, 5).map(str), st.floats(-9, 9).map(repr), st.sampled_from(["nan", "failed"]))
WORD = st.sampled_from(["x", "y", "x,y", "True", ""])
NAME = st.one_of(
    st.sampled_from(["task", "score", "i", "C", "number", "state", "value", "params_x", "params_state", "family", "",
                     "values_0", "user_attrs_a", "name"]),
    st.text(max_size=3),
)  # fmt: skip


@pytest.mark.long
@settings(deadline=None, max_examples=200, suppress_health_check=SAFE)
@given(st.data())
def test_whatever_a_file_holds_it_is_a_suite_or_an_error_of_ours(tmp_path: Path, data: st.DataObject) -> None:
    rare = data.draw(st.integers(0, 5)) == 0  # else columns have names, each once, and there is a score
    names = data.draw(
        st.lists(NAME.filter(lambda n: rare or n.strip() not in ("", "score")), max_size=5, unique=not rare)
    )
    names += [] if rare else ["score"]
    kinds = [data.draw(st.sampled_from([CELL, PLAIN, WORD])) if name != "score" else PLAIN for name in names]
    rows = data.draw(st.lists(st.tuples(*kinds), min_size=0 if rare else 2, max_size=8))
    escape = data.draw(st.integers(0, 3)) > 0
    lines = [",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' if escape else c for c in r) for r in [names, *rows]]
    path = tmp_path / "rubbish.csv"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    free = [name for name in names if name != "score"] or [None]
    roles = {
        role: data.draw(st.sampled_from(free))
        for role in ("cost", "fidelity", "family", "test_score")
        if data.draw(st.integers(0, 7)) == 0
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            suite = suite_from_csv(path, loss=data.draw(st.booleans()), **roles)
    except HPOGymError as fault:
        assert str(fault)
        return
    for task in suite.members:
        assert np.isfinite([task.best, task.worst]).all()
        assert task.run(suite.space.default, failed=task.worst).score <= task.best
    suite.save(tmp_path / "saved")
    assert hpo_gym.load_suite(tmp_path / "saved").data_hash == suite.data_hash


@settings(deadline=None, max_examples=100, suppress_health_check=SAFE)
@given(st.one_of(st.binary(max_size=60), st.text(alphabet='ai,;"\n\r\t 01.e-', max_size=60).map(str.encode)))
def test_whatever_bytes_give_an_error_of_ours(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "rubbish.csv"
    path.write_bytes(text)
    try:
        suite_from_csv(path)
    except HPOGymError as fault:
        assert str(fault)


@pytest.mark.slow
def test_a_million_lines_take_bounded_memory_and_time(tmp_path: Path) -> None:
    rng, n = np.random.default_rng(0), 1_000_000
    columns = {"task": rng.integers(0, 20, n), "lr": 10 ** (-5 * rng.random(n)), "depth": rng.integers(1, 20, n),
               "act": rng.choice(["relu", "tanh"], n), "score": rng.random(n)}  # fmt: skip
    pd.DataFrame(columns).to_csv(tmp_path / "big.csv", index=False)
    code = (
        "import resource, time, hpo_gym; s = hpo_gym.suite_from_csv('big.csv'); "
        "print(s.table.score.size, time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    cells, cpu, kilobytes = map(float, done.stdout.split())
    assert cells == pytest.approx(n, rel=0.05)
    assert cpu < 60 and kilobytes < 1.5e6, (cpu, kilobytes)
