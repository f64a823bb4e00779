"""Studies of Optuna, as an export and as a storage: what Optuna says is what the suite says."""

from __future__ import annotations

import sqlite3
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.problem.suite import Suite
from hpo_gym.problem.trial import Status
from hpo_gym.suites.own.trials import suite_from_csv
from hpo_gym.text import outline

optuna = pytest.importorskip("optuna", reason="needs the extra 'optuna'")
optuna.logging.set_verbosity(optuna.logging.WARNING)
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution  # noqa: E402
from optuna.trial import TrialState, create_trial  # noqa: E402

KINDS = {
    "lr": FloatDistribution(1e-5, 0.1, log=True),
    "drop": FloatDistribution(0.0, 0.5, step=0.1),
    "layers": IntDistribution(1, 3),
    "width": IntDistribution(32, 128, step=32),
    "act": CategoricalDistribution(["relu", "tanh", None]),
    "slope": FloatDistribution(0.0, 1.0),
    "w2": IntDistribution(8, 512, log=True),
}
TRIALS: list[dict[str, Any]] = [
    {"lr": 1e-3, "drop": 0.1, "layers": 1, "width": 32, "act": "relu", "slope": 0.25, "value": 0.5},
    {"lr": 2e-3, "drop": 0.30000000000000004, "layers": 2, "width": 64, "act": "tanh", "w2": 16, "value": 0.25},
    {"lr": 3e-3, "drop": 0.5, "layers": 3, "width": 128, "act": None, "w2": 64, "value": 0.75},
    {"lr": 4e-3, "drop": 0.0, "layers": 1, "width": 96, "act": "tanh", "state": "FAIL"},
    {"lr": 5e-3, "drop": 0.0, "state": "FAIL"},  # before the others were asked for
    {"lr": 6e-3, "drop": 0.0, "layers": 1, "width": 32, "act": "tanh", "state": "PRUNED", "value": 9.0},
    {"lr": 7e-3, "state": "RUNNING"},
    {"lr": 8e-3, "drop": 0.2, "layers": 2, "width": 32, "act": "relu", "slope": 0.5, "w2": 32, "value": 0.625},
]


def study(name: str, direction: str = "minimize", storage: str | None = None, trials: list[Any] = TRIALS) -> Any:
    made = optuna.create_study(study_name=name, direction=direction, storage=storage)
    for trial in trials:
        params = {k: v for k, v in trial.items() if k in KINDS}
        state = TrialState[trial.get("state", "COMPLETE")]
        attributes = {"seconds": 2.5, "test": -trial["value"]} if "value" in trial else {}
        made.add_trial(
            create_trial(
                params=params, distributions={k: KINDS[k] for k in params}, state=state, user_attrs=attributes,
                value=None if state in (TrialState.FAIL, TrialState.RUNNING) else trial["value"],
            )
        )  # fmt: skip
    return made


def quiet(make: Any, *args: Any, **options: Any) -> Suite:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return make(*args, **options)  # type: ignore[no-any-return]


FIRST = {"lr": 1e-3, "drop": 0.1, "layers": 1, "width": 32, "act": "relu", "slope": 0.25}
SECOND = {"lr": 2e-3, "drop": 0.3, "layers": 2, "width": 64, "act": "tanh", "w2": 16}
FAILED = {"lr": 4e-3, "drop": 0.0, "layers": 1, "width": 96, "act": "tanh"}


# ---------------------------------------------------------------------------------------------- studies
def test_distributions_give_the_space_and_directions_the_sign() -> None:
    suite = quiet(hpo_gym.suite_from_optuna, [study("a"), study("b", "maximize")])
    assert list(outline(suite.space, names=True)) == [
        "Hyperparameters:",
        "- act: relu, tanh, null",
        "- drop: 0.0, 0.1, 0.2, 0.3, 0.4, 0.5 (in order)",
        "- layers: integer 1 to 3",
        "- lr: 1e-5 to 0.1, log scale",
        "- width: 32, 64, 96, 128 (in order)",
        "Only if act = relu:",
        "- slope: 0 to 1",
        "Only if layers > 1:",
        "- w2: integer 8 to 512, log scale",
    ]
    a, b = suite.task("a"), suite.task("b")
    assert (a.best, a.worst, b.best, b.worst) == (-0.25, -0.75, 0.75, 0.25)
    assert (a.run(SECOND).score, b.run(SECOND).score) == (-0.25, 0.25)
    assert a.run({**SECOND, "lr": 3e-3, "drop": 0.5, "layers": 3, "width": 128, "act": None, "w2": 64}).score == -0.75
    assert a.run(FAILED).status == Status.FAILED
    assert suite.table.x.shape == (5, 7)
    assert suite.space.config_space["layers"].upper == 3  # what ConfigSpace reads


