"""CSV files: what is in the file is served, the space is read off the columns, and faults have their line."""

import csv
from pathlib import Path

import ConfigSpace as cs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo_gym.base.errors import HPOGymError, InvalidValueError, UnknownNameError
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Status
from hpo_gym.suites.own.columns import TableColumn
from hpo_gym.suites.own.csv import describe, suite_from_csv
from hpo_gym.suites.own.csv_space import infer_space


def written(folder: Path, text: str) -> Path:
    path = folder / "trials.csv"
    path.write_text(text)
    return path


SVM = """task,kernel,C,gamma,shrink,score,seconds
a,rbf,0.01,0.1,True,0.5,1
a,linear,100,,False,0.7,2
a,poly,1.5,0.3,True,failed,3
b,linear,100,,False,0.2,4
b,rbf,0.01,0.1,True,,5
b,poly,1.5,0.3,True,0.9,
"""


@pytest.mark.smoke
def test_the_space_is_read_off_the_columns(tmp_path: Path) -> None:
    suite = suite_from_csv(written(tmp_path, SVM), cost="seconds")
    assert describe(suite.space).splitlines() == [
        "C: float in [0.01, 100], logarithmic",
        "kernel: categorical one of linear, poly, rbf",
        "shrink: categorical one of False, True",
        "gamma: float in [0.1, 0.3], only if kernel is one of poly, rbf",
    ]
    assert suite.name == "trials"


@pytest.mark.smoke
def test_each_line_is_served(tmp_path: Path) -> None:
    suite = suite_from_csv(written(tmp_path, SVM), cost="seconds")
    linear = {"kernel": "linear", "C": 100.0, "shrink": False}
    poly = {"kernel": "poly", "C": 1.5, "shrink": True, "gamma": 0.3}
    rbf = {"kernel": "rbf", "C": 0.01, "shrink": True, "gamma": 0.1}
    a, b = suite.task("a"), suite.task("b")
    assert (a.run(linear).score, a.run(linear).cost) == (0.7, 2)
    assert (a.run(poly).status, a.run(poly, failed=0.5).score) == (Status.FAILED, 0.5)
    assert b.run(rbf).config != rbf  # not measured, so another row answers
    assert (b.run(poly).score, b.run(poly).cost) == (0.9, 4.5)  # unknown cost: the median of the known ones


def test_tasks_with_the_same_configurations_share_a_pool_in_any_order(tmp_path: Path) -> None:
    suite = suite_from_csv(written(tmp_path, SVM), ignore=["seconds"])
    assert suite.table.x.shape == (3, 4)


def test_tasks_with_other_configurations_have_their_own_pools(tmp_path: Path) -> None:
    lines = [
        f"{t},{i},{i / 10}" for t, rows in (("a", range(5)), ("b", range(5, 8)), ("c", range(8, 12))) for i in rows
    ]
    suite = suite_from_csv(written(tmp_path, "task,i,score\n" + "\n".join(lines)))
    assert suite.table.x.shape == (3, 5, 1)
    assert [t.measured.sum() for t in suite.members] == [5, 3, 4]
    assert suite.task("b").run({"i": 0}).config == {"i": 5}


def test_repeats_count_by_their_mean_and_a_failed_one_as_the_worst_of_its_task(tmp_path: Path) -> None:
    text = "i,score,c\n0,1,1\n0,2,3\n0,failed,5\n1,failed,1\n1,failed,1\n2,,1\n2,4,1\n"
    with pytest.warns(UserWarning, match="1 repeat of 1 measured configuration failed"):
        task = suite_from_csv(written(tmp_path, text), cost="c").members[0]
    assert task.name == "trials"
    assert (task.run({"i": 0}).score, task.run({"i": 0}).cost) == (pytest.approx((1 + 2 + 1) / 3), 3)
    assert task.run({"i": 1}).status == Status.FAILED
    assert task.run({"i": 2}).score == 4


