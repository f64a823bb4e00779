"""The suite `NAS`: learning curves of small networks of drawn cells on small images, trained for this package."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("NAS", kind="table")
def nas() -> TableSuite:
    """Choose the cell of a small convolutional network and the layers around it.

    **Search space**: 13 columns. A cell has four nodes and one of seven operations on each of its six edges (none,
    skip, convolutions 1x1, 3x3 and depthwise 3x3, maxima and means of 3x3); further the number of cells, their width,
    the kernel of the stem, how images are halved before each cell, the head, activation and normalisation. Cells
    without a path from input to output are forbidden. The training is the same for all. The default is a residual cell.

    **Score**: balanced accuracy in [0, 1] on 400 images, the mean of two networks trained on 240 images each. Test
    score: of the same networks on up to 1,000 images unused by any choice. **Objectives**: `size`, the weights of
    one network, and `latency`, the multiply-adds of one image, both counted, both minimised. **Cost**: processor
    seconds to train and to predict. **Fidelities**: 1 .. 8 epochs of one training, as 1/8 .. 1: the whole learning
    curve. Once weights or predictions cease to be finite, all further epochs failed.

    **Tasks**: images of 8 x 8 or 12 x 12 pixels with 3 to 10 classes: handwritten digits, letters in fonts, tiles of
    photographs, and images drawn by programs (textures, automata, shapes, symbols, mazes, waveforms, scenes). A family
    is a program or a source.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with torch. How the table was made: `benchmarks/builders/hpo_builders/trained/nas.py`.
    """
    return load_folder(DATA / "NAS")
