"""`Defined`: what a run must evaluate, show, pay and mask by the definition of its registered parts.

A plain single env takes the same actions. Its parts are the registered ones: a part of your own that derives from a
registered one stands for it, and any other is not compared. A fault names the number that is wrong.
"""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np

from hpo_gym.checks.beside import Reported, plain_one, reported
from hpo_gym.checks.drive import Env, kernel_of
from hpo_gym.checks.faults import Faults
from hpo_gym.env import (
    Blind,
    Contexts,
    Final,
    HistoryObserver,
    Improvement,
    Last,
    LogRegret,
    Losses,
    NormalizedImprovement,
    PoolObserver,
    Progress,
    Regret,
    RegretDrop,
    RegretRate,
    Score,
    Summary,
    Tokens,
    WeightedReward,
)

_SAME = 1e-9  # fidelities
_PAYS: dict[type, str] = {
    Score: "score", WeightedReward: "weighted sum of the objectives",
    Improvement: "improvement", NormalizedImprovement: "improvement in standard deviations",
    Regret: "negative regret",
    RegretDrop: "drop of the regret", LogRegret: "negative logarithm of the regret",
    Final: "rise of the score in standard deviations",
    RegretRate: "negative regret over the share of the budget",
}  # fmt: skip


class Defined:
    """The plain env of a run's registered parts.

    Args:
        env: The env that is checked; single, or many runs of it.
        same: Whether its "observation" and "reward" are those of the env inside, unchanged by wrappers.

    Attributes:
        differs: Whether a part of the env is not the registered one itself.
    """

    def __init__(self, env: Env, same: dict[str, bool], faults: Faults) -> None:
        parts = kernel_of(env).parts
        found = {name: _registered(getattr(parts, name)) for name in ("observer", "codec", "reward")}
        known = {name: part for name, part in found.items() if part is not None}
        self.differs = any(not _is_ours(getattr(parts, name)) for name in found)
        self._env, self._faults, self._follows = plain_one(env, **known), faults, False
        self._kernel: Any = self._env.kernel
        self._asks = "codec" in known
        self._pays = _PAYS.get(type(known.get("reward"))) if same["reward"] else None
        self._shows = same["observation"] and "observer" in known

    def begin(self, seed: int | None, task: str | None, got: Reported) -> None:
        """Begin an episode, and check the first observation."""
        expected = reported(self._env.reset(seed=seed, options=None if task is None else {"task": task}))
        self._follows = got.info.get("task") == expected.info["task"]
        if self._follows:
            self._check_shown(got.obs, expected.obs, expected.info["t"])

    def step(self, action: Any, got: Reported, *, shown: bool = True) -> None:
        """Check an outcome against the action: the query, the reward and, where it is `shown`, the observation."""
        if not self._follows:
            return
        expected, faults = reported(self._env.step(action)), self._faults
        stops = "config" not in expected.info
        if self._asks and not stops and "config" in got.info:
            self._follows = self._check_asked(action, got, expected)
        if self._pays is not None and got.reward != expected.reward:
            of = "reward of an action that stops, " if stops else "reward "
            repeated = self._kernel.parts.duplicates == "penalize" and self._kernel.runs["repeated"].item()
            less = ", less a standard deviation of meta-train for a repeat" if repeated else ""
            name = self._rest() if stops else self._pays + less
            faults.add(f"The {of}{got.reward!r}{',' * stops} is not the {name}, {expected.reward!r}")
        if shown and not stops:
            self._check_shown(got.obs, expected.obs, expected.info["t"])
        self._follows &= not expected.terminated

    def check_masks(self, masks: Any, t: int, task: str) -> None:
        """Rows are masked where not measured on the task and, with `duplicates="mask"`, once they are tried."""
        if not (self._follows and self._asks):
            return
        expected, faults, parts = self._env.action_masks(), self._faults, self._kernel.parts
        good = isinstance(masks, np.ndarray) and masks.dtype == bool and masks.shape == expected.shape
        if not faults.expect(good, f"`action_masks` is no array of {len(expected)} bools"):
            return
        if not parts.codec.pool:
            faults.expect(masks.all(), "`action_masks` masks an action of a codec that masks none")
            return
        width = parts.codec.count(self._kernel.contexts)
        faults.expect(masks[width:].all(), "`action_masks` masks a fidelity, or to stop")
        fault = "`action_masks` are not what was measured" + (" and not tried" if parts.duplicates == "mask" else "")
        faults.once((masks == expected)[:width].all(), fault, f"{fault} on task {task!r} after {t} trials")

    def _check_asked(self, action: object, got: Reported, expected: Reported) -> bool:
        level, asked = got.info["fidelity"], expected.info["fidelity"]
        fault = f"The action {action} is evaluated at fidelity {level:g} instead of {asked:g}"
        good = self._faults.once(abs(level - asked) < _SAME, "asked fidelity", fault)
        config = dict(expected.info["config"])
        fault = f"The action {action} evaluates {dict(got.info['config'])} instead of {config}"
        return self._faults.once(dict(got.info["config"]) == config, "asked", fault) and good

    def _check_shown(self, obs: Any, expected: Any, t: int) -> None:
        """Check each number of an observation that has a name."""
        if not self._shows:
            return
        if np.asarray(obs).dtype.kind == "U":
            self._faults.once(str(obs) == str(expected), "shown text", "The observation is another text")
            return
        with self._faults.guard("To read the observation"):
            for name, place in _places(self._kernel.parts.observer, self._kernel.contexts, t).items():
                shown, true = _pick(obs, place), _pick(expected, place)
                fault = f"The observation shows no {name}"
                if self._faults.once(shown.shape == true.shape, f"shape {name}", fault):
                    for i in np.flatnonzero(~(shown == true))[:1]:
                        fault = f"The observation shows {shown[i]:.9g} as {name}, which is {true[i]:.9g}"
                        self._faults.once(False, f"shown {name}", fault)

    def _rest(self) -> str:
        rate = isinstance(self._kernel.parts.reward, RegretRate)
        return "negative regret over what is left of the budget" if rate else "nothing"


