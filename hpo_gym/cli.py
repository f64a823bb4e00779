"""The command line: `hpo-gym` and one of `list`, `info`, `train`, `bench`, `report`, `verify`, `repair`, `import`, ...

Exit codes: 0 done, 1 done with failed cells or checks, 2 wrong input, 3 damaged data or store, 130 and 143 stopped.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

import hpo_gym
from hpo_gym import interrupt
from hpo_gym.errors import (
    DamagedDataError,
    HPOGymError,
    InvalidValueError,
    StorageFullError,
    StorageLostError,
    TrialsFailedError,
    beside,
    nearest,
    unknown,
)

if TYPE_CHECKING:
    from hpo_gym.bench.results import Results
    from hpo_gym.suite import Suite
    from hpo_gym.terminal import Sheet

FAILED_CELLS, WRONG_INPUT, DAMAGED, INTERRUPTED, TERMINATED = 1, 2, 3, 130, 143
_RESUMED = ("bench", "train", "build", "tune", "play")


_ORDER = ("demo", "tune", "bench", "train", "play", "list", "info", "import", "report")
"""Commands that people need first; the others follow as they stand here."""


class _Commands(typer.core.TyperGroup):
    """The commands; of one that is misspelt, the nearest is offered as of any other name."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=lambda name: (*_ORDER, name).index(name))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if not args[0].startswith("-") and args[0] not in self.commands:
            raise unknown("command", args[0], self.commands)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="hpo-gym",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


Wide = Annotated[bool, typer.Option("--wide", help="All columns, however wide; else those that fit.")]


class _Terminated(BaseException):
    """SIGTERM, as an exception, so that what is open is closed."""


