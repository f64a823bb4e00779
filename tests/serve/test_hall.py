"""What a server shows and refuses, in this process: no relatives of the task, no other split, no wrong words."""

from __future__ import annotations

from pathlib import Path

import pytest
from ladder import ladder

import hpo_gym
from hpo_gym import app
from hpo_gym.base import HPOGymError, UnknownNameError
from hpo_gym.serve import Hall


def kin() -> hpo_gym.Suite:
    """Two relatives and a third task to train on, a fourth to judge on."""
    splits = {"train": ["a1", "a2", "b"], "test": ["c"]}
    scores = [[0.0, 1.0], [0.5, 1.0], [1.0, 0.0], [1.0, 0.5]]
    return hpo_gym.table_suite(
        "Kin", {"x": (0.0, 1.0)}, [[0.0], [1.0]], scores, tasks=["a1", "a2", "b", "c"],
        families=["a", "a", "b", "c"], splits=splits,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("split", "task", "shown"),
    [("train", "a1", {"b"}), ("train", "a2", {"b"}), ("train", "b", {"a"}), ("test", "c", {"a", "b"})],
)
def test_no_relative_of_a_task_is_among_its_earlier_tasks(split: str, task: str, shown: set[str]) -> None:
    """A relative is nearly the task itself: its best rows are the answer."""
    _, context, _ = Hall(kin(), split).run(task)
    assert {earlier.family for earlier in context.prior} == shown
    assert Hall(kin(), split).begin(task).opening[0]["prior"] == len(context.prior)


def test_no_task_of_another_split_is_served() -> None:
    for split, task in (("train", "c"), ("test", "b")):
        with pytest.raises(UnknownNameError, match=f"No task in the split '{split}' of 'Kin':"):
            Hall(kin(), split).begin(task)
    assert {Hall(kin()).begin(seed=seed).run.task.name for seed in range(20)} == {"a1", "a2", "b"}
    with pytest.raises(HPOGymError, match="'val'"):
        Hall(kin(), "val")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mcp"], "takes a suite"), (["SVM"], "one of --stdio, --openenv and --mcp"),
        (["SVM", "--mcp", "--openenv"], "one of"), (["SVM", "--openenv", "--objective", "mine.py:score"], "one of"),
        (["--mcp", "--objective", "mine.py:score"], "`--space`"), (["Svn", "--mcp"], "'SVM'"),
        (["SVM", "--mcp", "--form", "prose"], "'prose'"), (["SVM", "--openenv", "--host", "0.0.0.0"], "--anybody"),
        (["ladder", "--stdio", "--split", "val"], "'val'"),
    ],
)  # fmt: skip
def test_wrong_words_are_refused_before_anybody_is_served(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ladder().save(tmp_path / "ladder")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["hpo-gym", "serve", *words])
    with pytest.raises(SystemExit) as stop:
        app.main()
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "") and said in " ".join(err.split())
