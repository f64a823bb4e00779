"""Keywords of public calls: one that a call does not have is an error that says what it is called here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Concatenate, ParamSpec, TypeVar

from hpo_gym.base import InvalidValueError, UnknownNameError, shown, unknown

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
C = TypeVar("C")

_NAMES: Mapping[str, str] = {
    "budget": "n_trials n_iter n_iterations iterations max_iter num_samples max_evals max_trials n_calls trials evals",
    "timeout": "time_limit max_time time_budget time_budget_s walltime_limit",
    "trial_timeout": "trial_time_limit time_limit_per_trial walltime_per_trial",
    'direction="minimize"': "loss minimize minimise greater_is_better mode",
    'direction="maximize"': "maximize maximise",
    "scoring": "loss minimize minimise maximize maximise greater_is_better mode direction score objective func",
    "objective": "f fn func function target",
    "space": "search_space param_space param_distributions param_grid params pbounds bounds",
    "optimizer": "optimiser algorithm algo sampler search_alg method",
    "optimizers": "optimizer optimiser optimisers algorithm algorithms algo methods",
    "n_jobs": "workers num_workers n_workers max_concurrent max_concurrent_trials jobs",
    "workers": "n_jobs num_workers n_workers jobs",
    "seed": "random_state random_seed rng rstate",
    "seeds": "seed random_state repeats n_seeds",
    "random_state": "seed random_seed rng",
    "init": "x0 initial_points points_to_evaluate enqueue starting_points",
    "stopping": "pruner early_stopping scheduler pruning",
    "progress": "verbose show_progress_bar progress_bar show_progressbar",
    "out": "storage output folder output_dir save_dir local_dir",
    "resume": "load_if_exists",
    "memory": "memory_limit max_memory",
    "suites": "suite datasets benchmarks",
    "suite": "suites benchmark",
    "task": "dataset data_set dataset_id instance",
    "observer": "observation obs state",
    "codec": "action actions action_space",
    "reward": "reward_function reward_fn reward_type",
    "max_episode_steps": "horizon episode_length max_steps",
}
"""Other names of keywords, by the name used here."""


def unexpected(call: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Make the error for a keyword that a call does not have, with what it is called here, or the nearest one."""
    names = set(known)
    for own, others in _NAMES.items():
        if own.partition("=")[0] in names and name in others.split():
            return UnknownNameError(f"No keyword {name!r} of {call}: it is `{own}` here. Known: {sorted(names)}.")
    return unknown(f"keyword of {call}", name, names)


def keywords_checked(call: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function refuse unknown keywords, and arguments given both by place and by name."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        places = list(inspect.signature(function).parameters)

        @functools.wraps(function)
        def checked(*args: P.args, **keywords: P.kwargs) -> R:
            for name in keywords:
                if name not in places:
                    raise unexpected(call, name, places)
            for name, value in zip(places, args, strict=False):
                if name in keywords:
                    raise InvalidValueError(
                        f"`{name}` of {call} must be given once, got {shown(value)} by its place and "
                        f"{shown(keywords[name])} by its name; the order is ({', '.join(places[:3])}, ...)."
                    )
            return function(*args, **keywords)

        return checked

    return decorate


def given(config: Callable[P, C], call: str) -> Callable[[Callable[[C], R]], Callable[P, R]]:
    """Let a function take the arguments of a dataclass, checked, and hand it an instance."""
    signature, made = inspect.signature(config), keywords_checked(call)(config)

    def decorate(function: Callable[[C], R]) -> Callable[P, R]:
        @functools.wraps(function)
        def checked(*args: P.args, **keywords: P.kwargs) -> R:
            return function(made(*args, **keywords))

        own = signature.replace(return_annotation=inspect.signature(function).return_annotation)
        checked.__signature__ = own  # type: ignore[attr-defined]
        return checked

    return decorate


def takes(config: Callable[P, C], call: str) -> Callable[[Callable[[S, C], None]], Callable[Concatenate[S, P], None]]:
    """Let a constructor take the arguments of a dataclass, checked, and hand it an instance."""
    signature, made = inspect.signature(config), keywords_checked(call)(config)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)

    def decorate(init: Callable[[S, C], None]) -> Callable[Concatenate[S, P], None]:
        @functools.wraps(init)
        def checked(self: S, *args: P.args, **keywords: P.kwargs) -> None:
            init(self, made(*args, **keywords))

        checked.__signature__ = signature.replace(parameters=[own, *signature.parameters.values()])  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]  # `self` has a name

    return decorate
