"""Ownership: an env never writes its outputs again, and its user may overwrite them."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpo_gym.checks.beside import Beside, content
from hpo_gym.checks.choices import codec_of, has_masks, space_of, walk
from hpo_gym.checks.drive import Env, Make, episode_length, history_of, method
from hpo_gym.checks.faults import Faults, mutable, shared, snapshot, spoil


def check_handed_out(make: Make, faults: Faults) -> None:
    """Spoil what one env hands out: it goes on like its copy, whose outputs stay as they were."""
    both = Beside(make(), make(), faults, "what it was, after outputs were overwritten,")
    chosen = walk(both.env, 5)
    kept: list[tuple[str, Any, Any]] = []
    both.reset(seed=1)
    for _ in range(episode_length(both.env) + 3):
        if both.last is None:
            return
        changed, outcome = both.last
        kept.append(("What was handed out is written again by later steps", outcome, snapshot(outcome)))
        history = history_of(both.twin)
        kept.append(("A history that was handed out changes with later steps", history, content(history)))
        if has_masks(space_of(both.twin)):
            masks = method(both.twin, "action_masks")()
            kept.append(("Masks that were handed out change with later steps", masks, masks.copy()))
        spoil(changed)
        _spoil_views(both.env)
        action = next(chosen)
        alike = both.begin_anew() if both.over.any() else both.step(action)
        with faults.guard("To look for what is handed out twice"):
            place = shared(outcome, both.last and both.last[1])
            faults.expect(place is None, f"Two steps hand out one object, at {place}")
        if not alike:
            break
        if isinstance(action, np.ndarray):
            action[...] = 0
    for fault, now, before in kept:
        plain = content(now) if "history" in fault else snapshot(now)
        faults.same(fault, before, plain)


def _spoil_views(env: Env) -> None:
    """Overwrite the trials of the history, and masks."""
    history = history_of(env)
    views: list[Any] = [*(trial.config for trial in history), getattr(history, "trials", history)]
    if getattr(codec_of(env), "pool", False):
        views.append(method(env, "action_masks")())
    for _, view in list(mutable(views)):
        if view is not views:
            spoil(view)
