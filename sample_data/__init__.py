"""A seeded, fictitious retail bank."""
