"""Registries: names, the files that make them, and facts about them, known without importing a file.

A class or function registers with a decorator with literal arguments: `@OPTIMIZERS.register("ppo", extra="rl",
family="rl")`. The folders of a registry are read with `ast`; a file is imported when its name is asked for. So listing
loads no torch, and a missing extra is known before an import fails.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import inspect
import re
import sys
import traceback
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Generic, TypeVar, cast

from hpo_gym.base.errors import HPOGymError, InvalidValueError, MissingExtraError, UnknownNameError, beside, unknown

T = TypeVar("T")
M = TypeVar("M", bound=Callable[..., object])

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {  # import names of what `pip install 'hpo-gym[extra]'` brings
        "rl": ("torch", "stable_baselines3", "sb3_contrib", "safetensors", "tensorboard"),
        "optuna": ("optuna",),
        "parquet": ("pyarrow",),
        "fast": ("numba",),
        "bo": ("optuna", "cmaes"),
        "build": ("sklearn", "lightgbm", "optuna", "torch"),
        "sklearn": ("sklearn",),
        "render": ("pygame", "moviepy", "cv2"),
        "smac": ("smac",),
        "moo": ("pymoo",),
        "minari": ("minari",),
        "hpob": ("xgboost",),
        "hub": ("huggingface_hub",),
        "dask": ("distributed",),
        "ray": ("ray",),
        "torch": ("torch",),
        "lightning": ("torch", "lightning"),
        "keras": ("keras",),
        "transformers": ("torch", "transformers", "accelerate"),
        "notebooks": ("ipykernel", "nbclient", "nbformat"),
        "openenv": ("openenv",),
        "mcp": ("mcp",),
    }
)
FILES: dict[str, Path] = {}
"""Paths of the modules that were imported as files, by their names in `sys.modules`."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True)
class Entry:
    """Facts about a name, known without importing its file.

    Attributes:
        extra: Its optional dependencies, a key of `EXTRAS`.
        about: Literal facts in the decorator, such as `family` or `trainable`.
        path: The module's file, None for one typed at a prompt.
    """

    name: str
    module: str
    extra: str | None
    about: Mapping[str, object] = field(hash=False)
    path: Path | None
    maker: str

    @property
    def package(self) -> str:
        """Dotted name of the package that holds the module (the module itself at the top level)."""
        return self.module.rpartition(".")[0] or self.module


class Registry(Generic[T]):
    """Names and their makers (classes or functions that return a `T`)."""

    def __init__(self, kind: str, packages: tuple[str, ...] = (), *, variable: str | None = None) -> None:
        """Store the places to scan; nothing is read yet.

        Args:
            kind: A word for messages, such as "optimizer".
            packages: Dotted names of packages to scan; a package that is not installed counts as empty.
            variable: Name of the variable for this registry in those files, such as "OPTIMIZERS".
        """
        if packages and not variable:
            raise InvalidValueError(f"`variable` must be given with packages, got ({packages=}, {variable=}).")
        self.kind, self.packages, self.variable = kind, packages, variable or ""
        self._made: dict[str, Callable[..., T]] = {}
        self._here: dict[str, Entry] = {}
        self._found: dict[str, Entry] | None = None

    def register(self, name: str, *, extra: str | None = None, **about: object) -> Callable[[M], M]:
        """Return a decorator that registers a maker and returns it unchanged.

        Raises:
            InvalidValueError: The name is taken by another maker, or is no plain word.
        """

        def decorate(maker: M) -> M:
            module = str(maker.__module__)
            file = getattr(sys.modules.get(module), "__file__", None)
            qualname = str(getattr(maker, "__qualname__", type(maker).__name__))
            path = Path(file) if file else None
            self._add(Entry(name, module, extra, MappingProxyType(dict(about)), path, qualname))
            self._made[name] = cast("Callable[..., T]", maker)
            return maker

        return decorate

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self.entries()))

    def entries(self) -> dict[str, Entry]:
        """Return all names with their entries, sorted by name; import none of the files."""
        return dict(sorted({**self._here, **self._scan()}.items()))

    def installed(self, name: str) -> bool:
        """Return whether the extra of a name is installed."""
        extra = self._entry(name).extra
        return extra is None or not missing(extra)

    def get(self, name: str) -> Callable[..., T]:
        """Import and return the maker of a name.

        Raises:
            UnknownNameError: No such name; the message offers the nearest.
            MissingExtraError: It needs an extra that is not installed; the message is the command.
        """
        entry = self._entry(name)
        if entry.extra is not None:
            require(entry.extra)
        if name not in self._made:
            importlib.import_module(entry.module)
        if name not in self._made:
            raise InvalidValueError(f"`@{self.variable}.register({name!r})` in {_place(entry)} must run at import.")
        return self._made[name]

    def resolve(self, spec: str) -> Callable[..., T]:
        """Return the maker of "name", or of "module:name" or "file.py:name" after importing the user's file.

        Only for names typed on the command line: it runs code, so never use it on a name from a data file.

        Raises:
            UnknownNameError: No such name, module or file.
        """
        module, colon, name = spec.rpartition(":")
        if not colon:
            return self.get(spec)
        loaded = _imported(module)
        entry, package = self._here.get(name), loaded.__name__
        if entry is not None and (entry.module == package or entry.module.startswith(package + ".")):
            return self.get(name)
        theirs = [n for n, e in self._here.items() if e.module == package]
        return _callable(loaded, name, f"{self.kind} in module {module!r}:", theirs)

    def name_of(self, maker: object) -> str | None:
        """Return the registered name of a maker, None if it has none."""
        return next((name for name, known in self._made.items() if known is maker), None)

    def place_of(self, maker: object) -> str | None:
        """Return the name or the "module:name" that finds a maker in any process; None at a prompt."""
        module, name = str(getattr(maker, "__module__", "")), str(getattr(maker, "__qualname__", ""))
        known = self.name_of(maker)
        if known is not None and self._here[known].package in self.packages:
            return known
        loaded = sys.modules.get(module)
        if module == "__main__" or loaded is None or getattr(loaded, name, None) is not maker:
            return None
        return f"{FILES.get(module, module)}:{name}"

    def _entry(self, name: str) -> Entry:
        entries = self.entries()
        if not isinstance(name, str) or name not in entries:
            raise unknown(self.kind, name, entries)
        return entries[name]

    def _add(self, entry: Entry) -> None:
        _check(entry)
        known = dict(self._here)
        if entry.package not in self.packages:  # within the packages, the scan itself finds duplicates
            known.update(self._scan())
        other = known.get(entry.name)
        if other is not None and not _same(other, entry):
            raise _duplicate(self.kind, entry, other)
        self._here[entry.name] = entry

    def _scan(self) -> dict[str, Entry]:
        if self._found is None:
            found: dict[str, Entry] = {}
            for entry in (e for package in self.packages for e in _scan_package(package, self.variable)):
                if entry.name in found:
                    raise _duplicate(self.kind, entry, found[entry.name])
                found[entry.name] = entry
            self._found = found
        return self._found


