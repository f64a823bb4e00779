"""Reference runs: the choices of baselines and agents, shipped, replayed and collected."""
