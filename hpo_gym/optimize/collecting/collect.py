"""`collect`: play episodes by shards, on workers, and store them as JSON lines and as a Minari set.

A folder in the making holds ``shards-*/``, named by a hash of what decides the bytes; a finished one ``data/``,
``episodes.jsonl`` and, written last, ``episodes.json``. A killed collection goes on with the shards that are there.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import (
    HPOGymError,
    InvalidValueError,
    StateError,
    blame,
    canonical,
    digest,
    real,
    require,
    shown,
    whole,
)
from hpo_gym.env import HPOEnv, default_view, keywords_checked
from hpo_gym.optimize.collecting.episodes import ABOUT, LINES, Episodes, described, read_about
from hpo_gym.optimize.collecting.minari_set import write_minari
from hpo_gym.optimize.collecting.play import Arrays
from hpo_gym.optimize.collecting.references import references
from hpo_gym.optimize.collecting.shards import REPLAY, SHARD, Plan, make_shard
from hpo_gym.optimize.forms import Form, form_of
from hpo_gym.optimize.learning.made_of import made_of
from hpo_gym.suites import load_suite
from hpo_gym.system import Job, Progress, reporter, run, sha256, whole_files

MIXED = "mixed"
MIXTURE = {"random": 0.5, "portfolio": 0.25, "ga": 0.25}
"""The mixture of `MIXED`."""
SHARDS = "shards-"
ENGINE = "process"
_MOST = 10**8


@keywords_checked("`collect`")
def collect(
    behaviour: object = "random",
    suite: str | Path = "AutoML",
    episodes: int | None = None,
    *,
    env: Mapping[str, Any] | None = None,
    seed: int = 0,
    of: Episodes | str | Path | None = None,
    engine: str | None = None,
    workers: int | None = None,
    out: str | Path = "hpo-gym-episodes",
    resume: bool = False,
    progress: Progress | bool | None = None,
) -> Episodes:
    """Collect episodes, store them in a folder, and return them.

    The same arguments give the same bytes, whatever the engine and the workers. ``minari.MinariDataset(out / "data")``
    loads the set. Needs the extra "minari".

    Args:
        behaviour: An optimizer in any form (`hpo_gym.optimize.forms`), or a mapping of names to shares: of each
            episode, one is drawn. "mixed" is `MIXTURE`; "replay" plays the choices of `of` again.
        suite: A name, or a folder. On its meta-train tasks, each optimizer knows as earlier tasks those of three
            quarters of the families, never a relative of its own.
        episodes: 1,000; of a replay, all.
        env: Further keywords of `HPOEnv`, such as `observer`, `codec`, `reward`, `budget`, or `split` (train).
        seed: Seed of all episodes. A longer set with the same seed begins with the shorter one.
        of: Episodes, or a folder of them, for "replay".
        engine: "serial", "process", "dask" or "ray"; by default processes.
        out: A folder of its own.
        resume: Continue with the content of `out`; finished shards are kept.

    Raises:
        InvalidValueError: A proposal has no action of the codec; `out` holds another set.
        MissingExtraError: Minari is not installed.
    """
    require("minari")
    if not isinstance(of, (Episodes, str, Path) if behaviour == REPLAY else type(None)):
        raise InvalidValueError(f"`of` must be given with the behaviour {REPLAY!r} and no other, got {shown(of)}.")
    recorded = Episodes.read(of) if isinstance(of, (str, Path)) else of
    if recorded is None:
        spec = _spec(suite, env or {})
    else:
        spec = _spec(recorded.spec["suite"], {**recorded.spec, "split": "train", **(env or {})})
        recorded = _within(recorded, spec, episodes)
    count = whole("episodes", 1000 if episodes is None else episodes, 1, _MOST) if recorded is None else len(recorded)
    plan = Plan(spec, *_behaviours(behaviour), count, whole("seed", seed, 0, 2**64 - 1))
    for form in plan.forms:
        form.make()  # refuses what cannot be made before anything is written
    folder, identity = Path(out), _identity(plan, recorded)
    home = folder / f"{SHARDS}{digest(identity)[:16]}"
    if not _finished(folder, home, identity, resume=resume):
        with reporter(progress, (), f"collecting {count:,} episodes", "episodes") as tell:
            paths = [home / f"{i:06d}.npz" for i in range(plan.shards)]
            jobs = {i: (plan, i, path, _part(recorded, i)) for i, path in enumerate(paths) if not path.is_file()}
            tell(count - min(len(jobs) * SHARD, count), count, "playing")
            todo = [Job(str(i), make_shard, job) for i, job in jobs.items()]
            for left, outcome in enumerate(run(todo, engine=engine or ENGINE, workers=workers), 1 - len(todo)):
                if isinstance(outcome.value, HPOGymError):
                    raise outcome.value
                if outcome.status != "done":
                    raise StateError(f"Each shard must end, {outcome.key} has {outcome.status}: {outcome.error}")
                tell(max(count + left * SHARD, 0), count, "playing")
            tell(count, count, "writing")
            _write(folder, plan, paths, identity)
            shutil.rmtree(home)
            tell.said = f"{count:,} episodes -> {folder}"
    return Episodes.read(folder)


# ---------------------------------------------------------------------- what to collect
def _spec(suite: str | Path, env: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of the env, its parts and its budget among them; refuse what no env takes."""
    if not isinstance(suite, (str, Path)):
        raise InvalidValueError(
            f"`suite` must be a name or a folder, from which an env is made again, got {shown(suite)}."
        )
    given = {name: value for name, value in env.items() if value is not None}
    spec: dict[str, Any] = {"split": "train", **given, "suite": str(suite)}
    loaded, instead = load_suite(suite), {"reward": "objectives", "budget": "budget_cost"}
    spec.setdefault("codec", loaded.env.get("codec", "box"))  # a list of candidates lacks what behaviours propose
    for name, default in {**default_view(loaded, spec["split"], spec), "budget": loaded.budget}.items():
        if instead.get(name) not in spec:
            spec.setdefault(name, default)
    try:
        spec = json.loads(canonical(spec, allow_nan=False))
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(f"`env` must be plain JSON, from which an env is made again, got {fault}.") from fault
    if HPOEnv(**spec).kernel.parts.reward.dim:
        raise InvalidValueError("`objectives` need `weights`: the rewards of a set are numbers, got none.")
    if spec["split"] == "test":
        warnings.warn("These are test tasks: what learns from them must not be judged on them.", stacklevel=4)
    return spec


