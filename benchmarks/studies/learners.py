"""Whether control pays while agents learn: learning rate and action noise of actor-critics, on the suite `Learners`.

Open loops and rules are tuned by the cross-entropy method on the twelve families to train and validate, PPO is trained
on them, and all are judged on the eighteen to test, with the same fresh instances. Rules with feedback and PPO move
both controls away from the schedule for each kind of physics; two rules by hand have numbers for each. `look-ahead`
plays nine moves to the end from copies with other noise, every third stage: it owns the simulator, and tells cheaply
what there is to gain. `means of PPO` is the open loop of what PPO does in the mean.

Before the suite there was a kernel in C. There PPO had .855 of the regret of the best open loop and .927 of that of the
best rule; at first, with .87 million stages in place of two, .956 of the latter. The suite's first form showed the mean
reward of a stage in place of scores: one PPO had 1.00 of the regret of the open loop on test families, .86 on its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import frame
import numpy as np
from cross_entropy import centre_of
from frame import Table
from looks import Look

from hpo_baselines.learner_ppo import FARTHEST, moved, view
from hpo_gym.base import Floats, Ints, Keys, seeding
from hpo_gym.problem.batches import batch_of
from hpo_gym.suites import load_suite
from hpo_gym.suites.tasks.learners.families import FAMILIES
from hpo_gym.suites.tasks.learners.learners import KINDS, Learners
from hpo_gym.suites.tasks.learners.signals import AT, SIGNALS

SUITES = ("Learners",)
LOOKS = Look("scores of open loops, rules and PPO", "whether feedback pays while agents learn", SUITES)
LENGTH = 20
"""Stages of a training."""
LOWEST, HIGHEST = np.log10([1e-4, 0.02]), np.log10([1.0, 3.0])
"""Ends of the logarithms of learning rate and action noise."""
TUNED = {**FAMILIES["train"], **FAMILIES["val"]}
TESTED = FAMILIES["test"]
EACH = 12
"""Tasks of a family."""
JUDGED = 72
"""Runs of each family by which all are judged, of 12 tasks."""
SEARCH = ((20, 20, 12), (6, 8, 84))
"""Generations of a search, candidates of each, and runs of each family by which a candidate is scored."""
LONG = ((8, 20, 24), (5, 10, 84))
"""Those of the schedule for each kind, on which rules and PPO build."""
SHORT = ((8, 12, 6), (2, 4, 84))
"""Those of the open loops with which the search for the best one begins."""
SEEDS = 5
CONSTANT, SCHEDULE, PER_KIND = "constant", "schedule", "schedule per kind"
AHEAD, BLIND, MYOPIC, MEANS = "look-ahead", "PPO, blind", "PPO, discount 0", "means of PPO"
KL, LEVEL, EVOLVED = "KL target", "score level", "evolved rule"
OPEN, RULES = (CONSTANT, SCHEDULE, PER_KIND), (KL, LEVEL, EVOLVED)
PPO = tuple(f"PPO, seed {i}" for i in range(SEEDS))

Numbers = Any
Rule = Callable[["Runs", Numbers], Floats]


def cells() -> list[tuple[str, ...]]:
    """List open loops first: all others begin with them."""
    return [(name,) for name in (*OPEN, AHEAD, PPO[0], MEANS, *RULES[::-1], *PPO[1:], BLIND, MYOPIC)]


def cell(name: str) -> dict[str, Any]:
    """Return the settings of a rule or an agent, its effort in stages, and its mean score on each test family."""
    if name == AHEAD:
        return looked_ahead()
    found, effort = means() if name == MEANS else learned(name) if name in (*PPO, BLIND, MYOPIC) else searched(name)
    chosen = rounded(found)
    scores = {what: judged(name, chosen, split) for what, split in (("train", "tuned"), ("score", "tested"))}
    return {"settings": chosen, "stages": effort, **scores}


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Judge two open loops anew."""
    names = (CONSTANT, PER_KIND)
    return [judged(n, found[n]["settings"], "tested") for n in names], [found[n]["score"] for n in names]


def rounded(found: Any) -> Any:
    """Return numbers of five digits."""
    if isinstance(found, Mapping):
        return {name: rounded(value) for name, value in found.items()}
    return [rounded(v) for v in found] if isinstance(found, list) else float(f"{found:.5g}")


