"""`python -m hpo_gym` is the command `hpo-gym`."""

from hpo_gym.cli import main

main()