def test_a_loss_is_negated_and_an_infinite_one_is_a_failure(tmp_path: Path) -> None:
    task = suite_from_csv(written(tmp_path, "i,score\n0,0.25\n1,inf\n2,0.5\n"), loss=True).members[0]
    assert (task.best, task.worst) == (-0.25, -0.5)
    assert task.run({"i": 1}).status == Status.FAILED
    with pytest.raises(InvalidValueError, match=r"line 3.*'-inf'"):
        suite_from_csv(written(tmp_path, "i,score\n0,1\n1,-inf\n"), loss=True)


@pytest.mark.smoke
def test_fidelities_families_and_test_scores_have_columns(tmp_path: Path) -> None:
    text = "task,i,epochs,score,test,origin,seed\na,0,5,1,9,o,7\na,0,50,2,8,o,7\na,1,5,3,7,o,7\na,1,50,4,6,o,7\n"
    suite = suite_from_csv(
        written(tmp_path, text), fidelity="epochs", family="origin", test_score="test", ignore=["seed"], name="E"
    )
    assert suite.table.fidelities == (0.1, 1.0)
    assert suite.members[0].family == "o"
    assert suite.members[0].run({"i": 1}, 0.1).score == 3
    assert suite.table.test_score is not None and {tuple(row) for row in suite.table.test_score[0].tolist()} == {
        (9, 8),
        (7, 6),
    }


def test_a_given_space_decides_what_a_text_means(tmp_path: Path) -> None:
    space = cs.ConfigurationSpace()
    space.add(cs.CategoricalHyperparameter("size", [32, 64]), cs.UniformFloatHyperparameter("lr", 0.1, 10, log=True))
    space.add(cs.OrdinalHyperparameter("flag", [False, True]))
    suite = suite_from_csv(written(tmp_path, "size,lr,flag,score\n64,1,true,0.5\n32.0,1e0,False,0.25\n"), space)
    assert suite.space == SearchSpace(space)
    assert suite.members[0].run({"size": 64, "lr": 1.0, "flag": True}).score == 0.5


def test_conditions_on_conditions_are_found() -> None:
    columns = {
        "c": ["", "", "1", "2"],  # before its parent
        "b": ["", "x", "y", "y"],
        "a": ["off", "on", "on", "on"],
    }
    assert describe(infer_space({name: TableColumn.of(texts) for name, texts in columns.items()})).splitlines() == [
        "a: categorical one of off, on",
        "b: categorical one of x, y, only if a is one of on",
        "c: int in [1, 2], only if b is one of y",
    ]


