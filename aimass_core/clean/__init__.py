"""Cleaning recipes and the steps that learn from training rows."""
