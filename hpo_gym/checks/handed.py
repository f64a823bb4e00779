"""What is handed out: an env never writes its outputs again, its user may overwrite them, and drawing moves nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpo_gym.checks.beside import Beside, content
from hpo_gym.checks.drive import Env, Make, codec_of, episode_length, has_masks, history_of, method, space_of, walk
from hpo_gym.checks.faults import Faults, mutable, shared, snapshot, spoil

_DRAWN = 10  # steps of an episode that is drawn


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


def check_pictures(make: Make, faults: Faults) -> None:
    """Draw in each mode through an episode and into the next one, beside a copy that does not draw."""
    env = make()
    for mode in [None, *env.metadata["render_modes"]]:
        both = Beside(make(), make(), faults, f"what it is without drawing as {mode!r}")
        both.env.unwrapped.render_mode = mode
        chosen, length = walk(both.env, 5), min(episode_length(env), _DRAWN)
        at = {0, 1, length} if mode not in (None, "ansi") else set(range(length + 1))
        for seed in (1, None):
            both.reset(seed=seed)
            for step in range(length + 1):
                if step in at:
                    with faults.guard(f"To render as {mode!r}"):
                        both.env.render()
                if not (both.begin_anew() if both.over.any() else both.step(next(chosen))):
                    break


def _spoil_views(env: Env) -> None:
    """Overwrite the trials of the history, and masks."""
    history = history_of(env)
    views: list[Any] = [*(trial.config for trial in history), getattr(history, "trials", history)]
    if getattr(codec_of(env), "pool", False):
        views.append(method(env, "action_masks")())
    for _, view in list(mutable(views)):
        if view is not views:
            spoil(view)
