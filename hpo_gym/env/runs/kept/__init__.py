"""The quantities that runs keep where they are asked for, one file each; see `hpo_gym.env.runs.columns`."""
