"""The built pages: all is there, and links lead somewhere.

`HPO_GYM_SITE` names a folder that was built before; without it, the pages are built, with warnings as errors.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from site_pages import Page, broken, inventory, pages

import hpo_gym
from hpo_gym.base.registry import scan_names
from hpo_gym.env.codecs import CODECS
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.rewards import REWARDS
from hpo_gym.env.scales import SCORES
from hpo_gym.optimize.protocol import OPTIMIZERS

TOP = Path(__file__).resolve().parents[2]
NO_CHECKS = ("search.html", "genindex.html", "py-modindex.html")  # made by Sphinx, without a text of ours


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages."""
    if "HPO_GYM_SITE" in os.environ:
        return Path(os.environ["HPO_GYM_SITE"])
    for package in ("sphinx", "myst_nb", "furo", "sphinx_copybutton"):
        pytest.importorskip(package, reason="the documentation needs: pip install 'hpo-gym[docs]'")
    out = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-d",
        f"{out}/trees",
        TOP / "docs",
        out / "html",
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out / "html"


@pytest.fixture(scope="module")
def found(site: Path) -> dict[str, Page]:
    return pages(site)


def texts(found: dict[str, Page]) -> dict[str, Page]:
    """The pages that have a text of ours."""
    return {k: p for k, p in found.items() if k not in NO_CHECKS and not k.startswith("_modules/")}


# ---------------------------------------------------------------------- the reader itself


def test_broken_links_by_hand(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.html").write_text(
        '<a href="in/b.html#there"></a><a href="in/b.html#no"></a><a href="c%20d.txt"></a>'
    )
    (tmp_path / "in" / "b.html").write_text(
        '<p id="there"><a href="../a.html"></a><a href="#no"></a><a href="x.html"></a>'
    )
    (tmp_path / "c d.txt").write_text("")
    assert sorted(broken(tmp_path, pages(tmp_path))) == [
        "a.html: in/b.html#no: no such anchor", "in/b.html: #no: no such anchor", "in/b.html: x.html: no such file",
    ]  # fmt: skip


# ---------------------------------------------------------------------- what there is
@pytest.mark.long
def test_there_is_a_page_for_every_text_notebook_and_env(found: dict[str, Page]) -> None:
    written = {p.relative_to(TOP / "docs").with_suffix(".html").as_posix() for p in (TOP / "docs").rglob("[a-z]*.md")}
    notebooks = {f"notebooks/{p.stem}.html" for p in (TOP / "notebooks").glob("*.ipynb")}
    envs = {f"envs/{name.lower()}.html" for name in scan_names("hpo_gym.suites", "SUITES")}
    assert written | notebooks | envs <= set(found)


@pytest.mark.long
def test_every_public_name_has_an_entry(site: Path) -> None:
    known = inventory(site)
    names = {f"hpo_gym.{name}" for name in hpo_gym.__all__}
    for registry in (OPTIMIZERS, OBSERVERS, CODECS, REWARDS, SCORES):
        names |= {f"{entry.module}.{entry.maker}" for entry in registry.entries().values()}
    bridge = ast.parse((TOP / "hpo_gym" / "sb3.py").read_text(encoding="utf-8")).body
    names |= {
        f"hpo_gym.sb3.{n.name}" for n in bridge if isinstance(n, (ast.ClassDef, ast.FunctionDef)) and n.name[0] != "_"
    }
    assert len(names) > 150 and sorted(names - known) == []


@pytest.mark.long
def test_every_link_and_anchor_leads_somewhere(site: Path, found: dict[str, Page]) -> None:
    assert sum(len(page.links) for page in found.values()) > 5_000
    assert sorted(set(broken(site, found))) == []


@pytest.mark.long
def test_every_page_is_in_the_sidebar(found: dict[str, Page]) -> None:
    front = {link.split("#")[0] for link in found["index.html"].links}
    assert sorted(set(texts(found)) - front - {"index.html"}) == []
    assert "zh/index.html" in front


@pytest.mark.long
def test_outputs_of_notebooks_are_shown(site: Path) -> None:
    for path in (TOP / "notebooks").glob("*.ipynb"):
        text = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert 'class="cell_output' in text and "<img" in text and "Traceback" not in text


# ---------------------------------------------------------------------- who reads it
