"""The ground: errors, registries, seeds, arrays. It knows nothing of hyperparameters."""

from hpo_gym.base import interrupt as _interrupt  # noqa: F401 - first of all: Ctrl-C while the rest is imported  # isort: skip

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.base.arrays import Floats as Floats
    from hpo_gym.base.arrays import Ints as Ints
    from hpo_gym.base.arrays import Keys as Keys
    from hpo_gym.base.arrays import Mask as Mask
    from hpo_gym.base.arrays import Singles as Singles
    from hpo_gym.base.checkout import BUILDERS as BUILDERS
    from hpo_gym.base.checkout import STUDIES as STUDIES
    from hpo_gym.base.checkout import import_from_checkout as import_from_checkout
    from hpo_gym.base.compiling import compiled as compiled
    from hpo_gym.base.errors import CheckFailed as CheckFailed
    from hpo_gym.base.errors import DamagedDataError as DamagedDataError
    from hpo_gym.base.errors import EndedTuningError as EndedTuningError
    from hpo_gym.base.errors import HPOGymError as HPOGymError
    from hpo_gym.base.errors import InvalidValueError as InvalidValueError
    from hpo_gym.base.errors import MissingExtraError as MissingExtraError
    from hpo_gym.base.errors import ProposalsRefusedError as ProposalsRefusedError
    from hpo_gym.base.errors import SplitError as SplitError
    from hpo_gym.base.errors import StateError as StateError
    from hpo_gym.base.errors import StorageFullError as StorageFullError
    from hpo_gym.base.errors import StorageLostError as StorageLostError
    from hpo_gym.base.errors import TrialsFailedError as TrialsFailedError
    from hpo_gym.base.errors import UnknownNameError as UnknownNameError
    from hpo_gym.base.errors import beside as beside
    from hpo_gym.base.errors import blame as blame
    from hpo_gym.base.errors import cut as cut
    from hpo_gym.base.errors import finite as finite
    from hpo_gym.base.errors import limit as limit
    from hpo_gym.base.errors import meant as meant
    from hpo_gym.base.errors import nearest as nearest
    from hpo_gym.base.errors import neighbours as neighbours
    from hpo_gym.base.errors import real as real
    from hpo_gym.base.errors import shown as shown
    from hpo_gym.base.errors import unknown as unknown
    from hpo_gym.base.errors import whole as whole
    from hpo_gym.base.errors import whole_fields as whole_fields
    from hpo_gym.base.foreign import as_cell as as_cell
    from hpo_gym.base.foreign import as_code as as_code
    from hpo_gym.base.foreign import as_csv as as_csv
    from hpo_gym.base.foreign import as_html as as_html
    from hpo_gym.base.foreign import as_latex as as_latex
    from hpo_gym.base.foreign import as_link as as_link
    from hpo_gym.base.foreign import as_markdown as as_markdown
    from hpo_gym.base.foreign import as_yaml as as_yaml
    from hpo_gym.base.foreign import name_checked as name_checked
    from hpo_gym.base.foreign import name_near as name_near
    from hpo_gym.base.foreign import of_cell as of_cell
    from hpo_gym.base.foreign import printable as printable
    from hpo_gym.base.registry import EXTRAS as EXTRAS
    from hpo_gym.base.registry import FILES as FILES
    from hpo_gym.base.registry import Entry as Entry
    from hpo_gym.base.registry import Registry as Registry
    from hpo_gym.base.registry import made as made
    from hpo_gym.base.registry import making as making
    from hpo_gym.base.registry import require as require
    from hpo_gym.base.registry import scan_names as scan_names
    from hpo_gym.base.registry import user_function as user_function
    from hpo_gym.base.scores import LARGEST as LARGEST
    from hpo_gym.base.scores import tame as tame
    from hpo_gym.base.seeding import canonical as canonical
    from hpo_gym.base.seeding import digest as digest
    from hpo_gym.base.seeding import generator as generator
    from hpo_gym.base.seeding import key as key
    from hpo_gym.base.seeding import mix as mix
    from hpo_gym.base.seeding import mix_int as mix_int
    from hpo_gym.base.version import DATA as DATA
    from hpo_gym.base.version import PACKAGE as PACKAGE
    from hpo_gym.base.version import __version__ as __version__

__getattr__, __dir__, __all__ = offer(__name__)
