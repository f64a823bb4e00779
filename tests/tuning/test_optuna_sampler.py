"""`HPOGymSampler`: what the optimizer is told, and that proposals hang on the storage, the seed and nothing else."""

from __future__ import annotations

import itertools
import json
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hpo_gym
from hpo_gym import Context, Query, Status, Trial
from hpo_gym.base.errors import InvalidValueError

optuna = pytest.importorskip("optuna", reason="needs Optuna")

SPACE = {"x": (0.0, 1.0), "rate": (1e-4, 1.0, "log"), "kind": ["a", "b"]}
COMPLETE, PRUNED, FAIL = (getattr(optuna.trial.TrialState, name) for name in ("COMPLETE", "PRUNED", "FAIL"))


pytestmark = pytest.mark.usefixtures("quiet")


class Recorder:
    """Proposes random configurations, and keeps what every one of its kind is told and asked."""

    runs: ClassVar[list[tuple[Context, list[Trial | str]]]] = []

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.rng, self.heard = rng, list[Trial | str]()
        self.context = context
        self.runs.append((context, self.heard))

    def ask(self) -> Query | None:
        self.heard.append("ask")
        return Query(self.context.space.from_unit(self.context.space.sample(self.rng, 1)[0]))

    def tell(self, trial: Trial) -> None:
        self.heard.append(trial)


@pytest.fixture
def runs() -> list[tuple[Context, list[Trial | str]]]:
    Recorder.runs.clear()
    return Recorder.runs


def config_of(trial: Any) -> dict[str, Any]:
    return {
        "x": trial.suggest_float("x", 0.0, 1.0),
        "rate": trial.suggest_float("rate", 1e-4, 1.0, log=True),
        "kind": trial.suggest_categorical("kind", ["a", "b"]),
    }


def bowl(config: dict[str, Any]) -> float:
    if config["x"] > 0.9:
        raise ValueError("too much")
    return float((config["x"] - 0.3) ** 2 + (math.log10(config["rate"]) + 2) ** 2 + (config["kind"] == "b"))


def objective(trial: Any) -> float:
    return bowl(config_of(trial))


def tried(sampler: Any, count: int, direction: str = "minimize", objective: Any = objective) -> list[dict[str, Any]]:
    study = optuna.create_study(direction=direction, sampler=sampler)
    study.optimize(objective, count, catch=(ValueError,))
    return [t.params for t in study.trials]


# ---------------------------------------------------------------------- proposals
@pytest.mark.parametrize("optimizer", ["gp-ei", "de", "cma-es", "tpe", "rgpe"])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.long
def test_the_proposals_are_those_of_tune(optimizer: str, direction: str) -> None:
    first: list[dict[str, Any]] = [{"x": 0.95, "rate": 0.1, "kind": "b"}, {"x": 0.5, "rate": 0.5, "kind": "a"}]
    found = hpo_gym.tune(bowl, SPACE, optimizer=optimizer, budget=14, init=first, direction=direction, seed=7)
    sampler = hpo_gym.HPOGymSampler(optimizer, budget=14, space=SPACE, seed=7)
    study = optuna.create_study(direction=direction, sampler=sampler)
    for ended in found.ended[:2]:
        study.enqueue_trial(dict(ended.config))
    study.optimize(objective, 14, catch=(ValueError,))
    assert [t.params for t in study.trials] == [dict(e.config) for e in found.ended]
    assert study.trials[0].state == FAIL, "failures are told alike"


@pytest.mark.parametrize("optimizer", ["gp-ei", "random", "de", "cma-es"])
@pytest.mark.parametrize("space", [None, SPACE], ids=["inferred", "given"])
def test_a_proposal_hangs_on_the_storage_not_on_what_the_process_did(optimizer: str, space: Any) -> None:
    if optimizer == "cma-es":
        pytest.importorskip("cmaes", reason="needs: pip install 'hpo-gym[bo]'")
    once = tried(hpo_gym.HPOGymSampler(optimizer, space=space, seed=3), 12)
    study = optuna.create_study()
    for number in range(12):
        fresh = hpo_gym.HPOGymSampler(optimizer, space=space, seed=3)
        study.sampler = pickle.loads(pickle.dumps(fresh)) if number % 2 else fresh  # noqa: S301 - our own
        study.optimize(objective, 1, catch=(ValueError,))
    assert [t.params for t in study.trials] == once
    assert tried(hpo_gym.HPOGymSampler(optimizer, space=space, seed=4), 3) != once[:3]


