"""Pictures: drawing in any render mode changes nothing."""

from __future__ import annotations

from hpo_gym.checks.beside import Beside
from hpo_gym.checks.choices import walk
from hpo_gym.checks.drive import Make, episode_length
from hpo_gym.checks.faults import Faults

_STEPS = 10  # of an episode


def check_pictures(make: Make, faults: Faults) -> None:
    """Draw in each mode through an episode and into the next one, beside a copy that does not draw."""
    env = make()
    for mode in [None, *env.metadata["render_modes"]]:
        both = Beside(make(), make(), faults, f"what it is without drawing as {mode!r}")
        both.env.unwrapped.render_mode = mode
        chosen, length = walk(both.env, 5), min(episode_length(env), _STEPS)
        at = {0, 1, length} if mode not in (None, "ansi") else set(range(length + 1))
        for seed in (1, None):
            both.reset(seed=seed)
            for step in range(length + 1):
                if step in at:
                    with faults.guard(f"To render as {mode!r}"):
                        both.env.render()
                if not (both.begin_anew() if both.over.any() else both.step(next(chosen))):
                    break
