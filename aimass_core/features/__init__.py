"""Cleaned columns to numeric matrices."""