# ---------------------------------------------------------------------- runs under control
@dataclass(frozen=True)
class Batch:
    """Runs to be trained.

    Attributes:
        split: Of their tasks.
        task: Position among the tasks, ``(m,)``: of a family one after the other.
        key: Instances, ``(m,)``.
    """

    split: str
    task: Ints
    key: Keys

    @property
    def family(self) -> Ints:
        """Return positions of the families."""
        return self.task // EACH

    @property
    def kind(self) -> Ints:
        """Return positions of the physics in `KINDS`."""
        return kinds(self.split)[self.family]

    def by_family(self, values: Floats) -> Floats:
        """Return means over the runs of each family, ``(f,)``."""
        return np.bincount(self.family, values) / np.bincount(self.family)

    def by_kind(self, values: Floats) -> Floats:
        """Return means over the runs of each kind of physics, ``(3,)``."""
        return np.bincount(self.kind, values) / np.bincount(self.kind)


def families(split: str) -> Mapping[str, Any]:
    """Return the families to tune or to test."""
    return TUNED if split == "tuned" else TESTED


@functools.cache
def kinds(split: str) -> Ints:
    """Return the kinds of the families, ``(f,)``."""
    return np.array([KINDS.index(f.kind) for f in families(split).values()])


@functools.cache
def tasks(split: str) -> Any:
    """Return the tasks together."""
    suite = load_suite("Learners")
    return batch_of([suite.task(f"{name}-s{i}") for name in families(split) for i in range(EACH)])


def batch(split: str, each: int, seed: int) -> Batch:
    """Return `each` runs of each family, of its tasks in turn; a seed gives their instances."""
    family = np.repeat(np.arange(len(families(split))), each)
    task = family * EACH + np.tile(np.arange(each) % EACH, len(families(split)))
    key = seeding.mix(np.arange(len(task)).astype(np.uint64), seeding.key("actor-critics", split, seed))
    return Batch(split, task, key)


