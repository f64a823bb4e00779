"""The benchmark: protocol, runner, metrics and report."""