def test_what_is_left_out_is_told() -> None:
    with pytest.warns(UserWarning) as warned:
        suite = hpo_gym.suite_from_optuna(study("a"))
    reported = [str(w.message) for w in warned]
    assert reported == [
        "left out: 2 trials that were pruned or are not finished; with `state` in `ignore` their scores count",
        "left out: 1 trial that failed and lacks hyperparameters",
    ]
    assert (suite.name, suite.about["preprocessing"]) == ("a", reported)


def test_with_the_state_ignored_the_value_of_a_pruned_trial_counts() -> None:
    done = [t for t in TRIALS if "value" in t]
    suite = quiet(hpo_gym.suite_from_optuna, study("a", trials=done), ignore=["state"])
    assert suite.members[0].run({**FAILED, "lr": 6e-3, "width": 32}).score == -9.0


def cost_and_test(suite: Any) -> tuple[float, float]:
    """Return cost and test score of the row with the largest absolute test score."""
    row = int(np.nanargmax(np.abs(suite.table.test_score[0, :, 0])))
    return suite.table.cost[0, row, 0], suite.table.test_score[0, row, 0]


def test_attributes_and_durations_take_roles() -> None:
    options = {"cost": "user_attrs_seconds", "test_score": "user_attrs_test"}
    suite = quiet(hpo_gym.suite_from_optuna, study("a"), **options)
    assert cost_and_test(suite) == (2.5, 0.75)  # -(-0.75): as the score
    assert quiet(hpo_gym.suite_from_optuna, study("a"), cost="duration").table.cost is not None
    with pytest.raises(UnknownNameError, match="Did you mean 'user_attrs_seconds'"):
        hpo_gym.suite_from_optuna(study("a"), cost="user_attr_second")


def test_one_of_several_objectives_is_chosen() -> None:
    made = optuna.create_study(study_name="two", directions=["minimize", "maximize"])
    for x in (0.25, 0.5):
        kinds = {"x": FloatDistribution(0, 1)}
        made.add_trial(create_trial(params={"x": x}, distributions=kinds, values=[x, 1 - x]))
    assert hpo_gym.suite_from_optuna(made, score="values_0").members[0].best == -0.25
    assert hpo_gym.suite_from_optuna(made, score="values_1").members[0].best == 0.75
    with pytest.raises(InvalidValueError, match=r"`score` must be one of 'values_0'.*'two' has several objectives"):
        hpo_gym.suite_from_optuna(made)
    with pytest.raises(UnknownNameError, match="Did you mean 'values_1'"):
        hpo_gym.suite_from_optuna(made, score="values_2")


def plain(name: str, kind: Any, values: list[Any]) -> Any:
    made = optuna.create_study(study_name=name)
    for value in values:
        made.add_trial(create_trial(params={"p": value}, distributions={"p": kind}, value=1.0))
    return made


JOINED = {
    "wider": (IntDistribution(1, 5), IntDistribution(3, 9), "integer 1 to 9"),
    "float and int": (FloatDistribution(0.5, 5), IntDistribution(3, 9), "0.5 to 9"),
    "log in one": (IntDistribution(1, 5, log=True), IntDistribution(3, 9), "integer 1 to 9"),
    "choices": (CategoricalDistribution([4, "x"]), CategoricalDistribution([4, True]), "4, x, true"),
    "one value": (IntDistribution(4, 4), IntDistribution(4, 4), ""),
}


@pytest.mark.parametrize("case", JOINED)
def test_studies_of_different_ranges_share_the_widest(case: str) -> None:
    one, two, said = JOINED[case]
    both = [plain("a", one, [4, one.high if hasattr(one, "high") else "x"]), plain("b", two, [4])]
    if case == "one value":
        with pytest.raises(InvalidValueError, match="at least two different configurations"):
            hpo_gym.suite_from_optuna(both)
    else:
        assert outline(hpo_gym.suite_from_optuna(both).space, names=True)[1] == f"- p: {said}"


