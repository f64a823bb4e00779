"""Trials and policies in the forms of other tools, one file a form."""