class Runs:
    """Actor-critics in training.

    Attributes:
        moves: Of both controls away from the schedule, in decades, ``(m, 2)``.
    """

    def __init__(self, of: Batch) -> None:
        self.of, self.m, self.stage = of, len(of.key), 0
        self.progress: Learners = tasks(of.split).progress(self.m, LENGTH)
        self.progress.begin(None, of.task, of.key)
        self.moves = np.zeros((self.m, 2))
        self.score = np.zeros(self.m)

    @property
    def share(self) -> float:
        """Share of the training that is over."""
        return self.stage / (LENGTH - 1)

    def signal(self, name: str) -> Floats:
        """Return a signal of all runs, ``(m,)``."""
        return self.progress.signals[:, AT[name]].astype(np.float64)

    def at(self, log: Floats) -> None:
        """Train for a stage at logarithms of both controls, ``(m, 2)``; know the scores."""
        unit = (np.clip(log, LOWEST, HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
        self.score = self.progress.advance(unit, None).score
        self.stage += 1

    def continued(self, who: Ints, key: Keys) -> Runs:
        """Return copies of runs, with noise and episodes to judge of new keys ``(len(who),)`` from now on."""
        other = Runs(Batch(self.of.split, self.of.task[who], key))
        kept = {name: array.copy() for name, array in other.progress._arrays().items() if name in ("key", "nothing")}
        for name, array in other.progress._arrays().items():
            array[:] = kept[name] if name in kept else self.progress._arrays()[name][who]
        other.moves, other.stage = self.moves[who], self.stage
        return other


def features(runs: Runs, *, blind: bool = False) -> Floats:
    """Return what a rule may see, each of size one or so, ``(m, f)``; a blind one sees time, kind and its own moves."""
    seen = view({name: runs.signal(name) for name in SIGNALS}, np.full(runs.m, runs.share), runs.moves)
    return seen[:, :BLIND_SIZE] if blind else seen


SIZE, BLIND_SIZE = 19, 6


def falling(numbers: Numbers, share: float) -> Floats:
    """Return logarithms of both controls by six numbers ``(..., 6)``: the first, the last and a power for each."""
    n = np.asarray(numbers)
    parts = [n[..., i] + (n[..., i + 1] - n[..., i]) * share ** (2.0 ** n[..., i + 2]) for i in (0, 3)]
    return np.stack(parts, -1)


def base(runs: Runs) -> Floats:
    """Return logarithms of both controls in the schedule for each kind, ``(m, 2)``."""
    return falling(open_loop(), runs.share)[runs.of.kind]


@functools.cache
def open_loop() -> Numbers:
    """Return the numbers of the schedule for each kind, ``(3, 6)``."""
    return np.array(frame.stored("learners")[PER_KIND]["settings"])


def away(runs: Runs, moves: Floats) -> Floats:
    """Return the schedule with moves, which are remembered."""
    runs.moves = np.clip(moves, -FARTHEST, FARTHEST)
    return base(runs) + runs.moves


def constant(runs: Runs, n: Numbers) -> Floats:
    """Hold both."""
    return np.tile(np.asarray(n), (runs.m, 1))


def schedule(runs: Runs, n: Numbers) -> Floats:
    """Let both fall, alike for all kinds."""
    return np.tile(falling(n, runs.share), (runs.m, 1))


def per_kind(runs: Runs, n: Numbers) -> Floats:
    """Let both fall, for each kind by itself."""
    return falling(n, runs.share)[runs.of.kind]


def kl_target(runs: Runs, n: Numbers) -> Floats:
    """Raise the learning rate while an update changes the policy by less than a target, which falls."""
    of = np.asarray(n)[runs.of.kind].T
    if not runs.stage:
        return away(runs, of[4:6].T)
    short = of[1] + (of[2] - of[1]) * runs.share - np.log10(runs.signal("divergence") + 1e-9)
    return away(runs, runs.moves + (np.clip(short, -1, 1) * of[[0, 3]]).T)


def score_level(runs: Runs, n: Numbers) -> Floats:
    """Move both by the score and the time."""
    of = np.asarray(n)[runs.of.kind].T
    return away(runs, ((runs.signal("score") - of[6]) * (of[:2] + of[2:4] * runs.share) + of[4:6]).T)


def linear(runs: Runs, n: Numbers) -> Floats:
    """Move both by all that is seen."""
    return away(runs, features(runs) @ np.reshape(n, (SIZE, 2)))


def better(found: Mapping[str, Any], kind: int) -> list[float]:
    """Return the six numbers of the constant or of the schedule, by their scores on one kind of physics."""
    kinds = np.array([KINDS.index(f.kind) for f in TUNED.values()])
    one, other = (np.mean(np.array(found[name]["train"])[kinds == kind]) for name in (CONSTANT, SCHEDULE))
    a, b = found[CONSTANT]["settings"]
    return [a, a, 0, b, b, 0] if one > other else found[SCHEDULE]["settings"]


def starts(name: str) -> tuple[Rule, Numbers, Numbers]:
    """Return a rule, and the numbers and widths with which its search begins."""
    found = frame.stored("learners")
    if name == CONSTANT:
        return constant, np.array([-1.7, -0.3]), np.array([0.5, 0.4])
    if name == SCHEDULE:
        a, b = found[CONSTANT]["settings"]
        return schedule, np.array([a, a - 0.3, 0, b, b - 0.3, 0]), np.tile([0.4, 0.5, 1.0], 2)
    if name == PER_KIND:
        return per_kind, np.array([better(found, k) for k in range(len(KINDS))]), np.full((len(KINDS), 6), 0.4)
    if name == MEANS:
        return listed, np.empty(0), np.empty(0)
    if name == KL:
        widths = [0.2, 0.7, 0.7, 0.1, 0.2, 0.2]
        return kl_target, np.tile([0, -2, -2, 0, 0, 0.0], (len(KINDS), 1)), np.tile(widths, (len(KINDS), 1))
    if name == LEVEL:
        widths = [0.5, 0.5, 0.5, 0.5, 0.2, 0.2, 0.2]
        return score_level, np.tile([0, 0, 0, 0, 0, 0, 0.5], (len(KINDS), 1)), np.tile(widths, (len(KINDS), 1))
    return linear, np.zeros(2 * SIZE), np.full(2 * SIZE, 0.1)


# ---------------------------------------------------------------------- playing and searching
def played(rule: Rule, numbers: Numbers, of: Batch) -> Floats:
    """Return last scores of runs under a rule, ``(m,)``."""
    runs = Runs(of)
    while runs.stage < LENGTH:
        runs.at(rule(runs, numbers))
    return runs.score


def searched(name: str) -> tuple[Any, int]:
    """Return the numbers of a rule by the cross-entropy method, and the stages played."""
    rule, centre, width = starts(name)
    effort, apart = 0, name in (PER_KIND, KL, LEVEL)

    def score(numbers: Floats, generation: int, each: int) -> Floats:
        nonlocal effort
        of = batch("tuned", each, generation)
        scores = played(rule, numbers if apart else numbers[0], of)
        effort += len(of.key) * LENGTH
        return of.by_kind(scores) if apart else of.by_kind(scores).mean(keepdims=True)

    plan = LONG if name == PER_KIND else SHORT if name in (CONSTANT, SCHEDULE) else SEARCH
    found = centre_of(name, np.atleast_2d(centre), np.atleast_2d(width), plan, score)
    return (found if apart else found[0]).tolist(), effort


def judged(name: str, found: Any, split: str) -> list[float]:
    """Return the mean score on each family of the runs that judge all, of a rule or a network."""
    of = batch(split, JUDGED, seeding.key("judged"))
    scores = played(network if isinstance(found, Mapping) else starts(name)[0], found, of)
    return [round(float(s), 5) for s in of.by_family(scores)]


# ---------------------------------------------------------------------- look-ahead
STEP, COPIES, EVERY, FEW = 0.3, 8, 3, 12
"""Decades of a move; copies by which a move is judged; stages from choice to choice; runs of each family."""


def looked_ahead() -> dict[str, Any]:
    """Return the mean score on each test family of the greedy choice of moves, and of the schedule on the same runs.

    Copies have other noise and other start states than the run itself.
    """
    of = batch("tested", FEW, seeding.key("judged"))
    runs, effort, choices = Runs(of), 0, np.array([(a, b) for a in (0, -STEP, STEP) for b in (0, -STEP, STEP)])
    while runs.stage < LENGTH:
        if runs.stage % EVERY == 0:
            who = np.repeat(np.arange(runs.m), len(choices) * COPIES)
            noise = seeding.mix(np.arange(runs.m * COPIES).astype(np.uint64), seeding.key("ahead", runs.stage))
            noise = np.tile(noise.reshape(-1, 1, COPIES), (1, len(choices), 1)).reshape(-1)
            copies = runs.continued(who, noise)
            tried = copies.moves + np.tile(np.repeat(choices, COPIES, 0), (runs.m, 1))
            while copies.stage < LENGTH:
                copies.at(away(copies, tried))
                effort += copies.m
            worth = copies.score.reshape(runs.m, len(choices), COPIES).mean(2)
            chosen = runs.moves + choices[worth.argmax(1)]
        runs.at(away(runs, chosen))
    alone = played(per_kind, open_loop(), of)
    scores = {"score": runs.score, "schedule": alone}
    return {"stages": effort, **{n: [round(float(x), 5) for x in of.by_family(s)] for n, s in scores.items()}}


# ---------------------------------------------------------------------- PPO
ENVS, STAGES = 240, 2_016_000
"""Runs side by side, and stages of a training."""


def network(runs: Runs, layers: Mapping[str, Any]) -> Floats:
    """Move both by a network's action."""
    seen = features(runs, blind=len(layers["first"][0]) == BLIND_SIZE)
    return away(runs, moved(layers, runs.moves, seen))


def learned(name: str) -> tuple[Any, int]:
    """Return the layers of a policy that PPO has trained, and the stages played."""
    import torch
    from learner_envs import TrainingEnvs
    from stable_baselines3 import PPO as Learner

    seed = int(name[-1]) if name in PPO else 0
    torch.set_num_threads(1)
    envs = TrainingEnvs(name == BLIND, 100_000 * (seed + 1))
    agent = Learner(
        "MlpPolicy", envs, learning_rate=lambda left: 1e-3 * left + 1e-5, n_steps=LENGTH, batch_size=ENVS * LENGTH // 4,
        n_epochs=8, gamma=0.0 if name == MYOPIC else 1.0, gae_lambda=0.95, seed=seed, device="cpu",
        policy_kwargs={"net_arch": [32, 32], "log_std_init": -0.5},
    )  # fmt: skip
    agent.learn(STAGES)
    policy: Any = agent.policy
    net, top = policy.mlp_extractor.policy_net, policy.action_net
    parts = {"first": net[0], "second": net[2], "action": top}
    found = {n: p.weight.tolist() for n, p in parts.items()} | {f"{n} bias": p.bias.tolist() for n, p in parts.items()}
    return found, agent.num_timesteps


SHOWN = 40
"""Runs of each family by whose means PPO becomes an open loop."""


def means() -> tuple[Any, int]:
    """Return the mean logarithms of both controls under PPO for each kind in each stage: its open loop."""
    of = batch("tuned", SHOWN, seeding.key("means"))
    runs, layers, out = Runs(of), frame.stored("learners")[PPO[0]]["settings"], []
    for _ in range(LENGTH):
        log = np.clip(network(runs, layers), LOWEST, HIGHEST)
        out.append([log[of.kind == k].mean(0).tolist() for k in range(len(KINDS))])
        runs.at(log)
    return out, runs.m * LENGTH


def listed(runs: Runs, n: Numbers) -> Floats:
    """Set both as a list says, ``(stages, kinds, 2)``."""
    return np.asarray(np.asarray(n)[runs.stage][runs.of.kind])


# ---------------------------------------------------------------------- tables
PPO_MEAN = "PPO"
"""All seeds together."""


def regrets(found: Mapping[str, Any], name: str) -> Floats:
    """Return the regret on each test family; of PPO that of the mean score over its seeds."""
    names = [n for n in PPO if n in found] if name == PPO_MEAN else [name]
    return np.asarray(1 - np.mean([found[n]["score"] for n in names], 0))


def best(found: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Return the rule with the best mean score on the families that it was tuned on."""
    return max((n for n in names if n in found), key=lambda n: float(np.mean(found[n]["train"])))


def shipped(found: Mapping[str, Any]) -> str:
    """Return the seed of PPO with the best mean score on the families to validate."""
    first = len(FAMILIES["train"])
    return max(PPO, key=lambda name: float(np.mean(found[name]["train"][first:])))


def ratios(found: Mapping[str, Any], name: str, other: str) -> list[float]:
    """Return ratios of mean regrets: over all test families, then over those of each system.

    The look-ahead has its own runs of the schedule.
    """
    own, base = regrets(found, name), regrets(found, other)
    if name == AHEAD:
        base = 1 - np.array(found[AHEAD]["schedule"])
    of = kinds("tested")
    return [float(own[at].mean() / base[at].mean()) for at in (of >= 0, *(of == k for k in range(len(KINDS))))]


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return scores on test families, and ratios of regrets to a constant, the best open loop and the best rule."""
    loop = best(found, OPEN)
    rule = best(found, RULES) if set(RULES) & set(found) else loop
    whole = {**found, PPO_MEAN: {"stages": max(found[n]["stages"] for n in PPO if n in found)}}
    shown = [n for n in (*OPEN, MEANS, *RULES, BLIND, MYOPIC, PPO_MEAN, *PPO, AHEAD) if n in whole]
    rows = []
    for name in shown:
        known = (loop,) if name == AHEAD else (CONSTANT, loop, rule)
        of = {other: f"{ratios(found, name, other)[0]:.3f}" if other != name else "1" for other in known}
        cells = (of.get(other, "") for other in (CONSTANT, loop, rule))
        rows.append((name, f"{1 - regrets(found, name).mean():.3f}", *cells, f"{whole[name]['stages']:,}"))
    pairs = dict.fromkeys([*((n, loop) for n in shown if n not in (loop, *PPO)), (PPO_MEAN, rule)])
    by_system = [(f"{a} / {b}", *(f"{r:.3f}" for r in ratios(found, a, b))) for a, b in pairs]
    heads = ("control", "score", f"regret / {CONSTANT}", f"/ {loop}", f"/ {rule}", "stages")
    note = (
        "Twelve families tune and train, eighteen others judge. They are regimes of three systems, too few for an "
        "interval. Rules and PPO move both controls away from the schedule per kind; `look-ahead` owns the simulator, "
        "and tries nine moves every third stage."
    )
    counts = [f"{name} ({(kinds('tested') == k).sum()})" for k, name in enumerate(KINDS)]
    return {"control": Table.of(heads, rows, note), "systems": Table.of(("regret", "all", *counts), by_system)}
