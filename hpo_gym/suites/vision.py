"""The suite `Vision`: learning curves of a small convolutional network on small images, trained for this package."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("Vision", kind="table")
def vision() -> TableSuite:
    """Tune the training of a small convolutional network for a set of images.

    **Search space**: 25 columns: optimizer, momentum and Nesterov of sgd, learning rate, its schedule with its
    settings, batch size, weight decay, normalisation, dropout, label smoothing, and augmentation: moves (shift, turn,
    zoom, mirror), pixels (contrast, noise, an erased square) and mixup. 14 are conditional. The default is adam at .003
    with batch normalisation and no augmentation. The network is the same for all: three convolutions of 12, 24 and 24
    channels.

    **Score**: balanced accuracy in [0, 1] on 400 images, the mean of two networks trained on 240 images each. Test
    score: of the same networks on up to 1,000 images unused by any choice. **Cost**: processor seconds to train and
    to predict. **Fidelities**: 1 .. 12 epochs of one training, as 1/12 .. 1: the whole learning curve; a schedule
    always ends at the last epoch. Once weights or predictions cease to be finite, all further epochs failed.

    **Tasks**: as in `NAS`; the images are the same.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with torch. How the table was made:
    `benchmarks/builders/hpo_builders/trained/vision.py`.
    """
    return load_folder(DATA / "Vision")
