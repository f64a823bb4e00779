"""Builders of the shipped tables; nothing here runs when a suite is used."""
