"""From the keywords of an env to a kernel: what is taken, what is refused, and with which words."""

from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import InvalidValueError, SplitError, UnknownNameError
from hpo_gym.env.codecs import CODECS
from hpo_gym.env.config import EnvConfig
from hpo_gym.env.make import make_kernel, task_positions
from hpo_gym.env.parts import make_part

X = [[0.0], [1.0]]
LEVELS = (0.25, 1.0)
KEYWORDS: dict[str, Any] = {
    "split": "train", "task": None, "fold": None, "budget": 3, "observer": "last", "codec": "pool", "reward": "score",
    "scores": "raw", "duplicates": "allow", "n_init": 0,
}  # fmt: skip


def suite() -> hpo_gym.Suite:
    """Two tasks to train on, one in no split; two rows at two fidelities."""
    space = cs.ConfigurationSpace({"u": (0.0, 1.0)})
    scores = [[[0.0, row + k] for row in (1.0, 2.0)] for k in range(4)]
    splits = {"train": ["a", "b"], "val": ["c"]}
    return hpo_gym.table_suite("Made", space, X, scores, fidelities=LEVELS, tasks=["a", "b", "c", "d"], splits=splits)


SUITE = suite()


def made(n: int = 2, source: Any = SUITE, **keywords: Any) -> Any:
    return make_kernel(n, source, EnvConfig(**{**KEYWORDS, **keywords}))


@pytest.mark.parametrize("name", ["num_envs", "budget", "n_init"])
@pytest.mark.parametrize("value", [-1, 1_000_001, True, 2.0, "3"])
def test_a_count_is_an_integer_in_its_range(name: str, value: Any) -> None:
    least = 0 if name == "n_init" else 1
    with pytest.raises(InvalidValueError) as caught:
        made(value) if name == "num_envs" else made(**{name: value})
    assert str(caught.value).startswith(f"`{name}` must be an integer in [{least}, 1000000], got {value!r}")


def test_a_suite_is_a_name_a_folder_or_a_suite(tmp_path: Any) -> None:
    SUITE.save(tmp_path / "made")
    for source in (SUITE, tmp_path / "made", str(tmp_path / "made")):
        assert made(source=source)[0].data_hash == SUITE.data_hash
    with pytest.raises(InvalidValueError, match="`suite` must be a name, a folder or a Suite, got 7"):
        made(source=7)


def test_the_horizon_counts_the_initial_design_and_the_cheapest_fidelity_that_can_be_chosen() -> None:
    assert made(n_init=2)[1].contexts.horizon == 5
    assert made(n_init=2, codec={"name": "pool", "fidelity": True})[1].contexts.horizon == 14  # 3 / .25 + 2


def test_a_task_is_asked_for_in_its_own_split() -> None:
    with pytest.raises(SplitError, match=r"Task 'c' belongs to split 'val', got `split='train'`\."):
        made(task="c")
    with pytest.raises(SplitError, match="Task 'd' is in no split of 'Made': its published split leaves it out"):
        made(task="d")
    with pytest.raises(InvalidValueError, match=r"Suite 'Made' has no task in split 'test' \(fold None\)\."):
        made(split="test")
    with pytest.raises(UnknownNameError, match="aa"):
        made(task="aa")


# ---------------------------------------------------------------------- options of reset
def test_tasks_are_found_by_one_name_or_by_a_name_for_each_run() -> None:
    tasks = made()[1].contexts.batch.tasks
    assert task_positions(tasks, "b", 3) == [1, 1, 1]
    for names in (["b", "a"], ("b", "a"), np.array(["b", "a"])):
        assert task_positions(tasks, names, 2) == [1, 0]
    for names in (["b"], ["b", "a", "a"], {"b", "a"}, np.array([["b", "a"]]), 5):
        with pytest.raises(InvalidValueError, match=r"`options\['task'\]` must be one name or a list of 2, got"):
            task_positions(tasks, names, 2)
    with pytest.raises(UnknownNameError, match=r"task \(in this env\) 'c'"):
        task_positions(tasks, ["a", "c"], 2)
    with pytest.raises(UnknownNameError, match=r"task \(in this env\)"):
        task_positions(tasks, ["a", 5], 2)


def test_a_function_of_contexts_and_runs_is_a_reward() -> None:
    env = hpo_gym.HPOEnv(SUITE, codec="pool", budget=2, task="b", reward=lambda contexts, runs: 10.0 * runs.last)
    env.reset(seed=0)
    assert [env.step(row)[1] for row in (0, 1)] == [20.0, 30.0]


@pytest.mark.parametrize("name", ["split", "scores", "duplicates", "task"])
def test_a_word_is_a_text(name: str) -> None:
    with pytest.raises(InvalidValueError, match=f"`{name}` must be a name, got 5"):
        made(**{name: 5})


@pytest.mark.parametrize("levels", [3, np.int64(3)])
def test_an_integer_option_of_a_part_stays_one(levels: Any) -> None:
    assert type(make_part(CODECS, {"name": "move", "levels": levels}).levels) is int
