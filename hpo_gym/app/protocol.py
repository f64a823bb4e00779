"""`hpo-gym protocol`: what a named protocol asks, what it can tell apart, and what it costs."""

from __future__ import annotations

from typing import Annotated

import typer


def protocol(
    name: Annotated[str | None, typer.Argument(help="A name, or a YAML file; all names if left out.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show a named protocol.

    Its suites and settings, its hash, the smallest difference that it can detect, and CPU minutes of some optimizers.
    """
    import json

    from hpo_gym.bench import described, named_protocol, shipped_protocols

    if name is None:
        for one in shipped_protocols():
            print(f"{one}: {named_protocol(one).about}")
        return
    said = described(named_protocol(name))
    if json_:
        print(json.dumps(said, indent=1))
        return
    for key, value in said.items():
        if isinstance(value, dict):
            print(f"{key}:", *(f"  {k}: {v}" for k, v in value.items()), sep="\n")
        else:
            print(f"{key}: {', '.join(value) if isinstance(value, list) else value}")
