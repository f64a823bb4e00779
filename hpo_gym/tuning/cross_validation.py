"""One trial of a search: an estimator with given hyperparameters, trained and scored on each split of the data."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.model_selection._validation import _fit_and_score
from sklearn.utils.parallel import Parallel, delayed

from hpo_gym.base import StateError, seeding
from hpo_gym.problem import Status
from hpo_gym.system import Guard, Limits, Measured, Verdict

Fold = dict[str, Any]
"""Scores, seconds and error of one split, as scikit-learn's searches keep them."""

Batch = Mapping[int, Mapping[str, Any]]
"""Configurations by the number of their trial."""


@dataclass(frozen=True)
class CrossValidation:
    """Evaluation of a configuration.

    Attributes:
        estimator: Cloned for each split.
        x, y: The data.
        splits: Pairs of rows to train and to test on.
        options: Further arguments of scikit-learn's own function for one split.
        budget: Trials in all, for messages.
        objects: Objects behind the choices of the space: see `ObjectSpace.objects`.
    """

    estimator: object
    x: object
    y: object
    splits: Sequence[tuple[Any, Any]]
    options: Mapping[str, Any]
    budget: int
    objects: Mapping[str, Mapping[str, Any]]

    def parameters(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Hyperparameters as the estimator takes them."""
        return {name: self.objects[name].get(value, value) if name in self.objects else value
                for name, value in config.items()}  # fmt: skip

    def calls(self, number: int, config: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Arguments for each split."""
        count = len(self.splits)
        for k, (train, test) in enumerate(self.splits):
            progress = {"split_progress": (k, count), "candidate_progress": (number, self.budget)}
            named = {"train": train, "test": test, "parameters": self.parameters(config), **progress, **self.options}
            yield (clone(self.estimator), self.x, self.y), named

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse unknown hyperparameters of the estimator; raises the errors of its `set_params`."""
        clone(self.estimator).set_params(**clone(self.parameters(config), safe=False))

    def failed(self, verdict: Verdict) -> list[Fold]:
        """Return the results of a trial that was cut off: for each split an error, and a share of the seconds."""
        score, names = self.options["error_score"], getattr(self.options["scorer"], "_scorers", None)
        scores = score if names is None else dict.fromkeys(names, score)
        fold = {
            "fit_error": f"{verdict.status.label}: {verdict.measured.reason}\n", "test_scores": scores,
            "train_scores": scores, "fit_time": verdict.seconds / len(self.splits), "score_time": 0.0,
        }  # fmt: skip
        return [dict(fold) for _ in self.splits]


class Evaluator(Protocol):
    """Evaluates the trials of a batch, all splits of each; used as a context manager."""

    def __enter__(self) -> Evaluator: ...

    def __exit__(self, *fault: object) -> None: ...

    def __call__(self, batch: Batch) -> list[tuple[list[Fold], Verdict]]:
        """Return splits and verdict of each trial. The verdict has no score, only failures that no split shows."""


@dataclass
class InParallel:
    """All splits of a batch as jobs of joblib.

    Attributes:
        cross_validation: The evaluation.
        n_jobs, pre_dispatch: As in joblib.
    """

    cross_validation: CrossValidation
    n_jobs: int | None
    pre_dispatch: int | str

    def __enter__(self) -> InParallel:
        self._parallel = Parallel(n_jobs=self.n_jobs, pre_dispatch=self.pre_dispatch).__enter__()
        return self

    def __exit__(self, *fault: Any) -> None:
        self._parallel.__exit__(*fault)

    def __call__(self, batch: Batch) -> list[tuple[list[Fold], Verdict]]:
        calls = [call for number, config in batch.items() for call in self.cross_validation.calls(number, config)]
        folds = self._parallel(delayed(_fit_and_score)(*given, **named) for given, named in calls)
        count = len(self.cross_validation.splits)
        trials = [folds[i * count : (i + 1) * count] for i in range(len(batch))]
        return [(trial, Verdict(Measured(Status.OK), seconds=_seconds(trial))) for trial in trials]


@dataclass
class UnderGuard:
    """Each trial in a fresh process, under limits, its splits one after another.

    Attributes:
        cross_validation: The evaluation.
        limits: Limits of a trial.
        side_by_side: Parallel trials of a batch.
        threads: Threads of numerical libraries in a trial.
        seed: Of the global generators in each trial.
    """

    cross_validation: CrossValidation
    limits: Limits
    side_by_side: int
    threads: int
    seed: int

    def __enter__(self) -> UnderGuard:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            self._folder = Path(folder)
            objective = _Told(self.cross_validation, folder, get_config())
            guards = (Guard(objective, threads=self.threads) for _ in range(self.side_by_side))
            self._guards = [stack.enter_context(guard) for guard in guards]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *fault: Any) -> None:
        self._stack.__exit__(*fault)

    def __call__(self, batch: Batch) -> list[tuple[list[Fold], Verdict]]:
        numbers, out = list(batch), []
        for start in range(0, len(numbers), self.side_by_side):
            now = numbers[start : start + self.side_by_side]
            for guard, number in zip(self._guards, now, strict=False):
                seed = seeding.key("trial", self.seed, number)
                guard.start(batch[number], limits=self.limits, seed=seed, named={"number": number})
            for guard, number in zip(self._guards, now, strict=False):
                verdict = guard.read()
                assert isinstance(verdict, Verdict)  # it tells no steps
                out.append((self._folds(number, verdict), verdict))
        return out

    def _folds(self, number: int, verdict: Verdict) -> list[Fold]:
        if verdict.status is Status.OK:
            return json.loads((self._folder / f"{number}.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]
        raising = self.cross_validation.options["error_score"] == "raise"
        if raising or verdict.status not in (Status.TIMEOUT, Status.MEMORYOUT, Status.CRASHED):
            raise StateError(f"Trial {number + 1} must succeed, it ended as {verdict.status.label}: "
                             f"{verdict.measured.reason}.")  # fmt: skip
        return self.cross_validation.failed(verdict)


@dataclass(frozen=True)
class _Told:
    """The objective of a guard: it leaves its measurements in a file."""

    cross_validation: CrossValidation
    folder: str
    settings: Mapping[str, Any]

    def __call__(self, config: Mapping[str, Any], number: int) -> float:
        with config_context(**self.settings):
            folds = [_fit_and_score(*given, **named) for given, named in self.cross_validation.calls(number, config)]
        (Path(self.folder) / f"{number}.json").write_text(json.dumps(folds), encoding="utf-8")
        return 0.0


def _seconds(folds: Sequence[Fold]) -> float:
    return float(sum(fold["fit_time"] + fold["score_time"] for fold in folds))
