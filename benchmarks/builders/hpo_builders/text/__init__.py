"""Labelled texts, from the packages that hold them to problems; what is learned from them is in `trained/text.py`."""
