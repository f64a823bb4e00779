"""What else of a trial counts beside its score: objectives, constraints on them, and fronts of what is best."""
