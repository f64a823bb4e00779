"""The trials of a folder as studies of Optuna in a new SQLite file, a study per run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna import logging
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from hpo_gym.base import InvalidValueError
from hpo_gym.system import whole_files
from hpo_gym.tuning.export.table import RUN, stored
from hpo_gym.tuning.optuna_space import ParameterSpace

_ABOUT = ("family", "fidelity", "cost", "test_score", "status")  # user attributes of a trial, for `hpo-gym import`


def write_studies(folder: Path, address: str) -> int:
    """Write a study per run, named ``suite/task/fold/optimizer/replicate``; return their number.

    A success is complete, a stopped trial pruned, one that broke constraints complete with them; others failed.
    """
    file = Path(address.removeprefix("sqlite:///")).absolute()
    if not address.startswith("sqlite:///") or "?" in address or file.exists():
        raise InvalidValueError(f"`--optuna` must be the address of a new file, as sqlite:///new.db, got {address!r}.")
    frame, spaces, direction = stored(folder)
    parameters = {key: ParameterSpace.of(space) for key, space in spaces.items()}
    runs = frame.astype(object).where(frame.notna(), None).groupby(RUN, sort=False, dropna=False)
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)  # without a line for each study
    try:
        with whole_files(file.parent, file.name) as (part,):
            storage = RDBStorage(f"sqlite:///{part}")
            for _, run in runs:
                rows = run.to_dict("records")
                about = {key: rows[0][key] for key in RUN if rows[0][key] is not None}
                name = "/".join(str(value) for key, value in about.items() if key != "family")
                study = storage.create_new_study([StudyDirection[direction.upper()]], name)
                for key, value in about.items():
                    storage.set_study_user_attr(study, key, value)
                for row in rows:
                    storage.create_new_trial(study, _trial(row, parameters[row["suite"], row["task"]]))
            storage.remove_session()
            storage.engine.dispose()
    finally:
        logging.set_verbosity(verbosity)
    return len(runs)


def _trial(row: Mapping[Any, Any], space: ParameterSpace) -> FrozenTrial:
    params, broke = space.params(row["config"]), row.get("constraints") or ()
    states = {"ok": TrialState.COMPLETE, "stopped": TrialState.PRUNED}
    state = states.get(row["status"], TrialState.COMPLETE if broke else TrialState.FAIL)
    return create_trial(
        state=state, value=None if state == TrialState.FAIL else row["score"], params=params,
        distributions={name: space.distributions[name] for name in params},
        user_attrs={key: row[key] for key in _ABOUT if row[key] is not None},
        system_attrs={"constraints": broke} if broke else {}, intermediate_values=dict(row.get("steps") or ()),
    )  # fmt: skip
