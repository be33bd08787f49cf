"""From a score to an outcome."""
