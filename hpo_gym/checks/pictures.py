"""Pictures: each render mode gives its output, and drawing changes nothing."""

from __future__ import annotations

import numpy as np

from hpo_gym.checks.beside import Beside
from hpo_gym.checks.choices import actions
from hpo_gym.checks.drive import Env, Make, episode_length, history_of, is_vector
from hpo_gym.checks.faults import Faults

_STEPS = 10  # of an episode


def check_pictures(make: Make, faults: Faults) -> None:
    """Draw in each mode through an episode and into the next one, beside a copy that does not draw."""
    env = make()
    modes = env.metadata.get("render_modes")
    if not faults.expect(isinstance(modes, list) and modes, "`metadata['render_modes']` is not a list of names"):
        return
    kind = type(env.unwrapped)
    suite = env.unwrapped.suite
    faults.refuses("The render mode 'no such mode'", lambda: kind(suite=suite, render_mode="no such mode"))
    for mode in [None, *modes]:
        both = Beside(make(), make(), faults, f"what it is without drawing as {mode!r}")
        both.env.unwrapped.render_mode = mode
        chosen, length = actions(both.env, 5), min(episode_length(env), _STEPS)
        at = {0, 1, length} if mode not in (None, "ansi") else set(range(length + 1))
        for seed in (1, None):
            both.reset(seed=seed)
            for step in range(length + 1):
                if step in at:
                    with faults.guard(f"To render as {mode!r}"):
                        _check(mode, both.env, faults)
                if not (both.begin_anew() if both.over.any() else both.step(next(chosen))):
                    break


def _check(mode: str | None, env: Env, faults: Faults) -> None:
    pictures = env.render()
    if mode is None:
        faults.expect(pictures is None, "`render()` without a render mode gives something")
        return
    for i, picture in enumerate(pictures if is_vector(env) else (pictures,)):
        if mode == "ansi" and faults.expect(isinstance(picture, str) and picture, "Render mode 'ansi' gives no text"):
            trials, lines = len(history_of(env, i)), len(picture.splitlines())
            faults.expect(lines == 1 + trials, f"Render mode 'ansi' gives {lines} lines after {trials} trials")
        elif mode == "rgb_array":
            good = isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and picture.shape[2:] == (3,)
            faults.expect(good, "Render mode 'rgb_array' gives no uint8 array (h, w, 3)")