# ---------------------------------------------------------------------- what is told
def test_failures_pruned_and_infeasible_trials_are_told_with_the_worst(runs: Any) -> None:
    sampler = hpo_gym.HPOGymSampler(Recorder, space={"x": (0.0, 9.0)}, seed=0)
    study = optuna.create_study(direction="minimize", sampler=sampler)
    float_0_9 = optuna.distributions.FloatDistribution(0, 9)

    def add(
        x: float, state: Any, value: float | None = None, steps: dict[int, float] | None = None, **said: Any
    ) -> None:
        study.add_trial(
            optuna.create_trial(
                params={"x": x}, distributions={"x": float_0_9}, state=state, value=value,
                intermediate_values=steps or {}, system_attrs=said,
            )
        )  # fmt: skip

    add(0, FAIL)  # as the worse of two successes
    add(1, COMPLETE, 4.0)
    add(2, PRUNED, steps={1: 9.0, 5: 6.0, 3: 1.0})  # the last step is 5
    add(3, FAIL)
    add(4, PRUNED)
    add(5, COMPLETE, 1.0, constraints=[-1.0, 0.5])  # as `constraints_func` is stored
    add(6, COMPLETE, 5.0, constraints=[0.0, -1.0])
    add(7, COMPLETE, 3.0, **{"constraints:memory": 0.1})  # as `Trial.set_constraint` is
    add(8, COMPLETE, math.inf)
    add(9, PRUNED, steps={1: math.nan})
    study.ask({"x": float_0_9})
    reported = [t for t in runs[-1][1] if t != "ask"]
    assert [(t.config["x"], t.score, t.status.label) for t in reported] == [
        (0, -5, "failed"), (1, -4, "ok"), (2, -5, "stopped"), (3, -5, "failed"), (4, -5, "stopped"),
        (5, -5, "infeasible"), (6, -5, "ok"), (7, -5, "infeasible"), (8, -5, "diverged"), (9, -5, "diverged"),
    ]  # fmt: skip


def test_trials_that_run_or_wait_count_as_the_worst(runs: Any) -> None:
    study = optuna.create_study(
        direction="maximize", sampler=hpo_gym.HPOGymSampler(Recorder, space={"x": (0.0, 1.0)}, seed=0)
    )
    distributions = {"x": optuna.distributions.FloatDistribution(0, 1)}
    study.tell(study.ask(distributions), 5.0)
    study.tell(study.ask(distributions), 3.0)
    running = study.ask(distributions)
    study.enqueue_trial({"x": 0.125})
    study.enqueue_trial({"x": 0.375})
    study.ask(distributions)  # the first of these two
    runs.clear()
    new = study._storage.get_trial(study._storage.create_new_trial(study._study_id))
    study.sampler.sample_relative(study, new, distributions)
    ((_, heard),) = runs
    assert heard.pop() == "ask"
    assert [t.score for t in heard] == [5, 3, 3, 3, 3]
    assert [t.config["x"] for t in heard[2:]] == [running.params["x"], 0.125, 0.375]
    assert all(t.status is Status.OK for t in heard)


class Least:
    """Proposes the least whole number that it was not told."""

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.reported = set[int]()

    def ask(self) -> Query | None:
        return Query({"n": next(n for n in range(1, 10) if n not in self.reported)})

    def tell(self, trial: Trial) -> None:
        self.reported.add(trial.config["n"])


def test_two_that_propose_the_same_at_once_propose_again() -> None:
    study = optuna.create_study()
    trials = [study._storage.get_trial(study._storage.create_new_trial(study._study_id)) for _ in range(2)]
    one, other = (hpo_gym.HPOGymSampler(Least, space={"n": (1, 9)}, seed=0) for _ in range(2))
    space = one.infer_relative_search_space(study, trials[0])
    ask, found = one._next, dict[str, Any]()

    def slow(*arguments: Any) -> Any:
        said = ask(*arguments)
        if not found:  # the other one reads the storage, and has its value, before this one has written
            found.update(other.sample_relative(study, trials[1], space))
            study._storage.set_trial_param(trials[1]._trial_id, "n", 1.0, space["n"])
            study._storage.set_trial_state_values(trials[1]._trial_id, COMPLETE, [1.0])
        return said

    one._next = slow
    assert one.sample_relative(study, trials[0], space) == {"n": 2}
    assert found == {"n": 1}


# ---------------------------------------------------------------------- conditional spaces
def branches(trial: Any) -> float:
    if trial.suggest_categorical("kind", ["a", "b"]) == "a":
        return float((trial.suggest_float("u", 0.0, 1.0) - 0.3) ** 2)
    return 0.5 + trial.suggest_int("v", 1, 100) / 100


