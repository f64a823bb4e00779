"""The page of the files and options of `hpo-gym tune` has each key and each option, and prints what is so."""

import contextlib
import io
import re
from pathlib import Path

import pytest
import typer.main
import yaml

from hpo_gym import app
from hpo_gym.base import DATA
from hpo_gym.tuning import read_file

TOP = Path(__file__).resolve().parents[2]
TEXT = (TOP / "docs" / "yaml.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """Return the cells behind the first one in the tables of a section, by its name."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return {m[1]: m[2].split(" | ") for m in re.finditer(r"^\| `([^`]+)` \| (.*) \|$", section, re.M)}


def test_every_option_has_a_row_with_its_default():
    group = typer.main.get_command(app.app)
    _, command, _ = group.resolve_command(group.make_context("hpo-gym", ["tune"]), ["tune"])
    written = rows("Options")
    options = {p.opts[0]: p for p in command.params if p.name != "help"}
    assert list(written) == list(options)
    for name, option in options.items():
        shown = {None: ("none", "required"), False: ("off",)}.get(option.default, (f"`{option.default}`",))
        assert written[name][1] in shown, name
        assert (written[name][1] == "required") == option.required, name


def test_every_key_of_a_ready_space_has_a_row_and_the_required_ones_are_in_all():
    written = rows("Ready spaces")
    files = [yaml.safe_load(p.read_text(encoding="utf-8")) for p in (DATA / "spaces").glob("*.yaml")]
    assert set().union(*files) == set(written)
    assert set.intersection(*map(set, files)) == {key for key, cells in written.items() if cells[1] == "required"}


def test_every_key_of_the_synonyms_has_a_row():
    found = yaml.safe_load((DATA / "synonyms.yaml").read_text(encoding="utf-8"))
    assert set(found) == set(rows("Synonyms"))


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.M | re.S))
def test_a_block_of_yaml_is_a_space(text: str, tmp_path: Path):
    (tmp_path / "space.yaml").write_text(text)
    assert read_file(tmp_path / "space.yaml").names == ("kernel", "C", "gamma")


def test_the_keys_of_a_range_are_those_that_are_read(tmp_path: Path):
    forms = {"low": "low: 1", "high": "high: 8", "log": "log: true", "unit": "unit: rows"}
    assert set(forms) == set(rows("The search space"))
    (tmp_path / "space.yaml").write_text(f"n: {{{', '.join(forms.values())}}}")
    (h,) = read_file(tmp_path / "space.yaml").hyperparameters
    assert (h.kind, h.low, h.high, h.log, h.unit) == ("int", 1, 8, True, "rows")


def test_the_errors_on_the_page_are_those_that_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    block, printed = re.search(r"^```python\n(.*?)^```\n\n((?:    [^\n]+\n)+)", TEXT, re.M | re.S).groups()
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(block, "docs/yaml.md", "exec"), {})
    assert out.getvalue().split() == printed.split()
