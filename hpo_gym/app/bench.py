"""`hpo-gym bench`: compare optimizers on suites. Its options are those of `hpo_gym.benchmark`, and a few of its own."""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpo_gym.app._options import Wide, fold_of, suites_of, tasks_of, words
from hpo_gym.app._output import FAILED_CELLS, finish, show
from hpo_gym.base import InvalidValueError, as_csv
from hpo_gym.bench import Options

if TYPE_CHECKING:
    from hpo_gym.problem import Suite

_KINDS = {"int | None": int, "float | None": float, "bool": bool, "bool | None": bool}


def bench(
    *,
    leave_suite_out: Annotated[
        str | None, typer.Option(metavar="NAME", help="Train on the suites given, test on this one, which they lack.")
    ] = None,
    objectives: Annotated[
        str | None, typer.Option(help="Also tell hypervolumes of these, such as score,size; writes hypervolume.csv.")
    ] = None,
    constraints: Annotated[
        str | None, typer.Option(help="Bounds such as size=1e5,latency=0.02: regret is of what is feasible.")
    ] = None,
    hpob: Annotated[
        Path | None, typer.Option(help="A folder of HPO-B instead of --suite: init5, 100 trials, published AUCs.")
    ] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="Certificate authority of a scheduler at tls://.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate to show it.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key of that certificate.")] = None,
    allow_failures: Annotated[bool, typer.Option("--allow-failures", help="Exit 0 even if cells failed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no table.")] = False,
    wide: Wide = False,
    **asked: Any,
) -> None:
    """Compare optimizers on suites.

    Trains those that learn, runs all, stores every trial, prints a table and writes a report.
    """
    from hpo_gym.bench import HPOB_TRIALS, Front, benchmark, hpob_text, named_protocol
    from hpo_gym.suites import hpob_suites, load_suite
    from hpo_gym.system import bar

    suite, protocol = asked["suites"], asked["protocol"]
    suites: list[Any] | None = None
    if protocol is None or suite is not None or leave_suite_out is not None:
        suites = [*suites_of(suite or "AutoML", leave_suite_out)]
    if hpob is not None:
        if {suite, leave_suite_out, protocol, asked["budget_cost"]} != {None} or asked["start"] not in (None, "init5"):
            raise InvalidValueError("`--hpob` excludes --suite, --leave-suite-out, --protocol, --budget-cost and cold.")
        suites, asked["start"] = [*hpob_suites(hpob)], "init5"
        asked["budget"] = HPOB_TRIALS if asked["budget"] is None else asked["budget"]
    if constraints is not None:
        if suites is None:
            raise InvalidValueError(f"--constraints must be left out under a protocol, got {constraints!r}.")
        suites = _constrained(suites, constraints)
    if objectives is not None and asked["budget_cost"] is not None:
        raise InvalidValueError("--objectives needs a budget in full evaluations, got --budget-cost: give --budget.")
    trades = None if objectives is None else words(objectives)
    if trades is not None:
        for one in named_protocol(str(protocol)).suites if suites is None else suites:
            Front.of(load_suite(one).members[0], trades)  # refuses what has no hypervolume there
    files, names = {"ca": tls_ca, "cert": tls_cert, "key": tls_key}, asked["optimizers"]
    asked |= {
        "optimizers": None if names is None else tuple(words(names)),
        "suites": suites,
        "fold": fold_of(asked["fold"]),
        "tasks": 0 if asked["tasks"] == "0" else tasks_of(asked["tasks"]),
        "checkpoints": asked["checkpoints"] or None,
        "tls": {key: value for key, value in files.items() if value is not None},
    }
    with bar("cells", shown=not quiet) as progress, warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr)
        results = benchmark(**asked, progress=progress)
    out, shard = Path(asked["out"]), asked["shard"]
    if shard is None and not quiet:
        show(results, wide=wide)
    if trades is not None and shard is None:
        frame = results.hypervolume(trades)
        (out / "hypervolume.csv").write_bytes(as_csv(frame).encode())
        means = frame.groupby(["suite", "optimizer"])[["hypervolume_auc", "hypervolume_regret"]].mean()
        if not quiet:
            print(f"hypervolume of {', '.join(trades)}, means over runs:", means.round(4).to_string(), sep="\n")
    if hpob is not None and shard is None and not quiet:
        print(hpob_text(results))
    if shard is None:
        finish(results, allow_failures=allow_failures)
    else:
        failed = len(results.errors)
        print(f"shard {shard} is done, {failed} cells failed -> {results.folder}; hpo-gym merge joins the shards")
        if failed and not allow_failures:
            raise typer.Exit(FAILED_CELLS)


def _constrained(suites: Sequence[str], text: str) -> list[Suite]:
    """Suites under constraints that are given as ``size=1e5,latency=0.02``."""
    from hpo_gym.suites import constrained, load_suite

    bounds: dict[str, float] = {}
    for word in words(text):
        name, equals, value = (part.strip() for part in word.partition("="))
        try:
            bounds[name] = float(value)
        except ValueError:
            equals = ""
        if not name or not equals:
            raise InvalidValueError(f"`--constraints` must be name=number, separated by commas, got {word!r}.")
    return [constrained(load_suite(name), bounds) for name in suites]


def _shared() -> Iterator[inspect.Parameter]:
    """Yield the options of `benchmark` as those of a command; a text names others as they are called there."""
    flags = {f.name: f.metadata.get("flag", f.name).replace("_", "-") for f in fields(Options)}
    for f in fields(Options):
        if "here" in f.metadata:
            continue
        kind = Path if f.name == "out" else _KINDS.get(str(f.type), str)
        text = re.sub(r"`(\w+)`", lambda found: f"--{flags[found[1]]}", f.metadata["text"])
        said = typer.Option(
            f"--{flags[f.name]}", metavar=f.metadata.get("metavar"),
            help=f"{text} Separated by commas." if "several" in f.metadata else text,
        )  # fmt: skip
        default = Path(str(f.default)) if kind is Path else f.default or (False if kind is bool else None)
        shown = kind | None if default is None else kind
        yield inspect.Parameter(
            f.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[shown, said]
        )


_own = [p for p in inspect.signature(bench, eval_str=True).parameters.values() if p.name != "asked"]
bench.__signature__ = inspect.Signature([*_shared(), *_own])  # type: ignore[attr-defined]
