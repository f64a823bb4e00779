"""The page on environments and `check_env` say the same: what a sentence promises has a planted fault that is found.

Every sentence and every row of a table of the page stands in `PROMISES`, with the faults that break it, or in `REST`,
with the reason why `check_env` has nothing to find there. A fault is named by its class, or by the words that
`check_env` says of it; the tests of its own file see that it is found.
"""

import re
import sys
from pathlib import Path

import test_check_additions
import test_check_failures
import test_check_many
import test_check_numbers
import test_check_parts
import test_check_promises
import test_checks

TOP = Path(__file__).parents[2]
PAGE = TOP / "docs" / "environment.md"

PROMISES: dict[str, tuple[str, ...]] = {
    # ------------------------------------------------------------------ ids and keywords
    "`HPOVectorEnv` steps `n` runs": ("RoundsRewards", "GivesRewardsOfNeighbours", "LagsInTheLastRun"),
    "| `hpo_gym/": ("IsOfAnotherSuiteThanItsId",),
    "Values are plain JSON": ("ForgetsItsJSON", "LosesItsKeywords", "LosesItsKeywordsOfMany"),
    "An unknown name, option or keyword": ("TakesAnyKeyword", "OffersNoName"),
    "| `suite` |": ("IsOfAnotherSuiteThanItsId",),
    "| `split` |": ("HasTestTasks", "HasTrainingTasks"),
    "| `task` |": ("KeepsTheTaskThatWasAskedFor", "DrawsAnewAfterATaskWasAskedFor"),
    "| `fold` |": ("LosesItsKeywords",),
    "| `budget` |": ("An episode ends with", "An episode goes on after its budget", "TakesNoBudget"),
    "| `budget_cost` |": ("TakesTwoBudgets", "CountsInHalfUnits"),
    "| `checkpoints` |": ("PaysInFullAboveACheckpoint", "TakesCheckpointsWithoutABudgetInCost"),
    "| `observer` |": ("LosesItsKeywords", "OffersNoName"),
    "| `codec` |": ("LosesItsKeywords",),
    "| `reward` |": ("is not the score", "LosesItsKeywords"),
    "| `scores` |": ("ShowsScoresByTheTaskItself",),
    "| `duplicates` |": ("RepeatsAreFree", "RepeatsScoreBetter", "RepeatsAreRefunded"),
    "| `objectives` | `None` |": ("TellsNoObjectives",),
    "| `weights` |": ("WeighsTheCostAsAGain",),
    "| `constraints` |": ("HasAnotherBound",),
    "| `n_init` |": ("IgnoresTheInitialDesign", "ChargesForGivenPoints"),
    "| `render_mode` |": ("DrawsFloats", "DrawsTheHeadOnly", "DoesNotDraw", "TakesAnyMode"),
    "The vector env also takes": ("CountsTheBeginning", "TruncatesAStepLate"),
    "`True`: episode returns in the infos": ("TellsTheMeanReward",),
    "sets the task of the next episode": ("GivesAllRunsTheFirstTask", "KeepsTheTaskThatWasAskedFor"),
    "`task`, `score` and `incumbent_score` are read-only": ("HandsOutScoresThatItGoesOnWith",),
    # ------------------------------------------------------------------ observers
    "Configurations are shown as float32": (
        "Last: as the last configuration", "the observation is float64, its space float32",
    ),
    "| `blind` |": ("Blind: as the last move", "Blind: as whether nothing was tried"),
    "| `history` |": (
        "HistoryObserver: as the fidelities of the trials", "HistoryObserver: as the configurations of the trials",
    ),
    "| `last` |": ("Last: as the share of the budget left", "Last: as the incumbent's score"),
    "| `pool` | Dict": (
        "PoolObserver: as the candidates", "PoolObserver: as which candidates were tried",
        "PoolObserver: as the scores of candidates", "PoolObserver: as the distance of candidates to the incumbent",
        "PoolObserver: as the distance of candidates to the nearest trial",
        "PoolObserver: as the mask of the candidates",
    ),
    "| `progress` |": ("Progress: as whether nothing was tried",),
    "| `summary` |": (
        "Summary: as the incumbent", "Summary: as the share of trials",
        "Summary: as the share of trials since the incumbent",
    ),
    "| `text` |": ("InWords: another text",),
    "| `tokens` |": ("Tokens: as the mask of the trials", "Tokens: as the active hyperparameters"),
    "| `training` |": ("Training: as the last move",),
    "| `losses` |": ("Losses: as the last move",),
    "`context` adds the data set's meta-features": ("Last: as the meta-features",),
    "Before the first trial, `last` is all 0": ("BeginsWithTheLastObservation", "Last: as the last configuration"),
    # ------------------------------------------------------------------ codecs
    "| `box` |": ("Box:  evaluates ", "TurnsActionsRound"),
    "| `move` |": ("Move:  evaluates ",),
    "| `pool` | `Discrete(m)`": ("Pool:  evaluates ", "TakesTheRowBefore"),
    "With `fidelity`, an action also sets the fidelity": ("Box:  is evaluated at fidelity ", "GoesOnAfterAStop"),
    "An action outside the action space": ("TakesNaN", "ClipsActions", "CountsRefusals", "ClipsRows"),
    "On a table, the nearest row": ("Answers: second", "Answers: unmeasured"),
    "The distance is taken in the unit cube": ("Answers: by_all_columns",),
    "The trial's `config` is that row's.": ("`info['config']` is not what the task gives",),
    "`env.unwrapped.action_masks()` marks": ("MasksNothing", "MasksOneMeasuredRow", "HandsOutLiveMasks"),
    # ------------------------------------------------------------------ rewards
    "| `final` |": ("HalfFinal",),
    "| `improvement` |": ("WithRough", "WithUntouched", "WithRemembers"),
    "| `log_regret` |": ("WithNaturalLog",),
    "| `normalized_improvement` |": ("HalfNormalized",),
    "| `regret` |": ("WithScaled",),
    "| `regret_drop` |": ("WithDropOfTheTrial",),
    "| `regret_rate` |": ("HalfRegretRate",),
    "| `score` | The": ("is not the score",),
    "The rewards marked `train`": ("ReadsTheOracleOfTestTasks", "TakesOracleRewardsAnywhere"),
    "Results never depend on rewards.": ("Meddles",),
    # ------------------------------------------------------------------ budget in cost
    "`budget_cost=33` counts it": ("CountsInHalfUnits",),
    "An episode ends when the cost is spent.": ("GoesOnAfterACutTrial", "CountsInHalfUnits"),
    "A trial that does not fit": (
        "TellsACutTrialAsASuccess", "TellsTheScoreOfACutTrial", "ChargesACutTrialInFull",
    ),
    "An episode also ends after 16 trials a unit": ("EndsAfterFourTrials",),
    "A fidelity is not lowered": ("Box:  at fidelity ",),
    "The initial design (`n_init`) is free.": ("ChargesForGivenPointsInCost",),
    "Observers show the share of the budget": ("CountsTrialsAsTheBudget", "LagsByAStep"),
    "`pool` also shows the cost of each candidate": ("PoolObserver: as what candidates cost on earlier tasks",),
    "`tokens` shows the cost of each trial": ("Tokens: as what the trials took",),
    "The cost of a configuration on the task itself": ("PoolObserver: as what candidates cost on earlier tasks",),
    "`regret_rate` pays minus": ("HalfRegretRate",),
    "Before the first trial ends, that is": ("HalfRegretRate",),
    "An action that stops pays for the rest.": ("PaysNothingForTheRest",),
    "Others refuse it by name.": ("TakesABudgetInCostWhereThereIsNone",),
    "A cost that is not recorded counts as": ("TakesNoBudgetInCost", "TakesObjectivesBesideABudgetInCost"),
    "A trial costs its price minus": ("PaysInFullAboveACheckpoint",),
    '`info["cost"]` and `Trial.cost` are the amounts paid.': ("PaysInFullAboveACheckpoint",),
    "The same fidelity again is paid again": ("SparesTheSameFidelity", "SparesLessThanACheckpoint"),
    "The initial design is full evaluations": ("GoesOnFromGivenPoints",),
    # ------------------------------------------------------------------ objectives and constraints
    "`weights` makes a number of it": ("WeighsTheCostAsAGain",),
    '`info["objectives"]` has the numbers': (
        "TellsObjectivesInTheWrongOrder", "TellsObjectivesOfManyInTheWrongOrder", "TellsNoObjectives",
    ),
    "An objective is one of the configuration": ("TellsObjectivesOfNeighbours",),
    '`constraints={"size": 5e5}` bounds': ("HasAnotherBound",),
    "A trial that breaks one has the status": ("TellsWhatBreaksAConstraintAsASuccess",),
    "It is treated as any [failure]": (
        "TellsTheScoreOfWhatBreaksAConstraint", "KeepsWhatBreaksAConstraint", "DoesNotChargeWhatBreaksAConstraint",
    ),
    '`info["objectives"]` tells its numbers.': ("TellsNoNumbersOfWhatBreaksAConstraint",),
    "Best score and regret are over": ("HasTheRegretOfWhatIsNotFeasible",),
    "A task without a feasible configuration": ("TakesConstraintsThatNothingKeeps",),
    # ------------------------------------------------------------------ scales
    "None uses the task's own range": ("ShowsScoresByTheTaskItself",),
    "| `global` |": ("Global: as the last score",),
    "| `rank` |": ("Rank: as the last score",),
    "| `raw` |": ("Raw: as the last score",),
    # ------------------------------------------------------------------ repeats and ends
    "A repeated configuration costs a trial": ("RepeatsAreFree", "RepeatsScoreBetter"),
    "It never ends an episode.": ("EndsOnARepeat", "RepeatsAreRefunded"),
    "removes tried rows from `action_masks()`": ("MasksNothingTried", "MasksAStepLate"),
    "lowers the reward of a repeat": ("ForgivesRepeats", "PunishesTheFirstTrial"),
    "A spent budget sets `terminated`": ("NeverEnds", "EndsAStepLate"),
    "`truncated` marks external limits": ("TellsTruncationAsTheEnd", "is truncated though no TimeLimit is set"),
    "With fidelities, an episode ends": ("EndsAllTogether", "Box:  is evaluated at fidelity "),
    "| `NEXT_STEP` (default)": ("EvaluatesTheActionOfABeginning", "RewardsABeginning"),
    "| `SAME_STEP` |": (
        "ShowsTheNextEpisodeAsTheLast", "ForgetsTheLastObservation", "SaysThatAllHaveEndedWhereSomeHave",
    ),
    "| `DISABLED` |": ("BeginsByItself", "BeginsAllForOne"),
    # ------------------------------------------------------------------ infos
    "| `task` | name": ("TellsOneTask", "NamesNoTask"),
    "| `task_index` | position": ("TellsOneIndex", "TellsNoIndex"),
    "| `config` | the evaluated": ("`info['config']` is not what the task gives",),
    "| `score`, `cost`, `fidelity` |": ("TellsCostsOfNeighbours", "TellsFullFidelities"),
    "| `status` |": ("TellsNoFailures", "`info['status']` is not one of"),
    "| `incumbent` | configuration": ("The incumbent is not the best trial so far",),
    "| `incumbent_score` |": ("TellsTheLastScoreAsTheBest", "incumbent's score is"),
    "| `t` |": ("CountsFromTheFirstEpisode", "`t` is"),
    "| `objectives` | with": ("TellsNoObjectives", "TellsNoNumbersOfWhatBreaksAConstraint"),
    "After `reset`, keys that need a trial": ("TellsAScoreBeforeTheFirstTrial", "TellsAScoreOfABeginning"),
    "return the trials.": ("LosesTheFirstTrial", "TellsAnotherHistory", "MixesUpHistories", "HandsOutOneHistory"),
    "A failed trial still has a status": ("ServesFailuresNothing",),
    "The score of a failure is the worst": ("ServesFailuresAConstant",),
    "Before the first success it is a constant": ("ServesFailuresAConstant",),
    "It stays as it is when worse successes": ("RewritesItsHistory",),
    "A success is a better incumbent": ("KeepsAFailureBesideASuccess",),
    "`incumbent_score` can fall": ("NeverLowersTheIncumbent",),
    "While nothing has succeeded the regret is 1.": ("HasNoRegretOfFailures",),
    # ------------------------------------------------------------------ splits and suites
    "A task requested by name": ("TakesTasksOfOtherSplits",),
    "Observed statistics (`global`, `context`)": ("HasStatisticsOfItsOwnTasks",),
    "A task is named `SVM/iris`": ("NamesTasksWithoutTheirSuite",),
    "The search space is as many floats": ("ReadsTheLastColumns",),
    "has the same tasks, splits, families": ("TellsTheRowOfATable",),
    "No noise, no pool": ("AddsNoiseToASurrogate", "TakesAPoolWhereThereIsNone"),
    "an episode can be kept and restored": ("RestoresNothing", "RestoresNothingOfMany", "HasSnapshotsOfATable"),
    # ------------------------------------------------------------------ seeds
    "`reset(seed=s)` fixes all following episodes": (
        "ReadsTheSeedAtTheFirstResetOnly", "DrawsTheTaskByTheTrials", "DrawsTheDesignByTheNumberOfSteps",
        "RemembersEpisodes",
    ),
    "The noise of an evaluation depends": ("DrawsNoiseByTheOrderOfCalls", "AddsNoise", "HasOneWorldForAllEpisodes"),
    "The seed 0 is a seed.": ("LosesSeedZero",),
    "In the vector env, a number spawns": ("SeedsAllRunsAlike", "ReadsTheFirstSeedOnly"),
    "So it is a list that reproduces single envs": ("ReadsTheFirstSeedOnly", "RoundsRewards"),
    "a run with the seed None continues": ("ReseedsRunsWhoseSeedIsNone",),
    "Beside a `reset_mask`, seeds and names": (
        "SeedsTheFirstRunsInsteadOfThoseThatBegin", "DealsTasksFromTheLastRunOn", "GivesAllRunsTheFirstTask",
    ),
    # ------------------------------------------------------------------ what `check_env` says of itself
    "| score, cost, status, configuration": ("AddsNoise", "`info['score']` is not what the task gives"),
    "| incumbent, `t`, budget spent": ("ChargesForGivenPoints", "`t` is"),
    "| reward, for each registered": ("is not the score",),
    "| all that the registered observers show": ("Last: as the last configuration",),
    "| the query of an action": ("Box:  evaluates ", "Answers: second"),
    "| `action_masks` of the `pool` codec": ("MasksNothing",),
    "| all outcomes of a single env": ("IsWrongOnOneTaskOf132", "DiffersFromMany"),
    "| all outcomes, histories and masks": ("MixesUpMasks", "MixesUpHistories"),
    "| ends in a vector env": ("EndsAStepLate", "TellsFinalInfosOfNeighbours"),
    '| `options={"task": ..}`, seeds': ("SpoilsTheSeedWhereATaskIsAskedFor",),
    "| tasks and rewards |": ("HasTestTasks",),
    '| `info["objectives"]` and their': ("TellsObjectivesInTheWrongOrder", "WeighsTheCostAsAGain"),
    "| `env.spec` |": ("LosesItsKeywords", "IgnoresTheInitialDesign"),
    "Actions are random ones": ("LeavesItsSpaceAtOneCornerOf64",),
    "Every task of the split is visited": ("IsWrongOnOneTask",),
    "Beyond numbers, it looks at": (
        "TakesAnySeed", "TakesAnyOption", "ResetsItself", "GoesOn", "PicklesAsNew", "CopiesByReference", "HasOneInfo",
        "WritesIntoTheAction", "DrawsWithoutAMode", "ClosesOnce",
    ),
    "Nothing may come in addition to the plain env": (
        "TellsATestScore", "HasAnotherObservationSpace", "ReplacesItsActionSpaceLater", "Prints",
        "WritesAFileInEachEpisode", "LeavesAFileOpenAtEachReset", "KeepsEachEpisode",
    ),
}  # fmt: skip

