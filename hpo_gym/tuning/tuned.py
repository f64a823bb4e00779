"""Result of a tuning."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import InvalidValueError, StateError
from hpo_gym.problem import Evaluations, History, SearchSpace, Status
from hpo_gym.suites import COLUMNS, PARAMS, TASK, WEIGHT, TableSuite, table_suite
from hpo_gym.tuning.failures import counted, failed
from hpo_gym.tuning.importances import importances
from hpo_gym.tuning.proposals import as_trial
from hpo_gym.tuning.stored_study import read
from hpo_gym.tuning.study import Ended, Study, StudyPlan

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def column_of(name: str) -> str:
    """Return the column of a hyperparameter: its name, with the prefix ``params_`` if another column has that name."""
    taken = name in (*COLUMNS, WEIGHT, TASK) or name.startswith(PARAMS)
    return f"{PARAMS}{name}" if taken else name


@dataclass(frozen=True, repr=False)
class Tuned:
    """Result of `hpo_gym.tune`.

    Attributes:
        ended: All trials, in the order of ends.
    """

    plan: StudyPlan
    ended: tuple[Ended, ...]

    @classmethod
    def load(cls, folder: str | Path) -> Tuned:
        """Read a tuning, finished or not, from its folder without writing to it.

        Raises:
            InvalidValueError: It holds none.
            DamagedDataError: It is damaged.
        """
        return cls.of(read(Path(folder)))

    @classmethod
    def of(cls, study: Study) -> Tuned:
        """Return the trials of a study so far."""
        return cls(study.plan, tuple(study.ended))

    @property
    def space(self) -> SearchSpace:
        """Return the search space."""
        return SearchSpace(self.plan.space)

    @property
    def best(self) -> Ended:
        """The best trial that ran to its end and met its constraints: of equals, the one that ended first.

        Raises:
            StateError: None succeeded; the message has the first reason.
        """
        best = self._study.best
        if best is None:
            why = f": the first one said {self.ended[0].measured.reason!r}" if self.ended else ""
            raise StateError(f"No trial of {len(self.ended)} succeeded and met its constraints{why}.")
        return best

    @property
    def best_config(self) -> dict[str, Any]:
        """The configuration of the best trial."""
        return dict(self.best.config)

    @property
    def best_score(self) -> float:
        """Its score, as the objective returned it."""
        return self.best.measured.score

    @property
    def succeeded(self) -> bool:
        """Return whether a trial succeeded and met its constraints."""
        return self._study.best is not None

    @property
    def _study(self) -> Study:
        return Study(self.plan, list(self.ended))

    def summary(self) -> str:
        """Return the result in lines of text, the outcomes, the best configuration, and reasons: of the optimizer's
        choice, with the part of the earlier tasks that matched and their last weight, and of failures."""
        kinds = Counter(e.measured.status.label for e in self.ended)
        counts = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
        head = " ".join([self._study.headline, *([f"{counts}."] if counts else [])])
        values = [f"  {name}: {value!r}" for name, value in self.best_config.items()] if self.succeeded else []
        words = self._study.said(self.plan.why or self.plan.matched)
        why = [f"{self.plan.optimizer}: {words}"] if words else []
        return "\n".join([head, *values, *why, *self.failures()])

    def failures(self, most: int = 20) -> list[str]:
        """Return a text for each kind of failure, the most frequent first: number, status and reason.

        A kind is a status; for exceptions, also a type and a line.
        """
        return [f"{count} {why}" for count, why in counted([e for e in self.ended if failed(e.measured)])[:most]]

    @property
    def history(self) -> History:
        """The trials, higher is better.

        A trial without success has the lowest score of all successes; the optimizer was told the lowest before it.
        """
        lowest = min((self.plan.sign * e.measured.score for e in self.ended if e.counts), default=0.0)
        return History(tuple(as_trial(e, self.plan.sign, lowest) for e in self.ended), len(self.plan.init))

    def trials(self) -> pd.DataFrame:
        """One row per trial: its number, from 1 in the order of beginnings, status and reason, the score as returned by
        the objective, whether it was stopped early, cost, seconds, the weight of earlier tasks where the optimizer told
        one, and the configuration, a column for each hyperparameter. One with the name of another column, such as
        `score`, has the prefix `params_`.
        """
        import pandas as pd

        weights = [WEIGHT] if any(e.prior_weight is not None for e in self.ended) else []
        rows = [
            {
                "trial": e.number + 1, "status": e.measured.status.label, "reason": e.measured.reason,
                "score": e.measured.score, "stopped": e.stopped, "cost": e.measured.cost, "seconds": e.seconds,
                WEIGHT: e.prior_weight, **{column_of(name): value for name, value in e.config.items()},
            }
            for e in self.ended
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=[*COLUMNS, *weights, *map(column_of, self.space.names)])

    def importances(self) -> dict[str, float]:
        """Return the importance of each varying hyperparameter for a score in the best third, the highest first, as
        shares of 1; none for fewer than 15 successes: see `hpo_gym.tuning.importances`.

        Raises:
            MissingExtraError: Optuna is not installed.
        """
        return importances(self._study)

    def evaluations(self, name: str = "tuned") -> Evaluations:
        """Return the trials as an earlier task, for the `prior` of the next tuning."""
        history = self.history
        x = self.space.encode([dict(c) for c in history.configs])
        status = np.array(history.statuses, np.int8)
        score, cost = np.array(history.scores), np.array(history.costs)
        return Evaluations(name, name, x, score, cost, status, meta_features=self.plan.meta_features)

    def suite(self, name: str = "Tuned", task: str = "tuned") -> TableSuite:
        """Return the trials as a suite of one task, without stopped ones; the last one of a repeated configuration.

        Raises:
            InvalidValueError: There is no such trial.
        """
        whole = [e for e in self.ended if e.measured.status is not Status.STOPPED]
        if not whole:
            raise InvalidValueError("A suite must have a trial that was not stopped, there is none.")
        rows = {tuple(x): e for x, e in zip(self.space.encode([dict(e.config) for e in whole]), whole, strict=True)}
        kept = sorted(rows.values(), key=lambda e: e.order)
        return table_suite(
            name, self.space, [dict(e.config) for e in kept],
            [[self.plan.sign * e.measured.score if e.counts else -math.inf for e in kept]],
            costs=[[e.cost for e in kept]], tasks=[task], splits={"train": [task]},
        )  # fmt: skip

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw the scores in order and the best so far; saved to `path` if given, as PNG, SVG or PDF. A notebook shows
        it."""
        from hpo_gym.bench import shown
        from hpo_gym.tuning.page import progress

        return shown(progress(self._study), path)

    def report(self, path: str | Path, *, reload: int = 0) -> Path:
        """Write all trials, the best configuration and figures as one HTML page that needs nothing else.

        Args:
            reload: Seconds after which a browser loads it again; 0: never.

        Raises:
            InvalidValueError: `path` does not end in ``.html``.
        """
        from hpo_gym.system import write_files
        from hpo_gym.tuning.page import page

        file = Path(path)
        if file.suffix != ".html":
            raise InvalidValueError(f"`path` must end in '.html', got {file.name!r}.")
        write_files(file.parent, {file.name: page(self._study, reload).encode()})
        return file

    def __repr__(self) -> str:
        try:
            found = f"best score {self.best_score:g} with {self.best_config}"
        except StateError:
            found = "no success"
        return f"Tuned({self.plan.optimizer}, {len(self.ended)} trials, {found})"
