"""Of the guide: what is learned and what is read, and how base learner and meta-learner work together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from auto import FIRST
from guide_limits import training_of
from guide_ratios import against, shown
from meta_or_transfer import MEMORIES
from pool_seeds import OTHERS, TAUGHT

from hpo_gym.bench import interval

Found = Mapping[str, Any]
GROUPS: Mapping[str, tuple[str, ...]] = {
    "weights of these spaces": TAUGHT,
    "weights of other spaces": ("NAS", "Vision", "Curves"),
}
ENOUGH = 5
"""Families that each suite must have for an interval to be shown."""
BASE, LEARNED, CLOSED, NOTHING = "untrained", "ppo-pool-tables", "transfer-mix", FIRST
COMMON = ("AutoML", "Boosting", "MLP", "SVM")
"""The suites on which all of these ran."""


@dataclass(frozen=True)
class Place:
    """A method in two loops: what happens on one task, what over tasks, and where that stands in the code.

    Attributes:
        names: Registered optimizers.
        inner: What the base learner does with the trials of one task.
        outer: What the meta-learner does over tasks.
        source: The paper.
        places: Files of the repository, and names in them, dotted within a class.
    """

    names: tuple[str, ...]
    inner: str
    outer: str
    source: str
    places: Mapping[str, tuple[str, ...]]


_MAML, _POLICY = "baselines/hpo_baselines/_maml/maml.py", "baselines/hpo_baselines/_maml/policy.py"
PLACES = (
    Place(
        ("maml",),
        "θ_i = θ - α ∇L_i(θ), on the support",
        "θ ← θ - β mean_i (I - α H_i) ∇L_i(θ_i), on the query",
        "[Finn et al. 2017](https://arxiv.org/abs/1703.03400), eq. 1",
        {_MAML: ("MetaLearner.forward", "MetaLearner.adapt", "descend")},
    ),
    Place(
        ("fomaml",),
        "the same",
        "the same with H_i = 0",
        "the same, section 5.2",
        {_MAML: ("MetaLearner",)},
    ),
    Place(
        ("reptile",),
        "φ_i: some steps of SGD from θ",
        "θ ← θ + ε mean_i (φ_i - θ)",
        "[Nichol et al. 2018](https://arxiv.org/abs/1803.02999), algorithm 2",
        {"baselines/hpo_baselines/_maml/reptile.py": ("ReptileLearner.forward",)},
    ),
    Place(
        ("maml-rl",),
        "θ_i = θ + α mean_t A_t ∇log π_θ(a_t), on the first 5 trials",
        "θ ← θ + β mean_i R_i (∇log π_θ(first trials) + ∇log π_θ_i(later trials))",
        "Finn et al. 2017, section 5.3; [Al-Shedivat et al. 2018](https://arxiv.org/abs/1710.03641)",
        {_POLICY: ("surrogate", "policy_loss")},
    ),
    Place(
        ("recurrent-ppo",),
        "h_t = LSTM(h_t-1, o_t): memory, no gradient",
        "PPO on whole runs",
        "[Duan et al. 2016](https://arxiv.org/abs/1611.02779), RL²",
        {"agents/hpo_agents/recurrent_ppo.py": ("RecurrentPPO.decide",)},
    ),
    Place(
        ("ppo-bare", "maskable-ppo", "ppo-pool"),
        "none: what it sees of the trials is its input",
        "maximise mean min(ρ A, clip(ρ, 1 - ε, 1 + ε) A), ρ = π_θ(a) / π_old(a)",
        "[Schulman et al. 2017](https://arxiv.org/abs/1707.06347), eq. 7",
        {"agents/hpo_agents/ppo_bare.py": ("losses", "estimate")},
    ),
    Place(
        ("q-learning", "q-portfolio"),
        "none: the state holds the last configuration, or the trial's number",
        "Q(s, a) ← Q(s, a) + α (r + γ max_b Q(s', b) - Q(s, a))",
        "[Watkins and Dayan 1992](https://doi.org/10.1007/BF00992698)",
        {
            "agents/hpo_agents/_tabular/table.py": ("QTable.update",),
            "agents/hpo_agents/_tabular/rules.py": ("QLearningRule.learn",),
        },
    ),
    Place(
        ("ga-evolved",),
        "a genetic algorithm with settings σ",
        "σ* = argmin_σ mean_i regret_i(σ), by the same algorithm",
        "[Grefenstette 1986](https://doi.org/10.1109/TSMC.1986.289288)",
        {"baselines/hpo_baselines/_runs/genetic_settings.py": ("evolve", "Arena.regret")},
    ),
    Place(
        ("transfer-mix",),
        "the posterior given the trials, in closed form",
        "mean and covariance of the earlier tasks' scores: nothing is learned by steps",
        "none: the product of two of our baselines",
        {"hpo_gym/optimize/transfer/posterior.py": ("TaskPrior", "TaskPosterior")},
    ),
)
RESULTS = ("portfolio", "gp-ei", *(name for place in PLACES for name in place.names if name != "ppo-pool"), LEARNED)


def memories(found: Found) -> Iterator[str]:
    """A row for each kind of weights and of memory: AUC as a ratio to `gp-ei+default`, which reads none."""
    heads = ["", "memory", "suites (families)", "`portfolio`", "`transfer-mix`", "policy, untrained", "policy, trained"]
    yield f"| {' | '.join(heads)} | trained, of untrained | trained, of `transfer-mix` |"
    yield "|---|---|---|" + "---:|" * 6
    for what, suites in GROUPS.items():
        for memory in MEMORIES:
            parts = {s: p for s, p in found[memory].items() if s in suites}
            families = len({f for p in parts.values() for f in p["families"]})
            rows = against(_with_nothing(parts, found), NOTHING)
            ratios = [rows[n]["ratio"] for n in ("portfolio", CLOSED, BASE, LEARNED)]
            ratios += [against(parts, anchor)[LEARNED]["ratio"] for anchor in (BASE, CLOSED)]
            cells = [what, memory, f"{', '.join(parts)} ({families})", *(told(r, parts) for r in ratios)]
            yield f"| {' | '.join(cells)} |"


def told(ratio: Any, parts: Found) -> str:
    """A ratio with its interval, without it where a suite has few families."""
    few = min(len(set(p["families"])) for p in parts.values()) < ENOUGH
    return interval([ratio[0], None, None] if few else ratio, 2)


def _with_nothing(parts: Found, found: Found) -> dict[str, Any]:
    """The same with what reads nothing, as it ran without earlier tasks."""
    alone = found[MEMORIES[0]]
    return {s: {**p, "auc": {**p["auc"], NOTHING: alone[s]["auc"][NOTHING]}} for s, p in parts.items()}


def weights(seeds: Found, time_agent: Found) -> Iterator[str]:
    """What other stored trainings say of the same."""
    yield "| policy | judged on | its AUC, of that before training |"
    yield "|---|---|---:|"
    for suites in (TAUGHT, OTHERS):
        rows = against({s: seeds[s] for s in suites}, BASE)
        for name in (LEARNED, "seed-1", "seed-2"):
            yield f"| `ppo-pool`, {name} | {', '.join(suites)}, test tasks | {shown(rows, name)} |"
    for variant, runs in time_agent.items():
        ratios = [
            min(r for _, r in run["curve"]) / time_agent["from `transfer-time`"]["0"]["curve"][0][1]
            for run in runs.values()
        ]
        judged = "ten suites, validation tasks, 64 candidates; of `transfer-time`"
        yield f"| `ppo-time`, {variant} | {judged} | {np.mean(ratios):.2f} |"


def loops() -> Iterator[str]:
    """A row for each method: both loops, the paper, the code."""
    yield "| optimizer | on one task | over tasks | paper | in the code |"
    yield "|---|---|---|---|---|"
    for place in PLACES:
        where = "; ".join(f"`{file}`: {', '.join(f'`{n}`' for n in names)}" for file, names in place.places.items())
        names = ", ".join(f"`{n}`" for n in place.names)
        yield f"| {names} | {place.inner} | {place.outer} | {place.source} | {where} |"


def results(suites: Found) -> Iterator[str]:
    """What they reach, on the suites on which all ran."""
    parts = {s: suites[s] for s in COMMON}
    by = {anchor: against(parts, anchor, RESULTS) for anchor in ("random", "portfolio")}
    yield "| optimizer | AUC, of random search's | of the portfolio's | training, seconds a suite |"
    yield "|---|---:|---:|---:|"
    for name in sorted(RESULTS, key=lambda n: by["random"][n]["ratio"][0]):
        trained = [suites[s]["training"][name] for s in COMMON if name in suites[s]["training"]]
        seconds = f"{min(trained):.0f} to {max(trained):.0f}" if trained else ""
        if name == LEARNED:
            seconds = f"{training_of(name, {}):.0f} for {len(TAUGHT)} suites at once"
        yield f"| `{name}` | {shown(by['random'], name)} | {shown(by['portfolio'], name)} | {seconds} |"
