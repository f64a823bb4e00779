"""Signals of anybody's training, by name: from reported losses, and facts, to the inputs of rules and agents.

They mean the same as in the suites; losses are in losses of a guess.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from hpo_gym.base import InvalidValueError, finite, shown, unknown

MOST = 3.0
"""No loss is shown above it, and one that is not finite at it."""

FACTS = ("classes", "rows", "weights", "batch", "adaptive", "normalised", "layers")
"""Known before the training."""
_BEFORE = ("validation_loss_before", "training_loss_before", "best_validation_loss")
_LOSSES = ("validation_loss", "training_loss")
"""Told of each epoch."""
KNOWN = (*_LOSSES, "since_best", "accuracy", "diverged", *_BEFORE, *FACTS)


def at_start(given: Mapping[str, float]) -> dict[str, float]:
    """Return the signals before the first epoch, from `validation_loss`, and facts and accuracy, if known."""
    loss = _capped(given["validation_loss"])
    out = {"since_best": 0.0, "diverged": 0.0, **given, **dict.fromkeys((*_LOSSES, *_BEFORE), loss)}
    out.setdefault("accuracy", _likely(loss, out))
    return out


def after(before: Mapping[str, float], given: Mapping[str, float]) -> dict[str, float]:
    """Return the signals after an epoch.

    Args:
        before: The signals before it.
        given: `validation_loss`, and what else is known; the earlier value stays where one is not finite. One loss that
            is not finite means divergence.
    """
    dead = not all(math.isfinite(value) for name, value in given.items() if name in _LOSSES)
    out = {**before, **{f"{name}_before": before[name] for name in _LOSSES}}
    out |= {name: value for name, value in given.items() if math.isfinite(value)}
    out |= {name: MOST if dead else _capped(out[name]) for name in given if name in _LOSSES}
    if dead or "accuracy" not in given:
        out["accuracy"] = _likely(out["validation_loss"], out)
    better = out["validation_loss"] < before["best_validation_loss"]
    out["since_best"] = 0.0 if better else before["since_best"] + 1.0
    out["best_validation_loss"] = min(out["validation_loss"], before["best_validation_loss"])
    return out | {"diverged": float(dead)}


def _capped(loss: float) -> float:
    return max(loss, 0.0) if loss < MOST else MOST  # of NaN, the highest


def _likely(loss: float, seen: Mapping[str, float]) -> float:
    """Return the mean probability of the right class, in the logarithm."""
    return seen.get("classes", 2.0) ** -loss if loss < MOST else 0.0


def shares(told: Mapping[str, float], unit: float) -> dict[str, float]:
    """Return what was told of an epoch, under the names of signals, losses in a unit."""
    named = {name.replace("train_loss", "training_loss"): value for name, value in told.items()}
    return {name: value / unit if name in _LOSSES else value for name, value in named.items()}


def numbers(given: Mapping[str, object], reads: Iterable[str]) -> dict[str, float]:
    """Return reported numbers, maybe not finite, without None; refuse names that nobody knows, and losses below 0."""
    known = {*KNOWN, *reads, "train_loss"}
    for name in given:
        if name not in known:
            raise unknown("signal", name, known)
    return {name: _number(name, value) for name, value in given.items() if value is not None}


def _number(name: str, value: Any) -> float:
    try:
        found = float("" if isinstance(value, (str, bool)) else getattr(value, "item", lambda: value)())
    except (TypeError, ValueError, RuntimeError, OverflowError):  # no number, or several
        raise InvalidValueError(f"`{name}` must be a number, got {shown(value)}.") from None
    if found < 0.0 and "loss" in name:
        raise InvalidValueError(f"`{name}` must be at least 0, got {found:g}; the nearest is 0.")
    return found


def refuse_missing(policy: str, reads: Iterable[str], there: Mapping[str, float], *, start: bool) -> None:
    """Refuse to go on without the signals that a policy reads; the message says how to give them."""
    asked = [name for name in reads if start or name not in KNOWN or name in _LOSSES]
    lacking = [name for name in asked if finite(there.get(name)) is None]
    if lacking:
        got = ", ".join(f"{name!r} {there[name]:g}" if name in there else f"no {name!r}" for name in lacking)
        ways = "; ".join(dict.fromkeys(_how(name, start) for name in lacking))
        raise InvalidValueError(f"All signals that {policy!r} reads must be told, and finite, got {got}. {ways}.")


def _how(name: str, start: bool) -> str:
    if name in FACTS:
        return f"Give `{name}=` with `epochs=`"
    if start:
        return f"Give `begin({name}=...)`"
    by = "; a `Controller` measures it where `batch(loss)` follows each `backward()`" if name == "training_loss" else ""
    return f"Give `{name.replace('training', 'train')}=` at the end of each epoch{by}"
