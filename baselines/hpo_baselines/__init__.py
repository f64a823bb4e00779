"""Baselines of hpo-gym: optimizers that are not trained here, or published methods; one file each."""
