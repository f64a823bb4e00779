"""Text: a run in words for an agent that reads, and its answer in words read back."""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.text.answer import Unreadable as Unreadable
    from hpo_gym.text.answer import parse as parse
    from hpo_gym.text.naming import columns_of as columns_of
    from hpo_gym.text.naming import conditions_of as conditions_of
    from hpo_gym.text.naming import outline as outline
    from hpo_gym.text.naming import renamed as renamed
    from hpo_gym.text.naming import value_of as value_of
    from hpo_gym.text.prompt import FORMS as FORMS
    from hpo_gym.text.prompt import MOST_BYTES as MOST_BYTES
    from hpo_gym.text.prompt import describe as describe

__getattr__, __dir__, __all__ = offer(__name__)
