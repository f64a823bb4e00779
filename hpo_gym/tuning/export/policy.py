"""A policy for others: its model card, of the facts in its files and the words of its authors, and one file of all.

A place in the template of the card names the language of its value, as ``name | md``; ``raw`` is for our own text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hpo_gym.base import (
    InvalidValueError,
    __version__,
    as_code,
    as_link,
    as_markdown,
    as_yaml,
    blame,
    name_checked,
    shown,
)
from hpo_gym.bench import read_card
from hpo_gym.optimize import ABOUT, OPTIMIZERS, PACKED, held, parted, read_about, read_saved, summary, write_packed
from hpo_gym.suites import registered
from hpo_gym.system import MADE_OF, exactly, expect, line, text

_WORDS = ("authors", "licence", "about", "chosen", "code")
_FORMS: Mapping[str, Callable[[str], str]] = {
    "md": as_markdown, "link": as_link, "code": as_code, "raw": str,
    "name": partial(name_checked, "A name in an export"),
}  # fmt: skip


def pack_policy(optimizer: str | Path, card: str | Path | Mapping[str, Any], out: str | Path) -> tuple[str, ...]:
    """Write a trained optimizer and its model card into one file; return the names in it. Equal ones give equal bytes.

    Args:
        optimizer: A shipped name, the folder of `hpo_gym.train`, a packed file, or an id of the Hub.
        card: Fields, or a YAML file of them: `authors`, `licence`, `about`, `chosen` (how, among the trained ones),
            `test_evaluations` (how often a variant was evaluated on test tasks), perhaps `code` (of the training).
        out: `NAME.hpo`.
    """
    place, folder = Path(out), parted(optimizer)[1]
    if place.suffix != PACKED:
        raise InvalidValueError(f"The file of a policy must be NAME{PACKED}, got {str(out)!r}.")
    name_checked("The name of a policy", place.stem)
    files = {name: data for name, data in held(folder).items() if name != "README.md"}
    if ABOUT not in files:
        raise InvalidValueError(f"{folder} must hold {ABOUT} of `write_saved`: other files may hold code.")
    read_saved(folder, read_about(folder)["optimizer"])  # its arrays are as written, and no pickle
    files["README.md"] = model_card(place.stem, folder, words_of(card)).encode()
    write_packed(place, files)
    return (*files,)


def words_of(card: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a card, `authors` as one text; raise `InvalidValueError` on missing, odd and wrong ones."""
    given = dict(card) if isinstance(card, Mapping) else read_card(Path(card))
    exactly("card", given, {*_WORDS, "test_evaluations"} - {"code"}, {"code"})
    names = given["authors"] if isinstance(given["authors"], list) else [given["authors"]]
    said = given | {"authors": ", ".join(text("`authors`", name) for name in names)}
    for name in sorted(said.keys() & {*_WORDS}):
        said[name] = line(f"`{name}`", " ".join(text(f"`{name}`", said[name]).split()))
        expect(bool(said[name]), f"its `{name}` must not be empty")
    good = type(looks := said["test_evaluations"]) is int and looks >= 0
    expect(good, f"its `test_evaluations` must be a whole number >= 0, got {shown(looks)}")
    expect(looks <= 10**9, f"its `test_evaluations` must be at most {10**9}, got {shown(looks)}")
    return said


def model_card(name: str, folder: Path, said: Mapping[str, Any]) -> str:
    """Return `README.md`: YAML as the Hugging Face Hub reads it, and a page; `said` are fields of `words_of`."""
    name_checked("The name of a policy", name)
    with blame(folder / ABOUT):
        return _card(name, read_about(folder), _training(folder), said)


def _training(folder: Path) -> dict[str, Any]:
    """Return the facts of a training, its curve as pairs of numbers."""
    with blame(folder / "training.json"):
        said = dict(json.loads(held(folder).get("training.json", b"{}")))
        return {**said, "curve": [(float(trials), float(regret)) for trials, regret in said.get("curve", ())]}


def _filled(values: Mapping[str, object]) -> str:
    """Return the card, each value in the language of its place."""
    from jinja2 import Environment, StrictUndefined

    env = Environment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)
    env.filters |= {form: lambda value, write=write: write(str(value)) for form, write in _FORMS.items()}
    return env.from_string((Path(__file__).parent / "templates" / "card.txt").read_text("utf-8")).render(values)


def _card(name: str, head: Mapping[str, Any], training: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    made, curve = head.get(MADE_OF, {}), training["curve"]
    entry, space, seen = OPTIMIZERS.entries().get(head["optimizer"]), head.get("space"), head.get("seen", ())
    family, extra = (str(entry.about.get("family", "agent")), entry.extra) if entry else ("agent", None)
    names = [h["name"] for h in space["hyperparameters"]] if space else []
    suites = registered(head.get("suites", ()))
    anything = "any search space is taken." if "space" in head else "not recorded."
    noted = {"seed": "seed", "fold": "fold", "cpu_seconds": "CPU seconds"}
    recorded = [f"{words} {training[key]}" for key, words in noted.items() if training.get(key) is not None]
    recorded += [f"hpo-gym {made['package']}"] if "package" in made else []
    recorded += [f"code {one} {stamp}" for one, stamp in made.get("optimizers", {}).items()]
    tags = ["hyperparameter-optimization", "automl", family]
    front: dict[str, Any] = {"library_name": "hpo-gym", "license": said["licence"], "tags": tags}
    if curve:
        recorded.append(summary(curve))
        metric = {"type": "regret", "name": "lowest mean normalised regret", "value": min(r for _, r in curve)}
        data = {"type": "hpo-gym", "name": f"validation tasks of {', '.join(suites)}"}
        result = {"task": {"type": "hyperparameter-optimization"}, "dataset": data, "metrics": [metric]}
        front["model-index"] = [{"name": name, "results": [result]}]
    return _filled({
        **dict.fromkeys((*_WORDS, "test_evaluations"), "not stated"), **said,
        "name": name, "optimizer": head["optimizer"], "version": head["version"],
        "requirement": f"hpo-gym[{','.join(sorted({'hub', 'rl', extra or 'rl'}))}]>={__version__}",
        "maker": "" if entry else ", TheClass",
        "suites": ", ".join(f"{s} (data {str(head['data'].get(s, 'its own'))[:8]})" for s in suites)
        or "not recorded, or none of hpo-gym's own",
        "training": "; ".join(recorded) or "not recorded", "count": len(seen), "seen": ", ".join(seen),
        "settings": json.dumps(head.get("settings", {})),
        "limits": f"a space that begins with {', '.join(names)}." if names else anything,
        "front": as_yaml(front),
    })  # fmt: skip