REST: dict[str, tuple[str, ...]] = {
    "a definition, or the words for what other sentences promise": (
        "Unbuilt, tables and figures are keys", "[the built page](install.md#this-site)",
        "An episode is one run", "`HPOEnv` steps one run", "`suite`, `observer`, `codec` and", "A part with options",
        '`{"name":', '"move", "levels": 5}`', "`d` is the number of hyperparameters", "A codec (action-space codec)",
        "In practice you pay for time", "Such a budget pays for about", "So the return is minus",
        "Where a training passes through all fidelities",
        "With checkpoints, continuing it", "`objectives` lists the objectives", '`"score"`, `"cost"`, and further ones',
        "Observers show scores on one of these", "| id |", "| keyword |", "| observer |", "| codec |", "| reward |",
        "| `scores` | shown", "| `autoreset_mode` |", "| key |", "| checked |", "Differences to the table:",
        "Without one, `spec.max_episode_steps` is None",
        "[Suites with surrogates", "A table answers with its nearest row",
    ),
    "how it is done, which no caller can tell": ("Infos of the vector env are made when they are read",),
    "rewards that are vectors, which `check_env` refuses: it asks for weights": (
        "The reward is then an array", "`reward_space` and `reward_dim`", "`statistics=True` gives returns",
    ),
    "results that come late, which `check_env` refuses: it asks for the env without `pending`": (
        "| `pending` |", "With `pending=q`", "A trial lasts its recorded cost", "The first `q - 1` steps",
        "Each later step launches", "The codecs are `box`",
    ),
    "other programs": ("Gymnasium's own checker warns", "`disable_env_checker=True`", "Wrappers of MO-Gymnasium"),
    "optimizers, the benchmark and agents": (
        "An optimizer finds ", "a unit in `Context.unit` and", "`context.charge(trial)`", "`Context.prior` has",
        "`rollout(optimizer",
        "[hypervolume]", "`hpo_gym.constrained(", "`save` keeps", "`rollout`, `bench` and optimizers",
        "Trained agents record", "A second split is by suite", "Only this split tests", "The training suites omit",
        "The same as a suite", "`hpo-gym bench --suite", "`hpo-gym train` takes", "In Python, its name",
        "Optimizers get no table", "`text` shows the run in words", "`form` is `", "A long run keeps the best",
        "`names=False` hides", "A vector env gives a tuple", "`hpo_gym.text.parse(",
"(A suite with the same search space", '`"Studies->Boosting"`',
    ),
    "suites: `check_suite`, and the tests of each": (
        "The suites with measured costs", "`Task.cumulative` says", "In the other suites each fidelity",
        "`Trial.objectives` has the table's", "The bound itself is allowed.",
        "With repeats, a bound on the score", '`suite="SVM,MLP"` draws', "If all suites have pools",
        "Only fidelities shared by all tasks", "Suites of trainings", "Failures are predicted too",
        "Scores and costs lie between", "`best` is the best that a search", "A configuration that a forbidden clause",
    ),
    "a default, which `tests/core/test_make.py` has": ("The default split is `train`.",),
    "what `check_env` does not see, and its time": (
        "`check_env` takes an env", "It recomputes the numbers", "It does not see a fault",
        "Declared changes of a wrapper", "The shipped suites take", "A slow env is looked at",
    ),
}  # fmt: skip


