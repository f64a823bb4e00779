"""MAML for hyperparameter optimisation: a surrogate with an initialisation learned on the meta-train tasks."""

from __future__ import annotations

from hpo_baselines._maml.few_shot import FewShot
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("maml", extra="rl", family="transfer", trainable=True)
class MAMLSearch(FewShot):
    """Few-shot regression of scores by MAML, with expected improvement over an ensemble.

    A small network predicts mean and log variance of the score, standardised by the meta-train tasks, from the encoded
    configuration (`maml_tasks.Encoding`). Its initialisation is learned so that few gradient steps on some trials of a
    new task make it predict the others: see `FewShot` for training and choice.

    **Reference**: Finn, Abbeel and Levine, "Model-agnostic meta-learning for fast adaptation of deep networks", ICML
    2017, https://arxiv.org/abs/1703.03400; step sizes learned as in Antoniou, Edwards and Storkey, "How to train your
    MAML", ICLR 2019; the ensemble's variance as in Lakshminarayanan, Pritzel and Blundell, "Simple and scalable
    predictive uncertainty estimation using deep ensembles", NeurIPS 2017.

    **Differs from the paper**: MAML was not published for hyperparameter optimisation; likelihood instead of squared
    error, supports of several sizes, an ensemble, and expected improvement are ours.

    Args:
        members: Initialisations that are trained independently.
        hidden: Width of both hidden layers.
        inner_steps: Gradient steps on the history.
        inner_lr: Where the learned step sizes start.
        outer_lr: Step size of Adam; it falls to 0 as a cosine.
        tasks: Tasks of one outer step.
        query: Points that a support must explain.
        outer_steps: Outer steps of each member.
        candidates: At most so many configurations are scored for one trial.
    """

    version = 1
    name = "maml"


@OPTIMIZERS.register("fomaml", extra="rl", family="transfer", trainable=True)
class FirstOrderMAMLSearch(FewShot):
    """`maml` by first-order MAML: the Hessian in the meta-gradient is taken as 0, so training is cheaper.

    **Reference**: Finn, Abbeel and Levine, ICML 2017, section 5.2; analysed by Nichol, Achiam and Schulman, "On
    first-order meta-learning algorithms", 2018, https://arxiv.org/abs/1803.02999

    **Differs from the paper**: as `maml`; the step sizes are learned, also to first order.

    Args:
        members, hidden, inner_steps, inner_lr, outer_lr, tasks, query, outer_steps, candidates: As in `maml`.
    """

    version = 1
    name = "fomaml"
