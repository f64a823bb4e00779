"""State of baselines' runs, and their walks."""