def test_a_branch_has_an_optimizer_that_is_told_its_trials(runs: Any) -> None:
    study = optuna.create_study(sampler=hpo_gym.HPOGymSampler(Recorder, seed=0))
    study.optimize(branches, 20)
    last = {context.space.names: heard for context, heard in runs}
    for name in ("u", "v"):
        mine = [{name: t.params[name]} for t in study.trials if name in t.params]
        reported = [dict(t.config) for t in last[name,] if t != "ask"]
        assert len(reported) > 4 and reported == mine[: len(reported)] and len(mine) - len(reported) <= 1
    assert [t.config for t in last["kind",] if t != "ask"] == [{"kind": t.params["kind"]} for t in study.trials[:-1]]


def test_ranges_that_change_are_followed(runs: Any) -> None:
    study = optuna.create_study(sampler=hpo_gym.HPOGymSampler(Recorder, seed=0))
    study.optimize(lambda t: t.suggest_float("x", 0, 10), 5)
    study.optimize(lambda t: t.suggest_float("x", 0, 5), 5)
    (h,) = runs[-1][0].space.hyperparameters
    assert (h.low, h.high) == (0.0, 5.0)
    kept = [t.params["x"] for t in study.trials[:-1] if t.params["x"] <= 5]
    assert [t.config["x"] for t in runs[-1][1] if t != "ask"] == kept, "others are none of this range"


# ---------------------------------------------------------------------- parameters and configurations
def distributions() -> st.SearchStrategy[Any]:
    known = optuna.distributions
    floats = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted)
    above = st.tuples(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9)).map(sorted)
    ints = st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 2**20)).map(lambda p: (p[0], p[0] + p[1]))
    positive = st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)).map(lambda p: (p[0], p[0] + p[1]))
    plain = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text(max_size=3) | st.just(math.nan)
    coarse = st.tuples(st.floats(-100, 100), st.integers(0, 3000), st.sampled_from([0.1, 0.5, 1.0, 1e-3, 1e-5]))
    steps = coarse | st.tuples(st.just(0.0), st.integers(0, 3000), st.sampled_from([1e-9, 1e-13]))  # exact only near 0
    return st.one_of(
        floats.map(lambda p: known.FloatDistribution(*p)),
        above.map(lambda p: known.FloatDistribution(*p, log=True)),
        steps.map(lambda p: known.FloatDistribution(p[0], p[0] + p[1] * p[2], step=p[2])),
        st.tuples(ints, st.integers(1, 9)).map(lambda p: known.IntDistribution(*p[0], step=p[1])),
        positive.map(lambda p: known.IntDistribution(*p, log=True)),
        st.lists(plain, min_size=1, max_size=5).map(known.CategoricalDistribution),
    )


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and (a == b or (a != a and b != b))


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:The distribution is specified")
@settings(max_examples=150, deadline=None)
@given(distributions(), st.integers(0, 2**32), st.sampled_from([0.0, 1.0, None]))
def test_parameters_are_in_their_distribution_and_survive_the_way_back(
    distribution: Any, seed: int, unit: float | None
) -> None:
    from hpo_gym.tuning.optuna_space import ParameterSpace

    parameters = ParameterSpace.of({"p": distribution})
    rng = np.random.default_rng(seed)
    u = rng.random(1) if unit is None else np.array([unit])
    config = parameters.space.from_unit(u)
    value = parameters.params(config)["p"]
    inner = distribution.to_internal_repr(value)
    assert distribution._contains(inner) and not isinstance(value, np.generic)
    assert isinstance(distribution, optuna.distributions.CategoricalDistribution) or type(value) is (
        int if isinstance(distribution, optuna.distributions.IntDistribution) else float
    )
    back = parameters.config({"p": value, "other": 1})
    choices = getattr(distribution, "choices", ())
    assert back is not None
    assert same(parameters.params(back)["p"], choices[inner] if choices else value)
    assert choices or back == config


@pytest.mark.parametrize(
    ("low", "high", "step", "wrong"), [(0.0, 1.0, 0.25, 0.3), (0, 10, 5, 4), (0.0, 1.0, 1e-4, 0.50005)]
)
def test_a_value_between_steps_or_outside_is_no_configuration(low: Any, high: Any, step: Any, wrong: Any) -> None:
    from hpo_gym.tuning.optuna_space import ParameterSpace

    kind = optuna.distributions.IntDistribution if isinstance(low, int) else optuna.distributions.FloatDistribution
    parameters = ParameterSpace.of({"p": kind(low, high, step=step)})
    assert parameters.config({"p": low + step}) is not None
    for value in (wrong, low - step, high + step, "a", None):
        assert parameters.config({"p": value}) is None
    assert parameters.config({}) is None


