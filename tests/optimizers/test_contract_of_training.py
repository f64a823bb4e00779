"""What every registered optimizer that is trained keeps to: one seed one training, files that say what they hold."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys
from batches import reported
from ConfigSpace import ConfigurationSpace
from small import (
    HERE,
    TRAINABLE,
    contents,
    made,
    need,
    ready,
    rng,
    train,
    trained,
)

from hpo_gym import Task, check_optimizer, live_suite
from hpo_gym.base.errors import DamagedDataError, InvalidValueError, SplitError, StateError
from hpo_gym.checks.faults import difference
from hpo_gym.optimize.learning.folders import read_about
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.space import SearchSpace

RESUMABLE = [name for name in HERE if hasattr(OPTIMIZERS.get(name), "train_in")]
SUITE = toys.gappy()


@pytest.fixture(params=TRAINABLE)
def agent(request: pytest.FixtureRequest) -> str:
    return need(request.param)


# ---------------------------------------------------------------------- training
def choices(optimizer: Any, n_init: int = 0) -> list[Any]:
    return [reported(rollout(optimizer, t, 6, prior=SUITE.prior(), n_init=n_init).trials) for t in SUITE.tasks("test")]


def test_it_must_be_trained_first(agent: str, tmp_path: Path) -> None:
    optimizer = made(agent)
    assert optimizer.seen == frozenset()
    with pytest.raises(StateError, match="trained or loaded"):
        optimizer.reset(Context(SUITE.space, 5.0), rng(0))
    with pytest.raises(StateError, match="trained or loaded"):
        optimizer.save(tmp_path)


def test_it_trains_in_the_small_and_names_what_it_saw(agent: str) -> None:
    found = trained(agent)
    assert found.optimizer.seen == {t.family for split in ("train", "val") for t in SUITE.tasks(split)}
    assert found.disturbed == ()


def test_a_training_that_does_not_end_fails_and_asks_for_a_smaller_smoke() -> None:
    class Endless:
        def train(self, tasks: Any, rng: Any, validation: Any) -> None:
            while True:
                pass

    with pytest.raises(TimeoutError, match="`smoke`"):
        train(Endless(), SUITE, seconds=0.05)


def test_a_family_is_trained_or_validated_on(agent: str) -> None:
    tasks = SUITE.tasks("train")
    with pytest.raises(SplitError, match="not both"):
        made(agent).train(tasks, rng(0), validation=tasks[:1])
    with pytest.raises(InvalidValueError, match="At least one task"):
        made(agent).train([], rng(0), validation=tasks)


def digests(names: Sequence[str]) -> dict[str, str]:
    """A hash of the files of each training."""
    files = {name: contents(trained(name).folder) for name in names}
    return {n: hashlib.sha256(b"".join(f[k] for k in sorted(f))).hexdigest() for n, f in files.items()}


@pytest.mark.long
def test_one_seed_writes_the_same_bytes_in_another_process() -> None:
    names = [name for name in TRAINABLE if name in HERE]
    code = f"from test_contract_of_training import digests, json\nprint(json.dumps(digests({names!r})))"
    env = {**os.environ, "PYTHONHASHSEED": "3", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == digests(names)


@pytest.mark.long
@pytest.mark.parametrize("agent", RESUMABLE)
def test_a_training_that_was_stopped_goes_on_to_the_same_bytes(agent: str, tmp_path: Path) -> None:
    folder, out = tmp_path / "training", tmp_path / "out"

    class Stop(Exception):
        pass

    def stop(done: int, total: int, what: str) -> None:
        if done > 0.4 * total:
            raise Stop

    def train_in(**options: Any) -> tuple[Any, list[list[float]]]:
        optimizer = made(agent)
        return optimizer, optimizer.train_in(
            folder, SUITE.tasks("train"), rng(0), validation=SUITE.tasks("val"), **options
        )

    for _ in range(2):  # the second time, it begins where it was stopped
        with pytest.raises(Stop):
            train_in(progress=stop)
    finished, curve = train_in()
    done, again = train_in()
    assert curve == again
    assert [trials for trials, _ in curve] == sorted({trials for trials, _ in curve})
    assert np.isfinite(curve).all()
    for optimizer in (finished, done):
        optimizer.save(out)
        assert contents(out) == contents(trained(agent).folder)


# ---------------------------------------------------------------------- files
@pytest.mark.parametrize("n_init", [0, 2])
def test_what_was_saved_chooses_alike(agent: str, n_init: int, tmp_path: Path) -> None:
    found, other = trained(agent), ready(agent)()
    assert difference(choices(found.optimizer, n_init), choices(other, n_init)) is None
    assert (other.seen, other.settings) == (found.optimizer.seen, found.optimizer.settings)
    other.save(tmp_path)
    assert contents(tmp_path) == contents(found.folder)


def test_the_file_says_what_it_is_and_holds_its_settings(agent: str) -> None:
    found = trained(agent)
    about = read_about(found.folder)
    assert (about["optimizer"], about["version"]) == (agent, OPTIMIZERS.get(agent).version)  # type: ignore[attr-defined]
    assert about["settings"] == found.optimizer.settings == made(agent).settings
    assert about["seen"] == sorted(found.optimizer.seen)
    assert about["suites"] == [SUITE.name]
    assert "smoke" not in json.dumps(about)


@pytest.mark.parametrize("how", ["missing", "cut", "changed"])
def test_damaged_files_are_refused_and_change_nothing(agent: str, how: str, tmp_path: Path) -> None:
    whole, optimizer = contents(trained(agent).folder), ready(agent)()
    before = choices(optimizer)
    for damaged in whole:
        for file, data in whole.items():
            (tmp_path / file).write_bytes(data)
        middle = len(whole[damaged]) // 2
        changed = whole[damaged][:middle] + bytes([whole[damaged][middle] ^ 1]) + whole[damaged][middle + 1 :]
        (tmp_path / damaged).unlink()
        if how != "missing":
            (tmp_path / damaged).write_bytes(whole[damaged][:-40] if how == "cut" else changed)
        with pytest.raises(DamagedDataError, match=damaged):
            optimizer.load(tmp_path)
    assert difference(before, choices(optimizer)) is None


def own_task(space: SearchSpace) -> Task:
    """Return the task of an objective of one's own: any configuration, with a score that depends on it alone."""
    objective = lambda config: float(space.to_unit(config).sum())  # noqa: E731
    return live_suite("Own", space, {"own": objective}).task("own")


@pytest.mark.long
def test_what_was_trained_on_tables_tunes_an_objective_of_ones_own(agent: str) -> None:
    check_optimizer(ready(agent), own_task(SUITE.space), budget=3, processes=False)


@pytest.mark.long
def test_another_search_space_is_refused_or_tuned(agent: str) -> None:
    other = SearchSpace(ConfigurationSpace({"a": (0.0, 2.0)}))
    optimizer = ready(agent)()
    try:
        optimizer.reset(Context(other, 5.0), rng(0))
    except InvalidValueError as refusal:
        assert "must be the one trained on" in str(refusal)
    else:
        check_optimizer(ready(agent), own_task(other), budget=5, processes=False)