WRONG = {
    "kinds": (lambda: [plain("a", IntDistribution(1, 5), [1]), plain("b", CategoricalDistribution([1]), [1])],
              "'p' must be a range or choices in all studies"),
    "choices alike": (lambda: plain("a", CategoricalDistribution([None, "None"]), [None]), "read differently"),
    "choices of lists": (lambda: plain("a", CategoricalDistribution([(1,), (2,)]), [(1,)]), "must be None, booleans"),
    "nothing finished": (lambda: study("a", trials=TRIALS[3:7]), "a study with a finished trial"),
    "no parameters": (lambda: study("a", trials=[{"value": 1.0}]), "a study with a parameter"),
    "no studies": (list, "at least one, and differ"),
    "no iterable": (lambda: 3, "the address of a storage or studies, got 3"),
    "no study": (lambda: [3], "the address of a storage or studies, got 3"),
    "names": (lambda: [study("a"), study("a")], "differ in name"),
    "bounds": (lambda: plain("a", FloatDistribution(-1e305, 1), [1, 0.5]), r"bounds of at most 1e\+300"),
    "an infinite score": (lambda: study("a", "maximize", trials=[*TRIALS[:2], {**TRIALS[2], "value": float("inf")}]),
                          "trial 2 of study 'a': `value` must be"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_a_suite_is_refused_in_words(case: str) -> None:
    make, message = WRONG[case]
    with pytest.raises(InvalidValueError, match=message):
        hpo_gym.suite_from_optuna(make())  # type: ignore[no-untyped-call]


# ---------------------------------------------------------------------------------------------- storages
@pytest.mark.long
def test_a_storage_gives_a_task_a_study_and_is_not_written_to(tmp_path: Path) -> None:
    file = tmp_path / "mine.db"
    address = f"sqlite:///{file}"
    for name, direction in (("a", "minimize"), ("b", "maximize")):
        study(name, direction, address)
    optuna.create_study(study_name="empty", storage=address)
    before = file.read_bytes()
    with pytest.warns(UserWarning, match="left out: study 'empty', which has no finished trial"):
        suite = hpo_gym.suite_from_optuna(address)
    assert file.read_bytes() == before
    assert (suite.name, [t.name for t in suite.members]) == ("mine", ["a", "b"])
    same = quiet(hpo_gym.suite_from_optuna, [study("a"), study("b", "maximize")])
    assert suite.data_hash == same.data_hash
    assert [t.name for t in quiet(hpo_gym.suite_from_optuna, address, names=["b"]).members] == ["b"]
    storage = optuna.storages.RDBStorage(address)
    assert quiet(hpo_gym.suite_from_optuna, storage).data_hash == suite.data_hash
    with pytest.raises(UnknownNameError, match=r"No study 'aa'\. Did you mean 'a'"):
        hpo_gym.suite_from_optuna(address, names=["aa"])


def test_what_is_no_storage_is_refused_and_left_alone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        hpo_gym.suite_from_optuna(f"sqlite:///{tmp_path}/none.db")
    (tmp_path / "text.db").write_text("no storage" * 1000)
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE mine (x)")
    before = [(tmp_path / name).read_bytes() for name in ("text.db", "other.db")]
    for name in ("text.db", "other.db"):
        with pytest.raises(InvalidValueError, match=f"{name} must be a storage of Optuna that can be read"):
            hpo_gym.suite_from_optuna(f"sqlite:///{tmp_path}/{name}")
    assert [(tmp_path / name).read_bytes() for name in ("text.db", "other.db")] == before
    with pytest.raises(InvalidValueError, match=r"the nearest is 'sqlite:///my\.db'"):
        hpo_gym.suite_from_optuna("my.db")
    with pytest.raises(InvalidValueError, match="nosuch://x must be a storage of Optuna that can be read"):
        hpo_gym.suite_from_optuna("nosuch://x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.db", "text.db"]


# ---------------------------------------------------------------------------------------------- exports
@pytest.mark.parametrize("as_file", [True, False])
def test_an_export_is_understood_as_it_is(tmp_path: Path, as_file: bool) -> None:
    frame = study("a", trials=TRIALS[:2] + TRIALS[3:]).trials_dataframe()
    frame.to_csv(tmp_path / "export.csv")
    with pytest.warns(UserWarning) as warned:
        suite = suite_from_csv(tmp_path / "export.csv" if as_file else frame, loss=True)
    reported = " ".join(str(w.message) for w in warned)
    for column in ("number", "datetime_start", "duration", "state"):
        assert column in reported.partition("left out of the search space: ")[2].split(";")[0].split(", ")
    assert list(outline(suite.space, names=True)) == [
        "Hyperparameters:",
        "- act: relu, tanh",
        "- drop: 0 to 0.3",
        "- layers: integer 1 to 2",
        "- lr: 0.001 to 0.008",
        "- width: integer 32 to 96",
        "Only if act = relu:",
        "- slope: 0.25 to 0.5",
        "Only if layers > 1:",
        "- w2: integer 16 to 32",
    ]
    task = suite.members[0]
    assert (task.run(FIRST).score, task.run({**SECOND, "drop": 0.30000000000000004}).score) == (-0.5, -0.25)
    assert task.run(FAILED).status == Status.FAILED
    assert suite.table.x.shape == (4, 7)


def test_an_export_without_a_direction_says_so(tmp_path: Path) -> None:
    frame = study("a").trials_dataframe()
    with pytest.warns(UserWarning, match="an export of Optuna does not say its direction"):
        suite = suite_from_csv(frame)
    assert (suite.members[0].best, suite.space.names[0]) == (0.75, "act")
    assert "None" in suite.space.hyperparameters[0].choices  # which a file has as an empty cell
