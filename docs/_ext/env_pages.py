"""A page for the env of each suite: from the docstrings of the suite, the env and its parts, and the suite's card."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym
from listings import folds, marks
from made import write_pages

from hpo_gym.base import scan_names
from hpo_gym.env import CODECS, OBSERVERS, REWARDS, HPOEnv
from hpo_gym.problem import SPLITS, SUITES, Suite
from hpo_gym.suites import surrogates

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CARDS = Path(__file__).resolve().parents[1] / "suites.md"
DEFAULTS = {"budget": 33, "observer": "last", "codec": "box", "reward": "score"}
RESULTS = {"baselines": "results of all optimizers", "validity": "how informative it is"}
"""Pages with a section for a suite, and what it tells."""
LONG = 12
"""Choices of a hyperparameter that a row shows."""


def shipped() -> tuple[str, ...]:
    """Names of the suites that ship."""
    return scan_names("hpo_gym.suites", "SUITES")


# ---------------------------------------------------------------------- what is said elsewhere
@cache
def env_sections() -> Mapping[str, str]:
    """The sections of the env's docstring, by heading."""
    _, *parts = (inspect.getdoc(HPOEnv) or "").split("\n## ")
    return {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in parts}


def chosen(suite: str) -> str:
    """What is chosen in a suite: its docstring, arguments aside."""
    return (inspect.getdoc(SUITES.get(suite)) or "").partition("\n\nArgs:")[0]


def card(suite: str) -> tuple[dict[str, str], str]:
    """The rows of a suite's card, and what is written below it; links are those of a page one folder deeper.

    A row "as in [SVM](#svm)" is that row of the other card.
    """
    text = CARDS.read_text(encoding="utf-8").split(f"\n## {suite}\n")[1].split("\n## ")[0]
    text = re.sub(r"\]\((?!https?:)(#?)", lambda m: "](../suites.md#" if m[1] else "](../", text)
    rows = dict(re.findall(r"^\| \*\*(.+?)\*\* \| (.*) \|$", text, re.M))
    for key, value in rows.items():
        if other := re.fullmatch(r"as in \[(\w+)\]\(\.\./suites\.md#\w+\)", value):
            rows[key] = card(other[1])[0][key]
    return rows, text.rpartition("|\n")[2].strip()


@cache
def headings(page: str) -> frozenset[str]:
    """The headings of a page."""
    return frozenset(re.findall(r"^###? (.+)$", CARDS.with_name(f"{page}.md").read_text(encoding="utf-8"), re.M))


def part(registry: Any, name: str) -> str:
    """What the docstring of an observer, a codec or a reward says."""
    return (inspect.getdoc(registry.get(name)) or "").replace("``", "`")


# ---------------------------------------------------------------------- the search space
def cell(value: object) -> str:
    """A value as a cell shows it."""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def condition(clause: Mapping[str, Any]) -> str:
    """A condition in words."""
    if "conditions" in clause:
        return f" {clause['type'].lower()} ".join(condition(c) for c in clause["conditions"])
    values = clause["values"] if "values" in clause else [clause["value"]]
    return f"`{clause['parent']}` is {' or '.join(cell(v) for v in values)}"


def hyperparameters(suite: Suite) -> Iterator[str]:
    """A row for each hyperparameter."""
    when: dict[str, list[str]] = {}
    for clause in suite.space.to_json()["conditions"]:
        when.setdefault(clause["child"], []).append(condition(clause))
    yield from ("| hyperparameter | values | scale | default | active where |", "|---|---|---|---|---|")
    for h in suite.space.hyperparameters:
        if h.choices:
            more = f", and {len(h.choices) - LONG} more" if len(h.choices) > LONG else ""
            values, scale = ", ".join(cell(c) for c in h.choices[:LONG]) + more, h.kind
        else:
            kind = "whole numbers " if h.kind == "int" else ""
            values, scale = f"{kind}{h.low:g} to {h.high:g}", "logarithmic" if h.log else "linear"
        active = "; and ".join(when.get(h.name, ["always"]))
        yield f"| `{h.name}` | {values} | {scale} | {cell(h.default)} | {active} |"


def splits(suite: Suite) -> str:
    """Tasks and families of each split."""
    parts = ((split, suite.tasks(split)) for split in SPLITS)
    return ", ".join(f"{len(tasks)} {split} ({len({t.family for t in tasks})} families)" for split, tasks in parts)


