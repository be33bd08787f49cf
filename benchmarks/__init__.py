"""What is claimed, reproducible with ``python -m benchmarks NAME``."""
