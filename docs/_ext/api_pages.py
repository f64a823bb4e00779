"""The reference: a page for each floor, of the public names of `hpo_gym` that come from it, and a list of all.

A name that `FLOORS` does not mention stands at the end of its floor's page, so that none is forgotten.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from made import write_pages
from stored import stand_ins

import hpo_gym
from hpo_gym.base import Registry
from hpo_gym.env import CODECS, OBSERVERS, REWARDS, SCORES

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class Floor(NamedTuple):
    """A page: its title, a sentence or two, and a line for each entry, `NAME: members`; `*` stands for all of them."""

    title: str
    said: str
    entries: str = ""


FLOORS: Mapping[str, Floor] = {
    "env": Floor(
        "Environments",
        "The single env, the vector env, and what an observation, an action and a reward are made of. The registered "
        "observers, codecs and rewards: [parts](parts.md).",
        """
        HPOEnv: reset, step, history, action_masks, render, close
        HPOVectorEnv: reset, step, history, action_masks, render
        env.env.LiveEnv
        env.vector.LiveVectorEnv
        env.live.live_keywords
        Observer: space, __call__, serve
        Codec: space, decode, decoder, masks
        Proposal
        Reward: __call__
        env.scales.ServedScores: serve
        """,
    ),
    "suites": Floor(
        "Suites",
        "Load a suite, or make one of your own results. What ships: [suites](../suites.md).",
        """
        load_suite
        table_suite
        suite_from_csv
        suite_from_optuna
        live_suite
        suites.live.with_prior
        suites.ready.ready_suite
        suites.tasks.live.ObjectiveTask
        suites.tasks.ready.Ready: space, prepare
        constrained
        leave_suite_out
        """,
    ),
    "problem": Floor(
        "Tasks, spaces, trials",
        "What is optimised, and the record of a run.",
        """
        Suite: save, task, tasks, split, scale, prior
        Task: evaluate, noise_free, test_scores, test_range, pool, noisy, bounded, level, run
        SearchSpace: default, default_x, decode, from_unit, active, snap, encode,
            to_unit, sample, levels, neighbours, to_json
        Query
        Trial: config, fidelity
        Refusal
        Status: label
        History: configs, scores, costs, fidelities, statuses, incumbents, incumbent
        Evaluations
        Measurement
        """,
    ),
    "optimize": Floor(
        "Optimizers and training",
        "The protocol `reset`, `ask`, `tell`, and agents that are trained. The registered optimizers: "
        "[by group](../optimizers.md).",
        """
        Optimizer: *
        BatchOptimizer: *
        Trainable: *
        Context
        make_optimizer
        rollout
        train
        load
        collect
        Episodes: read, save, part, lines
        optimize.collect_standard
        optimize.protocol.Resumable: train_in
        PolicyOptimizer: reset, ask, tell
        optimize.forms.sb3_policy.SB3Policy
        optimize.learning.saved.write_saved
        optimize.learning.saved.read_saved
        optimize.learning.folders.shipped
        """,
    ),
    "sb3": Floor(
        "Stable-Baselines3",
        "The bridge to its algorithms: [train PPO](../tutorials/train-ppo.md).",
        """
        sb3.as_vec_env
        sb3.load_weights
        sb3.SetPolicy
        sb3.HPOVecEnv
        """,
    ),
    "tuning": Floor(
        "Tuning",
        "Your own model: [tune](../tune.md), [scikit-learn](../scikit-learn.md), [Optuna](../optuna.md).",
        """
        tune
        Tuned: *
        OpenStudy: *
        HPOGymSearchCV: fit, evaluations_
        space_for
        tuning.earlier.earlier_tasks
        tuning.matching.Matched
        HPOGymSampler: infer_relative_search_space, sample_relative, sample_independent, reseed_rng
        tuning.stopping.Halving: stops
        """,
    ),
    "control": Floor(
        "Control",
        "Hyperparameters that change while your own network trains: [control](../control-your-training.md).",
        """
        control.Control: *
        control.Guard
        """,
    ),
    "bench": Floor(
        "Comparing",
        "Comparisons, their results, the leaderboard: [benchmark](../benchmark.md).",
        """
        benchmark
        Results: load, failed_cells, to_frame, runs, tasks, trials, plot_regret, plot_ranks,
            plot_profile, plot_task, plot_run, to_markdown, to_latex, write
        regret_of
        bench.frames.runs
        bench.frames.tasks
        bench.frames.trials
        bench.pack
        bench.leaderboard
        bench.named_protocol
        bench.protocol.Protocol: n_init, folds
        """,
    ),
    "checks": Floor("Checks", "Does a part of your own keep the rules? [Extending](../extending.md#test-it)."),
    "text": Floor(
        "Text",
        "A run in words, for [language models](../language-models.md).",
        """
        text.describe
        text.parse
        text.Unreadable
        """,
    ),
    "system": Floor(
        "Progress", "Callbacks of training and tuning.", "Callback: begun, advanced, ended"
    ),
    "base": Floor(
        "Registries and errors",
        '`SUITES.register("Mine", kind="table")` and its like decorate what a file adds: [extending](../extending.md). '
        "The message of an error has the rule in backticks, the value, and the nearest valid one.",
        """
        SUITES
        OPTIMIZERS
        OBSERVERS
        CODECS
        REWARDS
        base.registry.Registry: register, names, entries, installed, get, resolve
        base.registry.Entry: package
        HPOGymError
        """,
    ),
}  # fmt: skip
OPTIONS = {"Proposal": ":exclude-members: at, fidelity, stop", "Status": ":undoc-members:"}


@cache
def entries() -> Mapping[str, Mapping[str, str]]:
    """Return the members of each entry, by page and by dotted name without `hpo_gym.`."""
    pages: dict[str, dict[str, str]] = {}
    for page, floor in FLOORS.items():
        text = re.sub(r",\s+", ", ", floor.entries.strip())
        lines = (line.strip().partition(": ") for line in text.splitlines())
        pages[page] = {name: members for name, _, members in lines}
    listed = {name for page in pages.values() for name in page}
    source = Path(str(hpo_gym.__file__)).read_text(encoding="utf-8")
    floors = dict(reversed(found) for found in re.findall(r"from hpo_gym\.(\w+)\S* import \w+ as (\w+)$", source, re.M))
    for name in sorted(set(hpo_gym.__all__) - listed):
        pages[floors[name]][name] = ""
    return pages


@cache
def value_of(name: str) -> Any:
    """Return what a dotted name stands for."""
    module, _, own = f"hpo_gym.{name}".rpartition(".")
    with stand_ins():
        return getattr(importlib.import_module(module), own)


def directive(name: str, members: str = "") -> Iterator[str]:
    """Yield the lines that document a name."""
    value = value_of(name)
    if isinstance(value, Registry):
        yield from (f".. autodata:: hpo_gym.{name}", "   :no-value:")
        return
    wrong = isinstance(value, type) and issubclass(value, Exception)
    kind = "autoexception" if wrong else "autoclass" if isinstance(value, type) else "autofunction"
    yield f".. {kind}:: hpo_gym.{name}"
    options = [":show-inheritance:"] * wrong + [f":members: {members.strip('*')}".strip()] * bool(members)
    yield from (f"   {option}" for option in (*options, *([OPTIONS[name]] if name in OPTIONS else [])))


def page(name: str) -> Iterator[str]:
    """Yield the lines of a page."""
    floor = FLOORS[name]
    yield from (f"# {floor.title}", "", floor.said, "", "```{eval-rst}")
    for entry, members in entries()[name].items():
        yield from directive(entry, members)
    yield "```"


def parts() -> Iterator[str]:
    """Yield the page of the parts of an env."""
    yield from (
        "# Observers, codecs, rewards",
        "",
        "Every registered part: [how to choose](../environment.md#observers).",
    )
    for registry, title in ((OBSERVERS, "Observers"), (CODECS, "Codecs"), (REWARDS, "Rewards"), (SCORES, "Scores")):
        yield from ("", f"## {title}", "", "```{eval-rst}")
        yield from (f".. autoclass:: {entry.module}.{entry.maker}" for entry in registry.entries().values())
        yield "```"


def listing() -> Iterator[str]:
    """Yield the list of all names, as `docs/api.md` includes it."""
    for name, floor in FLOORS.items():
        words = re.sub(r"\]\((\.\./)?", lambda m: "](" if m[1] else "](reference/", floor.said)  # from one folder up
        yield from ("", f"## {floor.title}", "", f"[`hpo_gym.{name}`](reference/{name}.md). {words}", "")
        for entry in entries()[name]:
            text = inspect.getdoc(value_of(entry)) or ""
            first = " ".join(text.split("\n\n")[0].split()).partition(". ")[0].removesuffix(".").replace("``", "`")
            yield f"- {{py:obj}}`hpo_gym.{entry}`{': ' * bool(first)}{first}"


def toctree() -> Iterator[str]:
    """Yield the pages in the order of the list."""
    yield from ("", "```{toctree}", ":hidden:", "")
    yield from (f"/reference/{name}" for name in (*FLOORS, "parts"))
    yield "```"


def write_reference(app: Sphinx) -> None:
    """Write the pages."""
    pages = {f"{name}.md": page(name) for name in FLOORS} | {
        "parts.md": parts(),
        "names.txt": chain(listing(), toctree()),
    }
    write_pages(Path(app.srcdir) / "reference", {k: "\n".join([*lines, ""]).encode() for k, lines in pages.items()})


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", write_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
