"""From a recipe to a table: cells in guarded processes, shards, the suite's folder."""
