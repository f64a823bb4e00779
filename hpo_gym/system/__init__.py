"""The machine: processes and jobs, files and stores, the terminal."""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.system.jobs.carried import Carried as Carried
    from hpo_gym.system.jobs.carried import check_bytes as check_bytes
    from hpo_gym.system.jobs.carried import from_bytes as from_bytes
    from hpo_gym.system.jobs.carried import to_bytes as to_bytes
    from hpo_gym.system.jobs.engines import Cluster as Cluster
    from hpo_gym.system.jobs.engines import Job as Job
    from hpo_gym.system.jobs.engines import Outcome as Outcome
    from hpo_gym.system.jobs.engines import check_engine as check_engine
    from hpo_gym.system.jobs.engines import run as run
    from hpo_gym.system.jobs.engines import usable_cores as usable_cores
    from hpo_gym.system.jobs.guard import Guard as Guard
    from hpo_gym.system.jobs.guard import GuardStep as GuardStep
    from hpo_gym.system.jobs.guard import Limits as Limits
    from hpo_gym.system.jobs.guard import Verdict as Verdict
    from hpo_gym.system.jobs.guard import first_of as first_of
    from hpo_gym.system.jobs.guards import Asked as Asked
    from hpo_gym.system.jobs.guards import Guards as Guards
    from hpo_gym.system.jobs.guards import Here as Here
    from hpo_gym.system.jobs.guards import Runner as Runner
    from hpo_gym.system.jobs.measured import Measured as Measured
    from hpo_gym.system.jobs.measured import judged as judged
    from hpo_gym.system.jobs.measured import kind_of as kind_of
    from hpo_gym.system.jobs.measured import verdict as verdict
    from hpo_gym.system.jobs.memory import keep_memory as keep_memory
    from hpo_gym.system.jobs.memory import limit_memory as limit_memory
    from hpo_gym.system.jobs.no_guard import NoGuard as NoGuard
    from hpo_gym.system.jobs.no_guard import limits_of as limits_of
    from hpo_gym.system.jobs.processes import DEATH as DEATH
    from hpo_gym.system.jobs.processes import prctl as prctl
    from hpo_gym.system.jobs.progress import LOGGER as LOGGER
    from hpo_gym.system.jobs.progress import Callback as Callback
    from hpo_gym.system.jobs.progress import Progress as Progress
    from hpo_gym.system.jobs.progress import Teller as Teller
    from hpo_gym.system.jobs.progress import bar as bar
    from hpo_gym.system.jobs.progress import reporter as reporter
    from hpo_gym.system.jobs.progress import steps as steps
    from hpo_gym.system.jobs.threads import libraries as libraries
    from hpo_gym.system.jobs.threads import one_blas_thread as one_blas_thread
    from hpo_gym.system.storage.batches import Record as Record
    from hpo_gym.system.storage.blocks import pack as pack
    from hpo_gym.system.storage.blocks import unpack as unpack
    from hpo_gym.system.storage.expected import exactly as exactly
    from hpo_gym.system.storage.expected import expect as expect
    from hpo_gym.system.storage.expected import line as line
    from hpo_gym.system.storage.expected import listed as listed
    from hpo_gym.system.storage.expected import mapping as mapping
    from hpo_gym.system.storage.expected import of_type as of_type
    from hpo_gym.system.storage.expected import rule_of as rule_of
    from hpo_gym.system.storage.expected import text as text
    from hpo_gym.system.storage.given import check_ordinary as check_ordinary
    from hpo_gym.system.storage.given import text_of as text_of
    from hpo_gym.system.storage.given import yaml_of as yaml_of
    from hpo_gym.system.storage.posix import posix as posix
    from hpo_gym.system.storage.repair import Repaired as Repaired
    from hpo_gym.system.storage.repair import repair as repair
    from hpo_gym.system.storage.store import Store as Store
    from hpo_gym.system.storage.store import is_written as is_written
    from hpo_gym.system.storage.store import store_of as store_of
    from hpo_gym.system.storage.store import verify as verify
    from hpo_gym.system.storage.whole import MADE_OF as MADE_OF
    from hpo_gym.system.storage.whole import check_seal as check_seal
    from hpo_gym.system.storage.whole import checksum as checksum
    from hpo_gym.system.storage.whole import made_folder as made_folder
    from hpo_gym.system.storage.whole import own_files as own_files
    from hpo_gym.system.storage.whole import sealed as sealed
    from hpo_gym.system.storage.whole import sha256 as sha256
    from hpo_gym.system.storage.whole import whole_files as whole_files
    from hpo_gym.system.storage.whole import whole_folder as whole_folder
    from hpo_gym.system.storage.whole import write_files as write_files
    from hpo_gym.system.terminal import Column as Column
    from hpo_gym.system.terminal import Sheet as Sheet

__getattr__, __dir__, __all__ = offer(__name__)
