"""Why a model gave this score."""
