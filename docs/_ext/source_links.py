"""Links from listings back to the reference lead to the entry of a name.

`sphinx.ext.viewcode` takes all that a module holds to be documented under one module, here often the package:
`hpo_gym.Suite` of `hpo_gym.problem.suite`. A name with an entry under its own module would be a link to no anchor.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from sphinx.application import Sphinx

BACK = re.compile(r'(class="viewcode-back" href="[^"#]*#)([^"]+)"')


def entry_of(name: str, module: str, entries: Any) -> str:
    """Return the name under which something of a module has an entry: in the module, or a package around it."""
    parts, around = name.split("."), module.split(".")
    places = (".".join(around[:n]) for n in range(len(around), 0, -1))
    own = (".".join([place, *parts[i:]]) for place in places for i in range(1, len(parts)))
    return name if name in entries else next((n for n in own if n in entries), name)


def mend(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Mend the links of a listing."""
    if page.startswith("_modules/") and "body" in context:
        module, entries = page.removeprefix("_modules/").replace("/", "."), app.env.domains.python_domain.objects
        context["body"] = BACK.sub(lambda m: f'{m[1]}{entry_of(m[2], module, entries)}"', context["body"])


def share_tree(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Make the navigation of listings once for each depth: they stand in no tree, so that only their links differ."""
    if page.startswith("_modules/") and "toctree" in context:
        trees, make, depth = _trees(app), context["toctree"], page.count("/")

        def tree(**options: Any) -> str:
            key = depth, *sorted(options.items())
            if key not in trees:
                trees[key] = make(**options)
            return trees[key]

        context["toctree"] = tree


@cache
def _trees(app: Sphinx) -> dict[Any, str]:
    """Return the trees that a build has made."""
    return {}


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("html-page-context", mend)
    app.connect("html-page-context", share_tree, priority=400)  # before the theme asks for the tree
    return {"parallel_read_safe": True, "parallel_write_safe": True}