def main() -> None:
    """Run the command line, and turn errors into messages and exit codes."""
    held = False
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # what a stranger's file holds need not be of any encoding
    try:
        held = interrupt.release()
        signal.signal(signal.SIGTERM, _terminate)
        sys.path.insert(0, "")  # "module:name" finds a user's file beside them
        code = app(standalone_mode=False)  # the code of a `typer.Exit`, which does not come through as an exception
        if code == INTERRUPTED:  # some versions of Typer make an exit of Ctrl-C, others an abort
            raise KeyboardInterrupt
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except HPOGymError as fault:
        damaged = isinstance(fault, (DamagedDataError, StorageFullError, StorageLostError))
        _leave(f"error: {fault}", DAMAGED if damaged else WRONG_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        _leave(_stopped(), INTERRUPTED)
    except _Terminated:
        _leave(_stopped(), TERMINATED)
    except BrokenPipeError:  # the reader of our output has gone: nobody to say anything to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as fault:
        near = beside(fault.filename) if isinstance(fault.filename, str) else ""
        _leave(f"error: {fault.strerror or fault}: {fault.filename or ''}".rstrip(": ") + near, WRONG_INPUT)
    except Exception as fault:
        show = getattr(fault, "show", None)  # an error of the command line itself
        if show is None:
            raise
        _offer_option(fault)
        show()
        sys.exit(WRONG_INPUT)
    finally:
        if held:
            interrupt.hold()


def _offer_option(fault: Any) -> None:
    """Let an error of an option that does not exist offer the nearest; ``-budget`` is told as ``-b``."""
    asked, context = getattr(fault, "option_name", None), getattr(fault, "ctx", None)
    if asked is None or context is None or not hasattr(fault, "possibilities"):
        return
    words = [word.partition("=")[0] for word in sys.argv if word.startswith(asked)]
    known = [name for p in context.command.get_params(context) for name in (*p.opts, *p.secondary_opts)]
    near = nearest(max(words, key=len, default=asked), [name for name in known if name.startswith("--")])
    if near is not None:
        fault.message, fault.possibilities = f"No such option: {asked}. Did you mean {near!r}?", None


def _version(asked: bool) -> None:
    if asked:
        print(f"hpo-gym {hpo_gym.__version__}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Hyperparameter optimisation as a Gymnasium environment."""


@app.command()
def bench(
    suite: Annotated[
        str, typer.Option(help="Suites or folders, separated by commas; file.py:name for a function that makes one.")
    ] = "AutoML",
    optimizers: Annotated[
        str | None,
        typer.Option(help="Names separated by commas; file.py:Name for a class of yours; folders of trained ones."),
    ] = None,
    leave_suite_out: Annotated[
        str | None, typer.Option(metavar="NAME", help="Train on the suites given, test on this one, which they lack.")
    ] = None,
    split: Annotated[str, typer.Option(help="test, or val while you still choose.")] = "test",
    fold: Annotated[str | None, typer.Option(help="0..4 or all, instead of the published split.")] = None,
    start: Annotated[str, typer.Option(help="cold, or init5: an initial design of five configurations.")] = "cold",
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
        str, typer.Option(help="Which earlier tasks all may read: train, or train+val while you judge on test.")
    ] = "train",
    seeds: Annotated[int | None, typer.Option(help="Replicates of each task; 5, or those of --with-reference.")] = None,
    tasks: Annotated[
        str | None, typer.Option(help="Number of tasks per suite, or their names, separated by commas.")
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
        str | None,
        typer.Option(help="Also tell hypervolumes of these, such as score,size; writes hypervolume.csv."),
    ] = None,
    constraints: Annotated[
        str | None, typer.Option(help="Bounds such as size=1e5,latency=0.02: regret is of what is feasible.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("hpo-gym-results"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue what the folder holds; finished work is kept.")
    ] = False,
    allow_failures: Annotated[bool, typer.Option("--allow-failures", help="Exit 0 even if cells failed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no table.")] = False,
    wide: Wide = False,
) -> None:
    """Compare optimizers on suites.

    Trains those that learn, runs all, stores every trial, prints a table and writes a report.
    """
    from hpo_gym.bench.runner import FIRST, benchmark
    from hpo_gym.jobs.progress import bar

    names = FIRST if optimizers is None else tuple(filter(None, map(str.strip, optimizers.split(","))))
    suites: list[Any] = [*_suites(suite, leave_suite_out)]
    if constraints is not None:
        suites = _constrained(suites, constraints)
    if objectives is not None and budget_cost is not None:
        raise InvalidValueError("--objectives needs a budget in full evaluations, got --budget-cost: give --budget.")
    trades = None if objectives is None else _trades(_words(objectives), suites)
    files = {"ca": tls_ca, "cert": tls_cert, "key": tls_key}
    with bar("cells", shown=not quiet) as progress, warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr)
        results = benchmark(
            names, suites, split=split, fold=_fold(fold), start=start, budget=budget, seeds=seeds,
            tasks=0 if tasks == "0" else _tasks(tasks), trainings=trainings, with_reference=with_reference,
            engine=engine, workers=workers, address=address,
            tls={k: v for k, v in files.items() if v is not None}, timeout=timeout, shard=shard, out=out, resume=resume,
            progress=progress, budget_cost=budget_cost, checkpoints=checkpoints, memory=memory,
        )  # fmt: skip
    if trades is not None and shard is None:
        frame = results.hypervolume(trades)
        frame.to_csv(out / "hypervolume.csv", index=False)
        means = frame.groupby(["suite", "optimizer"])[["hypervolume_auc", "hypervolume_regret"]].mean()
        if not quiet:
            print(f"hypervolume of {', '.join(trades)}, means over runs:", means.round(4).to_string(), sep="\n")
    if shard is None:
        _finish(results, quiet=quiet, wide=wide, allow_failures=allow_failures)
    else:
        _finish_shard(results, shard, allow_failures)