def made(
    maker: Callable[..., T], name: str, settings: Mapping[str, Any], kind: str = "optimizer",
    given: Mapping[str, Any] | None = None,
) -> T:  # fmt: skip
    """Call a maker with its settings and with `given`; an unknown setting is an error that names the known ones."""
    known = [p for p in inspect.signature(maker).parameters if p != "self" and p not in (given or {})]
    for key in settings:
        if key not in known:
            raise unknown(f"option of {kind} {name!r}:", key, known)
    return maker(**settings, **(given or {}))


@contextmanager
def making(name: str, settings: Mapping[str, Any]) -> Iterator[None]:
    """Turn any exception of a user's module or class, while an optimizer is made, into an error with its name."""
    try:
        yield
    except HPOGymError:
        raise
    except ImportError as fault:
        where = next(
            (f for f in reversed(traceback.extract_tb(fault.__traceback__)) if "importlib" not in f.filename), None
        )
        at = f" at {where.filename}:{where.lineno}, `{where.line}`" if where else ""
        raise InvalidValueError(
            f"The module of optimizer {name!r} must import without an error, got {type(fault).__name__}: {fault}{at}. "
            "(Outside hpo_gym, `from hpo_gym import OPTIMIZERS`; inside, from `hpo_gym.optimize`.)"
        ) from fault
    except Exception as fault:
        why = f"{type(fault).__name__}: {fault}"
        raise InvalidValueError(
            f"Optimizer {name!r} must be made by its settings {dict(settings)} alone, got {why}."
        ) from fault


def missing(extra: str) -> tuple[str, ...]:
    """Import names of an extra's packages that are not installed."""
    if extra not in EXTRAS:
        raise unknown("extra", extra, EXTRAS)
    return tuple(p for p in EXTRAS[extra] if not _importable(p))


def require(extra: str) -> None:
    """Raise `MissingExtraError`, with the install command, unless the packages of an extra are installed."""
    absent = missing(extra)
    if absent:
        raise MissingExtraError(f"Not installed: {', '.join(absent)}. Run: pip install 'hpo-gym[{extra}]'")


@functools.cache
def _importable(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # a module put into sys.modules by hand has no spec
        return package in sys.modules


def _scan_package(package: str, variable: str) -> Iterator[Entry]:
    """Yield the entries in the files of one package, in the order of files and lines."""
    top, *rest = package.split(".")
    spec = importlib.util.find_spec(top)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(root, *rest).glob("*.py")):
            if not path.name.startswith("_"):
                yield from _scan_file(path, f"{package}.{path.stem}", variable)


