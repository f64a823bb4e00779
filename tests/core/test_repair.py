"""A damaged store: what is whole is kept, what is not is named, and a kill leaves one of both."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.base.errors import DamagedDataError, HPOGymError, StateError
from hpo_gym.system.storage import repair as module
from hpo_gym.system.storage.batches import Record
from hpo_gym.system.storage.repair import repair
from hpo_gym.system.storage.store import Store, verify

BATCHES, EACH = 6, 4


def sample(i: int, more: float = 0.0) -> Record:
    scores = np.random.default_rng(i).random(200) + more  # does not compress: a batch has several pages
    return Record(f"{i:08x}", {"replicate": i}, {"score": scores}, measured={"seconds": 0.5 * i})


def made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "s.sqlite"
    with Store(path) as store:
        store.meta_set("plan", "the plan")
        store.meta_set("made", "of the last run")
        for b in range(BATCHES):
            store.put_many([sample(b * EACH + k) for k in range(EACH)])
    return path


def stored(path: Path) -> dict[str, Any]:
    with Store(path, write=False) as store:
        return {r.cell: r.arrays["score"].tolist() for r in store.records()}


def spoil(path: Path, statement: str, *values: Any) -> None:
    """Change rows behind the store's back."""
    with sqlite3.connect(path) as db:
        db.execute(statement, values)
    db.close()


def test_what_is_whole_is_kept_in_its_order_and_the_rest_is_named(tmp_path: Path) -> None:
    path = made(tmp_path)
    spoil(path, "UPDATE batches SET payload = zeroblob(9) WHERE batch = 3")
    with pytest.raises(DamagedDataError):
        stored(path)
    found = repair(path)
    expected = [i for i in range(BATCHES * EACH) if not 2 * EACH <= i < 3 * EACH]
    assert found.kept == len(expected) == 20
    assert len(found.lost) == 1 and "Batch 3" in found.lost[0] and "00000008" in found.lost[0]
    assert verify(path) == []
    assert stored(path) == {f"{i:08x}": sample(i).arrays["score"].tolist() for i in expected}
    with Store(path) as store:
        assert store.meta_get("plan") == "the plan" and store.meta_get("made") == "of the last run"
        assert [r.cell for r in store.written()] == [f"{i:08x}" for i in expected]
        store.put(Record("ff", {}, {"score": np.zeros(1)}))  # it can be gone on with
    assert verify(path) == [] and len(stored(path)) == 21
    assert found.damaged == tmp_path / "s.sqlite.damaged" and verify(found.damaged) != []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.sqlite", "s.sqlite.damaged", "s.sqlite.lock"]


def test_of_a_cell_that_was_replaced_the_last_that_is_whole_is_kept(tmp_path: Path) -> None:
    path = made(tmp_path)
    with Store(path) as store:
        store.put_many([sample(0, 1.0), sample(1, 1.0)])  # batch 7
        store.put_many([sample(1, 2.0)])  # batch 8
    spoil(path, "UPDATE batches SET checksum = zeroblob(16) WHERE batch = 8")
    assert repair(path).kept == BATCHES * EACH
    assert stored(path)["00000001"] == sample(1, 1.0).arrays["score"].tolist()
    assert stored(path)["00000000"] == sample(0, 1.0).arrays["score"].tolist()


def test_lost_rows_and_a_lost_number_cost_only_themselves(tmp_path: Path) -> None:
    path = made(tmp_path)
    spoil(path, "DELETE FROM batches WHERE batch = 1")
    spoil(path, "DELETE FROM meta WHERE key = 'batches'")
    spoil(path, "UPDATE meta SET value = 'another' WHERE key = 'plan'")
    found = repair(path)
    assert found.kept == (BATCHES - 1) * EACH and any("plan" in what for what in found.lost)
    with Store(path) as store:
        assert store.meta_get("plan") is None and store.verify() == []


