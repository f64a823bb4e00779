"""Fits the surrogates of tables, measures how well they agree, and ships those that do."""
