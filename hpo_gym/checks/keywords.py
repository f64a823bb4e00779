"""Keywords that an env must refuse when it is made, and misspelt names with the suggestions that it must make."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hpo_gym.base import HPOGymError, SplitError
from hpo_gym.checks.drive import Env, Make, kernel_of
from hpo_gym.checks.faults import Faults
from hpo_gym.problem import AMOUNTS, KEPT, Suite

_, COSTS = AMOUNTS

_NEEDED = {"suite", "split", "task", "reward", "fold"}


class Bad(NamedTuple):
    """Invalid keywords: a description, and the name that the refusal must suggest, if any."""

    what: str
    keywords: dict[str, Any]
    offers: str = ""
    kind: type[HPOGymError] = HPOGymError


def check_keywords(make: Make, faults: Faults) -> None:
    """Unknown names and values that have no meaning are refused, with the nearest name."""
    env = make()
    inner, kind = env.unwrapped, _kind(env)
    if kernel_of(env) is None or not set(inspect.signature(kind).parameters) >= _NEEDED:
        return
    for bad in (*_names(), *_values(), *_together(), *_of_suite(inner.suite), *_splits(inner.suite, inner.fold)):
        call = functools.partial(kind, suite=inner.suite, **{"split": inner.split, "fold": inner.fold, **bad.keywords})
        faults.refuses(bad.what, _offering(call, bad, faults))


def _kind(env: Env) -> Callable[..., Any]:
    """Return the class of the env inside, for making another."""
    return type(env.unwrapped)


def _offering(call: Any, bad: Bad, faults: Faults) -> Any:
    """Return the call, with a note on refusals of another kind, or without a suggestion."""

    def called() -> object:
        try:
            return call()
        except HPOGymError as error:
            kind = f"{bad.what}: raises {type(error).__name__}, not a {bad.kind.__name__}"
            faults.expect(isinstance(error, bad.kind), kind)
            words = f"The refusal of {bad.what[0].lower()}{bad.what[1:]} does not offer {bad.offers!r}"
            faults.expect(bad.offers in str(error), words)
            raise

    return called


def _names() -> Iterator[Bad]:
    yield Bad("The keyword 'bugdet'", {"bugdet": 5}, "budget")
    for key, wrong, right in (
        ("observer", "lasst", "last"), ("codec", "boxx", "box"), ("reward", "scoer", "score"),
        ("scores", "raww", "raw"), ("duplicates", "alow", "allow"), ("split", "trian", "train"),
        ("render_mode", "ansy", "ansi"),
    ):  # fmt: skip
        yield Bad(f"The {key} {wrong!r}", {key: wrong}, right)
    yield Bad("The option 'stpo' of a codec", {"codec": {"name": "box", "stpo": True}}, "stop")
    yield Bad("The objective 'scroe'", {"objectives": ["scroe"]}, "score")


def _values() -> Iterator[Bad]:
    for value in (0, -1, 2.5, True, "5"):
        yield Bad(f"A budget of {value!r}", {"budget": value})
    for value in (-1, 1.5, True):
        yield Bad(f"{value!r} given points", {"n_init": value})
    for value in (0, -1.0, float("nan"), True):
        yield Bad(f"A budget in cost of {value!r}", {COSTS: value})
    yield Bad("The fold 5", {"fold": 5})
    yield Bad("A codec without a name", {"codec": {"levels": 5}})


def _together() -> Iterator[Bad]:
    yield Bad("Two budgets", {"budget": 5, COSTS: 5})
    yield Bad("`objectives` beside a budget in cost", {COSTS: 5, "objectives": ["score", "cost"]})
    yield Bad("`objectives` beside a reward", {"reward": "score", "objectives": ["score", "cost"]})
    yield Bad("`weights` without `objectives`", {"weights": [1.0]})
    yield Bad(f"`{KEPT}` without a budget in cost", {KEPT: True})
    yield Bad("`duplicates='mask'` with the codec 'box'", {"duplicates": "mask", "codec": "box"})
    yield Bad("The `context` of `levels`", {"observer": {"name": "levels", "context": True}})
    yield Bad("A constraint that nothing keeps", {"constraints": {"cost": -1.0}})


def _of_suite(suite: Suite) -> Iterator[Bad]:
    """Return keywords without a meaning on tasks of a kind."""
    tasks = suite.tasks("train") or suite.members
    if any(task.pool is None for task in tasks):
        yield Bad("The codec 'pool' on tasks without a pool", {"codec": "pool"})
    if suite.kind in ("function", "training"):
        yield Bad("A budget in cost where none was measured", {COSTS: 5})


def _splits(suite: Suite, fold: int | None) -> Iterator[Bad]:
    for split in ("val", "test"):
        tasks = suite.tasks(split, fold)
        if tasks:
            yield Bad(f"The reward 'regret' on split {split!r}", {"split": split, "reward": "regret"}, "", SplitError)
            yield Bad(
                f"A task of {split!r} on split 'train'", {"split": "train", "task": tasks[0].name}, "", SplitError
            )
