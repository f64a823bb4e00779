"""Comparisons: plans, jobs, statistics and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.bench.cells import Cell as Cell
    from hpo_gym.bench.cells import Made as Made
    from hpo_gym.bench.cells import instance_of as instance_of
    from hpo_gym.bench.entrants import Entrant as Entrant
    from hpo_gym.bench.groups import suite_groups as suite_groups
    from hpo_gym.bench.groups import with_groups as with_groups
    from hpo_gym.bench.hypervolume import Front as Front
    from hpo_gym.bench.hypervolume import hypervolume_regret as hypervolume_regret
    from hpo_gym.bench.incumbent import incumbents as incumbents
    from hpo_gym.bench.incumbent import incumbents_on_test as incumbents_on_test
    from hpo_gym.bench.incumbent import regret_of as regret_of
    from hpo_gym.bench.intervals import OF_MEANS as OF_MEANS
    from hpo_gym.bench.intervals import OF_RATIOS as OF_RATIOS
    from hpo_gym.bench.intervals import Resamples as Resamples
    from hpo_gym.bench.intervals import edges as edges
    from hpo_gym.bench.intervals import subsets as subsets
    from hpo_gym.bench.merging import merge as merge
    from hpo_gym.bench.metrics import TEST as TEST
    from hpo_gym.bench.metrics import Curves as Curves
    from hpo_gym.bench.metrics import auc as auc
    from hpo_gym.bench.metrics import by_family as by_family
    from hpo_gym.bench.metrics import by_name as by_name
    from hpo_gym.bench.metrics import summarise as summarise
    from hpo_gym.bench.origin import MADE as MADE
    from hpo_gym.bench.origin import provenance as provenance
    from hpo_gym.bench.plan import BenchPlan as BenchPlan
    from hpo_gym.bench.plan import opened as opened
    from hpo_gym.bench.pooling import ANCHORS as ANCHORS
    from hpo_gym.bench.pooling import POOLED as POOLED
    from hpo_gym.bench.pooling import pooled as pooled
    from hpo_gym.bench.protocol import STARTS as STARTS
    from hpo_gym.bench.protocol import Protocol as Protocol
    from hpo_gym.bench.protocol import families_first as families_first
    from hpo_gym.bench.reference.reference import FOLDER as FOLDER
    from hpo_gym.bench.reference.reference import Reference as Reference
    from hpo_gym.bench.reference.reference import covered as covered
    from hpo_gym.bench.reference.reference import entrants_with as entrants_with
    from hpo_gym.bench.reference.reference import reference_of as reference_of
    from hpo_gym.bench.reference.reference import references as references
    from hpo_gym.bench.report import console_tables as console_tables
    from hpo_gym.bench.report.figures import draw as draw
    from hpo_gym.bench.report.figures import end_labels as end_labels
    from hpo_gym.bench.report.page import rendered as rendered
    from hpo_gym.bench.report.page import rendered_page as rendered_page
    from hpo_gym.bench.report.style import BAD as BAD
    from hpo_gym.bench.report.style import FAINT as FAINT
    from hpo_gym.bench.report.style import GRID as GRID
    from hpo_gym.bench.report.style import INK as INK
    from hpo_gym.bench.report.style import MUTED as MUTED
    from hpo_gym.bench.report.style import PAPER as PAPER
    from hpo_gym.bench.report.style import VIBRANT as VIBRANT
    from hpo_gym.bench.report.style import lines as lines
    from hpo_gym.bench.report.style import png_bytes as png_bytes
    from hpo_gym.bench.report.style import save as save
    from hpo_gym.bench.report.style import shown as shown
    from hpo_gym.bench.report.style import styles as styles
    from hpo_gym.bench.report.style import styles_of as styles_of
    from hpo_gym.bench.report.style import theme as theme
    from hpo_gym.bench.report.style import ticks as ticks
    from hpo_gym.bench.report.svg import svg_text as svg_text
    from hpo_gym.bench.report.tables import compared as compared
    from hpo_gym.bench.report.tables import markdown_cell as markdown_cell
    from hpo_gym.bench.report.tables import rows as rows
    from hpo_gym.bench.report.tables import said as said
    from hpo_gym.bench.report.words import counted as counted
    from hpo_gym.bench.report.words import holds as holds
    from hpo_gym.bench.report.words import interval as interval
    from hpo_gym.bench.report.words import printable as printable
    from hpo_gym.bench.report.words import ranged as ranged
    from hpo_gym.bench.results import Results as Results
    from hpo_gym.bench.runner import FIRST as FIRST
    from hpo_gym.bench.runner import SHIPPED as SHIPPED
    from hpo_gym.bench.runner import benchmark as benchmark
    from hpo_gym.bench.runner import entrants_of as entrants_of
    from hpo_gym.bench.runner import load_suites as load_suites
    from hpo_gym.bench.runner import remake as remake
    from hpo_gym.bench.spent import spent_of as spent_of
    from hpo_gym.bench.spent import waiting as waiting
    from hpo_gym.bench.stored_plan import StoredPlan as StoredPlan
    from hpo_gym.bench.summaries import Findings as Findings
    from hpo_gym.bench.work import run_alone as run_alone

__getattr__, __dir__, __all__ = offer(__name__)
