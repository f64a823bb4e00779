"""Small image tasks, drawn by programs or cut from real sources, and the networks that learn them."""
