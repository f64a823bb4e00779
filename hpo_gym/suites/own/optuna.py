"""A suite out of studies of Optuna: one study is one task, distributions give the space, directions the sign."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_gym.base import InvalidValueError, Mask, name_near, require, unknown
from hpo_gym.problem import AnySpace, SearchSpace, levels_of, of_distribution
from hpo_gym.suites.own.reading import TrialRows
from hpo_gym.suites.own.roles import PARAMS, Roles
from hpo_gym.suites.own.space import with_conditions
from hpo_gym.suites.own.suite import TableSuite
from hpo_gym.suites.own.trials import Source, suite_of, warn
from hpo_gym.suites.own.values import FAILED, LARGEST

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial
    from pandas import DataFrame

_TASK = "study"
_CONSTRAINTS = "constraints"  # system attribute of a trial


def suite_from_optuna(
    studies: str | BaseStorage | Study | Sequence[Study],
    space: AnySpace | None = None,
    *,
    names: Sequence[str] | None = None,
    score: str | None = None,
    cost: str | None = None,
    fidelity: str | None = None,
    family: str | None = None,
    test_score: str | None = None,
    ignore: Sequence[str] = (),
    name: str | None = None,
    failures: str = "worst",
) -> TableSuite:
    """Make a suite of studies of Optuna, a task each; needs the extra "optuna". Nothing is written to the storage.

    The space has the parameters of all studies, a range as wide as the widest; a parameter that some trials lack is
    active by the rules of `suite_from_csv` for empty cells. Scores of a minimising study are negated. A trial that
    failed or broke a constraint is a failure; a pruned or running trial, and a study without a finished trial, are left
    out with a warning.

    Args:
        studies: The address of a storage, such as `sqlite:///study.db`; a storage; or studies.
        space: The search space; None for that of the distributions.
        names: Studies to take from the storage; default all.
        score: "value", or one of "values_0", "values_1", ... for studies with several objectives.
        cost: The cost of a trial: "duration", or `user_attrs_` and the name of an attribute.
        fidelity: Like `cost`, the fidelity; the largest is a full evaluation.
        family: Like `cost`, the family of the task, the same in all trials of a study.
        test_score: Like `cost`, the score on data unused by any choice, in the direction of the score.
        ignore: Parameters to leave out. With "state" among them, the last value of pruned trials is their score.
        name: Name of the suite, default the file's name without its ending, or the study's.
        failures: How repeats of a configuration count of which some failed, as in `suite_from_csv`.

    Raises:
        UnknownNameError: No such study or column.
        InvalidValueError: No such storage, or studies that do not fit together; the message names them.
        MissingExtraError: Optuna is not installed.
    """
    require("optuna")
    source = studies if isinstance(studies, str) else "the studies"
    found = _of_names(_studies(studies), names)
    file = Path(studies.partition("?")[0]).stem if isinstance(studies, str) else found[0].study_name
    short = name or name_near(file or "optuna")
    several = [study.study_name for study in found if len(study.directions) > 1]
    if several and score is None:
        raise InvalidValueError(
            f"`score` must be one of 'values_0', 'values_1', ...: {several[0]!r} has several objectives."
        )
    rows, distributions, notes = _rows(found, source, score or "value", test_score)
    roles = Roles(_TASK, score or "value", cost, test_score, fidelity, family, ignore=tuple(ignore), failures=failures)
    origin = Source(partial(_space_of, distributions), notes, tell=False)
    suite = suite_of(rows, roles, space, name=short, source=origin)
    warn(suite)
    return suite


def constraints_of(trial: FrozenTrial) -> list[float]:
    """Return the constraint values of `constraints_func` and `Trial.set_constraint`; each is met at 0 or below."""
    said = trial.system_attrs
    return [*(said.get(_CONSTRAINTS) or ()), *(v for k, v in said.items() if k.startswith(f"{_CONSTRAINTS}:"))]


# ---------------------------------------------------------------------------------------------- studies
def _studies(given: object) -> list[Study]:
    """Return studies, or all those of a storage or of its address, in the order of creation."""
    from optuna import Study, load_study
    from optuna.storages import BaseStorage

    if isinstance(given, str):
        given = _storage(given)
    if isinstance(given, BaseStorage):
        return [load_study(study_name=study.study_name, storage=given) for study in given.get_all_studies()]
    found: list[Any] = list(given) if isinstance(given, Iterable) else [given]
    for study in found:
        if not isinstance(study, Study):
            raise InvalidValueError(f"`studies` must be the address of a storage or studies, got {study!r}.")
    return found


def _storage(address: str) -> BaseStorage:
    """Return the storage of an address; refuse one that is not there, which SQLite would make."""
    import optuna

    scheme, slashes, rest = address.partition("://")
    if not slashes:
        raise InvalidValueError(
            f"`studies` must be the address of a storage, such as 'sqlite:///study.db', got {address!r}; the nearest "
            f"is {'sqlite:///' + address!r}."
        )
    path = rest.partition("/")[2].partition("?")[0]
    if scheme.split("+")[0] == "sqlite" and not Path(path).is_file():
        raise FileNotFoundError(2, "No such file or directory", path)
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        return optuna.storages.RDBStorage(address, skip_table_creation=True)
    except Exception as fault:  # SQLAlchemy and its drivers raise their own
        first = next(iter(str(fault).strip().splitlines()), "")
        raise InvalidValueError(
            f"{address} must be a storage of Optuna that can be read, got {type(fault).__name__}: {first}"
        ) from fault
    finally:
        optuna.logging.set_verbosity(verbosity)


def _of_names(studies: Sequence[Study], names: Sequence[str] | None) -> list[Study]:
    by_name = {study.study_name: study for study in studies}
    if len(by_name) < len(studies) or not by_name:
        raise InvalidValueError(
            f"`studies` must be at least one, and differ in name, got {[study.study_name for study in studies]}."
        )
    for name in names or ():
        if name not in by_name:
            raise unknown("study", name, by_name)
    return [by_name[name] for name in by_name if names is None or name in names]


# ---------------------------------------------------------------------------------------------- trials
def _rows(
    studies: Sequence[Study], source: str, score: str, test_score: str | None
) -> tuple[TrialRows, Mapping[str, BaseDistribution], list[str]]:
    """Return columns as `Study.trials_dataframe` has them, but higher scores are better; distributions; omissions."""
    import pandas as pd
    from optuna.trial import TrialState

    trials, notes = [], []
    for study in studies:
        of = study.get_trials(deepcopy=False)
        if any(trial.state == TrialState.COMPLETE for trial in of):
            trials += [(study, trial) for trial in of]
        else:
            notes.append(f"left out: study {study.study_name!r}, which has no finished trial")
    if not trials:
        raise InvalidValueError(f"{source} must have a study with a finished trial, got none.")
    distributions = _merged((study.study_name, t.distributions) for study, t in trials)
    if not distributions:
        raise InvalidValueError(f"{source} must have a study with a parameter, got none.")
    read = {name: _reader_for(name, distribution) for name, distribution in distributions.items()}
    found = [
        {_TASK: study.study_name, **_numbers(study, trial, score, test_score), "duration": trial.duration,
         **{PARAMS + name: read[name](value) for name, value in trial.params.items()}, "state": trial.state.name}
        for study, trial in trials
    ]  # fmt: skip
    places = [f"trial {trial.number} of study {study.study_name!r}" for study, trial in trials]
    return TrialRows(pd.DataFrame(found, dtype=object), source, places.__getitem__), distributions, notes


def _numbers(study: Study, trial: FrozenTrial, score: str, test_score: str | None) -> dict[str, Any]:
    """Return objectives and attributes of a trial; of both scores more is better, broken constraints are failures."""
    directions = [direction.name for direction in study.directions]
    names = ["value"] if len(directions) == 1 else [f"values_{i}" for i in range(len(directions))]
    signs = {name: -1.0 if of == "MINIMIZE" else 1.0 for name, of in zip(names, directions, strict=True)}
    values = dict(zip(names, trial.values or [None] * len(names), strict=True))
    out = {name: None if value is None else signs[name] * value for name, value in values.items()}
    if any(value > 0 for value in constraints_of(trial)):
        out = dict.fromkeys(names, FAILED)
    out |= {f"user_attrs_{name}": value for name, value in trial.user_attrs.items()}
    if test_score is not None and isinstance(tested := out.get(test_score), (int, float)):
        out[test_score] = signs.get(score, 1.0) * tested
    return out


# ---------------------------------------------------------------------------------------------- distributions
def _space_of(
    distributions: Mapping[str, BaseDistribution], columns: DataFrame, where: str, judged: Mask | None = None
) -> SearchSpace:
    """Return the space of the distributions, each parameter active where it has a value."""
    names = [str(name) for name in columns]
    parts = {n: of_distribution(n, distributions[n if n in distributions else n.removeprefix(PARAMS)]) for n in names}
    return with_conditions(parts, columns, where, judged)


def _reader_for(name: str, distribution: Any) -> Callable[[Any], str]:
    """Return a function from a parameter's value to text, as `reader_of` reads it."""
    from optuna.distributions import CategoricalDistribution

    if isinstance(distribution, CategoricalDistribution):
        texts = [str(choice) for choice in distribution.choices]
        fine = all(choice is None or isinstance(choice, (bool, int, float, str)) for choice in distribution.choices)
        if not fine or "" in texts or len(set(texts)) < len(texts):
            raise InvalidValueError(
                f"Choices of {name!r} must be None, booleans, numbers and texts that read differently, got "
                f"{distribution.choices}."
            )
        return str
    levels = levels_of(distribution)
    if levels is None:
        return repr
    low, step = distribution.low, distribution.step
    return lambda value: str(levels[min(max(round((value - low) / step), 0), len(levels) - 1)])


