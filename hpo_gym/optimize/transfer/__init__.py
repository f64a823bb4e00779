"""Transfer from earlier tasks, for baselines and agents alike."""
