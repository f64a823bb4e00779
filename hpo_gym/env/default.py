"""What an env lets an agent do, see and earn where its keywords name no part.

`candidates` is the view on which PPO of Stable-Baselines3 learns with its default settings on some suites
(docs/learnable.md has the measurements): a moderate number of actions, each of which means one configuration on every
task, none twice; scores standardised within the run; a reward whose sum is how far the run is ahead of random search in
AUC, which comparisons report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpo_gym.problem import Suite

PARTS = ("observer", "codec", "reward")
CANDIDATES: Mapping[str, Any] = {"observer": "candidates", "codec": "candidates", "reward": "anytime"}
POINTS: Mapping[str, Any] = {"observer": "last", "codec": "box", "reward": "score"}
OVER_LIST = ("candidates", "nearest")  # codecs that go with the view of candidates
SEES_LIST = ("candidates", "set")  # observers of a list
ORACLE_REWARD = "ahead"  # where tasks are for training, their scores may be known


def default_view(suite: Suite, split: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the observer, codec and reward of an env.

    A part is that of the keywords, else that of the suite (`Suite.env`), else the one that goes with the codec: with
    `candidates`, also the default, and with `nearest`, the observer `candidates`, and the reward `ahead` on the
    training split, `anytime` elsewhere; with any other codec, the observer `last` and the reward `score`. An observer
    of a list has the length that the codec has, unless it says its own.

    Args:
        asked: Parts by name; None where a keyword is not given.
    """
    given = {**suite.env, **{name: asked[name] for name in PARTS if asked.get(name) is not None}}
    codec = given.get("codec", CANDIDATES["codec"])
    name, options = (codec.get("name"), codec) if isinstance(codec, Mapping) else (codec, {})
    if not isinstance(name, str) or name not in OVER_LIST:
        return {**POINTS, **_parts_of(given)}
    view = {**CANDIDATES, "reward": ORACLE_REWARD if split == "train" else CANDIDATES["reward"], **_parts_of(given)}
    if "count" in options and isinstance(view["observer"], str) and view["observer"] in SEES_LIST:
        view["observer"] = {"name": view["observer"], "count": options["count"]}
    return view


def _parts_of(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in PARTS if name in given}
