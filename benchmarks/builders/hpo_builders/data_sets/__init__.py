"""Data sets to train on, read out of packages."""
