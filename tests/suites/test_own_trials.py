"""Files of trials as people have them: other delimiters, columns that are no hyperparameters, Parquet, and rubbish."""

from __future__ import annotations

import math
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hpo_gym
from hpo_gym.base.errors import HPOGymError, InvalidValueError
from hpo_gym.problem.trial import Status
from hpo_gym.suites.own.csv import describe, suite_from_csv
from hpo_gym.suites.own.roles import seconds


def written(folder: Path, text: str) -> Path:
    path = folder / "trials.csv"
    path.write_text(text, encoding="utf-8")
    return path


def quiet(*args: object, **options: object) -> hpo_gym.Suite:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return suite_from_csv(*args, **options)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- how it is written
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("given", [False, True])
def test_the_delimiter_is_found_or_given(tmp_path: Path, delimiter: str, given: bool) -> None:
    lines = ["C{}kernel{}score", "0.1{}rbf{}0.5", '2{}"a{}b"{}0.7']
    text = "\n".join(line.replace("{}", delimiter) for line in lines)
    suite = suite_from_csv(written(tmp_path, text), delimiter=delimiter if given else None)
    assert suite.members[0].run({"C": 2.0, "kernel": f"a{delimiter}b"}).score == 0.7


def test_a_decimal_comma_is_found_by_the_scores_and_can_be_given(tmp_path: Path) -> None:
    path = written(tmp_path, "C;layers;score\n0,1;64,32;0,5\n1,5;64,64;0,75\n")
    assert describe(suite_from_csv(path).space).splitlines() == [
        "C: float in [0.1, 1.5]",
        "layers: float in [64.32, 64.64]",
    ]
    assert sorted([suite_from_csv(path).members[0].best, suite_from_csv(path).members[0].worst]) == [0.5, 0.75]
    path = written(tmp_path, "C;layers;score\n0.1;64,32;0.5\n1.5;64,64;0.75\n")
    assert describe(suite_from_csv(path).space).splitlines()[1] == "layers: categorical one of 64,32, 64,64"
    path = written(tmp_path, "C;score\n0,1;1\n1,5;2\n")  # scores do not tell
    assert "categorical" in describe(suite_from_csv(path).space)
    assert describe(suite_from_csv(path, decimal=",").space) == "C: float in [0.1, 1.5]"


