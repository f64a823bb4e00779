"""Reference runs: what baselines and agents chose, shipped, replayed and collected."""
