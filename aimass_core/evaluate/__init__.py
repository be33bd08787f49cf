"""Measures of a binary classifier: arrays in, numbers out."""
