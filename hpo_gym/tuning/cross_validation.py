"""One trial of a search: an estimator with given hyperparameters, trained and scored on each split of the data."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.model_selection._validation import _fit_and_score
from sklearn.utils.parallel import Parallel, delayed

from hpo_gym.base import StateError, seeding
from hpo_gym.problem import Status
from hpo_gym.system import Asked, Guards, Limits, Measured, Verdict
from hpo_gym.tuning.arguments import threads_of

Fold = dict[str, Any]
"""Scores, seconds and error of one split, as scikit-learn's searches keep them."""

Batch = Mapping[int, Mapping[str, Any]]
"""Configurations by the number of their trial."""


@dataclass(frozen=True)
class CrossValidation:
    """Evaluation of a configuration.

    Attributes:
        estimator: Cloned for each split.
        splits: Pairs of rows to train and to test on.
        options: Further arguments of scikit-learn's own function for one split.
        budget: Trials in all, for messages.
        objects: Objects behind the choices of the space: see `ObjectSpace.objects`.
        own: Hyperparameters of the first trial in place of its configuration, the estimator's own; None: no other.
    """

    estimator: object
    x: object
    y: object
    splits: Sequence[tuple[Any, Any]]
    options: Mapping[str, Any]
    budget: int
    objects: Mapping[str, Mapping[str, Any]]
    own: Mapping[str, Any] | None = None

    def parameters(self, number: int, config: Mapping[str, Any]) -> dict[str, Any]:
        """Hyperparameters of a trial as the estimator takes them."""
        if number == 0 and self.own is not None:
            return dict(self.own)
        return {name: self.objects[name].get(value, value) if name in self.objects else value
                for name, value in config.items()}  # fmt: skip

    def calls(self, number: int, config: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Arguments for each split."""
        count = len(self.splits)
        for k, (train, test) in enumerate(self.splits):
            progress = {"split_progress": (k, count), "candidate_progress": (number, self.budget)}
            mine = {"train": train, "test": test, "parameters": self.parameters(number, config)}
            named = {**mine, **progress, **self.options}
            yield (clone(self.estimator), self.x, self.y), named

    def check(self, number: int, config: Mapping[str, Any]) -> None:
        """Refuse unknown hyperparameters of the estimator; raises the errors of its `set_params`."""
        clone(self.estimator).set_params(**clone(self.parameters(number, config), safe=False))

    def failed(self, verdict: Verdict) -> list[Fold]:
        """Return the results of a trial that was cut off: for each split an error, and a share of the seconds."""
        score, names = self.options["error_score"], getattr(self.options["scorer"], "_scorers", None)
        scores = score if names is None else dict.fromkeys(names, score)
        fold = {
            "fit_error": f"{verdict.status.label}: {verdict.measured.reason}\n", "test_scores": scores,
            "train_scores": scores, "fit_time": verdict.seconds / len(self.splits), "score_time": 0.0,
        }  # fmt: skip
        return [dict(fold) for _ in self.splits]


Evaluate = Callable[[Batch], list[tuple[list[Fold], Verdict]]]
"""Splits and verdict of each trial of a batch. The verdict has no score, only failures that no split shows."""


@contextmanager
def in_parallel(rule: CrossValidation, n_jobs: int | None, pre_dispatch: int | str) -> Iterator[Evaluate]:
    """Evaluate all splits of a batch as jobs of joblib, whose arguments the last two are."""
    count = len(rule.splits)
    with Parallel(n_jobs=n_jobs, pre_dispatch=pre_dispatch) as parallel:

        def evaluate(batch: Batch) -> list[tuple[list[Fold], Verdict]]:
            calls = [call for number, config in batch.items() for call in rule.calls(number, config)]
            folds = parallel(delayed(_fit_and_score)(*given, **named) for given, named in calls)
            trials = [folds[i * count : (i + 1) * count] for i in range(len(batch))]
            return [(trial, Verdict(Measured(Status.OK), seconds=_seconds(trial))) for trial in trials]

        yield evaluate


@contextmanager
def under_guard(rule: CrossValidation, limits: Limits, side_by_side: int, seed: int) -> Iterator[Evaluate]:
    """Evaluate each trial in a fresh process, under limits, its splits one after another.

    Args:
        side_by_side: Parallel trials of a batch.
        seed: Of the global generators in each trial.
    """
    with tempfile.TemporaryDirectory() as name, closing(Guards(side_by_side, threads_of(side_by_side))) as guards:
        folder = Path(name)
        objective = _Told(rule, folder, get_config())

        def evaluate(batch: Batch) -> list[tuple[list[Fold], Verdict]]:
            seeds = {number: seeding.key("trial", seed, number) for number in batch}
            asked = [Asked(objective, batch[n], {"number": n}, own, limits) for n, own in seeds.items()]
            verdicts = guards.run(asked)
            return [(_folds(rule, folder, n, verdict), verdict) for n, verdict in zip(batch, verdicts, strict=True)]

        yield evaluate


def _folds(rule: CrossValidation, folder: Path, number: int, verdict: Verdict) -> list[Fold]:
    if verdict.status is Status.OK:
        return json.loads((folder / f"{number}.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]
    raising = rule.options["error_score"] == "raise"
    if raising or verdict.status not in (Status.TIMEOUT, Status.MEMORYOUT, Status.CRASHED):
        raise StateError(f"Trial {number + 1} must succeed, it ended as {verdict.status.label}: "
                         f"{verdict.measured.reason}.")  # fmt: skip
    return rule.failed(verdict)


@dataclass(frozen=True)
class _Told:
    """The objective of a guard: it leaves its measurements in a file."""

    cross_validation: CrossValidation
    folder: Path
    settings: Mapping[str, Any]

    def __call__(self, config: Mapping[str, Any], number: int) -> float:
        with config_context(**self.settings):
            folds = [_fit_and_score(*given, **named) for given, named in self.cross_validation.calls(number, config)]
        (self.folder / f"{number}.json").write_text(json.dumps(folds), encoding="utf-8")
        return 0.0


def _seconds(folds: Sequence[Fold]) -> float:
    return float(sum(fold["fit_time"] + fold["score_time"] for fold in folds))
