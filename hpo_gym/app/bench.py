"""`hpo-gym bench`: compare optimizers on suites."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpo_gym.app._options import Resume, Wide, fold_of, suites_of, tasks_of, words
from hpo_gym.app._output import FAILED_CELLS, finish
from hpo_gym.base import InvalidValueError, as_csv

if TYPE_CHECKING:
    from hpo_gym.problem import Suite


def bench(
    suite: Annotated[
        str | None,
        typer.Option(
            help="Suites, sets or folders, separated by commas; file.py:name for your function. AutoML by default."
        ),
    ] = None,
    optimizers: Annotated[
        str | None,
        typer.Option(help="Names separated by commas; file.py:Name for a class of yours; folders of trained ones."),
    ] = None,
    leave_suite_out: Annotated[
        str | None, typer.Option(metavar="NAME", help="Train on the suites given, test on this one, which they lack.")
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="A named protocol, which fixes suites, split, budget, seeds .."),
    ] = None,
    split: Annotated[str | None, typer.Option(help="test by default; val while you still choose.")] = None,
    fold: Annotated[str | None, typer.Option(help="0..4 or all, instead of the published split.")] = None,
    start: Annotated[
        str | None, typer.Option(help="cold by default; init5: an initial design of five configurations.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(help="Full evaluations of each run; by default the suite's own, mostly 33.")
    ] = None,
    budget_cost: Annotated[
        float | None,
        typer.Option(help="Instead of --budget: mean costs of a full evaluation; a run ends when they are spent."),
    ] = None,
    checkpoints: Annotated[
        bool,
        typer.Option(
            "--checkpoints",
            help="With --budget-cost: who trains a configuration further pays the difference, where epochs and the "
            "like are fidelities.",
        ),
    ] = False,
    memory: Annotated[
        str | None,
        typer.Option(help="Which earlier tasks all may read: train by default, or train+val while you judge on test."),
    ] = None,
    in_flight: Annotated[
        int | None, typer.Option(help="Trials that run side by side, on simulated workers; regret also over time. 1.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Replicates of each task; 5, or those of --with-reference.")] = None,
    tasks: Annotated[
        str | None,
        typer.Option(help="Number of tasks per suite; families: one of each family; or names, separated by commas."),
    ] = None,
    trainings: Annotated[
        int | None,
        typer.Option(help="Trainings per learned optimizer, each with its own seed; replicates take turns. 1."),
    ] = None,
    with_reference: Annotated[
        bool,
        typer.Option(
            "--with-reference", help="Compare with the shipped runs of all baselines, without re-running them."
        ),
    ] = False,
    engine: Annotated[str, typer.Option(help="serial, process, dask or ray.")] = "process",
    workers: Annotated[int | None, typer.Option(help="Processes; by default one per core.")] = None,
    address: Annotated[str | None, typer.Option(help="Join a running Dask scheduler, or a running Ray.")] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="Certificate authority of a scheduler at tls://.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate to show it.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key of that certificate.")] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds that a run may take, with --engine process; then it has failed.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="Such as 2/8: run the second of eight parts only; see hpo-gym merge.")
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
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("hpo-gym-results"),
    resume: Resume = False,
    allow_failures: Annotated[bool, typer.Option("--allow-failures", help="Exit 0 even if cells failed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no table.")] = False,
    wide: Wide = False,
) -> None:
    """Compare optimizers on suites.

    Trains those that learn, runs all, stores every trial, prints a table and writes a report.
    """
    from hpo_gym.bench import HPOB_TRIALS, Front, benchmark, hpob_text, named_protocol
    from hpo_gym.suites import hpob_suites, load_suite
    from hpo_gym.system import bar

    names = None if optimizers is None else tuple(words(optimizers))
    suites: list[Any] | None = None
    if protocol is None or suite is not None or leave_suite_out is not None:
        suites = [*suites_of(suite or "AutoML", leave_suite_out)]
    if hpob is not None:
        if {suite, leave_suite_out, protocol, budget_cost} != {None} or start not in (None, "init5"):
            raise InvalidValueError("`--hpob` excludes --suite, --leave-suite-out, --protocol, --budget-cost and cold.")
        suites, start, budget = [*hpob_suites(hpob)], "init5", HPOB_TRIALS if budget is None else budget
    if constraints is not None:
        if suites is None:
            raise InvalidValueError(f"--constraints must be left out under a protocol, got {constraints!r}.")
        suites = _constrained(suites, constraints)
    if objectives is not None and budget_cost is not None:
        raise InvalidValueError("--objectives needs a budget in full evaluations, got --budget-cost: give --budget.")
    trades = None if objectives is None else words(objectives)
    if trades is not None:
        for one in named_protocol(str(protocol)).suites if suites is None else suites:
            Front.of(load_suite(one).members[0], trades)  # refuses what has no hypervolume there
    files = {"ca": tls_ca, "cert": tls_cert, "key": tls_key}
    with bar("cells", shown=not quiet) as progress, warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr)
        results = benchmark(
            names, suites, protocol=protocol, split=split, fold=fold_of(fold), start=start, budget=budget, seeds=seeds,
            tasks=0 if tasks == "0" else tasks_of(tasks), trainings=trainings, with_reference=with_reference,
            engine=engine, workers=workers, address=address,
            tls={k: v for k, v in files.items() if v is not None}, timeout=timeout, shard=shard, out=out, resume=resume,
            progress=progress, budget_cost=budget_cost, checkpoints=checkpoints or None, memory=memory,
            in_flight=in_flight,
        )  # fmt: skip
    if trades is not None and shard is None:
        frame = results.hypervolume(trades)
        (out / "hypervolume.csv").write_bytes(as_csv(frame).encode())
        means = frame.groupby(["suite", "optimizer"])[["hypervolume_auc", "hypervolume_regret"]].mean()
        if not quiet:
            print(f"hypervolume of {', '.join(trades)}, means over runs:", means.round(4).to_string(), sep="\n")
    if hpob is not None and shard is None and not quiet:
        print(hpob_text(results))
    if shard is None:
        finish(results, quiet=quiet, wide=wide, allow_failures=allow_failures)
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
