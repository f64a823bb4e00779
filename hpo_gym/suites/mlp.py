"""The suite `MLP`: learning curves of multilayer perceptrons on tables, trained for this package."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("MLP", kind="table")
def mlp() -> TableSuite:
    """Tune a multilayer perceptron and its training for a data set.

    **Search space**: 18 columns: input scaling, optimizer, momentum and Nesterov of sgd, learning rate, its schedule
    with its settings, batch size, weight decay, width and number of the hidden layers, activation, normalisation,
    dropout and class weight. The six settings of sgd or of a schedule are conditional. The default is that of
    scikit-learn's
    `MLPClassifier` where it has one.

    **Score**: balanced accuracy in [0, 1], or in regression R^2 (at least -1), the mean over three repeats of three
    folds. Test score: the mean of the same networks, fully trained, on up to 4,000 rows unused by any choice.
    **Cost**: processor seconds to train and to predict. **Fidelities**: 1 .. 50 epochs of one training, as 1/50 .. 1:
    the whole learning curve; a schedule always ends at the last epoch. Once weights or predictions cease to be finite,
    all further epochs failed.

    **Tasks**: classification and regression data sets, named by the data set; folds have at most 900 rows, and a
    network learns from at most 250. In regression the class weight has no effect.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with torch; the data sets are named in `suite.json`. How the table was made:
    `benchmarks/builders/hpo_builders/trained/mlp.py`.
    """
    return load_folder(DATA / "MLP")
