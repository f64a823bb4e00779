"""Keywords that an env must refuse when it is made, and misspelt names with the suggestions that it must make."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hpo_gym.base import HPOGymError, SplitError
from hpo_gym.checks.drive import Make
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
    inner = make().unwrapped
    kind: Callable[..., Any] = type(inner)
    if not set(inspect.signature(kind).parameters) >= _NEEDED:
        return
    for bad in (*_ALWAYS, *_of_suite(inner.suite), *_splits(inner.suite, inner.fold)):
        call = functools.partial(kind, suite=inner.suite, **{"split": inner.split, "fold": inner.fold, **bad.keywords})
        error = faults.refuses(bad.what, call)
        if isinstance(error, HPOGymError):
            named = f"{bad.what}: raises {type(error).__name__}, not a {bad.kind.__name__}"
            faults.expect(isinstance(error, bad.kind), named)
            words = f"The refusal of {bad.what[0].lower()}{bad.what[1:]} does not offer {bad.offers!r}"
            faults.expect(bad.offers in str(error), words)


_ALWAYS = (
    Bad("The keyword 'bugdet'", {"bugdet": 5}, "budget"),
    Bad("The observer 'lasst'", {"observer": "lasst"}, "last"),
    Bad("The codec 'boxx'", {"codec": "boxx"}, "box"),
    Bad("The reward 'scoer'", {"reward": "scoer"}, "score"),
    Bad("The scores 'raww'", {"scores": "raww"}, "raw"),
    Bad("The duplicates 'alow'", {"duplicates": "alow"}, "allow"),
    Bad("The split 'trian'", {"split": "trian"}, "train"),
    Bad("The render_mode 'ansy'", {"render_mode": "ansy"}, "ansi"),
    Bad("The option 'stpo' of a codec", {"codec": {"name": "box", "stpo": True}}, "stop"),
    Bad("The objective 'scroe'", {"objectives": ["scroe"]}, "score"),
    *(Bad(f"A budget of {value!r}", {"budget": value}) for value in (0, -1, 2.5, True, "5")),
    *(Bad(f"{value!r} given points", {"n_init": value}) for value in (-1, 1.5, True)),
    *(Bad(f"A budget in cost of {value!r}", {COSTS: value}) for value in (0, -1.0, float("nan"), True)),
    Bad("The fold 5", {"fold": 5}),
    Bad("A codec without a name", {"codec": {"levels": 5}}),
    Bad("Two budgets", {"budget": 5, COSTS: 5}),
    Bad("`objectives` beside a budget in cost", {COSTS: 5, "objectives": ["score", "cost"]}),
    Bad("`objectives` beside a reward", {"reward": "score", "objectives": ["score", "cost"]}),
    Bad("`weights` without `objectives`", {"weights": [1.0]}),
    Bad(f"`{KEPT}` without a budget in cost", {KEPT: True}),
    Bad("`duplicates='mask'` with the codec 'box'", {"duplicates": "mask", "codec": "box"}),
    Bad("A constraint that nothing keeps", {"constraints": {"cost": -1.0}}),
)


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
