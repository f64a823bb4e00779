"""The reference of what is registered: a page for the agents and one for the baselines, from their docstrings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from made import write_pages

from hpo_gym.env import CODECS, OBSERVERS, REWARDS, SCORES
from hpo_gym.optimize import OPTIMIZERS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGES = {
    "agents": ("hpo_agents", "Agents", "Optimizers that are trained. Results: [agents](../agents.md)."),
    "baselines": ("hpo_baselines", "Baselines", "Optimizers to compare with. Results: [baselines](../baselines.md)."),
}


def reference(package: str, title: str, said: str) -> Iterator[str]:
    """The lines of a page: a heading and the class for each name."""
    yield from (f"# {title}", "", said, "")
    yield '`hpo_gym.make_optimizer("NAME", setting=value)` makes one of them; its settings are the class\'s arguments.'
    for name, entry in OPTIMIZERS.entries().items():
        if entry.package == package:
            extra = f"needs `pip install 'hpo-gym[{entry.extra}]'`" if entry.extra else "needs no extra"
            facts = [f"family {entry.about['family']}", "is trained" if entry.about.get("trainable") else "", extra]
            yield from ("", f"## {name}", "", f"Name `{name}`; {'; '.join(fact for fact in facts if fact)}.", "")
            yield from ("```{eval-rst}", f".. autoclass:: {entry.module}.{entry.maker}", "```")


def parts() -> Iterator[str]:
    """Yield the classes of the parts of an env, as `docs/api.md` includes them."""
    yield "```{eval-rst}"
    for registry in (OBSERVERS, CODECS, REWARDS, SCORES):
        yield from (f".. autoclass:: {entry.module}.{entry.maker}" for entry in registry.entries().values())
    yield "```"


def write_reference(app: Sphinx) -> None:
    """Write the pages."""
    pages = {f"{name}.md": "\n".join([*reference(*reported), ""]).encode() for name, reported in PAGES.items()}
    write_pages(Path(app.srcdir) / "reference", {**pages, "parts.txt": "\n".join([*parts(), ""]).encode()})


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", write_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
