"""Policies in one file, and on the Hub: what was packed is loaded from anywhere, and nothing in it is run."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import yaml

import hpo_gym
from hpo_gym import app
from hpo_gym.app import _listing as listing
from hpo_gym.base.errors import DamagedDataError, HPOGymError, InvalidValueError
from hpo_gym.checks.shipped import verify
from hpo_gym.optimize.forms import form_of
from hpo_gym.optimize.learning.folders import ABOUT, ARRAYS, held, read_about
from hpo_gym.optimize.learning.saved import content_of, load, read_saved, write_saved
from hpo_gym.optimize.sharing.packed import read_packed, write_packed
from hpo_gym.optimize.sharing.places import is_saved, on_hub, title_of
from hpo_gym.tuning import pack_policy

CARD: dict[str, Any] = {
    "authors": ["Ada Lovelace", "Alan Turing"], "licence": "cc-by-4.0", "about": "Levels of a table.",
    "chosen": "the best of two seeds on validation tasks", "test_evaluations": 0,
}  # fmt: skip
FITS: dict[str, Any] = {"version": 1, "settings": {}, "suites": [], "seen": ["f"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny trained agent, with the record of its training."""
    out = tmp_path_factory.mktemp("trained") / "mine"
    hpo_gym.train("q-learning", "SVM", steps=400, seed=3, settings={"candidates": 8}, out=out)
    return out


