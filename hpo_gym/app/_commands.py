"""The commands, found in this folder: every module without a leading underscore is one; the builders have further."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from hpo_gym.base import BUILDERS, StateError, __version__, import_from_checkout, unknown

_ORDER = (
    "demo", "tune", "bench", "train", "collect", "list", "info", "pack", "leaderboard", "import",
    "export", "report", "merge", "reference", "verify", "repair", "build", "validity",
)  # fmt: skip
"""The order of the help, most needed first; commands not named here follow by name."""
_OF_A_CHECKOUT = ("reference", "build", "validity")  # commands in `hpo_builders.commands`


class _Commands(typer.core.TyperGroup):
    """The commands; a misspelt one raises an error that offers the nearest."""

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
            app.command(module.name.rstrip("_"))(command)
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
