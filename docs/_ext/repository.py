"""Files of the repository as pages: notebooks, READMEs of folders; links between them and `docs/` lead to pages.

A page links to a file as it does on the disk, `../notebooks/01_quickstart.ipynb`, so the same link works in a checkout.
What is no page (a licence, a program) is offered as a file, a folder is a name without a link.
"""

from __future__ import annotations

import os
from pathlib import Path

from docutils import nodes
from made import write_pages
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs"
NOTEBOOKS = {f"notebooks/{path.name}": f"notebooks/{path.stem}" for path in sorted((TOP / "notebooks").glob("*.ipynb"))}
FOLDERS = (
    "agents",
    "baselines",
    "benchmarks",
    "benchmarks/builders",
    "hpo_gym/data",
    "hpo_gym/suites",
    "tests/mutation",
)
TEXTS = {f"{name}.md": f"repository/{name.lower()}" for name in ("CODE_OF_CONDUCT", "CONTRIBUTING", "SECURITY")}
READMES = {f"{folder}/README.md": f"repository/{folder.replace('/', '-')}" for folder in FOLDERS}
COPIED = {file: page for file, page in (NOTEBOOKS | TEXTS | READMES).items() if (TOP / file).is_file()}
"""The pages that are made of files outside `docs/`, by the file."""
INCLUDED = {"CHANGELOG.md": "changelog"}
"""Files that a page of `docs/` includes."""
SOURCES = {page: TOP / file for file, page in (COPIED | INCLUDED).items()}


def copy_pages(app: Sphinx) -> None:
    """Write the pages of `COPIED`."""
    for folder in ("notebooks", "repository"):
        files = {file: page for file, page in COPIED.items() if page.startswith(f"{folder}/")}
        pages = {Path(page).name + Path(file).suffix: (TOP / file).read_bytes() for file, page in files.items()}
        write_pages(Path(app.srcdir) / folder, pages)


def target_of(docname: str, link: str) -> Path | None:
    """The file or folder that a link of a page means, None where there is none."""
    places = [DOCS / docname, *([SOURCES[docname]] if docname in SOURCES else [])]
    found = [Path(os.path.normpath(place.parent / link)) for place in places]
    found += [path.with_name(path.name + kind) for path in found for kind in (".md", ".ipynb")]
    return next((path for path in found if path.exists()), None)


def page_of(path: Path) -> str | None:
    """The page that is made of a file, None where it is none."""
    name = path.relative_to(TOP).as_posix()
    if name in COPIED or name in INCLUDED:
        return (COPIED | INCLUDED)[name]
    inner = path.is_relative_to(DOCS) and path.suffix == ".md"
    return path.relative_to(DOCS).with_suffix("").as_posix() if inner else None


class RepositoryLinks(SphinxTransform):
    """Turns links to files into links to the pages made of them."""

    default_priority = 400  # before Sphinx collects what is to be downloaded

    def apply(self, **kwargs: object) -> None:
        """Called by Sphinx for each page."""
        for node in list(self.document.findall(addnodes.pending_xref)):
            outside = str(node["reftarget"]).startswith("/")  # a page, had it been below `docs/`
            if node.get("reftype") == "myst" and (node.get("refdomain") is None or outside):
                self._mend(node)
        for download in list(self.document.findall(addnodes.download_reference)):
            self._mend(download)

    def _mend(self, node: nodes.Element) -> None:
        link, _, anchor = str(node["reftarget"]).partition("#")
        anchor = anchor or node.get("reftargetid") or ""
        path = target_of(self.env.docname, link) if link else None
        if path is None or not path.is_relative_to(TOP):
            return
        page = page_of(path)
        if page is not None:
            new: nodes.Element = addnodes.pending_xref(
                "", *node.children, refdomain="doc", reftype="myst", reftarget=page, reftargetid=anchor or None,
                refdoc=self.env.docname, refexplicit=bool(node.get("refexplicit", True)),
            )  # fmt: skip
        elif path.is_file():
            new = addnodes.download_reference("", "", *node.children, **dict(node.attributes))
            new["reftarget"] = os.path.relpath(path, (DOCS / self.env.docname).parent)
        else:
            new = nodes.inline("", "", *node.children)
        node.replace_self(new)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", copy_pages)
    app.add_transform(RepositoryLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
