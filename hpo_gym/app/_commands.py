"""The commands, found in this folder: every module without a leading underscore is one; the builders have further."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from hpo_gym.base import BUILDERS, StateError, __version__, import_from_checkout, unknown

_OF_A_CHECKOUT = ("reference", "build", "validity")  # commands in `hpo_builders.commands`
_COMMANDS: Mapping[str, Sequence[str]] = {
    "Look": ("demo", "list", "info"),
    "Compare": ("bench", "report", "merge", "pack", "leaderboard"),
    "Tune and train": ("tune", "train", "collect"),
    "Serve": ("serve", "tasks", "judge"),
    "Data": ("import", "export", "verify", "repair"),
    "In a checkout": _OF_A_CHECKOUT,
}
_OF_BENCH: Mapping[str, Sequence[str]] = {
    "What is compared": (
        "optimizers", "suites", "with_reference", "leave_suite_out", "objectives", "constraints", "hpob",
    ),
    "Protocol": (
        "protocol", "split", "fold", "start", "budget", "budget_cost", "checkpoints", "memory", "in_flight", "seeds",
        "tasks", "trainings",
    ),
    "Workers": ("engine", "workers", "address", "timeout", "shard", "tls_ca", "tls_cert", "tls_key"),
}  # fmt: skip
"""Headings of the help; what has none stands below them."""


def _write(formatter: Any, headings: Mapping[str, Sequence[str]], rows: dict[str, tuple[str, str]], last: str) -> None:
    """Write rows of help under their headings, the others under the last."""
    width = max(len(left) for left, _ in rows.values())
    filled = {name: (f"{left:{width}}", text) for name, (left, text) in rows.items()}
    for heading, names in headings.items():
        with formatter.section(heading):
            formatter.write_dl([filled.pop(name) for name in names])
    if filled:
        with formatter.section(last):
            formatter.write_dl([*filled.values()])


class _Commands(typer.core.TyperGroup):
    """The commands; a misspelt one raises an error that offers the nearest."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        rows = {name: (name, one.get_short_help_str(formatter.width)) for name, one in sorted(self.commands.items())}
        _write(formatter, _COMMANDS, rows, "More")

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if not args[0].startswith("-") and args[0] not in self.commands:
            raise unknown("command", args[0], self.commands)
        return super().resolve_command(ctx, args)


class _Bench(typer.core.TyperCommand):
    """The command with most options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        rows = {str(one.name): row for one in self.get_params(ctx) if (row := one.get_help_record(ctx))}
        _write(formatter, _OF_BENCH, rows, "Options")


app = typer.Typer(
    name="hpo-gym",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@functools.cache
def group() -> typer.core.TyperGroup:
    """Return the commands as Typer builds them from `app`."""
    built = typer.main.get_command(app)
    assert isinstance(built, typer.core.TyperGroup)
    return built


def _version(asked: bool) -> None:
    if asked:
        print(f"hpo-gym {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Hyperparameter optimisation as a Gymnasium environment."""


def _register() -> None:
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_"):
            command = getattr(importlib.import_module(f"hpo_gym.app.{module.name}"), module.name)
            app.command(module.name.rstrip("_"), cls=_Bench if module.name == "bench" else None)(command)
    for name in _OF_A_CHECKOUT:
        try:
            import_from_checkout(BUILDERS, f"`hpo-gym {name}`")
        except StateError as fault:
            app.command(name, context_settings={"ignore_unknown_options": True})(_refusing(fault))
        else:
            app.command(name)(getattr(importlib.import_module(f"hpo_builders.commands.{name}"), name))


def _refusing(fault: StateError) -> Callable[..., None]:
    def refuse(words: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
        """Run in a checkout of the repository only."""
        raise fault

    return refuse


_register()
