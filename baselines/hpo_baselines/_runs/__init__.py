"""What baselines keep of a run, and how they walk."""