# ---------------------------------------------------------------------- several processes
WORKER = """
import sys, time
from pathlib import Path
import optuna, hpo_gym
optuna.logging.set_verbosity(optuna.logging.ERROR)
address, me, ready, count = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
sampler = hpo_gym.HPOGymSampler("gp-ei", space={"a": (1, 8), "b": (1, 8)}, seed=0)
study = optuna.load_study(study_name="s", storage=address, sampler=sampler)
(ready / me).touch()
while len(list(ready.iterdir())) < 2:
    time.sleep(0.01)
study.optimize(lambda t: (t.suggest_int("a", 1, 8) - 3) ** 2 + (t.suggest_int("b", 1, 8) - 5) ** 2, count)
"""


@pytest.mark.long
def test_two_processes_on_one_storage_repeat_nothing(tmp_path: Path) -> None:
    address, ready = f"sqlite:///{tmp_path}/study.db", tmp_path / "ready"
    ready.mkdir()
    study = optuna.create_study(study_name="s", storage=address)
    command = [sys.executable, "-c", WORKER, address]
    workers = [subprocess.Popen([*command, str(i), str(ready), "12"]) for i in range(2)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    spans = sorted((t.datetime_start, t.datetime_complete) for t in study.trials)
    assert any(a[1] > b[0] for a, b in itertools.pairwise(spans)), "trials ran side by side"
    assert len(study.trials) == 24 and len({json.dumps(t.params) for t in study.trials}) == 24


# ---------------------------------------------------------------------- earlier tasks
def earlier() -> tuple[Any, Any]:
    """A tuning, and a study of Optuna of the same trials."""
    tuned = hpo_gym.tune(lambda c: c["x"], SPACE, optimizer="random", budget=4, direction="minimize", seed=0)
    study = optuna.create_study(study_name="old")
    known = {
        "kind": optuna.distributions.CategoricalDistribution(["a", "b"]),
        "rate": optuna.distributions.FloatDistribution(1e-4, 1, log=True),
        "x": optuna.distributions.FloatDistribution(0, 1),
    }
    for e in tuned.ended:
        study.add_trial(optuna.create_trial(params=dict(e.config), distributions=known, value=e.measured.score))
    return tuned, study


FORMS: dict[str, Callable[[Any, Any, Path], Any]] = {
    "tuned": lambda tuned, study, folder: tuned,
    "evaluations": lambda tuned, study, folder: [tuned.evaluations()],
    "suite": lambda tuned, study, folder: tuned.suite(),
    "study": lambda tuned, study, folder: study,
    "storage": lambda tuned, study, folder: f"sqlite:///{folder}/study.db",
    "frame": lambda tuned, study, folder: tuned.trials(),
    "csv": lambda tuned, study, folder: folder / "trials.csv",
    "export": lambda tuned, study, folder: [str(folder / "export.csv")],
}


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS)
def test_earlier_tasks_are_read_in_each_form(form: str, tmp_path: Path, runs: Any) -> None:
    tuned, study = earlier()
    tuned.trials().to_csv(tmp_path / "trials.csv", index=False)
    study.trials_dataframe().to_csv(tmp_path / "export.csv")
    optuna.copy_study(from_study_name="old", from_storage=study._storage, to_storage=f"sqlite:///{tmp_path}/study.db")
    prior = FORMS[form](tuned, study, tmp_path)
    hpo_gym.tune(lambda c: c["x"], SPACE, optimizer=Recorder, budget=1, prior=prior, direction="minimize", seed=0)
    sampler = hpo_gym.HPOGymSampler(Recorder, space=SPACE, prior=prior, seed=0)
    optuna.create_study(sampler=sampler).optimize(objective, 1, catch=(ValueError,))
    x = tuned.space.encode([dict(e.config) for e in tuned.ended])
    want = {tuple(point): -e.measured.score for point, e in zip(x, tuned.ended, strict=True)}
    assert len(runs) == 2
    for context, _ in runs:
        (task,) = context.prior
        assert dict(zip(map(tuple, task.x), task.score, strict=True)) == pytest.approx(want)


# ---------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"budget": 0}, "`budget` must be an integer in .*, got 0"),
        ({"seed": -1}, "`seed` must be an integer"),
        pytest.param({"optimizer": "ppo-pool"}, "`optimizer` must be trained", marks=pytest.mark.long),
        ({"prior": "somewhere"}, "`space` must be given with `prior`"),
        ({"prior": [3], "space": SPACE}, "`prior` must hold what `tune` returned.*got int"),
        ({"space": {}}, "at least one hyperparameter"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        hpo_gym.HPOGymSampler(**arguments)


def test_several_objectives_are_refused() -> None:
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=hpo_gym.HPOGymSampler("random", seed=0))
    with pytest.raises(InvalidValueError, match="a study of one objective, got 2"):
        study.optimize(lambda t: (t.suggest_float("x", 0, 1), 1.0), 1)
