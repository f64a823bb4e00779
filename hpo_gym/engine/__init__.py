"""The one transition, from the keywords of `gym.make` to the infos."""
