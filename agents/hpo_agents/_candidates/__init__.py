"""A fixed list of candidates: which they are, and how an agent sees and chooses them."""