def _scan_file(path: Path, module: str, variable: str) -> Iterator[Entry]:
    text = path.read_text(encoding="utf-8")
    if f"{variable}.register(" not in text:  # most files; parsing is the slow part
        return
    try:
        tree = ast.parse(text, str(path))
    except SyntaxError as fault:
        raise InvalidValueError(f"A scanned file must be valid Python: {path}:{fault.lineno}: {fault.msg}.") from fault
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and f".{ast.unparse(call.func)}".endswith(f".{variable}.register"):
                    yield _read_entry(call, node.name, path, module)


def _read_entry(call: ast.Call, maker: str, path: Path, module: str) -> Entry:
    try:
        (name,) = (ast.literal_eval(a) for a in call.args)
        about = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg}
        if len(about) != len(call.keywords):
            raise ValueError("** is not literal")
    except (ValueError, TypeError) as fault:
        place = f"{path}:{call.lineno}"
        raise InvalidValueError(
            f"`register` takes one name and literal keywords only, got {ast.unparse(call)!r} at {place}."
        ) from fault
    extra = about.pop("extra", None)
    entry = Entry(name, module, extra, MappingProxyType(about), path, maker)
    _check(entry)
    return entry


def _check(entry: Entry) -> None:
    if not (isinstance(entry.name, str) and _NAME.fullmatch(entry.name)):
        raise InvalidValueError(f"`name` must match {_NAME.pattern!r}, got {entry.name!r} in {_place(entry)}.")
    if entry.extra is not None and entry.extra not in EXTRAS:
        raise unknown(f"extra (in {_place(entry)})", entry.extra, EXTRAS)


def _same(a: Entry, b: Entry) -> bool:
    """Return whether two entries are one maker, seen twice: by the scan, by a reload, or by `python -m`."""
    return a.maker == b.maker and (a.path and a.path.resolve()) == (b.path and b.path.resolve())


def _place(entry: Entry) -> str:
    return f"{entry.module}.{entry.maker} ({entry.path})"


def _duplicate(kind: str, entry: Entry, other: Entry) -> InvalidValueError:
    return InvalidValueError(
        f"A name must have one {kind}: {entry.name!r} is registered by {_place(other)} and by {_place(entry)}."
    )


def user_function(spec: str, kind: str) -> Callable[..., Any]:
    """Return the object at "module:name" or "file.py:name" after importing the user's file; for the command line only.

    Raises:
        UnknownNameError: The text has another form, or there is no such module, file or name.
    """
    module, colon, name = spec.rpartition(":")
    if not colon:
        raise UnknownNameError(f"The {kind} must be 'module:name' or 'file.py:name', got {spec!r}.")
    return _callable(_imported(module), name, f"{kind} in module {module!r}:")


def _imported(module: str) -> ModuleType:
    try:
        return _import_file(Path(module)) if module.endswith(".py") else _import_user(module)
    except SystemExit as fault:
        raise InvalidValueError(
            f"{module!r} must define things when it is imported, it ended the process (exit code {fault.code}): put "
            "what it does as a script under `if __name__ == '__main__':`."
        ) from fault


def _import_file(path: Path) -> ModuleType:
    """Import a file as a module, once in a process, with its folder on the import path, as a script has it."""
    if not path.is_file():
        raise UnknownNameError(f"No file {str(path)!r} (from 'file.py:name').{beside(path)}")
    place = path.resolve()
    name = f"{place.stem}_{zlib.crc32(str(place).encode()):08x}"
    if name not in sys.modules:
        if str(place.parent) not in sys.path:
            sys.path.append(str(place.parent))
        spec = importlib.util.spec_from_file_location(name, place)
        assert spec is not None and spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        FILES[name] = place
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _import_user(module: str) -> ModuleType:
    if not all(map(str.isidentifier, module.split("."))):
        raise UnknownNameError(f"A module must have a dotted name, got {module!r} (from 'module:name').")
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as fault:
        if fault.name and (module == fault.name or module.startswith(fault.name + ".")):
            raise UnknownNameError(
                f"No module {module!r} on the import path (from 'module:name').{beside(module)}"
            ) from fault
        raise


def _callable(module: ModuleType, name: str, kind: str, also: Iterable[str] = ()) -> Callable[..., Any]:
    """Return what can be called in a module; an error names the rest of its public ones, and `also`."""
    found = getattr(module, name, None)
    if not callable(found):
        public = {n for n, v in vars(module).items() if not n.startswith("_") and callable(v)}
        raise unknown(kind, name, public.union(also))
    return cast("Callable[..., Any]", found)


def scan_names(package: str, variable: str) -> tuple[str, ...]:
    """Return the names that the files of a package register with `variable`, without importing any of them."""
    return tuple(entry.name for entry in _scan_package(package, variable))
