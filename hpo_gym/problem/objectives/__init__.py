"""Quantities of a trial beside its score: objectives, constraints on them, and Pareto fronts."""
