"""The commands of `hpo-gym` that only a checkout has, a file each: tables, reference runs, the validity of suites."""
