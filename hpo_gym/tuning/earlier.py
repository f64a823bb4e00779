"""Earlier tasks of a tuning, in any of their usual forms, as `Evaluations` of one space."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from hpo_gym.base import HPOGymError, InvalidValueError, UnknownNameError, beside, shown
from hpo_gym.problem import Evaluations, Hyperparameter, SearchSpace, Suite
from hpo_gym.suites import (
    PARAMS,
    TASK,
    Roles,
    Source,
    TrialRows,
    of_frame,
    read_rows,
    suite_from_optuna,
    suite_of,
    warn,
    widened,
)
from hpo_gym.tuning.matching import Matched, foreign_units, matched
from hpo_gym.tuning.tuned import Tuned

if TYPE_CHECKING:
    from optuna import Study
    from pandas import DataFrame

Earlier: TypeAlias = "Tuned | Suite | Evaluations | Study | DataFrame | str | Path"
"""Arguments of `earlier_tasks`, one or several."""

FORMS = (
    "what `tune` returned, its folder, a fitted `HPOGymSearchCV`, a suite, `Evaluations`, a study of Optuna or the "
    "address of its storage, a file (.csv, .parquet) or a frame of trials"
)
_FILES = (".csv", ".tsv", ".txt", ".parquet", ".pq")


def earlier_tasks(prior: object, space: SearchSpace, direction: str = "maximize") -> Matched:
    """Read earlier tasks of a space, or of another one with hyperparameters in common.

    Args:
        prior: One, or several, of `FORMS`, or what was returned. Of a file or a frame, the columns of the
            hyperparameters are read, `score` (or `value`), `task` and `state`, each as in `suite_from_csv`; studies are
            read by `suite_from_optuna`.
        direction: "maximize" or "minimize": the direction of the scores of a file or frame. All else has its own.

    Raises:
        InvalidValueError: None of these, or of a space without anything in common; the message names it.
    """
    if isinstance(prior, Matched):
        return prior
    whole = isinstance(prior, (str, Path, Suite)) or _is_frame(prior)
    given: list[Any] = list(prior) if isinstance(prior, Iterable) and not whole else [prior]
    try:
        return sum((_tasks(i, one, space, direction) for i, one in enumerate(given)), Matched(space.names))
    except HPOGymError:
        raise
    except OSError as fault:
        name = fault.filename if isinstance(fault.filename, (str, Path)) else ""
        raise InvalidValueError(
            f"`prior` must be there to be read, got {shown(str(name))}: {fault.strerror or fault}.{beside(name)}"
        ) from fault


def _tasks(i: int, one: Earlier, space: SearchSpace, direction: str) -> Matched:
    if isinstance(one, Evaluations):
        if one.x.shape[1:] != (space.d,):
            raise InvalidValueError(
                f"`prior` must be of a space of {space.d} hyperparameters, {one.name!r} has {one.x.shape[1]}."
            )
        return matched([one], space, space)
    if _is_frame(one) or (isinstance(one, (str, Path)) and Path(one).suffix.lower() in _FILES):
        one = _of_trials(one, space, loss=direction == "minimize")
    elif _is_optuna(one):
        one = _of_optuna(one, space)
    elif isinstance(one, (str, Path)):
        one = Tuned.load(one)
    one = getattr(one, "tuned_", one)  # of a fitted `HPOGymSearchCV`
    if not isinstance(one, (Tuned, Suite)):
        raise InvalidValueError(f"`prior` must hold {FORMS}, got {type(one).__name__}.")
    if isinstance(one, Suite):
        name, tasks = one.name, [task.remembered() for task in one.members]
    else:
        name, tasks = f"tuned-{i}", [one.evaluations(f"tuned-{i}")] if one.ended else []
    found = matched(tasks, one.space, space)
    units = " ".join(_of_units(a, b) for a, b in foreign_units(one.space, space))
    if tasks and not found.tasks:
        raise InvalidValueError(
            f"`prior` must have a hyperparameter of the space, of the same name, kind and unit, and a success; {name} "
            f"has {', '.join(one.space.names)}, the space {', '.join(space.names)}.{units and ' '}{units}"
        )
    if units:
        warnings.warn(f"`prior`, {name}: {units}", stacklevel=2)
    return found


def _of_units(theirs: Hyperparameter, mine: Hyperparameter) -> str:
    """Why a hyperparameter of one name is not matched."""
    a, b = (f"in {h.unit!r}" if h.unit else "of no stated unit" for h in (theirs, mine))
    said = f"`{mine.name}` there is {a} and {b} in the space, so nothing is taken from it."
    if theirs.unit is None:
        return said
    form = "{low: .., high: .., unit: " + theirs.unit + "}"
    return f"{said} If yours is counted like that, say so: {form}, or `meta` of ConfigSpace."


def _is_frame(given: object) -> TypeGuard[DataFrame]:
    return type(given).__module__.partition(".")[0] == "pandas"


def _is_optuna(given: object) -> TypeGuard[Study | str]:
    """Return whether it is a study of Optuna, or the address of a storage."""
    return type(given).__module__.startswith("optuna.") or (isinstance(given, str) and "://" in given)


def _of_optuna(given: Study | str, space: SearchSpace) -> Suite:
    """Return a suite of studies of Optuna: of the space, or of their own where they do not fit in it."""
    try:
        return suite_from_optuna(given, space)
    except (InvalidValueError, UnknownNameError):
        return suite_from_optuna(given)


def _of_trials(given: DataFrame | str | Path, space: SearchSpace, *, loss: bool) -> Suite:
    """Return a suite of a file or a frame; columns without a hyperparameter of the space or a role are ignored."""
    if isinstance(given, (str, Path)):
        short, read = Path(given).stem, read_rows(given)
    else:
        short, read = "frame", of_frame(given)
    rows, task, score = _own_names(read, space)
    mine = tuple(name for name in rows.names if name in space.names)
    roles = Roles(task=task, score=score, hyperparameters=mine, loss=loss)
    suite = suite_of(rows, roles, name=short, source=Source(partial(widened, space), tell=False))
    warn(suite)
    return suite


def _own_names(rows: TrialRows, space: SearchSpace) -> tuple[TrialRows, str, str]:
    """Return the rows with the plain names of hyperparameters, as ``score`` for ``params_score``, and the columns of
    the task and of the score. A column in the way, or one that may be taken for a role, gets another name.
    """
    mine = {name: name.removeprefix(PARAMS) for name in rows.names if name.startswith(PARAMS)}
    mine = {name: plain for name, plain in mine.items() if plain in space.names}
    moved = {plain: f"{plain} of the trial" for plain in mine.values() if plain in rows}
    if "status" in moved and "state" not in rows:
        moved["status"] = "state"
    frame = rows.frame.rename(columns={**mine, **moved})
    score = "value" if mine and "score" not in rows else "score"
    task = f"{TASK} of the trial" if TASK in mine.values() else TASK
    if task not in frame and task != TASK:
        frame = frame.assign(**{task: "earlier"})
    return replace(rows, frame=frame), task, moved.get(score, score)
