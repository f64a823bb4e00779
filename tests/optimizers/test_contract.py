"""What every registered optimizer keeps to, agents too: found by the registry, so a new file is tested by existing."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys
from ConfigSpace import ConfigurationSpace
from small import (
    ENTRIES,
    EVERY,
    HEAVY,
    HERE,
    TRAINABLE,
    contents,
    made,
    need,
    ready,
    ready_without_tables,
    rng,
    train,
    trained,
)

from hpo_gym.base.errors import DamagedDataError, InvalidValueError, SplitError, StateError
from hpo_gym.bench.entrants import Entrant
from hpo_gym.checks.faults import difference
from hpo_gym.checks.optimizer import check_optimizer
from hpo_gym.optimize.forms import form_of, make_optimizer
from hpo_gym.optimize.learning.saved import read_about
from hpo_gym.optimize.protocol import OPTIMIZERS, BatchOptimizer, Context, Optimizer, Resumable, Trainable, smoke_of
from hpo_gym.optimize.rollouts import Run, rollout, run_batch, run_one
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Trial
from hpo_gym.suites.load import load_suite

FAMILIES = {"control", "no-transfer", "evolutionary", "transfer", "multi-fidelity", "schedule", "rl", "multi-objective"}
BATCHED = [name for name in HERE if hasattr(OPTIMIZERS.get(name), "ask_batch")]
TUNERS = [name for name in BATCHED if name in ENTRIES]
RESUMABLE = [name for name in HERE if hasattr(OPTIMIZERS.get(name), "train_in")]
SUITE = toys.gappy()
every_optimizer = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in HEAVY else n for n in ENTRIES]
)


@pytest.fixture(params=sorted(EVERY))
def name(request: pytest.FixtureRequest) -> str:
    return need(request.param)


@pytest.fixture(params=TRAINABLE)
def agent(request: pytest.FixtureRequest) -> str:
    return need(request.param)


# ---------------------------------------------------------------------- what it says of itself
def test_it_states_its_family_reference_version_and_what_it_can(name: str) -> None:
    maker, about, optimizer = OPTIMIZERS.get(name), EVERY[name].about, make_optimizer(name)
    assert about["family"] in FAMILIES
    assert isinstance(maker.version, int)  # type: ignore[attr-defined]
    assert "**Reference**" in (maker.__doc__ or "")
    assert "**Differs from the paper" in (maker.__doc__ or "")
    assert isinstance(optimizer, Optimizer)
    assert isinstance(optimizer, Trainable) is about["trainable"]
    assert isinstance(optimizer, BatchOptimizer) is (name in BATCHED)
    assert isinstance(optimizer, Resumable) is (name in RESUMABLE)


def test_made_by_its_own_settings_it_is_the_same(name: str) -> None:
    for optimizer in (make_optimizer(name), made(name)):
        settings = getattr(optimizer, "settings", vars(optimizer))
        again = type(optimizer)(**settings)
        assert getattr(again, "settings", vars(again)) == settings
        assert set(settings) == set(inspect.signature(type(optimizer)).parameters)


def test_smoke_holds_settings_and_is_none(name: str) -> None:
    smoke, optimizer = smoke_of(name), made(name)
    for key, value in smoke.items():
        own = getattr(optimizer, key)
        assert own == ({**own, **value} if isinstance(value, Mapping) else value)
    for entrant in (Entrant.of(form_of(name)), Entrant.of(form_of({"name": name, **smoke}))):
        assert "smoke" not in json.dumps(entrant.identity)


def test_ask_before_reset_is_an_error(name: str) -> None:
    with pytest.raises(StateError, match=r"reset|train"):
        made(name).ask()


# ---------------------------------------------------------------------- choosing
@every_optimizer
@pytest.mark.long
def test_the_public_contract_is_kept(name: str) -> None:
    need(name)
    task, train = SUITE.tasks("test")[0], SUITE.tasks("train")
    check_optimizer(lambda: made(name), task, budget=6, prior=SUITE.prior(), train=train)


@every_optimizer
def test_the_public_contract_is_kept_without_a_table(name: str) -> None:
    formulas = toys.formulas()
    check_optimizer(ready_without_tables(need(name)), formulas.tasks("test")[0], budget=3, prior=formulas.prior())


def batch_cases() -> Iterator[Any]:
    """A table with given points and functions without for each; the others, and all but one that is heavy, are slow."""
    for name in TUNERS:
        for suite in toys.SUITE_NAMES:
            for n_init in (0, 5):
                fast = (suite, n_init) in [("ToyGappy", 5), ("ToyFormulas", 0)][: 1 if name in HEAVY else 2]
                yield pytest.param(name, suite, n_init, marks=() if fast else pytest.mark.slow)


@pytest.mark.parametrize(("name", "suite", "n_init"), list(batch_cases()))
def test_a_batch_runs_as_its_runs_one_by_one(name: str, suite: str, n_init: int) -> None:
    new, loaded = ready(name, suite), load_suite(suite)
    budget, times = (3.0, 1) if name in HEAVY else (7.0, 2)
    of_one_space: dict[Any, list[Any]] = {}
    for task in loaded.tasks("test"):
        of_one_space.setdefault((task.space, task.fidelities), []).append(task)
    for tasks in of_one_space.values():
        many = tasks * times
        worlds, contexts = range(len(many)), [Context.of(t, budget, loaded.prior()) for t in many]
        runs = run_batch(
            new(), many, worlds, contexts, [rng(world, 7) for world in worlds], budget=budget, n_init=n_init
        )
        for world, task, context in zip(worlds, many, contexts, strict=True):
            alone = Run(task, budget, world, n_init)
            run_one(new(), alone, context, rng(world, 7))
            assert difference(told(alone.trials), told(runs.view(world).trials)) is None


def told(trials: Sequence[Trial]) -> list[Any]:
    return [(dict(t.config), t.fidelity, t.score, t.cost, t.status) for t in trials]


# ---------------------------------------------------------------------- training
def choices(optimizer: Any, n_init: int = 0) -> list[Any]:
    return [told(rollout(optimizer, t, 6, prior=SUITE.prior(), n_init=n_init).trials) for t in SUITE.tasks("test")]


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


@pytest.mark.long
def test_another_seed_trains_another(agent: str, tmp_path: Path) -> None:
    train(made(agent), SUITE, seed=1).save(tmp_path)
    assert contents(tmp_path) != contents(trained(agent).folder)


def digests(names: Sequence[str]) -> dict[str, str]:
    """A hash of the files of each training."""
    files = {name: contents(trained(name).folder) for name in names}
    return {n: hashlib.sha256(b"".join(f[k] for k in sorted(f))).hexdigest() for n, f in files.items()}


@pytest.mark.long
def test_one_seed_writes_the_same_bytes_in_another_process() -> None:
    names = [name for name in TRAINABLE if name in HERE]
    code = f"from test_contract import digests, json\nprint(json.dumps(digests({names!r})))"
    env = {**os.environ, "PYTHONHASHSEED": "3", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == digests(names)


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


def test_what_was_trained_on_tables_tunes_an_objective_of_ones_own(agent: str) -> None:
    check_optimizer(ready(agent), Context(SUITE.space, 3.0))


def test_another_search_space_is_refused_or_tuned(agent: str) -> None:
    other = SearchSpace(ConfigurationSpace({"a": (0.0, 2.0)}))
    optimizer = ready(agent)()
    try:
        optimizer.reset(Context(other, 5.0), rng(0))
    except InvalidValueError as refusal:
        assert "must be the one trained on" in str(refusal)
    else:
        check_optimizer(ready(agent), Context(other, 5.0))
