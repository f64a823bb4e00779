"""The options of a comparison, declared once: for `benchmark`, its documentation, and `hpo-gym bench`."""

# ruff: noqa: RUF009 - `_option` makes a field, as `field` does
from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo_gym.bench.board.named import NamedProtocol
    from hpo_gym.problem import Suite
    from hpo_gym.system import Callback, Progress


def _option(default: object, text: str, more: str = "", **word: object) -> Any:
    """Declare an option.

    Args:
        text: What it is, in the command line's help too.
        more: What else the documentation of `benchmark` says.
        word: How the command line differs: `flag`, `metavar`, `several` words; what is for `here` alone it lacks.
    """
    return field(default=default, metadata={"text": text, "more": more, **word})


@dataclass(frozen=True)
class Options:
    """Options of `benchmark`; what is None is filled in there."""

    optimizers: object = _option(
        None, "Names; file.py:Name for a class of yours; folders of trained ones.",
        'Or each in any form (`hpo_gym.optimize.forms`): a class, an optimizer, a model of Stable-Baselines3, '
        '``{"name": form, setting: ..}``; or a mapping of their names in the results to them; by default '
        "`FIRST`, and `SHIPPED` beside them. Untrained trainable ones are trained first. The two controls always run.",
        several=True,
    )  # fmt: skip
    suites: str | Path | Suite | Iterable[str | Path | Suite] | None = _option(
        None, "Suites, sets or folders; file.py:name for your function that makes one. AutoML by default.",
        "Or `Suite` objects. Tasks without a table are live: their objectives run in the workers, see "
        "`hpo_gym.live_suite`.", flag="suite", several=True,
    )  # fmt: skip
    _: KW_ONLY
    protocol: str | Path | NamedProtocol | None = _option(
        None, "A named protocol or its YAML file; it fixes suites, split, budget, seeds ..: leave these out.",
        metavar="NAME|FILE",
    )  # fmt: skip
    split: str | None = _option(None, "test by default; val while you still choose.")
    fold: int | str | None = _option(None, "0..4 or all, instead of the published split.")
    start: str | None = _option(None, "cold by default; init5: an initial design of five configurations.")
    budget: int | None = _option(None, "Full evaluations of each run; by default the suite's own, mostly 33.")
    budget_cost: float | None = _option(
        None, "Instead of `budget`: mean costs of a full evaluation; a run ends when they are spent.",
        "At most 1e6. Regret is given at 33 points of it. Tables with measured costs only; not with `with_reference`.",
    )  # fmt: skip
    checkpoints: bool | None = _option(
        None, "With `budget_cost`: who trains a configuration further pays the difference, where epochs and the "
        "like are fidelities.",
        "That is the difference to the cost of the highest lower fidelity of an earlier success, on tasks with one "
        "training through all fidelities (`Task.cumulative`); there must be such ones, on others all is paid.",
    )  # fmt: skip
    memory: str | None = _option(
        None, "Which earlier tasks all may read: train by default, or train+val while you judge on test.",
        "With `with_reference`, whose runs knew those of train, that alone.",
    )  # fmt: skip
    in_flight: int | None = _option(
        None, "Trials that run side by side, on simulated workers; regret also over time. 1.",
        "Not beside `checkpoints` and `with_reference`, nor where trials go on from each other.",
    )  # fmt: skip
    seeds: int | None = _option(None, "Replicates of each task; 5, or those of `with_reference`.")
    tasks: int | str | Sequence[str] | None = _option(
        None, "Number of tasks per suite; families: one of each family; or names.", several=True,
    )  # fmt: skip
    trainings: int | None = _option(
        None, "Trainings per learned optimizer, each with its own seed; replicates take turns. 1.",
        "Or as many as the reference runs have.",
    )  # fmt: skip
    with_reference: bool = _option(
        False, "Compare with the shipped runs of all baselines, without re-running them."
    )  # fmt: skip
    engine: str | None = _option(None, "serial, process, dask or ray; by default process. All give the same results.")
    workers: int | None = _option(None, "Processes; by default one per core.")
    address: str | None = _option(None, "Join a running Dask scheduler, or a running Ray.")
    tls: Mapping[str, str | Path] | None = _option(
        None, "Paths by the names `ca`, `cert` and `key`, for Dask's scheduler at tls://; by default "
        "its configuration.",
        here=True,
    )  # fmt: skip
    timeout: float | None = _option(
        None, "Seconds that a run may take, with the engine process; then it has failed."
    )  # fmt: skip
    shard: str | None = _option(
        None, "Such as 2/8: run the second of eight parts only; see hpo-gym merge.", "There is no report, only errors.",
    )  # fmt: skip
    out: str | Path = _option("hpo-gym-results", "Folder of the results.")
    resume: bool = _option(False, "Continue what the folder holds; finished work is kept.", "Failed cells run again.")
    progress: Progress | bool | None = _option(
        None, "Whether to show a bar, by default in a terminal or notebook; or a function of cells done, total, work.",
        here=True,
    )  # fmt: skip
    callbacks: Sequence[Callback] = _option(
        (), "Further listeners, such as `hpo_gym.TensorBoard`; the logger ``hpo_gym`` is one too.", here=True,
    )  # fmt: skip
    report: bool = _option(
        True, "Whether to write tables and report, a matter of seconds; `hpo_gym.report` writes them at any time.",
        here=True,
    )  # fmt: skip


def described(doc: str) -> str:
    """Return a docstring with all options in place of ``{options}``."""
    said = [f"{f.name}: {f.metadata['text']} {f.metadata['more']}".strip() for f in fields(Options)]
    lines = [textwrap.fill(one, 112, initial_indent=" " * 8, subsequent_indent=" " * 12) for one in said]
    return doc.replace("{options}", "\n".join(lines).strip())
