"""Ensembles: models whose score is a weighted sum of the log-odds of other models."""
