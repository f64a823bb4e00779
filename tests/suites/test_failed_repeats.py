"""A configuration that fails in nine of ten repeats is no good one: failed repeats are part of its score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from hpo_gym import InvalidValueError, Status, UnknownNameError, load_suite, suite_from_csv, table_suite
from hpo_gym.app import app
from hpo_gym.suites.own.suite import TableSuite

# The best of four tasks: .9, ten repeats of 4, 1 the least. At .1: one 5 and nine failures = (5 + 9 x 1) / 10 = 1.4.
LINES = ["task,x,score,seed"]
for _t in "abcd":
    LINES += [f"{_t},0.1,5.0,0", *(f"{_t},0.1,failed,{s}" for s in range(1, 10))]
    LINES += [*(f"{_t},0.9,4.0,{s}" for s in range(10)), f"{_t},0.5,1.0,0"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "z.csv"
    path.write_text("\n".join(LINES))
    return path


def scores(suite: TableSuite) -> dict[float, float]:
    return {round(x, 3): suite.members[0].run({"x": x}).score for x in (0.1, 0.5, 0.9)}


@pytest.mark.smoke
@pytest.mark.parametrize(("failures", "first"), [("worst", 1.4), ("fail", None), ("drop", 5.0)])
def test_a_file_counts_failed_repeats(file: Path, failures: str, first: float | None) -> None:
    with pytest.warns(UserWarning, match=f"36 repeats of 4 measured configurations failed .*failures='{failures}'"):
        suite = suite_from_csv(file, ignore=["seed"], failures=failures)
    task = suite.members[0]
    trial = task.run({"x": 0.1})
    assert (trial.status == Status.FAILED) == (first is None)
    assert first is None or trial.score == pytest.approx(first)
    assert task.best == (5.0 if failures == "drop" else 4.0)
    assert suite.about["preprocessing"][-1].startswith("36 repeats of 4")


def test_the_default_is_the_worst_score_and_the_folder_says_so(file: Path, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="worst score of its task"):
        suite = suite_from_csv(file, ignore=["seed"])
    suite.save(tmp_path / "z")
    again = load_suite(tmp_path / "z")
    assert isinstance(again, TableSuite)
    assert scores(again) == scores(suite) == {0.1: pytest.approx(1.4), 0.5: 1.0, 0.9: 4.0}
    assert again.about["preprocessing"] == suite.about["preprocessing"]


def test_the_command_line_has_the_choice(file: Path, tmp_path: Path) -> None:
    for name, more in (("a", []), ("b", ["--failures", "drop"])):
        words = ["import", str(file), "--ignore", "seed", "--out", str(tmp_path / name), *more]
        assert CliRunner().invoke(app, words).exit_code == 0
    assert [load_suite(tmp_path / name).members[0].best for name in "ab"] == [4.0, 5.0]


def test_a_failed_repeat_has_the_worst_of_its_fidelity_its_test_score_and_its_objective(tmp_path: Path) -> None:
    """Worked by hand: at epoch 1 the least is 2, at epoch 2 it is 3; test scores 10 and 20; sizes at most 9."""
    lines = ["i,epoch,score,test,size", "0,1,4,12,5", "0,1,failed,,", "0,2,7,24,5", "0,2,failed,,"]
    lines += ["1,1,2,10,9", "1,2,3,20,9"]
    path = tmp_path / "curves.csv"
    path.write_text("\n".join(lines))
    with pytest.warns(UserWarning, match="2 repeats of 2 measured"):
        table = suite_from_csv(path, fidelity="epoch", test_score="test", objectives={"size": "minimize"}).table
    row = int(np.argmax(table.score[0, :, 1]))
    assert table.score[0, row].tolist() == [(4 + 2) / 2, (7 + 3) / 2]
    assert table.test_score is not None and table.test_score[0, row].tolist() == [(12 + 10) / 2, (24 + 20) / 2]
    assert table.objectives is not None and table.objectives[0, row, 0] == (5 + 9) / 2


def given(**more: Any) -> TableSuite:
    """One failed of two repeats of row 0, both of row 1, none of row 2; the least single score is 1."""
    repeats = np.array([[[8.0, -np.inf], [-np.inf, -np.inf], [1.0, 3.0]]])
    return table_suite(
        "Repeats",
        {"i": [0, 1, 2]},
        [{"i": i} for i in range(3)],
        np.array([[8.0, -np.inf, 2.0]]),
        repeats=repeats,
        **more,
    )


def test_an_array_of_repeats_counts_failed_ones() -> None:
    suite, failed, dropped = given(), given(failures="fail"), given(failures="drop")
    assert suite.table.score[0, :, 0].tolist() == [(8 + 1) / 2, -np.inf, 2.0]
    assert failed.table.score[0, :, 0].tolist() == [-np.inf, -np.inf, 2.0]
    assert dropped.table.score[0, :, 0].tolist() == [8.0, -np.inf, 2.0]
    assert suite.about["preprocessing"] == [
        "1 repeat of 1 measured configuration failed where others succeeded: each failed one counts as the worst score "
        "of its task (`failures='worst'`)"
    ]
    assert {suite.members[0].run({"i": 0}, seed=seed).score for seed in range(20)} == {8.0, 1.0}
    assert {dropped.members[0].run({"i": 0}, seed=seed).score for seed in range(20)} == {8.0}


def test_a_folder_with_failed_repeats_counts_them_as_the_worst(tmp_path: Path) -> None:
    """Of a folder that another program wrote."""
    from hpo_gym.suites.own import files

    given().save(tmp_path / "own")
    said, arrays = files.read_folder(tmp_path / "own")
    arrays = {**arrays, "repeats": np.array([[[8.0, -np.inf], [-np.inf, -np.inf], [1.0, 3.0]]])[:, :, None]}
    arrays["score"] = np.array([[8.0, -np.inf, 2.0]])
    files.write_folder(
        tmp_path / "own", said.model_dump(exclude_unset=True, exclude={"sha256", "preprocessing"}), arrays
    )
    again = load_suite(tmp_path / "own")
    assert isinstance(again, TableSuite)
    assert again.table.score[0, :, 0].tolist() == [4.5, -np.inf, 2.0]
    assert again.about["preprocessing"] == given().about["preprocessing"]


def test_another_choice_is_refused(file: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"'worse'. Did you mean 'worst'"):
        suite_from_csv(file, ignore=["seed"], failures="worse")
    with pytest.raises(InvalidValueError, match=r"got \+inf"):
        table_suite("R", {"i": [0, 1]}, [{"i": 0}, {"i": 1}], [[1.0, 2.0]], repeats=np.array([[[np.inf], [2.0]]]))


def test_costs_come_back_with_all_digits(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("lr,val,cost\n0.1,0.7,0.2\n0.2,0.8,0.3\n0.3,0.6,\n")
    suite = suite_from_csv(tmp_path / "t.csv", score="val", cost="cost")
    assert [suite.members[0].run({"lr": lr}).cost for lr in (0.1, 0.2, 0.3)] == [0.2, 0.3, 0.25]  # unknown: the median
