"""Reading files, guessing roles, profiling, and repairs that learn nothing."""
