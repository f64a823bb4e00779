"""The leaderboard: named protocols, entries that hold choices only, their replay, and the board."""
