"""One card a family: its purpose, settings, search space and cost, and where its code is."""
