"""Which data sets are relatives: one map of families for all suites."""