@app.command()
def merge(
    folders: Annotated[list[Path], typer.Argument(help="Folders that bench wrote, of one protocol.")],
    out: Annotated[Path, typer.Option(help="Folder of the joined results; a new one.")],
    allow_failures: Annotated[
        bool, typer.Option("--allow-failures", help="Exit 0 even if cells failed or are missing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no table.")] = False,
    wide: Wide = False,
) -> None:
    """Join results of one protocol.

    Shards, or comparisons of other optimizers, suites, tasks or seeds; what several hold must be equal.
    """
    from hpo_gym.bench.merge import merge as join
    from hpo_gym.bench.runner import report as remake
    from hpo_gym.jobs.progress import bar

    with bar("cells", shown=not quiet) as progress:
        done = join(folders, out, progress=progress)
    print(f"{done.cells} cells of {len(folders)} folders, {done.twice} duplicates -> {out}")
    _finish(remake(out), quiet=quiet, wide=wide, allow_failures=allow_failures)


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="A trainable optimizer; file.py:Name for a class of your own.")],
    suite: Annotated[
        str, typer.Option(help="Suites or folders, separated by commas; all: those that the optimizer names.")
    ] = "AutoML",
    leave_suite_out: Annotated[
        str | None, typer.Option(metavar="NAME", help="Leave out relatives of this suite's test tasks.")
    ] = None,
    fold: Annotated[int | None, typer.Option(help="0..4, instead of the published split.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Trials; by default the optimizer's own.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Everything random is drawn from it.")] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, the value as JSON or a word; repeatable.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder of the trained optimizer, checkpoints and TensorBoard logs.")
    ] = Path("hpo-gym-trained"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue what the folder holds; finished work is kept.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Train an optimizer on suites.

    It learns from the meta-train tasks; the version that does best on the validation tasks is kept.
    """
    from hpo_gym.jobs.progress import bar
    from hpo_gym.learning.train import summary
    from hpo_gym.learning.train import train as run

    names = _suites(suite, leave_suite_out)
    with bar("trials", shown=not quiet) as progress:
        curve = run(
            name, names, fold=fold, steps=steps, seed=seed, settings=_settings(settings or ()), out=out, resume=resume,
            progress=progress,
        )  # fmt: skip
    if curve and not quiet:
        print(summary(curve))
    print(f"{name} -> {name}@{out}" if ":" in name else f"{name} -> {out}")


@app.command()
def tune(
    objective: Annotated[str, typer.Argument(help="file.py:name or module:name; it is called with a configuration.")],
    space: Annotated[Path, typer.Option(help="The search space: YAML, or the JSON of a ConfigSpace.")],
    optimizer: Annotated[
        str, typer.Option(help="A name, the folder of one that is trained, or file.py:Name.")
    ] = "auto",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the optimizer, key=value; repeatable.")
    ] = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Trials; 33, or as many as --budget-cost pays for.")] = None,
    budget_cost: Annotated[
        float | None, typer.Option(help="What the trials may cost in all: seconds, or what the objective tells.")
    ] = None,
    direction: Annotated[str, typer.Option(help="maximize or minimize.")] = "maximize",
    prior: Annotated[
        list[str] | None,
        typer.Option(help="Earlier trials: a folder of tune, a file, a storage of Optuna; repeatable."),
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds after which no trial begins.")] = None,
    trial_timeout: Annotated[float | None, typer.Option(help="Seconds that a trial may take.")] = None,
    memory: Annotated[float | None, typer.Option(help="GB that a trial may take.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Trials side by side.")] = 1,
    max_failures: Annotated[
        int, typer.Option(min=0, help="End after so many first trials that fail alike; 0: never.")
    ] = 3,
    seed: Annotated[int | None, typer.Option(min=0, help="Everything random is drawn from it.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the trials.")] = Path("hpo-gym-tuned"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue what the folder holds; finished trials are kept.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Tune an objective of your own.

    Each trial runs in a fresh process, with limits of time and memory. Writes tune.sqlite, trials.csv, tune.svg and
    report.html.
    """
    from hpo_gym.jobs.progress import bar
    from hpo_gym.registry import user_function
    from hpo_gym.tuning.folder import write
    from hpo_gym.tuning.spaces import read_file
    from hpo_gym.tuning.tune import tune as run

    found, why = user_function(objective, "objective"), ""
    try:
        with _notes(), bar("trials", shown=not quiet) as progress:
            tuned = run(
                found, read_file(space), optimizer={"name": optimizer, **_settings(settings or ())}, budget=budget,
                budget_cost=budget_cost, direction=direction, prior=prior or (), timeout=timeout,
                trial_timeout=trial_timeout, memory=None if memory is None else memory * 1e9, n_jobs=jobs,
                max_failures=max_failures or None, seed=seed, out=out, resume=resume, progress=progress,
            )  # fmt: skip
    except TrialsFailedError as fault:
        tuned, why = fault.tuned, f"error: {fault}"
    except (StorageFullError, StorageLostError) as fault:
        if fault.tuned is not None:  # nowhere else is it to be had
            print(fault.tuned.summary(), file=sys.stderr)
        raise
    write(tuned, out)
    if not quiet:
        print(tuned.summary())
    print(f"{len(tuned.ended)} trials -> {out}")
    if why:
        print(why, file=sys.stderr)
    if not tuned.succeeded:
        raise typer.Exit(FAILED_CELLS)


@app.command()
def demo(
    agent: Annotated[
        str, typer.Argument(help="An optimizer: a name, the folder of a trained one, file.py:Name.")
    ] = "transfer-mix",
    suite: Annotated[str, typer.Argument(help="A suite or a folder.")] = "SVM",
    task: Annotated[
        str | None, typer.Argument(help="By default the first validation task of bench --split val.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Full evaluations; by default the suite's own, mostly 33.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the world and of all choices.")] = 0,
    seconds: Annotated[
        float | None, typer.Option(min=0, max=3600, help="That it takes at least, in a terminal; by default 8.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Also write an animated picture, an .svg file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="How it ended, in a line.")] = False,
) -> None:
    """Watch an optimizer tune beside portfolio and random.

    Drawn anew after each evaluation in a terminal, a line for each elsewhere. Nothing is stored.
    """
    from rich.console import Console

    from hpo_gym.bench.play import screen
    from hpo_gym.bench.play.picture import check_path, write
    from hpo_gym.bench.play.race import Race
    from hpo_gym.suites import load_suite

    check_path(picture)
    race = Race.of(agent, load_suite(suite), task, budget=budget, seed=seed)
    if quiet:
        while not race.over:
            race.step()
    else:
        screen.show(race, Console(), seconds)
    print(screen.summary(race))
    for note in race.notes:
        print(f"note: {note}", file=sys.stderr)
    if picture is not None:
        write(race, picture)
        print(f"picture: {picture}")


@app.command()
def play(
    suite: Annotated[str, typer.Argument(help="A suite or a folder.")],
    task: Annotated[
        str | None, typer.Option(help="A validation or test task; by default a validation task that the seed draws.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of the task that is drawn and of what is offered; 0.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Full evaluations; by default the suite's own, mostly 10.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What you are called in the results; person.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("hpo-gym-play"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the game that the folder holds.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No table at the end.")] = False,
    wide: Wide = False,
) -> None:
    """Tune by hand, beside portfolio, default and random.

    Each trial is chosen from a list or typed; the run is stored as bench stores one, and a report is written.
    """
    from rich.console import Console

    from hpo_gym.bench.play.game import Game, sheet
    from hpo_gym.bench.play.talk import Talk

    width = None if wide else Console().width
    results = Game(suite, task, seed, budget, name).play(out, Talk(width), resume=resume)
    if not quiet:
        print()
        _print(sheet(results), wide=wide)
    print(f"report: {results.folder / 'report.html'}")


def _suites(text: str, left_out: str | None) -> list[str]:
    """The suites of an option; with one that is left out, all of them as one."""
    names = _words(text)
    return names if left_out is None else [f"{','.join(names)}->{left_out}"]


def _settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Settings of an optimizer from ``key=value`` words."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals or key in found:
            raise InvalidValueError(f"`--set` must be key=value, each key once, got {pair!r}.")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


@app.command()
def reference(
    folders: Annotated[list[Path], typer.Argument(help="Finished folders of bench: all suites, cold and init5.")],
    out: Annotated[Path, typer.Option(help="Folder that gets a file or two per suite.")] = Path("reference"),
    keep: Annotated[bool, typer.Option("--keep", help="Keep the optimizers that `out` has and these lack.")] = False,
) -> None:
    """Make the runs that `bench --with-reference` shows."""
    from hpo_gym.bench.reference.collect import collect
    from hpo_gym.bench.reference.reference import FOLDER
    from hpo_gym.builders.files import update_manifest

    for one in collect(folders, out if keep else None):
        paths = one.write(out)
        if out.resolve() == FOLDER:
            update_manifest(FOLDER.parent, [path.resolve() for path in paths])
        print(f"{one.suite}: {len(one.entrants)} optimizers, {len(one.tasks)} tasks, {one.seeds} seeds -> {paths[1]}")


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="A folder that bench or tune wrote.")],
    timings: Annotated[bool, typer.Option("--timings/--no-timings", help="Show measured times.")] = True,
    allow_failures: Annotated[bool, typer.Option("--allow-failures", help="Exit 0 even if cells failed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No table.")] = False,
    wide: Wide = False,
) -> None:
    """Make the report of stored results anew.

    Without timings, the same bytes every time.
    """
    from hpo_gym.bench.runner import report as remake
    from hpo_gym.tuning.folder import is_tuning, write
    from hpo_gym.tuning.tuned import Tuned

    if is_tuning(folder):
        tuned = Tuned.load(folder)
        page = write(tuned, folder)
        if not quiet:
            print(tuned.summary())
        print(f"report: {page}")
        return
    _finish(remake(folder, timings=timings), quiet=quiet, wide=wide, allow_failures=allow_failures, timings=timings)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False, wide: Wide = False) -> None:
    """Show suites, optimizers and parts of an env."""
    from hpo_gym.terminal import listing

    data = listing.listing()
    if as_json:
        print(json.dumps(data, indent=1))
        return
    _print(*listing.tables(data), wide=wide)


