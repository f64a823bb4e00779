"""`python -m hpo_gym` is the command `hpo-gym`."""

from hpo_gym.app import main

main()