def test_a_whole_store_is_left_as_it_is(tmp_path: Path) -> None:
    path = made(tmp_path)
    before = path.read_bytes()
    assert repair(path) == module.Repaired(BATCHES * EACH, (), None)
    assert path.read_bytes() == before and not path.with_name("s.sqlite.damaged").exists()


def test_what_is_no_store_and_the_work_of_others_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path)
    spoil(path, "UPDATE batches SET payload = zeroblob(9) WHERE batch = 3")
    with Store(tmp_path / "other.sqlite"), pytest.raises(HPOGymError):
        repair(tmp_path / "none.sqlite")
    holder = Store(path)
    holder._take_lock()
    with pytest.raises(StateError, match="one writer"):
        repair(path)
    holder.close()
    repair(path)
    spoil(path, "UPDATE batches SET payload = zeroblob(9) WHERE batch = 1")
    with pytest.raises(StateError, match="earlier repair"):
        repair(path)
    (tmp_path / "text.sqlite").write_text("no store at all, but long enough to have a header of SQLite in it" * 20)
    with pytest.raises(DamagedDataError, match="Nothing can be kept"):
        repair(tmp_path / "text.sqlite")
    assert (tmp_path / "text.sqlite").read_text().startswith("no store")


@pytest.mark.long
def test_a_stop_at_any_step_leaves_a_store_that_can_be_repaired(tmp_path: Path, monkeypatch: Any) -> None:
    whole = made(tmp_path / "image")
    spoil(whole, "UPDATE batches SET payload = zeroblob(9) WHERE batch = 3")
    steps = ("os.link", "Path.replace", "Path.unlink", "Store.put_many", "Store.meta_set")
    for step in steps:
        for k in range(3):  # at its k-th call
            folder = tmp_path / f"{step}-{k}"
            shutil.copytree(whole.parent, folder)
            path, calls = folder / "s.sqlite", [0]
            owner, name = step.split(".")
            real = getattr(getattr(module, owner), name)

            def stopping(*args: Any, real: Any = real, calls: Any = calls, k: int = k, **options: Any) -> Any:
                calls[0] += 1
                if calls[0] == k + 1:
                    raise KeyboardInterrupt
                return real(*args, **options)

            with monkeypatch.context() as patch:
                patch.setattr(getattr(module, owner), name, stopping)
                with suppress(KeyboardInterrupt):
                    repair(path)
            if verify(path):
                repair(path)
            assert verify(path) == [] and len(stored(path)) == 20, (step, k)


def damage_all(folder: Path, n: int) -> list[int]:
    """Flip a bit or cut the file at `n` places; returns how many cells each repair kept."""
    image, rng, kept = made(folder / "image"), random.Random(5), []
    data = image.read_bytes()
    for i in range(n):
        shutil.rmtree(folder / "copy", ignore_errors=True)
        shutil.copytree(image.parent, folder / "copy")
        path, at = folder / "copy" / "s.sqlite", rng.randrange(len(data))
        flipped = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        path.write_bytes(flipped if i % 2 else data[:at])
        try:
            found = repair(path)
        except DamagedDataError as fault:
            assert "Nothing can be kept" in str(fault)
            kept.append(0)
            continue
        cells = stored(path)
        assert verify(path) == [] and len(cells) == found.kept
        assert all(scores == sample(int(cell, 16)).arrays["score"].tolist() for cell, scores in cells.items())
        assert found.kept == BATCHES * EACH or found.lost
        kept.append(found.kept)
    return kept


@pytest.mark.long
def test_no_damage_gives_wrong_numbers_and_a_flip_costs_a_batch(tmp_path: Path) -> None:
    kept = damage_all(tmp_path, 30)
    assert np.median(kept[1::2]) >= (BATCHES - 1) * EACH


@pytest.mark.slow
def test_damage_at_600_places(tmp_path: Path) -> None:
    kept = damage_all(tmp_path, 600)
    assert np.mean([k >= (BATCHES - 1) * EACH for k in kept[1::2]]) > 0.8