def sentences(text: str) -> list[str]:
    """The sentences and the rows of tables of a page, without its code."""
    text = re.sub(r"<!--.*?-->", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    out: list[str] = []
    block: list[str] = []
    for line in [*(line.strip() for line in text.splitlines()), ""]:
        if line and not line.startswith(("#", "|", "- ")):
            block.append(line)
            continue
        out += re.split(r"(?<=[.:;])\s+(?=[A-Z`(\[\"])", " ".join(block))
        block = [line[2:]] if line.startswith("- ") else []
        if line.startswith("|") and not set(line) <= set("|- :"):
            out.append(line)
    return [sentence for sentence in out if sentence]


def planted() -> set[str]:
    """The names of all planted faults, and the words that are said of them."""
    found = {name for kind, *words in test_checks.FAULTS for name in (kind.__name__, words[0])}
    for module in (test_check_numbers, test_check_many, test_check_promises, test_check_failures, test_check_additions):
        found |= {name for kind, words, _ in module.FAULTS for name in (kind.__name__, words)}
    return found | set(test_check_parts.FAULTS) | {"ClipsRows"}


def built() -> str:
    """Return the page with its tables in place."""
    sys.path.insert(0, str(TOP / "docs" / "_ext"))
    import listings

    def lines(match: re.Match[str]) -> str:
        table = listings.listing(match[1])
        return "\n".join(f"| {' | '.join(row)} |" for row in (table.columns, *table.rows))

    return re.sub(r"```\{table\} listings/(\w+)\n```", lines, PAGE.read_text(encoding="utf-8"))


SENTENCES = sentences(built())
QUOTES = [*PROMISES, *(quote for quotes in REST.values() for quote in quotes)]


def test_every_sentence_of_the_page_has_a_planted_fault_or_a_reason():
    lost = [sentence for sentence in SENTENCES if not any(quote in sentence for quote in QUOTES)]
    assert not lost, "Sort these into PROMISES, with a fault that `check_env` finds, or into REST."


def test_every_quoted_sentence_stands_in_the_page():
    assert not [quote for quote in QUOTES if not any(quote in sentence for sentence in SENTENCES)]


def test_every_fault_that_a_promise_names_is_planted():
    missing = {name for names in PROMISES.values() for name in names} - planted()
    assert not missing


def test_a_page_is_cut_into_sentences_and_rows():
    page = "# T\n\nOne is two. `Three` is\nfour: `x`.\n\n- A point.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nx\n```\n"
    assert sentences(page) == ["One is two.", "`Three` is four:", "`x`.", "A point.", "| a | b |", "| 1 | 2 |"]