# ---------------------------------------------------------------------- the page
def head(name: str, env: HPOEnv, own: Mapping[str, Any]) -> Iterator[str]:
    """Name, purpose, and the table at the top."""
    suite, surrogate = env.suite, f"{name}{surrogates.SUFFIX}" in surrogates.served()
    yield from (f"# {name}", "", chosen(name), "")
    yield from ("| | |", "|---|---|", f"| **id** | `hpo_gym/{name}-v0` |")
    if surrogate:
        reported = "a [model of the table](../environment.md#surrogates) answers at every configuration"
        yield f"| **id of the surrogate** | `hpo_gym/{name}Surrogate-v0`: {reported} |"
    yield f"| **action space** | `{env.action_space}`, codec `{own['codec']}` |"
    shape = f"`{type(env.observation_space).__name__}` of shape `{env.observation_space.shape}`"
    yield f"| **observation space** | {shape}, observer `{own['observer']}` |"
    yield f"| **reward** | `{own['reward']}` |"
    yield f"| **budget** | {own['budget']} trials of an episode |"
    tasks = ", ".join(f"{len(suite.tasks(split))} {split}" for split in ("train", "val", "test"))
    yield f"| **tasks** | {tasks} |"
    yield f"| **kind** | {suite.kind} |"
    yield from ("", "```python", "import gymnasium as gym", "import hpo_gym", "")
    yield f'env = gym.make("hpo_gym/{name}-v0", split="train")'
    yield from ("observation, info = env.reset(seed=0)", "env.action_space.seed(0)")
    yield "observation, reward, terminated, truncated, info = env.step(env.action_space.sample())"
    yield from ('print(info["task"], info["config"], info["score"])', "```", "")


def body(name: str, suite: Suite, own: Mapping[str, Any]) -> Iterator[str]:
    """All sections, as Gymnasium's pages have them."""
    env, (rows, notes) = env_sections(), card(name)
    yield from ("## Description", "", env["Description"], "")
    yield from ("## Action space", "", part(CODECS, own["codec"]), "")
    yield from (f"**{key.capitalize()}**: {rows[key]}.\n" for key in ("search space", "default") if key in rows)
    yield from (*hyperparameters(suite), "")
    yield f'`hpo_gym.load_suite("{name}").space` is this search space. [Other codecs](../environment.md#codecs).'
    yield from ("", "## Observation space", "", part(OBSERVERS, own["observer"]), "")
    yield from (
        "[Other observers](../environment.md#observers).",
        "",
        "## Reward",
        "",
        part(REWARDS, own["reward"]),
        "",
    )
    yield from ("[Other rewards](../environment.md#rewards).", "")
    for key in ("score", "test score", "cost", "objectives", "fidelities", "failures"):
        if key in rows:
            yield f"- **{key.capitalize()}**: {rows[key]}."
    yield from ("", "## Starting state", "", env["Starting state"].replace("``", "`"), "")
    yield from ("## Episode end", "", env["Episode end"], "", f"Here, that is after {own['budget']} trials.", "")
    yield from ("## Info", "", env["Info"].replace("``", "`"), "", "## Arguments", "")
    yield from ("| keyword | default here |", "|---|---|")
    yield from (f"| `{key}` | `{own[key]!r}` |" for key in own)
    yield from ("", "All keywords: [environment](../environment.md#keywords).", "", "## Data", "")
    yield from (f"- **{key.capitalize()}**: {rows[key]}." for key in ("tasks", "best score") if key in rows)
    yield from (f"- **Split**: {splits(suite)}.", f"- **Folds**: test parts of {folds(suite)} tasks.")
    yield from ("", notes, "", "## Licence", "", f"{rows['licence']}.", "", "## Versions", "")
    yield f"- Env `v0`: first version.\n- Tasks: version {suite.version} (`Suite.version`, raised when a task changes)."
    yield from ("", "## References", "", f"{rows['source'][0].upper()}{rows['source'][1:]}.", "")
    more = [f"[its card](../suites.md#{name.lower()})"]
    more += [f"[{said}](../{page}.md#{name.lower()})" for page, said in RESULTS.items() if name in headings(page)]
    yield f"More on this suite: {', '.join(more)}."


def table() -> Iterator[str]:
    """A row for each env, as `docs/envs.md` includes them."""
    yield from ("| env | what is chosen | tasks: train, val, test | budget | action space |", "|---|---|---|---|---|")
    for name in shipped():
        env, own = made(name)
        tasks = " + ".join(f"{len(env.suite.tasks(split))}" for split in ("train", "val", "test"))
        first = chosen(name).split("\n\n")[0].replace("\n", " ").removesuffix(".")
        first = "; ".join((first, *marks(env.suite)))
        yield f"| [`hpo_gym/{name}-v0`](envs/{name.lower()}.md) | {first} | {tasks} | {own['budget']} | {kind(env)} |"


def kind(env: HPOEnv) -> str:
    """The action space in short."""
    shape = env.action_space.shape or f"({getattr(env.action_space, 'n', '')})"
    return f"`{type(env.action_space).__name__}{shape}`"


@cache
def made(name: str) -> tuple[HPOEnv, Mapping[str, Any]]:
    """The env of a suite, and what its keywords are by default."""
    env = gym.make(f"hpo_gym/{name}-v0").unwrapped
    assert isinstance(env, HPOEnv)
    return env, {key: env.suite.env.get(key, value) for key, value in DEFAULTS.items()}


def page(name: str) -> str:
    """The page of a suite's env, as Markdown."""
    env, own = made(name)
    text = "\n".join([*head(name, env, own), *body(name, env.suite, own), ""])
    return re.sub(r"\.\.(?=\n)", ".", text)


def write_envs(app: Sphinx) -> None:
    """Write the pages, and the table of all."""
    pages = {f"{name.lower()}.md": page(name).encode() for name in shipped()}
    write_pages(Path(app.srcdir) / "envs", {**pages, "table.txt": "\n".join([*table(), ""]).encode()})


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", write_envs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
