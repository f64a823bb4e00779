"""`hpo-gym serve`: let an agent outside this process tune, on a suite or your own objective."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpo_gym.base import InvalidValueError

if TYPE_CHECKING:
    from hpo_gym.optimize import Wording
    from hpo_gym.serve import Place

GONE = 1
"""Exit code where the parent of `--stdio` was gone before the end."""


def serve(
    suite: Annotated[str | None, typer.Argument(help="A suite or a folder.")] = None,
    openenv: Annotated[bool, typer.Option("--openenv", help="For trainers: OpenEnv, over a WebSocket.")] = False,
    mcp: Annotated[bool, typer.Option("--mcp", help="For desktop agents: MCP, on standard input and output.")] = False,
    stdio: Annotated[
        bool, typer.Option("--stdio", help="For a parent process in any language: JSON lines, as those of cmd:.")
    ] = False,
    split: Annotated[str, typer.Option(help="Of the tasks: train, val or test.")] = "train",
    budget: Annotated[
        int | None, typer.Option(min=1, help="Trials of a run; by default the suite's own, or 33.")
    ] = None,
    form: Annotated[str, typer.Option(help="Of the text: plain, compact or table.")] = "plain",
    no_names: Annotated[
        bool, typer.Option("--no-names", help="Hide the names of hyperparameters and choices.")
    ] = False,
    advice: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="The text has its next choice too: gp-ei, transfer-mix, ..")
    ] = None,
    host: Annotated[str, typer.Option(help="With --openenv: the address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --openenv; 0: any free one.")] = 8000,
    anybody: Annotated[
        bool, typer.Option("--anybody", help="With --openenv: whoever reaches --host may play; there is no password.")
    ] = False,
    idle: Annotated[float, typer.Option(help="With --openenv: seconds until a silent client has to go.")] = 1800.0,
    objective: Annotated[
        str | None, typer.Option(help="With --mcp, instead of a suite: file.py:name or module:name, as for tune.")
    ] = None,
    space: Annotated[Path | None, typer.Option(help="Its search space: YAML, or the JSON of a ConfigSpace.")] = None,
    direction: Annotated[str, typer.Option(help="maximize or minimize.")] = "maximize",
    prior: Annotated[list[str] | None, typer.Option(help="Earlier trials, as for tune; repeatable.")] = None,
    trial_timeout: Annotated[float | None, typer.Option(help="Seconds that a trial may take.")] = None,
    memory: Annotated[float | None, typer.Option(help="GB that a trial may take.")] = None,
    task: Annotated[str | None, typer.Option(help="With --stdio; by default each run's is drawn by its seed.")] = None,
    episodes: Annotated[int, typer.Option(min=1, help="With --stdio: runs, whose seeds go up.")] = 1,
    seconds: Annotated[float, typer.Option(help="With --stdio: limit of an answer.")] = 60.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the trials.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the trials.")] = Path("hpo-gym-tuned"),
    resume: Annotated[bool, typer.Option("--resume", help="Continue what the folder holds.")] = False,
) -> None:
    """Let an agent outside this process tune.

    A trainer of language models, or a desktop agent: on a suite, or your own objective.
    """
    from hpo_gym.optimize import Wording

    own = {"suite": suite, "--objective": objective}
    if (suite is None) == (objective is None) or openenv + mcp + stdio != 1 or (not mcp and objective is not None):
        raise InvalidValueError(
            "`hpo-gym serve` takes a suite and one of --stdio, --openenv and --mcp, or --mcp with --objective and "
            f"--space, got {', '.join(name for name, value in own.items() if value is not None) or 'neither'}."
        )
    wording = Wording(form, not no_names, tuple(advice or ()))
    if stdio:
        from hpo_gym.serve import Hall, serve_stdio
        from hpo_gym.suites import load_suite

        if split == "test":
            print("note: each run is a look at test tasks; choose on train or val.", file=sys.stderr)
        if not serve_stdio(Hall(load_suite(str(suite)), split, budget, wording), task, seed or 0, episodes, seconds):
            raise typer.Exit(GONE)
    elif objective is None:
        from hpo_gym.serve import Place

        _suite(str(suite), split, budget, wording, None if mcp else Place(host, port, anybody, idle))
    else:
        settings = {
            "budget": budget, "direction": direction, "prior": prior or (), "trial_timeout": trial_timeout,
            "memory": None if memory is None else memory * 1e9, "seed": seed, "out": out, "resume": resume,
        }  # fmt: skip
        _own(objective, space, wording, settings)


def _suite(suite: str, split: str, budget: int | None, wording: Wording, place: Place | None) -> None:
    from hpo_gym.serve import Hall
    from hpo_gym.suites import load_suite

    if place is not None:
        from hpo_gym.serve import serve_openenv

        hall = Hall(load_suite(suite), split, budget, wording)
        serve_openenv(hall, place, lambda address: print(f"{suite}: {address}", flush=True))
    else:
        from hpo_gym.serve import SuiteDesk, serve_mcp, wire

        wire()
        serve_mcp(SuiteDesk(Hall(load_suite(suite), split, budget, wording)))


def _own(objective: str, space: Path | None, wording: Wording, settings: dict[str, Any]) -> None:
    from hpo_gym.app._output import notes
    from hpo_gym.base import user_function
    from hpo_gym.serve import TuningDesk, serve_mcp, wire
    from hpo_gym.tuning import read_file

    if space is None:
        raise InvalidValueError("`--space` must be given with `--objective`, a file as for `hpo-gym tune`.")
    wire()
    desk = TuningDesk(user_function(objective, "objective"), read_file(space), wording, **settings)
    server = threading.Thread(target=serve_mcp, args=(desk,), daemon=True)
    server.start()
    with notes():
        desk.run()
    server.join()