def test_blank_lines_byte_order_marks_and_all_line_ends_are_read_over(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfi,score\r\n\r\n1,2\n   \n2,3\r3,bad\n")
    with pytest.raises(InvalidValueError, match=r"line 6: `score`.*'bad'"):
        suite_from_csv(path)


def test_bounds_are_those_of_the_file_to_the_last_digit(tmp_path: Path) -> None:
    path = written(tmp_path, "x,y,score\n0.13522751314108516,1e-13,1\n0.7,0.5,2\n")
    suite = suite_from_csv(path)
    x, y = suite.space.hyperparameters
    assert (x.low, x.high, x.log) == (0.13522751314108516, 0.7, False)
    assert (y.low, y.high, y.log) == (1e-13, 0.5, True)
    assert suite.members[0].run({"x": 0.13522751314108516, "y": 1e-13}).score == 1


def test_a_nan_score_is_a_failure_and_an_empty_one_was_not_measured(tmp_path: Path) -> None:
    suite = suite_from_csv(written(tmp_path, "i,score\n1,2\n2,nan\n3,\n4,5\n"))
    assert [suite.members[0].run({"i": i}).status for i in (1, 2)] == [Status.OK, Status.FAILED]
    order = np.argsort(suite.members[0].pool[:, 0])
    assert suite.table.measured[0, order].tolist() == [True, True, False, True]
    frame = pd.DataFrame({"i": [1, 2, 3], "score": [2.0, math.nan, 4.0]})
    assert sorted(suite_from_csv(frame).table.score.ravel().tolist()) == [-math.inf, 2.0, 4.0]


# ---------------------------------------------------------------------------------------------- what columns are
LOOKS_LIKE = {
    "number": ("an id", lambda i: 7 * i % 31),
    "uuid": ("an id", lambda i: f"a{i}f"),
    "counter": ("an id", lambda i: i),
    "job": ("an id", lambda i: 4000 + 3 * i),
    "when": ("a date", lambda i: f"2026-01-{i + 1:02d} 10:00:00.5"),
    "day": ("a date", lambda i: f"{i + 1}.1.2026"),
    "timestamp": ("a date", lambda i: 1.7e9 + i),
    "took": ("a duration", lambda i: f"0 days 00:00:{i + 10}.25"),
    "elapsed": ("a duration", lambda i: i / 7),
    "status": ("a state", lambda i: "done" if i % 2 else "ok"),
}


@pytest.mark.parametrize("name", LOOKS_LIKE)
def test_ids_dates_durations_and_states_are_left_out_and_can_be_kept(tmp_path: Path, name: str) -> None:
    kind, value = LOOKS_LIKE[name]
    text = f"C,{name},score\n" + "".join(f"{i % 5 / 4},{value(i)},{i}\n" for i in range(25))
    path = written(tmp_path, text)
    with pytest.warns(UserWarning, match=rf"left out of the search space: {name} \({kind}\).*`keep`") as warned:
        suite = suite_from_csv(path)
    assert suite.space.names == ("C",)
    assert suite.about["preprocessing"] == [str(warned[0].message)]
    suite.save(tmp_path / "kept")
    assert hpo_gym.load_suite(tmp_path / "kept").about["preprocessing"] == suite.about["preprocessing"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set(suite_from_csv(path, keep=[name]).space.names) == {"C", name}
        assert suite_from_csv(path, ignore=[name]).space.names == ("C",)


ARE_NONE = {
    "a float that never repeats": lambda i: 1 / (i + 1),
    "a whole number that comes again": lambda i: i % 24,
    "whole numbers in no order": lambda i: 7 * i % 31,
    "sizes of layers": lambda i: f"{i % 3 + 14}-{16}-{32}",
    "words": lambda i: "abc"[i % 3],
}


@pytest.mark.parametrize("name", ARE_NONE)
def test_a_hyperparameter_is_not_taken_for_an_id(tmp_path: Path, name: str) -> None:
    text = "C,h,score\n" + "".join(f"{i % 5 / 4},{ARE_NONE[name](i)},{i}\n" for i in range(25))
    assert set(suite_from_csv(written(tmp_path, text)).space.names) == {"C", "h"}


def test_what_counts_rows_stays_where_nothing_else_varies(tmp_path: Path) -> None:
    text = "depth,C,score\n" + "".join(f"{i},1,{i % 7}\n" for i in range(30))
    assert set(suite_from_csv(written(tmp_path, text)).space.names) == {"depth", "C"}


def test_an_id_may_count_anew_in_each_task(tmp_path: Path) -> None:
    text = "task,trial,C,score\n" + "".join(f"{t},{i},{i % 5},{i}\n" for t in "ab" for i in range(6))
    assert quiet(written(tmp_path, text)).space.names == ("C",)


def test_a_cost_may_be_a_duration(tmp_path: Path) -> None:
    suite = suite_from_csv(written(tmp_path, "i,d,score\n1,0 days 00:01:30.5,2\n2,1 days 00:00:01,3\n"), cost="d")
    assert suite.table.cost is not None and sorted(suite.table.cost.ravel().tolist()) == [90.5, 86401.0]
    texts = {"2 days": 172800, "00:00:02": 2, "-1 days +23:00:00": -3600, "1:00:00,5": 3600.5, "1 day, 0:00:01": 86401}
    texts |= {"10:30": None, "x": None}
    assert {text: seconds(text) for text in texts} == texts


def test_a_whole_number_says_which_columns_are_given(tmp_path: Path) -> None:
    text = "layers,w1,w2,score\n1,8.0,,1\n2,16.0,8.0,2\n3,8.0,16.0,3\n1,32.0,,4\n"
    assert describe(suite_from_csv(written(tmp_path, text)).space).splitlines() == [
        "layers: int in [1, 3]",
        "w1: float in [8, 32]",
        "w2: int in [8, 16], only if layers is above 1",
    ]
    text = "layers,shortcut,score\n1,,1\n2,,2\n3,0.5,3\n3,,4\n"
    with pytest.raises(InvalidValueError, match="explains where 'shortcut' is empty"):
        suite_from_csv(written(tmp_path, text))


# ---------------------------------------------------------------------------------------------- frames and Parquet
def test_a_frame_gives_what_its_file_gives(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"task": ["a", "a", "b", "b"], "C": [0.1, 2.5, 0.1, 2.5], "n": [1, 20, 1, 20],
         "fast": [True, False, True, False], "k": pd.Categorical(["x", "y", "x", "y"]),
         "w": [None, 3.0, None, 3.0], "score": [0.5, 0.25, 1.0, 2.0]}
    )  # fmt: skip
    frame.to_csv(tmp_path / "t.csv", index=False)
    one, two = suite_from_csv(frame, name="S"), suite_from_csv(tmp_path / "t.csv", name="S")
    assert one.data_hash == two.data_hash
    assert describe(one.space).splitlines()[-1] == "w: constant one of 3, only if fast is one of False"


def test_what_is_neither_file_nor_frame_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="a file or a frame of pandas, got list"):
        suite_from_csv([{"C": 1, "score": 2}])  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match=r"columns must have names, each once, got \['C'\] more than once"):
        suite_from_csv(pd.DataFrame([[1, 2, 3]], columns=["C", "C", "score"]))
    with pytest.raises(InvalidValueError, match="at least one row, got none"):
        suite_from_csv(pd.DataFrame({"C": [], "score": []}))


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    frame = pd.DataFrame({"C": [0.1, 2.5, 7.0], "k": ["x", None, "x"], "w": ["p", "q", "p"], "score": [0.5, 0.25, 1.0]})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    one, two = (suite_from_csv(tmp_path / f"t.{kind}") for kind in ("parquet", "csv"))
    assert one.data_hash == two.data_hash
    frame[frame.C > 1].to_parquet(tmp_path / "part.parquet")  # its index is a column of the file
    assert quiet(tmp_path / "part.parquet").space.names == ("C", "w", "k")
    (tmp_path / "no.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InvalidValueError, match="must be a Parquet file"):
        suite_from_csv(tmp_path / "no.parquet")


@pytest.mark.long
def test_a_file_of_very_many_rows_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    from pyarrow import parquet

    n = 6_000_000
    table = arrow.table({"C": np.broadcast_to(np.float32(1), n), "score": np.broadcast_to(np.float32(0.5), n)})
    parquet.write_table(table, tmp_path / "many.parquet")
    assert (tmp_path / "many.parquet").stat().st_size < 1_000_000
    with pytest.raises(InvalidValueError, match=r"at most 5000000 rows .* got 6000000 rows of 2 columns"):
        suite_from_csv(tmp_path / "many.parquet")
    monkeypatch.setattr("hpo_gym.suites.own.reading._ROWS", 2)
    (tmp_path / "t.csv").write_text("C,score\n1,2\n3,4\n5,6\n")
    with pytest.raises(InvalidValueError, match="got 3 rows of 2 columns"):
        suite_from_csv(tmp_path / "t.csv")


def test_a_pipe_is_no_file_of_trials(tmp_path: Path) -> None:
    for name in ("pipe.csv", "pipe.parquet"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(InvalidValueError, match="must be a file, it is a pipe or a device"):
            suite_from_csv(tmp_path / name)


def test_parquet_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpo_gym.base.registry._importable", lambda package: package != "pyarrow")
    with pytest.raises(hpo_gym.MissingExtraError, match=r"pip install 'hpo-gym\[parquet\]'"):
        suite_from_csv(tmp_path / "t.parquet")


# ---------------------------------------------------------------------------------------------- one task
def test_a_suite_of_one_task_is_for_tests_only(tmp_path: Path) -> None:
    suite = suite_from_csv(written(tmp_path, "C,score\n0.1,1\n0.2,2\n"))
    assert [len(suite.tasks(split)) for split in ("train", "val", "test")] == [0, 0, 1]
    several = suite_from_csv(written(tmp_path, "task,origin,C,score\na,x,0.1,1\nb,x,0.2,2\n"), family="origin")
    assert [len(several.tasks(split)) for split in ("train", "val", "test")] == [0, 0, 2]


# ---------------------------------------------------------------------------------------------- rubbish
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
    st.sampled_from(["task", "score", "i", "C", "number", "state", "value", "params_x", "params_state",
                     "datetime_start", "duration", "family", "", "Unnamed: 0", "values_0", "user_attrs_a", "name"]),
    st.text(max_size=3),
)  # fmt: skip


@pytest.mark.long
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_a_file_holds_it_is_a_suite_or_an_error_of_ours(tmp_path: Path, data: st.DataObject) -> None:
    rare = data.draw(st.integers(0, 5)) == 0  # else columns have names, each once, and there is a score
    names = data.draw(
        st.lists(NAME.filter(lambda n: rare or n.strip() not in ("", "score")), max_size=5, unique=not rare)
    )
    names += [] if rare else ["score"]
    kinds = [data.draw(st.sampled_from([CELL, PLAIN, WORD])) if name != "score" else PLAIN for name in names]
    rows = data.draw(st.lists(st.tuples(*kinds), min_size=0 if rare else 2, max_size=8))
    delimiter = data.draw(st.sampled_from(",;\t|"))
    escape = data.draw(st.integers(0, 3)) > 0
    lines = [delimiter.join(f'"{c.replace(chr(34), chr(34) * 2)}"' if escape else c for c in r) for r in [names, *rows]]
    path = tmp_path / "rubbish.csv"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    free = [name for name in names if name != "score"] or [None]
    roles = {
        role: data.draw(st.sampled_from(free))
        for role in ("cost", "fidelity", "family", "test_score")
        if data.draw(st.integers(0, 7)) == 0
    }
    loss = data.draw(st.booleans())
    try:
        suite = quiet(path, loss=loss, **roles)
    except HPOGymError as fault:
        assert str(fault)
        return
    for task in suite.members:
        assert np.isfinite([task.best, task.worst]).all()
        assert task.run(suite.space.default, failed=task.worst).score <= task.best
    suite.save(tmp_path / "saved")
    assert hpo_gym.load_suite(tmp_path / "saved").data_hash == suite.data_hash


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=60), st.text(alphabet='ai,;"\n\r\t 01.e-', max_size=60).map(str.encode)))
def test_whatever_bytes_give_an_error_of_ours(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "rubbish.csv"
    path.write_bytes(text)
    try:
        quiet(path)
    except HPOGymError as fault:
        assert str(fault)


@pytest.mark.slow
def test_a_million_lines_take_bounded_memory_and_time(tmp_path: Path) -> None:
    import subprocess
    import sys

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
    assert cpu < 60 and kilobytes < 1.5e6


def test_rows_stand_in_an_order_by_key_whatever_the_order_of_the_lines(tmp_path: Path) -> None:
    lines = [f"{task},{i},{i}\n" for task in "ab" for i in range(400)]
    suite = suite_from_csv(written(tmp_path, "task,i,score\n" + "".join(lines)))
    other = suite_from_csv(written(tmp_path, "task,i,score\n" + "".join(sorted(lines, key=lambda t: t[::-1]))))
    scores = suite.table.score[0, :, 0]
    assert scores.tolist() == other.table.score[other.members[0].index, :, 0].tolist()
    assert abs(np.corrcoef(scores, np.arange(400))[0, 1]) < 0.1  # a line's place tells nothing of its score


def test_tasks_with_points_of_their_own_have_them_in_that_order_as_well(tmp_path: Path) -> None:
    text = "task,i,score\n" + "".join(f"{t},{10 * t + i},{i}\n" for t in range(4) for i in range(10))
    suite = suite_from_csv(written(tmp_path, text))
    places = [[int(suite.space.decode(x[None])[0]["i"]) for x in task.remembered().x] for task in suite.members]
    assert [sorted(of) for of in places] == [list(range(10 * t, 10 * t + 10)) for t in range(4)]
    assert all(of != sorted(of) for of in places)
