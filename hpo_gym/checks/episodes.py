"""Checks of whole episodes beside a plain env of the same parts, on every task; and of parts of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from hpo_gym.checks.beside import Beside, content, own_parts, plain_many, plain_one, plain_twin
from hpo_gym.checks.drive import Env, Make, as_inside, episode_length, is_vector, kernel_of, most_steps, walk
from hpo_gym.checks.faults import Faults, Patience
from hpo_gym.env import Last, Score

_LONG = 60  # steps: of longer episodes only the first is followed to its end, the others so far
_TASKS, _STEPS = 400, 1200  # so many tasks at most are visited, in so many steps together
_MANY = 120  # steps of a vector env at most
_SECONDS = 6.0  # of processor time: slower envs are not played on every task


class Opening(NamedTuple):
    """How episodes begin, and how far they are followed."""

    steps: int = _LONG
    given: dict[str, Any] = {}  # noqa: RUF012 - never written
    stop: bool = False


def check_episodes(make: Make, faults: Faults) -> None:
    """Play episodes beside a plain env of the same parts and seeds: all that both say is equal."""
    env = make()
    twin = plain_twin(env)
    for kind in ("observation_space", "action_space"):
        for name in (kind, f"single_{kind}")[: 1 + is_vector(env)]:
            same = getattr(env.unwrapped, name) == getattr(twin, name)
            faults.expect(same, f"`{name}` is not that of a plain env of the same parts")
    if as_inside(env, "action"):
        _play(Beside(env, twin, faults), faults)
    twin.close()  # live tasks have processes


def _play(both: Beside, faults: Faults) -> None:
    env, patience = both.env, Patience(_SECONDS)
    actions = walk(env, 7)
    if not getattr(env.unwrapped, "_seeded", False):
        both.refused("A step before the first reset", "step", next(actions))
    wanted = list(_many(env) if is_vector(env) else _single(env))
    for i, (steps, given, stop) in enumerate(wanted):
        good = both.reset(**given) and both.play(actions, steps, stop)
        if is_vector(env) and not good:  # runs that are not alike cannot begin one by one
            break
        if patience.over and i + 1 < len(wanted):
            faults.left_out.append(f"{len(wanted) - i - 1} of {len(wanted)} episodes, so some tasks")
            break
    both.check_given()


def _single(env: Env) -> Iterator[Opening]:
    """Return episodes of a single env: drawn ones, seeded anew, and one on every task that is asked for by name."""
    names = [task.name for task in kernel_of(env).batch.tasks]
    chosen = np.unique(np.linspace(0, len(names) - 1, _TASKS).round().astype(int))
    most, drawn = min(max(_STEPS // len(chosen), 2), _LONG), Opening()
    yield Opening(most_steps(env) + 1, {"seed": 1})
    yield from (drawn, drawn, Opening(stop=True), Opening(given={"task": names[0]}), drawn)
    yield from (Opening(given={"seed": 0}), Opening(given={"seed": 2**63, "task": names[-1]}), drawn)
    yield from (Opening(most, {"task": names[i]}) for i in chosen.tolist())
    yield from (drawn, drawn, drawn)


def _many(env: Env) -> Iterator[Opening]:
    """Return episodes of all runs, of tasks that are asked for, and of some runs that begin anew."""
    n, names, length = env.num_envs, [task.name for task in kernel_of(env).batch.tasks], episode_length(env)
    even, last = np.arange(n) % 2 == 0, np.arange(n) >= n - 2
    odd = ~even if n > 1 else even
    some = [names[-1 - i % len(names)] for i in range(int(last.sum()))]
    yield Opening(min(3 * length + 5, _MANY), {"seed": [3 + 7 * i for i in range(n)]})
    yield Opening(2, {"seed": 5})
    yield Opening(min(length, 8) + 1, {"task": names[-1]})
    yield Opening(2, {"task": [names[i % len(names)] for i in range(n)], "seed": [2 * i for i in range(n)]})
    yield Opening(2, {"reset_mask": even})
    yield Opening(2, {"reset_mask": odd, "task": names[0]})
    yield Opening(2, {"reset_mask": even, "seed": [50 + i for i in range(int(even.sum()))]})
    # runs that began at different times end at different times
    yield Opening(length + 3, {"reset_mask": last, "task": some})
    yield Opening(2, {"seed": [None if i % 2 == 0 else 90 + i for i in range(n)]})
    yield Opening(min(length, 8) + 1, stop=True)
    for start in range(0, len(names), n):
        yield Opening(2, {"task": [names[(start + i) % len(names)] for i in range(n)]})


# ---------------------------------------------------------------------- parts of one's own
def check_own_parts(make: Make, faults: Faults) -> None:
    """Check that own parts are the same in one run and in many, and that no trial depends on what is shown or paid."""
    env = make()
    own = own_parts(env)
    if not own:
        return
    many, one, bare = plain_many(env, 2), plain_one(env), plain_one(env, observer=Last(), reward=Score())
    words = f"A part of your own ({', '.join(own)}) is not the same in one run and in many"
    for seed in (3, 17):
        obs, _ = many.reset(seed=[seed, seed + 1])
        faults.same(words, _first(obs), _first([one.reset(seed=seed)[0]]))
        bare.reset(seed=seed)
        for _, pair in zip(range(episode_length(env)), walk(many, seed), strict=False):
            obs, rewards, ended, *_ = many.step(pair)
            shown, reward, over, _, info = one.step(pair[0])
            trials = content(one.history())
            told = [_first(obs), float(rewards[0]), bool(ended[0]), content(many.history(0))]
            good = faults.same(words, told, [_first([shown]), reward, bool(over), trials])
            good &= faults.same("What is shown or paid changes trials", bare.step(pair[0])[-1], info)
            if ended.any() or over or not good:
                break


def _first(obs: Any) -> Any:
    """Return the observation of the first run as arrays: a single env may give a plain integer."""
    own = {k: v[0] for k, v in obs.items()} if isinstance(obs, dict) else obs[0]
    return {k: np.asarray(v) for k, v in own.items()} if isinstance(own, dict) else np.asarray(own)