@app.command()
def info(
    name: Annotated[str, typer.Argument(help="A suite, optimizer or tuning: a name, a folder, file.py:Name.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    wide: Wide = False,
) -> None:
    """Show all about a suite, an optimizer or a tuning."""
    from rich.console import Console

    from hpo_gym.terminal import listing
    from hpo_gym.tuning.folder import about, is_tuning

    data = about(Path(name)) if is_tuning(Path(name)) else listing.info(name)
    print(json.dumps(data, indent=1) if as_json else listing.text(data, width=None if wide else Console().width))


@app.command()
def verify(
    folder: Annotated[
        Path | None, typer.Argument(help="Results, a tuning, or a suite's folder; by default what is shipped.")
    ] = None,
) -> None:
    """Check checksums.

    Of the shipped data, of a suite's folder, of every stored cell of results, or of every trial of a tuning.
    """
    from hpo_gym.checks import shipped
    from hpo_gym.tuning import folder as tunings

    if folder is not None and tunings.is_tuning(folder):
        faults, checked = tunings.verify(folder)
    else:
        faults, checked = shipped.verify(folder)
    for fault in faults:
        print(f"damaged: {fault}")
    print(f"{checked} checked, {len(faults)} damaged")
    if faults:
        raise typer.Exit(DAMAGED)


@app.command()
def repair(folder: Annotated[Path, typer.Argument(help="A folder that bench or tune wrote.")]) -> None:
    """Keep what is whole of damaged results.

    The damaged store stays beside the new one; `bench --resume` and `tune --resume` run what was lost.
    """
    from hpo_gym.storage.repair import repair as mend
    from hpo_gym.storage.store import store_of
    from hpo_gym.tuning import folder as tunings

    tuned = tunings.is_tuning(folder)
    found = tunings.repair(folder) if tuned else mend(store_of(folder))
    command, what = ("tune", "trials") if tuned else ("bench", "cells")
    for lost in found.lost:
        print(f"lost: {lost}")
    if found.damaged is None:
        print(f"{found.kept} {what}, nothing damaged")
    else:
        print(f"{found.kept} {what} kept; the damaged store is {found.damaged}; `hpo-gym {command} --resume` runs the "
              "others")  # fmt: skip


@app.command()
def build(
    suites: Annotated[
        list[str], typer.Argument(help="Suites whose tables, or NAME:surrogate: hpo_gym/builders/README.md.")
    ],
    archives: Annotated[Path, typer.Option(help="Folder of the downloaded packages.")] = Path("archives"),
    out: Annotated[Path, typer.Option(help="Folder that gets a folder per suite.")] = Path("hpo-gym-data"),
    work: Annotated[Path, typer.Option(help="Folder of the shards of an unfinished build.")] = Path("hpo-gym-build"),
    engine: Annotated[str, typer.Option(help="serial, process or dask.")] = "process",
    workers: Annotated[int | None, typer.Option(help="Processes; by default one per core.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the shards that are there.")] = False,
    assemble: Annotated[
        bool, typer.Option("--assemble", help="Train nothing: make the table of what is finished.")
    ] = False,
    tasks: Annotated[str | None, typer.Option(help="Only so many data sets, or those of these names.")] = None,
    rows: Annotated[
        int | None, typer.Option(min=0, help="Only so many configurations; 0: none are trained for a surrogate.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Make the tables of suites.

    Trains and scores what is missing, or converts a published table; then writes the suites' folders.
    """
    from hpo_gym.builders.order import Order
    from hpo_gym.builders.surrogates.named import builder_of
    from hpo_gym.jobs.progress import bar

    with bar("cells", shown=not quiet) as progress:
        order = Order(archives, out, work, engine, workers, resume, assemble, _tasks(tasks), rows, progress)
        for build_one in [builder_of(name, order) for name in suites]:
            build_one()
    for name in suites:
        print(f"{name} -> {out / name.partition(':')[0]}")


def _tasks(text: str | None) -> int | tuple[str, ...] | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    return tuple(filter(None, map(str.strip, text.split(","))))


@app.command()
def validity(
    suites: Annotated[list[str] | None, typer.Argument(help="Suites or folders; by default all with tables.")] = None,
    out: Annotated[Path | None, typer.Option(help="The page to write; by default it is printed.")] = None,
) -> None:
    """Report how informative suites are.

    Noise, ties, importance, transfer, signs; reproducible byte for byte.
    """
    from hpo_gym.suites import load_suite
    from hpo_gym.validity import examine as statistics
    from hpo_gym.validity import page as validity_page

    names, left_out = statistics.suites_of(suites or ())
    found = [statistics.validity(load_suite(name)) for name in names]
    faults = validity_page.failures(found)
    if out is None:
        print(validity_page.page(found, left_out), end="")
    else:
        validity_page.write(out, found, left_out)
        print(f"{len(found)} suites examined, {len(faults)} sign checks failed -> {out}")
    for fault in faults:
        print(f"failed: {fault}")
    if faults:
        raise typer.Exit(FAILED_CELLS)


@app.command("import")
def import_(
    out: Annotated[Path, typer.Option(help="Folder of the suite to write.")],
    file: Annotated[
        Path | None, typer.Argument(help="A CSV or Parquet file, one row per trial; or a folder that tune wrote.")
    ] = None,
    optuna: Annotated[
        str | None, typer.Option(help="A storage of Optuna instead of a file: sqlite:///study.db; a task per study.")
    ] = None,
    studies: Annotated[str | None, typer.Option(help="Studies of the storage, separated by commas; else all.")] = None,
    task: Annotated[str | None, typer.Option(help="Column of the task; by default `task`.")] = None,
    score: Annotated[
        str | None, typer.Option(help="Column of the score, by default `score`; higher is better, unless --loss.")
    ] = None,
    loss: Annotated[bool, typer.Option("--loss", help="Scores are better the lower they are.")] = False,
    test_score: Annotated[str | None, typer.Option(help="Column of the score on data that no choice has seen.")] = None,
    cost: Annotated[str | None, typer.Option(help="Column of the cost: numbers or durations.")] = None,
    fidelity: Annotated[str | None, typer.Option(help="Column of the fidelity (epochs, rows), in any unit.")] = None,
    family: Annotated[
        str | None, typer.Option(help="Column of the task's family: related data sets share one.")
    ] = None,
    minimize: Annotated[
        str | None, typer.Option(help="Columns of further objectives, such as size,latency: less is better.")
    ] = None,
    maximize: Annotated[str | None, typer.Option(help="The same, more is better.")] = None,
    ignore: Annotated[
        str | None, typer.Option(help="Columns that are no hyperparameters, separated by commas.")
    ] = None,
    keep: Annotated[
        str | None, typer.Option(help="Columns that are hyperparameters, though they look like ids, dates or states.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="What stands between cells, or `tab`; by default what fits.")
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="Point or comma of numbers; by default what scores have.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the suite; by default that of the file.")] = None,
    space: Annotated[Path | None, typer.Option(help="ConfigSpace JSON; inferred if left out.")] = None,
) -> None:
    """Make a suite of your own trials.

    Of a file with one trial a line, of the folder of a tuning, or of studies of Optuna.
    """
    from hpo_gym.tables.csv import describe, suite_from_csv
    from hpo_gym.tables.optuna import suite_from_optuna

    if (file is None) == (optuna is None):
        raise InvalidValueError("`hpo-gym import` must be given a file or --optuna, one of them.")
    of_files = {"--task": task, "--loss": loss or None, "--keep": keep, "--delimiter": delimiter, "--decimal": decimal,
                "--minimize": minimize, "--maximize": maximize}  # fmt: skip
    for option, value in ({"--studies": studies} if optuna is None else of_files).items():
        if value is not None:
            raise InvalidValueError(f"`{option}` must go with {'--optuna' if optuna is None else 'a file'}.")
    if file is not None and (file / "tune.sqlite").is_file():
        others = {"--score": score, "--cost": cost, "--fidelity": fidelity, "--family": family, "--space": space,
                  "--test-score": test_score, "--ignore": ignore, **of_files}  # fmt: skip
        _import_tuning(file, out, name, [option for option, value in others.items() if value is not None])
        return
    given = _space(space)
    shared: dict[str, Any] = {
        "score": score, "cost": cost, "fidelity": fidelity, "family": family, "test_score": test_score,
        "ignore": _words(ignore), "name": name,
    }  # fmt: skip
    with _notes():
        if optuna is not None:
            suite = suite_from_optuna(optuna, given, names=_words(studies) or None, **shared)
        else:
            assert file is not None
            tab = "\t" if delimiter in ("tab", "\\t") else delimiter
            further = {**dict.fromkeys(_words(minimize), "minimize"), **dict.fromkeys(_words(maximize), "maximize")}
            suite = suite_from_csv(
                file, given, task or "task", keep=_words(keep), loss=loss, delimiter=tab, decimal=decimal,
                objectives=further or None, **shared,
            )  # fmt: skip
    suite.save(out)
    if space is None:
        print(describe(suite.space))
    _print_sizes(suite, out)


def _import_tuning(folder: Path, out: Path, name: str | None, others: Sequence[str]) -> None:
    from hpo_gym.tables.csv import describe
    from hpo_gym.tuning.tuned import Tuned

    if others:
        raise InvalidValueError(f"`{others[0]}` must go with a file, {folder} holds a tuning, which says all of it.")
    suite = Tuned.load(folder).suite(name or folder.resolve().name)
    suite.save(out)
    print(describe(suite.space))
    _print_sizes(suite, out)


def _constrained(suites: Sequence[str], text: str) -> list[Suite]:
    """Suites under constraints that are given as ``size=1e5,latency=0.02``."""
    from hpo_gym.suites import load_suite
    from hpo_gym.tables.constrained import constrained

    bounds: dict[str, float] = {}
    for word in _words(text):
        name, equals, value = (part.strip() for part in word.partition("="))
        try:
            bounds[name] = float(value)
        except ValueError:
            equals = ""
        if not name or not equals:
            raise InvalidValueError(f"`--constraints` must be name=number, separated by commas, got {word!r}.")
    return [constrained(load_suite(name), bounds) for name in suites]


def _trades(names: list[str], suites: Sequence[Any]) -> list[str]:
    """Objectives of which hypervolumes can be told on all suites."""
    from hpo_gym.bench.hypervolume import Front
    from hpo_gym.suites import load_suite

    for suite in suites:
        Front.of(load_suite(suite).members[0], names)
    return names


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


@contextmanager
def _notes() -> Iterator[None]:
    """Print warnings as notes."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr)
        yield


def _print_sizes(suite: Suite, out: Path) -> None:
    counts = {split: len(suite.tasks(split)) for split in ("train", "val", "test")}
    listed = ", ".join(f"{count} {split}" for split, count in counts.items())
    k = len(suite.members)
    print(f"{suite.name}: {k} task{'s' * (k > 1)} ({listed}), {suite.space.d} hyperparameters -> {out}")
    if not counts["train"]:
        print("Nothing to train on: what learns from other tasks needs another family.")
    if not counts["test"]:
        print(f"Nothing to test on; in turns:  hpo-gym bench --suite {out} --fold all")
    elif not counts["train"]:
        print(f"Compare others on it:  hpo-gym bench --suite {out} --optimizers random,ga,gp-ei")
        print(f'Tune on it in Python:  gym.make("hpo_gym/HPO-v0", suite="{out}", split="test")')
        print("Add tasks: more names in the task's column, more studies in the storage.")


def _space(path: Path | None) -> Any:
    if path is None:
        return None
    from hpo_gym.space import SearchSpace
    from hpo_gym.storage.given import text_of

    text = text_of(path)
    try:
        return SearchSpace(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise DamagedDataError(f"{path} must be the JSON of a ConfigSpace: {fault}") from fault


def _fold(text: str | None) -> int | str | None:
    if text is None or text == "all":
        return text
    if not (text.isascii() and text.isdigit()):
        raise unknown("fold", text, ("all", "0", "1", "2", "3", "4"))
    return int(text)


def _finish(results: Results, *, quiet: bool, wide: bool, allow_failures: bool, timings: bool = True) -> None:
    from hpo_gym.bench.report import console_tables
    from hpo_gym.bench.report.words import counted

    failed = results.failed_cells
    if not quiet:
        _print(*console_tables(results.data, timings=timings), wide=wide)
        print(f"report: {results.folder / 'report.html'}")
    if failed:
        lines = results.errors[0].strip().splitlines() if results.errors else ["it has not run"]
        first = " ".join(dict.fromkeys((lines[0], lines[-1])))
        print(f"{counted(failed, 'cell')} failed; the first: {first}", file=sys.stderr)
        if not allow_failures:
            raise typer.Exit(FAILED_CELLS)


def _finish_shard(results: Results, shard: str, allow_failures: bool) -> None:
    failed = len(results.errors)
    print(f"shard {shard} is done, {failed} cells failed -> {results.folder}; hpo-gym merge joins the shards")
    if failed and not allow_failures:
        raise typer.Exit(FAILED_CELLS)


def _print(*sheets: Sheet, wide: bool) -> None:
    from rich.console import Console

    console = Console()  # as wide as the terminal, or as COLUMNS says, else 80
    width = None if wide else console.width
    with console.capture() as shown:  # printed by `print`, since `rich` makes an exit of its own of a closed pipe
        for sheet in sheets:
            if wide:
                console.width = max(80, sum(c.width for c in sheet.columns) + 1)
            console.print(sheet.table(width))
    print(shown.get(), end="")


def _terminate(*_: object) -> None:
    raise _Terminated


def _stopped() -> str:
    resumed = any(word in _RESUMED for word in sys.argv[1:2])
    return "stopped; what is finished is stored: add --resume to go on" if resumed else "stopped"


def _leave(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