FAULTS = {
    "no score column": ("i\n1\n", {}, "score"),
    "misspelt cost": ("i,score,cost\n1,2,3\n2,3,4\n", {"cost": "costs"}, "Did you mean 'cost'"),
    "misspelt task": ("i,score\n1,2\n2,3\n", {"task": "dataset"}, "dataset"),
    "misspelt ignore": ("i,score\n1,2\n2,3\n", {"ignore": ["seed"]}, "seed"),
    "score is no number": ('task,i,score\na,1,2\n\n"a",2,"n/o"\n', {}, r"line 4: `score`.*'n/o'"),
    "score over two lines before": ('k,score\n"x\ny",1\nz,bad\n', {}, r"line 4.*'bad'"),
    "score infinite": ("i,score\n1,inf\n", {}, "line 2.*'inf'"),
    "cost negative": ("i,score,c\n1,1,1\n2,1,-1\n", {"cost": "c"}, "line 3: `c`.*'-1'"),
    "fidelity zero": ("i,score,f\n1,1,1\n2,1,0\n", {"fidelity": "f"}, "line 3: `f`.*'0'"),
    "task empty": ("task,i,score\na,1,1\n,2,1\n", {}, "line 3: `task`"),
    "two families": ("task,i,score,f\na,1,1,x\na,2,1,y\n", {"family": "f"}, "line 3.*one family.*'x'.*'y'"),
    "short line": ("i,j,score\n1,2,3\n1,2\n", {}, "line 3.*3 values.*got 2"),
    "no lines": ("i,score\n", {}, "at least one line"),
    "empty file": ("", {}, "at least one line"),
    "column without a name": ("i,,score\n0,1,2\n1,2,3\n", {}, "names"),
    "first column without a name": (",i,score\na,1,2\nb,2,3\n", {}, "names"),
    "one row": ("i,j,score\n1,2,3\n", {}, "at least two different configurations, got one"),
    "nothing varies": ("i,j,score\n1,2,3\n1,2,4\n", {}, "at least two different configurations, got one"),
    "two roles": ("i,score\n1,2\n2,3\n", {"cost": "score"}, "one role, 'score' is `score` and `cost`"),
    "keep what has a role": ("i,score\n1,2\n2,3\n", {"keep": ["score"]}, "`keep` must name columns that are nothing"),
    "misspelt keep": ("run,i,score\n1,2,3\n2,3,4\n", {"keep": ["runn"]}, "Did you mean 'run'"),
    "wrong delimiter": ("i,score\n1,2\n", {"delimiter": ",,"}, "`delimiter` must be one character"),
    "wrong decimal": ("i,score\n1,2\n", {"decimal": "x"}, "`decimal` must be"),
    "long line": ("i,j,score\n1,2,3\n1,2,3,4\n", {}, "line 3.*3 values.*got 4"),
    "cost no duration": ("i,score,c\n1,1,0:10:00\n2,1,1:xx\n", {"cost": "c"}, "line 3: `c`.*a duration.*'1:xx'"),
    "nothing finished": ("i,score,state\n1,1,RUNNING\n2,1,PRUNED\n", {}, "`state` says that none is"),
    "too many texts": ("k,score\n" + "".join(f"x{i % 5001},1\n" for i in range(5100)), {}, "at most 5000 different"),
    "column twice": ("i,i,score\n0,1,2\n", {}, "each once"),
    "no hyperparameter": ("task,score\na,1\n", {}, "hyperparameter"),
    "empty column that is kept": ("i,j,score\n0,,2\n1,,2\n", {"keep": ["j"]}, "'j' must have a value"),
    "unexplained gap": ("k,j,score\nx,1,2\nx,,2\ny,1,3\n", {}, "explains where 'j' is empty"),
    "all failed": ("i,score\n0,failed\n1,\n", {}, "'trials' must have a configuration with a score that did not fail"),
    "quote not closed": ('i,score\n"0,1\n', {}, "CSV"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_named_with_its_line(tmp_path: Path, case: str) -> None:
    text, options, message = FAULTS[case]
    with pytest.raises(HPOGymError, match=message):
        suite_from_csv(written(tmp_path, text), **options)  # type: ignore[arg-type]


def test_a_value_outside_the_given_space_has_its_line(tmp_path: Path) -> None:
    space = cs.ConfigurationSpace({"i": (0, 3)})
    with pytest.raises(InvalidValueError, match=r"line 3: `i`.*nearest is 3"):
        suite_from_csv(written(tmp_path, "i,score\n0,1\n7,1\n"), space)
    with pytest.raises(UnknownNameError, match="'j'"):
        suite_from_csv(written(tmp_path, "j,score\n0,1\n"), space)
    with pytest.raises(InvalidValueError, match=r"line 3: `i`.*'x'"):
        suite_from_csv(written(tmp_path, "i,score\n0,1\nx,1\n"), space)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"i,score\n\xff\xfe,1\n")
    with pytest.raises(InvalidValueError, match="UTF-8"):
        suite_from_csv(tmp_path / "t.csv")


@pytest.mark.long
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    names = [f"h{i}" for i in range(len(kinds))]
    path = tmp_path / "any.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file, delimiter=data.draw(st.sampled_from(",;\t|")))
        out.writerow(["task", *names, "score"])
        out.writerows([t, *row, s] for t, cells in scores.items() for row, s in cells.items())
    suite = suite_from_csv(path)
    if give_space:
        suite = suite_from_csv(path, suite.space)
    for task, cells in scores.items():
        for row, score in cells.items():
            config = dict(zip(names, row, strict=True))
            trial = suite.task(task).run(config)
            assert trial.score == score
            assert trial.config == {n: pytest.approx(v) if isinstance(v, float) else v for n, v in config.items()}
        assert suite.task(task).measured.sum() == len(cells)
