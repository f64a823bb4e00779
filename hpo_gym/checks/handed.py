"""Ownership: an env never writes its outputs again, and never writes its arguments."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from hpo_gym.checks.choices import codec_of, has_masks, space_of, walk
from hpo_gym.checks.drive import Driver, Env, Make, episode_length, history_of, is_vector, method, mode_of
from hpo_gym.checks.faults import Faults, difference, mutable, shared, snapshot, spoil


def check_handed_out(make: Make, faults: Faults) -> None:
    """Check that outputs are never written or handed out again, and that callers may overwrite them."""
    env, spoilt, twin = Driver(make()), Driver(make()), Driver(make())
    given, kept = [env.first], [snapshot(env.first)]
    histories: list[tuple[Any, list[Any]]] = []
    masks = [(mask, mask.copy()) for mask in _masks(env.env)]
    spoil(spoilt.first)
    for _ in range(episode_length(env.env) + 3):
        outcome = env.step()
        with faults.guard("To look for what is handed out twice"):
            place = shared(given[-1], outcome)
            faults.expect(place is None, f"Two steps hand out one object, at {place}")
        given.append(outcome)
        kept.append(snapshot(outcome))
        histories.append((history := history_of(env.env), _content(history)))
        masks.extend((mask, mask.copy()) for mask in _masks(env.env))
        changed, expected = spoilt.step(), snapshot(twin.step())
        faults.same("To overwrite what was handed out changes later steps", expected, snapshot(changed))
        spoil(changed)
        history = history_of(spoilt.env)
        views: list[Any] = [*(trial.config for trial in history), getattr(history, "trials", history)]
        if getattr(codec_of(spoilt.env), "pool", False):
            views.append(method(spoilt.env, "action_masks")())
        for _, view in list(mutable(views)):
            if view is not views:
                spoil(view)
        if isinstance(spoilt.action, np.ndarray):
            spoilt.action[...] = 0
    for before, now in zip(kept, given, strict=True):
        faults.same("What was handed out is written again by later steps", before, snapshot(now))
    for history, content in histories:
        faults.same("A history that was handed out changes with later steps", content, _content(history))
    for mask, before in masks:
        faults.expect(np.array_equal(mask, before), "Masks that were handed out change with later steps")


def _masks(env: Env) -> list[Any]:
    return [method(env, "action_masks")()] if has_masks(space_of(env)) else []


def _content(history: Any) -> list[Any]:
    """Return the trials of a history as plain values."""
    return [(dict(t.config), t.score, t.fidelity, t.cost, int(t.status)) for t in history]


# ---------------------------------------------------------------------- what the env is given
def check_given_values(make: Make, faults: Faults) -> None:
    """Actions, seeds and options are as they were after the env has read them, at once and later."""
    env = make()
    chosen, many = walk(env, 9), is_vector(env)
    seeds: object = list(range(env.num_envs)) if many else 4
    options: dict[str, Any] = {}
    kept: list[tuple[str, Any, Any]] = []

    def hand(what: str, value: object) -> Any:
        kept.append((what, value, copy.deepcopy(value)))
        return value

    env.reset(seed=hand("The seed", seeds), options=hand("The options", options))
    for _ in range(max(3 * min(episode_length(env), 8), episode_length(env)) + 2):
        outcome = env.step(hand("The action", next(chosen)))
        over = np.asarray(outcome[2]) | np.asarray(outcome[3])
        if over.any() and mode_of(env) in (None, AutoresetMode.DISABLED):
            again = {"reset_mask": np.array(over)} if many else {"task": outcome[-1]["task"]}
            env.reset(options=hand("The options", again))
    for what, value, before in kept:
        faults.expect(difference(before, value) is None, f"{what} that is handed over is written by the env")