def _merged(trials: Iterable[tuple[str, Mapping[str, BaseDistribution]]]) -> dict[str, BaseDistribution]:
    """One distribution of each parameter, as wide as the widest of all trials."""
    out: dict[str, BaseDistribution] = {}
    for study, distributions in trials:
        for name, distribution in distributions.items():
            other = out.setdefault(name, distribution)
            if other != distribution:
                out[name] = _joined(study, name, other, distribution)
    for name, found in out.items():
        if max(abs(getattr(found, "low", 0)), abs(getattr(found, "high", 0))) > LARGEST:
            raise InvalidValueError(f"Parameter {name!r} must have bounds of at most {LARGEST:g}, got {found}.")
    return out


def _joined(study: str, name: str, a: Any, b: Any) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    kinds = {isinstance(a, CategoricalDistribution), isinstance(b, CategoricalDistribution)}
    if kinds == {True}:
        return CategoricalDistribution(list(dict.fromkeys([*a.choices, *b.choices])))
    if kinds == {True, False}:
        raise InvalidValueError(
            f"Parameter {name!r} must be a range or choices in all studies, got {a} and, in {study!r}, {b}."
        )
    low, high, log = min(a.low, b.low), max(a.high, b.high), a.log and b.log
    if isinstance(a, IntDistribution) and isinstance(b, IntDistribution):
        return IntDistribution(low, high, log, a.step if a.step == b.step and a.low == b.low else 1)
    return FloatDistribution(low, high, log)
