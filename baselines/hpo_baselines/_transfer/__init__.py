"""What several baselines share of transfer from earlier tasks."""
