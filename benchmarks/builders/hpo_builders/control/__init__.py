"""Reinforcement learning of small policies for control in batched NumPy: what the suite `Control` is trained with."""