@pytest.fixture(scope="module")
def packed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same agent in a file, in another folder."""
    made, out = folder.parent / "made.hpo", tmp_path_factory.mktemp("moved") / "mine.hpo"
    assert pack_policy(folder, CARD, made) == (ABOUT, "training.json", ARRAYS, "README.md")
    return Path(shutil.move(made, out))


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process; return its exit code, output and errors in one line."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def go(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hpo-gym", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            app.main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, " ".join(err.split())

    yield go
    signal.signal(signal.SIGTERM, before)


# ---------------------------------------------------------------------- door to door
@pytest.mark.long
def test_the_file_tunes_and_compares_as_the_folder_does(folder: Path, packed: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy" / "mine")
    task = hpo_gym.load_suite("SVM").tasks("test")[0]
    here, there = (hpo_gym.rollout(hpo_gym.load(p), task, 6, seed=1) for p in (folder, packed))
    assert here.configs == there.configs and list(here.scores) == list(there.scores) and len(here) == 6
    runs = []
    for place in (folder, packed):
        results = hpo_gym.benchmark([place, "random"], "SVM", tasks=2, seeds=1, budget=4, out=tmp_path / place.name)
        assert not results.failed_cells
        runs.append(results.trials()[["optimizer", "task", "score"]])
    assert runs[0].equals(runs[1]) and {"mine", "random"} <= set(runs[0]["optimizer"])
    assert (form_of(packed).name, form_of(packed).spec) == ("mine", f"saved:{packed.resolve()}")
    assert form_of(packed).settings == form_of(folder).settings == {"checksum": content_of(folder)}


def test_equal_policies_give_equal_files_and_the_card_holds_what_was_recorded(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other name")
    for n, place in enumerate((folder, tmp_path / "other name")):
        pack_policy(place, CARD, tmp_path / str(n) / "p.hpo")
    assert (tmp_path / "0" / "p.hpo").read_bytes() == (tmp_path / "1" / "p.hpo").read_bytes()
    pack_policy(tmp_path / "0" / "p.hpo", CARD, tmp_path / "2" / "p.hpo")  # a packed one, packed again
    assert (tmp_path / "2" / "p.hpo").read_bytes() == (tmp_path / "0" / "p.hpo").read_bytes()
    files = held(tmp_path / "0" / "p.hpo")
    assert all(files[name] == (folder / name).read_bytes() for name in (ABOUT, ARRAYS, "training.json"))
    page, record = files["README.md"].decode(), json.loads((folder / "training.json").read_text())
    front = yaml.safe_load(page.split("---\n")[1])
    assert (front["license"], front["library_name"]) == ("cc-by-4.0", "hpo-gym") and "model-index" not in front
    assert f"seed 3; CPU seconds {record['cpu_seconds']}; hpo-gym {hpo_gym.__version__}; code q-learning 1@" in page
    for line in (
        "- Authors: Ada Lovelace, Alan Turing\n",
        "on test tasks: 0\n",
        "best of two seeds",
        "SVM (data 903ca03f)",
    ):
        assert line in page
    with zipfile.ZipFile(tmp_path / "0" / "p.hpo") as archive:
        assert {i.compress_type for i in archive.infolist()} == {zipfile.ZIP_STORED}


# ---------------------------------------------------------------------- info, verify, export
def test_info_shows_the_card_and_no_control_signs_of_a_stranger(packed: Path, run: Run) -> None:
    code, shown, _ = run("info", packed)
    assert code == 0
    assert "- How it was chosen: the best of two seeds on validation tasks\n" in shown and "license:" not in shown
    assert verify(packed) == ([], 1)
    odd = packed.with_name("odd.hpo")
    write_packed(odd, {**held(packed), "README.md": b"---\na: b\n---\nred \x1b[31m text"})
    assert listing.info(odd)["card"] == "red [31m text"


# ---------------------------------------------------------------------- refusals
def test_what_may_hold_code_is_not_packed(folder: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "training.json").write_text('{"optimizer": "ga", "settings": {}}')
    (tmp_path / "own" / "policy.pkl").write_bytes(pickle.dumps(1))
    with pytest.raises(
        InvalidValueError, match=r"must hold optimizer\.json of `write_saved`: other files may hold code"
    ):
        pack_policy(tmp_path / "own", CARD, tmp_path / "p.hpo")
    write_saved(tmp_path / "objects", "thing", FITS, {"x": np.ones(1)})
    evil = {"x": np.array([print], object)}
    np.savez(stream := io.BytesIO(), **evil)  # type: ignore[arg-type]
    sealed_as(tmp_path / "objects", stream.getvalue())
    with pytest.raises(DamagedDataError, match="allow_pickle"):
        pack_policy(tmp_path / "objects", CARD, tmp_path / "p.hpo")
    with pytest.raises(InvalidValueError, match=r"must be NAME\.hpo, got 'p\.zip'"):
        pack_policy(folder, CARD, "p.zip")
    code, _, said = run("pack", tmp_path, "--card", "c.yaml", "--out", "p.hpo")
    assert code == 2 and "FOLDER must hold results of bench or optimizer.json, got" in said
    code, _, said = run("pack", folder, "--card", "c.yaml", "--out", "p.hpo", "--optimizer", "x")
    assert code == 2 and "are for results of bench" in said


def sealed_as(folder: Path, arrays: bytes) -> None:
    """The folder with other arrays, as somebody makes it who knows the checksums."""
    import hashlib

    from hpo_gym.system.storage.whole import checksum

    head = {**read_about(folder), "sha256": hashlib.sha256(arrays).hexdigest()}
    (folder / ARRAYS).write_bytes(arrays)
    (folder / ABOUT).write_text(json.dumps({**head, "checksum": checksum(head)}))


def zipped(path: Path, files: dict[str, bytes], kind: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_zip_of_other_names_of_a_bomb_or_of_none_is_damaged(packed: Path, tmp_path: Path) -> None:
    good, out = held(packed), tmp_path / "x.hpo"
    for name in ("../evil", "/etc/evil", "C:\\evil", "policy.pkl", "sub/optimizer.json", "data.pth"):
        with pytest.raises(DamagedDataError, match="must hold files of"):
            load(zipped(out, {**good, name: b"x"}))
    with pytest.raises(DamagedDataError, match=r"optimizer\.json must be stored, not compressed"):
        load(zipped(out, {ABOUT: bytes(10**6)}, zipfile.ZIP_DEFLATED))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "w") as archive:
        for _ in range(2):
            archive.writestr(ABOUT, good[ABOUT])
    with pytest.raises(DamagedDataError, match="each once"):
        load(out)
    with pytest.raises(DamagedDataError, match=r"optimizer\.json must be a file; it is missing"):
        write_packed(out, {"README.md": b"page"})
        load(out)
    with pytest.raises(DamagedDataError, match=r"README\.md must have at most 3 bytes"):
        read_packed(zipped(out, {"README.md": b"page"}), {"README.md": 3})
    for junk in (b"", b"PK", b"no zip at all" * 10**4):
        out.write_bytes(junk)
        with pytest.raises(DamagedDataError, match=r"x\.hpo: it must be a zip of few files"):
            load(out)
    write_packed(out, good)
    with out.open("r+b") as file:
        file.truncate(4 << 30)  # a hole, so that it takes no disk
    with pytest.raises(DamagedDataError, match="a zip of few files"):
        load(out)
    with zipfile.ZipFile(out, "w") as archive:  # a directory that takes long to read
        for number in range(2_000):
            archive.writestr(f"{number:04}{'x' * 40}", b"")
    with pytest.raises(DamagedDataError, match="a zip of few files"):
        load(out)


@pytest.mark.long
def test_every_flipped_bit_and_every_cut_is_an_error_or_changes_nothing(packed: Path, tmp_path: Path) -> None:
    pack, out = packed.read_bytes(), tmp_path / "x.hpo"
    expected, rng, refused = content_of(packed), np.random.default_rng(0), 0
    head = [8 * i + int(rng.integers(8)) for i in range(60)]  # of the first member; then the directory at the end
    tail = [8 * (len(pack) - i) - 1 - int(rng.integers(8)) for i in range(250)]
    for bit in [*head, *tail, *rng.choice(8 * len(pack), 150, replace=False).tolist()]:
        data = bytearray(pack)
        data[bit // 8] ^= 1 << bit % 8
        out.write_bytes(data)
        try:
            found: Any = load(out)
        except HPOGymError:
            refused += 1
            continue
        assert content_of(out) == expected and found.seen == load(packed).seen  # type: ignore[attr-defined]
    assert refused > 300
    for end in rng.choice(len(pack), 40, replace=False):
        out.write_bytes(pack[:end])
        with pytest.raises(DamagedDataError):
            load(out)


# ---------------------------------------------------------------------- the Hub
def test_an_id_of_the_hub_is_told_from_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    texts = {"ada/mine": "hf:ada/mine", "ada/mine@v1.0": "hf:ada/mine@v1.0", "runs/mnie": "runs/mnie", "mine": "mine",
             "a/b/c": "a/b/c", "../b": "../b", "hf:a/b": "hf:a/b", "x.py:A@b/c": "x.py:A@b/c"}  # fmt: skip
    assert {text: on_hub(text) for text in texts} == texts
    assert is_saved("hf:ada/mine@v1") and is_saved("x.py:A@hf:ada/mine") and not is_saved("ada/mine")
    cached = tmp_path / "models--ada--my-agent" / "snapshots" / "0123abcd"
    assert [title_of(p) for p in (cached, cached.parent)] == ["my-agent", "snapshots"]
    for odd in ("hf:", "hf:ada", "hf:a/b/c", "hf:../x", "hf:ada/mine@"):
        with pytest.raises(InvalidValueError, match="must be hf:OWNER/NAME"):
            load(odd)


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub as a download of single files needs."""

    files: ClassVar[dict[str, dict[str, bytes]]] = {}
    asked: ClassVar[list[str]] = []
    commit = "0123456789abcdef0123456789abcdef01234567"

    def do_GET(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        _, owner, name, _, revision, *rest = [*self.path.split("/"), *[""] * 6]
        repository, file = self.files.get(f"{owner}/{name}"), "/".join(filter(None, rest))
        known = repository is not None and revision in ("main", "v1", self.commit)
        fault = "RepoNotFound" if repository is None else "" if known else "RevisionNotFound"
        data = (repository or {}).get(file)
        fault = fault or ("EntryNotFound" if data is None else "")
        self.send_response(404 if fault else 200)
        for head, value in {"X-Error-Code": fault, "X-Repo-Commit": self.commit, "ETag": f'"{file}{len(data or b"")}"',
                            "Content-Length": str(len(data or b""))}.items():  # fmt: skip
            self.send_header(head, value)
        self.end_headers()
        if self.command == "GET" and data:
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


SCRIPT = """
import json, os, sys
import hpo_gym
task, said = hpo_gym.load_suite("SVM").tasks("test")[0], []
for text in sys.argv[1:]:
    try:
        agent = hpo_gym.load(text)
        form = hpo_gym.optimize.form_of(text if text.startswith("hf:") else f"hf:{text}")
        said.append([form.name, form.spec.rpartition("/")[2], hpo_gym.rollout(agent, task, 4, seed=1).configs])
    except hpo_gym.HPOGymError as fault:
        said.append([type(fault).__name__, str(fault)])
print(json.dumps(said))
"""


@pytest.mark.long
def test_a_policy_on_the_hub_is_fetched_by_its_files_alone(packed: Path, hub: Any, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub", reason="needs the extra 'hub'")
    evil = b"raise SystemExit(7)"
    good = held(packed)
    Hub.files = {
        "ada/mine": {**good, "setup.py": evil, "policy.pkl": evil, "sub/optimizer.json": evil},
        "ada/other": {"model.safetensors": bytes(9), "config.json": b"{}"},
        "ada/bad": {**good, ABOUT: good[ABOUT].replace(b'"version": 1', b'"version": 2')},
        "ada/cut": {ABOUT: good[ABOUT]},
    }
    Hub.asked.clear()
    env = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_HOME": str(tmp_path / "hf"),
           "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "no_proxy": "127.0.0.1"}  # fmt: skip

    def said_by(*words: str, **further: str) -> list[Any]:
        command = [sys.executable, "-c", SCRIPT, *words]
        done = subprocess.run(
            command, env={**env, **further}, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    good_ones = ["ada/mine", "hf:ada/mine@v1", f"hf:ada/mine@{Hub.commit}"]
    told = said_by(*good_ones, "hf:ada/none", "hf:ada/mine@v2", "hf:ada/other", "hf:ada/bad", "hf:ada/cut")
    told += said_by("hf:ada/mine", "hf:ada/new", HF_HUB_OFFLINE="1")
    task = hpo_gym.load_suite("SVM").tasks("test")[0]
    same = ["mine", Hub.commit, json.loads(json.dumps(list(hpo_gym.rollout(load(packed), task, 4, seed=1).configs)))]
    assert [told[i] for i in (0, 1, 2, 8)] == [same] * 4
    rules = ["RepositoryNotFoundError", "RevisionNotFoundError", "EntryNotFoundError", "checksum", ARRAYS, "Local"]
    kinds = ["InvalidValueError"] * 3 + ["DamagedDataError"] * 2 + ["InvalidValueError"]
    for (kind, text), wanted, rule in zip([*told[3:8], told[9]], kinds, rules, strict=True):
        assert kind == wanted and rule in text, text
    fetched = {path.rpartition("/")[2] for path in Hub.asked if path.startswith("GET") and "/mine/" in path}
    assert fetched == set(good)
    assert not any("other/resolve" in path and "safetensors" in path for path in Hub.asked)
    assert not [path for path in Hub.asked if "/bad/" in path and ABOUT not in path]


# ---------------------------------------------------------------------- one form
def member(name: str, mode: int = 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def test_a_packed_policy_has_one_form(packed: Path, tmp_path: Path) -> None:
    """Bytes before or between, a link, a hidden name, another date: what no `write_packed` writes is refused."""
    files, data, out = held(packed), packed.read_bytes(), tmp_path / "x.hpo"
    write_packed(out, files)
    assert out.read_bytes() == data and held(out) == files

    def built(odd: Callable[[str], zipfile.ZipInfo], order: Sequence[str] = sorted(files)) -> bytes:
        with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
            for name in order:
                archive.writestr(odd(name), files[name])
        return stream.getvalue()

    def dated(name: str) -> zipfile.ZipInfo:
        info = member(name)
        info.date_time = (2026, 1, 1, 0, 0, 0)
        return info

    def extra(name: str) -> zipfile.ZipInfo:
        info = member(name)
        info.extra = b"\xff\xff\x02\x00ab"
        return info

    assert built(member) == data
    others = {
        "prefix": b"#!/bin/sh\n" + data,
        "link": built(lambda name: member(name, 0o120777 if name == "README.md" else 0o644)),
        "dated": built(dated),
        "extra": built(extra),
        "order": built(member, sorted(files, reverse=True)),
        "hidden": data.replace(b"README.md", b"README.m\0"),
        "longer": built(lambda n: member(n if n != "README.md" else f"{n}_evil")).replace(b"md_evil", b"md\0evil"),
    }
    for what, content in others.items():
        out.write_bytes(content)
        with pytest.raises(DamagedDataError, match=r"as `hpo-gym pack` writes it|must hold files of"):
            pytest.fail(f"{what}: {sorted(held(out))}")


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint8, np.float16, np.int32])
def test_weights_of_another_type_are_refused(kind: type, tmp_path: Path) -> None:
    """A network would cast them."""
    pytest.importorskip("safetensors", reason="needs the extra 'rl'")
    write_saved(tmp_path / "a", "thing", FITS, {"w": np.ones(3, np.float32), "n": np.ones(1, np.int64)}, weights=True)
    assert read_saved(tmp_path / "a", "thing")[1]["w"].dtype == np.float32
    write_saved(tmp_path / "b", "thing", FITS, {"w": np.ones(3, kind)}, weights=True)
    with pytest.raises(DamagedDataError, match=r"Weights must be float32, float64 or int64, got .*'w'"):
        read_saved(tmp_path / "b", "thing")
