"""Registries: names are known without importing, imported when asked for, and wrong ones are explained."""

from __future__ import annotations

import importlib
import itertools
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from hpo_gym.base import registry
from hpo_gym.base.errors import InvalidValueError, MissingExtraError, UnknownNameError
from hpo_gym.base.registry import EXTRAS, Registry

Make = Callable[..., Registry[object]]
_numbers = itertools.count()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Make]:
    """A fresh package whose files register in `<package>.THINGS`; the call writes files and returns the registry."""
    name = f"registry_sample_{next(_numbers)}"
    folder = tmp_path / name
    folder.mkdir()
    head = "from hpo_gym.base.registry import Registry\nTHINGS = Registry('thing', (__name__,), variable='THINGS')\n"
    (folder / "__init__.py").write_text(head)
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(**files: str) -> Registry[object]:
        for stem, text in files.items():
            (folder / f"{stem}.py").write_text(f"from {name} import THINGS\n" + textwrap.dedent(text))
        importlib.invalidate_caches()
        made = importlib.import_module(name).THINGS
        assert isinstance(made, Registry)
        return made

    return name, make


GOOD = """
import sys
@THINGS.register("good", family="plain", trainable=True, sizes=(1, 2))
class Good:
    pass
"""


def test_names_are_listed_without_importing_and_imported_when_asked_for(package: tuple[str, Make]) -> None:
    name, make = package
    things = make(good=GOOD, _hidden='@THINGS.register("hidden")\nclass Hidden: pass', other="x = 1")
    assert things.names() == ("good",)
    entry = things.entries()["good"]
    assert (entry.module, entry.package, entry.extra, entry.maker) == (f"{name}.good", name, None, "Good")
    assert dict(entry.about) == {"family": "plain", "trainable": True, "sizes": (1, 2)}
    assert f"{name}.good" not in sys.modules
    assert things.get("good") is sys.modules[f"{name}.good"].Good
    assert things.names() == ("good",)


def test_an_unknown_name_offers_the_nearest(package: tuple[str, Make]) -> None:
    things = package[1](good=GOOD)
    with pytest.raises(UnknownNameError, match=r"No thing 'goood'. Did you mean 'good'\? Known: \['good'\]"):
        things.get("goood")
    with pytest.raises(UnknownNameError, match="Did you mean 'good'"):
        things.installed("god")


def test_a_missing_extra_is_told_before_the_import(package: tuple[str, Make], monkeypatch: pytest.MonkeyPatch) -> None:
    name, make = package
    monkeypatch.setattr(registry, "EXTRAS", {**EXTRAS, "smac": ("no_such_package_at_all",)})
    things = make(far='import no_such_package_at_all\n@THINGS.register("far", extra="smac")\nclass Far: pass')
    assert things.names() == ("far",)
    assert not things.installed("far")
    with pytest.raises(MissingExtraError, match=r"no_such_package_at_all.*pip install 'hpo-gym\[smac\]'"):
        things.get("far")
    assert f"{name}.far" not in sys.modules


def test_one_name_in_two_files_names_both_places(package: tuple[str, Make]) -> None:
    things = package[1](good=GOOD, better=GOOD)
    with pytest.raises(InvalidValueError, match=r"'good' is registered by .*better\.Good.* and by .*good\.Good"):
        things.names()


def test_a_users_module_cannot_take_a_scanned_name(package: tuple[str, Make]) -> None:
    things = package[1](good=GOOD)
    with pytest.raises(InvalidValueError, match="registered by"):

        @things.register("good")
        class Mine:
            pass

    assert things.get("good").__name__ == "Good"


USER = "from {name} import THINGS\n@THINGS.register('mine')\nclass Mine: pass\nclass Plain: pass\nVALUE = 3\n"


def test_resolve_imports_a_users_module(package: tuple[str, Make], tmp_path: Path) -> None:
    name, make = package
    things = make(good=GOOD)
    user = f"{name}_user"
    (tmp_path / f"{user}.py").write_text(USER.format(name=name))
    importlib.invalidate_caches()
    assert things.resolve("good") is things.get("good")
    assert things.resolve(f"{user}:mine").__name__ == "Mine"
    assert things.resolve(f"{user}:Plain").__name__ == "Plain"
    with pytest.raises(UnknownNameError, match="Did you mean 'mine'"):
        things.resolve(f"{user}:min")
    with pytest.raises(UnknownNameError, match="VALUE"):
        things.resolve(f"{user}:VALUE")
    with pytest.raises(UnknownNameError, match="No module 'no_such_module'"):
        things.resolve("no_such_module:mine")
    for spec in (":mine", "..:mine", "no.:mine", "a b:mine"):
        with pytest.raises(UnknownNameError, match="must have a dotted name"):
            things.resolve(spec)


def test_an_error_inside_a_users_module_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "registry_broken_user.py").write_text("import no_such_dependency_of_mine\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency_of_mine"):
        Registry[object]("thing").resolve("registry_broken_user:mine")
