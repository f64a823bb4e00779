"""A fixed list of candidates: their choice, and the view and actions of an agent on them."""
