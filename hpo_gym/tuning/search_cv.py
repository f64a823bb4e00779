"""`HPOGymSearchCV`: any optimizer of this package as a search estimator of scikit-learn."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hpo_gym.base import InvalidValueError, require, shown, unknown, whole
from hpo_gym.env import keywords_checked
from hpo_gym.problem import AnySpace, Evaluations, Status
from hpo_gym.suites import values_of
from hpo_gym.system import Limits, Measured, Verdict
from hpo_gym.tuning.allowance import Allowance, allowance
from hpo_gym.tuning.arguments import Checked, checked
from hpo_gym.tuning.auto import AUTO
from hpo_gym.tuning.choices import ObjectSpace
from hpo_gym.tuning.estimators import prior_for, sizes_for, space_for
from hpo_gym.tuning.meta_features import Data, meta_features_of
from hpo_gym.tuning.proposals import Proposer
from hpo_gym.tuning.study import Study
from hpo_gym.tuning.tuned import Tuned

require("sklearn")

from joblib import effective_n_jobs  # noqa: E402 - after the check of the extra
from sklearn.base import _fit_context, clone, is_classifier  # noqa: E402
from sklearn.metrics._scorer import _MultimetricScorer  # noqa: E402
from sklearn.model_selection import check_cv  # noqa: E402
from sklearn.model_selection._search import BaseSearchCV  # noqa: E402
from sklearn.model_selection._validation import (  # noqa: E402
    _insert_error_scores,
    _warn_or_raise_about_fit_failures,
)
from sklearn.utils import check_random_state, indexable  # noqa: E402
from sklearn.utils.validation import _check_method_params  # noqa: E402

from hpo_gym.tuning.cross_validation import CrossValidation, Evaluate, Fold, in_parallel, under_guard  # noqa: E402


class HPOGymSearchCV(BaseSearchCV):  # type: ignore[misc]  # scikit-learn has no types
    """Search of hyperparameters by cross-validation, like `RandomizedSearchCV`, by an optimizer that learns from
    trials.

    `cv_results_`, `best_index_`, `best_params_`, `best_score_`, `best_estimator_`, `refit_time_`, `scorer_`,
    `multimetric_`, `n_splits_`, `classes_`, `n_features_in_`, and the methods are those of scikit-learn's searches. All
    configurations are evaluated on the same splits.

    Args:
        estimator: As for `RandomizedSearchCV`, and so are `scoring`, `n_jobs`, `refit`, `cv`, `verbose`,
            `pre_dispatch`, `error_score` and `return_train_score`.
        space: In any form that `hpo_gym.problem.space.forms.read_space` reads, with names such as ``svc__C``; in a
            mapping, a list may hold any objects. A list of mappings is branches, as in scikit-learn
            (`hpo_gym.problem.space.branches`). "auto": that of `hpo_gym.space_for` for these data; whatever the
            optimizer, the first trial is the estimator exactly as given, also where its parameters are outside.
        optimizer: In any form that `hpo_gym.optimize.forms` reads; one that learns must be trained.
        budget: Trials: configurations evaluated on all splits.
        prior: Earlier tasks: as in `hpo_gym.tune`, fitted searches among them. "auto": the suite of this estimator;
            `tuned_.plan.why` tells where there is none.
        metric: Name of the scorer whose mean the optimizer maximises, if there are several; None: `refit`.
        batch_size: Trials proposed together. More than one keeps more than `cv` jobs busy; trials of a batch are
            proposed without knowing each other's scores, and count as the worst so far.
        random_state: Of the proposals; an integer makes those of `hpo_gym.tune` with this `seed`. None draws one from
            NumPy's global generator, as everywhere in scikit-learn.
        trial_timeout: Limit of a trial, all its splits, in wall-clock seconds; a longer one fails.
        memory: Limit of a trial in bytes. With either limit, each trial runs in a fresh process under guard, its
            splits one after another, and at most `n_jobs` trials of a batch side by side.
        meta_features: Facts about the data for the optimizer: "auto", the names in the shipped suites; a function of
            `X` and `y` that returns numbers by name; or None, nothing.

    Attributes:
        tuned_ (Tuned): The trials, in the form of `hpo_gym.tune`; there, the untouched estimator is the nearest
            configuration of a ready space.
    """

    _parameter_constraints = {**BaseSearchCV._parameter_constraints, "random_state": ["random_state"]}  # noqa: RUF012

    @keywords_checked("HPOGymSearchCV")
    def __init__(
        self,
        estimator: object,
        space: AnySpace | str,
        *,
        optimizer: object = AUTO,
        budget: int = 33,
        prior: object = (),
        scoring: object = None,
        metric: str | None = None,
        n_jobs: int | None = None,
        batch_size: int = 1,
        refit: object = True,
        cv: object = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: object = np.nan,
        return_train_score: bool = False,
        random_state: object = None,
        trial_timeout: float | None = None,
        memory: float | None = None,
        meta_features: object = AUTO,
    ) -> None:
        super().__init__(
            estimator, scoring=scoring, n_jobs=n_jobs, refit=refit, cv=cv, verbose=verbose, pre_dispatch=pre_dispatch,
            error_score=error_score, return_train_score=return_train_score,
        )  # fmt: skip
        self.space = space
        self.optimizer = optimizer
        self.budget = budget
        self.prior = prior
        self.metric = metric
        self.batch_size = batch_size
        self.random_state = random_state
        self.trial_timeout = trial_timeout
        self.memory = memory
        self.meta_features = meta_features

    @property
    def evaluations_(self) -> Evaluations:
        """The trials as an earlier task, for the `prior` of the next search.

        Raises:
            AttributeError: It is not fitted.
        """
        return self.tuned_.evaluations()

    def __sklearn_clone__(self) -> HPOGymSearchCV:
        copy: HPOGymSearchCV = super().__sklearn_clone__()
        copy.prior = self.prior  # a clone of a fitted search would be an unfitted one
        return copy

    @_fit_context(prefer_skip_nested_validation=False)  # type: ignore[untyped-decorator]
    def fit(self, X: Data, y: ArrayLike | None = None, **params: object) -> HPOGymSearchCV:
        """Search, and refit the best configuration on all data.

        Args:
            X: Input of the estimator.
            y: The target; None for unsupervised learning.
            params: Of the estimator's `fit`, the scorer and the splitter, as in scikit-learn's searches.

        Raises:
            InvalidValueError: An argument of the search, before the first trial; the message names it.
            ValueError: All fits failed; or of other arguments, as scikit-learn.
        """
        if getattr(self, "_skl_callbacks", None):
            raise InvalidValueError("`set_callbacks` must be given none: this search tells callbacks nothing.")
        scorers, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        routed = self._get_routed_params_for_fit(_check_method_params(X, params=params))
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits = list(cv.split(X, y, **routed.splitter.split))
        if not splits:
            raise InvalidValueError("`cv` must have at least one split, got none.")
        names = list(scorers._scorers) if isinstance(scorers, _MultimetricScorer) else None
        given, found, own = self._checked(names, X, y)
        options = {
            "scorer": scorers, "fit_params": routed.estimator.fit, "score_params": routed.scorer.score,
            "return_train_score": self.return_train_score, "return_times": True, "error_score": self.error_score,
            "verbose": self.verbose,
        }  # fmt: skip
        rule = CrossValidation(clone(self.estimator), X, y, splits, options, self._may_take.trials, given.objects, own)
        study, folds = self._search(rule, found, self._meta_features(X, y))
        self._keep(rule, Tuned.of(study), folds, refit_metric)
        if self.refit:
            self._refit(X, y, routed.estimator.fit)
        self.scorer_ = scorers._scorers if isinstance(scorers, _MultimetricScorer) else scorers
        return self

    # ------------------------------------------------------------------ the search
    def _search(
        self, rule: CrossValidation, found: Checked, meta_features: Mapping[str, float | None]
    ) -> tuple[Study, list[Fold]]:
        """Return the trials, and all their splits, trial by trial."""
        study, folds = Study(replace(found.plan, seed=self._seed())), []
        alone = self.batch_size == 1
        proposer = Proposer(found.form, study, self._may_take, found.prior, alone, meta_features, moves=True)
        with self._evaluator(rule, study.plan.seed) as evaluate:
            while batch := _next_batch(study, proposer, min(self.batch_size, self._may_take.trials - study.count)):
                for number, config in batch.items():
                    rule.check(number, config)
                for number, (trial, verdict) in zip(batch, evaluate(batch), strict=True):
                    folds += trial
                    ended = study.end(number, self._judged(trial, verdict), ())
                    if self.verbose > 0:
                        tried = rule.parameters(number, ended.config)
                        print(f"Trial {number + 1} of {self.budget}: {ended.measured.score:.6g}, {tried}")
        return study, folds

    def _evaluator(self, rule: CrossValidation, seed: int) -> AbstractContextManager[Evaluate]:
        if self.trial_timeout is None and self.memory is None:
            return in_parallel(rule, self.n_jobs, self.pre_dispatch)
        beside = min(self.batch_size, effective_n_jobs(self.n_jobs))
        return under_guard(rule, Limits(self.trial_timeout, self.memory), beside, seed)

    def _judged(self, folds: Sequence[Fold], verdict: Verdict) -> Verdict:
        """Return the verdict with the mean score for the optimizer; without one if a fit failed or it is not finite."""
        if verdict.status is not Status.OK:
            return verdict
        errors = [fold["fit_error"] for fold in folds if fold["fit_error"] is not None]
        if errors:
            return replace(verdict, measured=Measured(Status.FAILED, errors[0].strip().splitlines()[-1][:500]))
        scores = [fold["test_scores"] for fold in folds]
        name = self._metric(list(scores[0]) if isinstance(scores[0], dict) else None)
        mean = float(np.mean([s[name] if isinstance(s, dict) else s for s in scores]))
        if not math.isfinite(mean):
            return replace(verdict, measured=Measured(Status.DIVERGED, f"the mean score must be finite, got {mean}"))
        return replace(verdict, measured=Measured(Status.OK, "", mean))

    def _metric(self, names: Sequence[str] | None) -> str | None:
        """Return the maximised one of several scores; None with one score."""
        if names is None:
            if self.metric is not None:
                raise InvalidValueError(f"`metric` must be None where there is one score, got {shown(self.metric)}.")
            return None
        name = self.refit if self.metric is None else self.metric
        if len(names) == 1 and not isinstance(name, str):
            return names[0]
        if not isinstance(name, str):
            raise InvalidValueError(
                f"`metric` must name the score to maximise where `refit` does not, one of {list(names)}, got None."
            )
        if name not in names:
            raise unknown("score", name, names)
        return name

    # ------------------------------------------------------------------ arguments
    def _checked(
        self, names: Sequence[str] | None, x: Data, y: ArrayLike | None
    ) -> tuple[ObjectSpace, Checked, Mapping[str, Any] | None]:
        """Refuse wrong arguments before the first trial; return with a ready space the estimator's own values in it."""
        whole("batch_size", self.batch_size)
        Limits(self.trial_timeout, self.memory)
        if names is not None or not callable(self.scoring):
            self._metric(names)
        space, prior, own, init = self.space, self.prior, None, list[Any]()
        if isinstance(space, str):
            if space != AUTO:
                raise unknown("space", space, [AUTO])
            space = space_for(self.estimator, **sizes_for(self.estimator, x, y))
            mine: Mapping[str, Any] = self.estimator.get_params()
            own = {name: mine[name] for name in space.names if name in mine}
            init = [space.default]
        given = ObjectSpace.read(space)
        if isinstance(prior, str) and prior == AUTO:
            prior = prior_for(self.estimator, given.space)
        return given, checked(given.space, self.optimizer, self._may_take, init=init, prior=prior), own

    @property
    def _may_take(self) -> Allowance:
        return allowance(self.budget, None)

    def _seed(self) -> int:
        if isinstance(self.random_state, numbers.Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _meta_features(self, x: Data, y: ArrayLike | None) -> dict[str, float | None]:
        given = self.meta_features
        if given is None:
            return {}
        if isinstance(given, str) and given == AUTO:
            return meta_features_of(x, y, classifies=is_classifier(self.estimator))
        if not callable(given):
            raise InvalidValueError(f"`meta_features` must be {AUTO!r}, a function or None, got {shown(given)}.")
        return values_of(given(x, y))

    # ------------------------------------------------------------------ what was found
    def _keep(self, rule: CrossValidation, tuned: Tuned, folds: list[Fold], refit_metric: object) -> None:
        """Keep the results in the form of scikit-learn's searches."""
        if not folds:
            raise InvalidValueError(f"`optimizer` must propose a configuration, {tuned.plan.optimizer!r} did not.")
        _warn_or_raise_about_fit_failures(folds, self.error_score)
        if callable(self.scoring):
            _insert_error_scores(folds, self.error_score)
        self.tuned_, self.n_splits_ = tuned, len(rule.splits)
        self.multimetric_ = isinstance(folds[0]["test_scores"], dict)
        if callable(self.scoring) and self.multimetric_:  # only now their names are known
            self._check_refit_for_multimetric(folds[0]["test_scores"])
            refit_metric = self.refit
        candidates = [rule.parameters(ended.number, ended.config) for ended in tuned.ended]
        self.cv_results_ = self._format_results(candidates, self.n_splits_, folds)
        if self.refit or not self.multimetric_:
            self.best_index_ = self._best_index(tuned, refit_metric)
            self.best_params_ = self.cv_results_["params"][self.best_index_]
            if not callable(self.refit):
                self.best_score_ = self.cv_results_[f"mean_test_{refit_metric}"][self.best_index_]

    def _best_index(self, tuned: Tuned, metric: object) -> int:
        """Return scikit-learn's choice, except that a trial without success counts for nothing, whatever its
        `error_score`."""
        if callable(self.refit) or not tuned.succeeded:
            return int(self._select_best_index(self.refit, metric, self.cv_results_))
        means = self.cv_results_[f"mean_test_{metric}"]
        return int(np.nanargmax(np.where([e.counts for e in tuned.ended], means, -np.inf)))

    def _refit(self, x: Data, y: ArrayLike | None, fit_params: Mapping[str, Any]) -> None:
        self.best_estimator_ = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        start = time.perf_counter()
        self.best_estimator_.fit(x, *([] if y is None else [y]), **fit_params)
        self.refit_time_ = time.perf_counter() - start
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_


def _next_batch(study: Study, proposer: Proposer, size: int) -> dict[int, Mapping[str, Any]]:
    """Return the next trials, begun; none if there is nothing more to try."""
    batch: dict[int, Mapping[str, Any]] = {}
    while len(batch) < size and (number := proposer.begin()) is not None:
        batch[number] = study.begun[number]
    return batch
