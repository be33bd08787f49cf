"""The rooms that know the order of things and touch both the pure stages and the workspace."""