# ---------------------------------------------------------------------- registered parts
def _is_ours(part: object) -> bool:
    return type(part).__module__.startswith("hpo_gym.") and all(map(_is_ours, _scales(part).values()))


def _registered(part: Any) -> Any:
    """Return a part as the class of this package that it derives from; None without one."""
    for kind in type(part).__mro__:
        if kind.__module__.startswith("hpo_gym.") and not inspect.isabstract(kind):
            plain: Any = object.__new__(kind)
            scales = {name: _registered(scale) for name, scale in _scales(part).items()}
            plain.__dict__.update(copy.deepcopy({**vars(part), **scales}))
            return None if None in _scales(plain).values() else plain
    return None


def _scales(part: object) -> dict[str, Any]:
    """Return the scale of a part, or the one within a scale."""
    return {name: value for name, value in vars(part).items() if name in ("served", "inner")}


# ---------------------------------------------------------------------- names of numbers
def _places(observer: Any, contexts: Contexts, t: int) -> dict[str, Any]:
    """Return where an observation after `t` trials shows what: an index, a key of a dictionary, or both."""
    d, h, last = contexts.space.d, contexts.horizon, max(t - 1, 0)
    places: dict[str, Any] = {}
    match observer:
        case Last():
            places = {
                "the last configuration": slice(d), "the last score": d, "the incumbent's score": d + 1,
                "the share of the budget left": d + 2,
            }  # fmt: skip
        case Summary():
            places = {
                "the incumbent": slice(d), "the last configuration": slice(d, 2 * d),
                "the incumbent's score": 2 * d, "the last score": 2 * d + 1,
                "the share of the budget left": 2 * d + 2, "the share of trials": 2 * d + 3,
                "the share of trials since the incumbent": 2 * d + 4,
            }  # fmt: skip
        case HistoryObserver():
            table = np.arange(h * (d + 2)).reshape(h, d + 2)
            places = {
                "the last score": table[last, d], "the configurations of the trials": table[:, :d].ravel(),
                "the scores of the trials": table[:, d], "the fidelities of the trials": table[:, d + 1],
            }  # fmt: skip
        case Blind() | Progress() | Losses():
            end = sum(count for *_, count in observer.limits(contexts))
            places = {
                "the share of the budget spent": 0, "whether nothing was tried": 1,
                "the last configuration": slice(2, 2 + d), "the last move": slice(2 + d, 2 + 2 * d),
                "the signals of the trial": slice(2 + 2 * d, end),
            }  # fmt: skip
        case Tokens():
            places = {
                "the share of the budget left": "left", "the last score": ("history_y", last),
                "the mask of the trials": "mask", "the configurations of the trials": "history_x",
                "the scores of the trials": "history_y", "the fidelities of the trials": "history_f",
            }  # fmt: skip
            if contexts.in_cost:
                places["what the trials took"] = "history_c"
            if observer.hyperparameters:
                places |= {"the active hyperparameters": "active", "what the hyperparameters are": "hyperparameters"}
        case PoolObserver():
            features: tuple[str, ...] = (
                "which candidates were tried", "the scores of candidates",
                "the distance of candidates to the incumbent", "the distance of candidates to the nearest trial",
            )  # fmt: skip
            features += ("what candidates cost on earlier tasks",) * contexts.in_cost
            places = {
                "the share of the budget left": ("state", 1), "the incumbent's score": ("state", 0),
                "the candidates": "candidates", "the mask of the candidates": "action_mask",
                **{name: ("candidate_features", (..., i)) for i, name in enumerate(features)},
            }  # fmt: skip
    if getattr(observer, "context", False):
        width = contexts.meta.shape[1]
        places["the meta-features"] = "context" if isinstance(observer, (Tokens, PoolObserver)) else slice(-width, None)
    return places


def _pick(obs: Any, place: Any) -> Any:
    """Return the numbers at a place, flat."""
    return np.ravel(obs[place[0]][place[1]] if isinstance(place, tuple) else obs[place])
