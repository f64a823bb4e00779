"""Agents of hpo-gym: optimizers that are trained on meta-train tasks; one file each."""