def _behaviours(given: object) -> tuple[tuple[Form, ...], tuple[float, ...]]:
    """Return the forms of behaviours and their shares; none for a replay."""
    if given == REPLAY:
        return (), ()
    given = MIXTURE if given == MIXED else given
    if isinstance(given, str) and re.search(r":[\d.]+$", given):
        given = {name: float(share) for name, _, share in (word.strip().rpartition(":") for word in given.split(","))}
    if not isinstance(given, Mapping) or "name" in given:
        return (form_of(given),), (1.0,)
    shares = tuple(real(f"the share of {name}", share, 0.0, above=True) for name, share in given.items())
    return tuple(map(form_of, given)), tuple(share / sum(shares) for share in shares)


def _within(recorded: Episodes, spec: Mapping[str, Any], most: int | None) -> Episodes:
    """Return the first of the recorded episodes on tasks of the split."""
    known = {task.name for task in HPOEnv(**spec).kernel.batch.tasks}
    mine = np.flatnonzero(np.array([name in known for name in recorded.tasks])[recorded.task])[:most]
    if not len(mine):
        where = sorted({str(recorded.suite.split(recorded.suite.task(name))) for name in recorded.tasks})
        raise InvalidValueError(f"`split` must have recorded tasks, which are in {where}, got {spec['split']!r}.")
    return recorded.part(mine)


def _part(recorded: Episodes | None, shard: int) -> Episodes | None:
    return (
        None if recorded is None else recorded.part(np.arange(shard * SHARD, min((shard + 1) * SHARD, len(recorded))))
    )


def _identity(plan: Plan, recorded: Episodes | None) -> dict[str, Any]:
    """Return what decides the bytes, as JSON."""
    names = [form.name for form in plan.forms]
    return {
        "spec": dict(plan.spec), "episodes": plan.episodes, "seed": plan.seed,
        "made_of": made_of([plan.spec["suite"]], names),
        "behaviours": [[f.name, dict(f.settings), share] for f, share in zip(plan.forms, plan.shares, strict=True)],
        "recorded": None if recorded is None else recorded.choices,
    }  # fmt: skip


def _finished(folder: Path, home: Path, identity: Mapping[str, Any], *, resume: bool) -> bool:
    """Return whether the folder holds the whole set; refuse one that holds anything but it or its shards in `home`."""
    found = [path for path in folder.glob("*") if path.suffix != ".part"]
    if not found:
        return False
    whole = (folder / ABOUT).exists()
    if found == [home] or (whole and read_about(folder).get("plan") == json.loads(canonical(identity))):
        if resume:
            return whole
        raise InvalidValueError(
            f"`out` must be new, {folder} holds this set: `resume=True` (`--resume`) goes on with it."
        )
    raise InvalidValueError(f"`out` must be a new folder, {folder} holds {found[0].name} of something else.")


# ---------------------------------------------------------------------- the end
def _write(folder: Path, plan: Plan, paths: Sequence[Path], identity: Mapping[str, Any]) -> None:
    """Write the set from its shards, the description last, and remove them."""
    suite, found = load_suite(plan.spec["suite"]), references(plan)
    families = sorted({task.family for task in suite.tasks(plan.spec["split"], plan.spec.get("fold"))})
    names = [form.name for form in plan.forms] or [REPLAY]
    told = {
        "licence": suite.about.get("licence", ""), "families": families, "references": found, "plan": dict(identity),
        "dataset_id": f"hpo-gym/{_word(suite.name)}/{_word(names[0] if len(names) == 1 else MIXED)}-v0",
    }  # fmt: skip
    with whole_files(folder, LINES, ABOUT) as (lines, about):
        with lines.open("wb") as file:

            def shards() -> Iterator[Arrays]:
                for path in paths:
                    with blame(path), np.load(path) as stored:
                        arrays = dict(stored)
                    file.write(arrays.pop("lines").tobytes())
                    yield arrays

            metadata = {
                "dataset_id": told["dataset_id"], "algorithm_name": ", ".join(names), "ref_min_score": found["random"],
                "description": f"{plan.episodes:,} episodes of {', '.join(names)} on {suite.name}.", "hpo_gym": told,
                **({"ref_max_score": found["best"]} if "best" in found else {}),
            }  # fmt: skip
            content = write_minari(folder, plan.spec, shards(), metadata)
        about.write_bytes(described(suite, plan.spec, plan.episodes, sha256(lines), data=content, **told))


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
